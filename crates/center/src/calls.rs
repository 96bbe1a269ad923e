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
mod colleagues;
mod control;
mod driver;
mod effects;
mod events;
mod handing;
mod kept;
mod knocking;
mod leaving;
mod outbound;
mod policy;
mod record;
mod requests;
mod room;
mod routes;
mod saver;
mod silence;
mod simulated;
mod state;
mod store;
mod surroundings;
mod targets;
#[cfg(test)]
mod tests;
mod tuning;
mod view;
mod watch;

pub use driver::Driver;
pub use kept::{Act, FormerNotes, Kept, Leg};
pub use record::Record;
pub use simulated::SimulatedSurroundings;
pub use state::QueueInfo;
pub use store::{add_past, add_queue, contacts_of, number_of};
pub use surroundings::{DialRefusal, Known, LateNotes, Surroundings};

pub(crate) use board::{AgentLook, CallLook, Look, QueueLook};
pub(crate) use routes::{open_line, routes};
pub(crate) use store::{
    agents_of, contacts_among, legs_migration, migration, policies_migration, stored_since,
};

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
    party::Parked,
    presence::{PersonPresence, PresenceState},
    queue::Queue,
    supervision::Watching,
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
    /// The call a supervisor is in.
    pub watching: Option<Watching>,
    /// Who is parked.
    pub parked: Vec<Parked>,
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
    /// Ring a desk, which answers by itself if the flag is set, if the offer still stands.
    Ring(OfferId, ContactId, AgentId, bool),
    /// Ring a supervisor's desk, if they still want to join.
    RingWatcher(ContactId, AgentId),
    /// Answered when everything before it is done.
    Flush(oneshot::Sender<()>),
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
            watching: inner.watching(&state, agent),
            parked: inner.parked(&state, agent),
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

    /// The agent signed in at another desk. A conversation goes on at the old one while it is heard
    /// there, but a supervisor is out of the call they are in, to join it from the new one.
    pub fn desk_replaced(&self, agent: AgentId) {
        self.desk_lost(agent);
        if let Some(inner) = self.inner.get() {
            let mut state = inner.state.lock();
            for contact in state.acd.contacts_of(agent) {
                let live = state.live.get_mut(&contact);
                if let Some(live) = live.filter(|live| live.record.agent == Some(agent)) {
                    live.desk_replaced = true;
                }
            }
            inner.unwatch(&mut state, agent);
        }
    }

    /// The agent signed out, or the session ended for good; at the next sign-in they are not ready.
    /// A supervisor is out of the call they are in.
    pub fn signed_out(&self, agent: AgentId) {
        if let Some(inner) = self.inner.get() {
            let mut state = inner.state.lock();
            inner.unwatch(&mut state, agent);
            inner.try_apply(&mut state, Input::SignedOut(agent));
        }
    }

    /// Whether an agent is in a call: dials, talks or holds.
    pub(crate) fn is_talking(&self, agent: AgentId) -> bool {
        let inner = self.inner.get();
        inner.is_some_and(|inner| inner.state.lock().acd.talks_in(agent).is_some())
    }

    /// Agents who have a live contact with that customer.
    #[must_use]
    pub fn agents_with(&self, customer: CustomerId) -> Vec<AgentId> {
        let Some(inner) = self.inner.get() else {
            return Vec::new();
        };
        let state = inner.state.lock();
        let theirs = state
            .live
            .iter()
            .filter(|(_, live)| live.record.customer == Some(customer));
        let mut agents: Vec<AgentId> = theirs
            .filter_map(|(contact, live)| Some((state.acd.contact(*contact)?, live)))
            .flat_map(|(entry, live)| {
                let others = entry.colleagues.iter().chain(entry.wrap_ups.keys());
                live.record.agent.into_iter().chain(others.copied())
            })
            .collect();
        agents.sort_unstable();
        agents.dedup();
        agents
    }

    /// A ticket was written from a contact, if it is in its author's hands or under their eyes.
    pub fn ticket_written(&self, by: &Person, contact: ContactId, ticket: TicketId) {
        let Some(inner) = self.inner.get() else {
            return;
        };
        let mut guard = inner.state.lock();
        let state = &mut *guard;
        let Some(live) = state.live.get_mut(&contact) else {
            return;
        };
        let entry = state.acd.contact(contact);
        let steers = || {
            let agent = entry.and_then(|entry| entry.stage.agent_in_hand());
            agent.is_some_and(|agent| inner.surroundings.may_steer(by, agent))
        };
        if !entry.is_some_and(|entry| entry.is_held_by(by.id)) && !steers() {
            return;
        }
        if !live.tickets.contains(&ticket) {
            live.tickets.push(ticket);
            inner.surroundings.recorder().ticketed(contact, ticket);
        }
        inner.tell(state, contact);
        inner.tell_note_takers(state, contact);
    }

    /// Recording of a live contact stands elsewhere: lets supervisors hear what they now may, and
    /// tells who has it.
    pub(crate) fn recording_changed(&self, contact: ContactId) {
        if let Some(inner) = self.inner.get() {
            let mut state = inner.state.lock();
            if let Some(live) = state.live.get_mut(&contact) {
                inner.tune(live);
            }
            inner.tell(&state, contact);
        }
    }

    /// The customer of a live contact is to be told that it is recorded from now on.
    pub(crate) fn announce_recording(&self, contact: ContactId) {
        if let Some(inner) = self.inner.get()
            && let Some(live) = inner.state.lock().live.get_mut(&contact)
        {
            inner.tune(live);
        }
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

    /// Takes no more calls, ends those there are, and waits until desks are told and everything is
    /// written.
    pub async fn shutdown(&self) {
        let Some(inner) = self.inner.get() else {
            return;
        };
        inner.end_all();
        inner.switch.stop().await;
        let (done, told) = oneshot::channel();
        inner.output(Output::Flush(done));
        // A driver that is gone tells nobody any more.
        let _ = told.await;
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
        if self.default_queue.as_ref() == Some(&info.name) {
            state.acd.set_default_queue(queue);
        }
        state.queues.insert(queue, info);
        self.try_apply(&mut state, Input::QueueSet { queue, set_up });
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
        let parties: Vec<_> = state.lines.keys().copied().collect();
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
