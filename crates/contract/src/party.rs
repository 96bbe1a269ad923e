//! The parties of a live call, and what an agent may do with them.

use crate::{
    customer::NumberView,
    id::{AgentId, CustomerId, PartyId, QueueId},
    secret::PhoneNumber,
    supervision::{Help, Watcher},
    time::UnixMs,
};
use serde::{Deserialize, Serialize};

/// Most parties of one conference, the agent included.
pub const MAX_PARTIES: usize = 8;

/// What goes on in a live telephone contact.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct LiveCall {
    /// Everybody in it, in the order they came; supervisors are in [`LiveCall::watchers`].
    pub parties: Vec<Party>,
    /// What the agent before this one left to know.
    pub hand_over: Option<HandOver>,
    /// Supervisors in the call, as far as the reader may know of them.
    pub watchers: Vec<Watcher>,
    /// The agent asks for help.
    pub help: Option<Help>,
    /// Whether it is recorded.
    pub recording: RecordingState,
}

/// One participant of a call, with a state of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Party {
    /// Which.
    pub id: PartyId,
    /// As what it takes part.
    pub role: PartyRole,
    /// The name shown, if known.
    pub name: Option<String>,
    /// The number, of a customer or somebody outside.
    pub number: Option<NumberView>,
    /// Who, of an agent or a colleague who has answered or is rung.
    pub agent: Option<AgentId>,
    /// The queue in which a colleague is sought.
    pub queue: Option<QueueId>,
    /// Where it stands.
    pub state: PartyState,
    /// Nobody hears it.
    pub muted: bool,
    /// Since when it has stood there.
    pub since: UnixMs,
}

/// As what a party takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum PartyRole {
    /// The customer.
    Customer,
    /// The agent whose contact it is.
    Agent,
    /// Another agent, consulted or in the conference.
    Colleague,
    /// Somebody behind the trunk.
    Outside,
}

/// Where a party stands.
///
/// ```text
///   Dialing ──► Ringing ──► Connected ⇄ Held
///      └───────────┴────────────┴────────┴──► gone
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum PartyState {
    /// Being reached; also a colleague sought in a queue.
    Dialing,
    /// Its telephone rings.
    Ringing,
    /// It hears and is heard.
    Connected,
    /// It hears music.
    Held,
}

/// Why a party is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum PartyEnd {
    /// It hung up.
    HungUp,
    /// Somebody in the call dropped it.
    Dropped,
    /// It left, and the others talk on.
    Left,
    /// It handed the call over.
    Transferred,
    /// It was busy.
    Busy,
    /// It did not answer.
    NoAnswer,
    /// It declined.
    Declined,
    /// It can not be reached: not signed in, no line, no such number, no trunk.
    Unreachable,
    /// Its network or programme failed.
    Lost,
}

/// What one agent leaves for the next one to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct HandOver {
    /// Who.
    pub from: AgentId,
    /// Their name.
    pub from_name: String,
    /// The note; may be empty.
    pub note: String,
    /// The ticket that was begun and not saved.
    pub ticket: Option<HandedTicket>,
    /// When.
    pub at: UnixMs,
}

/// A ticket begun by one agent, for the next to finish.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct HandedTicket {
    /// What it is about.
    pub subject: String,
    /// Id of its type in the catalogue.
    pub ticket_type: Option<String>,
    /// How urgent it is.
    pub priority: Option<crate::ticket::Priority>,
    /// All that was typed.
    pub description: String,
}

/// Whether a call is recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RecordingState {
    /// It is not.
    #[default]
    Off,
    /// It is not, but the agent may start it.
    OnDemand,
    /// The customer is being told.
    Announcing,
    /// It is.
    On {
        /// Whether the agent may end it, as only what they began themselves may be.
        #[serde(default)]
        by_hand: bool,
    },
    /// It is interrupted, and goes on by itself then.
    Paused {
        /// When it goes on.
        until: UnixMs,
    },
    /// The customer refused.
    Refused,
    /// It can not be written; the call goes on.
    Failed,
}

/// Whom to bring into a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Target {
    /// A colleague.
    Agent {
        /// Who.
        agent: AgentId,
    },
    /// Whoever serves a queue.
    Queue {
        /// Which.
        queue: QueueId,
    },
    /// A number.
    Number {
        /// In any usual spelling.
        number: PhoneNumber,
    },
    /// One of a customer's numbers, which the agent may not see.
    Customer {
        /// Who.
        customer: CustomerId,
        /// Which number, counted from 0.
        index: u32,
    },
    /// An entry of the address book.
    Entry {
        /// Which.
        entry: crate::id::EntryId,
    },
}

/// Body of `POST /api/v1/contacts/{id}/consult`, `…/transfer` and `…/transfer/complete` (there
/// without a target).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Reach {
    /// Whom.
    pub target: Target,
    /// What they shall know; may be empty.
    #[serde(default)]
    pub note: String,
    /// The ticket begun and not saved.
    #[serde(default)]
    pub ticket: Option<HandedTicket>,
}

/// Body of `POST /api/v1/contacts/{id}/transfer/complete`: leaves customer and colleague alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct CompleteTransfer {
    /// What they shall know, instead of what was said at the consultation.
    #[serde(default)]
    pub note: Option<String>,
    /// The ticket begun and not saved.
    #[serde(default)]
    pub ticket: Option<HandedTicket>,
}

/// Body of `PATCH /api/v1/contacts/{id}/parties/{party}`: absent fields stay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct EditParty {
    /// Let it hear music, or take it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<bool>,
    /// Let nobody hear it, or all again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted: Option<bool>,
}

/// A customer who was parked and waits for anybody to pick up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Parked {
    /// Number of the place, to be said aloud.
    pub slot: u32,
    /// The contact.
    pub contact: crate::id::ContactId,
    /// The customer's name, if known.
    pub customer_name: Option<String>,
    /// The customer's number.
    pub number: NumberView,
    /// Who parked it.
    pub by_name: String,
    /// Since when.
    pub since: UnixMs,
    /// When it goes back to who parked it.
    pub until: UnixMs,
}

/// One participation in a contact, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct PastLeg {
    /// As what.
    pub role: PartyRole,
    /// The mode of a supervisor who was in the call.
    pub watch: Option<crate::supervision::WatchMode>,
    /// The name, if known.
    pub name: Option<String>,
    /// The number, of a customer or somebody outside.
    pub number: Option<NumberView>,
    /// When it was first reached for.
    pub began: UnixMs,
    /// When it answered.
    pub connected: Option<UnixMs>,
    /// When it was gone.
    pub ended: Option<UnixMs>,
    /// Why.
    pub end: Option<PartyEnd>,
    /// The hand-over note it left.
    pub note: String,
}
