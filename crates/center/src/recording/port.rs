//! What calls tell whoever records them.

use crate::switch::PartyId;
use seatline_contract::{
    contact::Direction,
    id::{AgentId, ContactId, QueueId, TicketId},
    party::RecordingState,
    recording::Side,
};

/// The port between calls and recording. Its methods return at once and may be called under the
/// calls' lock; none of them calls back.
///
/// A call tells of itself in this order: [`Recorder::arrived`]; if it
/// [must be announced](Recorder::must_announce), the announcement's beginning and end, before
/// anybody else is heard; [`Recorder::present`] whenever somebody came or went;
/// [`Recorder::connected`] when customer and agent hear each other; [`Recorder::ended`].
pub trait Recorder: Send + Sync + 'static {
    /// A contact has begun.
    fn arrived(&self, contact: ContactId, direction: Direction, queue: Option<QueueId>);

    /// Whether the customer has yet to hear the announcement to its end. Until then nobody is
    /// connected with them.
    fn must_announce(&self, contact: ContactId) -> bool;

    /// The announcement began.
    fn announcement_began(&self, contact: ContactId);

    /// The announcement was heard to its end.
    fn announcement_ended(&self, contact: ContactId);

    /// The customer pressed a key. True if it means something to recording, or must not be shown
    /// to anybody because recording is paused.
    fn pressed(&self, contact: ContactId, digit: char) -> bool;

    /// Exactly these parties are in the conversation. Who is its agent is seen from it, and marked
    /// when it is another one than before.
    fn present(&self, contact: ContactId, parties: &[(PartyId, Side, Option<AgentId>)]);

    /// Customer and agent hear each other.
    fn connected(&self, contact: ContactId);

    /// The customer was put on hold, or taken back.
    fn held(&self, contact: ContactId, held: bool);

    /// An agent wrote a note. Telling it often marks it now and then.
    fn noted(&self, contact: ContactId, by: AgentId);

    /// A ticket was written of the contact.
    fn ticketed(&self, contact: ContactId, ticket: TicketId);

    /// The conversation is over.
    fn ended(&self, contact: ContactId);

    /// Where recording stands, as desks show it.
    fn state(&self, contact: ContactId) -> RecordingState;

    /// Whether recording is paused: monitors then hear nothing either.
    fn is_paused(&self, contact: ContactId) -> bool;

    /// Whether a call may begin now: false while the disk takes no writes and the policy wants no
    /// call unrecorded.
    fn takes_calls(&self) -> bool;
}

/// Records nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unrecorded;

impl Recorder for Unrecorded {
    fn arrived(&self, _: ContactId, _: Direction, _: Option<QueueId>) {}

    fn must_announce(&self, _: ContactId) -> bool {
        false
    }

    fn announcement_began(&self, _: ContactId) {}

    fn announcement_ended(&self, _: ContactId) {}

    fn pressed(&self, _: ContactId, _: char) -> bool {
        false
    }

    fn present(&self, _: ContactId, _: &[(PartyId, Side, Option<AgentId>)]) {}

    fn connected(&self, _: ContactId) {}

    fn held(&self, _: ContactId, _: bool) {}

    fn noted(&self, _: ContactId, _: AgentId) {}

    fn ticketed(&self, _: ContactId, _: TicketId) {}

    fn ended(&self, _: ContactId) {}

    fn state(&self, _: ContactId) -> RecordingState {
        RecordingState::Off
    }

    fn is_paused(&self, _: ContactId) -> bool {
        false
    }

    fn takes_calls(&self) -> bool {
        true
    }
}
