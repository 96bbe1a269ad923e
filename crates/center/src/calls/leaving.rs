//! Parties that leave, of themselves or by a failure, and the end of a call.

use super::{Inner, room::Member, state::State};
use crate::{
    acd::{Input, Stage},
    switch::{Ending, PartyId as Line},
};
use seatline_contract::{
    contact::{Direction, EndedBy},
    id::{AgentId, ContactId, PartyId},
    party::{PartyEnd, PartyRole},
};
use std::sync::Arc;

/// How the switch says a line ended.
#[derive(Debug, Clone)]
pub(super) struct LineEnd {
    pub(super) by_far_side: bool,
    pub(super) code: Option<u16>,
    pub(super) reason: String,
}

impl LineEnd {
    /// The words for the record.
    fn words(&self) -> Option<String> {
        match (self.code, self.reason.is_empty()) {
            (Some(code), false) => Some(format!("{code} {}", self.reason)),
            (Some(code), true) => Some(code.to_string()),
            (None, false) => Some(self.reason.clone()),
            (None, true) => None,
        }
    }

    /// Why a party of the call is gone.
    fn of(&self, member: &Member) -> PartyEnd {
        if member.has_answered() {
            return match self.by_far_side {
                true => PartyEnd::HungUp,
                false => PartyEnd::Lost,
            };
        }
        match self.code {
            Some(486 | 600) => PartyEnd::Busy,
            Some(603) => PartyEnd::Declined,
            Some(408 | 480 | 487) => PartyEnd::NoAnswer,
            _ => PartyEnd::Unreachable,
        }
    }

    fn by(&self, far_side: EndedBy) -> EndedBy {
        if self.by_far_side {
            far_side
        } else {
            EndedBy::Centre
        }
    }
}

impl Inner {
    pub(super) fn line_ended(self: &Arc<Self>, line: Line, end: &LineEnd) {
        let mut state = self.state.lock();
        let Some(contact) = state.lines.remove(&line) else {
            return;
        };
        let Some(live) = state.live.get(&contact) else {
            return;
        };
        if let Some(seat) = live.room.seat_at(line) {
            let supervisor = seat.supervisor;
            self.try_apply(&mut state, Input::Unwatch(supervisor));
            return;
        }
        let Some(member) = live.room.at(line).cloned() else {
            return;
        };
        if let Some(offer) = member.offer {
            let input = match (end.by_far_side, end.code) {
                (true, Some(486 | 600 | 603)) => Input::Declined(offer),
                // The centre has no media: it can ring nobody's desk.
                (false, Some(503)) => Input::NotRung(offer),
                _ => Input::RingFailed(offer),
            };
            self.try_apply(&mut state, input);
            self.settle(&mut state, contact);
            return;
        }
        match member.role {
            PartyRole::Agent => self.agent_gone(&mut state, contact, end),
            PartyRole::Customer => self.customer_gone(&mut state, contact, end),
            PartyRole::Colleague | PartyRole::Outside => {
                let why = end.of(&member);
                self.guest_gone(&mut state, contact, member.id, why);
            }
        }
    }

    /// The agent is gone: a colleague goes on, whoever is being reached gets the customer, or the
    /// call is over.
    pub(super) fn agent_gone(
        self: &Arc<Self>,
        state: &mut State,
        contact: ContactId,
        end: &LineEnd,
    ) {
        let live = state.live.get(&contact);
        if live.is_some_and(|live| live.is_internal() && live.room.members().len() <= 2) {
            self.finish(state, contact, end.by(EndedBy::Agent), end.words());
            return;
        }
        let heir = live.and_then(|live| live.room.heir());
        if let Some(heir) = heir.and_then(|heir| heir.agent) {
            let why = match end.by_far_side {
                true => PartyEnd::Left,
                false => PartyEnd::Lost,
            };
            self.crown(state, contact, heir, why);
            return;
        }
        let why = match end.by_far_side {
            true => PartyEnd::Transferred,
            false => PartyEnd::Lost,
        };
        if self.leave_to_reached(state, contact, why) {
            return;
        }
        // A network that fails ends nobody else's conversation.
        if !end.by_far_side
            && let Some(live) = state.live.get(&contact)
            && live.room.outside().is_some()
        {
            self.try_apply(state, Input::Unconsult(contact));
            if self.leave_outside(state, contact, why).is_ok() {
                return;
            }
        }
        self.finish(state, contact, end.by(EndedBy::Agent), end.words());
    }

    fn customer_gone(self: &Arc<Self>, state: &mut State, contact: ContactId, end: &LineEnd) {
        let words = end.words();
        // The agent's desk is told what the network said of a call that never connected.
        if let Some(live) = state.live.get_mut(&contact)
            && live.record.connected.is_none()
            && live.record.direction == Direction::Outbound
            && let Some(agent) = live.room.agent().map(|agent| agent.id)
            && let Some(line) = live
                .room
                .remove(agent, self.clock.now())
                .and_then(|agent| agent.line)
        {
            state.lines.remove(&line);
            let text = words.clone().unwrap_or_default();
            self.switch
                .hang_up(line, Ending::with(end.code.unwrap_or(480), &text));
        }
        self.finish(state, contact, end.by(EndedBy::Customer), words);
    }

    /// A colleague or somebody outside is gone: the others talk on.
    pub(super) fn guest_gone(
        self: &Arc<Self>,
        state: &mut State,
        contact: ContactId,
        party: PartyId,
        why: PartyEnd,
    ) {
        let now = self.clock.now();
        let Some(live) = state.live.get_mut(&contact) else {
            return;
        };
        let Some(gone) = live.room.remove(party, now) else {
            return;
        };
        if let Some(line) = gone.line
            && state.lines.remove(&line).is_some()
        {
            self.switch.hang_up(line, Ending::normal());
        }
        state.alarms.retain(|(_, _, id)| *id != party);
        let internal = live.is_internal();
        let alone = internal && live.room.is_agent_alone();
        if internal && !alone {
            live.room.close_ranks(now);
        }
        self.keep_leg(state, contact, &gone, why);
        if alone && gone.has_answered() {
            let by = match why {
                PartyEnd::Dropped => EndedBy::Agent,
                PartyEnd::Lost => EndedBy::Centre,
                _ => EndedBy::Colleague,
            };
            self.finish(state, contact, by, None);
            return;
        }
        self.tell_gone(state, contact, &gone, why);
        if alone {
            self.nobody_comes(state, contact);
            return;
        }
        let forwarded = matches!(
            state.acd.contact(contact).map(|entry| &entry.stage),
            Some(Stage::Forwarded { .. })
        );
        let others = state
            .live
            .get(&contact)
            .is_some_and(|live| live.room.outside().is_some());
        if forwarded && !others {
            self.forward_over(state, contact, &gone, why);
            return;
        }
        if let Some(agent) = gone.agent.filter(|_| gone.has_answered()) {
            self.try_apply(state, Input::Left { contact, agent });
        }
        self.settle(state, contact);
    }

    /// Nobody outside has the customer any more.
    fn forward_over(
        self: &Arc<Self>,
        state: &mut State,
        contact: ContactId,
        gone: &Member,
        why: PartyEnd,
    ) {
        if gone.has_answered() {
            self.finish(state, contact, EndedBy::Agent, None);
            return;
        }
        if let Some(live) = state.live.get_mut(&contact) {
            live.came_back = Some(why);
        }
        self.try_apply(state, Input::ForwardFailed(contact));
        self.settle(state, contact);
    }

    /// A colleague in the call becomes its agent, and goes on with everybody.
    pub(super) fn crown(
        self: &Arc<Self>,
        state: &mut State,
        contact: ContactId,
        heir: AgentId,
        why: PartyEnd,
    ) {
        let now = self.clock.now();
        let Some(live) = state.live.get_mut(&contact) else {
            return;
        };
        let member = live.room.members().iter();
        let member = member.clone().find(|member| member.agent == Some(heir));
        let Some(id) = member.map(|member| member.id) else {
            return;
        };
        if live.briefing.is_some() {
            live.hand_over = live.briefing.take();
        }
        let former = live.room.crown(id, now);
        self.try_apply(state, Input::HandOver { contact, to: heir });
        if let Some(former) = former {
            self.send_home(state, &former);
            self.keep_leg(state, contact, &former, why);
            self.tell_gone(state, contact, &former, why);
        }
        if let Some(live) = state.live.get_mut(&contact) {
            live.names_other_end();
        }
        self.offer_anew(state, contact);
        self.unwatch_strangers(state, contact, heir);
        self.settle(state, contact);
    }

    /// Ends the line of a party that is out of its room.
    pub(super) fn send_home(&self, state: &mut State, gone: &Member) {
        if let Some(line) = gone.line
            && state.lines.remove(&line).is_some()
        {
            self.switch.hang_up(line, Ending::normal());
        }
    }

    /// The conversation, or the wait for it, is over: everybody still there is sent home.
    pub(super) fn finish(
        self: &Arc<Self>,
        state: &mut State,
        contact: ContactId,
        by: EndedBy,
        reason: Option<String>,
    ) {
        let now = self.clock.now();
        let Some(live) = state.live.get_mut(&contact) else {
            return;
        };
        if live.record.ended.is_none() {
            live.record.ended = Some(now);
            live.record.ended_by = Some(by);
            live.record.end_reason = reason;
        }
        // Who rings for it stops ringing when the offer is over.
        let left: Vec<Member> = live
            .room
            .members()
            .iter()
            .filter(|member| member.offer.is_none())
            .cloned()
            .collect();
        for member in &left {
            live.room.remove(member.id, now);
        }
        self.tune(live);
        for member in &left {
            self.send_home(state, member);
            let hung_up = match member.role {
                PartyRole::Customer => by == EndedBy::Customer,
                PartyRole::Agent => by == EndedBy::Agent,
                PartyRole::Colleague => by == EndedBy::Colleague,
                PartyRole::Outside => false,
            };
            let end = match hung_up {
                true => PartyEnd::HungUp,
                false => PartyEnd::Dropped,
            };
            self.keep_leg(state, contact, member, end);
        }
        state.alarms.retain(|(_, of, _)| *of != contact);
        self.surroundings.recorder().ended(contact);
        self.try_apply(state, Input::Ended(contact));
    }
}
