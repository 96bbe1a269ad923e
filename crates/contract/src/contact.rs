//! Contacts: one conversation with a customer, from arrival to closed.

use crate::{
    customer::{CustomerCard, NumberView},
    id::{AgentId, ContactId, CustomerId, OfferId, QueueId, TicketId},
    party::{LiveCall, PartyEnd},
    time::UnixMs,
};
use serde::{Deserialize, Serialize};

/// How a contact reached us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A telephone call.
    Voice,
}

/// Who began it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The customer.
    Inbound,
    /// The agent.
    Outbound,
    /// An agent, who called a colleague; no customer is in it.
    Internal,
}

/// Where a contact stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ContactState {
    /// Waiting in a queue.
    Queued,
    /// Put before an agent.
    Offered,
    /// Outbound, not yet answered.
    Dialing,
    /// Customer and agent are connected.
    Connected,
    /// Connected, the customer hears music.
    Held,
    /// The customer hears music until anybody picks up.
    Parked,
    /// Over; the agent finishes notes.
    WrapUp,
    /// Done.
    Closed,
    /// The customer left before an agent answered.
    Abandoned,
    /// Outbound that never connected.
    Failed,
}

/// Who ended a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// The customer's side.
    Customer,
    /// The agent.
    Agent,
    /// The colleague whom the agent called.
    Colleague,
    /// The centre: shutdown, network loss, no media.
    Centre,
}

/// A contact as the desk sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Contact {
    /// Which.
    pub id: ContactId,
    /// On which channel.
    pub channel: Channel,
    /// Who began it.
    pub direction: Direction,
    /// Where it stands.
    pub state: ContactState,
    /// The queue it came through.
    pub queue: Option<QueueId>,
    /// That queue's name.
    pub queue_name: Option<String>,
    /// The customer's number.
    pub number: NumberView,
    /// The customer, if known.
    pub customer: Option<CustomerId>,
    /// The customer's name, if known; of an internal call the name of who is at the other end.
    pub customer_name: Option<String>,
    /// The agent who has it.
    pub agent: Option<AgentId>,
    /// That agent's name.
    pub agent_name: Option<String>,
    /// When it arrived or was dialled.
    pub created: UnixMs,
    /// When agent and customer were connected.
    pub connected: Option<UnixMs>,
    /// When the conversation ended.
    pub ended: Option<UnixMs>,
    /// Who ended it.
    pub ended_by: Option<EndedBy>,
    /// SIP status or Q.850 text of a failed call, for people who look deeper.
    pub end_reason: Option<String>,
    /// When wrap-up ends by itself; `None` when it does not.
    pub wrap_up_deadline: Option<UnixMs>,
    /// Whether wrap-up needs a disposition.
    pub disposition_required: bool,
    /// The disposition chosen.
    pub disposition: Option<String>,
    /// The agent's note.
    pub note: String,
    /// Tickets written from it.
    pub tickets: Vec<TicketId>,
    /// What goes on in it, while its call lasts.
    #[serde(default)]
    pub call: Option<LiveCall>,
}

/// A contact put before one agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Offer {
    /// Which.
    pub id: OfferId,
    /// The contact.
    pub contact: Contact,
    /// The customer with recent history, so that the card is drawn before the phone rings.
    pub customer: Option<CustomerCard>,
    /// When it goes back to the queue.
    pub deadline: UnixMs,
    /// How it came to this agent.
    #[serde(default)]
    pub kind: OfferKind,
}

/// How an offer came to this agent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum OfferKind {
    /// From the queue.
    #[default]
    Queue,
    /// A colleague hands the customer over.
    Transfer {
        /// Who.
        from_name: String,
    },
    /// A colleague asks; the customer is on hold.
    Consult {
        /// Who.
        from_name: String,
    },
    /// A colleague calls; no customer is with them.
    Colleague {
        /// Who.
        from_name: String,
    },
    /// The agent's own transfer or parked call came back.
    Returned {
        /// Whom it was meant for.
        target_name: String,
        /// Why it came back.
        why: PartyEnd,
    },
}

/// Why an offer ended without this agent's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum OfferEnd {
    /// The agent answered.
    Accepted,
    /// The agent declined.
    Declined,
    /// The deadline passed.
    Missed,
    /// The caller left.
    CallerGone,
    /// The desk's line was lost.
    LineLost,
}

/// Body of `PUT /api/v1/contacts/{id}/wrap-up`: saves, and ends wrap-up if `done`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct WrapUp {
    /// Id of the disposition in the catalogue.
    pub disposition: Option<String>,
    /// Free text.
    pub note: String,
    /// Ends wrap-up; refused with `disposition_required` if one is missing.
    pub done: bool,
}

/// Body of `POST /api/v1/contacts/{id}/wrap-up/extend`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct ExtendWrapUp {
    /// Seconds to add (1–600).
    pub seconds: u32,
}

/// Body of `PUT /api/v1/contacts/{id}/customer`: links a contact to a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct LinkCustomer {
    /// The customer.
    pub customer: CustomerId,
}

/// Which contacts to list (`GET /api/v1/contacts`), as query parameters: one's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct ContactFilter {
    /// Only those that began before this point in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<UnixMs>,
    /// How many (1–200).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A page of contacts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct ContactPage {
    /// The latest first.
    pub contacts: Vec<Contact>,
    /// True when there is more than fits.
    pub more: bool,
}
