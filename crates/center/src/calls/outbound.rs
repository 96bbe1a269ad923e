//! Agents call.

use super::{
    Inner, Record,
    colleagues::colleague_of,
    room::Member,
    state::{Live, State},
    surroundings::{DialRefusal, Known},
};
use crate::{
    acd::Input,
    switch::{Dial, Ending, PartyId as Line},
};
use seatline_contract::{
    contact::{Direction, EndedBy},
    event::Change,
    id::{AgentId, CallbackId, ContactId, CustomerId, EntryId},
    party::{PartyRole, PartyState},
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
        if Hidden::of(&dialled).is_none() {
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
    pub(super) fn dialled_by(
        &self,
        state: &State,
        party: Line,
        agent: AgentId,
        mut record: Record,
    ) -> Live {
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

    /// Finds the number and the customer, then calls.
    async fn resolve(self: Arc<Self>, contact: ContactId, agent: AgentId, dialled: PhoneNumber) {
        let person = self.meet(agent).await;
        let found = match Hidden::of(&dialled) {
            Some(hidden) => self.look_up(agent, hidden).await,
            None => Some((dialled, None)),
        };
        let found = found.ok_or(DialRefusal::Unknown);
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
                    DialRefusal::Unknown => (404, "nobody and no number of that name"),
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

    /// The number behind a name, and whose it is if the name says so.
    async fn look_up(
        &self,
        agent: AgentId,
        hidden: Hidden,
    ) -> Option<(PhoneNumber, Option<Known>)> {
        match hidden {
            Hidden::Customer(customer, index) => {
                let (number, known) = self.surroundings.number_of(customer, index).await?;
                Some((number, Some(known)))
            }
            Hidden::Entry(entry) => {
                let (number, _) = self.surroundings.entry(agent, entry).await?;
                Some((number, None))
            }
            Hidden::Callback(callback) => self.surroundings.callback(agent, callback).await,
        }
    }

    /// An outbound call that can not be made.
    pub(super) fn fail(
        self: &Arc<Self>,
        state: &mut State,
        contact: ContactId,
        code: u16,
        words: &str,
    ) {
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

/// A number the agent may not see but may call, by a name for it.
#[derive(Debug, PartialEq, Eq)]
enum Hidden {
    /// `customer-<uuid>-<index>`.
    Customer(CustomerId, usize),
    /// `entry-<uuid>`, of the address book.
    Entry(EntryId),
    /// `callback-<uuid>`, the agent's.
    Callback(CallbackId),
}

impl Hidden {
    fn of(dialled: &PhoneNumber) -> Option<Self> {
        let (kind, name) = dialled.expose().split_once('-')?;
        match kind {
            "customer" => {
                let (id, index) = name.rsplit_once('-')?;
                Some(Self::Customer(id.parse().ok()?, index.parse().ok()?))
            }
            "entry" => Some(Self::Entry(name.parse().ok()?)),
            "callback" => Some(Self::Callback(name.parse().ok()?)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_number_has_a_name() {
        let id = Uuid::from_u128(7);
        let named = |name: String| Hidden::of(&PhoneNumber::new(name));
        let customer = Hidden::Customer(CustomerId(id), 2);
        assert_eq!(named(format!("customer-{id}-2")), Some(customer));
        assert_eq!(
            named(format!("entry-{id}")),
            Some(Hidden::Entry(EntryId(id)))
        );
        let callback = Hidden::Callback(CallbackId(id));
        assert_eq!(named(format!("callback-{id}")), Some(callback));
        for other in [
            "13812345678",
            "customer-1-1",
            "customer-",
            "customer--",
            "entry-1",
            "010-1",
        ] {
            assert_eq!(named(other.to_owned()), None);
        }
    }
}
