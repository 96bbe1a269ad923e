//! Calls in which nobody is heard any more.

use super::{Inner, leaving::LineEnd, state::State};
use crate::{acd::Stage, switch::PartyId as Line};
use seatline_contract::{
    contact::EndedBy,
    id::{AgentId, ContactId},
    party::{PartyEnd, PartyRole, PartyState},
    time::UnixMs,
};
use std::sync::Arc;

/// Silence of an agent after which a conversation is given up, in milliseconds.
const SILENT_MS: i64 = 60_000;
/// The same for an agent whose desk is lost as well: less than it takes to call a desk lost, so
/// that both are known together.
pub(super) const LOST_MS: i64 = 10_000;
/// The same for a customer, whose telephone may send nothing while nobody speaks.
const CUSTOMER_SILENT_MS: i64 = 180_000;

/// How long nothing has been heard from a desk, as its line reported it. Reports come each time the
/// silence has doubled; when the next one is overdue, the desk is heard again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Silence(Option<(UnixMs, i64)>);

impl Silence {
    fn note(&mut self, now: UnixMs, silence_ms: u64) {
        let silence_ms = i64::try_from(silence_ms).unwrap_or(i64::MAX);
        self.0 = Some((now, silence_ms));
    }

    /// In milliseconds.
    pub(super) fn so_far(self, now: UnixMs) -> i64 {
        match self.0 {
            Some((at, silence_ms)) if now.since(at) <= silence_ms => silence_ms + now.since(at),
            _ => 0,
        }
    }
}

impl Inner {
    /// A line has not been heard for this long, in milliseconds.
    pub(super) fn silent(self: &Arc<Self>, line: Line, silence_ms: u64) {
        let now = self.clock.now();
        let mut state = self.state.lock();
        let Some((contact, live)) = state.of_line(line) else {
            return;
        };
        if let Some(seat) = live.room.seat_at_mut(line) {
            seat.silence.note(now, silence_ms);
            let supervisor = seat.supervisor;
            self.leave_if_silent(&mut state, supervisor);
            return;
        }
        let Some(member) = live.room.at(line) else {
            return;
        };
        let (role, id, connected) = (
            member.role,
            member.id,
            member.state == PartyState::Connected,
        );
        let (agent, replaced) = (live.record.agent, live.desk_replaced);
        if role == PartyRole::Agent {
            live.agent_silence.note(now, silence_ms);
        }
        let has_desk = agent.is_some_and(|agent| !replaced && state.acd.has_desk(agent));
        let stage = state.acd.contact(contact).map(|entry| &entry.stage);
        let should_be_heard = match stage.filter(|_| connected) {
            Some(Stage::Connected { .. } | Stage::Forwarded { .. }) => true,
            // A desk that is lost as well does not come back to the customer.
            Some(Stage::Held { .. }) => role == PartyRole::Agent && !has_desk,
            // Those who wait or ring may be silent.
            _ => false,
        };
        if !should_be_heard {
            return;
        }
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

    /// A desk is lost: a call it is not heard from either is over for it.
    pub(super) fn end_silent_call(self: &Arc<Self>, state: &mut State, agent: AgentId) {
        let now = self.clock.now();
        for contact in state.acd.contacts_of(agent) {
            let entry = state.acd.contact(contact);
            let talking = entry.and_then(|entry| entry.stage.talker()) == Some(agent);
            let silent_ms = state
                .live
                .get(&contact)
                .map_or(0, |live| live.agent_silence.so_far(now));
            if talking && silent_ms >= LOST_MS {
                self.agent_silent(state, contact, "the agent's desk was lost");
            }
        }
        self.leave_if_silent(state, agent);
    }

    /// A supervisor who is not heard from any more is out of the call: even one who only listens
    /// sends silence.
    fn leave_if_silent(self: &Arc<Self>, state: &mut State, supervisor: AgentId) {
        let longest = match state.acd.has_desk(supervisor) {
            true => SILENT_MS,
            false => LOST_MS,
        };
        if self.silence_of_seat(state, supervisor) >= longest {
            self.unwatch(state, supervisor);
        }
    }

    /// How long nothing has been heard from a supervisor who is in a call, in milliseconds.
    pub(super) fn silence_of_seat(&self, state: &State, supervisor: AgentId) -> i64 {
        let contact = state.acd.watched_by(supervisor);
        let live = contact.and_then(|contact| state.live.get(&contact));
        let seat = live.and_then(|live| live.room.seat(supervisor));
        seat.map_or(0, |seat| seat.silence.so_far(self.clock.now()))
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
