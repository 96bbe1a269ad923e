//! Supervisors in a call.

use super::{Line, Member, Room};
use crate::calls::silence::Silence;
use seatline_contract::{
    id::AgentId,
    party::{PartyRole, PartyState},
    supervision::{WatchMode, Watcher},
    time::UnixMs,
};

/// One supervisor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::calls) struct Seat {
    pub(in crate::calls) supervisor: AgentId,
    pub(in crate::calls) name: String,
    pub(in crate::calls) mode: WatchMode,
    /// Since when in this way.
    pub(in crate::calls) since: UnixMs,
    pub(in crate::calls) began: UnixMs,
    pub(in crate::calls) line: Option<Line>,
    /// The line is in the call; before, it is being rung.
    pub(in crate::calls) connected: bool,
    /// Becomes the agent as soon as the line is in the call.
    pub(in crate::calls) takes_over: bool,
    pub(in crate::calls) silence: Silence,
}

impl Seat {
    /// The supervisor as people see them.
    pub(in crate::calls) fn view(&self) -> Watcher {
        Watcher {
            supervisor: self.supervisor,
            name: self.name.clone(),
            mode: self.mode,
            since: self.since,
        }
    }
}

impl Room {
    /// Supervisors whose lines are in the call.
    pub(in crate::calls) fn watchers(&self) -> impl Iterator<Item = Watcher> + '_ {
        self.seats
            .iter()
            .filter(|seat| seat.connected)
            .map(Seat::view)
    }

    pub(in crate::calls) fn seat(&self, supervisor: AgentId) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.supervisor == supervisor)
    }

    pub(in crate::calls) fn seat_mut(&mut self, supervisor: AgentId) -> Option<&mut Seat> {
        let mut seats = self.seats.iter_mut();
        seats.find(|seat| seat.supervisor == supervisor)
    }

    pub(in crate::calls) fn seat_at(&self, line: Line) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.line == Some(line))
    }

    pub(in crate::calls) fn seat_at_mut(&mut self, line: Line) -> Option<&mut Seat> {
        let mut seats = self.seats.iter_mut();
        seats.find(|seat| seat.line == Some(line))
    }

    /// What is said is for those in the conversation only, or for supervisors too.
    pub(in crate::calls) fn keep_confidential(&mut self, confidential: bool) {
        self.confidential = confidential;
    }

    /// A supervisor is there, or about to be.
    pub(in crate::calls) fn sit(&mut self, seat: Seat) {
        self.seats.push(seat);
    }

    /// A supervisor is gone.
    pub(in crate::calls) fn rise(&mut self, supervisor: AgentId) -> Option<Seat> {
        let mut seats = self.seats.iter();
        let at = seats.position(|seat| seat.supervisor == supervisor)?;
        Some(self.seats.remove(at))
    }

    /// A supervisor becomes the agent, and whoever was it is gone. A consultation stays as it is.
    pub(in crate::calls) fn take_over(
        &mut self,
        supervisor: AgentId,
        now: UnixMs,
    ) -> Option<Member> {
        let seat = self.rise(supervisor)?;
        let former = self.agent().map(|agent| agent.id);
        let former = former.and_then(|id| self.remove(id, now));
        let mut agent = Member::new(PartyRole::Agent, seat.line, now);
        agent.agent = Some(supervisor);
        agent.name = Some(seat.name);
        agent.stand(PartyState::Connected, now);
        self.members.push(agent);
        if self.apart().is_none() {
            self.connect_all(now);
        }
        former
    }
}
