//! What becomes of what the switch reports.

use super::{
    Inner, Record,
    leaving::LineEnd,
    state::{Live, State},
};
use crate::{
    acd::Input,
    identity::line_agent,
    switch::{Ending, Event, Origin, PartyId as Line},
};
use seatline_contract::{
    contact::Direction,
    event::Change,
    id::ContactId,
    party::{PartyRole, RecordingState},
    secret::PhoneNumber,
};
use std::sync::Arc;
use uuid::Uuid;

impl Inner {
    pub(super) fn on_event(self: &Arc<Self>, event: Event) {
        match event {
            Event::Arrived { party, origin } => self.arrive(party, origin),
            Event::Ringing(party) => self.relay_progress(party, false),
            Event::EarlyMedia(party) => self.relay_progress(party, true),
            Event::Answered(party) => self.answered(party),
            Event::Held(party) => self.hold(party, true),
            Event::Resumed(party) => self.hold(party, false),
            Event::Digit(party, digit) => self.digit(party, digit),
            Event::Played(party) => self.played(party),
            Event::Silent(party, silence_ms) => self.silent(party, silence_ms),
            Event::Ended {
                party,
                by_far_side,
                code,
                reason,
            } => {
                let end = LineEnd {
                    by_far_side,
                    code,
                    reason,
                };
                self.line_ended(party, &end);
            }
            Event::LineUp(user) => {
                if let Some(agent) = line_agent(&user) {
                    self.try_apply(&mut self.state.lock(), Input::LineUp(agent));
                }
            }
            Event::LineDown(user) => {
                if let Some(agent) = line_agent(&user) {
                    self.try_apply(&mut self.state.lock(), Input::LineDown(agent));
                }
            }
        }
    }

    fn arrive(self: &Arc<Self>, party: Line, origin: Origin) {
        let mut state = self.state.lock();
        let refused = if state.stopping {
            Some("the centre is stopping")
        } else if self.surroundings.recorder().takes_calls() {
            None
        } else {
            Some("calls can not be recorded")
        };
        if let Some(words) = refused {
            self.switch.hang_up(party, Ending::with(503, words));
            return;
        }
        match origin {
            Origin::Trunk {
                called,
                caller,
                name: _,
            } => self.customer_calls(&mut state, party, called, caller),
            Origin::Agent { user, dialled } => {
                let agent = line_agent(&user);
                match agent.filter(|agent| self.surroundings.is_signed_in(*agent)) {
                    Some(agent) => self.agent_dials(&mut state, party, agent, dialled),
                    None => self
                        .switch
                        .hang_up(party, Ending::with(403, "nobody is signed in on this line")),
                }
            }
        }
    }

    fn customer_calls(
        self: &Arc<Self>,
        state: &mut State,
        party: Line,
        called: Option<PhoneNumber>,
        caller: Option<PhoneNumber>,
    ) {
        metrics::counter!("seatline_calls_total", "direction" => "inbound").increment(1);
        let called = called.and_then(|number| self.surroundings.normalise(&number));
        let queue = called
            .as_ref()
            .and_then(|number| state.queue_of(number.expose()))
            .or_else(|| {
                let name = self.default_queue.as_ref()?;
                state.queues.values().find(|queue| queue.name == *name)
            })
            .map(|queue| (queue.id, queue.name.clone()));
        let Some((queue, queue_name)) = queue else {
            tracing::info!(?called, "a call to a number that no queue serves");
            self.switch
                .hang_up(party, Ending::with(404, "no such number"));
            return;
        };
        let id = ContactId(Uuid::now_v7());
        let mut record = Record::new(id, Direction::Inbound, self.clock.now());
        record.queue = Some(queue);
        record.queue_name = Some(queue_name);
        record.called = called;
        record.number = caller.and_then(|number| self.surroundings.normalise(&number));
        let number = record.number.clone();
        let mut live = Live::new(record);
        live.room.welcome(party, true, self.clock.now());
        self.surroundings
            .recorder()
            .arrived(id, Direction::Inbound, Some(queue));
        self.tune(&mut live);
        state.live.insert(id, live);
        state.lines.insert(party, id);
        self.switch.answer(party);
        let arrived = Input::Arrived { contact: id, queue };
        self.try_apply(state, arrived);
        if let Some(number) = number {
            self.identify(id, number);
        }
    }

    /// Finds out who calls, also for those who do not wait for an agent.
    fn identify(self: &Arc<Self>, contact: ContactId, number: PhoneNumber) {
        let calls = self.clone();
        tokio::spawn(async move {
            let Some(known) = calls.surroundings.identify(&number).await else {
                return;
            };
            let mut state = calls.state.lock();
            if let Some(live) = state.live.get_mut(&contact)
                && live.record.customer.is_none()
            {
                live.record.customer = Some(known.id);
                live.record.customer_name = Some(known.name);
                drop(calls.write(&mut live.record));
            }
        });
    }

    fn relay_progress(self: &Arc<Self>, line: Line, early_media: bool) {
        let now = self.clock.now();
        let mut state = self.state.lock();
        let Some((contact, live)) = state.of_line(line) else {
            return;
        };
        let Some(member) = live.room.at(line).filter(|member| !member.has_answered()) else {
            return;
        };
        let first = live.is_internal() && live.record.connected.is_none();
        let caller_waits = member.role == PartyRole::Customer || first;
        let id = member.id;
        live.room.ringing(id, early_media, now);
        let agent = live.room.agent().and_then(|agent| agent.line);
        self.settle(&mut state, contact);
        if let Some(agent) = agent.filter(|_| caller_waits) {
            self.switch.progress(agent);
        }
    }

    fn answered(self: &Arc<Self>, line: Line) {
        let now = self.clock.now();
        let mut state = self.state.lock();
        let Some((contact, live)) = state.of_line(line) else {
            // Answered after the offer was over: that desk is not in any call.
            self.switch.hang_up(line, Ending::normal());
            return;
        };
        if let Some(seat) = live.room.seat_at(line) {
            let supervisor = seat.supervisor;
            self.seated(&mut state, contact, supervisor);
            return;
        }
        let Some(member) = live.room.at(line).cloned() else {
            return;
        };
        if let Some(offer) = member.offer {
            if self.apply(&mut state, Input::Accepted(offer)).is_err() {
                self.switch.hang_up(line, Ending::normal());
                return;
            }
        } else {
            if member.has_answered() {
                return;
            }
            live.room.answered(member.id, now);
            state.alarms.retain(|(_, _, id)| *id != member.id);
            match member.role {
                PartyRole::Customer => self.outbound_answered(&mut state, contact),
                PartyRole::Outside => self.outside_answered(&mut state, contact),
                PartyRole::Agent | PartyRole::Colleague => {}
            }
        }
        self.settle(&mut state, contact);
    }

    fn hold(self: &Arc<Self>, line: Line, held: bool) {
        let now = self.clock.now();
        let mut state = self.state.lock();
        // Of two colleagues either may hold the other.
        let holds = state.member(line).map(|(of, member)| (of, member.agent));
        if let Some((contact, Some(agent))) = holds {
            self.lead(&mut state, agent, contact);
        }
        let Some((contact, live)) = state.of_line(line) else {
            return;
        };
        if live
            .room
            .at(line)
            .is_none_or(|member| member.role != PartyRole::Agent || !member.has_answered())
        {
            return;
        }
        live.room.step_away(held, now);
        self.settle(&mut state, contact);
    }

    fn digit(&self, line: Line, digit: char) {
        let mut state = self.state.lock();
        let Some((contact, member)) = state.member(line) else {
            return;
        };
        let by_customer = member.role == PartyRole::Customer;
        if by_customer && self.surroundings.recorder().pressed(contact, digit) {
            // It may have refused: then what was announced is over.
            if let Some(live) = state.live.get_mut(&contact) {
                self.tune(live);
            }
            return;
        }
        if by_customer
            && let Some(agent) = state
                .acd
                .contact(contact)
                .and_then(|entry| entry.stage.talker())
        {
            let digit = digit.to_string();
            self.publish(agent, Change::Digit { contact, digit });
        }
    }

    fn played(&self, line: Line) {
        let mut state = self.state.lock();
        let recorder = self.surroundings.recorder();
        if let Some((contact, live)) = state.of_line(line)
            && live
                .room
                .at(line)
                .is_some_and(|member| member.role == PartyRole::Customer)
        {
            if recorder.state(contact) == RecordingState::Announcing {
                recorder.announcement_ended(contact);
            } else {
                live.room.greeted();
            }
            self.tune(live);
        }
    }
}
