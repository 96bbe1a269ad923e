//! State on the wire: a snapshot with a sequence number, then numbered deltas.
//!
//! The desk opens `GET /api/v1/events` as a WebSocket and sends [`ClientFrame::Hello`] first.
//! The centre answers with a [`ServerFrame::Snapshot`]; each [`ServerFrame::Delta`] carries the
//! next number. A gap asks for a new snapshot with [`ClientFrame::Resync`]. The desk sends
//! [`ClientFrame::Beat`] every [`BEAT_MS`]; after [`LOST_AFTER_MS`] without one the centre takes
//! the desk for lost.

use crate::{
    contact::{Contact, Offer, OfferEnd},
    customer::Customer,
    directory::{Callback, Colleague},
    id::{ContactId, OfferId, PartyId},
    identity::Person,
    party::{Parked, PartyEnd},
    presence::PresenceState,
    queue::Queue,
    secret::Secret,
    supervision::{BoardChange, Message, Watching},
    ticket::TicketSummary,
    time::UnixMs,
};
use serde::{Deserialize, Serialize};

/// How often the desk says it is alive, in milliseconds.
pub const BEAT_MS: u64 = 5_000;

/// Silence after which the centre takes a desk for lost, in milliseconds.
pub const LOST_AFTER_MS: u64 = 15_000;

/// What the desk sends on the event socket.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ClientFrame {
    /// First frame: who it is.
    Hello {
        /// The session's token.
        #[serde(serialize_with = "crate::secret::reveal")]
        token: Secret,
    },
    /// Alive.
    Beat,
    /// Deltas were missed; send a snapshot.
    Resync,
    /// What else to tell from now on, until it is said anew; a new socket starts with nothing.
    Watch {
        /// The board ([`Change::Board`]); supervisors only.
        board: bool,
        /// Colleagues ([`Change::Colleague`]).
        directory: bool,
    },
    /// How good the line is at the desk's end, at most once a second, while in a call.
    Quality {
        /// The figures.
        quality: crate::supervision::LineQuality,
    },
}

/// What the centre sends on the event socket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ServerFrame {
    /// All of it.
    Snapshot {
        /// The state.
        snapshot: Box<Snapshot>,
    },
    /// One change.
    Delta {
        /// Number, one more than the last frame's.
        #[cfg_attr(feature = "typescript", specta(type = u32))]
        seq: u64,
        /// The centre's clock.
        now: UnixMs,
        /// The change.
        change: Box<Change>,
    },
    /// Answer to a beat.
    Beat {
        /// The centre's clock.
        now: UnixMs,
    },
    /// The session is over; the socket closes.
    SignedOut {
        /// Why.
        reason: SignOutReason,
        /// The words of a supervisor who did it.
        #[serde(default)]
        note: Option<String>,
    },
}

/// Why a session ended from the centre's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum SignOutReason {
    /// The agent signed in elsewhere.
    TakenOver,
    /// The account was disabled.
    Disabled,
    /// The session's time is up.
    Expired,
    /// A supervisor signed the agent out.
    Supervisor,
    /// The centre is stopping; sign in again when it is back.
    CentreStopping,
}

/// Everything the desk shows that the centre owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Snapshot {
    /// Number of the last change contained.
    #[cfg_attr(feature = "typescript", specta(type = u32))]
    pub seq: u64,
    /// The centre's clock.
    pub now: UnixMs,
    /// Who is signed in.
    pub me: Person,
    /// The agent's presence.
    pub presence: PresenceState,
    /// The agent's live contacts: connected, held, dialing, in wrap-up.
    pub contacts: Vec<Contact>,
    /// What rings now.
    pub offer: Option<Offer>,
    /// The agent's queues.
    pub queues: Vec<Queue>,
    /// What choices there are.
    pub catalog: Catalog,
    /// The call a supervisor is in without being its agent.
    #[serde(default)]
    pub watching: Option<Watching>,
    /// Who is parked.
    #[serde(default)]
    pub parked: Vec<Parked>,
    /// The agent's call-backs that wait or are due.
    #[serde(default)]
    pub callbacks: Vec<Callback>,
    /// Requests for help in the supervisor's teams that nobody has answered.
    #[serde(default)]
    pub helps: Vec<Contact>,
    /// What is wrong with the centre, for supervisors.
    #[serde(default)]
    pub alarms: Vec<Alarm>,
}

/// Something wrong with the centre that supervisors must know of while it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Alarm {
    /// Recordings can not be written: the disk is full or fails. Calls go on.
    RecordingStorage {
        /// Whether new calls are refused meanwhile, as the policy says.
        refuses_calls: bool,
    },
}

/// One change to a [`Snapshot`].
#[expect(
    clippy::large_enum_variant,
    reason = "a change is boxed in its frame, and short-lived outside of one"
)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// Presence changed.
    Presence {
        /// The new state.
        presence: PresenceState,
    },
    /// A contact of this agent is new or changed.
    Contact {
        /// It.
        contact: Contact,
    },
    /// A contact left this agent's hands.
    ContactGone {
        /// Which.
        id: ContactId,
    },
    /// A contact is put before the agent.
    Offered {
        /// It.
        offer: Offer,
    },
    /// The offer is over.
    OfferGone {
        /// Which.
        id: OfferId,
        /// Why.
        end: OfferEnd,
    },
    /// A queue changed.
    Queue {
        /// It.
        queue: Queue,
    },
    /// Choices changed.
    Catalog {
        /// All of them.
        catalog: Catalog,
    },
    /// A customer of a live contact changed.
    Customer {
        /// It.
        customer: Customer,
    },
    /// A ticket of this agent or of a live contact's customer is new or changed.
    Ticket {
        /// It.
        ticket: TicketSummary,
    },
    /// A party left a call; the contact without it comes separately.
    PartyGone {
        /// Of which contact.
        contact: ContactId,
        /// Which.
        party: PartyId,
        /// Its name or number as shown.
        name: String,
        /// Why.
        end: PartyEnd,
    },
    /// The supervisor is in a call, in another way, or no longer.
    Watching {
        /// It.
        watching: Option<Watching>,
    },
    /// All who are parked.
    Parked {
        /// By place.
        parked: Vec<Parked>,
    },
    /// A call-back is new, changed or due.
    Callback {
        /// It.
        callback: Callback,
    },
    /// An agent of the supervisor's teams asks for help.
    Help {
        /// In which contact.
        contact: Contact,
    },
    /// A request for help was answered, taken back or is pointless now.
    HelpGone {
        /// In which contact.
        contact: ContactId,
    },
    /// Somebody wrote.
    Message {
        /// It.
        message: Message,
    },
    /// A supervisor changed the agent's presence.
    Forced {
        /// The new state.
        presence: PresenceState,
        /// Name of the supervisor.
        by_name: String,
        /// Why.
        reason: String,
    },
    /// A colleague's presence changed; only while watched.
    Colleague {
        /// It.
        colleague: Colleague,
    },
    /// What is new on the board; only while watched.
    Board {
        /// It.
        change: BoardChange,
    },
    /// A pause of a call's recording ends soon.
    RecordingResumes {
        /// Of which contact.
        contact: ContactId,
        /// When it is recorded again.
        at: UnixMs,
    },
    /// Something is wrong with the centre, or no longer; supervisors only.
    Alarms {
        /// All there are.
        alarms: Vec<Alarm>,
    },
    /// The customer pressed a key.
    Digit {
        /// In which contact.
        contact: ContactId,
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: String,
    },
}

/// A choice with its name in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct CatalogItem {
    /// Stable id.
    pub id: String,
    /// Simplified Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// What choices an administrator has set up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Catalog {
    /// Why an agent may be not ready.
    pub not_ready_reasons: Vec<CatalogItem>,
    /// How a contact may end.
    pub dispositions: Vec<CatalogItem>,
    /// Sorts of tickets.
    pub ticket_types: Vec<CatalogItem>,
    /// Why an agent may ask for help.
    #[serde(default)]
    pub help_reasons: Vec<CatalogItem>,
    /// Colleagues to assign tickets to.
    pub people: Vec<Person>,
}

/// Body of `PUT /api/v1/catalog` (administrators): all choices anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct NewCatalog {
    /// Why an agent may be not ready.
    pub not_ready_reasons: Vec<CatalogItem>,
    /// How a contact may end.
    pub dispositions: Vec<CatalogItem>,
    /// Sorts of tickets.
    pub ticket_types: Vec<CatalogItem>,
    /// Why an agent may ask for help.
    #[serde(default)]
    pub help_reasons: Vec<CatalogItem>,
}
