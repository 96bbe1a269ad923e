//! Agents call.

use super::{
    Inner, Record,
    room::Member,
    state::{Live, State},
    surroundings::DialRefusal,
};
use crate::{
    acd::Input,
    switch::{Dial, Ending, PartyId as Line},
};
use seatline_contract::{
    contact::{Direction, EndedBy},
    event::Change,
    id::{AgentId, ContactId, CustomerId},
    party::{PartyEnd, PartyRole, PartyState},
    secret::PhoneNumber,
};
use std::sync::Arc;
use uuid::Uuid;

impl Inner {
    pub(super) fn agent_dials(
        self: &Arc<Self>,
        state: &mut State,
        party: Line,
        agent: AgentId,
        dialled: PhoneNumber,
    ) {
        metrics::counter!("seatline_calls_total", "direction" => "outbound").increment(1);
        let id = ContactId(Uuid::now_v7());
        if !state.acd.is_free(agent) {
            self.switch
                .hang_up(party, Ending::with(486, "already in a call"));
            return;
        }
        if let Some(colleague) = colleague_of(&dialled) {
            self.colleague_is_called(state, party, (id, agent), colleague);
            return;
        }
        let mut record = Record::new(id, Direction::Outbound, self.clock.now());
        let customer = customer_of(&dialled);
        if customer.is_none() {
            record.number = self.surroundings.normalise(&dialled);
        }
        let live = self.dialled_by(state, party, agent, record);
        self.surroundings
            .recorder()
            .arrived(id, Direction::Outbound, None);
        state.live.insert(id, live);
        state.lines.insert(party, id);
        self.try_apply(state, Input::Dialed { contact: id, agent });
        let calls = self.clone();
        tokio::spawn(async move { calls.resolve(id, agent, dialled).await });
    }

    /// A contact with nobody in it but the agent who dials.
    fn dialled_by(&self, state: &State, party: Line, agent: AgentId, mut record: Record) -> Live {
        record.agent = Some(agent);
        record.agent_name = state.people.get(&agent).map(|person| person.name.clone());
        let mut live = Live::new(record);
        let mut caller = Member::new(PartyRole::Agent, Some(party), self.clock.now());
        caller.agent = Some(agent);
        caller.name.clone_from(&live.record.agent_name);
        caller.state = PartyState::Connected;
        live.room.enter(caller);
        live.last = Some(agent);
        live
    }

    /// An agent calls a colleague: no trunk, no customer, nothing recorded.
    fn colleague_is_called(
        self: &Arc<Self>,
        state: &mut State,
        party: Line,
        (contact, agent): (ContactId, AgentId),
        colleague: AgentId,
    ) {
        let now = self.clock.now();
        let mut record = Record::new(contact, Direction::Internal, now);
        record.customer_name = Some(state.name_of(colleague)).filter(|name| !name.is_empty());
        let mut live = self.dialled_by(state, party, agent, record);
        let mut called = Member::new(PartyRole::Colleague, None, now);
        called.agent = Some(colleague);
        called.name.clone_from(&live.record.customer_name);
        // An empty room has room.
        let _ = live.room.consult(called, now);
        self.tune(&mut live);
        state.live.insert(contact, live);
        state.lines.insert(party, contact);
        let input = Input::Called {
            contact,
            agent,
            colleague,
        };
        if let Err(refusal) = self.apply(state, input) {
            state.live.remove(&contact);
            state.lines.remove(&party);
            let code = if state.acd.has_line(colleague) {
                486
            } else {
                480
            };
            self.switch
                .hang_up(party, Ending::with(code, &refusal.to_string()));
        }
    }

    /// A colleague who was called does not come.
    pub(super) fn colleague_failed(
        self: &Arc<Self>,
        state: &mut State,
        contact: ContactId,
        why: PartyEnd,
    ) {
        let (code, words) = match why {
            PartyEnd::Declined => (603, "declined"),
            PartyEnd::Busy => (486, "busy"),
            PartyEnd::NoAnswer => (408, "no answer"),
            PartyEnd::HungUp
            | PartyEnd::Dropped
            | PartyEnd::Left
            | PartyEnd::Transferred
            | PartyEnd::Unreachable
            | PartyEnd::Lost => (480, "not there"),
        };
        self.fail(state, contact, code, words);
    }

    /// The colleague who was called answered: so is the caller's desk.
    pub(super) fn colleague_answered(&self, state: &mut State, contact: ContactId) {
        let now = self.clock.now();
        let Some(live) = state.live.get_mut(&contact) else {
            return;
        };
        live.room.join_all(now);
        if let Some(line) = live.room.agent().and_then(|caller| caller.line) {
            self.switch.answer(line);
        }
    }

    /// Finds the number and the customer, then calls.
    async fn resolve(self: Arc<Self>, contact: ContactId, agent: AgentId, dialled: PhoneNumber) {
        let person = self.meet(agent).await;
        let found = match customer_of(&dialled) {
            Some((customer, index)) => self
                .surroundings
                .number_of(customer, index)
                .await
                .map(|(number, known)| (number, Some(known)))
                .ok_or(DialRefusal::Unknown),
            None => Ok((dialled, None)),
        };
        let checked = found.and_then(|(number, known)| {
            let dialled = self.surroundings.check_dialled(&number)?;
            Ok((number, dialled, known))
        });
        let (number, dialled, known) = match checked {
            Ok(found) => found,
            Err(refusal) => {
                let (code, words) = match refusal {
                    DialRefusal::Unplayable => (484, "the number can not be dialled"),
                    DialRefusal::NotAllowed => (403, "the number is not allowed"),
                    DialRefusal::Unknown => (404, "no such customer or number"),
                };
                let mut state = self.state.lock();
                self.fail(&mut state, contact, code, words);
                return;
            }
        };
        let number = self.surroundings.normalise(&number).unwrap_or(number);
        let known = match known {
            Some(known) => Some(known),
            None => self.surroundings.identify(&number).await,
        };
        let mut state = self.state.lock();
        let Some(live) = state.live.get_mut(&contact) else {
            return;
        };
        live.record.number = Some(number);
        live.record.agent_name = person.map(|person| person.name);
        let agent_name = live.record.agent_name.clone();
        if let Some(caller) = live.room.agent().map(|caller| caller.id)
            && let Some(caller) = live.room.member_mut(caller)
        {
            caller.name = agent_name;
        }
        if let Some(known) = known {
            live.record.customer = Some(known.id);
            live.record.customer_name = Some(known.name);
        }
        drop(self.write(&mut live.record));
        let party = self.switch.dial(Dial::Trunk { number: dialled });
        let customer = Member::new(PartyRole::Customer, Some(party), self.clock.now());
        live.room.enter(customer);
        self.tune(live);
        state.lines.insert(party, contact);
        if let Some(view) = self.view_for(&state, contact, agent) {
            self.publish(agent, Change::Contact { contact: view });
        }
    }

    /// An outbound call that can not be made.
    fn fail(self: &Arc<Self>, state: &mut State, contact: ContactId, code: u16, words: &str) {
        if let Some(live) = state.live.get_mut(&contact)
            && let Some(agent) = live.room.agent().map(|agent| agent.id)
            && let Some(line) = live
                .room
                .remove(agent, self.clock.now())
                .and_then(|agent| agent.line)
        {
            state.lines.remove(&line);
            self.switch.hang_up(line, Ending::with(code, words));
        }
        self.finish(
            state,
            contact,
            EndedBy::Centre,
            Some(format!("{code} {words}")),
        );
    }

    /// The customer answered: so is the agent's desk.
    pub(super) fn outbound_answered(self: &Arc<Self>, state: &mut State, contact: ContactId) {
        self.try_apply(state, Input::Answered(contact));
        let live = state.live.get(&contact);
        if let Some(line) = live.and_then(|live| live.room.agent()?.line) {
            self.switch.answer(line);
        }
    }
}

/// `customer-<uuid>-<index>`: a number the agent may not see but may call.
fn customer_of(dialled: &PhoneNumber) -> Option<(CustomerId, usize)> {
    let (id, index) = dialled
        .expose()
        .strip_prefix("customer-")?
        .rsplit_once('-')?;
    Some((id.parse().ok()?, index.parse().ok()?))
}

/// `colleague-<uuid>`: somebody of the centre.
fn colleague_of(dialled: &PhoneNumber) -> Option<AgentId> {
    let id = dialled.expose().strip_prefix("colleague-")?;
    id.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colleague_is_named_by_id() {
        let id = Uuid::from_u128(7);
        let dialled = PhoneNumber::new(format!("colleague-{id}"));
        assert_eq!(colleague_of(&dialled), Some(AgentId(id)));
        for other in ["13812345678", "colleague-", "colleague-1"] {
            assert_eq!(colleague_of(&PhoneNumber::new(other)), None);
        }
    }

    #[test]
    fn a_hidden_number_is_named_by_its_customer() {
        let id = Uuid::from_u128(7);
        let dialled = PhoneNumber::new(format!("customer-{id}-2"));
        assert_eq!(customer_of(&dialled), Some((CustomerId(id), 2)));
        for other in ["13812345678", "customer-1-1", "customer-", "customer--"] {
            assert_eq!(customer_of(&PhoneNumber::new(other)), None);
        }
    }
}
