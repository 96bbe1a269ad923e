//! Calls as people see them, and telling them.

use super::{
    Inner,
    room::Member,
    state::{Live, State},
};
use seatline_contract::{
    contact::{Contact, ContactState},
    customer::NumberKind,
    event::Change,
    id::{AgentId, ContactId, QueueId},
    identity::Person,
    party::{LiveCall, Party, PartyEnd, PartyRole, PartyState},
    queue::Queue,
    supervision::Watching,
};

impl Inner {
    /// A live contact as somebody may see it.
    pub(super) fn view_for(
        &self,
        state: &State,
        contact: ContactId,
        agent: AgentId,
    ) -> Option<Contact> {
        let live = state.live.get(&contact)?;
        let entry = state.acd.contact(contact)?;
        let reader = state.people.get(&agent);
        let number = self.surroundings.show(live.record.number.as_ref(), reader);
        let mut view = live.record.view(number, live.tickets.clone());
        if live.is_internal() {
            view.number.kind = NumberKind::Internal;
            view.number.display = String::new();
            view.customer_name = self.other_end(state, live, agent);
        }
        let is_colleague = entry.colleagues.contains(&agent);
        let in_call = is_colleague || entry.stage.talker() == Some(agent);
        if let Some(notes) = entry.wrap_ups.get(&agent).filter(|_| !in_call) {
            if let Some(own) = live.notes.get(&agent) {
                view.agent = Some(agent);
                view.agent_name.clone_from(&own.name);
                view.disposition.clone_from(&own.disposition);
                view.note.clone_from(&own.note);
                view.ended = view.ended.or(Some(own.ended));
            }
            view.state = ContactState::WrapUp;
            view.wrap_up_deadline = notes.deadline;
            view.disposition_required = notes.disposition_required;
            return Some(view);
        }
        if is_colleague {
            let mut members = live.room.members().iter();
            let own = members.find(|member| member.agent == Some(agent));
            view.state = match own.map(|member| member.state) {
                Some(PartyState::Held) => ContactState::Held,
                _ => ContactState::Connected,
            };
            view.disposition = None;
            view.note = String::new();
        }
        view.call = self.view_call(live, agent, reader);
        if let Some(help) = self.surroundings.help_of(contact) {
            view.call.get_or_insert_default().help = Some(help);
        }
        Some(view)
    }

    /// Who is at the other end of a call between colleagues, for a reader.
    fn other_end(&self, state: &State, live: &Live, reader: AgentId) -> Option<String> {
        let members = live.room.members();
        let takes_part = members.iter().any(|member| member.agent == Some(reader));
        let own = if takes_part {
            Some(reader)
        } else {
            live.record.agent
        };
        let other = members
            .iter()
            .find(|member| member.agent.is_none() || member.agent != own);
        match other {
            Some(other) => Some(self.name_shown(state, other, reader)),
            None if live.record.agent != Some(reader) => live.record.agent_name.clone(),
            None => live.record.customer_name.clone(),
        }
    }

    fn view_call(&self, live: &Live, agent: AgentId, reader: Option<&Person>) -> Option<LiveCall> {
        if live.is_over() || live.room.members().is_empty() {
            return None;
        }
        let has_it = live.record.agent == Some(agent);
        let watches = live.room.seat(agent).is_some();
        let hand_over = match &live.briefing {
            Some(briefing) if !has_it && !watches => Some(briefing.clone()),
            _ => live.hand_over.clone(),
        };
        let told_of_watchers = self.surroundings.shows_watchers();
        Some(LiveCall {
            parties: live
                .room
                .members()
                .iter()
                .map(|member| self.view_party(live, member, reader))
                .collect(),
            hand_over,
            watchers: live
                .room
                .watchers()
                .filter(|_| watches || told_of_watchers)
                .collect(),
            recording: self.surroundings.recorder().state(live.record.id),
            ..LiveCall::default()
        })
    }

    fn view_party(&self, live: &Live, member: &Member, reader: Option<&Person>) -> Party {
        let number = match member.role {
            PartyRole::Customer => Some(live.record.number.as_ref()),
            PartyRole::Outside => Some(member.number.as_ref()),
            PartyRole::Agent | PartyRole::Colleague => None,
        };
        let name = match member.role {
            PartyRole::Customer => live.record.customer_name.clone(),
            PartyRole::Outside | PartyRole::Agent | PartyRole::Colleague => member.name.clone(),
        };
        Party {
            id: member.id,
            role: member.role,
            name,
            number: number.map(|number| self.surroundings.show(number, reader)),
            agent: member.agent,
            queue: member.queue,
            state: member.state,
            muted: member.muted,
            since: member.since,
        }
    }

    /// The call a supervisor is in.
    pub(super) fn watching(&self, state: &State, supervisor: AgentId) -> Option<Watching> {
        let contact = state.acd.watched_by(supervisor)?;
        let seat = state.live.get(&contact)?.room.seat(supervisor)?;
        Some(Watching {
            contact: self.view_for(state, contact, supervisor)?,
            mode: seat.mode,
            visible: self.surroundings.shows_watchers(),
            connected: seat.connected,
            since: seat.since,
        })
    }

    pub(super) fn tell_watching(&self, state: &State, supervisor: AgentId) {
        let watching = self.watching(state, supervisor);
        self.publish(supervisor, Change::Watching { watching });
    }

    /// Tells everybody in a call what it is now.
    pub(super) fn tell(&self, state: &State, contact: ContactId) {
        let agent = state
            .acd
            .contact(contact)
            .and_then(|entry| entry.stage.agent_in_hand());
        if let Some(agent) = agent
            && let Some(contact) = self.view_for(state, contact, agent)
        {
            self.publish(agent, Change::Contact { contact });
        }
        self.tell_guests(state, contact);
    }

    /// Tells colleagues and supervisors in a call what it is now.
    pub(super) fn tell_guests(&self, state: &State, contact: ContactId) {
        let Some(entry) = state.acd.contact(contact) else {
            return;
        };
        for agent in &entry.colleagues {
            if let Some(contact) = self.view_for(state, contact, *agent) {
                self.publish(*agent, Change::Contact { contact });
            }
        }
        for supervisor in &entry.watchers {
            self.tell_watching(state, *supervisor);
        }
    }

    /// Tells those who finish notes on a contact what it is now.
    pub(super) fn tell_note_takers(&self, state: &State, contact: ContactId) {
        let Some(entry) = state.acd.contact(contact) else {
            return;
        };
        let has_it = entry.stage.agent_in_hand();
        for agent in entry
            .wrap_ups
            .keys()
            .filter(|agent| has_it != Some(**agent))
        {
            if let Some(contact) = self.view_for(state, contact, *agent) {
                self.publish(*agent, Change::Contact { contact });
            }
        }
    }

    /// Tells everybody in a call that somebody left it.
    pub(super) fn tell_gone(
        &self,
        state: &State,
        contact: ContactId,
        gone: &Member,
        end: PartyEnd,
    ) {
        let Some(entry) = state.acd.contact(contact) else {
            return;
        };
        let told = entry.stage.agent_in_hand().into_iter();
        let told = told.chain(entry.colleagues.iter().copied());
        for agent in told.chain(entry.watchers.iter().copied()) {
            if gone.agent == Some(agent) {
                continue;
            }
            let name = self.name_shown(state, gone, agent);
            self.publish(
                agent,
                Change::PartyGone {
                    contact,
                    party: gone.id,
                    name,
                    end,
                },
            );
        }
    }

    /// A party's name, or its number as the reader may see it.
    pub(super) fn name_shown(&self, state: &State, member: &Member, reader: AgentId) -> String {
        let number = || {
            let reader = state.people.get(&reader);
            let number = member.number.as_ref();
            self.surroundings.show(number, reader).display
        };
        member.name.clone().unwrap_or_else(number)
    }

    /// A queue as desks see it.
    pub(super) fn view_queue(state: &State, queue: QueueId) -> Option<Queue> {
        let info = state.queues.get(&queue)?;
        let (waiting, longest_since) = state.acd.length(queue);
        Some(Queue {
            id: queue,
            name: info.name.clone(),
            waiting,
            longest_since,
        })
    }

    pub(super) fn tell_queue(&self, state: &State, queue: QueueId) {
        let Some(view) = Self::view_queue(state, queue) else {
            return;
        };
        metrics::gauge!("seatline_contacts_waiting", "queue" => view.name.clone())
            .set(view.waiting);
        for agent in state.acd.agents_of(queue) {
            let queue = view.clone();
            self.publish(agent, Change::Queue { queue });
        }
    }
}
