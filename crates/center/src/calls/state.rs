//! Everything calls know, behind one lock that is never held across a wait.

use super::{
    Record,
    room::{Hears, Member, Room},
    silence::Silence,
};
use crate::{
    acd::{Acd, QueueSetUp},
    switch::PartyId as Line,
};
use seatline_contract::{
    contact::{Direction, Offer},
    customer::CustomerCard,
    id::{AgentId, ContactId, OfferId, PartyId, QueueId, TicketId},
    identity::Person,
    party::{HandOver, PartyEnd},
    queue::CallPolicy,
    time::UnixMs,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// What an agent wrote about a contact that others go on with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Notes {
    pub(super) name: Option<String>,
    pub(super) disposition: Option<String>,
    pub(super) note: String,
    /// When the conversation was over for them.
    pub(super) ended: UnixMs,
}

/// A contact in progress.
pub(super) struct Live {
    pub(super) record: Record,
    pub(super) room: Room,
    /// What the switch was told that each line hears.
    pub(super) heard: HashMap<Line, Hears>,
    pub(super) card: Option<CustomerCard>,
    pub(super) tickets: Vec<TicketId>,
    /// What the agent before this one left to know.
    pub(super) hand_over: Option<HandOver>,
    /// What the one who is consulted shall know.
    pub(super) briefing: Option<HandOver>,
    /// Whom the customer was last handed to, or where they were parked.
    pub(super) meant_for: String,
    /// Why they did not get there.
    pub(super) came_back: Option<PartyEnd>,
    /// Notes of those who had it before, or still finish them.
    pub(super) notes: BTreeMap<AgentId, Notes>,
    /// Who had it last.
    pub(super) last: Option<AgentId>,
    /// When the agent was last reported silent, and for how long it had been then, in milliseconds.
    pub(super) agent_silence: Silence,
    /// The agent has signed in at another desk than the one that is in the call.
    pub(super) desk_replaced: bool,
}

impl Live {
    pub(super) fn new(record: Record) -> Self {
        Self {
            record,
            room: Room::default(),
            heard: HashMap::new(),
            card: None,
            tickets: Vec::new(),
            hand_over: None,
            briefing: None,
            meant_for: String::new(),
            came_back: None,
            notes: BTreeMap::new(),
            last: None,
            agent_silence: Silence::default(),
            desk_replaced: false,
        }
    }

    /// Nobody has it any more.
    pub(super) fn nobodys(&mut self) {
        self.record.agent = None;
        self.record.agent_name = None;
    }

    /// It is an agent's, who goes on with notes they began earlier.
    pub(super) fn becomes(&mut self, agent: AgentId, name: Option<String>) {
        if self.last != Some(agent) {
            self.agent_silence = Silence::default();
            self.desk_replaced = false;
        }
        self.last = Some(agent);
        self.record.agent = Some(agent);
        if name.as_ref().is_some_and(|name| !name.is_empty()) {
            self.record.agent_name = name;
        }
        if let Some(notes) = self.notes.remove(&agent) {
            self.record.disposition = notes.disposition;
            self.record.note = notes.note;
        }
    }

    /// It is over for the agent who had it, whose notes are their own from now on.
    pub(super) fn lay_down(&mut self, agent: AgentId, name: String, now: UnixMs) {
        if self.notes.contains_key(&agent) {
            return;
        }
        let notes = Notes {
            name: Some(name).filter(|name| !name.is_empty()),
            disposition: self.record.disposition.take(),
            note: std::mem::take(&mut self.record.note),
            ended: now,
        };
        self.notes.insert(agent, notes);
        self.last = Some(agent);
        self.nobodys();
    }

    /// It is done. One that ended while nobody had it was its last agent's.
    pub(super) fn was_lasts(&mut self, now: UnixMs) {
        if self.record.ended.is_none() {
            self.record.ended = Some(now);
        }
        let Some(last) = self.last else {
            return;
        };
        self.record.agent = Some(last);
        if let Some(notes) = self.notes.get(&last) {
            self.record.agent_name.clone_from(&notes.name);
            self.record.disposition.clone_from(&notes.disposition);
            self.record.note.clone_from(&notes.note);
        }
    }

    /// The last agent's notes are the record's once nobody goes on with it.
    pub(super) fn was_lasts_notes(&mut self, agent: AgentId) {
        if self.is_over()
            && self.record.agent == Some(agent)
            && let Some(notes) = self.notes.get(&agent)
        {
            self.record.disposition.clone_from(&notes.disposition);
            self.record.note.clone_from(&notes.note);
        }
    }

    /// A call between colleagues is known by who is at the other end.
    pub(super) fn names_other_end(&mut self) {
        let mut others = self.room.members().iter();
        let other =
            others.find(|member| member.agent.is_none() || member.agent != self.record.agent);
        if let Some(name) = other
            .and_then(|other| other.name.clone())
            .filter(|_| self.is_internal())
        {
            self.record.customer_name = Some(name);
        }
    }

    /// It is between colleagues.
    pub(super) fn is_internal(&self) -> bool {
        self.record.direction == Direction::Internal
    }

    /// The conversation is over.
    pub(super) fn is_over(&self) -> bool {
        self.record.ended.is_some()
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
    /// Its contacts answer themselves at the agent, with a beep.
    pub auto_answer: bool,
}

pub(super) struct State {
    pub(super) acd: Acd,
    pub(super) live: HashMap<ContactId, Live>,
    /// Whose the switch's parties are.
    pub(super) lines: HashMap<Line, ContactId>,
    /// What rings, as the desks were told.
    pub(super) offers: HashMap<AgentId, Offer>,
    pub(super) queues: BTreeMap<QueueId, QueueInfo>,
    pub(super) people: HashMap<AgentId, Person>,
    /// How calls reach those for whom it was decided.
    pub(super) policies: HashMap<AgentId, CallPolicy>,
    /// What knocked and was taken: it answers itself once the agent's ear is free.
    pub(super) taken: HashMap<AgentId, OfferId>,
    /// Who waits for an agent that took another call meanwhile.
    pub(super) laid_down: HashMap<AgentId, ContactId>,
    /// Places of those who are parked.
    pub(super) slots: BTreeMap<u32, ContactId>,
    /// When somebody outside has rung for too long.
    pub(super) alarms: BTreeSet<(UnixMs, ContactId, PartyId)>,
    pub(super) stopping: bool,
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            acd: Acd::new(|| OfferId(Uuid::new_v4())),
            live: HashMap::new(),
            lines: HashMap::new(),
            offers: HashMap::new(),
            queues: BTreeMap::new(),
            people: HashMap::new(),
            policies: HashMap::new(),
            taken: HashMap::new(),
            laid_down: HashMap::new(),
            slots: BTreeMap::new(),
            alarms: BTreeSet::new(),
            stopping: false,
        }
    }

    /// The queue that a called number leads to.
    pub(super) fn queue_of(&self, called: &str) -> Option<&QueueInfo> {
        self.queues
            .values()
            .find(|queue| queue.numbers.iter().any(|number| number == called))
    }

    /// The live contact a line belongs to.
    pub(super) fn of_line(&mut self, line: Line) -> Option<(ContactId, &mut Live)> {
        let contact = *self.lines.get(&line)?;
        let live = self.live.get_mut(&contact)?;
        Some((contact, live))
    }

    /// The live contact a party belongs to, and the party.
    pub(super) fn member(&self, line: Line) -> Option<(ContactId, &Member)> {
        let contact = *self.lines.get(&line)?;
        let member = self.live.get(&contact)?.room.at(line)?;
        Some((contact, member))
    }

    /// A person's name; empty for somebody not met yet.
    pub(super) fn name_of(&self, agent: AgentId) -> String {
        let person = self.people.get(&agent);
        person.map(|person| person.name.clone()).unwrap_or_default()
    }

    /// When something happens by itself.
    pub(super) fn next_deadline(&self) -> Option<UnixMs> {
        let alarm = self.alarms.first().map(|(at, ..)| *at);
        self.acd.next_deadline().into_iter().chain(alarm).min()
    }
}
