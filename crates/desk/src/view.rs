//! What a window shows. The engine publishes one [`DeskView`] at every change; a window that
//! was closed or reloaded draws itself again from the latest one.

use crate::{
    failure::FailureCode,
    policy::Setting,
    update::{Update, UpdateState},
};
use seatline_contract::{
    contact::{Contact, Direction, Offer},
    customer::NumberView,
    directory::{Callback, Colleague},
    event::{Alarm, Catalog},
    id::{AgentId, ContactId, CustomerId, TicketId},
    identity::Person,
    party::{Parked, PartyEnd},
    presence::PresenceState,
    queue::Queue,
    supervision::{BoardAgent, BoardCall, BoardQueue, Message, Watching},
    ticket::Priority,
    time::UnixMs,
};
use serde::{Deserialize, Serialize};

/// All that a window needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct DeskView {
    /// Between desk and centre.
    pub connection: Connection,
    /// Between desk and switch.
    pub line: Line,
    /// The centre signed in to, or last signed in to.
    pub centre: Option<Centre>,
    /// Who is signed in.
    pub me: Option<Person>,
    /// The agent's presence, while signed in.
    pub presence: Option<PresenceState>,
    /// Add to the computer's clock (ms) to get the centre's.
    #[cfg_attr(feature = "typescript", specta(type = i32))]
    pub clock_offset_ms: i64,
    /// True when the computer's clock is more than a minute off.
    pub clock_wrong: bool,
    /// Live contacts, also those in wrap-up.
    pub contacts: Vec<Contact>,
    /// The agent's queues.
    pub queues: Vec<Queue>,
    /// What choices there are.
    pub catalog: Option<Catalog>,
    /// What rings now.
    pub offer: Option<Offer>,
    /// The call on the line, ringing included.
    pub call: Option<Call>,
    /// The call a supervisor is in without being its agent.
    pub watching: Option<Watching>,
    /// Customers who wait for anybody to pick up.
    pub parked: Vec<Parked>,
    /// The agent's call-backs that wait or are due, the next one first.
    pub callbacks: Vec<Callback>,
    /// Contacts whose agents ask this supervisor for help.
    pub helps: Vec<Contact>,
    /// What is wrong with the centre, for supervisors.
    pub alarms: Vec<Alarm>,
    /// What others wrote since sign-in, the latest last.
    pub messages: Vec<Message>,
    /// Ticket texts not yet sent, kept on this computer.
    pub drafts: Vec<TicketDraft>,
    /// Notes and dispositions of contacts in wrap-up, kept on this computer.
    pub notes: Vec<NoteDraft>,
    /// Writes on their way to the centre.
    pub outbox: Outbox,
    /// Devices and which are chosen.
    pub headset: Headset,
    /// The person's settings, where policy leaves them the choice.
    pub settings: Settings,
    /// What policy decides; the person cannot change it.
    pub managed: Vec<Setting>,
    /// Policy puts single sign-on before passwords.
    pub sso_first: bool,
    /// The single sign-on that somebody is in the browser for.
    pub sso: Option<SsoWaiting>,
    /// A number from a link, waiting for the agent's word.
    pub dial_request: Option<DialRequest>,
    /// Things the agent should know, the latest last.
    pub notices: Vec<Notice>,
    /// Where sign-in secrets are kept.
    pub keyring: Keyring,
    /// This program's version, and newer ones.
    pub update: Update,
    /// Counts changes of customers and tickets at the centre: whoever shows some reads them again.
    pub revision: u32,
}

impl DeskView {
    /// Nobody is signed in, and nothing is known but what this computer keeps.
    #[must_use]
    pub fn signed_out(settings: Settings, keyring: Keyring) -> Self {
        Self {
            connection: Connection::SignedOut { reason: None },
            line: Line::Down { reason: None },
            centre: None,
            me: None,
            presence: None,
            clock_offset_ms: 0,
            clock_wrong: false,
            contacts: Vec::new(),
            queues: Vec::new(),
            catalog: None,
            offer: None,
            call: None,
            watching: None,
            parked: Vec::new(),
            callbacks: Vec::new(),
            helps: Vec::new(),
            alarms: Vec::new(),
            messages: Vec::new(),
            drafts: Vec::new(),
            notes: Vec::new(),
            outbox: Outbox {
                pending: 0,
                held_up: None,
                refused: Vec::new(),
            },
            headset: Headset {
                devices: Vec::new(),
                microphone: None,
                speaker: None,
                ringer: None,
                processing: Processing {
                    echo: true,
                    noise: true,
                    gain: true,
                },
                problem: None,
                problem_device: None,
                buttons: Vec::new(),
            },
            settings,
            managed: Vec::new(),
            sso_first: false,
            sso: None,
            dial_request: None,
            notices: Vec::new(),
            keyring,
            update: Update {
                version: String::new(),
                state: UpdateState::Keyless,
            },
            revision: 0,
        }
    }
}

/// Between desk and centre.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Connection {
    /// Nobody is signed in.
    SignedOut {
        /// Why, if not by the agent's own wish.
        reason: Option<FailureCode>,
    },
    /// On the way in.
    SigningIn,
    /// All is well.
    Online,
    /// The network or the centre is away; writes are kept.
    Reconnecting {
        /// Since when (centre's clock).
        since: UnixMs,
        /// Tries so far.
        attempt: u32,
        /// Why the last try failed.
        reason: FailureCode,
    },
}

/// Between desk and switch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Line {
    /// Not registered.
    Down {
        /// Why, if it should be up.
        reason: Option<FailureCode>,
    },
    /// Registering, or again after a break.
    Connecting,
    /// Ready to ring.
    Up,
}

/// A centre.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Centre {
    /// Its address, such as `https://center.example.cn`.
    pub url: String,
    /// Its name.
    pub name: String,
    /// True when the address comes from policy.
    pub managed: bool,
}

/// A single sign-on on its way through the browser.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct SsoWaiting {
    /// The page's address, for a browser that did not open.
    pub address: String,
    /// The code that the page shows too.
    pub code: String,
    /// Whether the person has gone on to the sign-in service.
    pub opened: bool,
    /// When it is over (centre's clock).
    pub expires: UnixMs,
}

/// Where a call stands at this desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// Rings here.
    Ringing,
    /// Answered, media is being set up.
    Connecting,
    /// We ring somebody.
    Dialing,
    /// Both can talk.
    Active,
    /// Held by the agent.
    Held,
    /// Media is being restored after a network change.
    Reconnecting,
}

/// The call on the line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Call {
    /// The contact it belongs to, once the centre has said.
    pub contact: Option<ContactId>,
    /// Who began it.
    pub direction: Direction,
    /// Where it stands.
    pub state: CallState,
    /// The other side's number.
    pub number: NumberView,
    /// The other side's name, if known.
    pub name: Option<String>,
    /// Since when it is in this state (centre's clock).
    pub since: UnixMs,
    /// Since when both could talk (centre's clock).
    pub connected: Option<UnixMs>,
    /// The agent's microphone is off.
    pub muted: bool,
    /// Keys pressed by the agent so far.
    pub digits: String,
    /// Keys pressed by the customer so far.
    pub customer_digits: String,
    /// Quality, renewed every second.
    pub quality: Option<Quality>,
}

/// How good a call sounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Quality {
    /// 0 (nothing heard) to 4 (clear).
    pub bars: u8,
    /// Estimated mean opinion score, 1.0–4.5.
    pub mos: f32,
    /// Round trip, ms.
    pub round_trip_ms: Option<f32>,
    /// Jitter, ms.
    pub jitter_ms: f32,
    /// Packets lost, percent.
    pub loss_percent: f32,
    /// Codec, such as `Opus`.
    pub codec: String,
}

/// Levels for a meter, sent ten times a second while one is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Levels {
    /// Microphone after processing, dBFS (−90 … 0).
    pub microphone_dbfs: f32,
    /// Speaker, dBFS (−90 … 0).
    pub speaker_dbfs: f32,
}

/// A ticket being written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct TicketDraft {
    /// Id the ticket will have.
    pub id: TicketId,
    /// The contact it is written from.
    pub contact: Option<ContactId>,
    /// Whose concern it is.
    pub customer: Option<CustomerId>,
    /// One line.
    pub subject: String,
    /// Id of the type in the catalogue, may be empty.
    pub ticket_type: String,
    /// How urgent.
    pub priority: Priority,
    /// The text.
    pub description: String,
    /// Who shall work on it.
    pub assignee: Option<AgentId>,
    /// When last saved on this computer.
    pub saved: UnixMs,
}

/// Disposition and note of a contact, being written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct NoteDraft {
    /// The contact.
    pub contact: ContactId,
    /// Id of the disposition in the catalogue.
    pub disposition: Option<String>,
    /// Free text.
    pub note: String,
    /// When last saved on this computer.
    pub saved: UnixMs,
}

/// Writes on their way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Outbox {
    /// How many wait.
    pub pending: u32,
    /// Why the centre did not take the last one that was tried, while some wait.
    pub held_up: Option<FailureCode>,
    /// Those the centre refused; the agent decides.
    pub refused: Vec<RefusedWrite>,
}

/// A write the centre refused for good.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct RefusedWrite {
    /// Id in the outbox.
    pub id: String,
    /// What it was: `create_ticket`, `edit_customer`, …
    pub what: String,
    /// A line to recognise it by.
    pub title: String,
    /// All that was typed, in lines.
    pub typed: String,
    /// Why.
    pub code: FailureCode,
    /// The field at fault.
    pub field: Option<String>,
}

/// Devices and which are chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Headset {
    /// All devices present.
    pub devices: Vec<Device>,
    /// The chosen microphone's id; `None` follows the system.
    pub microphone: Option<String>,
    /// The chosen speaker's id; `None` follows the system.
    pub speaker: Option<String>,
    /// The chosen ringer's id; `None` follows the system.
    pub ringer: Option<String>,
    /// Echo cancellation, noise suppression, gain.
    pub processing: Processing,
    /// What is wrong with the devices, if anything.
    pub problem: Option<FailureCode>,
    /// Name of the device at fault.
    pub problem_device: Option<String>,
    /// Headsets with keys and lamps of their own.
    pub buttons: Vec<HeadsetButtons>,
}

/// A headset with keys and lamps of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct HeadsetButtons {
    /// Name shown.
    pub name: String,
    /// Whether they can be used.
    pub access: ButtonAccess,
}

/// Whether a headset's keys can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ButtonAccess {
    /// They work.
    Works,
    /// They are left alone: another headset is chosen.
    NotChosen,
    /// The system does not let this program use them.
    Forbidden,
    /// Another program has them for itself.
    Taken,
    /// They answer with an error.
    Failed,
}

/// A sound device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Device {
    /// Stable id.
    pub id: String,
    /// Name shown.
    pub name: String,
    /// Records.
    pub input: bool,
    /// The system's default of its direction.
    pub is_default: bool,
}

/// What is done to the microphone's sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Processing {
    /// Echo cancellation.
    pub echo: bool,
    /// Noise suppression.
    pub noise: bool,
    /// Automatic gain.
    pub gain: bool,
}

/// Language of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// As the system says.
    System,
    /// Simplified Chinese.
    Zh,
    /// English.
    En,
}

/// Colours of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system says.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// The person's settings, kept on this computer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Settings {
    /// Language.
    pub language: Language,
    /// Colours.
    pub theme: Theme,
    /// Global hotkeys in the shell's spelling (`Ctrl+Shift+A`), empty when off.
    pub hotkeys: Hotkeys,
    /// Shows a system notification when a call comes in.
    pub notify: bool,
    /// Starts when the person signs in to the computer.
    pub autostart: bool,
    /// Takes the system's `tel:`, `sip:` and `callto:` links.
    pub link_handler: bool,
}

/// A change of some settings; what is absent stays as it is, so that two changes at once do not
/// undo each other.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(default)]
pub struct SettingsChange {
    /// Language.
    pub language: Option<Language>,
    /// Colours.
    pub theme: Option<Theme>,
    /// All global hotkeys.
    pub hotkeys: Option<Hotkeys>,
    /// Whether a call is notified.
    pub notify: Option<bool>,
    /// Whether the program starts with the computer.
    pub autostart: Option<bool>,
    /// Telephone links of the system.
    pub link_handler: Option<bool>,
}

/// Global hotkeys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Hotkeys {
    /// Answers.
    pub answer: String,
    /// Hangs up or declines.
    pub hang_up: String,
    /// Mutes and unmutes.
    pub mute: String,
    /// Holds and resumes.
    pub hold: String,
}

/// A number from a link, waiting for the agent's word. It never dials by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct DialRequest {
    /// The number as it will be dialled: digits, `*`, `#`, a leading `+`.
    pub number: String,
}

/// Something the agent should know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Notice {
    /// To dismiss it.
    pub id: u32,
    /// What.
    pub code: NoticeCode,
    /// Values the text names, such as a device or a person.
    pub detail: Option<String>,
    /// Somebody's own words, or a failure's code.
    pub text: Option<String>,
    /// Why a party left.
    pub end: Option<PartyEnd>,
}

/// What a notice says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum NoticeCode {
    /// An offer was not answered in time; presence is now not ready.
    OfferMissed,
    /// The caller hung up before the answer.
    CallerGone,
    /// A device vanished in mid-call; the call goes on without it.
    DeviceLost,
    /// It is back.
    DeviceReturned,
    /// Sound processing failed and is bypassed.
    ProcessingBypassed,
    /// A call failed; the detail says why.
    CallFailed,
    /// The centre ended the session.
    SignedOut,
    /// No unlocked keyring: sign-in is kept for this session only.
    SessionOnly,
    /// A write was refused by the centre.
    WriteRefused,
    /// The outbox could not be read; it was set aside and the detail names the file.
    OutboxSetAside,
    /// The disk is full; what is typed cannot be saved.
    DiskFull,
    /// A link was not a number that can be dialled.
    BadLink,
    /// A party left the call; the detail names it, the end says why.
    PartyGone,
    /// A supervisor changed the agent's presence; the detail names them, the text says why.
    PresenceForced,
    /// An agent asks for help; the detail names them.
    HelpWanted,
    /// A call-back is due; the detail is its id.
    CallbackDue,
    /// Somebody wrote; the detail names them, the text is what.
    MessageReceived,
    /// A pause of the call's recording ends soon; the detail is when, in Unix milliseconds of this
    /// computer's clock.
    RecordingResumes,
    /// The centre can not write recordings; the view's alarms say what follows.
    RecordingsFailing,
    /// It can again.
    RecordingsBack,
    /// A newer version is here and waits for the agent's word; the detail is the version.
    UpdateReady,
    /// There is a newer version, which IT installs; the detail is the version.
    UpdateTold,
    /// A newer version was installed; the detail is the version.
    UpdateDone,
    /// A newer version could not be taken; the detail is the version, the text the code of why.
    UpdateFailed,
}

/// What changes too often for [`DeskView`], while it is watched.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct LiveView {
    /// The board's queues; `None` until it has come.
    pub queues: Option<Vec<BoardQueue>>,
    /// The board's agents.
    pub agents: Vec<BoardAgent>,
    /// The board's calls.
    pub calls: Vec<BoardCall>,
    /// Everybody with what they do; `None` until it has come.
    pub colleagues: Option<Vec<Colleague>>,
}

/// Where sign-in secrets are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Keyring {
    /// In the system's keyring.
    System,
    /// Nowhere: gone when the program ends.
    SessionOnly,
}
