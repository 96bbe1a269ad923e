//! Contacts from arrival to closed, and the calls that carry them.
//!
//! ```text
//!   switch ──events──►┐                        ┌──► switch (dial, answer, bridge, hang up)
//!   desks ──requests─►│  State: distributor,   ├──► desks (changes, in order)
//!   clock ──deadlines►│  contacts, parties     ├──► saver ──► database
//!                     └────────────────────────┘
//! ```
//!
//! All of the state is behind one lock that is never held across a wait. Whoever changes it leaves
//! what is to be told in a queue, so that desks hear of changes in the order they happened, and of
//! an offer before their phone rings. One task, the driver, empties that queue, takes the switch's
//! events and keeps the deadlines.

mod board;
mod centre;
mod driver;
mod effects;
mod events;
mod record;
mod requests;
mod routes;
mod saver;
mod silence;
mod simulated;
mod state;
mod store;
mod surroundings;
#[cfg(test)]
mod tests;

pub use driver::Driver;
pub use record::Record;
pub use simulated::SimulatedSurroundings;
pub use state::QueueInfo;
pub use store::{add_past, add_queue, contacts_of, number_of};
pub use surroundings::{DialRefusal, Known, LateNotes, Surroundings};

pub(crate) use board::{AgentLook, CallLook, Look, QueueLook};
pub(crate) use routes::{open_line, routes};
pub(crate) use store::{migration, stored_since};

use crate::{
    acd::{Input, QueueSetUp},
    clock::Clock,
    http::ApiFailure,
    switch::{Ending, Switch, embedded::Embedded},
};
use parking_lot::Mutex;
use saver::Job;
use seatline_contract::{
    contact::{Contact, EndedBy, Offer},
    error::Code,
    event::Change,
    id::{AgentId, ContactId, CustomerId, OfferId, TicketId},
    identity::Person,
    presence::{PersonPresence, PresenceState},
    queue::Queue,
};
use state::State;
use std::{
    fmt,
    net::SocketAddr,
    sync::{Arc, OnceLock},
};
use tokio::sync::{Notify, mpsc, oneshot};

/// What the calls say of one agent, for a snapshot.
#[derive(Debug, Clone)]
pub struct DeskView {
    /// The agent's presence.
    pub presence: PresenceState,
    /// The agent's live contacts.
    pub contacts: Vec<Contact>,
    /// What rings now.
    pub offer: Option<Offer>,
    /// The agent's queues.
    pub queues: Vec<Queue>,
}

/// Handle to everything about calls. Clones are the same. Until its [`Driver`] runs there are no
/// calls, and requests are refused with [`Code::Unavailable`].
#[derive(Clone, Default)]
pub struct Calls {
    inner: Arc<OnceLock<Arc<Inner>>>,
    embedded: Arc<OnceLock<Embedded>>,
}

/// What the handle, the driver and the tasks share.
struct Inner {
    state: Mutex<State>,
    switch: Arc<dyn Switch>,
    surroundings: Arc<dyn Surroundings>,
    clock: Clock,
    default_queue: Option<String>,
    jobs: mpsc::UnboundedSender<Job>,
    outputs: mpsc::UnboundedSender<Output>,
    /// Deadlines may have changed.
    wake: Notify,
}

/// What the driver does outside the lock, in order.
enum Output {
    /// Tell a desk.
    Publish(AgentId, Box<Change>),
    /// Ring a desk, if the offer still stands.
    Ring(OfferId, ContactId, AgentId),
}

/// Makes the handle and the driver, which is run with [`Driver::run`] once the app exists.
#[must_use]
pub fn prepare() -> (Calls, Driver) {
    let calls = Calls::default();
    (calls.clone(), Driver::new(calls))
}

impl Calls {
    /// The agent's presence, contacts, offer and queues now.
    ///
    /// # Errors
    /// [`Code::Unavailable`] until the driver runs.
    pub async fn snapshot_for(&self, agent: AgentId) -> Result<DeskView, ApiFailure> {
        let inner = self.running()?;
        inner.meet(agent).await;
        let state = inner.state.lock();
        let contacts = state.acd.contacts_of(agent);
        Ok(DeskView {
            presence: state.acd.presence(agent),
            contacts: contacts
                .into_iter()
                .filter_map(|contact| inner.view_for(&state, contact, agent))
                .collect(),
            offer: state.offers.get(&agent).cloned(),
            queues: state
                .acd
                .queues_of(agent)
                .filter_map(|queue| Inner::view_queue(&state, queue))
                .collect(),
        })
    }

    /// What each of these people does, all at the same moment.
    ///
    /// # Errors
    /// [`Code::Unavailable`] until the driver runs.
    pub fn with_presence(&self, people: Vec<Person>) -> Result<Vec<PersonPresence>, ApiFailure> {
        let state = self.running()?.state.lock();
        let watch = |person: Person| {
            let PresenceState {
                presence, since, ..
            } = state.acd.presence(person.id);
            PersonPresence {
                person,
                presence,
                since,
            }
        };
        Ok(people.into_iter().map(watch).collect())
    }

    /// The agent's desk connected or came back.
    pub fn desk_online(&self, agent: AgentId) {
        self.input(Input::DeskOnline(agent));
    }

    /// Nothing was heard of the desk for too long. What rings there goes back to the queue; a
    /// conversation goes on while it is heard.
    pub fn desk_lost(&self, agent: AgentId) {
        if let Some(inner) = self.inner.get() {
            let mut state = inner.state.lock();
            inner.try_apply(&mut state, Input::DeskLost(agent));
            inner.end_silent_call(&mut state, agent);
        }
    }

    /// The agent signed out, or the session ended for good; at the next sign-in they are not ready.
    pub fn signed_out(&self, agent: AgentId) {
        self.input(Input::SignedOut(agent));
    }

    /// Agents who have a live contact with that customer.
    #[must_use]
    pub fn agents_with(&self, customer: CustomerId) -> Vec<AgentId> {
        let Some(inner) = self.inner.get() else {
            return Vec::new();
        };
        let state = inner.state.lock();
        let mut agents: Vec<AgentId> = state
            .live
            .values()
            .filter(|live| live.record.customer == Some(customer))
            .filter_map(|live| live.record.agent)
            .collect();
        agents.sort_unstable();
        agents.dedup();
        agents
    }

    /// A ticket was written from a contact.
    pub fn ticket_written(&self, contact: ContactId, ticket: TicketId) {
        let Some(inner) = self.inner.get() else {
            return;
        };
        let mut state = inner.state.lock();
        let Some(live) = state.live.get_mut(&contact) else {
            return;
        };
        if !live.tickets.contains(&ticket) {
            live.tickets.push(ticket);
        }
        inner.tell_agent(&state, contact);
    }

    /// Where trunks reach the centre over UDP, if they do.
    #[must_use]
    pub fn udp_address(&self) -> Option<SocketAddr> {
        self.embedded.get()?.udp_address()
    }

    /// Where trunks reach the centre over TCP, if they do.
    #[must_use]
    pub fn tcp_address(&self) -> Option<SocketAddr> {
        self.embedded.get()?.tcp_address()
    }

    /// A queue is new or was set up anew.
    pub fn set_queue(&self, info: QueueInfo) {
        if let Some(inner) = self.inner.get() {
            inner.set_queue(info);
        }
    }

    /// Takes no more calls, ends those there are, and waits until everything is written.
    pub async fn shutdown(&self) {
        let Some(inner) = self.inner.get() else {
            return;
        };
        inner.end_all();
        inner.switch.stop().await;
        let (done, flushed) = oneshot::channel();
        if inner.jobs.send(Job::Flush(done)).is_ok() {
            // A saver that is gone has nothing left to write.
            let _ = flushed.await;
        }
    }

    fn running(&self) -> Result<&Arc<Inner>, ApiFailure> {
        self.inner.get().ok_or_else(|| Code::Unavailable.into())
    }

    fn input(&self, input: Input) {
        if let Some(inner) = self.inner.get() {
            inner.try_apply(&mut inner.state.lock(), input);
        }
    }
}

impl Inner {
    /// Who an agent is; asked once.
    async fn meet(&self, agent: AgentId) -> Option<Person> {
        if let Some(person) = self.state.lock().people.get(&agent) {
            return Some(person.clone());
        }
        let person = self.surroundings.person(agent).await?;
        self.state.lock().people.insert(agent, person.clone());
        Some(person)
    }

    fn set_queue(self: &Arc<Self>, info: QueueInfo) {
        let mut state = self.state.lock();
        let (queue, set_up): (_, QueueSetUp) = (info.id, info.set_up.clone());
        state.queues.insert(queue, info);
        self.try_apply(&mut state, Input::QueueSet { queue, set_up });
    }

    /// Tells the agent who has a contact what it is now.
    fn tell_agent(&self, state: &State, contact: ContactId) {
        let agent = state
            .acd
            .contact(contact)
            .and_then(|entry| entry.stage.agent_in_hand());
        if let Some(agent) = agent
            && let Some(contact) = self.view_for(state, contact, agent)
        {
            self.publish(agent, Change::Contact { contact });
        }
    }

    fn end_all(self: &Arc<Self>) {
        let mut state = self.state.lock();
        state.stopping = true;
        let live: Vec<ContactId> = state.live.keys().copied().collect();
        for contact in live {
            let over = state
                .live
                .get(&contact)
                .is_none_or(|live| live.record.ended.is_some());
            if !over {
                let words = "the centre is stopping".to_owned();
                self.finish(&mut state, contact, EndedBy::Centre, Some(words));
            }
        }
        let parties: Vec<_> = state.parties.keys().copied().collect();
        for party in parties {
            self.switch
                .hang_up(party, Ending::with(503, "the centre is stopping"));
        }
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let live = self.inner.get().map(|inner| inner.state.lock().live.len());
        f.debug_struct("Calls").field("live", &live).finish()
    }
}
