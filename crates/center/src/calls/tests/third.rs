//! A third one in a call between colleagues: asked, joined, left with, listening in.

use super::{
    colleague::answer_of,
    control::{to_agent, to_number},
    watch::supervisor,
    *,
};
use crate::switch::Answer;
use seatline_contract::{
    contact::OfferKind,
    party::{CompleteTransfer, PartyEnd},
    supervision::WatchMode,
};

impl World {
    /// Agents 1 and 2 talk, and agent 3 can be called.
    async fn two_colleagues(&self) -> (PartyId, PartyId, ContactId) {
        let (caller, called, contact) = self.colleagues().await;
        self.switch.raise(Event::Answered(called));
        self.hears(caller, &[called]).await;
        self.talks(1, contact).await;
        self.present(3).await;
        let met = self.calls.snapshot_for(agent(3)).await;
        met.expect("runs");
        (caller, called, contact)
    }

    fn name(&self, n: u128) -> String {
        self.inner().state.lock().name_of(agent(n))
    }

    /// Waits until there are no calls any more.
    async fn nothing_live(&self) {
        self.soon(|world| world.inner().state.lock().live.is_empty())
            .await;
    }
}

const COMPLETED: CompleteTransfer = CompleteTransfer {
    note: None,
    ticket: None,
};

#[tokio::test]
async fn either_of_two_colleagues_asks_a_third_and_merges_or_leaves() {
    for asks in [1, 2] {
        let world = World::new();
        let (caller, called, contact) = world.two_colleagues().await;
        let (own, other) = if asks == 1 {
            (caller, called)
        } else {
            (called, caller)
        };
        let inner = world.inner();
        let asked = inner.consult(agent(asks), contact, to_agent(3)).await;
        asked.expect("may");
        let (who, offer) = world.offer(1).await;
        assert_eq!(who, agent(3));
        let from_name = world.name(asks);
        assert_eq!(offer.kind, OfferKind::Consult { from_name });
        let third = world.answers(1).await;
        world.hears(own, &[third]).await;
        world.told(&Told::Play(other, Sound::Music)).await;
        assert!(world.switch.heard_by(other).is_empty());

        inner.swap(agent(asks), contact).expect("two lines");
        world.hears(own, &[other]).await;
        world.hears(third, &[]).await;
        inner.merge(agent(asks), contact).expect("two lines");
        world
            .soon(|world| world.switch.heard_by(own).len() == 2)
            .await;
        world
            .soon(|world| world.switch.heard_by(third).len() == 2)
            .await;

        // Who leaves has nothing to write, and the two talk on, each seeing the other.
        inner.leave(agent(asks), contact).expect("others go on");
        world.hung_up(own).await;
        world.hears(other, &[third]).await;
        world.hears(third, &[other]).await;
        world
            .soon(|world| world.presence(asks) != Presence::Busy)
            .await;
        assert_ne!(world.presence(asks), Presence::WrapUp);
        let left = 3 - asks;
        for (n, at_the_other_end) in [(left, 3), (3, left)] {
            let seen = world.seen(n, contact).expect("is theirs");
            assert_eq!(seen.customer_name, Some(world.name(at_the_other_end)));
        }
        world.gone(third, None);
        world.hung_up(other).await;
        world.nothing_live().await;
    }
}

#[tokio::test]
async fn a_colleague_is_handed_to_another_or_outside_without_a_word() {
    let world = World::new();
    let (caller, called, contact) = world.two_colleagues().await;
    let inner = world.inner();
    // The one called hands the caller on.
    let sent = inner.transfer(agent(2), contact, to_agent(3)).await;
    sent.expect("may");
    world.hung_up(called).await;
    world
        .soon(|world| world.presence(2) != Presence::Busy)
        .await;
    let (who, offer) = world.offer(1).await;
    assert_eq!(who, agent(3));
    let from_name = world.name(2);
    assert_eq!(offer.kind, OfferKind::Transfer { from_name });
    world.told(&Told::Play(caller, Sound::Ringback)).await;
    let third = world.answers(1).await;
    world.hears(caller, &[third]).await;
    world.hears(third, &[caller]).await;

    // And the third lets the caller talk to somebody outside.
    let sent = inner.transfer(agent(3), contact, to_number("10086")).await;
    sent.expect("may");
    world.hung_up(third).await;
    let outside = world.answers(2).await;
    world.hears(caller, &[outside]).await;
    world.hears(outside, &[caller]).await;
    world.gone(caller, None);
    world.hung_up(outside).await;
    world.nothing_live().await;
}

#[tokio::test]
async fn who_is_not_taken_goes_back_to_who_handed_them_over() {
    let world = World::new();
    let (caller, called, contact) = world.two_colleagues().await;
    let inner = world.inner();
    let sent = inner.transfer(agent(1), contact, to_agent(3)).await;
    sent.expect("may");
    world.hung_up(caller).await;
    let (third, _) = world.rung(1).await;
    world.gone(third, Some(603));
    let (who, offer) = world.offer(2).await;
    assert_eq!((who, offer.contact.id), (agent(1), contact));
    let back = world.answers(2).await;
    world.hears(called, &[back]).await;
    world.hears(back, &[called]).await;

    // Once more, and now nobody is there.
    let sent = inner.transfer(agent(1), contact, to_agent(3)).await;
    sent.expect("may");
    let (third, _) = world.rung(3).await;
    world.switch.raise(Event::LineDown(line_user(agent(1))));
    world.gone(third, Some(486));
    world.hung_up(called).await;
    world.nothing_live().await;
}

#[tokio::test]
async fn a_conference_of_colleagues_goes_on_whoever_drops_off() {
    // Who is asked, who asks in the middle of it, and who waits meanwhile.
    for gone in 0..3 {
        let world = World::new();
        let (caller, called, contact) = world.two_colleagues().await;
        let inner = world.inner();
        let asked = inner.consult(agent(1), contact, to_agent(3)).await;
        asked.expect("may");
        let third = world.answers(1).await;
        world.hears(caller, &[third]).await;
        let lines = [third, caller, called];
        world.gone(lines[gone], None);
        let rest: Vec<PartyId> = lines
            .iter()
            .copied()
            .filter(|l| *l != lines[gone])
            .collect();
        world.hears(rest[0], &[rest[1]]).await;
        world.hears(rest[1], &[rest[0]]).await;
        world.gone(rest[0], None);
        world.hung_up(rest[1]).await;
        world.nothing_live().await;
    }
}

#[tokio::test]
async fn left_before_the_third_has_answered_the_other_waits_for_them() {
    let world = World::new();
    let (caller, called, contact) = world.two_colleagues().await;
    let inner = world.inner();
    let asked = inner.consult(agent(1), contact, to_agent(3)).await;
    asked.expect("may");
    let (third, dial) = world.rung(1).await;
    assert_eq!(answer_of(&dial), None);
    let completed = inner.complete(agent(1), contact, COMPLETED);
    completed.expect("somebody is reached");
    world.hung_up(caller).await;
    world.told(&Told::Play(called, Sound::Ringback)).await;
    world.switch.raise(Event::Answered(third));
    world.hears(called, &[third]).await;
    world.hears(third, &[called]).await;
}

#[tokio::test]
async fn a_supervisor_listens_to_colleagues_in_every_mode() {
    let world = World::new();
    let (caller, called, contact) = world.two_colleagues().await;
    let inner = world.inner();
    let line = world.join(3, 1, contact, WatchMode::Monitor).await;
    world
        .soon(|world| world.switch.heard_by(line).len() == 2)
        .await;
    world.hears(caller, &[called]).await;
    world.hears(called, &[caller]).await;
    for (mode, heard_by_called) in [(WatchMode::Coach, false), (WatchMode::Barge, true)] {
        inner.watch(&supervisor(3), contact, mode).expect("may");
        world
            .soon(|world| world.switch.heard_by(caller).contains(&line))
            .await;
        world
            .soon(|world| world.switch.heard_by(called).contains(&line) == heard_by_called)
            .await;
    }
    inner.take_over(&supervisor(3), contact).expect("may");
    world.hung_up(caller).await;
    world.hears(called, &[line]).await;
    world.hears(line, &[called]).await;
    assert_ne!(world.presence(1), Presence::WrapUp);
    let gone = |change: &Change| match change {
        Change::PartyGone { end, .. } => Some(*end),
        _ => None,
    };
    assert_eq!(world.change(gone).await, PartyEnd::Transferred);
    world.gone(called, None);
    world.hung_up(line).await;
    world.nothing_live().await;
}

#[tokio::test]
async fn the_one_of_two_colleagues_whom_a_supervisor_may_steer_is_coached() {
    let world = World::new();
    let (caller, called, contact) = world.two_colleagues().await;
    world.centre.forbid_steering(agent(1));
    let line = world.join(3, 1, contact, WatchMode::Coach).await;
    world
        .soon(|world| world.switch.heard_by(called).contains(&line))
        .await;
    world.hears(caller, &[called]).await;
    assert_eq!(Some(Answer::Talk), answer_of(&world.rung(1).await.1));
}
