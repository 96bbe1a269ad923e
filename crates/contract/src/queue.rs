//! Queues as the desk sees them.

use crate::{id::QueueId, identity::Person, time::UnixMs};
use serde::{Deserialize, Serialize};

/// A queue with who waits in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Queue {
    /// Which.
    pub id: QueueId,
    /// Name shown.
    pub name: String,
    /// Contacts waiting.
    pub waiting: u32,
    /// Since when the first one waits.
    pub longest_since: Option<UnixMs>,
}

/// Seconds within which a contact shall be answered, unless a queue says otherwise.
pub const USUAL_WITHIN_S: u32 = 20;

fn usual_within_s() -> u32 {
    USUAL_WITHIN_S
}

/// Body of `POST /api/v1/queues` (administrators).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct NewQueue {
    /// Name shown, unique.
    pub name: String,
    /// Numbers (called side of a trunk call) that lead here.
    pub numbers: Vec<String>,
    /// Logins of the agents who serve it.
    pub agents: Vec<String>,
    /// How long an offer rings, in seconds (5–120).
    pub ring_s: u32,
    /// How long wrap-up lasts, in seconds (0 means until done by hand).
    pub wrap_up_s: u32,
    /// Whether wrap-up needs a disposition.
    pub disposition_required: bool,
    /// Seconds within which a contact shall be answered (1–3,600); the service level is the share
    /// that was.
    #[serde(default = "usual_within_s")]
    pub within_s: u32,
    /// Whether its contacts answer themselves at the agent, with a beep.
    #[serde(default)]
    pub auto_answer: bool,
}

/// Body of `PATCH /api/v1/queues/{id}` (administrators): absent fields stay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct EditQueue {
    /// Whether its contacts answer themselves at the agent, with a beep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_answer: Option<bool>,
}

/// How calls reach one agent: body of `PUT /api/v1/people/{id}/call-policy` (administrators).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct CallPolicy {
    /// Whether what queues and colleagues put before the agent answers itself, with a beep,
    /// whatever the queue says.
    pub auto_answer: bool,
    /// Whether a call for the agent in person may knock during a conversation; answered, it holds
    /// that one.
    pub call_waiting: bool,
}

/// How calls reach everybody: answer of `GET /api/v1/call-rules` (administrators).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct CallRules {
    /// Everybody, by name.
    pub people: Vec<PersonRule>,
    /// All queues, by name.
    pub queues: Vec<QueueRule>,
}

/// How calls reach one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct PersonRule {
    /// Who.
    pub person: Person,
    /// How.
    pub policy: CallPolicy,
}

/// How calls of one queue reach its agents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct QueueRule {
    /// Which.
    pub id: QueueId,
    /// Name shown.
    pub name: String,
    /// Whether they answer themselves at the agent, with a beep.
    pub auto_answer: bool,
}
