//! Boards and what is between them.

use super::*;
use crate::{compliance::number::Number, config::Language, supervision::figures::Day};
use seatline_contract::{
    contact::{ContactState, Direction},
    identity::Person,
    party::RecordingState,
    presence::{PresenceChoice, PresenceState},
    queue::Queue,
    time::UnixMs,
};
use std::time::Instant;
use uuid::Uuid;

fn agent(n: u128) -> AgentId {
    AgentId(Uuid::from_u128(n))
}

fn call(n: u128) -> ContactId {
    ContactId(Uuid::from_u128(n))
}

/// A centre with so many agents in one queue and so many of them in a call.
struct Scene {
    roster: Roster,
    figures: Figures,
    quality: HashMap<AgentId, (ContactId, LineQuality)>,
    helps: HashMap<ContactId, Help>,
    calls: u128,
    /// The agent of the first call went away for a break at this time.
    since: UnixMs,
}

impl Scene {
    fn new(agents: u128, calls: u128) -> Self {
        let person = |n| Person {
            id: agent(n),
            login: format!("agent{n}"),
            name: format!("坐席 {n}"),
            role: Role::Agent,
        };
        let day = Day {
            from: UnixMs(0),
            to: UnixMs(86_400_000),
        };
        Self {
            roster: Roster::new((1..=agents).map(person).collect(), Vec::new()),
            figures: Figures::new(day),
            quality: HashMap::new(),
            helps: HashMap::new(),
            calls,
            since: UnixMs(1_000),
        }
    }

    fn look(&self) -> Look {
        let calls = (1..=self.calls).map(|n| CallLook {
            contact: call(n),
            direction: Direction::Inbound,
            state: ContactState::Connected,
            queue: Some(QueueId(Uuid::from_u128(1))),
            queue_name: Some("售后热线".to_owned()),
            agent: Some(agent(n)),
            agent_name: Some(format!("坐席 {n}")),
            customer_name: Some("李婷".to_owned()),
            number: Some(PhoneNumber::new(format!("+86138{n:08}"))),
            created: UnixMs(1_000),
            connected: Some(UnixMs(5_000)),
            parties: 2,
            watchers: Vec::new(),
            recording: RecordingState::Off,
        });
        let seen = |id: AgentId, n: u128| {
            let busy = n <= self.calls;
            let state = PresenceState {
                presence: if busy {
                    Presence::Busy
                } else {
                    Presence::Ready
                },
                since: if n == 1 { self.since } else { UnixMs(1_000) },
                next: PresenceChoice::Ready,
            };
            let look = AgentLook {
                presence: state,
                contact: busy.then(|| call(n)),
                callable: !busy,
            };
            (id, look)
        };
        let people = self.roster.people().iter().map(|person| person.id);
        let queue = Queue {
            id: QueueId(Uuid::from_u128(1)),
            name: "售后热线".to_owned(),
            waiting: 0,
            longest_since: None,
        };
        Look {
            queues: vec![QueueLook {
                queue,
                agents: people.clone().collect(),
            }],
            agents: people.zip(1..).map(|(id, n)| seen(id, n)).collect(),
            calls: calls.collect(),
        }
    }

    fn board(&self) -> Board {
        let beside = Beside {
            roster: &self.roster,
            figures: &self.figures,
            quality: &self.quality,
            helps: &self.helps,
        };
        let show = |_, number: Option<&PhoneNumber>| {
            Number::classify(number.map_or("", PhoneNumber::expose)).view(true, Language::Zh)
        };
        Board::build(self.look(), &beside, show)
    }
}

#[test]
fn a_change_has_what_changed_and_nothing_else() {
    let mut scene = Scene::new(3, 1);
    let first = scene.board();
    assert_eq!(first.since(&first), None);
    let queue = first.queues.values().next().unwrap();
    assert_eq!((queue.ready, queue.busy, queue.signed_in), (2, 1, 3));

    let quality = LineQuality {
        mos: 4.2,
        loss_percent: 0.5,
        round_trip_ms: Some(40),
    };
    scene.quality.insert(agent(1), (call(1), quality));
    // Of an earlier call: not shown.
    scene.quality.insert(agent(2), (call(9), quality));
    let second = scene.board();
    let change = second.since(&first).unwrap();
    assert!(!change.all && change.queues.is_empty() && change.calls.is_empty());
    assert_eq!(change.agents.len(), 1);
    assert_eq!(change.agents[0].quality, Some(quality));

    scene.calls = 0;
    let third = scene.board();
    let change = third.since(&second).unwrap();
    assert_eq!(change.over, [call(1)]);
    assert_eq!(change.agents[0].contact, None);
    assert_eq!(change.agents[0].quality, None);
    assert_eq!(change.queues[0].ready, 3);
}

#[test]
fn who_is_gone_makes_all_of_it_be_told_anew() {
    let before = Scene::new(3, 1).board();
    let after = Scene::new(2, 1).board();
    let change = after.since(&before).unwrap();
    assert!(change.all);
    assert_eq!(change.agents.len(), 2);
    // Somebody new is just a row.
    let change = before.since(&after).unwrap();
    assert!(!change.all);
    assert_eq!(change.agents.len(), 1);
}

#[test]
fn each_reader_sees_their_own_and_hears_when_it_changes() {
    let scene = Scene::new(3, 0);
    let board = scene.board();
    let none = Personal::default();
    let own = Personal {
        mine: [agent(1), agent(2)].into(),
        followed: [agent(2)].into(),
    };
    let whole = board.personalise(Some(board.whole()), &none, &own).unwrap();
    let marks: Vec<_> = whole
        .agents
        .iter()
        .map(|row| (row.mine, row.followed))
        .collect();
    assert_eq!(marks, [(true, false), (true, true), (false, false)]);
    assert_eq!(board.personalise(None, &own, &own), None);
    let change = board.personalise(None, &own, &none).unwrap();
    assert!(!change.all);
    assert_eq!(change.agents.len(), 2);
    assert!(change.agents.iter().all(|row| !row.mine && !row.followed));
}

/// Prints what one look costs; nothing is asserted of time.
#[test]
fn a_look_at_200_agents_and_100_calls_costs_little() {
    const LOOKS: u32 = 50;
    let mut scene = Scene::new(200, 100);
    let own = Personal {
        mine: (1..=100).map(agent).collect(),
        followed: BTreeSet::new(),
    };
    // What a number is, is asked once for each call.
    let mut numbers: HashMap<ContactId, NumberView> = (1..=100)
        .map(|n| {
            let number = Number::classify(&format!("+86138{n:08}"));
            (call(n), number.view(true, Language::Zh))
        })
        .collect();
    let mut before = Board::default();
    let mut told = 0;
    let mut build = 0;
    let mut tell = 0;
    for n in 0..LOOKS {
        scene.since = UnixMs(i64::from(n));
        let look = scene.look();
        let beside = Beside {
            roster: &scene.roster,
            figures: &scene.figures,
            quality: &scene.quality,
            helps: &scene.helps,
        };
        let began = Instant::now();
        let board = Board::build(look, &beside, |contact, number| {
            let text = number.map_or("", PhoneNumber::expose);
            let view = || Number::classify(text).view(true, Language::Zh);
            numbers.entry(contact).or_insert_with(view).clone()
        });
        build += began.elapsed().as_micros();
        let began = Instant::now();
        let news = board.since(&before);
        for _ in 0..10 {
            let change = board.personalise(news.clone(), &own, &own).unwrap();
            told += change.agents.len();
        }
        tell += began.elapsed().as_micros();
        before = board;
    }
    // All rows at first, then the one that changed.
    assert_eq!(told, 10 * (200 + usize::try_from(LOOKS - 1).unwrap()));
    let looks = u128::from(LOOKS);
    println!(
        "200 agents, 100 calls, 10 readers: {} µs to build, {} µs to tell, for each look",
        build / looks,
        tell / looks
    );
}
