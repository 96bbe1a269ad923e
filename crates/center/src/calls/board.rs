//! One look at everything, for those who watch: the board, the directory, requests for help.

use super::{Calls, Inner, Record, state::Live};
use crate::http::ApiFailure;
use seatline_contract::{
    contact::{Contact, ContactState, Direction},
    id::{AgentId, ContactId, QueueId},
    identity::Person,
    party::RecordingState,
    presence::{PresenceChoice, PresenceState},
    queue::Queue,
    secret::PhoneNumber,
    supervision::{WatchMode, Watcher},
    time::UnixMs,
};
use std::collections::HashMap;

/// What the calls are at one moment.
pub(crate) struct Look {
    /// All queues.
    pub(crate) queues: Vec<QueueLook>,
    /// Those asked for.
    pub(crate) agents: HashMap<AgentId, AgentLook>,
    /// All calls that are not over.
    pub(crate) calls: Vec<CallLook>,
}

/// A queue and who serves it.
pub(crate) struct QueueLook {
    pub(crate) queue: Queue,
    pub(crate) agents: Vec<AgentId>,
}

/// An agent and the call they are in.
pub(crate) struct AgentLook {
    pub(crate) presence: PresenceState,
    pub(crate) contact: Option<ContactId>,
    /// Whether they can be called in person.
    pub(crate) callable: bool,
}

/// A call that is not over.
pub(crate) struct CallLook {
    pub(crate) contact: ContactId,
    pub(crate) direction: Direction,
    pub(crate) state: ContactState,
    pub(crate) queue: Option<QueueId>,
    pub(crate) queue_name: Option<String>,
    pub(crate) agent: Option<AgentId>,
    pub(crate) agent_name: Option<String>,
    pub(crate) customer_name: Option<String>,
    pub(crate) number: Option<PhoneNumber>,
    pub(crate) created: UnixMs,
    pub(crate) connected: Option<UnixMs>,
    pub(crate) parties: u32,
    pub(crate) watchers: Vec<Watcher>,
    pub(crate) recording: RecordingState,
}

impl Calls {
    /// All queues and calls, and those agents, at the same moment. `None` until the driver runs.
    pub(crate) fn look(&self, agents: impl Iterator<Item = AgentId>) -> Option<Look> {
        let inner = self.inner.get()?;
        let state = inner.state.lock();
        let recorder = inner.surroundings.recorder();
        let calls: Vec<CallLook> = state
            .live
            .values()
            .filter(|live| live.record.ended.is_none())
            .map(|live| look_at(live, recorder.state(live.record.id)))
            .collect();
        let talking: HashMap<AgentId, ContactId> = state
            .live
            .values()
            .filter_map(|live| Some((talking(&live.record)?, live.record.id)))
            .collect();
        let agent = |agent| AgentLook {
            presence: state.acd.presence(agent),
            callable: state.acd.is_callable(agent),
            contact: talking.get(&agent).copied(),
        };
        let queue = |id: &QueueId| {
            Some(QueueLook {
                queue: Inner::view_queue(&state, *id)?,
                agents: state.acd.agents_of(*id).collect(),
            })
        };
        Some(Look {
            queues: state.queues.keys().filter_map(queue).collect(),
            agents: agents.map(|id| (id, agent(id))).collect(),
            calls,
        })
    }

    /// The call an agent is in.
    pub(crate) fn talking(&self, agent: AgentId) -> Option<ContactId> {
        let state = self.inner.get()?.state.lock();
        let theirs = |live: &&Live| talking(&live.record) == Some(agent);
        state.live.values().find(theirs).map(|live| live.record.id)
    }

    /// Whether somebody can be called in person now.
    pub(crate) fn is_callable(&self, agent: AgentId) -> bool {
        let inner = self.inner.get();
        inner.is_some_and(|inner| inner.state.lock().acd.is_callable(agent))
    }

    /// Who talks in a contact.
    pub(crate) fn talker(&self, contact: ContactId) -> Option<AgentId> {
        let state = self.inner.get()?.state.lock();
        talking(&state.live.get(&contact)?.record)
    }

    /// A live contact as that person may see it.
    pub(crate) fn show_live(&self, contact: ContactId, reader: &Person) -> Option<Contact> {
        let inner = self.inner.get()?;
        let mut state = inner.state.lock();
        let people = &mut state.people;
        people.entry(reader.id).or_insert_with(|| reader.clone());
        inner.view_for(&state, contact, reader.id)
    }

    /// Tells a contact's agent what it is now.
    pub(crate) fn tell_anew(&self, contact: ContactId) {
        if let Some(inner) = self.inner.get() {
            inner.tell(&inner.state.lock(), contact);
        }
    }

    /// Sets an agent's presence, now or for when the present contact is done.
    ///
    /// # Errors
    /// `line_not_ready` for an agent who can not be rung; `unavailable` until the driver runs.
    pub(crate) fn choose_for(
        &self,
        agent: AgentId,
        choice: PresenceChoice,
    ) -> Result<PresenceState, ApiFailure> {
        self.running()?.choose(agent, choice)
    }

    /// Lets a supervisor join a call.
    ///
    /// # Errors
    /// `forbidden` outside the supervisor's teams, `conflict` in a call of their own,
    /// `line_not_ready`; `unavailable` until the driver runs.
    pub(crate) fn join(
        &self,
        supervisor: &Person,
        contact: ContactId,
        mode: WatchMode,
    ) -> Result<(), ApiFailure> {
        self.running()?.watch(supervisor, contact, mode)
    }
}

/// Who talks in a contact, or dials in it.
fn talking(record: &Record) -> Option<AgentId> {
    match record.state {
        ContactState::Dialing | ContactState::Connected | ContactState::Held
            if record.ended.is_none() =>
        {
            record.agent
        }
        ContactState::Dialing
        | ContactState::Connected
        | ContactState::Held
        | ContactState::Queued
        | ContactState::Offered
        | ContactState::Parked
        | ContactState::WrapUp
        | ContactState::Closed
        | ContactState::Abandoned
        | ContactState::Failed => None,
    }
}

fn look_at(live: &Live, recording: RecordingState) -> CallLook {
    let record = &live.record;
    let parties = live.room.members().len();
    CallLook {
        contact: record.id,
        direction: record.direction,
        state: record.state,
        queue: record.queue,
        queue_name: record.queue_name.clone(),
        agent: record.agent,
        agent_name: record.agent_name.clone(),
        customer_name: record.customer_name.clone(),
        number: record.number.clone(),
        created: record.created,
        connected: record.connected,
        parties: u32::try_from(parties).unwrap_or(u32::MAX),
        watchers: live.room.watchers().collect(),
        recording,
    }
}
