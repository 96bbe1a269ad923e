//! Whom to call: colleagues, the address book, call-backs.

use crate::{
    customer::NumberView,
    id::{AgentId, CallbackId, CustomerId, EntryId},
    identity::Person,
    presence::Presence,
    secret::PhoneNumber,
    time::UnixMs,
};
use serde::{Deserialize, Serialize};

/// A colleague as everybody sees them (`GET /api/v1/directory`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Colleague {
    /// Who.
    pub person: Person,
    /// Their team's name.
    pub team: Option<String>,
    /// What they do now.
    pub presence: Presence,
    /// Since when.
    pub since: UnixMs,
    /// Whether they can be called in person now: their desk is there, and they are in no call or
    /// may be knocked at.
    pub callable: bool,
}

/// An entry of the address book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Entry {
    /// Which.
    pub id: EntryId,
    /// Name shown.
    pub name: String,
    /// The number.
    pub number: NumberView,
    /// Free text.
    pub note: String,
    /// Everybody sees it; otherwise only who made it.
    pub shared: bool,
    /// When last changed.
    pub updated: UnixMs,
}

/// Body of `PUT /api/v1/address-book/{id}`: makes or changes an entry. Shared ones are changed by
/// supervisors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct SetEntry {
    /// Name shown, 1 to 100 characters.
    pub name: String,
    /// The number, in any usual spelling.
    pub number: PhoneNumber,
    /// Free text.
    #[serde(default)]
    pub note: String,
    /// Everybody sees it.
    #[serde(default)]
    pub shared: bool,
}

/// Where a call-back stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum CallbackState {
    /// Its time has not come.
    Waiting,
    /// To be made now.
    Due,
    /// Made.
    Done,
    /// Given up.
    Cancelled,
}

/// A promise to call somebody back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Callback {
    /// Which.
    pub id: CallbackId,
    /// Who calls.
    pub agent: AgentId,
    /// The customer, if known.
    pub customer: Option<CustomerId>,
    /// Their name, if known.
    pub customer_name: Option<String>,
    /// The number to call.
    pub number: NumberView,
    /// When.
    pub at: UnixMs,
    /// What about.
    pub note: String,
    /// Where it stands.
    pub state: CallbackState,
}

/// Body of `PUT /api/v1/callbacks/{id}`: makes or moves a call-back of one's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct SetCallback {
    /// Whom; absent, whom it is for already.
    #[serde(default)]
    pub to: Option<crate::party::Target>,
    /// When.
    pub at: UnixMs,
    /// What about.
    #[serde(default)]
    pub note: String,
}
