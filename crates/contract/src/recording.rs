//! Recordings: what is kept of a call, who may hear it, and what happened while it was made.

use crate::{
    contact::Direction,
    customer::NumberView,
    id::{AgentId, ContactId, CustomerId, QueueId, RecordingId, TicketId},
    time::UnixMs,
};
use serde::{Deserialize, Serialize};

/// Longest pause before recording goes on by itself, in seconds.
pub const LONGEST_PAUSE_S: u32 = 120;

/// How long before that the desk is warned, in seconds.
pub const PAUSE_WARNING_S: u32 = 15;

/// Whose voice a channel holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The customer's: the left channel.
    Customer,
    /// The agent's, and everybody else's on the centre's side: the right channel.
    Agent,
}

/// Where a stored recording stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum RecordingStatus {
    /// Being written.
    Recording,
    /// Closed in order.
    Complete,
    /// Cut off by a crash, a power failure or a full disk; what was saved plays.
    Truncated,
    /// Its time was up; nothing of the sound is left.
    Deleted,
}

/// Why recording was paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum PauseReason {
    /// The agent asked.
    Asked,
    /// A field for card data or other secrets has the focus.
    SensitiveField,
    /// The disk was full or failed.
    StorageFailed,
}

/// Why recording went on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ResumeCause {
    /// The agent asked, or left the sensitive field.
    Asked,
    /// The longest pause was over.
    TimeLimit,
    /// The disk takes writes again.
    StorageBack,
}

/// Body of `POST /api/v1/contacts/{id}/recording/pause`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct PauseRecording {
    /// Why.
    pub reason: PauseReason,
}

/// Something worth finding again in a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Marker {
    /// Milliseconds from the recording's beginning.
    pub at_ms: u32,
    /// What.
    pub mark: Mark,
}

/// What a [`Marker`] says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Mark {
    /// The announcement was heard to its end; the first sample is later.
    Announced,
    /// From here nothing is kept.
    Paused {
        /// Who paused; nobody if the centre did.
        by: Option<AgentId>,
        /// Why.
        reason: PauseReason,
    },
    /// From here it is kept again.
    Resumed {
        /// Who resumed; nobody if the centre did.
        by: Option<AgentId>,
        /// Why.
        cause: ResumeCause,
        /// Length of the gap, in milliseconds.
        gap_ms: u32,
    },
    /// The customer was put on hold.
    Held,
    /// The customer was taken back.
    Retrieved,
    /// Another agent took over.
    Transferred {
        /// Who has the call now; nobody of the centre after a transfer to the outside.
        to: Option<AgentId>,
    },
    /// The agent wrote a note.
    Noted {
        /// Who.
        by: AgentId,
    },
    /// A ticket was written of the call.
    Ticket {
        /// Which.
        ticket: TicketId,
    },
}

/// A recording in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct RecordingSummary {
    /// Which.
    pub id: RecordingId,
    /// The contact it is of.
    pub contact: ContactId,
    /// Where it stands.
    pub status: RecordingStatus,
    /// When its first sample was taken.
    pub started: UnixMs,
    /// Length in milliseconds.
    pub duration_ms: u32,
    /// The agent who has or had the contact.
    pub agent: Option<AgentId>,
    /// That agent's name.
    pub agent_name: Option<String>,
    /// The customer, if known.
    pub customer: Option<CustomerId>,
    /// The customer's name, if known.
    pub customer_name: Option<String>,
    /// The customer's number.
    pub number: NumberView,
    /// The queue it came through.
    pub queue: Option<QueueId>,
    /// That queue's name.
    pub queue_name: Option<String>,
    /// Words it was marked with.
    pub tags: Vec<String>,
    /// Kept until this is lifted, whatever its age.
    pub legal_hold: bool,
    /// When it will be deleted.
    pub expires: Option<UnixMs>,
}

/// A recording with all that the player shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Recording {
    /// As in a list.
    pub summary: RecordingSummary,
    /// What happened, in order.
    pub markers: Vec<Marker>,
    /// Loudest sample of each [`Recording::peak_ms`] of the customer's side, 0 to 255.
    pub customer_peaks: Vec<u8>,
    /// The same of the agent's side.
    pub agent_peaks: Vec<u8>,
    /// Length of time one peak stands for, in milliseconds.
    pub peak_ms: u32,
    /// Whether chain and signatures were found whole when it was closed.
    pub sound: bool,
    /// Whether the reader may hear it: an agent may read of a scored call and yet not hear it.
    pub may_hear: bool,
}

/// Which calls are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RecordingMode {
    /// None.
    None,
    /// Those whose agent asks.
    OnDemand,
    /// So many of a hundred, the same ones however often it is asked.
    Share {
        /// 1 to 99.
        percent: u8,
    },
    /// All.
    All,
}

/// A rule for some calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct RecordingRule {
    /// Calls of this queue only.
    pub queue: Option<QueueId>,
    /// Calls begun by this side only.
    pub direction: Option<Direction>,
    /// Which of them.
    pub mode: RecordingMode,
    /// Whether the customer is told first, and can refuse.
    pub announce: bool,
    /// How long they are kept: the name of a [`RetentionClass`].
    pub class: String,
}

/// How long recordings are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct RetentionClass {
    /// Its name.
    pub name: String,
    /// Days from the recording's beginning (1 to 36,500).
    pub days: u32,
}

/// What is recorded, for how long it is kept and who may hear it; body and answer of
/// `/api/v1/recordings/policy`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct RecordingPolicy {
    /// The first that fits a call holds; a call that none fits is not recorded.
    pub rules: Vec<RecordingRule>,
    /// All classes there are.
    pub classes: Vec<RetentionClass>,
    /// The key with which a customer refuses while being told.
    pub refusal_digit: Option<String>,
    /// Whether agents may hear their own calls.
    pub agents_hear_own: bool,
    /// Whether calls that must be recorded may still begin while the disk takes no writes.
    pub calls_without_storage: bool,
}

impl Default for RecordingPolicy {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            classes: vec![RetentionClass {
                name: "standard".into(),
                days: 180,
            }],
            refusal_digit: Some("9".into()),
            agents_hear_own: false,
            calls_without_storage: true,
        }
    }
}

/// Which recordings to list (`GET /api/v1/recordings`), as query parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(default)]
pub struct RecordingFilter {
    /// Of this contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// Of this customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// Of this agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// Of this queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueId>,
    /// Begun at this point in time or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<UnixMs>,
    /// Begun before this point in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<UnixMs>,
    /// At least this long, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shortest_ms: Option<u32>,
    /// At most this long, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest_ms: Option<u32>,
    /// Marked with this word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// How many (1–200).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A page of recordings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct RecordingPage {
    /// The latest first.
    pub recordings: Vec<RecordingSummary>,
    /// True when there is more than fits.
    pub more: bool,
}

/// Body of `PATCH /api/v1/recordings/{id}` (supervisors); what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct EditRecording {
    /// The words it is marked with.
    #[serde(default)]
    pub tags: Option<Vec<String>>,
    /// Keeps it whatever its age, or lets it age again (administrators).
    #[serde(default)]
    pub legal_hold: Option<bool>,
}

/// Body of `POST /api/v1/recordings/{id}/listen`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Listen {
    /// Where to begin, in milliseconds.
    #[serde(default)]
    pub from_ms: u32,
    /// Where to end; at the recording's end if it is not said.
    #[serde(default)]
    pub until_ms: Option<u32>,
}

/// A link to hear a recording: for one person at one address, once, and soon. It gives a WAV
/// stream with the customer on the left and the agent on the right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct ListenLink {
    /// Path on the centre.
    pub path: String,
    /// When it is of no use any more.
    pub expires: UnixMs,
}

/// What an auditor is told of a recording (`GET /api/v1/recordings/{id}/verification`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Verification {
    /// Whether chain, signatures and the database's record of them agree.
    pub whole: bool,
    /// Entries that were read.
    pub entries: u32,
    /// The chain's value after them, in hexadecimal digits.
    pub head: String,
    /// The first entry that is wrong, if one is, counted from 0.
    pub broken_entry: Option<u32>,
    /// What is wrong with it, in English, for the auditor's report.
    pub fault: Option<String>,
}
