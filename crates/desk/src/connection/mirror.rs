//! The centre's state as this desk knows it: a snapshot kept current by numbered deltas.

use seatline_contract::{
    contact::{Offer, OfferEnd},
    directory::{CallbackState, Colleague},
    event::{Change, ServerFrame, SignOutReason, Snapshot},
    id::{CallbackId, ContactId, OfferId},
    party::PartyEnd,
    supervision::{BoardChange, Message},
    time::UnixMs,
};

/// Keeps the snapshot and notices gaps. Pure: frames go in, steps come out.
///
/// ```text
///  Empty ──snapshot──▶ Current ──gap──▶ Stale (asked for a snapshot)
///                        ▲                │
///                        └────snapshot────┘
/// ```
#[derive(Debug, Default)]
pub(crate) struct Mirror {
    state: Option<Snapshot>,
    stale: bool,
}

/// What a frame means.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    /// The state is different: show it.
    pub(crate) changed: bool,
    /// A delta was missed: send a resync, once.
    pub(crate) resync: bool,
    /// What the centre's clock said.
    pub(crate) now: Option<UnixMs>,
    /// Things that are news, not state.
    pub(crate) news: Vec<News>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum News {
    /// A contact is put before the agent.
    Offered(OfferId),
    /// The offer is over; the end is unknown if it was learnt from a snapshot.
    OfferGone(OfferId, Option<OfferEnd>),
    /// A contact left the agent's hands.
    ContactGone(ContactId),
    /// The first that is heard of what is in the agent's hands: all of it.
    InHand(Vec<ContactId>),
    /// A customer or a ticket changed; what a window shows of it may be old.
    RecordChanged,
    /// The customer pressed a key.
    Digit(ContactId, String),
    /// A party left a call.
    PartyGone {
        /// Its name or number as shown.
        name: String,
        /// Why.
        end: PartyEnd,
    },
    /// Somebody wrote.
    Message(Message),
    /// A supervisor changed the agent's presence.
    Forced {
        /// Name of the supervisor.
        by_name: String,
        /// Why.
        reason: String,
    },
    /// A call-back is due.
    CallbackDue(CallbackId),
    /// An agent asks for help.
    Help,
    /// A pause of the call's recording ends then.
    RecordingResumes(UnixMs),
    /// Something is wrong with the centre, or nothing any more.
    Alarms(bool),
    /// A colleague's presence changed.
    Colleague(Colleague),
    /// The board changed.
    Board(BoardChange),
    /// The session is over, with the words of a supervisor who did it.
    SignedOut(SignOutReason, Option<String>),
}

impl Mirror {
    /// The state, once there is one.
    pub(crate) fn state(&self) -> Option<&Snapshot> {
        self.state.as_ref()
    }

    /// Takes the next frame.
    pub(crate) fn take(&mut self, frame: ServerFrame) -> Outcome {
        match frame {
            ServerFrame::Snapshot { snapshot } => self.replace(*snapshot),
            ServerFrame::Delta { seq, now, change } => self.advance(seq, now, *change),
            ServerFrame::Beat { now } => Outcome {
                now: Some(now),
                ..Outcome::default()
            },
            ServerFrame::SignedOut { reason, note } => Outcome {
                news: vec![News::SignedOut(reason, note)],
                ..Outcome::default()
            },
        }
    }

    fn replace(&mut self, snapshot: Snapshot) -> Outcome {
        let before = self.state.as_ref();
        let offer_before = before
            .and_then(|state| state.offer.as_ref())
            .map(|it| it.id);
        let offer_now = snapshot.offer.as_ref().map(|it| it.id);
        let mut news = Vec::new();
        if offer_before != offer_now {
            news.extend(offer_before.map(|id| News::OfferGone(id, None)));
            news.extend(offer_now.map(News::Offered));
        }
        if before.is_none() {
            let held = snapshot.contacts.iter().map(|it| it.id);
            news.push(News::InHand(held.collect()));
        }
        let gone = before.into_iter().flat_map(|state| &state.contacts);
        news.extend(
            gone.filter(|old| !snapshot.contacts.iter().any(|new| new.id == old.id))
                .map(|old| News::ContactGone(old.id)),
        );
        if !snapshot.alarms.is_empty() && before.is_none_or(|state| state.alarms.is_empty()) {
            news.push(News::Alarms(true));
        }
        // What changed while nobody listened is unknown.
        news.push(News::RecordChanged);
        let now = Some(snapshot.now);
        self.state = Some(snapshot);
        self.stale = false;
        Outcome {
            changed: true,
            now,
            news,
            resync: false,
        }
    }

    fn advance(&mut self, seq: u64, now: UnixMs, change: Change) -> Outcome {
        let mut outcome = Outcome {
            now: Some(now),
            ..Outcome::default()
        };
        let Some(state) = self.state.as_mut().filter(|_| !self.stale) else {
            // A snapshot is on its way.
            return outcome;
        };
        if seq <= state.seq {
            return outcome;
        }
        if seq > state.seq + 1 {
            self.stale = true;
            outcome.resync = true;
            return outcome;
        }
        state.seq = seq;
        state.now = now;
        outcome.changed = true;
        outcome.news = apply(state, change);
        outcome
    }
}

fn apply(state: &mut Snapshot, change: Change) -> Vec<News> {
    match change {
        Change::Presence { presence } => state.presence = presence,
        Change::Contact { contact } => {
            match state.contacts.iter_mut().find(|it| it.id == contact.id) {
                Some(known) => *known = contact,
                None => state.contacts.push(contact),
            }
        }
        Change::ContactGone { id } => {
            state.contacts.retain(|it| it.id != id);
            return vec![News::ContactGone(id)];
        }
        Change::Offered { offer } => return offered(state, offer),
        Change::OfferGone { id, end } => {
            if state.offer.as_ref().is_some_and(|offer| offer.id == id) {
                state.offer = None;
            }
            return vec![News::OfferGone(id, Some(end))];
        }
        Change::Queue { queue } => match state.queues.iter_mut().find(|it| it.id == queue.id) {
            Some(known) => *known = queue,
            None => state.queues.push(queue),
        },
        Change::Catalog { catalog } => state.catalog = catalog,
        Change::Customer { customer } => {
            for contact in &mut state.contacts {
                if contact.customer == Some(customer.id) {
                    contact.customer_name = Some(customer.name.clone());
                }
            }
            if let Some(card) = state.offer.as_mut().and_then(|it| it.customer.as_mut())
                && card.customer.id == customer.id
            {
                card.customer = customer;
            }
            return vec![News::RecordChanged];
        }
        Change::Ticket { .. } => return vec![News::RecordChanged],
        Change::PartyGone { name, end, .. } => return vec![News::PartyGone { name, end }],
        Change::Watching { watching } => state.watching = watching,
        Change::Parked { parked } => state.parked = parked,
        Change::Callback { callback } => {
            let id = callback.id;
            let before = state.callbacks.iter().find(|it| it.id == id);
            let fell_due = callback.state == CallbackState::Due
                && before.is_none_or(|it| it.state != CallbackState::Due);
            state.callbacks.retain(|it| it.id != id);
            if let CallbackState::Waiting | CallbackState::Due = callback.state {
                state.callbacks.push(callback);
                state.callbacks.sort_by_key(|it| it.at);
            }
            if fell_due {
                return vec![News::CallbackDue(id)];
            }
        }
        Change::Help { contact } => {
            let known = state.helps.iter().any(|it| it.id == contact.id);
            state.helps.retain(|it| it.id != contact.id);
            state.helps.push(contact);
            if !known {
                return vec![News::Help];
            }
        }
        Change::HelpGone { contact } => state.helps.retain(|it| it.id != contact),
        Change::Message { message } => return vec![News::Message(message)],
        Change::Forced {
            presence,
            by_name,
            reason,
        } => {
            state.presence = presence;
            return vec![News::Forced { by_name, reason }];
        }
        Change::Colleague { colleague } => return vec![News::Colleague(colleague)],
        Change::Board { change } => return vec![News::Board(change)],
        // The contact itself says until when it is paused.
        Change::RecordingResumes { at, .. } => return vec![News::RecordingResumes(at)],
        Change::Alarms { alarms } => {
            let before = std::mem::replace(&mut state.alarms, alarms);
            if before.is_empty() != state.alarms.is_empty() {
                return vec![News::Alarms(!state.alarms.is_empty())];
            }
        }
        Change::Digit { contact, digit } => return vec![News::Digit(contact, digit)],
    }
    Vec::new()
}

fn offered(state: &mut Snapshot, offer: Offer) -> Vec<News> {
    let id = offer.id;
    let before = state.offer.replace(offer);
    let mut news: Vec<News> = before
        .filter(|before| before.id != id)
        .map(|before| News::OfferGone(before.id, None))
        .into_iter()
        .collect();
    news.push(News::Offered(id));
    news
}

#[cfg(test)]
mod tests;
