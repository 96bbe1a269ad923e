//! One call with all that belongs to it.

use super::{
    Reply,
    machine::{Illegal, Input, Machine, State},
    quality::Meter,
};
use crate::{
    board::Board,
    failure::{DeskCode, Failure},
    sound::Use,
    view::{self, Quality},
};
use seatline_contract::{
    ANSWER_LISTEN,
    contact::{Contact, ContactState, Direction},
    customer::NumberView,
    id::ContactId,
    supervision::WatchMode,
    time::UnixMs,
};
use seatline_media::Leg;
use seatline_sip::Call;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};
use tokio::sync::oneshot;

/// The call on the line.
pub(crate) struct Current {
    /// Tells its reports from those of an earlier call.
    pub(crate) id: u64,
    pub(crate) machine: Machine,
    pub(crate) direction: Direction,
    pub(crate) contact: Option<ContactId>,
    pub(crate) call: Option<Call>,
    pub(crate) leg: Option<Leg>,
    /// The answer prepared while it rings.
    pub(crate) prepared: Option<String>,
    /// The far side's answer to our offer is taken.
    pub(crate) agreed: bool,
    /// Keeps microphone and far side apart.
    pub(crate) apart: Arc<AtomicBool>,
    /// What the call needs of the headset.
    pub(crate) use_of: Use,
    /// Who waits for the answer to be given, or for the first sign of a call we make.
    pub(crate) waiting: Option<(Reply, Instant)>,
    /// Answering, holding, resuming or repairing is under way.
    pub(crate) busy: bool,
    /// When media was lost, and when to try again to restore it.
    pub(crate) repair: Option<Repair>,
    pub(crate) meter: Meter,
    number: NumberView,
    name: Option<String>,
    since: UnixMs,
    connected: Option<UnixMs>,
    muted: bool,
    digits: String,
    customer_digits: String,
    quality: Option<Quality>,
}

/// An answer given before the invitation came.
pub(crate) struct EarlyAnswer {
    /// The contact that was offered when it was given.
    pub(crate) contact: ContactId,
    pub(crate) reply: Reply,
    /// When it is given up.
    pub(crate) until: Instant,
}

/// Restoring media.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Repair {
    /// Since when media is lost.
    pub(crate) since: Instant,
    /// When to try again.
    pub(crate) next: Instant,
}

impl Current {
    /// A call that has just begun.
    pub(crate) fn new(
        id: u64,
        direction: Direction,
        number: NumberView,
        name: Option<String>,
        now: UnixMs,
    ) -> Self {
        Self {
            id,
            machine: Machine::new(direction),
            direction,
            contact: None,
            call: None,
            leg: None,
            prepared: None,
            agreed: false,
            apart: Arc::new(AtomicBool::new(false)),
            use_of: Use::Talk,
            waiting: None,
            busy: false,
            repair: None,
            meter: Meter::default(),
            number,
            name,
            since: now,
            connected: None,
            muted: false,
            digits: String::new(),
            customer_digits: String::new(),
            quality: None,
        }
    }

    /// Takes an input and keeps the times.
    ///
    /// # Errors
    /// [`Illegal`]; nothing changed.
    pub(crate) fn apply(&mut self, input: Input, now: UnixMs) -> Result<(), Illegal> {
        if self.machine.apply(input)? {
            self.since = now;
        }
        let state = self.machine.state();
        if state == State::Active {
            self.connected.get_or_insert(now);
        }
        self.apart.store(!state.talks(), Ordering::Relaxed);
        Ok(())
    }

    /// The centre wants the call answered at once, with or without the microphone.
    pub(crate) fn answer_by_itself(&mut self, wanted: &str) {
        if wanted == ANSWER_LISTEN {
            self.use_of = Use::Listen;
        }
        if self.waiting.is_none() {
            // Nobody waits for the outcome: the window shows it.
            let (reply, _) = oneshot::channel();
            self.waiting = Some((reply, Instant::now()));
        }
    }

    /// Takes an answer given before the invitation came, if it was meant for this call.
    pub(crate) fn take_early(&mut self, early: EarlyAnswer) {
        if self.contact == Some(early.contact) {
            self.waiting = Some((early.reply, early.until));
        } else {
            // Who asked may have gone.
            let _ = early.reply.send(Err(Failure::new(DeskCode::NoCall)));
        }
    }

    /// The failure of a command that the state does not allow.
    pub(crate) fn refuse(&self) -> Failure {
        Failure::new(DeskCode::WrongCallState).detail(format!("{:?}", self.machine.state()))
    }

    pub(crate) fn set_muted(&mut self, muted: bool) {
        self.muted = muted;
    }

    pub(crate) fn is_muted(&self) -> bool {
        self.muted
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.digits.push_str(keys);
    }

    pub(crate) fn customer_pressed(&mut self, key: &str) {
        self.customer_digits.push_str(key);
    }

    pub(crate) fn set_quality(&mut self, quality: Option<Quality>) {
        self.quality = quality;
    }

    /// Takes over what the centre knows of the contact.
    pub(crate) fn adopt(&mut self, view: &view::DeskView) {
        let offered = view.offer.as_ref().map(|offer| &offer.contact);
        let watched = view.watching.as_ref().map(|it| &it.contact);
        let known = match self.contact {
            Some(id) => view
                .contacts
                .iter()
                .chain(offered)
                .chain(watched)
                .find(|contact| contact.id == id),
            // The centre makes the contact of a call that we make.
            None if self.direction == Direction::Outbound => {
                view.contacts.iter().find(|contact| is_our_dialing(contact))
            }
            None => offered,
        };
        if let Some(contact) = known {
            self.contact = Some(contact.id);
            self.number = contact.number.clone();
            if contact.customer_name.is_some() {
                self.name.clone_from(&contact.customer_name);
            }
        }
    }

    /// What this call needs of the headset by now: who only monitors needs no microphone.
    pub(crate) fn needed_use(&self, view: &view::DeskView) -> Use {
        let watching = view
            .watching
            .as_ref()
            .filter(|it| Some(it.contact.id) == self.contact);
        match watching {
            Some(it) if it.mode == WatchMode::Monitor => Use::Listen,
            Some(_) => Use::Talk,
            None if view.contacts.iter().any(|it| Some(it.id) == self.contact) => Use::Talk,
            // The centre has not said yet.
            None => self.use_of,
        }
    }

    /// Shows the call as it stands.
    pub(crate) fn show(&self, board: &Board) {
        let shown = self.machine.state().shown().map(|state| view::Call {
            contact: self.contact,
            direction: self.direction,
            state,
            number: self.number.clone(),
            name: self.name.clone(),
            since: self.since,
            connected: self.connected,
            muted: self.muted,
            digits: self.digits.clone(),
            customer_digits: self.customer_digits.clone(),
            quality: self.quality.clone(),
        });
        board.change(|view| view.call = shown);
    }

    /// Answers whoever waits.
    pub(crate) fn answer_waiting(&mut self, result: Result<(), Failure>) {
        if let Some((reply, _)) = self.waiting.take() {
            // Who asked may have gone.
            let _ = reply.send(result);
        }
    }
}

fn is_our_dialing(contact: &Contact) -> bool {
    matches!(contact.direction, Direction::Outbound | Direction::Internal)
        && matches!(
            contact.state,
            ContactState::Dialing | ContactState::Connected | ContactState::Held
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::FailureCode;
    use seatline_contract::customer::NumberKind;
    use uuid::Uuid;

    #[test]
    fn an_early_answer_is_for_the_contact_that_was_offered_and_no_other() {
        let (offered, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        for (rings, answered) in [(Some(offered), true), (Some(other), false), (None, false)] {
            let number = NumberView {
                display: String::new(),
                full: None,
                kind: NumberKind::Unknown,
                region: None,
            };
            let mut current = Current::new(1, Direction::Inbound, number, None, UnixMs(0));
            current.contact = rings.map(ContactId);
            let (reply, mut answer) = oneshot::channel();
            current.take_early(EarlyAnswer {
                contact: ContactId(offered),
                reply,
                until: Instant::now(),
            });
            assert_eq!(current.waiting.is_some(), answered);
            let refusal = answer.try_recv().ok().and_then(Result::err);
            let refusal = refusal.map(|failure| failure.code);
            let expected = (!answered).then_some(FailureCode::Desk(DeskCode::NoCall));
            assert_eq!(refusal, expected);
        }
    }
}
