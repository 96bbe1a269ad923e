//! Calls between colleagues, and calls that answer themselves.

use super::*;
use crate::{
    calls::Kept,
    switch::{Answer, Dial},
};
use seatline_contract::{
    contact::{Direction, OfferKind},
    party::{EditParty, PartyEnd, PartyRole, Reach, Target},
    queue::CallPolicy,
};

impl World {
    /// Agent 1 calls agent 2, whose desk rings; returns both lines and the contact.
    pub(super) async fn colleagues(&self) -> (PartyId, PartyId, ContactId) {
        self.present(2).await;
        self.present(1).await;
        for n in [1, 2] {
            let met = self.calls.snapshot_for(agent(n)).await;
            met.expect("runs");
        }
        let caller = self.call_colleague(2);
        let (who, offer) = self.offer(0).await;
        assert_eq!(who, agent(2));
        assert!(matches!(offer.kind, OfferKind::Colleague { .. }));
        assert_eq!(offer.contact.direction, Direction::Internal);
        let (called, _) = self.rung(0).await;
        (caller, called, offer.contact.id)
    }

    pub(super) fn call_colleague(&self, n: u128) -> PartyId {
        let party = self.switch.party();
        self.switch.raise(Event::Arrived {
            party,
            origin: Origin::Agent {
                user: line_user(agent(1)),
                dialled: PhoneNumber::new(format!("colleague-{}", agent(n))),
            },
        });
        party
    }
}

#[tokio::test]
async fn colleagues_talk_and_leave_nothing_to_write() {
    for by_caller in [true, false] {
        let world = World::new();
        let (caller, called, contact) = world.colleagues().await;
        assert_eq!(world.presence(1), Presence::Busy);
        assert_eq!(world.presence(2), Presence::Offered);
        world.switch.raise(Event::Ringing(called));
        world.told(&Told::Progress(caller)).await;
        world.told(&Told::Play(caller, Sound::Ringback)).await;
        world.switch.raise(Event::Answered(called));
        world.told(&Told::Answer(caller)).await;
        world.hears(caller, &[called]).await;
        world.hears(called, &[caller]).await;
        assert_eq!(world.presence(2), Presence::Busy);
        // Each sees the other.
        for (n, other) in [(1, 2), (2, 1)] {
            let name = world.inner().state.lock().name_of(agent(other));
            let seen = world.seen(n, contact).expect("is theirs");
            assert_eq!(seen.customer_name, Some(name));
            assert_eq!(seen.state, ContactState::Connected);
        }
        // There is nobody to leave behind.
        let inner = world.inner();
        assert!(inner.leave(agent(1), contact).is_err());
        assert!(inner.park(agent(1), contact).is_err());
        let gone = if by_caller { caller } else { called };
        let stays = if by_caller { called } else { caller };
        world.gone(gone, None);
        world.hung_up(stays).await;
        let stored = world.stored_in(ContactState::Closed).await;
        let by = if by_caller {
            EndedBy::Agent
        } else {
            EndedBy::Colleague
        };
        assert_eq!((stored.id, stored.ended_by), (contact, Some(by)));
        assert!(stored.connected.is_some());
        for n in [1, 2] {
            assert_ne!(world.presence(n), Presence::WrapUp);
            assert_ne!(world.presence(n), Presence::Busy);
        }
        assert!(inner.state.lock().live.is_empty());
        let legs = |centre: &SimulatedSurroundings| {
            let legs = centre.kept().into_iter().filter_map(|kept| match kept {
                Kept::Leg(leg) => Some((leg.role, leg.end == PartyEnd::HungUp)),
                Kept::Notes(_) | Kept::Act(_) => None,
            });
            let mut legs: Vec<_> = legs.collect();
            legs.sort_by_key(|(role, _)| *role == PartyRole::Colleague);
            let all = [
                (PartyRole::Agent, by_caller),
                (PartyRole::Colleague, !by_caller),
            ];
            (legs == all).then_some(())
        };
        within(world.centre.wait_for(legs)).await;
    }
}

#[tokio::test]
async fn a_colleague_who_does_not_come_is_told_to_the_caller() {
    for (end, code) in [
        (PartyEnd::Declined, 603),
        (PartyEnd::NoAnswer, 408),
        (PartyEnd::Unreachable, 480),
    ] {
        let world = World::new();
        let (caller, called, _) = world.colleagues().await;
        match end {
            PartyEnd::Declined => world.gone(called, Some(603)),
            PartyEnd::NoAnswer => world.advance(31),
            _ => world.switch.raise(Event::LineDown(line_user(agent(2)))),
        }
        assert_eq!(world.hung_up(caller).await.code, code, "{end:?}");
        world.stored_in(ContactState::Failed).await;
        assert_ne!(world.presence(1), Presence::Busy);
        // Who declines a colleague stays as they were.
        assert_ne!(world.presence(2), not_ready(DECLINED));
        assert_ne!(world.presence(2), not_ready(MISSED));
    }
    // The caller gives up.
    let world = World::new();
    let (caller, called, _) = world.colleagues().await;
    world.gone(caller, None);
    world.hung_up(called).await;
    let stored = world.stored_in(ContactState::Failed).await;
    assert_eq!(stored.ended_by, Some(EndedBy::Agent));
    // Nobody there, oneself, and somebody in a call.
    let caller = world.call_colleague(7);
    assert_eq!(world.hung_up(caller).await.code, 480);
    let caller = world.call_colleague(1);
    assert_eq!(world.hung_up(caller).await.code, 486);
    assert!(world.inner().state.lock().live.is_empty());
}

#[tokio::test]
async fn colleagues_hold_and_drop_each_other() {
    let world = World::new();
    let (caller, called, contact) = world.colleagues().await;
    world.switch.raise(Event::Answered(called));
    world.hears(caller, &[called]).await;
    world.switch.raise(Event::Held(caller));
    world.told(&Told::Play(called, Sound::Music)).await;
    world.switch.raise(Event::Resumed(caller));
    world.hears(called, &[caller]).await;
    // The one called may do the same.
    world.switch.raise(Event::Held(called));
    world
        .soon(|world| world.switch.heard_by(caller).is_empty())
        .await;
    world.switch.raise(Event::Resumed(called));
    world.hears(caller, &[called]).await;
    let inner = world.inner();
    let call = world.seen(1, contact).and_then(|seen| seen.call);
    let parties = call.expect("goes on").parties;
    let party = parties.iter().find(|party| party.agent == Some(agent(2)));
    let party = party.expect("is there").id;
    let muted = inner.edit_party(
        agent(1),
        contact,
        party,
        EditParty {
            held: None,
            muted: Some(true),
        },
    );
    muted.expect("is there");
    world.hears(caller, &[]).await;
    inner
        .drop_party(agent(1), contact, party)
        .expect("is there");
    world.hung_up(called).await;
    world.hung_up(caller).await;
}

/// How a desk was rung.
pub(super) fn answer_of(dial: &Dial) -> Option<Answer> {
    match dial {
        Dial::Agent { answer, .. } => *answer,
        Dial::Trunk { .. } => None,
    }
}

#[tokio::test]
async fn what_answers_itself_is_decided_for_queues_and_agents() {
    let queue = QueueId(Uuid::from_u128(9));
    for (queue_s, agent_s) in [(false, false), (true, false), (false, true)] {
        let world = World::new();
        {
            let mut state = world.inner().state.lock();
            let info = state.queues.get_mut(&queue).expect("is there");
            info.auto_answer = queue_s;
            let policy = CallPolicy {
                auto_answer: agent_s,
                call_waiting: false,
            };
            state.policies.insert(agent(1), policy);
        }
        world.ready(1).await;
        let customer = world.call();
        let (desk, dial) = world.rung(0).await;
        let itself = queue_s || agent_s;
        assert_eq!(answer_of(&dial), itself.then_some(Answer::Talk));
        world.switch.raise(Event::Answered(desk));
        world.told(&Told::Hear(customer, vec![desk])).await;
        let beep = |told: &Told| *told == Told::Beep(desk);
        assert_eq!(world.switch.told().iter().any(beep), itself);
        // What comes back to an agent waits for them.
        world.present(2).await;
        let contact = world.contact_in(ContactState::Connected).await.id;
        let inner = world.inner();
        inner.park(agent(1), contact).expect("parks");
        world.advance(121);
        let (_, dial) = world.rung(1).await;
        assert_eq!(answer_of(&dial), None);
    }
}

impl World {
    /// Agent 1 talks to a customer, and may be called meanwhile; agent 2 talks to another.
    async fn two_conversations(&self) -> (PartyId, PartyId, [ContactId; 2]) {
        let (first, desk, contact) = self.conversation().await;
        self.inner().set_policy(
            agent(1),
            CallPolicy {
                auto_answer: false,
                call_waiting: true,
            },
        );
        self.ready(2).await;
        self.call();
        let (who, offer) = self.offer(1).await;
        assert_eq!(who, agent(2));
        let (other, _) = self.rung(1).await;
        self.switch.raise(Event::Answered(other));
        self.soon(|world| world.presence(2) == Presence::Busy).await;
        (first, desk, [contact, offer.contact.id])
    }

    /// Waits until an agent is connected with a contact.
    pub(super) async fn talks(&self, n: u128, contact: ContactId) {
        self.soon(|world| {
            world
                .seen(n, contact)
                .is_some_and(|it| it.state == ContactState::Connected)
        })
        .await;
    }

    /// Agent 2 hands their customer to agent 1, at whose ear it knocks.
    async fn knock(&self, desk: PartyId, contact: ContactId) -> Offer {
        let reach = Reach {
            target: Target::Agent { agent: agent(1) },
            note: String::new(),
            ticket: None,
        };
        let sent = self.inner().transfer(agent(2), contact, reach).await;
        sent.expect("may knock");
        let (who, offer) = self.offer(2).await;
        assert_eq!((who, offer.contact.id), (agent(1), contact));
        self.told(&Told::Beep(desk)).await;
        offer
    }
}

#[tokio::test]
async fn what_knocks_is_taken_and_the_first_customer_comes_back() {
    let world = World::new();
    let (first, desk, [contact, second]) = world.two_conversations().await;
    let offer = world.knock(desk, second).await;
    assert_eq!(world.presence(1), Presence::Busy);
    let inner = world.inner();
    assert!(inner.take(agent(2), offer.id).is_err(), "it is not theirs");
    inner.take(agent(1), offer.id).expect("knocks");
    world.hung_up(desk).await;
    world.told(&Told::Play(first, Sound::Music)).await;
    let (line, dial) = world.rung(2).await;
    assert_eq!(answer_of(&dial), Some(Answer::Talk));
    world.switch.raise(Event::Answered(line));
    world.talks(1, second).await;
    // The first comes back as soon as the second is over, notes or not.
    inner.hang_up(agent(1), second, false).expect("is theirs");
    let (who, offer) = world.offer(3).await;
    assert_eq!((who, offer.contact.id), (agent(1), contact));
    assert!(matches!(offer.kind, OfferKind::Returned { .. }));
    let (line, _) = world.rung(3).await;
    world.switch.raise(Event::Answered(line));
    world.hears(first, &[line]).await;
}

#[tokio::test]
async fn what_knocks_rings_when_the_conversation_ends_or_goes_back() {
    let world = World::new();
    let (first, desk, [_, second]) = world.two_conversations().await;
    world.knock(desk, second).await;
    // Only one may knock.
    let third = world.call_colleague(2);
    assert_eq!(world.hung_up(third).await.code, 486);
    world.gone(first, None);
    let (line, dial) = world.rung(2).await;
    assert_eq!(answer_of(&dial), None);
    world.switch.raise(Event::Answered(line));
    world.talks(1, second).await;

    // Declined, it goes back to who handed it over.
    let world = World::new();
    let (first, desk, [contact, second]) = world.two_conversations().await;
    let offer = world.knock(desk, second).await;
    world.inner().decline(agent(1), offer.id).expect("knocks");
    let (who, offer) = world.offer(3).await;
    assert_eq!((who, offer.contact.id), (agent(2), second));
    world.hears(first, &[desk]).await;
    let mine = world.seen(1, contact).expect("goes on");
    assert_eq!(mine.state, ContactState::Connected);
    // Without the policy nobody knocks.
    world.inner().set_policy(agent(1), CallPolicy::default());
    let (line, _) = world.rung(2).await;
    world.switch.raise(Event::Answered(line));
    world
        .soon(|world| world.presence(2) == Presence::Busy)
        .await;
    let reach = Reach {
        target: Target::Agent { agent: agent(1) },
        note: String::new(),
        ticket: None,
    };
    let sent = world.inner().transfer(agent(2), second, reach).await;
    assert!(sent.is_err());
}
