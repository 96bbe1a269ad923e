//! Who is in a call, and who hears whom. A pure core: it is told what happens and says what each
//! ear hears.
//!
//! | listener | hears |
//! |---|---|
//! | somebody in conversation | all others in it who are not muted, and supervisors who barge in |
//! | its agent | besides them supervisors who coach |
//! | somebody on hold | music; nobody hears them |
//! | a supervisor | all in conversation, and other supervisors who speak |
//! | a supervisor while recording is paused | other supervisors who speak |
//!
//! What is not recorded is not monitored either, whatever the mode: a supervisor who barges in is
//! heard by all then, and hears none of them.
//!
//! Somebody consulted stands *apart*: either the agent talks to them and all others are on hold, or
//! the other way round, until both are merged. Only an agent ever hears a coach.

mod moves;
#[cfg(test)]
mod tests;
mod watching;

pub(super) use watching::Seat;

use crate::switch::{PartyId as Line, Sound};
use seatline_contract::{
    error::Code,
    id::{AgentId, OfferId, PartyId, QueueId},
    party::{PartyRole, PartyState},
    secret::PhoneNumber,
    supervision::WatchMode,
    time::UnixMs,
};
use thiserror::Error;
use uuid::Uuid;

/// What one ear hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hears {
    /// A sound of the centre's.
    Sound(Sound),
    /// These lines, in the order they came.
    Lines(Vec<Line>),
}

/// Why a room stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum RoomRefusal {
    /// There are as many parties as there may be.
    #[error("the conference is full")]
    Full,
    /// Somebody is being consulted already.
    #[error("somebody is being consulted already")]
    Consulting,
    /// There is nobody apart who has answered.
    #[error("there are no two lines")]
    OneLine,
    /// No such party.
    #[error("no such party")]
    Unknown,
    /// The party has not answered, or it is the agent.
    #[error("the party can not be held or muted")]
    NotNow,
}

impl RoomRefusal {
    pub(super) fn code(self) -> Code {
        match self {
            Self::Full => Code::ConferenceFull,
            Self::Consulting | Self::OneLine | Self::NotNow => Code::Conflict,
            Self::Unknown => Code::NotFound,
        }
    }
}

/// One party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) id: PartyId,
    pub(super) role: PartyRole,
    /// The name, of everybody but the customer, whose record has it.
    pub(super) name: Option<String>,
    /// The number, of somebody outside.
    pub(super) number: Option<PhoneNumber>,
    pub(super) agent: Option<AgentId>,
    pub(super) queue: Option<QueueId>,
    /// The party at the switch, once it is dialled or came in.
    pub(super) line: Option<Line>,
    /// What rings there, if it was put before an agent.
    pub(super) offer: Option<OfferId>,
    pub(super) state: PartyState,
    pub(super) muted: bool,
    pub(super) since: UnixMs,
    pub(super) began: UnixMs,
    pub(super) connected: Option<UnixMs>,
    /// Consulted, and not in the conference yet.
    pub(super) apart: bool,
    /// Its desk answers by itself.
    pub(super) by_itself: bool,
    /// Sends sound before it answers.
    early: bool,
}

impl Member {
    pub(super) fn new(role: PartyRole, line: Option<Line>, now: UnixMs) -> Self {
        Self {
            id: PartyId(Uuid::new_v4()),
            role,
            name: None,
            number: None,
            agent: None,
            queue: None,
            line,
            offer: None,
            state: PartyState::Dialing,
            muted: false,
            since: now,
            began: now,
            connected: None,
            apart: false,
            by_itself: false,
            early: false,
        }
    }

    /// Whether it has ever been in the conversation.
    pub(super) fn has_answered(&self) -> bool {
        match self.state {
            PartyState::Dialing | PartyState::Ringing => false,
            PartyState::Connected | PartyState::Held => true,
        }
    }

    fn is_connected(&self) -> bool {
        self.state == PartyState::Connected
    }

    fn stand(&mut self, state: PartyState, now: UnixMs) {
        if self.state != state {
            self.state = state;
            self.since = now;
        }
        if state == PartyState::Connected && self.connected.is_none() {
            self.connected = Some(now);
        }
    }
}

/// A call's parties and supervisors.
#[derive(Debug, Clone, Default)]
pub(super) struct Room {
    members: Vec<Member>,
    seats: Vec<Seat>,
    /// The customer hears the greeting instead of music.
    greeting: bool,
    /// The agent's desk put the call on hold: whom that holds, if it is one alone.
    away: Option<Option<PartyId>>,
    /// Recording is paused: what is said is for those in the conversation only.
    confidential: bool,
}

impl Room {
    /// Everybody, in the order they came.
    pub(super) fn members(&self) -> &[Member] {
        &self.members
    }

    /// Supervisors, in the order they came.
    pub(super) fn seats(&self) -> &[Seat] {
        &self.seats
    }

    pub(super) fn customer(&self) -> Option<&Member> {
        self.with_role(PartyRole::Customer)
    }

    /// The contact's agent: in conversation, or being rung for it.
    pub(super) fn agent(&self) -> Option<&Member> {
        self.with_role(PartyRole::Agent)
    }

    /// Whoever is consulted and not merged.
    pub(super) fn apart(&self) -> Option<&Member> {
        self.members.iter().find(|member| member.apart)
    }

    /// The colleague who is asked for and has not answered.
    pub(super) fn asked(&self) -> Option<&Member> {
        let mut members = self.members.iter();
        members.find(|member| member.role == PartyRole::Colleague && !member.has_answered())
    }

    /// Whether anybody is in the conversation beside its agent.
    pub(super) fn has_others(&self) -> bool {
        let mut members = self.members.iter();
        members.any(|member| member.role != PartyRole::Agent && member.has_answered())
    }

    /// Whether nobody is there but its agent.
    pub(super) fn is_agent_alone(&self) -> bool {
        let mut members = self.members.iter();
        members.all(|member| member.role == PartyRole::Agent)
    }

    /// Whether its agent and one other are there.
    pub(super) fn is_pair(&self) -> bool {
        self.members.len() == 2 && self.agent().is_some()
    }

    pub(super) fn member(&self, id: PartyId) -> Option<&Member> {
        self.members.iter().find(|member| member.id == id)
    }

    pub(super) fn member_mut(&mut self, id: PartyId) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.id == id)
    }

    pub(super) fn at(&self, line: Line) -> Option<&Member> {
        self.members.iter().find(|member| member.line == Some(line))
    }

    pub(super) fn offered(&self, offer: OfferId) -> Option<&Member> {
        let mut members = self.members.iter();
        members.find(|member| member.offer == Some(offer))
    }

    /// Who could be the agent if the present one left: a colleague who has answered.
    pub(super) fn heir(&self) -> Option<&Member> {
        self.members
            .iter()
            .find(|member| member.role == PartyRole::Colleague && member.has_answered())
    }

    /// Somebody outside who is in the call.
    pub(super) fn outside(&self) -> Option<&Member> {
        let mut members = self.members.iter();
        members.find(|member| member.role == PartyRole::Outside && member.has_answered())
    }

    /// Everybody's lines, supervisors' included.
    pub(super) fn lines(&self) -> Vec<Line> {
        let seats = self.seats.iter().filter_map(|seat| seat.line);
        let members = self.members.iter().filter_map(|member| member.line);
        members.chain(seats).collect()
    }

    fn with_role(&self, role: PartyRole) -> Option<&Member> {
        self.members.iter().find(|member| member.role == role)
    }

    /// What each line hears now. Lines that ring hear nothing of the centre's.
    pub(super) fn hearing(&self) -> Vec<(Line, Hears)> {
        let members = self.members.iter().filter_map(|member| {
            let line = member.line?;
            Some((line, self.ear_of(member)?))
        });
        let seats = self.seats.iter().filter_map(|seat| {
            let line = seat.line.filter(|_| seat.connected)?;
            Some((line, Hears::Lines(self.heard_by_seat(line))))
        });
        members.chain(seats).collect()
    }

    fn ear_of(&self, listener: &Member) -> Option<Hears> {
        match listener.state {
            PartyState::Held if self.greeting && listener.role == PartyRole::Customer => {
                Some(Hears::Sound(Sound::Greeting))
            }
            PartyState::Held => Some(Hears::Sound(Sound::Music)),
            PartyState::Connected => Some(self.in_conversation(listener)),
            PartyState::Dialing | PartyState::Ringing => {
                let caller = self.agent().filter(|_| listener.early)?;
                let heard = Some(caller).filter(|caller| self.speaks(caller));
                Some(Hears::Lines(
                    heard.and_then(|c| c.line).into_iter().collect(),
                ))
            }
        }
    }

    fn in_conversation(&self, listener: &Member) -> Hears {
        let is_agent = listener.role == PartyRole::Agent;
        if is_agent && self.away.is_some() {
            return Hears::Sound(Sound::Silence);
        }
        let members = self
            .members
            .iter()
            .filter(|member| member.id != listener.id && self.speaks(member))
            .filter_map(|member| member.line);
        let seats = self.seats.iter().filter(|seat| match seat.mode {
            WatchMode::Monitor => false,
            WatchMode::Coach => is_agent,
            WatchMode::Barge => true,
        });
        let seats = seats.filter(|seat| seat.connected);
        let lines: Vec<Line> = members.chain(seats.filter_map(|seat| seat.line)).collect();
        if lines.iter().any(|line| self.at(*line).is_some()) || !is_agent {
            return Hears::Lines(lines);
        }
        self.on_the_way(lines)
    }

    /// What an agent hears who has nobody to talk to but supervisors: whoever is being reached.
    fn on_the_way(&self, lines: Vec<Line>) -> Hears {
        let reached = |member: &&Member| !member.has_answered() && member.offer.is_none();
        let mut reached = self.members.iter().filter(reached);
        let early = reached.clone().find(|member| member.early && !member.muted);
        match early.and_then(|member| member.line) {
            Some(line) => Hears::Lines([line].into_iter().chain(lines).collect()),
            None if !lines.is_empty() => Hears::Lines(lines),
            None if self.rings_for_agent() || reached.any(|m| m.state == PartyState::Ringing) => {
                Hears::Sound(Sound::Ringback)
            }
            None => Hears::Sound(Sound::Silence),
        }
    }

    fn rings_for_agent(&self) -> bool {
        let reached = self.apart().or_else(|| self.asked());
        reached.is_some_and(|member| !member.has_answered())
    }

    /// Whether those in conversation hear this party.
    fn speaks(&self, member: &Member) -> bool {
        let away = member.role == PartyRole::Agent && self.away.is_some();
        member.is_connected() && !member.muted && !away
    }

    fn heard_by_seat(&self, listener: Line) -> Vec<Line> {
        let members = self
            .members
            .iter()
            .filter(|member| !self.confidential && self.speaks(member));
        let seats = self.seats.iter().filter(|seat| match seat.mode {
            WatchMode::Monitor => false,
            WatchMode::Coach | WatchMode::Barge => seat.connected,
        });
        let lines = members.filter_map(|member| member.line);
        lines
            .chain(seats.filter_map(|seat| seat.line))
            .filter(|line| *line != listener)
            .collect()
    }
}
