//! Consultations, conferences, transfers, parking.

use super::*;
use crate::{acd::DECLINED, calls::Kept};
use seatline_contract::{
    contact::OfferKind,
    id::PartyId as Party,
    party::{CompleteTransfer, EditParty, PartyEnd, PartyRole, PartyState, Reach, Target},
};

impl World {
    /// An agent who can be called but takes nothing from queues.
    pub(super) async fn present(&self, n: u128) {
        self.calls.desk_online(agent(n));
        self.switch.raise(Event::LineUp(line_user(agent(n))));
        self.soon(|world| world.inner().state.lock().acd.has_line(agent(n)))
            .await;
    }

    /// Waits until something holds.
    pub(super) async fn soon(&self, holds: impl Fn(&Self) -> bool) {
        within(async {
            while !holds(self) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
    }

    /// Agent 1 asks somebody outside, who answers as the centre's `nth` call out and is heard.
    async fn consults_outside(&self, desk: PartyId, contact: ContactId, nth: usize) -> PartyId {
        let asked = self.inner().consult(agent(1), contact, to_number("10086"));
        asked.await.expect("can be dialled");
        let line = self.answers(nth).await;
        self.hears(line, &[desk]).await;
        line
    }

    pub(super) async fn hears(&self, listener: PartyId, speakers: &[PartyId]) {
        self.soon(|world| world.switch.heard_by(listener) == speakers)
            .await;
    }

    /// The nth time a far side was dialled, answered at once.
    pub(super) async fn answers(&self, n: usize) -> PartyId {
        let (line, _) = self.rung(n).await;
        self.switch.raise(Event::Answered(line));
        line
    }

    pub(super) fn seen(&self, n: u128, contact: ContactId) -> Option<Contact> {
        let inner = self.inner();
        inner.view_for(&inner.state.lock(), contact, agent(n))
    }

    fn party(&self, contact: ContactId, role: PartyRole) -> Option<(Party, PartyState)> {
        let call = self.seen(1, contact)?.call?;
        let party = call.parties.iter().find(|party| party.role == role)?;
        Some((party.id, party.state))
    }

    async fn gone_because(&self, end: PartyEnd) {
        self.change(|change| match change {
            Change::PartyGone { end: told, .. } if *told == end => Some(()),
            _ => None,
        })
        .await;
    }
}

pub(super) fn to_agent(n: u128) -> Reach {
    reach(Target::Agent { agent: agent(n) })
}

pub(super) fn to_number(number: &str) -> Reach {
    let number = PhoneNumber::new(number);
    reach(Target::Number { number })
}

fn reach(target: Target) -> Reach {
    Reach {
        target,
        note: "要换货".to_owned(),
        ticket: None,
    }
}

fn code<T: std::fmt::Debug>(refused: Result<T, crate::http::ApiFailure>) -> Code {
    refused.expect_err("is refused").error().code
}

#[tokio::test]
async fn a_colleague_is_asked_and_left_with_the_customer() {
    let world = World::new();
    let (customer, desk, contact) = world.conversation().await;
    let inner = world.inner().clone();
    let early = inner.wrap_up(agent(1), contact, notes(None, false)).await;
    early.expect("kept");
    // Nobody there, oneself, and a stranger's call.
    for (who, target, refusal) in [
        (1, 2, Code::ColleagueUnavailable),
        (1, 1, Code::ColleagueUnavailable),
        (2, 1, Code::NotFound),
    ] {
        let refused = inner.consult(agent(who), contact, to_agent(target)).await;
        assert_eq!(code(refused), refusal);
    }
    world.hears(customer, &[desk]).await;

    world.present(2).await;
    let asked = inner.consult(agent(1), contact, to_agent(2)).await;
    asked.expect("is there");
    world.told(&Told::Play(customer, Sound::Music)).await;
    world.told(&Told::Play(desk, Sound::Ringback)).await;
    let (who, offer) = world.offer(1).await;
    assert_eq!(who, agent(2));
    assert!(matches!(offer.kind, OfferKind::Consult { .. }));
    let briefing = offer.contact.call.and_then(|call| call.hand_over);
    assert_eq!(briefing.expect("is there").note, "要换货");
    assert_eq!(code(inner.swap(agent(1), contact)), Code::Conflict);
    let second = inner.consult(agent(1), contact, to_number("10086")).await;
    assert_eq!(code(second), Code::Conflict);

    let colleague = world.answers(1).await;
    world.hears(desk, &[colleague]).await;
    world.hears(customer, &[]).await;
    assert_eq!(world.presence(2), Presence::Busy);
    inner.swap(agent(1), contact).expect("there are two");
    world.hears(desk, &[customer]).await;
    world.hears(colleague, &[]).await;
    inner.swap(agent(1), contact).expect("there are two");
    world.hears(colleague, &[desk]).await;

    let completion = CompleteTransfer::default();
    inner.complete(agent(1), contact, completion).expect("goes");
    world.hung_up(desk).await;
    world.hears(customer, &[colleague]).await;
    world.hears(colleague, &[customer]).await;
    assert_eq!(world.presence(1), Presence::WrapUp);
    let former = world.seen(1, contact).expect("in wrap-up");
    assert_eq!(former.state, ContactState::WrapUp);
    assert_eq!((former.note.as_str(), former.call), ("换货", None));
    let theirs = world.seen(2, contact).expect("is theirs");
    assert_eq!(theirs.state, ContactState::Connected);
    assert_eq!((theirs.agent, theirs.note.as_str()), (Some(agent(2)), ""));
    let handed = theirs.call.and_then(|call| call.hand_over);
    assert_eq!(handed.map(|handed| handed.from), Some(agent(1)));

    // Each writes notes of their own, in any order.
    let done = inner
        .wrap_up(agent(1), contact, notes(Some("callback"), true))
        .await;
    done.expect("saved");
    assert_eq!(world.presence(1), Presence::Ready);
    // Whoever is done adds something; it would be theirs again if they got the contact back.
    let late = inner
        .wrap_up(agent(1), contact, notes(Some("late"), true))
        .await;
    assert!(late.expect("kept").is_none());
    let added = inner.state.lock().live[&contact].notes[&agent(1)].clone();
    assert_eq!(added.disposition.as_deref(), Some("late"));
    world.gone(customer, None);
    world
        .soon(|world| world.presence(2) == Presence::WrapUp)
        .await;
    let done = inner
        .wrap_up(agent(2), contact, notes(Some("resolved"), true))
        .await;
    done.expect("saved");
    let stored = world.stored_in(ContactState::Closed).await;
    assert_eq!(stored.agent, Some(agent(2)));
    assert_eq!(stored.disposition.as_deref(), Some("resolved"));
    assert!(inner.state.lock().live.is_empty());
    // Every leg is kept, and the notes of who handed over.
    let kept = |centre: &SimulatedSurroundings| {
        let kept = centre.kept();
        let mut ends = Vec::new();
        let mut former = None;
        for kept in kept {
            match kept {
                Kept::Leg(leg) => ends.push((leg.role, leg.end, leg.note)),
                Kept::Notes(notes) => former = Some((notes.agent, notes.disposition)),
                Kept::Act(_) => {}
            }
        }
        let note = "要换货".to_owned();
        let all = [
            (PartyRole::Agent, PartyEnd::Transferred, note),
            (PartyRole::Customer, PartyEnd::HungUp, String::new()),
            (PartyRole::Agent, PartyEnd::Dropped, String::new()),
        ];
        let late = Some((agent(1), Some("late".to_owned())));
        (ends == all && former == late).then_some(())
    };
    within(world.centre.wait_for(kept)).await;
}

#[tokio::test]
async fn whatever_becomes_of_a_consultation_the_customer_comes_back() {
    let ends = [
        PartyEnd::Declined,
        PartyEnd::NoAnswer,
        PartyEnd::Unreachable,
        PartyEnd::Dropped,
        PartyEnd::HungUp,
    ];
    for end in ends {
        let world = World::new();
        let (customer, desk, contact) = world.conversation().await;
        world.present(2).await;
        let inner = world.inner();
        let asked = inner.consult(agent(1), contact, to_agent(2)).await;
        asked.expect("is there");
        let (line, _) = world.rung(1).await;
        match end {
            PartyEnd::Declined => world.gone(line, Some(603)),
            PartyEnd::NoAnswer => world.advance(31),
            PartyEnd::Unreachable => world.switch.raise(Event::LineDown(line_user(agent(2)))),
            PartyEnd::Dropped => {
                let (party, _) = world.party(contact, PartyRole::Colleague).expect("rings");
                inner.drop_party(agent(1), contact, party).expect("rings");
                world.hung_up(line).await;
            }
            _ => {
                world.switch.raise(Event::Answered(line));
                world.hears(line, &[desk]).await;
                world.gone(line, None);
            }
        }
        world.hears(customer, &[desk]).await;
        world.gone_because(end).await;
        world
            .soon(|world| world.presence(2) != Presence::Busy)
            .await;
        assert_eq!(world.presence(1), Presence::Busy);
        let parties = world.seen(1, contact).and_then(|seen| seen.call);
        assert_eq!(parties.expect("goes on").parties.len(), 2, "{end:?}");
    }
    for (status, end) in [
        (Some(486), PartyEnd::Busy),
        (Some(404), PartyEnd::Unreachable),
        (None, PartyEnd::NoAnswer),
    ] {
        let world = World::new();
        let (customer, desk, contact) = world.conversation().await;
        let inner = world.inner();
        let asked = inner.consult(agent(1), contact, to_number("10086")).await;
        asked.expect("can be dialled");
        let (line, _) = world.rung(1).await;
        world.hears(customer, &[]).await;
        match status {
            Some(_) => world.gone(line, status),
            None => world.advance(31),
        }
        world.hears(customer, &[desk]).await;
        world.gone_because(end).await;
    }
    // One who hangs up while the agent is with the customer changes nothing there.
    let world = World::new();
    let (_, desk, contact) = world.conversation().await;
    let inner = world.inner();
    let line = world.consults_outside(desk, contact, 1).await;
    inner.swap(agent(1), contact).expect("there are two");
    let (party, _) = world.party(contact, PartyRole::Customer).expect("is there");
    let hold = EditParty {
        held: Some(true),
        muted: None,
    };
    let held = inner.edit_party(agent(1), contact, party, hold);
    held.expect("is connected");
    world.gone(line, None);
    world.gone_because(PartyEnd::HungUp).await;
    let state = world
        .party(contact, PartyRole::Customer)
        .map(|(_, state)| state);
    assert_eq!(state, Some(PartyState::Held));
}

#[tokio::test]
async fn a_conference_goes_on_without_who_leaves_it() {
    let world = World::new();
    let (customer, desk, contact) = world.conversation().await;
    world.present(2).await;
    let inner = world.inner();
    let asked = inner.consult(agent(1), contact, to_agent(2)).await;
    asked.expect("is there");
    let colleague = world.answers(1).await;
    world.hears(colleague, &[desk]).await;
    inner.merge(agent(1), contact).expect("has answered");
    world.hears(customer, &[desk, colleague]).await;
    let asked = inner.consult(agent(1), contact, to_number("10086")).await;
    asked.expect("can be dialled");
    world.hears(customer, &[]).await;
    let outside = world.answers(2).await;
    world.hears(outside, &[desk]).await;
    inner.merge(agent(1), contact).expect("has answered");
    world.hears(customer, &[desk, colleague, outside]).await;

    let (party, _) = world.party(contact, PartyRole::Outside).expect("is there");
    let mute = EditParty {
        held: None,
        muted: Some(true),
    };
    let muted = inner.edit_party(agent(1), contact, party, mute);
    muted.expect("is there");
    world.hears(customer, &[desk, colleague]).await;
    // The agent's desk holds: the others talk on.
    world.switch.raise(Event::Held(desk));
    world.hears(customer, &[colleague]).await;
    world.switch.raise(Event::Resumed(desk));
    world.hears(customer, &[desk, colleague]).await;

    // The agent's line fails: the colleague is the agent.
    world.switch.raise(Event::Ended {
        party: desk,
        by_far_side: false,
        code: None,
        reason: "media failed".to_owned(),
    });
    world.hears(customer, &[colleague]).await;
    world.gone_because(PartyEnd::Lost).await;
    assert_eq!(world.presence(1), Presence::WrapUp);
    let theirs = world.seen(2, contact).expect("is theirs");
    assert_eq!(theirs.agent, Some(agent(2)));
    // With somebody outside only: the customer stays with them, and no agent is busy.
    inner.leave(agent(2), contact).expect("somebody is there");
    world.hung_up(colleague).await;
    assert_eq!(world.presence(2), Presence::WrapUp);
    world.hears(outside, &[customer]).await;
    world.gone(outside, None);
    world.hung_up(customer).await;
    let stored = world.stored_in(ContactState::Closed).await;
    assert_eq!((stored.id, stored.agent), (contact, Some(agent(2))));
}

#[tokio::test]
async fn a_conference_has_eight_parties_at_most() {
    let world = World::new();
    let (_, desk, contact) = world.conversation().await;
    let inner = world.inner();
    for n in 1..=6 {
        world.consults_outside(desk, contact, n).await;
        inner.merge(agent(1), contact).expect("has answered");
    }
    let full = inner.consult(agent(1), contact, to_number("10086")).await;
    assert_eq!(code(full), Code::ConferenceFull);
}

#[tokio::test]
async fn a_transfer_nobody_takes_comes_back() {
    for end in [
        PartyEnd::Declined,
        PartyEnd::NoAnswer,
        PartyEnd::Unreachable,
    ] {
        let world = World::new();
        let (customer, desk, contact) = world.conversation().await;
        world.present(2).await;
        let inner = world.inner();
        let sent = inner.transfer(agent(1), contact, to_agent(2)).await;
        sent.expect("is there");
        world.hung_up(desk).await;
        world.told(&Told::Play(customer, Sound::Music)).await;
        assert_eq!(world.presence(1), Presence::WrapUp);
        let (who, offer) = world.offer(1).await;
        assert_eq!(who, agent(2));
        assert!(matches!(offer.kind, OfferKind::Transfer { .. }));
        let (line, _) = world.rung(1).await;
        match end {
            PartyEnd::Declined => world.gone(line, Some(603)),
            PartyEnd::NoAnswer => world.advance(31),
            _ => world.switch.raise(Event::LineDown(line_user(agent(2)))),
        }
        let (who, offer) = world.offer(2).await;
        assert_eq!(who, agent(1));
        let OfferKind::Returned { why, .. } = offer.kind else {
            panic!("{:?}", offer.kind);
        };
        assert_eq!(why, end);
        // Who declines in person stays as they were.
        assert_ne!(world.presence(2), not_ready(DECLINED));
        let back = world.answers(2).await;
        world.hears(customer, &[back]).await;
        let mine = world.seen(1, contact).expect("is mine again");
        assert_eq!(mine.state, ContactState::Connected);
        assert_eq!(world.presence(1), Presence::Busy);
    }
}

#[tokio::test]
async fn a_transfer_that_can_not_come_back_goes_to_the_queue() {
    let world = World::new();
    let (customer, _, contact) = world.conversation().await;
    world.present(2).await;
    let inner = world.inner();
    let sent = inner.transfer(agent(1), contact, to_agent(2)).await;
    sent.expect("is there");
    let (line, _) = world.rung(1).await;
    world.calls.signed_out(agent(1));
    world.gone(line, Some(486));
    world.stored_in(ContactState::Queued).await;
    world.present(2).await;
    let chosen = inner.choose(agent(2), PresenceChoice::Ready);
    chosen.expect("has a line");
    let (who, offer) = world.offer(2).await;
    assert_eq!((who, offer.kind), (agent(2), OfferKind::Queue));
    let line = world.answers(2).await;
    world.hears(customer, &[line]).await;
    // A customer who hangs up while waiting for the third is with nobody: the contact is closed.
    let sent = inner.transfer(agent(2), contact, to_agent(1)).await;
    assert_eq!(code(sent), Code::ColleagueUnavailable);
    world.present(1).await;
    let sent = inner.transfer(agent(2), contact, to_agent(1)).await;
    sent.expect("is there");
    world.rung(3).await;
    world.gone(customer, None);
    let stored = world.stored_in(ContactState::Closed).await;
    assert_eq!(stored.ended_by, Some(EndedBy::Customer));
    assert_eq!(stored.agent, Some(agent(2)));
}

#[tokio::test]
async fn a_queue_takes_over_with_the_hand_over() {
    let world = World::new();
    let (customer, _, contact) = world.conversation().await;
    world.ready(2).await;
    let inner = world.inner();
    let queue = QueueId(Uuid::from_u128(9));
    let nowhere = reach(Target::Queue {
        queue: QueueId(Uuid::from_u128(10)),
    });
    let sent = inner.transfer(agent(1), contact, nowhere).await;
    assert_eq!(code(sent), Code::NotFound);
    let sent = inner
        .transfer(agent(1), contact, reach(Target::Queue { queue }))
        .await;
    sent.expect("there is one");
    let (who, offer) = world.offer(1).await;
    assert_eq!(who, agent(2));
    let handed = offer.contact.call.and_then(|call| call.hand_over);
    assert_eq!(handed.expect("is there").note, "要换货");
    let line = world.answers(1).await;
    world.hears(customer, &[line]).await;

    // A consultation with whoever serves the queue: nobody is free until one is.
    let asked = inner
        .consult(agent(2), contact, reach(Target::Queue { queue }))
        .await;
    asked.expect("there is one");
    world.hears(customer, &[]).await;
    let done = inner
        .wrap_up(agent(1), contact, notes(Some("callback"), true))
        .await;
    done.expect("saved");
    let (who, _) = world.offer(2).await;
    assert_eq!(who, agent(1));
    let (first, _) = world.rung(2).await;
    world.gone(first, Some(603));
    world
        .soon(|world| world.presence(1) == not_ready(DECLINED))
        .await;
    let chosen = inner.choose(agent(1), PresenceChoice::Ready);
    chosen.expect("has a line");
    let second = world.answers(3).await;
    world.hears(second, &[line]).await;
    world.hears(customer, &[]).await;
}

#[tokio::test]
async fn somebody_outside_takes_the_customer_or_gives_them_back() {
    let world = World::new();
    let (customer, desk, contact) = world.conversation().await;
    let inner = world.inner();
    let sent = inner
        .transfer(agent(1), contact, to_number("no-number"))
        .await;
    assert_eq!(code(sent), Code::UnplayableNumber);
    let sent = inner.transfer(agent(1), contact, to_number("10086")).await;
    sent.expect("can be dialled");
    world.hung_up(desk).await;
    let (outside, _) = world.rung(1).await;
    world.advance(31);
    world.hung_up(outside).await;
    let (who, offer) = world.offer(1).await;
    let back = OfferKind::Returned {
        target_name: "10086".to_owned(),
        why: PartyEnd::NoAnswer,
    };
    assert_eq!((who, offer.kind), (agent(1), back));
    let desk = world.answers(2).await;
    world.hears(customer, &[desk]).await;
    let sent = inner.transfer(agent(1), contact, to_number("10086")).await;
    sent.expect("can be dialled");
    let outside = world.answers(3).await;
    world.hears(customer, &[outside]).await;
    world.hears(outside, &[customer]).await;
    world.gone(customer, None);
    world.hung_up(outside).await;
    let stored = world.stored_in(ContactState::Closed).await;
    assert_eq!((stored.id, stored.agent), (contact, Some(agent(1))));
    assert_eq!(world.presence(1), Presence::WrapUp);
}

#[tokio::test]
async fn a_parked_customer_is_picked_up_or_goes_back() {
    let world = World::new();
    let (customer, desk, contact) = world.conversation().await;
    world.present(2).await;
    let inner = world.inner();
    assert_eq!(inner.park(agent(1), contact).expect("parks"), 701);
    world.hung_up(desk).await;
    world.told(&Told::Play(customer, Sound::Music)).await;
    let view = world.calls.snapshot_for(agent(2)).await.expect("runs");
    assert_eq!(view.parked.len(), 1);
    assert_eq!(
        (view.parked[0].slot, view.parked[0].contact),
        (701, contact)
    );
    assert_eq!(code(inner.pick_up(agent(2), 702).await), Code::NotFound);
    inner.pick_up(agent(2), 701).await.expect("is there");
    assert_eq!(code(inner.pick_up(agent(1), 701).await), Code::NotFound);
    let (line, dial) = world.rung(1).await;
    assert!(matches!(
        dial,
        Dial::Agent {
            answer: Some(crate::switch::Answer::Talk),
            ..
        }
    ));
    // The desk can not be reached: still parked, in the same place.
    world.gone(line, Some(480));
    world
        .soon(|world| {
            !inner
                .parked(&world.inner().state.lock(), agent(2))
                .is_empty()
        })
        .await;
    inner.pick_up(agent(2), 701).await.expect("is there");
    let line = world.answers(2).await;
    world.hears(customer, &[line]).await;
    let view = world.calls.snapshot_for(agent(2)).await.expect("runs");
    assert!(view.parked.is_empty());

    inner.park(agent(2), contact).expect("parks");
    world.advance(121);
    let (who, offer) = world.offer(3).await;
    let back = OfferKind::Returned {
        target_name: "701".to_owned(),
        why: PartyEnd::NoAnswer,
    };
    assert_eq!((who, offer.kind), (agent(2), back));
    inner.decline(agent(2), offer.id).expect("rings");
    world.stored_in(ContactState::Queued).await;
}

#[tokio::test]
async fn who_leaves_while_it_rings_leaves_the_customer_to_whom_it_rings_at() {
    for (hangs_up, answered) in [(false, true), (true, true), (true, false)] {
        let world = World::new();
        let (customer, desk, contact) = world.conversation().await;
        world.present(2).await;
        let inner = world.inner();
        let asked = inner.consult(agent(1), contact, to_agent(2)).await;
        asked.expect("is there");
        let (line, _) = world.rung(1).await;
        match hangs_up {
            true => world.gone(desk, None),
            false => {
                let completion = CompleteTransfer {
                    note: Some("急".to_owned()),
                    ticket: None,
                };
                inner.complete(agent(1), contact, completion).expect("goes");
                world.hung_up(desk).await;
            }
        }
        let told = world.change(|change| match change {
            Change::Offered { offer } => match offer.kind {
                OfferKind::Transfer { .. } => Some(offer.clone()),
                _ => None,
            },
            _ => None,
        });
        let told = told.await;
        let handed = told.contact.call.and_then(|call| call.hand_over);
        let note = if hangs_up { "要换货" } else { "急" };
        assert_eq!(handed.expect("is there").note, note);
        assert_eq!(world.presence(1), Presence::WrapUp);
        if answered {
            world.switch.raise(Event::Answered(line));
            world.hears(customer, &[line]).await;
            let theirs = world.seen(2, contact).expect("is theirs");
            assert_eq!(
                (theirs.agent, theirs.state),
                (Some(agent(2)), ContactState::Connected)
            );
            continue;
        }
        world.gone(line, Some(603));
        let back = world.change(|change| match change {
            Change::Offered { offer } => match offer.kind {
                OfferKind::Returned { why, .. } => Some(why),
                _ => None,
            },
            _ => None,
        });
        assert_eq!(back.await, PartyEnd::Declined);
    }
    // One sought in a queue is sought on, for the customer.
    let world = World::new();
    let (_, _, contact) = world.conversation().await;
    let inner = world.inner();
    let queue = QueueId(Uuid::from_u128(9));
    let asked = inner
        .consult(agent(1), contact, reach(Target::Queue { queue }))
        .await;
    asked.expect("there is one");
    inner.leave(agent(1), contact).expect("they are sought");
    world.stored_in(ContactState::Queued).await;
    assert_eq!(world.presence(1), Presence::WrapUp);
    world.ready(2).await;
    let (who, offer) = world.offer(1).await;
    assert_eq!((who, offer.kind), (agent(2), OfferKind::Queue));
}

#[tokio::test]
async fn a_network_that_fails_ends_nobody_else_s_conversation() {
    let world = World::new();
    let (customer, desk, contact) = world.conversation().await;
    let inner = world.inner();
    let outside = world.consults_outside(desk, contact, 1).await;
    // A second one rings when the agent is lost.
    inner.merge(agent(1), contact).expect("has answered");
    let asked = inner.consult(agent(1), contact, to_number("10010")).await;
    asked.expect("can be dialled");
    let (second, _) = world.rung(2).await;
    world.switch.raise(Event::Ended {
        party: desk,
        by_far_side: false,
        code: None,
        reason: "media failed".to_owned(),
    });
    world.hears(customer, &[outside]).await;
    assert_eq!(world.presence(1), Presence::WrapUp);
    world.gone(second, Some(486));
    let busy = |centre: &SimulatedSurroundings| {
        let mut kept = centre.kept().into_iter();
        let busy = |kept: Kept| matches!(kept, Kept::Leg(leg) if leg.end == PartyEnd::Busy);
        kept.any(busy).then_some(())
    };
    within(world.centre.wait_for(busy)).await;
    world.hears(customer, &[outside]).await;
    world.gone(customer, None);
    world.hung_up(outside).await;
}
