//! What happened today: counted as it happens, and once from the stored contacts at the start.
//!
//! Pure: a day begins and ends when it is told.

use crate::calls::Record;
use seatline_contract::{
    contact::{ContactState, Direction},
    id::{AgentId, ContactId, QueueId},
    queue::USUAL_WITHIN_S,
    time::UnixMs,
};
use std::collections::HashMap;

/// A day of the centre's: from its midnight to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Day {
    pub(crate) from: UnixMs,
    pub(crate) to: UnixMs,
}

impl Day {
    /// Whether a point in time lies in it.
    pub(crate) fn has(&self, at: UnixMs) -> bool {
        at >= self.from && at < self.to
    }
}

/// What is to be known of a contact to count it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) contact: ContactId,
    pub(crate) direction: Direction,
    pub(crate) state: ContactState,
    pub(crate) queue: Option<QueueId>,
    pub(crate) agent: Option<AgentId>,
    pub(crate) created: UnixMs,
    pub(crate) connected: Option<UnixMs>,
    pub(crate) ended: Option<UnixMs>,
}

impl From<&Record> for Facts {
    fn from(record: &Record) -> Self {
        Self {
            contact: record.id,
            direction: record.direction,
            state: record.state,
            queue: record.queue,
            agent: record.agent,
            created: record.created,
            connected: record.connected,
            ended: record.ended,
        }
    }
}

/// A queue's day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct QueueDay {
    pub(crate) answered: u32,
    pub(crate) abandoned: u32,
    within: u32,
}

impl QueueDay {
    /// Share of the contacts answered in time among those answered or abandoned.
    pub(crate) fn service_level(&self) -> Option<f32> {
        let all = self.answered + self.abandoned;
        #[expect(
            clippy::cast_precision_loss,
            reason = "a day has fewer contacts than a float has exact numbers"
        )]
        let share = self.within as f32 / all as f32;
        (all > 0).then_some(share)
    }
}

/// What of a contact is counted already, so that it is counted once.
#[derive(Debug, Default)]
struct Counted {
    decided: bool,
    agents: Vec<AgentId>,
}

/// The day's figures.
#[derive(Debug)]
pub(crate) struct Figures {
    day: Day,
    /// Seconds within which a queue's contacts shall be answered, where it is not the usual.
    within: HashMap<QueueId, u32>,
    contacts: HashMap<ContactId, Counted>,
    queues: HashMap<QueueId, QueueDay>,
    handled: HashMap<AgentId, u32>,
}

impl Figures {
    /// A day on which nothing has happened.
    pub(crate) fn new(day: Day) -> Self {
        Self {
            day,
            within: HashMap::new(),
            contacts: HashMap::new(),
            queues: HashMap::new(),
            handled: HashMap::new(),
        }
    }

    /// Begins another day.
    pub(crate) fn begin(&mut self, day: Day) {
        let within = std::mem::take(&mut self.within);
        *self = Self {
            within,
            ..Self::new(day)
        };
    }

    /// Seconds within which a queue's contacts shall be answered.
    pub(crate) fn within_s(&self, queue: QueueId) -> u32 {
        let set = self.within.get(&queue).copied();
        set.unwrap_or(USUAL_WITHIN_S)
    }

    /// Sets them, from the next answered contact on.
    pub(crate) fn set_within(&mut self, queue: QueueId, seconds: u32) {
        self.within.insert(queue, seconds);
    }

    /// The day that is counted.
    pub(crate) fn day(&self) -> Day {
        self.day
    }

    /// Counts what is new of a contact. Telling the same again changes nothing.
    pub(crate) fn note(&mut self, facts: &Facts) {
        let today = |at: Option<UnixMs>| at.filter(|at| self.day.has(*at));
        let connected = today(facts.connected);
        let abandoned = today(facts.ended).filter(|_| facts.state == ContactState::Abandoned);
        if connected.is_none() && abandoned.is_none() {
            return;
        }
        let within_s = facts.queue.map_or(0, |queue| self.within_s(queue));
        let within_ms = i64::from(within_s) * 1_000;
        let counted = self.contacts.entry(facts.contact).or_default();
        if let Some(queue) = facts.queue
            && facts.direction == Direction::Inbound
            && !counted.decided
        {
            counted.decided = true;
            let day = self.queues.entry(queue).or_default();
            match connected {
                Some(at) => {
                    day.answered += 1;
                    let in_time = at.since(facts.created) <= within_ms;
                    day.within += u32::from(in_time);
                }
                None => day.abandoned += 1,
            }
        }
        let talked = matches!(
            facts.state,
            ContactState::Connected
                | ContactState::Held
                | ContactState::WrapUp
                | ContactState::Closed
        );
        if let Some(agent) = facts.agent
            && connected.is_some()
            && talked
            && facts.direction != Direction::Internal
            && !counted.agents.contains(&agent)
        {
            counted.agents.push(agent);
            *self.handled.entry(agent).or_default() += 1;
        }
    }

    /// A queue's day.
    pub(crate) fn of_queue(&self, queue: QueueId) -> QueueDay {
        self.queues.get(&queue).copied().unwrap_or_default()
    }

    /// Contacts an agent has handled.
    pub(crate) fn handled(&self, agent: AgentId) -> u32 {
        self.handled.get(&agent).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const DAY: Day = Day {
        from: UnixMs(1_000_000),
        to: UnixMs(87_400_000),
    };

    fn facts(n: u128, state: ContactState) -> Facts {
        Facts {
            contact: ContactId(Uuid::from_u128(n)),
            direction: Direction::Inbound,
            state,
            queue: Some(QueueId(Uuid::from_u128(1))),
            agent: Some(AgentId(Uuid::from_u128(7))),
            created: DAY.from.plus(1_000),
            connected: None,
            ended: None,
        }
    }

    fn answered(n: u128, after_ms: i64) -> Facts {
        let facts = facts(n, ContactState::Connected);
        Facts {
            connected: Some(facts.created.plus(after_ms)),
            ..facts
        }
    }

    #[test]
    fn the_service_level_is_the_share_answered_in_time() {
        let mut figures = Figures::new(DAY);
        let queue = QueueId(Uuid::from_u128(1));
        assert_eq!(figures.of_queue(queue).service_level(), None);
        figures.note(&answered(1, 20_000));
        figures.note(&answered(2, 20_001));
        figures.note(&answered(3, 4_000));
        let mut lost = facts(4, ContactState::Abandoned);
        lost.agent = None;
        lost.ended = Some(lost.created.plus(90_000));
        figures.note(&lost);
        let day = figures.of_queue(queue);
        assert_eq!((day.answered, day.abandoned), (3, 1));
        assert_eq!(day.service_level(), Some(0.5));
        assert_eq!(figures.handled(AgentId(Uuid::from_u128(7))), 3);
    }

    #[test]
    fn a_queue_has_a_level_of_its_own_and_keeps_it_overnight() {
        let mut figures = Figures::new(DAY);
        let queue = QueueId(Uuid::from_u128(1));
        figures.set_within(queue, 60);
        figures.note(&answered(1, 60_000));
        figures.note(&answered(2, 60_001));
        assert_eq!(figures.of_queue(queue).service_level(), Some(0.5));
        figures.begin(Day {
            from: DAY.to,
            to: DAY.to.plus(86_400_000),
        });
        assert_eq!(figures.of_queue(queue), QueueDay::default());
        assert_eq!(figures.within_s(queue), 60);
    }

    #[test]
    fn a_contact_counts_once_and_for_each_agent_who_had_it() {
        let mut figures = Figures::new(DAY);
        let mut contact = answered(1, 5_000);
        for state in [
            ContactState::Connected,
            ContactState::Held,
            ContactState::WrapUp,
            ContactState::Closed,
        ] {
            contact.state = state;
            figures.note(&contact);
        }
        let second = AgentId(Uuid::from_u128(8));
        contact.agent = Some(second);
        // It only rings there.
        contact.state = ContactState::Offered;
        figures.note(&contact);
        assert_eq!(figures.handled(second), 0);
        contact.state = ContactState::Connected;
        figures.note(&contact);
        assert_eq!(figures.handled(second), 1);
        assert_eq!(figures.handled(AgentId(Uuid::from_u128(7))), 1);
        let queue = QueueId(Uuid::from_u128(1));
        assert_eq!(figures.of_queue(queue).answered, 1);
    }

    #[test]
    fn other_days_and_calls_to_customers_are_no_queues_business() {
        let mut figures = Figures::new(DAY);
        let mut yesterday = answered(1, 5_000);
        yesterday.connected = Some(DAY.from.plus(-1));
        figures.note(&yesterday);
        let mut tomorrow = answered(2, 5_000);
        tomorrow.connected = Some(DAY.to);
        figures.note(&tomorrow);
        let mut outbound = answered(3, 5_000);
        outbound.direction = Direction::Outbound;
        outbound.queue = None;
        figures.note(&outbound);
        let queue = QueueId(Uuid::from_u128(1));
        assert_eq!(figures.of_queue(queue), QueueDay::default());
        assert_eq!(figures.handled(AgentId(Uuid::from_u128(7))), 1);
    }
}
