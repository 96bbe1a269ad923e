//! What supervisors see and do: the live board, being in an agent's call, help, messages.

use crate::{
    contact::{Contact, ContactState, Direction},
    customer::NumberView,
    id::{AgentId, ContactId, MessageId, QueueId, TeamId},
    identity::Person,
    party::RecordingState,
    presence::{PresenceChoice, PresenceState},
    queue::Queue,
    time::UnixMs,
};
use serde::{Deserialize, Serialize};

/// How a supervisor is in an agent's call.
///
/// ```text
///                 ┌────────────────────────────────┐
///   watch ──► Monitor ⇄ Coach ⇄ Barge ──► take over: the supervisor is the agent
///                 └───────────────┘
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum WatchMode {
    /// Hears all, is heard by nobody.
    Monitor,
    /// Hears all, is heard by the agent only.
    Coach,
    /// Hears all, is heard by all.
    Barge,
}

/// A supervisor in a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Watcher {
    /// Who.
    pub supervisor: AgentId,
    /// Their name.
    pub name: String,
    /// How.
    pub mode: WatchMode,
    /// Since when.
    pub since: UnixMs,
}

/// The call a supervisor is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Watching {
    /// The contact, which stays its agent's.
    pub contact: Contact,
    /// How.
    pub mode: WatchMode,
    /// Whether the agent is told.
    pub visible: bool,
    /// The supervisor's line is in the call; before, it is being rung.
    pub connected: bool,
    /// Since when.
    pub since: UnixMs,
}

/// Body of `PUT /api/v1/contacts/{id}/watch`: joins the call, or changes how one is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Watch {
    /// How.
    pub mode: WatchMode,
}

/// Body of `PUT /api/v1/people/{id}/follow`: joins each call of that agent by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Follow {
    /// True to follow.
    pub follow: bool,
    /// How to join.
    pub mode: WatchMode,
}

/// An agent asks for help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Help {
    /// Id of the reason in [`crate::event::Catalog::help_reasons`].
    pub reason: String,
    /// Own words; may be empty.
    pub text: String,
    /// Since when.
    pub since: UnixMs,
    /// Name of the supervisor who took it on.
    pub answered_by: Option<String>,
}

/// Body of `PUT /api/v1/contacts/{id}/help`; `DELETE` takes it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct AskHelp {
    /// Id of the reason in the catalogue.
    pub reason: String,
    /// Own words.
    #[serde(default)]
    pub text: String,
}

/// Words from one person to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Message {
    /// Which.
    pub id: MessageId,
    /// Who wrote it.
    pub from: AgentId,
    /// Their name.
    pub from_name: String,
    /// To whom.
    pub to: AgentId,
    /// What.
    pub text: String,
    /// About which contact.
    pub contact: Option<ContactId>,
    /// When.
    pub at: UnixMs,
}

/// Body of `POST /api/v1/people/{id}/messages`. About a contact with an open request for help it
/// answers that request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct NewMessage {
    /// Id made by the desk before the first try.
    pub id: MessageId,
    /// What, 1 to 1,000 characters.
    pub text: String,
    /// About which contact.
    #[serde(default)]
    pub contact: Option<ContactId>,
}

/// Which messages to list (`GET /api/v1/people/{id}/messages`), as query parameters: those between
/// that person and oneself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct MessageFilter {
    /// Only those that were written before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<MessageId>,
    /// How many (1–200).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A page of what two people wrote to each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct MessagePage {
    /// In the order they were written.
    pub messages: Vec<Message>,
    /// True when there are earlier ones.
    pub more: bool,
}

/// Body of `PUT /api/v1/people/{id}/presence` (supervisors of the team).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct ForcePresence {
    /// The choice.
    pub choice: PresenceChoice,
    /// Why; the agent reads it.
    pub reason: String,
}

/// Body of `POST /api/v1/people/{id}/sign-out` (supervisors of the team).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct ForceSignOut {
    /// Why; the agent reads it.
    pub reason: String,
}

/// A team: agents with their supervisors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Team {
    /// Which.
    pub id: TeamId,
    /// Name shown, unique.
    pub name: String,
    /// Its agents; each is in one team at most.
    pub agents: Vec<AgentId>,
    /// Who may watch and steer them.
    pub supervisors: Vec<AgentId>,
}

/// Body of `PUT /api/v1/teams/{id}` (administrators): makes the team or sets it up anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct SetTeam {
    /// Name shown, unique.
    pub name: String,
    /// Its agents.
    pub agents: Vec<AgentId>,
    /// Who may watch and steer them.
    pub supervisors: Vec<AgentId>,
}

/// A queue on the board.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct BoardQueue {
    /// It.
    pub queue: Queue,
    /// Agents who could take a contact now.
    pub ready: u32,
    /// Agents in a contact or its notes.
    pub busy: u32,
    /// Agents signed in.
    pub signed_in: u32,
    /// Contacts answered today.
    pub answered: u32,
    /// Contacts abandoned today.
    pub abandoned: u32,
    /// Share of today's contacts answered within [`BoardQueue::within_s`], 0 to 1; `None` before the first.
    pub service_level: Option<f32>,
    /// Seconds within which a contact shall be answered.
    pub within_s: u32,
}

/// How good an agent's line is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct LineQuality {
    /// Estimated mean opinion score, 1 to 4.5.
    pub mos: f32,
    /// Packets lost, in percent.
    pub loss_percent: f32,
    /// Round trip, in milliseconds.
    pub round_trip_ms: Option<u32>,
}

/// An agent on the board.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct BoardAgent {
    /// Who.
    pub person: Person,
    /// Their team's name.
    pub team: Option<String>,
    /// What they do, since when, and what follows.
    pub presence: PresenceState,
    /// The call they are in.
    pub contact: Option<ContactId>,
    /// Its quality at the agent's end.
    pub quality: Option<LineQuality>,
    /// Contacts handled today.
    pub handled: u32,
    /// The reader follows them.
    pub followed: bool,
    /// The reader may watch and steer them.
    pub mine: bool,
}

/// A call on the board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct BoardCall {
    /// Which.
    pub contact: ContactId,
    /// Who began it.
    pub direction: Direction,
    /// Where it stands.
    pub state: ContactState,
    /// The queue it came through.
    pub queue: Option<QueueId>,
    /// That queue's name.
    pub queue_name: Option<String>,
    /// The agent who has it.
    pub agent: Option<AgentId>,
    /// That agent's name.
    pub agent_name: Option<String>,
    /// The customer's name, if known.
    pub customer_name: Option<String>,
    /// The customer's number.
    pub number: NumberView,
    /// When it arrived or was dialled.
    pub created: UnixMs,
    /// When agent and customer were connected.
    pub connected: Option<UnixMs>,
    /// How many take part.
    pub parties: u32,
    /// Supervisors in the call.
    pub watchers: Vec<Watcher>,
    /// The agent asks for help.
    pub help: Option<Help>,
    /// Whether it is recorded.
    pub recording: RecordingState,
}

/// What is new on the board. The first one after [`crate::event::ClientFrame::Watch`] has all.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct BoardChange {
    /// What is not in here is not on the board any more.
    pub all: bool,
    /// Queues new or changed.
    pub queues: Vec<BoardQueue>,
    /// Agents new or changed.
    pub agents: Vec<BoardAgent>,
    /// Calls new or changed.
    pub calls: Vec<BoardCall>,
    /// Calls that are over.
    pub over: Vec<ContactId>,
}
