//! Gaps, repeats and new snapshots.

use super::*;
use seatline_contract::{
    contact::{Channel, Contact, ContactState, Direction, OfferKind},
    customer::{NumberKind, NumberView},
    event::Catalog,
    id::AgentId,
    identity::{Person, Role},
    presence::{Presence, PresenceChoice, PresenceState},
};
use uuid::Uuid;

fn contact(n: u128, state: ContactState) -> Contact {
    Contact {
        id: ContactId(Uuid::from_u128(n)),
        channel: Channel::Voice,
        direction: Direction::Inbound,
        state,
        queue: None,
        queue_name: None,
        number: NumberView {
            display: "138****5678".into(),
            full: None,
            kind: NumberKind::Mobile,
            region: None,
        },
        customer: None,
        customer_name: None,
        agent: None,
        agent_name: None,
        created: UnixMs(0),
        connected: None,
        ended: None,
        ended_by: None,
        end_reason: None,
        wrap_up_deadline: None,
        disposition_required: false,
        disposition: None,
        note: String::new(),
        tickets: Vec::new(),
        call: None,
    }
}

fn offer(n: u128) -> Offer {
    Offer {
        id: OfferId(Uuid::from_u128(n)),
        contact: contact(n, ContactState::Offered),
        customer: None,
        deadline: UnixMs(0),
        kind: OfferKind::Queue,
    }
}

fn presence(presence: Presence) -> PresenceState {
    PresenceState {
        presence,
        since: UnixMs(0),
        next: PresenceChoice::Ready,
    }
}

fn snapshot(seq: u64) -> Snapshot {
    Snapshot {
        seq,
        now: UnixMs(10),
        me: Person {
            id: AgentId(Uuid::nil()),
            login: "emma".into(),
            name: "Emma Clarke".into(),
            role: Role::Agent,
        },
        presence: presence(Presence::Ready),
        contacts: Vec::new(),
        offer: None,
        queues: Vec::new(),
        catalog: Catalog {
            not_ready_reasons: Vec::new(),
            dispositions: Vec::new(),
            ticket_types: Vec::new(),
            help_reasons: Vec::new(),
            people: Vec::new(),
        },
        watching: None,
        parked: Vec::new(),
        callbacks: Vec::new(),
        helps: Vec::new(),
        alarms: Vec::new(),
    }
}

fn whole(snapshot: Snapshot) -> ServerFrame {
    ServerFrame::Snapshot {
        snapshot: Box::new(snapshot),
    }
}

fn delta(seq: u64, change: Change) -> ServerFrame {
    ServerFrame::Delta {
        seq,
        now: UnixMs(20),
        change: Box::new(change),
    }
}

fn busy(seq: u64) -> ServerFrame {
    delta(
        seq,
        Change::Presence {
            presence: presence(Presence::Busy),
        },
    )
}

#[test]
fn deltas_in_order_are_applied_and_repeats_are_not() {
    let mut mirror = Mirror::default();
    assert!(mirror.take(whole(snapshot(5))).changed);
    let outcome = mirror.take(delta(6, Change::Offered { offer: offer(1) }));
    assert!(outcome.changed);
    assert_eq!(outcome.news, [News::Offered(offer(1).id)]);
    let repeat = mirror.take(delta(6, Change::Offered { offer: offer(2) }));
    assert!(!repeat.changed && !repeat.resync && repeat.news.is_empty());
    assert_eq!(mirror.state().unwrap().offer, Some(offer(1)));

    let end = OfferEnd::Missed;
    let outcome = mirror.take(delta(
        7,
        Change::OfferGone {
            id: offer(1).id,
            end,
        },
    ));
    assert_eq!(outcome.news, [News::OfferGone(offer(1).id, Some(end))]);
    assert_eq!(mirror.state().unwrap().offer, None);
}

#[test]
fn a_gap_asks_once_and_waits_for_the_snapshot() {
    let mut mirror = Mirror::default();
    mirror.take(whole(snapshot(5)));
    let gap = mirror.take(busy(7));
    assert!(gap.resync && !gap.changed);
    let after = mirror.take(busy(8));
    assert!(!after.resync && !after.changed, "asked already");
    let ready = presence(Presence::Ready);
    assert_eq!(mirror.state().unwrap().presence, ready);
    assert!(mirror.take(whole(snapshot(8))).changed);
    assert!(mirror.take(busy(9)).changed);
}

#[test]
fn deltas_before_the_first_snapshot_are_ignored() {
    let mut mirror = Mirror::default();
    let outcome = mirror.take(busy(1));
    assert!(!outcome.changed && !outcome.resync);
    assert!(mirror.state().is_none());
}

#[test]
fn a_snapshot_tells_what_went_by_unseen() {
    let mut mirror = Mirror::default();
    let mut before = snapshot(1);
    before.offer = Some(offer(1));
    before.contacts = vec![contact(3, ContactState::Connected)];
    mirror.take(whole(before));
    let mut after = snapshot(90);
    after.offer = Some(offer(2));
    let outcome = mirror.take(whole(after));
    assert_eq!(
        outcome.news,
        [
            News::OfferGone(offer(1).id, None),
            News::Offered(offer(2).id),
            News::ContactGone(ContactId(Uuid::from_u128(3))),
            News::RecordChanged,
        ]
    );
}

#[test]
fn contacts_are_added_replaced_and_removed_by_id() {
    let mut mirror = Mirror::default();
    mirror.take(whole(snapshot(0)));
    let change = |n, state| Change::Contact {
        contact: contact(n, state),
    };
    mirror.take(delta(1, change(1, ContactState::Connected)));
    mirror.take(delta(2, change(2, ContactState::Dialing)));
    mirror.take(delta(3, change(1, ContactState::WrapUp)));
    let states: Vec<ContactState> = mirror
        .state()
        .unwrap()
        .contacts
        .iter()
        .map(|it| it.state)
        .collect();
    assert_eq!(states, [ContactState::WrapUp, ContactState::Dialing]);
    let id = ContactId(Uuid::from_u128(1));
    let outcome = mirror.take(delta(4, Change::ContactGone { id }));
    assert_eq!(outcome.news, [News::ContactGone(id)]);
    assert_eq!(mirror.state().unwrap().contacts.len(), 1);
}
