//! The switch: what carries the calls. `calls` speaks to this port and to nothing below it.
//!
//! Commands return at once; what becomes of them comes as [`Event`]s. A command for a party that is
//! gone is ignored, because the party's [`Event::Ended`] is on its way.
//!
//! | implementation | where the calls are |
//! |---|---|
//! | [`embedded::Embedded`] | in this process: SIP trunks with plain RTP, desks with WebRTC |
//! | [`simulated::Simulated`] | nowhere: it counts and records, and its owner plays the far sides |

pub mod embedded;
pub mod simulated;

use async_trait::async_trait;
use seatline_contract::{id::ContactId, secret::PhoneNumber};
use seatline_media::Tap;
use std::fmt;

/// One participant of a call, each with its own state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartyId(pub u64);

impl fmt::Display for PartyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whom to ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dial {
    /// An agent's desk.
    Agent {
        /// The line's user name.
        user: String,
        /// The contact, carried in a header so that the desk joins call and card.
        contact: ContactId,
        /// The customer's number as this agent may see it.
        from: String,
        /// The customer's name, if known.
        name: Option<String>,
        /// The desk answers by itself.
        answer: Option<Answer>,
    },
    /// A number behind the trunks.
    Trunk {
        /// The number as the telephone network wants it.
        number: PhoneNumber,
    },
}

/// How a desk answers by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// After a beep, to talk.
    Talk,
    /// To listen; the microphone is not needed yet.
    Listen,
}

/// What a party hears from the centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sound {
    /// Nothing.
    Silence,
    /// The greeting, once; [`Event::Played`] follows.
    Greeting,
    /// That the call is recorded, once; [`Event::Played`] follows.
    Announcement,
    /// Music, for ever.
    Music,
    /// The tone of a ringing far side, for ever.
    Ringback,
    /// The tone of a busy far side, for ever.
    Busy,
}

/// Why the centre ends a call, as the far side shall see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// SIP status for a call that is not answered yet.
    pub code: u16,
    /// Words for the `Reason` header.
    pub text: String,
}

impl Ending {
    /// The usual end of a call.
    #[must_use]
    pub fn normal() -> Self {
        Self {
            code: 480,
            text: String::new(),
        }
    }

    /// An end with a status and words.
    #[must_use]
    pub fn with(code: u16, text: &str) -> Self {
        Self {
            code,
            text: text.to_owned(),
        }
    }
}

/// Where a call came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A customer, over a trunk.
    Trunk {
        /// The number called, as the network wrote it.
        called: Option<PhoneNumber>,
        /// The caller's number, unless hidden.
        caller: Option<PhoneNumber>,
        /// The caller's name, if the network tells.
        name: Option<String>,
    },
    /// An agent, who dials.
    Agent {
        /// The line's user name.
        user: String,
        /// What was dialled.
        dialled: PhoneNumber,
    },
}

/// Something that happened to a party or a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A call came in. It rings until answered, refused or given up.
    Arrived {
        /// The caller.
        party: PartyId,
        /// Where it came from.
        origin: Origin,
    },
    /// A dialled party's telephone rings.
    Ringing(PartyId),
    /// A dialled party sends sound before it answers.
    EarlyMedia(PartyId),
    /// The party is in: it answered, or was answered.
    Answered(PartyId),
    /// The party put the other on hold.
    Held(PartyId),
    /// The party took the other back.
    Resumed(PartyId),
    /// The party pressed a key.
    Digit(PartyId, char),
    /// The greeting or the announcement was heard to its end.
    Played(PartyId),
    /// Nothing was heard from the party for this long, in milliseconds, although it should send.
    Silent(PartyId, u64),
    /// The party is gone. The last event of a party.
    Ended {
        /// Who.
        party: PartyId,
        /// True if the far side ended it, false if this side was told to.
        by_far_side: bool,
        /// SIP status of a call that was never answered.
        code: Option<u16>,
        /// The far side's words; may be empty.
        reason: String,
    },
    /// A line can be rung.
    LineUp(String),
    /// A line can no longer be rung; its calls go on.
    LineDown(String),
}

/// The port.
#[async_trait]
pub trait Switch: Send + Sync + 'static {
    /// Rings somebody. [`Event::Answered`] or [`Event::Ended`] follows.
    fn dial(&self, dial: Dial) -> PartyId;

    /// Tells a party that came in that the other side rings. It hears what was set with
    /// [`Switch::play`] or [`Switch::bridge`] from now on.
    fn progress(&self, party: PartyId);

    /// Answers a party that came in. [`Event::Answered`] follows.
    fn answer(&self, party: PartyId);

    /// Lets the listener hear exactly these parties, instead of what it heard before: nobody, one
    /// or several at once. Itself and parties that are gone are left out; one that is gone later
    /// is missed, and heard no more.
    ///
    /// One party is passed through with its keys. Of several, no keys are passed on, except those
    /// of a customer towards the desk that heard the customer alone before.
    fn hear(&self, listener: PartyId, speakers: &[PartyId]);

    /// Lets two parties hear each other and nobody else.
    fn bridge(&self, one: PartyId, other: PartyId) {
        self.hear(one, &[other]);
        self.hear(other, &[one]);
    }

    /// Lets nobody hear the party, or those again who shall: neither voice nor keys. It hears on.
    /// A party that comes in is not muted.
    fn mute(&self, party: PartyId, muted: bool);

    /// Lets a party hear a sound instead of what it heard before.
    fn play(&self, party: PartyId, sound: Sound);

    /// Lets a party hear a short beep, and after it again what it heard before. Nothing is raised.
    fn beep(&self, party: PartyId);

    /// Lets the held party hear music and the holding one nothing.
    fn hold(&self, held: PartyId, holding: PartyId) {
        self.play(held, Sound::Music);
        self.play(holding, Sound::Silence);
    }

    /// Listens in on what a party says, for recording. `None` if it has no media here.
    fn tap(&self, party: PartyId) -> Option<Tap>;

    /// Presses keys towards a party.
    fn send_digits(&self, party: PartyId, digits: &str);

    /// Ends a party's call whatever its state. [`Event::Ended`] follows.
    fn hang_up(&self, party: PartyId, ending: Ending);

    /// Ends what is left and closes the sockets.
    async fn stop(&self);
}
