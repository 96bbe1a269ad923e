//! The agent's presence. *Busy* and *wrap-up* follow from contacts and are never set by hand.

use crate::{identity::Person, time::UnixMs};
use serde::{Deserialize, Serialize};

/// What an agent may choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PresenceChoice {
    /// Takes contacts.
    Ready,
    /// Takes none, for a reason of the catalogue.
    NotReady {
        /// Id of the reason in [`crate::event::Catalog::not_ready_reasons`].
        reason: String,
    },
    /// On a break.
    OnBreak,
}

/// What others see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Presence {
    /// Not signed in, or the desk was lost.
    Offline,
    /// Takes contacts.
    Ready,
    /// Takes none.
    NotReady {
        /// Why; `missed` when a missed offer caused it.
        reason: String,
    },
    /// On a break.
    OnBreak,
    /// A contact is ringing at the agent.
    Offered,
    /// In a contact.
    Busy,
    /// After-contact work.
    WrapUp,
}

/// An agent's presence as the centre holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct PresenceState {
    /// Now.
    pub presence: Presence,
    /// Since when.
    pub since: UnixMs,
    /// What follows when the present contact is done; also set while busy.
    pub next: PresenceChoice,
}

/// A person and what they do now, as supervisors see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct PersonPresence {
    /// Who.
    #[serde(flatten)]
    pub person: Person,
    /// Now.
    pub presence: Presence,
    /// Since when; 0 for somebody the centre has not heard of since it started.
    pub since: UnixMs,
}

/// Body of `PUT /api/v1/presence`. While busy it sets what follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct SetPresence {
    /// The choice.
    pub choice: PresenceChoice,
}
