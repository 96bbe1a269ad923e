//! The automatic call distributor: who gets which contact, and when.
//!
//! A pure core. [`Acd::handle`] takes one [`Input`] and the time and returns [`Effect`]s; it never
//! waits, reads a clock or touches a socket. The rules:
//!
//! * contacts of a queue are offered in the order they arrived, whatever happened to earlier offers;
//! * the agent who has been idle longest gets the contact;
//! * an agent has at most one offer or conversation at a time; where call waiting is allowed, what
//!   is put before them in person may knock meanwhile, and rings when the conversation is over;
//! * an offer is first reserved, and rings only after the store has confirmed the reservation;
//! * an offer that is missed, declined or cut off puts the contact back to its place;
//! * a contact put before one agent in person, and not taken, goes back to whom it came from, and
//!   then to a queue: a customer is never left alone;
//! * who hands a contact over is in wrap-up of it at once, with a clock of their own;
//! * a call between colleagues keeps both busy, and leaves no notes to finish;
//! * an input that comes late, twice or out of order is refused with a [`Refusal`] and changes nothing.
//!
//! Calling contract: carry out the effects in order; answer each [`Effect::Reserve`] with
//! [`Input::Confirmed`] or [`Input::NotConfirmed`]; call with [`Input::Tick`] no later than
//! [`Acd::next_deadline`].

mod agent;
mod consulting;
mod contact;
mod handing;
mod inputs;
mod matching;
mod notes;
mod offering;
mod queue;
#[cfg(test)]
mod simulation;
mod watching;

pub use agent::{DECLINED, MISSED, SIGNED_IN};
pub use contact::{Ask, Entry, IllegalMove, Purpose, Stage, Terms, WrapUp};
pub use queue::QueueSetUp;

use agent::Agent;
use queue::Line;
use seatline_contract::{
    contact::OfferEnd,
    id::{AgentId, ContactId, OfferId, QueueId},
    presence::{PresenceChoice, PresenceState},
    time::UnixMs,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use thiserror::Error;

/// Whom an agent wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// A colleague in person.
    Agent(AgentId),
    /// Whoever serves a queue.
    Queue(QueueId),
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A queue is new or was set up anew.
    QueueSet {
        /// Which.
        queue: QueueId,
        /// How.
        set_up: QueueSetUp,
    },
    /// An agent's desk signed in or came back.
    DeskOnline(AgentId),
    /// An agent's desk has not been heard from for too long.
    DeskLost(AgentId),
    /// An agent signed out.
    SignedOut(AgentId),
    /// An agent's desk can be rung.
    LineUp(AgentId),
    /// An agent's desk can no longer be rung.
    LineDown(AgentId),
    /// Whether a contact put before an agent in person may knock during a conversation.
    MayWait(AgentId, bool),
    /// An agent chose a presence, for now or for when the present contact is done.
    Choose(AgentId, PresenceChoice),
    /// A customer calls.
    Arrived {
        /// The contact.
        contact: ContactId,
        /// Where it waits.
        queue: QueueId,
    },
    /// The store confirmed a reservation.
    Confirmed(OfferId),
    /// The store did not confirm a reservation; it is tried again after a short rest.
    NotConfirmed(OfferId),
    /// The agent answered.
    Accepted(OfferId),
    /// The agent declined.
    Declined(OfferId),
    /// The agent's desk could not be rung.
    RingFailed(OfferId),
    /// The centre could ring no desk at all: the agent is not at fault, and it is tried again after
    /// a short rest.
    NotRung(OfferId),
    /// An agent dials.
    Dialed {
        /// The contact.
        contact: ContactId,
        /// Who.
        agent: AgentId,
    },
    /// An agent calls a colleague, without a customer. Once the colleague is wanted no more, the
    /// contact is to be ended.
    Called {
        /// The contact.
        contact: ContactId,
        /// Who.
        agent: AgentId,
        /// Whom.
        colleague: AgentId,
    },
    /// The customer answered the dialled call.
    Answered(ContactId),
    /// The agent put the customer on hold, or took them back.
    Hold {
        /// The contact.
        contact: ContactId,
        /// True to hold.
        held: bool,
    },
    /// The call is over, whatever it had come to.
    Ended(ContactId),
    /// The agent wants a colleague beside the conversation.
    Consult {
        /// The contact.
        contact: ContactId,
        /// Whom.
        aim: Aim,
    },
    /// The colleague is wanted no more.
    Unconsult(ContactId),
    /// A colleague left the conversation.
    Left {
        /// The contact.
        contact: ContactId,
        /// Who.
        agent: AgentId,
    },
    /// A colleague of a call between colleagues leads it; who led it stays in it.
    Lead {
        /// The contact.
        contact: ContactId,
        /// Who.
        agent: AgentId,
    },
    /// A colleague or supervisor in the conversation becomes its agent; who was it, finishes notes.
    HandOver {
        /// The contact.
        contact: ContactId,
        /// Who.
        to: AgentId,
    },
    /// The agent lets the customer wait for somebody else, and finishes notes.
    Transfer {
        /// The contact.
        contact: ContactId,
        /// For whom.
        aim: Aim,
    },
    /// The agent lets the customer wait for the colleague wanted, who has not answered yet, and
    /// finishes notes.
    LeaveToAsked(ContactId),
    /// The agent leaves the customer with somebody outside, and finishes notes.
    Forward(ContactId),
    /// Whom the customer was handed to outside did not answer.
    ForwardFailed(ContactId),
    /// The agent lets the customer wait for anybody, and finishes notes.
    Park {
        /// The contact.
        contact: ContactId,
        /// How long, in milliseconds.
        ms: i64,
    },
    /// A parked customer goes back to who parked them before the time is up.
    Unpark(ContactId),
    /// An agent wants the parked customer.
    PickUp {
        /// The contact.
        contact: ContactId,
        /// Who.
        agent: AgentId,
    },
    /// A supervisor joins the conversation.
    Watch {
        /// The contact.
        contact: ContactId,
        /// Who.
        agent: AgentId,
    },
    /// A supervisor left the conversation.
    Unwatch(AgentId),
    /// The agent saved notes.
    WrapUp {
        /// The contact.
        contact: ContactId,
        /// Who.
        agent: AgentId,
        /// Whether a disposition is chosen.
        disposed: bool,
        /// Whether the notes are finished.
        done: bool,
    },
    /// The agent needs more time for notes.
    Extend {
        /// The contact.
        contact: ContactId,
        /// Who.
        agent: AgentId,
        /// How much, in milliseconds.
        ms: i64,
    },
    /// Time has passed.
    Tick,
}

/// Something to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Write the reservation, if the contact is still what it was, and report back. A colleague
    /// who is only asked takes nothing, so that there is nothing to write.
    Reserve {
        /// The offer to be.
        offer: OfferId,
        /// The contact.
        contact: ContactId,
        /// The agent.
        agent: AgentId,
        /// What for.
        purpose: Purpose,
    },
    /// Tell the agent, then ring the desk.
    Ring {
        /// The offer.
        offer: OfferId,
        /// The contact.
        contact: ContactId,
        /// The agent.
        agent: AgentId,
        /// When it is taken back.
        deadline: UnixMs,
        /// What for.
        purpose: Purpose,
    },
    /// An offer that only knocked rings now: the agent's conversation is over or laid down.
    Admit {
        /// The offer.
        offer: OfferId,
        /// The contact.
        contact: ContactId,
        /// The agent.
        agent: AgentId,
    },
    /// The offer is over. Unless accepted, stop ringing. An offer that never rang ends too.
    OfferOver {
        /// The offer.
        offer: OfferId,
        /// The contact.
        contact: ContactId,
        /// The agent.
        agent: AgentId,
        /// Why.
        end: OfferEnd,
        /// What it was for.
        purpose: Purpose,
    },
    /// A contact's state changed; store it, and tell whoever has it.
    Contact(ContactId),
    /// An agent's notes on a contact that goes on without them have begun or changed.
    WrapUp {
        /// The contact.
        contact: ContactId,
        /// Who.
        agent: AgentId,
    },
    /// A supervisor is out of the conversation.
    Unwatched {
        /// The contact.
        contact: ContactId,
        /// Who.
        agent: AgentId,
    },
    /// A contact left this agent's hands.
    Released {
        /// The contact.
        contact: ContactId,
        /// Who had it.
        agent: AgentId,
    },
    /// An agent's presence or next presence changed.
    Presence(AgentId),
    /// A queue's length changed.
    Queue(QueueId),
}

/// Why an input changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// No such contact is alive: it is over or never was.
    #[error("no such contact")]
    NoContact,
    /// The offer is over.
    #[error("the offer is over")]
    OfferOver,
    /// The contact is known already.
    #[error("the contact is known already")]
    Known,
    /// No such queue.
    #[error("no such queue")]
    NoQueue,
    /// The agent already has an offer or a conversation.
    #[error("the agent is busy")]
    Busy,
    /// The colleague can not be rung, or has an offer or a conversation.
    #[error("the colleague can not be rung")]
    Unavailable,
    /// Wrap-up may not end without a disposition.
    #[error("a disposition is required")]
    DispositionRequired,
    /// The state does not allow it.
    #[error(transparent)]
    Illegal(#[from] IllegalMove),
}

/// The distributor.
pub struct Acd {
    agents: HashMap<AgentId, Agent>,
    contacts: HashMap<ContactId, Entry>,
    queues: BTreeMap<QueueId, Line>,
    /// Where a contact goes that has no queue and nobody to go to.
    default_queue: Option<QueueId>,
    offers: HashMap<OfferId, ContactId>,
    /// When something happens by itself.
    alarms: BTreeSet<(UnixMs, ContactId)>,
    arrivals: u64,
    make_offer: Box<dyn FnMut() -> OfferId + Send>,
    effects: Vec<Effect>,
}

impl Acd {
    /// An empty distributor. Ids of offers come from `make_offer`, so that tests can repeat a run.
    pub fn new(make_offer: impl FnMut() -> OfferId + Send + 'static) -> Self {
        Self {
            agents: HashMap::new(),
            contacts: HashMap::new(),
            queues: BTreeMap::new(),
            default_queue: None,
            offers: HashMap::new(),
            alarms: BTreeSet::new(),
            arrivals: 0,
            make_offer: Box::new(make_offer),
            effects: Vec::new(),
        }
    }

    /// Names the queue for contacts that have none and nobody to go to.
    pub fn set_default_queue(&mut self, queue: QueueId) {
        self.default_queue = Some(queue);
    }

    /// Takes one input and returns what is to be done, in order.
    ///
    /// # Errors
    /// A [`Refusal`] when the input comes too late or makes no sense; then nothing has changed.
    pub fn handle(&mut self, now: UnixMs, input: Input) -> Result<Vec<Effect>, Refusal> {
        self.take(now, input)?;
        self.match_all(now);
        Ok(std::mem::take(&mut self.effects))
    }

    /// The earliest point in time at which [`Input::Tick`] does something.
    #[must_use]
    pub fn next_deadline(&self) -> Option<UnixMs> {
        self.alarms.first().map(|(at, _)| *at)
    }

    /// A contact that is not over yet, or ended in the input handled last.
    #[must_use]
    pub fn contact(&self, contact: ContactId) -> Option<&Entry> {
        self.contacts.get(&contact)
    }

    /// Forgets a contact that is done. Call it once its last state is stored.
    pub fn forget(&mut self, contact: ContactId) {
        if self.contacts.get(&contact).is_some_and(Entry::is_done) {
            self.contacts.remove(&contact);
        }
    }

    /// An agent's presence; offline for an agent never heard of.
    #[must_use]
    pub fn presence(&self, agent: AgentId) -> PresenceState {
        self.agents
            .get(&agent)
            .map_or_else(|| agent::offline(UnixMs(0)), |agent| agent.told.clone())
    }

    /// Whether an agent could talk now: has neither an offer nor a conversation.
    #[must_use]
    pub fn is_free(&self, agent: AgentId) -> bool {
        self.agents
            .get(&agent)
            .is_none_or(|agent| agent.engagement == agent::Engagement::Free)
    }

    /// Whether somebody new may call the agent in person now.
    #[must_use]
    pub fn is_callable(&self, agent: AgentId) -> bool {
        let agent = self.agents.get(&agent);
        agent.is_some_and(agent::Agent::is_callable)
    }

    /// Whether this contact only knocks at the agent, who is in conversation.
    #[must_use]
    pub fn is_knocking(&self, agent: AgentId, contact: ContactId) -> bool {
        let agent = self.agents.get(&agent);
        agent.is_some_and(|agent| agent.knocking == Some(contact))
    }

    /// The contact in which an agent talks or dials.
    #[must_use]
    pub fn talks_in(&self, agent: AgentId) -> Option<ContactId> {
        match self.agents.get(&agent)?.engagement {
            agent::Engagement::Talking(contact) => Some(contact),
            agent::Engagement::Free
            | agent::Engagement::Offered(_)
            | agent::Engagement::Watching(_) => None,
        }
    }

    /// Whether the desk of an agent is heard from.
    #[must_use]
    pub fn has_desk(&self, agent: AgentId) -> bool {
        self.agents.get(&agent).is_some_and(|agent| agent.desk)
    }

    /// Whether the desk of an agent can be rung.
    #[must_use]
    pub fn has_line(&self, agent: AgentId) -> bool {
        self.agents.get(&agent).is_some_and(|agent| agent.line)
    }

    /// The contacts an agent has in hand: talking, dialing, held, as a colleague, in wrap-up. Neither
    /// offers nor what a supervisor watches are among them.
    #[must_use]
    pub fn contacts_of(&self, agent: AgentId) -> Vec<ContactId> {
        let Some(agent) = self.agents.get(&agent) else {
            return Vec::new();
        };
        let talking = match agent.engagement {
            agent::Engagement::Talking(contact) => Some(contact),
            agent::Engagement::Free
            | agent::Engagement::Offered(_)
            | agent::Engagement::Watching(_) => None,
        };
        let notes = agent.wrap_ups.iter().copied();
        talking
            .into_iter()
            .chain(notes.filter(|contact| talking != Some(*contact)))
            .collect()
    }

    /// The contact a supervisor is in without being its agent.
    #[must_use]
    pub fn watched_by(&self, agent: AgentId) -> Option<ContactId> {
        match self.agents.get(&agent)?.engagement {
            agent::Engagement::Watching(contact) => Some(contact),
            agent::Engagement::Free
            | agent::Engagement::Offered(_)
            | agent::Engagement::Talking(_) => None,
        }
    }

    /// Agents whose desks are heard from.
    pub fn with_desks(&self) -> impl Iterator<Item = AgentId> + '_ {
        let desks = self.agents.iter().filter(|(_, agent)| agent.desk);
        desks.map(|(id, _)| *id)
    }

    /// How many customers wait in a queue, and since when the first of them does.
    #[must_use]
    pub fn length(&self, queue: QueueId) -> (u32, Option<UnixMs>) {
        self.queues.get(&queue).map_or((0, None), Line::length)
    }

    /// The queues an agent serves.
    pub fn queues_of(&self, agent: AgentId) -> impl Iterator<Item = QueueId> + '_ {
        self.queues
            .iter()
            .filter(move |(_, line)| line.set_up.agents.contains(&agent))
            .map(|(id, _)| *id)
    }

    /// Who serves a queue.
    pub fn agents_of(&self, queue: QueueId) -> impl Iterator<Item = AgentId> + '_ {
        self.queues
            .get(&queue)
            .into_iter()
            .flat_map(|line| line.set_up.agents.iter().copied())
    }
}
