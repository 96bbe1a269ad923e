//! A thousand seeded days of a small centre in bad luck: callers hang up at any point, agents answer,
//! decline, ignore, vanish and come back, consult, hand over, park and pick up, supervisors join and
//! take over, the network delays, repeats and reorders.

use super::{
    Acd, Aim, Ask, Effect, Input, Purpose, QueueSetUp, Refusal, Stage, Terms, agent::Engagement,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use seatline_contract::{
    contact::OfferEnd,
    id::{AgentId, ContactId, OfferId, QueueId},
    presence::{Presence, PresenceChoice},
    time::UnixMs,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    panic::{AssertUnwindSafe, catch_unwind},
};
use uuid::Uuid;

const AGENTS: u128 = 5;
const CALLERS: u128 = 30;
/// When bad luck ends, in milliseconds.
const HEAL: i64 = 600_000;

fn agent(n: u128) -> AgentId {
    AgentId(Uuid::from_u128(1_000 + n))
}

fn contact(n: u128) -> ContactId {
    ContactId(Uuid::from_u128(2_000 + n))
}

fn queue(n: u128) -> QueueId {
    QueueId(Uuid::from_u128(3_000 + n))
}

struct World {
    acd: Acd,
    rng: StdRng,
    now: i64,
    serial: u64,
    coming: BTreeMap<(i64, u64), Input>,
    /// Offers that ring, as the agents' desks see it.
    ringing: HashMap<OfferId, AgentId>,
    finals: BTreeMap<ContactId, Stage>,
    begun: BTreeSet<ContactId>,
    counts: BTreeMap<&'static str, u32>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut offers = 0;
        let acd = Acd::new(move || {
            offers += 1;
            OfferId(Uuid::from_u128(offers))
        });
        let mut world = Self {
            acd,
            rng: StdRng::seed_from_u64(seed),
            now: 1_000,
            serial: 0,
            coming: BTreeMap::new(),
            ringing: HashMap::new(),
            finals: BTreeMap::new(),
            begun: BTreeSet::new(),
            counts: BTreeMap::new(),
        };
        for n in 0..2 {
            let agents = (0..AGENTS)
                .filter(|a| n == 0 || a % 2 == 0)
                .map(agent)
                .collect();
            let terms = Terms {
                ring_ms: 15_000,
                wrap_up_ms: (n == 0).then_some(20_000),
                disposition_required: n == 1,
            };
            let set_up = QueueSetUp { terms, agents };
            let queue = queue(n);
            world.deliver(&Input::QueueSet { queue, set_up });
        }
        for n in 0..AGENTS {
            world.send(0..5_000, Input::DeskOnline(agent(n)));
            world.send(0..5_000, Input::LineUp(agent(n)));
            world.deliver(&Input::MayWait(agent(n), n % 2 == 1));
            world.send(5_000..9_000, Input::Choose(agent(n), PresenceChoice::Ready));
        }
        for n in 0..CALLERS {
            let at = world.rng.random_range(0..HEAL - 60_000);
            let (contact, queue) = (contact(n), queue(world.rng.random_range(0..2)));
            world.send(at..at + 1, Input::Arrived { contact, queue });
            if world.rng.random_bool(0.4) {
                world.send(at..at + 90_000, Input::Ended(contact));
            }
            if world.rng.random_bool(0.1) {
                let (contact, agent) = (
                    ContactId(Uuid::from_u128(5_000 + n)),
                    agent(world.rng.random_range(0..AGENTS)),
                );
                world.send(at..at + 9_000, Input::Dialed { contact, agent });
                let answered = world.rng.random_bool(0.5);
                let after = at + 9_000;
                world.send(
                    after..after + 9_000,
                    if answered {
                        Input::Answered(contact)
                    } else {
                        Input::Ended(contact)
                    },
                );
                world.send(after + 9_000..after + 50_000, Input::Ended(contact));
            }
            if world.rng.random_bool(0.1) {
                let contact = ContactId(Uuid::from_u128(6_000 + n));
                let (agent, colleague) = (world.anybody(), world.anybody());
                let input = Input::Called {
                    contact,
                    agent,
                    colleague,
                };
                world.send(at..at + 9_000, input);
                world.send(at + 9_000..at + 70_000, Input::Ended(contact));
            }
        }
        world
    }

    fn chaos(&self) -> bool {
        self.now < HEAL
    }

    fn chance(&mut self, p: f64) -> bool {
        self.rng.random_bool(p)
    }

    fn later(&mut self, range: std::ops::Range<i64>, input: Input) {
        let now = self.now;
        self.send(now + range.start..now + range.end, input);
    }

    /// Sends an input; bad luck repeats it, but for what comes over the ordered event socket.
    fn send(&mut self, at: std::ops::Range<i64>, input: Input) {
        let repeated = !matches!(
            input,
            Input::DeskOnline(_)
                | Input::DeskLost(_)
                | Input::LineUp(_)
                | Input::LineDown(_)
                | Input::Choose(..)
                | Input::SignedOut(_)
        ) && self.chance(0.15);
        if repeated {
            let again = at.start..at.end + 20_000;
            self.schedule(again, input.clone());
        }
        self.schedule(at, input);
    }

    fn schedule(&mut self, at: std::ops::Range<i64>, input: Input) {
        let at = self.rng.random_range(at);
        self.serial += 1;
        self.coming.insert((at, self.serial), input);
    }

    fn run(&mut self) {
        let mut healed = false;
        loop {
            let alarm = self.acd.next_deadline().map_or(i64::MAX, |at| at.0);
            let message = self.coming.keys().next().map_or(i64::MAX, |key| key.0);
            let next = alarm.min(message).max(self.now);
            if !healed && next >= HEAL {
                healed = true;
                self.now = HEAL;
                self.heal();
                continue;
            }
            if next == i64::MAX {
                break;
            }
            self.now = next;
            assert!(self.now < 10 * HEAL, "the centre never comes to rest");
            if alarm <= next {
                self.deliver(&Input::Tick);
            } else if let Some((_, input)) = self.coming.pop_first() {
                self.deliver(&input);
            }
        }
        self.check_rest();
    }

    /// Everybody is back and willing.
    fn heal(&mut self) {
        self.coming.retain(|_, input| {
            !matches!(
                input,
                Input::DeskLost(_)
                    | Input::LineDown(_)
                    | Input::Choose(..)
                    | Input::SignedOut(_)
                    | Input::NotConfirmed(_)
                    | Input::RingFailed(_)
                    | Input::NotRung(_)
            )
        });
        for n in 0..AGENTS {
            self.deliver(&Input::DeskOnline(agent(n)));
            self.deliver(&Input::LineUp(agent(n)));
            self.deliver(&Input::Choose(agent(n), PresenceChoice::Ready));
        }
        let reserved: Vec<OfferId> = self.acd.offers.keys().copied().collect();
        for offer in reserved {
            self.later(1..20, Input::Confirmed(offer));
            self.later(20..99, Input::Accepted(offer));
        }
        let alive: Vec<ContactId> = self.acd.contacts.keys().copied().collect();
        for contact in alive {
            let entry = &self.acd.contacts[&contact];
            let ends = matches!(
                entry.stage,
                Stage::Connected { .. }
                    | Stage::Held { .. }
                    | Stage::Dialing { .. }
                    | Stage::Forwarded { .. }
            );
            let notes: Vec<AgentId> = entry.wrap_ups.keys().copied().collect();
            if ends {
                self.later(1_000..9_000, Input::Ended(contact));
            }
            for agent in notes {
                self.write_notes(contact, agent);
            }
        }
    }

    /// An agent chooses a disposition and is done.
    fn write_notes(&mut self, contact: ContactId, agent: AgentId) {
        let input = Input::WrapUp {
            contact,
            agent,
            disposed: true,
            done: true,
        };
        self.later(9_000..20_000, input);
    }

    fn deliver(&mut self, input: &Input) {
        let before = self.acd.contacts.clone();
        match self.acd.handle(UnixMs(self.now), input.clone()) {
            Ok(effects) => {
                self.check(&before, &effects);
                for effect in effects {
                    self.carry_out(effect);
                }
            }
            Err(refusal) => {
                assert!(self.acd.effects.is_empty(), "{input:?} {refusal}");
                for (id, entry) in &before {
                    let after = &self.acd.contacts[id];
                    let same = entry.stage == after.stage
                        && entry.ask == after.ask
                        && entry.colleagues == after.colleagues
                        && entry.watchers == after.watchers
                        && entry.wrap_ups == after.wrap_ups;
                    assert!(same, "{input:?} {refusal}");
                }
                *self.counts.entry("refused").or_default() += 1;
                assert_ne!(refusal, Refusal::NoQueue);
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Reserve { offer, .. } => {
                let fails = self.chaos() && self.chance(0.05);
                let input = if fails {
                    Input::NotConfirmed(offer)
                } else {
                    Input::Confirmed(offer)
                };
                self.later(0..30, input);
            }
            Effect::Ring { offer, agent, .. } => {
                assert!(self.ringing.insert(offer, agent).is_none());
                *self.counts.entry("rung").or_default() += 1;
                self.behave(offer, agent);
            }
            Effect::OfferOver {
                offer,
                end,
                agent,
                purpose,
                ..
            } => {
                self.ringing.remove(&offer);
                let count = match end {
                    OfferEnd::Accepted => "accepted",
                    OfferEnd::Declined => "declined",
                    OfferEnd::Missed => "missed",
                    OfferEnd::CallerGone => "caller gone",
                    OfferEnd::LineLost => "line lost",
                };
                *self.counts.entry(count).or_default() += 1;
                let how = match purpose {
                    Purpose::Serve => "from a queue",
                    Purpose::Transfer { .. } => "transfer",
                    Purpose::Return => "return",
                    Purpose::PickUp { .. } => "pick-up",
                    Purpose::Consult => "consultation",
                };
                *self.counts.entry(how).or_default() += 1;
                if end == OfferEnd::Missed && purpose == Purpose::Serve {
                    let next = self.acd.presence(agent).next;
                    assert_eq!(next, super::agent::not_ready(super::MISSED));
                }
            }
            Effect::Contact(id) => self.follow(id),
            Effect::WrapUp { contact, agent } => self.follow_notes(contact, agent),
            Effect::Unwatched { .. } => *self.counts.entry("unwatched").or_default() += 1,
            Effect::Presence(agent) => {
                if let Presence::NotReady { .. } = self.acd.presence(agent).presence {
                    self.later(1_000..30_000, Input::Choose(agent, PresenceChoice::Ready));
                }
            }
            Effect::Admit { offer, .. } => {
                assert!(
                    self.ringing.contains_key(&offer),
                    "admitted before it was told"
                );
                *self.counts.entry("admitted").or_default() += 1;
                self.later(500..9_000, Input::Accepted(offer));
            }
            Effect::Released { .. } | Effect::Queue(_) => {}
        }
    }

    fn behave(&mut self, offer: OfferId, agent: AgentId) {
        let luck = if self.chaos() {
            self.rng.random_range(0..100)
        } else {
            0
        };
        match luck {
            0..45 => self.later(500..16_000, Input::Accepted(offer)),
            45..60 => self.later(500..9_000, Input::Declined(offer)),
            60..75 => {}
            75..90 => {
                self.later(0..16_000, Input::DeskLost(agent));
                self.later(16_000..40_000, Input::DeskOnline(agent));
                self.later(0..17_000, Input::Accepted(offer));
            }
            90..96 => {
                self.later(0..16_000, Input::LineDown(agent));
                self.later(16_000..40_000, Input::LineUp(agent));
            }
            96..98 => self.later(0..90, Input::RingFailed(offer)),
            _ => self.later(0..90, Input::NotRung(offer)),
        }
        if !self.chaos() {
            self.later(500..9_000, Input::Accepted(offer));
        }
    }

    fn follow(&mut self, contact: ContactId) {
        let stage = self.acd.contacts[&contact].stage.clone();
        self.begun.insert(contact);
        if stage.is_final() {
            let earlier = self.finals.insert(contact, stage.clone());
            assert!(
                earlier.is_none_or(|earlier| earlier == stage),
                "ended twice"
            );
            return;
        }
        match stage {
            Stage::Connected { agent } => {
                if self.chance(0.3) {
                    self.later(
                        100..9_000,
                        Input::Hold {
                            contact,
                            held: true,
                        },
                    );
                    let held = false;
                    self.later(5_000..20_000, Input::Hold { contact, held });
                }
                if self.chaos() {
                    self.handle_call(contact, agent);
                }
                self.later(1_000..60_000, Input::Ended(contact));
            }
            Stage::Parked { .. } => {
                *self.counts.entry("parked").or_default() += 1;
                if self.chance(0.2) {
                    self.later(500..20_000, Input::Unpark(contact));
                }
                if self.chance(0.6) {
                    let agent = self.anybody();
                    self.later(500..20_000, Input::PickUp { contact, agent });
                }
            }
            Stage::Forwarded { .. } => {
                *self.counts.entry("forwarded").or_default() += 1;
                if self.chance(0.5) {
                    self.later(500..30_000, Input::ForwardFailed(contact));
                }
                self.later(30_000..60_000, Input::Ended(contact));
            }
            Stage::WrapUp { agent } => self.follow_notes(contact, agent),
            _ => {}
        }
    }

    fn anybody(&mut self) -> AgentId {
        agent(self.rng.random_range(0..AGENTS))
    }

    fn anywhere(&mut self) -> Aim {
        if self.chance(0.6) {
            Aim::Agent(self.anybody())
        } else {
            Aim::Queue(queue(self.rng.random_range(0..2)))
        }
    }

    /// What agents and supervisors do with a call, sense or nonsense.
    fn handle_call(&mut self, contact: ContactId, owner: AgentId) {
        let aim = self.anywhere();
        match self.rng.random_range(0..100) {
            0..20 => {
                self.later(100..5_000, Input::Consult { contact, aim });
                if self.chance(0.3) {
                    self.later(1_000..20_000, Input::Unconsult(contact));
                }
                if self.chance(0.5) {
                    self.later(1_000..20_000, Input::LeaveToAsked(contact));
                }
                for _ in 0..2 {
                    let to = self.anybody();
                    self.later(9_000..30_000, Input::HandOver { contact, to });
                    let agent = self.anybody();
                    self.later(9_000..40_000, Input::Left { contact, agent });
                    let agent = self.anybody();
                    self.later(100..40_000, Input::Lead { contact, agent });
                }
            }
            20..32 => self.later(100..9_000, Input::Transfer { contact, aim }),
            32..38 => self.later(
                100..9_000,
                Input::Park {
                    contact,
                    ms: 30_000,
                },
            ),
            38..44 => self.later(100..9_000, Input::Forward(contact)),
            44..60 => {
                let agent = self.anybody();
                self.later(100..9_000, Input::Watch { contact, agent });
                self.later(9_000..40_000, Input::Unwatch(agent));
                if self.chance(0.4) {
                    let to = agent;
                    self.later(5_000..20_000, Input::HandOver { contact, to });
                }
            }
            60..64 => self.later(100..9_000, Input::DeskLost(owner)),
            _ => {}
        }
    }

    fn follow_notes(&mut self, contact: ContactId, agent: AgentId) {
        let Some(notes) = self.acd.contacts[&contact].wrap_ups.get(&agent) else {
            return;
        };
        let disposed = notes.overdue || !self.chaos() || self.chance(0.5);
        let input = Input::WrapUp {
            contact,
            agent,
            disposed,
            done: disposed || self.chance(0.5),
        };
        // Saving notes is an event of its own: without this an agent would save for ever.
        if disposed || self.chance(0.5) {
            self.later(500..30_000, input);
        } else if self.chance(0.3) {
            let ms = 9_000;
            self.later(100..9_000, Input::Extend { contact, agent, ms });
        }
    }

    /// What must hold after every input: no two offers, no stranded agent, no customer alone.
    fn check(&self, before: &HashMap<ContactId, super::Entry>, effects: &[Effect]) {
        let mut offered = BTreeSet::new();
        let mut talking = BTreeSet::new();
        let mut watching = BTreeSet::new();
        let mut offer_to = |agent: &AgentId, offer: &OfferId, id: &ContactId| {
            assert!(offered.insert(*agent), "an agent has two offers");
            assert_eq!(self.acd.offers.get(offer), Some(id));
            let engaged = self.acd.agents[agent].engagement;
            let knocks = self.acd.is_knocking(*agent, *id);
            assert!(knocks || engaged == Engagement::Offered(*id));
            assert!(self.acd.agents[agent].desk && self.acd.agents[agent].line);
        };
        for (id, entry) in &self.acd.contacts {
            match &entry.stage {
                Stage::Reserved { offer, agent } | Stage::Offered { offer, agent, .. } => {
                    offer_to(agent, offer, id);
                }
                Stage::Dialing { agent } | Stage::Connected { agent } | Stage::Held { agent } => {
                    assert!(talking.insert(*agent), "an agent talks twice");
                    let engaged = self.acd.agents[agent].engagement;
                    assert_eq!(engaged, Engagement::Talking(*id));
                }
                Stage::WrapUp { agent } => assert!(entry.wrap_ups.contains_key(agent)),
                Stage::Queued => {
                    self.check_waits(id, entry.queue.expect("queued without a queue"), entry);
                }
                Stage::Parked { .. } => assert!(entry.alarm.is_some(), "parked for ever"),
                Stage::Forwarded { .. } | Stage::Closed | Stage::Abandoned | Stage::Failed => {}
            }
            match entry.ask {
                Some(Ask::Sought { queue }) => self.check_waits(id, queue, entry),
                Some(Ask::Reserved { offer, agent, .. } | Ask::Offered { offer, agent, .. }) => {
                    offer_to(&agent, &offer, id);
                }
                None => {}
            }
            let beside = entry.ask.is_some() || !entry.colleagues.is_empty();
            let watched = !entry.watchers.is_empty();
            let talks = entry.stage.talker().is_some();
            assert!(talks || !(beside || watched) || (entry.internal && !watched));
            for agent in &entry.colleagues {
                assert!(talking.insert(*agent), "a colleague talks twice");
                let engaged = self.acd.agents[agent].engagement;
                assert_eq!(engaged, Engagement::Talking(*id));
            }
            for agent in &entry.watchers {
                assert!(watching.insert(*agent), "a supervisor watches twice");
                let engaged = self.acd.agents[agent].engagement;
                assert_eq!(engaged, Engagement::Watching(*id));
            }
            for agent in entry.wrap_ups.keys() {
                assert!(self.acd.agents[agent].wrap_ups.contains(id));
                assert_ne!(
                    entry.stage.talker(),
                    Some(*agent),
                    "notes of a call that goes on"
                );
            }
        }
        let knocked_at = |agent: &AgentId| self.acd.agents[agent].knocking.is_some();
        let both: BTreeSet<_> = offered.intersection(&talking).copied().collect();
        assert!(both.iter().all(knocked_at), "an agent talks under an offer");
        for (id, agent) in &self.acd.agents {
            assert!(agent.admitted.is_none(), "admitted and never told");
            assert!(
                agent.knocking.is_none() || both.contains(id),
                "knocks at nobody"
            );
        }
        assert!(watching.is_disjoint(&talking) && watching.is_disjoint(&offered));
        assert_eq!(
            offered.len(),
            self.acd.offers.len(),
            "an offer without a contact"
        );
        for (id, agent) in &self.acd.agents {
            let free = !offered.contains(id) && !talking.contains(id) && !watching.contains(id);
            assert_eq!(
                free,
                agent.engagement == Engagement::Free,
                "a stranded agent"
            );
            for contact in &agent.wrap_ups {
                let entry = &self.acd.contacts[contact];
                assert!(entry.wrap_ups.contains_key(id), "stranded in wrap-up");
            }
            assert_eq!(agent.listed.is_some(), agent.is_available());
            assert_eq!(agent.told.presence, agent.true_presence());
        }
        for effect in effects {
            if let Effect::Reserve {
                contact,
                agent,
                purpose: Purpose::Serve,
                ..
            } = effect
            {
                self.check_fair(before, *contact, *agent);
            }
        }
    }

    /// Whoever waits is listed, and not beside an idle agent.
    fn check_waits(&self, id: &ContactId, queue: QueueId, entry: &super::Entry) {
        let line = &self.acd.queues[&queue];
        assert!(
            line.waiting.iter().any(|place| place.contact == *id),
            "lost"
        );
        if entry.rests_until.0 <= self.now {
            assert!(line.idle.is_empty(), "a contact waits beside an idle agent");
        }
    }

    /// First come first, and the longest idle agent.
    fn check_fair(
        &self,
        before: &HashMap<ContactId, super::Entry>,
        chosen: ContactId,
        agent: AgentId,
    ) {
        let entry = &self.acd.contacts[&chosen];
        for (id, other) in &self.acd.contacts {
            let waits = other.stage == Stage::Queued && other.rests_until.0 <= self.now;
            if *id != chosen && waits && other.queue == entry.queue {
                assert!(
                    (entry.arrived, entry.order) < (other.arrived, other.order),
                    "jumped the queue"
                );
            }
        }
        if before
            .get(&chosen)
            .is_some_and(|b| b.arrived != entry.arrived)
        {
            panic!("the time of arrival changed");
        }
        let line = &self.acd.queues[&entry.queue.expect("reserved without a queue")];
        let since = self.acd.agents[&agent].idle_since;
        if let Some((other, _)) = line.idle.first() {
            assert!(since <= *other, "an agent idle for longer was passed over");
        }
    }

    /// What must hold when everything has come to rest.
    fn check_rest(&self) {
        for id in &self.begun {
            assert!(
                self.finals.contains_key(id),
                "lost: {:?}",
                self.acd.contacts[id]
            );
        }
        for entry in self.acd.contacts.values() {
            assert!(entry.is_done(), "unfinished: {entry:?}");
        }
        for (id, agent) in &self.acd.agents {
            assert!(agent.is_available(), "a stranded agent: {id} {agent:?}");
        }
        assert!(self.ringing.is_empty());
        for n in 0..2 {
            assert_eq!(self.acd.length(queue(n)), (0, None));
        }
    }
}

#[test]
fn a_thousand_days_of_bad_luck_strand_nobody() {
    let mut totals: BTreeMap<&str, u32> = BTreeMap::new();
    let base: u64 = std::env::var("SEATLINE_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(rand::random::<u32>)
        .into();
    println!("seed {base} (repeat with SEATLINE_SEED={base})");
    for seed in base..base + 1_000 {
        let mut world = World::new(seed);
        let run = catch_unwind(AssertUnwindSafe(|| world.run()));
        assert!(run.is_ok(), "seed {seed} failed at {} ms", world.now);
        for (name, count) in world.counts {
            *totals.entry(name).or_default() += count;
        }
        for stage in world.finals.values() {
            *totals.entry(stage.name()).or_default() += 1;
        }
    }
    println!("{totals:?}");
    for name in [
        "accepted",
        "declined",
        "missed",
        "caller gone",
        "line lost",
        "refused",
        "transfer",
        "return",
        "pick-up",
        "consultation",
        "admitted",
        "parked",
        "forwarded",
        "unwatched",
        "closed",
        "abandoned",
        "failed",
    ] {
        assert!(
            totals.get(name).is_some_and(|n| *n > 100),
            "{name} hardly happened"
        );
    }
}
