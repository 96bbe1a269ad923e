//! Supervisors in agents' calls: monitor, coach, barge in, take over.
//!
//! ```text
//!             ┌─────────────── leave ───────────────┐
//!   watch ──► rung ──answers──► Monitor ⇄ Coach ⇄ Barge ──take over──► the call's agent
//! ```

use super::{
    Inner, Output,
    kept::{Act, Kept},
    room::Seat,
    silence::{LOST_MS, Silence},
    state::State,
};
use crate::{
    acd::Input,
    http::ApiFailure,
    switch::{Answer, Dial, Ending},
};
use seatline_contract::{
    error::Code,
    event::Change,
    id::{AgentId, ContactId},
    identity::Person,
    party::PartyEnd,
    supervision::WatchMode,
};
use std::sync::Arc;

impl Inner {
    /// Lets a supervisor join a call, or changes how they are in it.
    pub(super) fn watch(
        self: &Arc<Self>,
        supervisor: &Person,
        contact: ContactId,
        mode: WatchMode,
    ) -> Result<(), ApiFailure> {
        let mut state = self.state.lock();
        self.turn_to(&mut state, supervisor, contact);
        let agent = self.check_steering(&state, supervisor, contact)?;
        state.people.insert(supervisor.id, supervisor.clone());
        self.rise_if_gone(&mut state, supervisor.id);
        if state.acd.watched_by(supervisor.id) == Some(contact) {
            self.change_mode(&mut state, supervisor.id, contact, mode);
            let what = format!("agent {agent}, {}", name(mode));
            self.record_act(supervisor.id, "watch.mode", contact, what);
            return Ok(());
        }
        self.sit_down(&mut state, supervisor, contact, mode, false)?;
        let what = format!("agent {agent}, {}", name(mode));
        self.record_act(supervisor.id, "watch.start", contact, what);
        Ok(())
    }

    /// Lets a supervisor leave a call.
    pub(super) fn stop_watching(
        self: &Arc<Self>,
        supervisor: AgentId,
        contact: ContactId,
    ) -> Result<(), ApiFailure> {
        let mut state = self.state.lock();
        if state.acd.watched_by(supervisor) != Some(contact) {
            return Err(Code::NotFound.into());
        }
        self.apply(&mut state, Input::Unwatch(supervisor))?;
        Ok(())
    }

    /// Lets a supervisor become a call's agent, as soon as their line is in it.
    pub(super) fn take_over(
        self: &Arc<Self>,
        supervisor: &Person,
        contact: ContactId,
    ) -> Result<(), ApiFailure> {
        let mut state = self.state.lock();
        self.turn_to(&mut state, supervisor, contact);
        let agent = self.check_steering(&state, supervisor, contact)?;
        state.people.insert(supervisor.id, supervisor.clone());
        self.rise_if_gone(&mut state, supervisor.id);
        if state.acd.watched_by(supervisor.id) == Some(contact) {
            let seat = state
                .live
                .get_mut(&contact)
                .and_then(|live| live.room.seat_mut(supervisor.id));
            let seat = seat.ok_or(Code::NotFound)?;
            seat.takes_over = true;
            if seat.connected {
                self.replace_agent(&mut state, contact, supervisor.id);
            }
        } else {
            self.sit_down(&mut state, supervisor, contact, WatchMode::Barge, true)?;
        }
        let what = format!("agent {agent}");
        self.record_act(supervisor.id, "watch.take_over", contact, what);
        Ok(())
    }

    /// Lets a supervisor whose line has fallen silent come in anew.
    fn rise_if_gone(self: &Arc<Self>, state: &mut State, supervisor: AgentId) {
        if self.silence_of_seat(state, supervisor) >= LOST_MS {
            self.unwatch(state, supervisor);
        }
    }

    /// Lets that one of two colleagues lead whom the supervisor may steer: only who leads hears a
    /// coach.
    fn turn_to(self: &Arc<Self>, state: &mut State, supervisor: &Person, contact: ContactId) {
        let Some(entry) = state.acd.contact(contact).filter(|entry| entry.internal) else {
            return;
        };
        let may_steer = |agent: &AgentId| self.surroundings.may_steer(supervisor, *agent);
        if entry.stage.talker().is_some_and(|agent| may_steer(&agent)) {
            return;
        }
        let theirs = entry.colleagues.iter().copied().find(may_steer);
        if let Some(agent) = theirs {
            self.lead(state, agent, contact);
        }
    }

    /// The agent of a call that this supervisor may be in.
    fn check_steering(
        &self,
        state: &State,
        supervisor: &Person,
        contact: ContactId,
    ) -> Result<AgentId, ApiFailure> {
        let entry = state.acd.contact(contact).ok_or(Code::NotFound)?;
        let agent = entry.stage.agent_in_hand();
        let allowed = |agent| self.surroundings.may_steer(supervisor, agent);
        if !agent.is_some_and(allowed) {
            return Err(Code::Forbidden.into());
        }
        let talking = entry.stage.talker().ok_or(Code::Conflict)?;
        match talking == supervisor.id {
            true => Err(ApiFailure::from(Code::Conflict).detail("it is your own call")),
            false => Ok(talking),
        }
    }

    /// Gives a supervisor a seat and lets their desk be rung, once it has been told why.
    fn sit_down(
        self: &Arc<Self>,
        state: &mut State,
        supervisor: &Person,
        contact: ContactId,
        mode: WatchMode,
        takes_over: bool,
    ) -> Result<(), ApiFailure> {
        let now = self.clock.now();
        let agent = supervisor.id;
        if !state.acd.has_line(agent) {
            return Err(Code::LineNotReady.into());
        }
        // Whoever watches another call leaves it for this one.
        if state.acd.watched_by(agent).is_some() {
            self.apply(state, Input::Unwatch(agent))?;
        }
        self.apply(state, Input::Watch { contact, agent })?;
        let live = state.live.get_mut(&contact).ok_or(Code::NotFound)?;
        live.room.sit(Seat {
            supervisor: agent,
            name: supervisor.name.clone(),
            mode,
            since: now,
            began: now,
            line: None,
            connected: false,
            takes_over,
            silence: Silence::default(),
        });
        self.tell_watching(state, agent);
        self.output(Output::RingWatcher(contact, agent));
        Ok(())
    }

    /// Rings a supervisor's desk, if they still want to join.
    pub(super) fn ring_watcher(&self, contact: ContactId, supervisor: AgentId) {
        let mut state = self.state.lock();
        let view = self.view_for(&state, contact, supervisor);
        let Some(seat) = state
            .live
            .get_mut(&contact)
            .and_then(|live| live.room.seat_mut(supervisor))
            .filter(|seat| seat.line.is_none())
        else {
            return;
        };
        let answer = match seat.mode {
            WatchMode::Monitor if !seat.takes_over => Answer::Listen,
            WatchMode::Monitor | WatchMode::Coach | WatchMode::Barge => Answer::Talk,
        };
        let line = self.switch.dial(Dial::Agent {
            user: crate::identity::line_user(supervisor),
            contact,
            from: view
                .as_ref()
                .map(|view| view.number.display.clone())
                .unwrap_or_default(),
            name: view.and_then(|view| view.customer_name),
            answer: Some(answer),
        });
        seat.line = Some(line);
        state.lines.insert(line, contact);
    }

    /// A supervisor's line is in the call.
    pub(super) fn seated(
        self: &Arc<Self>,
        state: &mut State,
        contact: ContactId,
        supervisor: AgentId,
    ) {
        let now = self.clock.now();
        let live = state.live.get_mut(&contact);
        let Some(seat) = live.and_then(|live| live.room.seat_mut(supervisor)) else {
            return;
        };
        seat.connected = true;
        seat.since = now;
        if seat.takes_over {
            self.replace_agent(state, contact, supervisor);
        } else {
            self.settle(state, contact);
        }
    }

    fn change_mode(
        self: &Arc<Self>,
        state: &mut State,
        supervisor: AgentId,
        contact: ContactId,
        mode: WatchMode,
    ) {
        let now = self.clock.now();
        let live = state.live.get_mut(&contact);
        if let Some(seat) = live.and_then(|live| live.room.seat_mut(supervisor))
            && seat.mode != mode
        {
            seat.mode = mode;
            seat.since = now;
        }
        self.settle(state, contact);
    }

    /// The supervisor is the agent from now on; who was it goes home and finishes notes.
    fn replace_agent(self: &Arc<Self>, state: &mut State, contact: ContactId, supervisor: AgentId) {
        let now = self.clock.now();
        let Some(live) = state.live.get_mut(&contact) else {
            return;
        };
        let former = live.room.take_over(supervisor, now);
        let to = supervisor;
        self.try_apply(state, Input::HandOver { contact, to });
        if let Some(live) = state.live.get_mut(&contact) {
            live.names_other_end();
        }
        self.tell_watching(state, supervisor);
        if let Some(former) = former {
            self.send_home(state, &former);
            self.keep_leg(state, contact, &former, PartyEnd::Transferred);
            self.tell_gone(state, contact, &former, PartyEnd::Transferred);
            // Who lost the call reads why.
            if let Some(agent) = former.agent {
                let (party, end) = (former.id, PartyEnd::Transferred);
                let name = state.name_of(supervisor);
                self.publish(
                    agent,
                    Change::PartyGone {
                        contact,
                        party,
                        name,
                        end,
                    },
                );
            }
        }
        self.unwatch_strangers(state, contact, supervisor);
        self.settle(state, contact);
    }

    /// Lets a supervisor out of the call they are in, if they are in one.
    pub(super) fn unwatch(self: &Arc<Self>, state: &mut State, supervisor: AgentId) {
        if state.acd.watched_by(supervisor).is_some() {
            self.try_apply(state, Input::Unwatch(supervisor));
        }
    }

    /// A supervisor is out of a call: their line ends.
    pub(super) fn watched_out(
        self: &Arc<Self>,
        state: &mut State,
        contact: ContactId,
        supervisor: AgentId,
    ) {
        let live = state.live.get_mut(&contact);
        let seat = live.and_then(|live| live.room.rise(supervisor));
        if let Some(seat) = &seat {
            self.keep_seat(contact, seat);
        }
        if let Some(line) = seat.and_then(|seat| seat.line)
            && state.lines.remove(&line).is_some()
        {
            self.switch.hang_up(line, Ending::normal());
        }
        let agent = state.live.get(&contact).and_then(|live| live.record.agent);
        let what = agent.map(|agent| format!("agent {agent}"));
        self.record_act(supervisor, "watch.stop", contact, what.unwrap_or_default());
        self.tell_watching(state, supervisor);
        self.settle(state, contact);
    }

    /// A call has another agent: supervisors who may not steer that one are out.
    pub(super) fn unwatch_strangers(
        self: &Arc<Self>,
        state: &mut State,
        contact: ContactId,
        agent: AgentId,
    ) {
        let seats = state.live.get(&contact).map(|live| live.room.seats());
        let strangers: Vec<AgentId> = seats
            .unwrap_or_default()
            .iter()
            .map(|seat| seat.supervisor)
            .filter(|supervisor| {
                let person = state.people.get(supervisor);
                !person.is_some_and(|person| self.surroundings.may_steer(person, agent))
            })
            .collect();
        for supervisor in strangers {
            self.try_apply(state, Input::Unwatch(supervisor));
        }
    }

    /// Writes down what a supervisor did.
    fn record_act(&self, actor: AgentId, action: &'static str, contact: ContactId, detail: String) {
        self.keep(Kept::Act(Act {
            at: self.clock.now(),
            actor,
            action,
            contact,
            detail,
        }));
    }
}

fn name(mode: WatchMode) -> &'static str {
    match mode {
        WatchMode::Monitor => "monitor",
        WatchMode::Coach => "coach",
        WatchMode::Barge => "barge",
    }
}
