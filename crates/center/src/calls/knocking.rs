//! Call waiting: what knocks while an agent is in conversation.
//!
//! An agent has one line. What knocks is seen, and heard as a beep, but does not ring. Taken, the
//! present customer is parked for this agent, and the line rings and answers by itself; once the
//! agent is free again, the customer comes back.

use super::{Inner, state::State};
use crate::{acd::Input, http::ApiFailure};
use seatline_contract::{
    error::Code,
    id::{AgentId, OfferId},
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
        let parked = self.park_in(state, agent, present);
        if parked.is_err() {
            state.taken.remove(&agent);
            state.laid_down.remove(&agent);
        }
        parked.map(|_| ())
    }

    /// An agent who took another call is free again: the customer who waits for them comes back.
    pub(super) fn give_back(self: &Arc<Self>, state: &mut State, agent: AgentId) {
        if state.acd.is_free(agent)
            && let Some(contact) = state.laid_down.remove(&agent)
        {
            // Picked up by a colleague meanwhile, or gone: then there is nobody to give back.
            self.try_apply(state, Input::Unpark(contact));
        }
    }
}
