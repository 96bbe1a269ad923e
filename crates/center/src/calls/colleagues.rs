//! Calls between colleagues.
//!
//! ```text
//!   A calls B ──► both talk ──A consults C──► B waits ──merge──► three talk ──A leaves──► B and C
//!                     │ └──────B does: leads from then on───────┘
//!                     └──A hands over──► B waits for C ──C does not come──► A is asked back
//! ```
//!
//! One of them leads, as an agent does a customer's call: the caller, until a colleague of two does
//! something with it. There is no customer to leave behind, nothing is written or recorded, and it is
//! over when one is left whom nobody is to come for.

use super::{Inner, Record, control::check_note, room::Member, state::State, targets::Found};
use crate::{
    acd::{Aim, Input},
    http::ApiFailure,
    switch::{Ending, PartyId as Line},
};
use seatline_contract::{
    contact::{Direction, EndedBy},
    id::{AgentId, ContactId},
    party::{HandedTicket, PartyEnd, PartyRole},
    secret::PhoneNumber,
};
use std::sync::Arc;

impl Inner {
    /// An agent calls a colleague: no trunk, no customer, nothing recorded.
    pub(super) fn colleague_is_called(
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

    /// A colleague who was asked answered: so is the caller's desk, if it was the first.
    pub(super) fn colleague_answered(&self, state: &mut State, contact: ContactId) {
        let now = self.clock.now();
        let Some(live) = state.live.get_mut(&contact) else {
            return;
        };
        if live.room.is_pair() {
            live.room.join_all(now);
        }
        let first = live.record.connected.is_none();
        if let Some(line) = live.room.agent().and_then(|caller| caller.line)
            && first
        {
            self.switch.answer(line);
        }
        live.names_other_end();
    }

    /// One of two colleagues who talk leads their call from now on.
    pub(super) fn lead(self: &Arc<Self>, state: &mut State, agent: AgentId, contact: ContactId) {
        let now = self.clock.now();
        let entry = state.acd.contact(contact);
        let follows = entry.is_some_and(|entry| {
            entry.internal && entry.stage.talker().is_some() && entry.colleagues.contains(&agent)
        });
        let Some(live) = state.live.get_mut(&contact).filter(|_| follows) else {
            return;
        };
        let mut members = live.room.members().iter();
        let own = members.find(|member| member.agent == Some(agent));
        let Some(own) = own.filter(|_| live.room.is_pair()).map(|own| own.id) else {
            return;
        };
        live.room.lead(own, now);
        self.try_apply(state, Input::Lead { contact, agent });
        if let Some(live) = state.live.get_mut(&contact) {
            live.names_other_end();
        }
    }

    /// Hands the colleague one talks to over to somebody else, whom they wait for.
    pub(super) fn transfer_colleague(
        self: &Arc<Self>,
        state: &mut State,
        agent: AgentId,
        contact: ContactId,
        found: Found,
        said: (String, Option<HandedTicket>),
    ) -> Result<(), ApiFailure> {
        check_note(&said.0)?;
        self.lead(state, agent, contact);
        self.check_alone(state, agent, contact)?;
        self.consult_in(state, agent, contact, found, said)?;
        let heir = state.live.get(&contact).and_then(|live| live.room.heir());
        if let Some(heir) = heir.and_then(|heir| heir.agent) {
            self.crown(state, contact, heir, PartyEnd::Transferred);
        }
        Ok(())
    }

    /// Nobody comes for the one who is left: who handed them over is asked back, or it is over.
    pub(super) fn nobody_comes(self: &Arc<Self>, state: &mut State, contact: ContactId) {
        let live = state.live.get_mut(&contact);
        let said = live.and_then(|live| live.hand_over.take());
        if said.is_some_and(|said| self.ask_back(state, contact, said.from)) {
            return;
        }
        self.finish(state, contact, EndedBy::Centre, None);
    }

    /// Rings somebody who left a conversation, to come into it again. False if they cannot be rung.
    pub(super) fn ask_back(
        self: &Arc<Self>,
        state: &mut State,
        contact: ContactId,
        agent: AgentId,
    ) -> bool {
        let asked = self.asked(state, Some(agent), None, self.clock.now());
        let aim = Aim::Agent(agent);
        if self.apply(state, Input::Consult { contact, aim }).is_err() {
            return false;
        }
        if let Some(live) = state.live.get_mut(&contact) {
            live.room.enter(asked);
        }
        self.settle(state, contact);
        true
    }
}

/// `colleague-<uuid>`: somebody of the centre.
pub(super) fn colleague_of(dialled: &PhoneNumber) -> Option<AgentId> {
    let id = dialled.expose().strip_prefix("colleague-")?;
    id.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_colleague_is_named_by_id() {
        let id = Uuid::from_u128(7);
        let dialled = PhoneNumber::new(format!("colleague-{id}"));
        assert_eq!(colleague_of(&dialled), Some(AgentId(id)));
        for other in ["13812345678", "colleague-", "colleague-1"] {
            assert_eq!(colleague_of(&PhoneNumber::new(other)), None);
        }
    }
}
