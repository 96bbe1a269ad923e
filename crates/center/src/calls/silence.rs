//! Calls in which nobody is heard any more.

use super::{Inner, leaving::LineEnd, state::State};
use crate::{acd::Stage, switch::PartyId as Line};
use seatline_contract::{
    contact::EndedBy,
    id::{AgentId, ContactId},
    party::{PartyEnd, PartyRole, PartyState},
};
use std::sync::Arc;

/// Silence of an agent after which a conversation is given up, in milliseconds.
const SILENT_MS: i64 = 60_000;
/// The same for an agent whose desk is lost as well: less than it takes to call a desk lost, so
/// that both are known together.
const LOST_MS: i64 = 10_000;
/// The same for a customer, whose telephone may send nothing while nobody speaks.
const CUSTOMER_SILENT_MS: i64 = 180_000;

impl Inner {
    /// A line has not been heard for this long, in milliseconds.
    pub(super) fn silent(self: &Arc<Self>, line: Line, silence_ms: u64) {
        let now = self.clock.now();
        let mut state = self.state.lock();
        let Some((contact, live)) = state.of_line(line) else {
            return;
        };
        let Some(member) = live.room.at(line) else {
            return;
        };
        let (role, id, connected) = (
            member.role,
            member.id,
            member.state == PartyState::Connected,
        );
        let agent = live.record.agent;
        if role == PartyRole::Agent {
            live.note_silence(now, silence_ms);
        }
        let stage = state.acd.contact(contact).map(|entry| &entry.stage);
        let Some(Stage::Connected { .. } | Stage::Forwarded { .. }) = stage.filter(|_| connected)
        else {
            // Those who wait, ring or hold may be silent.
            return;
        };
        let has_desk = agent.is_some_and(|agent| state.acd.has_desk(agent));
        let (longest, words) = match role {
            PartyRole::Customer | PartyRole::Outside => {
                (CUSTOMER_SILENT_MS, "nothing is heard from the customer")
            }
            PartyRole::Colleague => (SILENT_MS, "nothing is heard from a colleague"),
            PartyRole::Agent if has_desk => (SILENT_MS, "nothing is heard from the agent"),
            PartyRole::Agent => (LOST_MS, "the agent's desk was lost"),
        };
        if i64::try_from(silence_ms).unwrap_or(i64::MAX) < longest {
            return;
        }
        match role {
            PartyRole::Agent => self.agent_silent(&mut state, contact, words),
            PartyRole::Customer => {
                self.finish(&mut state, contact, EndedBy::Centre, Some(words.to_owned()));
            }
            PartyRole::Colleague | PartyRole::Outside => {
                self.guest_gone(&mut state, contact, id, PartyEnd::Lost);
            }
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
                self.agent_silent(state, contact, "the agent's desk was lost");
            }
        }
    }

    /// Nothing is heard from the agent any more: a colleague goes on, or the call is over.
    fn agent_silent(self: &Arc<Self>, state: &mut State, contact: ContactId, words: &str) {
        let end = LineEnd {
            by_far_side: false,
            code: None,
            reason: words.to_owned(),
        };
        self.agent_gone(state, contact, &end);
    }
}
