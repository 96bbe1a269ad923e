//! Calls in which nobody is heard any more.

use super::{
    Inner,
    state::{Seat, State},
};
use crate::{acd::Stage, switch::PartyId};
use seatline_contract::{contact::EndedBy, id::AgentId};
use std::sync::Arc;

/// Silence of an agent after which a conversation is given up, in milliseconds.
const SILENT_MS: i64 = 60_000;
/// The same for an agent whose desk is lost as well: less than it takes to call a desk lost, so
/// that both are known together.
const LOST_MS: i64 = 10_000;
/// The same for a customer, whose telephone may send nothing while nobody speaks.
const CUSTOMER_SILENT_MS: i64 = 180_000;

impl Inner {
    /// A party has not been heard for this long, in milliseconds.
    pub(super) fn silent(self: &Arc<Self>, party: PartyId, silence_ms: u64) {
        let now = self.clock.now();
        let mut state = self.state.lock();
        let Some((contact, seat, live)) = state.seat(party) else {
            return;
        };
        let agent = live.record.agent;
        if seat == Seat::Agent {
            live.note_silence(now, silence_ms);
        }
        let Some(Stage::Connected { .. }) = state.acd.contact(contact).map(|entry| &entry.stage)
        else {
            // Those who wait, ring or hold may be silent.
            return;
        };
        let has_desk = agent.is_some_and(|agent| state.acd.has_desk(agent));
        let (longest, words) = match seat {
            Seat::Customer => (CUSTOMER_SILENT_MS, "nothing is heard from the customer"),
            Seat::Agent if has_desk => (SILENT_MS, "nothing is heard from the agent"),
            Seat::Agent | Seat::Ringing(_) => (LOST_MS, "the agent's desk was lost"),
        };
        if i64::try_from(silence_ms).unwrap_or(i64::MAX) >= longest {
            self.finish(&mut state, contact, EndedBy::Centre, Some(words.to_owned()));
        }
    }

    /// An agent's desk is lost: a call it is not heard from either is over.
    pub(super) fn end_silent_call(self: &Arc<Self>, state: &mut State, agent: AgentId) {
        let now = self.clock.now();
        for contact in state.acd.contacts_of(agent) {
            let talking = matches!(
                state.acd.contact(contact).map(|entry| &entry.stage),
                Some(Stage::Connected { .. })
            );
            let silent_ms = state
                .live
                .get(&contact)
                .map_or(0, |live| live.agent_silent_ms(now));
            if talking && silent_ms >= LOST_MS {
                let words = "the agent's desk was lost".to_owned();
                self.finish(state, contact, EndedBy::Centre, Some(words));
            }
        }
    }
}
