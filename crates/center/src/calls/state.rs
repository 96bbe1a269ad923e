//! Everything calls know, behind one lock that is never held across a wait.

use super::Record;
use crate::{
    acd::{Acd, QueueSetUp},
    switch::PartyId,
};
use seatline_contract::{
    contact::Offer,
    customer::CustomerCard,
    id::{AgentId, ContactId, OfferId, QueueId, TicketId},
    identity::Person,
    time::UnixMs,
};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// On which side of a contact a party sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seat {
    Customer,
    /// An agent who dialled, or answered.
    Agent,
    /// An agent at whose desk an offer rings.
    Ringing(OfferId),
}

/// A contact in progress.
pub(super) struct Live {
    pub(super) record: Record,
    pub(super) customer: Option<PartyId>,
    pub(super) agent: Option<PartyId>,
    pub(super) card: Option<CustomerCard>,
    pub(super) tickets: Vec<TicketId>,
    /// When the agent was last reported silent, and for how long it had been then, in milliseconds.
    agent_silence: Option<(UnixMs, i64)>,
}

impl Live {
    pub(super) fn new(record: Record) -> Self {
        Self {
            record,
            customer: None,
            agent: None,
            card: None,
            tickets: Vec::new(),
            agent_silence: None,
        }
    }

    pub(super) fn note_silence(&mut self, now: UnixMs, silence_ms: u64) {
        let silence_ms = i64::try_from(silence_ms).unwrap_or(i64::MAX);
        self.agent_silence = Some((now, silence_ms));
    }

    /// How long the agent has been silent now, in milliseconds. Reports come each time the silence
    /// has doubled; when the next one is overdue, the agent is heard again.
    pub(super) fn agent_silent_ms(&self, now: UnixMs) -> i64 {
        match self.agent_silence {
            Some((at, silence_ms)) if now.since(at) <= silence_ms => silence_ms + now.since(at),
            _ => 0,
        }
    }
}

/// A queue beside what the distributor knows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueInfo {
    /// Which.
    pub id: QueueId,
    /// Name shown.
    pub name: String,
    /// Called numbers that lead here, normalised.
    pub numbers: Vec<String>,
    /// How it is set up.
    pub set_up: QueueSetUp,
}

pub(super) struct State {
    pub(super) acd: Acd,
    pub(super) live: HashMap<ContactId, Live>,
    pub(super) parties: HashMap<PartyId, (ContactId, Seat)>,
    /// What rings, as the desks were told.
    pub(super) offers: HashMap<AgentId, Offer>,
    pub(super) queues: BTreeMap<QueueId, QueueInfo>,
    pub(super) people: HashMap<AgentId, Person>,
    pub(super) stopping: bool,
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            acd: Acd::new(|| OfferId(Uuid::new_v4())),
            live: HashMap::new(),
            parties: HashMap::new(),
            offers: HashMap::new(),
            queues: BTreeMap::new(),
            people: HashMap::new(),
            stopping: false,
        }
    }

    /// The queue that a called number leads to.
    pub(super) fn queue_of(&self, called: &str) -> Option<&QueueInfo> {
        self.queues
            .values()
            .find(|queue| queue.numbers.iter().any(|number| number == called))
    }

    /// The live contact a party belongs to, and where it sits.
    pub(super) fn seat(&mut self, party: PartyId) -> Option<(ContactId, Seat, &mut Live)> {
        let (contact, seat) = *self.parties.get(&party)?;
        let live = self.live.get_mut(&contact)?;
        Some((contact, seat, live))
    }
}
