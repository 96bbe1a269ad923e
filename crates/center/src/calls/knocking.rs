//! Call waiting: what knocks while an agent is in conversation.
//!
//! An agent has one line. What knocks is seen, and heard as a beep, but does not ring. Taken, the
//! line rings and answers by itself, and whoever the agent talked to waits or goes on:
//!
//! | the agent talked to | meanwhile | once the agent is free |
//! |---|---|---|
//! | a customer | is parked for the agent | comes back |
//! | a customer, and consulted somebody | who was consulted is let go, the customer is parked | comes back |
//! | a conference | goes on, led by a colleague | asks the agent back |
//! | a colleague alone | hears music | asks the agent back |
//!
//! A customer who talks with somebody outside only cannot go on without the agent: then it is refused.

use super::{Inner, room::Member, state::State};
use crate::{
    acd::{Input, Stage},
    http::ApiFailure,
};
use seatline_contract::{
    error::Code,
    id::{AgentId, ContactId, OfferId},
    party::{PartyEnd, PartyRole},
};
use std::sync::Arc;

impl Inner {
    /// Lets an agent in conversation hear that somebody wants them.
    pub(super) fn knock(&self, state: &State, agent: AgentId) {
        let present = state.acd.talks_in(agent);
        let live = present.and_then(|contact| state.live.get(&contact));
        let mut members = live.iter().flat_map(|live| live.room.members());
        if let Some(line) = members
            .find(|member| member.agent == Some(agent))
            .and_then(|member| member.line)
        {
            self.switch.beep(line);
        }
    }

    /// Takes what knocks, and lets the present customer wait.
    pub(super) fn take(self: &Arc<Self>, agent: AgentId, offer: OfferId) -> Result<(), ApiFailure> {
        let mut state = self.state.lock();
        let state = &mut *state;
        let shown = state.offers.get(&agent).filter(|shown| shown.id == offer);
        let knocks = shown.is_some_and(|shown| state.acd.is_knocking(agent, shown.contact.id));
        let present = state.acd.talks_in(agent).filter(|_| knocks);
        let present = present
            .ok_or_else(|| ApiFailure::from(Code::Conflict).detail("nothing knocks by that id"))?;
        state.taken.insert(agent, offer);
        state.laid_down.insert(agent, present);
        let laid = self.lay_down(state, agent, present);
        if laid.is_err() {
            state.taken.remove(&agent);
            state.laid_down.remove(&agent);
        }
        laid
    }

    /// Lets those an agent talks to wait, or go on without the agent.
    fn lay_down(
        self: &Arc<Self>,
        state: &mut State,
        agent: AgentId,
        contact: ContactId,
    ) -> Result<(), ApiFailure> {
        let now = self.clock.now();
        self.lead(state, agent, contact);
        let entry = state.acd.contact(contact).ok_or(Code::NotFound)?;
        let leads = entry.stage.agent_in_hand() == Some(agent);
        let live = state.live.get(&contact).ok_or(Code::NotFound)?;
        let mut members = live.room.members().iter();
        if !leads {
            let own = members.find(|member| member.agent == Some(agent));
            let own = own.ok_or(Code::NotFound)?.id;
            self.guest_gone(state, contact, own, PartyEnd::Left);
            return Ok(());
        }
        self.check_talking(state, agent, contact)?;
        let stays = |member: &&Member| !member.apart && member.has_answered();
        let heir = members
            .clone()
            .filter(stays)
            .find(|m| m.role == PartyRole::Colleague);
        let heir = heir.and_then(|heir| heir.agent);
        let outside = members.filter(stays).any(|m| m.role == PartyRole::Outside);
        if heir.is_none() && outside {
            return Err(ApiFailure::from(Code::Conflict).detail("nobody could go on with them"));
        }
        if let Some(apart) = live.room.apart() {
            let (party, answered) = (apart.id, apart.has_answered());
            match apart.role == PartyRole::Colleague && !answered {
                true => self.unask(state, contact, party),
                false => self.guest_gone(state, contact, party, PartyEnd::Dropped),
            }
        }
        let Some(heir) = heir else {
            return self.park_in(state, agent, contact).map(|_| ());
        };
        self.crown(state, contact, heir, PartyEnd::Left);
        if let Some(live) = state.live.get_mut(&contact) {
            live.hand_over = live.hand_over.take().filter(|_| !live.is_internal());
            live.room.hold_alone(now);
        }
        self.settle(state, contact);
        Ok(())
    }

    /// An agent who took another call is free again: who waits for them comes back.
    pub(super) fn give_back(self: &Arc<Self>, state: &mut State, agent: AgentId) {
        if state.acd.is_free(agent)
            && let Some(contact) = state.laid_down.remove(&agent)
        {
            let stage = state.acd.contact(contact).map(|entry| &entry.stage);
            if stage.and_then(Stage::talker).is_some() {
                // Who consults somebody at this moment goes on without them.
                let _ = self.ask_back(state, contact, agent);
            } else {
                // Picked up by a colleague meanwhile, or gone: then there is nobody to give back.
                self.try_apply(state, Input::Unpark(contact));
            }
        }
    }
}
