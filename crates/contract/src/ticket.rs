//! Tickets.

use crate::{
    id::{AgentId, CommentId, ContactId, CustomerId, TicketId},
    time::UnixMs,
};
use serde::{Deserialize, Serialize};

/// How urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// When there is time.
    Low,
    /// In turn.
    Normal,
    /// Before others.
    High,
    /// Now.
    Urgent,
}

/// Where a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum TicketState {
    /// Nobody has begun.
    Open,
    /// Somebody works on it.
    InProgress,
    /// Waiting for the customer.
    Waiting,
    /// Done, the customer may object.
    Solved,
    /// Done for good.
    Closed,
}

/// A ticket in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct TicketSummary {
    /// Which.
    pub id: TicketId,
    /// Number people can say aloud, such as `TK-20418`.
    pub reference: String,
    /// One line.
    pub subject: String,
    /// Id of the type in the catalogue.
    pub ticket_type: String,
    /// How urgent.
    pub priority: Priority,
    /// Where it stands.
    pub state: TicketState,
    /// Whose concern it is.
    pub customer: Option<CustomerId>,
    /// That customer's name.
    pub customer_name: Option<String>,
    /// Who works on it.
    pub assignee: Option<AgentId>,
    /// That person's name.
    pub assignee_name: Option<String>,
    /// When made.
    pub created: UnixMs,
    /// When last changed.
    pub updated: UnixMs,
}

/// A ticket with all of its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Ticket {
    /// What a list shows.
    pub summary: TicketSummary,
    /// The text.
    pub description: String,
    /// The contact it was written from.
    pub contact: Option<ContactId>,
    /// Who made it.
    pub author_name: String,
    /// Comments, the oldest first.
    pub comments: Vec<Comment>,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Comment {
    /// Which.
    pub id: CommentId,
    /// Who wrote it.
    pub author_name: String,
    /// What.
    pub text: String,
    /// When.
    pub at: UnixMs,
}

/// Body of `POST /api/v1/tickets`. The id is made by the desk before the first try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct NewTicket {
    /// Id made by the desk, so that later writes can name the ticket before it is sent.
    pub id: TicketId,
    /// One line, required.
    pub subject: String,
    /// Id of the type in the catalogue.
    pub ticket_type: String,
    /// How urgent.
    pub priority: Priority,
    /// The text.
    #[serde(default)]
    pub description: String,
    /// Whose concern it is.
    #[serde(default)]
    pub customer: Option<CustomerId>,
    /// The contact it is written from.
    #[serde(default)]
    pub contact: Option<ContactId>,
    /// Who shall work on it.
    #[serde(default)]
    pub assignee: Option<AgentId>,
}

/// Body of `PATCH /api/v1/tickets/{id}`: absent fields stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct EditTicket {
    /// New state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<TicketState>,
    /// New priority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// New assignee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<AgentId>,
    /// New subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// New description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Body of `POST /api/v1/tickets/{id}/comments`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct NewComment {
    /// Id made by the desk before the first try.
    pub id: CommentId,
    /// What.
    pub text: String,
}

/// Which tickets to list (`GET /api/v1/tickets`), as query parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct TicketFilter {
    /// Only those not solved or closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<bool>,
    /// Only this assignee's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<AgentId>,
    /// Only this customer's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// Words of the subject, or a reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
}

/// A page of tickets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct TicketPage {
    /// The latest change first.
    pub tickets: Vec<TicketSummary>,
    /// True when there is more than fits.
    pub more: bool,
}
