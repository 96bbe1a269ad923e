//! Supervisors in agents' calls.

use super::*;
use crate::{calls::Kept, switch::Answer};
use seatline_contract::{
    identity::{Person, Role},
    party::{PartyEnd, Reach, Target},
    supervision::{WatchMode, Watching},
};

pub(super) fn supervisor(n: u128) -> Person {
    Person {
        id: agent(n),
        login: format!("supervisor-{n}"),
        name: "何静".to_owned(),
        role: Role::Supervisor,
    }
}

impl World {
    pub(super) async fn watching(&self, n: u128, wanted: impl Fn(&Option<Watching>) -> bool) {
        self.soon(|world| {
            let inner = world.inner();
            wanted(&inner.watching(&inner.state.lock(), agent(n)))
        })
        .await;
    }

    /// A supervisor joins; returns their line.
    pub(super) async fn join(
        &self,
        n: u128,
        dials: usize,
        contact: ContactId,
        mode: WatchMode,
    ) -> PartyId {
        self.present(n).await;
        let joined = self.inner().watch(&supervisor(n), contact, mode);
        joined.expect("may");
        let (line, dial) = self.rung(dials).await;
        let how = match mode {
            WatchMode::Monitor => Answer::Listen,
            WatchMode::Coach | WatchMode::Barge => Answer::Talk,
        };
        let Dial::Agent {
            answer,
            contact: of,
            ..
        } = dial
        else {
            panic!("{dial:?}");
        };
        assert_eq!((answer, of), (Some(how), contact));
        self.switch.raise(Event::Answered(line));
        self.watching(n, |watching| watching.as_ref().is_some_and(|w| w.connected))
            .await;
        line
    }
}

#[tokio::test]
async fn a_supervisor_monitors_coaches_barges_in_and_takes_over() {
    let world = World::new();
    let (customer, desk, contact) = world.conversation().await;
    let inner = world.inner();
    let mut no_supervisor = supervisor(3);
    no_supervisor.role = Role::Agent;
    let refused = inner.watch(&no_supervisor, contact, WatchMode::Monitor);
    assert_eq!(refused.expect_err("may not").error().code, Code::Forbidden);
    let refused = inner.watch(&supervisor(3), contact, WatchMode::Monitor);
    let code = refused.expect_err("no line").error().code;
    assert_eq!(code, Code::LineNotReady);

    let boss = world.join(3, 1, contact, WatchMode::Monitor).await;
    world.hears(boss, &[customer, desk]).await;
    world.hears(desk, &[customer]).await;
    world.hears(customer, &[desk]).await;
    assert_eq!(world.presence(3), Presence::Busy);
    let watchers = world.seen(1, contact).and_then(|seen| seen.call);
    let watchers = watchers.expect("goes on").watchers;
    assert_eq!((watchers.len(), watchers[0].mode), (1, WatchMode::Monitor));

    let coach = inner.watch(&supervisor(3), contact, WatchMode::Coach);
    coach.expect("may");
    world.hears(desk, &[customer, boss]).await;
    world.hears(customer, &[desk]).await;
    let barge = inner.watch(&supervisor(3), contact, WatchMode::Barge);
    barge.expect("may");
    world.hears(customer, &[desk, boss]).await;

    inner.take_over(&supervisor(3), contact).expect("may");
    world.hung_up(desk).await;
    world.hears(customer, &[boss]).await;
    world.hears(boss, &[customer]).await;
    assert_eq!(world.presence(1), Presence::WrapUp);
    let theirs = world.seen(3, contact).expect("is theirs");
    assert_eq!(theirs.agent, Some(agent(3)));
    world
        .change(|change| match change {
            Change::PartyGone { end, .. } if *end == PartyEnd::Transferred => Some(()),
            _ => None,
        })
        .await;
    world.watching(3, Option::is_none).await;
    world.gone(customer, None);
    world
        .soon(|world| world.presence(3) == Presence::WrapUp)
        .await;
    let recorded = |centre: &SimulatedSurroundings| {
        let kept = centre.kept();
        let acts: Vec<&str> = kept
            .iter()
            .filter_map(|kept| match kept {
                Kept::Act(act) => Some(act.action),
                Kept::Leg(_) | Kept::Notes(_) => None,
            })
            .collect();
        (acts == ["watch.start", "watch.mode", "watch.mode", "watch.take_over"]).then_some(())
    };
    within(world.centre.wait_for(recorded)).await;
}

#[tokio::test]
async fn supervisors_come_and_go_and_the_call_goes_on() {
    let world = World::new();
    world.centre.hide_watchers();
    let (customer, desk, contact) = world.conversation().await;
    let inner = world.inner();
    let first = world.join(3, 1, contact, WatchMode::Coach).await;
    let second = world.join(4, 2, contact, WatchMode::Monitor).await;
    world.hears(desk, &[customer, first]).await;
    world.hears(second, &[customer, desk, first]).await;
    world.hears(first, &[customer, desk]).await;
    let seen = world.seen(1, contact).and_then(|seen| seen.call);
    assert!(
        seen.expect("goes on").watchers.is_empty(),
        "they are hidden"
    );

    // The customer on hold hears music, not the coach.
    world.switch.raise(Event::Held(desk));
    world.hears(customer, &[]).await;
    world.switch.raise(Event::Resumed(desk));
    world.hears(customer, &[desk]).await;

    // One drops off, the other leaves.
    world.gone(first, None);
    world.hears(desk, &[customer]).await;
    world.watching(3, Option::is_none).await;
    inner.stop_watching(agent(4), contact).expect("is in it");
    world.hung_up(second).await;
    world.hears(desk, &[customer]).await;
    assert_ne!(world.presence(4), Presence::Busy);

    // Taking over without having joined: as soon as the desk answers.
    world.present(4).await;
    inner.take_over(&supervisor(4), contact).expect("may");
    let (line, _) = world.rung(3).await;
    world.hears(customer, &[desk]).await;
    world.switch.raise(Event::Answered(line));
    world.hears(customer, &[line]).await;
    world.hung_up(desk).await;
    // One's own call can not be watched, and in a call nobody watches another.
    let own = inner.watch(&supervisor(4), contact, WatchMode::Monitor);
    assert_eq!(own.expect_err("own").error().code, Code::Conflict);
}

#[tokio::test]
async fn a_take_over_keeps_whom_the_agent_consults() {
    let world = World::new();
    let (customer, desk, contact) = world.conversation().await;
    world.present(2).await;
    let inner = world.inner();
    let reach = Reach {
        target: Target::Agent { agent: agent(2) },
        note: String::new(),
        ticket: None,
    };
    let asked = inner.consult(agent(1), contact, reach).await;
    asked.expect("is there");
    let (colleague, _) = world.rung(1).await;
    world.switch.raise(Event::Answered(colleague));
    world.hears(colleague, &[desk]).await;
    let boss = world.join(3, 2, contact, WatchMode::Coach).await;
    world.hears(colleague, &[desk]).await;
    inner.take_over(&supervisor(3), contact).expect("may");
    world.hears(colleague, &[boss]).await;
    world.hears(customer, &[]).await;
    inner.swap(agent(3), contact).expect("there are two");
    world.hears(customer, &[boss]).await;
    world.hears(colleague, &[]).await;

    // The new agent drops off: the colleague goes on with the customer.
    world.gone(boss, None);
    world.hears(customer, &[colleague]).await;
    assert_eq!(world.presence(3), Presence::WrapUp);
    // When the call is over, so is the watching.
    let boss = world.join(4, 3, contact, WatchMode::Barge).await;
    world.gone(customer, None);
    world.hung_up(boss).await;
    world.watching(4, Option::is_none).await;
    world
        .soon(|world| world.presence(4) != Presence::Busy)
        .await;
}

#[tokio::test]
async fn a_supervisor_whose_desk_vanished_is_out_and_can_come_back() {
    let world = World::new();
    let (customer, desk, contact) = world.conversation().await;
    let inner = world.inner();
    let gone = async |line| {
        world.hung_up(line).await;
        world.hears(desk, &[customer]).await;
        world.watching(3, Option::is_none).await;
    };

    // A network that failed for some seconds is no reason.
    let boss = world.join(3, 1, contact, WatchMode::Coach).await;
    world.switch.raise(Event::Silent(boss, 40_000));
    world.hears(desk, &[customer, boss]).await;
    world.switch.raise(Event::Silent(boss, 80_000));
    gone(boss).await;

    let boss = world.join(3, 2, contact, WatchMode::Barge).await;
    world.switch.raise(Event::Silent(boss, 20_000));
    world.calls.desk_lost(agent(3));
    gone(boss).await;
    world.hears(customer, &[desk]).await;

    // The line is dead, but not for long enough: whoever asks to join again is rung anew.
    let boss = world.join(3, 3, contact, WatchMode::Monitor).await;
    world.switch.raise(Event::Silent(boss, 10_000));
    world
        .soon(|world| {
            world
                .inner()
                .silence_of_seat(&world.inner().state.lock(), agent(3))
                > 0
        })
        .await;
    let again = world.join(3, 4, contact, WatchMode::Coach).await;
    world.hung_up(boss).await;
    world.hears(desk, &[customer, again]).await;

    // Another desk has the supervisor from now on.
    world.calls.desk_replaced(agent(3));
    gone(again).await;
    let last = world.join(3, 5, contact, WatchMode::Coach).await;
    world.hears(desk, &[customer, last]).await;
    world.calls.signed_out(agent(3));
    gone(last).await;
    assert!(inner.state.lock().live.contains_key(&contact));
}
