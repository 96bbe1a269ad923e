//! Whom each ear shall hear, by the rules as people are told them, and what may happen next.
//!
//! Nobody who only listens is heard. A coach is heard by the agent and by other supervisors.
//! Whoever is on hold is out of the conversation. This is written apart from the centre's own
//! bookkeeping on purpose.

use rand::{Rng, rngs::StdRng};
use seatline_contract::supervision::WatchMode;
use std::collections::BTreeSet;

/// Everybody there is; also the number of their voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    Customer,
    Zhou,
    Liu,
    Outside,
    He,
    Ho,
}

impl Who {
    pub(super) fn login(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Zhou => "zhou",
            Self::Liu => "liu",
            Self::Outside => "outside",
            Self::He => "he",
            Self::Ho => "ho",
        }
    }

    pub(super) fn is_supervisor(self) -> bool {
        matches!(self, Self::He | Self::Ho)
    }
}

/// Somebody in the call besides its agent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Guest {
    pub(super) who: Who,
    held: bool,
    muted: bool,
    /// Consulted and not merged.
    apart: bool,
}

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Step {
    /// A supervisor joins, or is in it another way from now on.
    Watch(Who, WatchMode),
    /// A supervisor leaves by the button.
    Leave(Who),
    /// A supervisor's phone hangs up.
    DropOff(Who),
    /// A supervisor's computer dies without a word, and another one is there.
    Vanish(Who),
    /// A supervisor becomes the agent.
    TakeOver(Who),
    /// Somebody's connection is cut, and a new path for their sound is found.
    Reconnect(Who),
    /// The agent's phone holds the call, or takes it back.
    Away(bool),
    /// One party is held, or taken back.
    Hold(Who, bool),
    /// One party is muted, or heard again.
    Mute(Who, bool),
    Consult(Who),
    Swap,
    Merge,
    /// Drops a colleague or somebody outside.
    Drop(Who),
    /// A colleague or somebody outside hangs up.
    HangUp(Who),
    /// Leaves the customer with the colleague.
    Complete,
    /// Gives the customer to a colleague without a word.
    Transfer(Who),
    /// The agent's phone hangs up; the colleague goes on.
    AgentGone,
}

/// Who is in the call, and how.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Model {
    pub(super) agent: Who,
    pub(super) guests: Vec<Guest>,
    pub(super) seats: Vec<(Who, WatchMode)>,
    /// Whom the agent's phone holds, if it holds.
    away: Option<Option<Who>>,
    /// Agents who are busy with notes.
    pub(super) writing: Vec<Who>,
}

impl Model {
    /// The customer talks to an agent.
    pub(super) fn new(agent: Who) -> Self {
        Self {
            agent,
            guests: vec![Guest {
                who: Who::Customer,
                held: false,
                muted: false,
                apart: false,
            }],
            seats: Vec::new(),
            away: None,
            writing: Vec::new(),
        }
    }

    /// Whom this one shall hear.
    pub(super) fn heard_by(&self, ear: Who) -> Vec<usize> {
        let mut heard: BTreeSet<Who> = self
            .guests
            .iter()
            .filter(|g| !g.held && !g.muted)
            .map(|g| g.who)
            .collect();
        if self.away.is_none() {
            heard.insert(self.agent);
        }
        let seat = self.seats.iter().any(|(who, _)| *who == ear);
        let guest = self.guests.iter().find(|guest| guest.who == ear);
        let hears = match guest {
            Some(guest) => !guest.held,
            None => seat || (ear == self.agent && self.away.is_none()),
        };
        if !hears {
            return Vec::new();
        }
        heard.extend(
            self.seats
                .iter()
                .filter(|(_, mode)| match mode {
                    WatchMode::Monitor => false,
                    WatchMode::Coach => guest.is_none(),
                    WatchMode::Barge => true,
                })
                .map(|(who, _)| *who),
        );
        heard.remove(&ear);
        heard.into_iter().map(|who| who as usize).collect()
    }

    /// Everybody in the call.
    pub(super) fn present(&self) -> Vec<Who> {
        let guests = self.guests.iter().map(|guest| guest.who);
        let seats = self.seats.iter().map(|(who, _)| *who);
        guests.chain(seats).chain([self.agent]).collect()
    }

    fn apart(&self) -> Option<&Guest> {
        self.guests.iter().find(|guest| guest.apart)
    }

    fn colleague(&self) -> Option<Who> {
        let mut guests = self.guests.iter();
        guests
            .find(|guest| matches!(guest.who, Who::Zhou | Who::Liu))
            .map(|guest| guest.who)
    }

    fn guest_mut(&mut self, who: Who) -> Option<&mut Guest> {
        self.guests.iter_mut().find(|guest| guest.who == who)
    }

    /// Something that can happen now.
    pub(super) fn any_step(&self, random: &mut StdRng) -> Step {
        let all = self.steps();
        all[random.random_range(0..all.len())]
    }

    fn steps(&self) -> Vec<Step> {
        let mut all = Vec::new();
        let present = self.present();
        for who in [Who::He, Who::Ho]
            .into_iter()
            .filter(|who| *who != self.agent)
        {
            let mode = self
                .seats
                .iter()
                .find(|(seat, _)| *seat == who)
                .map(|(_, mode)| *mode);
            // Nobody steers another supervisor.
            if self.writing.contains(&who) || self.agent.is_supervisor() {
                continue;
            }
            for next in [WatchMode::Monitor, WatchMode::Coach, WatchMode::Barge] {
                if mode != Some(next) {
                    all.push(Step::Watch(who, next));
                }
            }
            all.push(Step::TakeOver(who));
            if mode.is_some() {
                all.extend([
                    Step::Leave(who),
                    Step::DropOff(who),
                    Step::Vanish(who),
                    Step::Reconnect(who),
                ]);
            }
        }
        if self.away.is_some() {
            all.push(Step::Away(false));
            return all;
        }
        all.extend([Step::Away(true), Step::Reconnect(self.agent)]);
        for guest in &self.guests {
            all.push(Step::Mute(guest.who, !guest.muted));
            all.push(Step::Hold(guest.who, !guest.held));
            if guest.who != Who::Customer {
                all.extend([Step::Drop(guest.who), Step::HangUp(guest.who)]);
            }
        }
        if self.apart().is_some() {
            all.extend([Step::Swap, Step::Merge, Step::Merge]);
        } else {
            let free = |who: &Who| !present.contains(who) && !self.writing.contains(who);
            let wanted = [Who::Zhou, Who::Liu, Who::Outside];
            all.extend(wanted.into_iter().filter(free).map(Step::Consult));
            if self.guests.len() == 1 {
                let agents = [Who::Zhou, Who::Liu];
                all.extend(agents.into_iter().filter(free).map(Step::Transfer));
            }
        }
        if self.colleague().is_some() {
            all.extend([Step::Complete, Step::AgentGone]);
        }
        all
    }

    /// What it is like afterwards.
    pub(super) fn after(&self, step: Step) -> Self {
        let mut next = self.clone();
        match step {
            Step::Watch(who, mode) => {
                next.seats.retain(|(seat, _)| *seat != who);
                next.seats.push((who, mode));
            }
            Step::Leave(who) | Step::DropOff(who) | Step::Vanish(who) => {
                next.seats.retain(|(seat, _)| *seat != who);
            }
            Step::TakeOver(who) => {
                next.writing.push(self.agent);
                next.away = None;
                next.agent = who;
                // None of them may watch another supervisor.
                next.seats.clear();
                if self.apart().is_none() {
                    next.join_all();
                }
            }
            Step::Reconnect(_) => {}
            Step::Away(true) => {
                let talking: Vec<Who> = self
                    .guests
                    .iter()
                    .filter(|g| !g.held)
                    .map(|g| g.who)
                    .collect();
                let alone = talking.first().copied().filter(|_| talking.len() == 1);
                if let Some(guest) = alone.and_then(|who| next.guest_mut(who)) {
                    guest.held = true;
                }
                next.away = Some(alone);
            }
            Step::Away(false) => {
                if let Some(who) = next.away.take().flatten() {
                    next.hold(who, false);
                }
            }
            Step::Hold(who, held) => next.hold(who, held),
            Step::Mute(who, muted) => {
                if let Some(guest) = next.guest_mut(who) {
                    guest.muted = muted;
                }
            }
            Step::Consult(who) => {
                for guest in &mut next.guests {
                    guest.held = true;
                }
                next.guests.push(Guest {
                    who,
                    held: false,
                    muted: false,
                    apart: true,
                });
            }
            Step::Swap => {
                let to_others = self.apart().is_some_and(|guest| !guest.held);
                next.face(!to_others);
            }
            Step::Merge => next.join_all(),
            Step::Drop(who) | Step::HangUp(who) => {
                let faced = self
                    .guests
                    .iter()
                    .any(|g| g.who == who && g.apart && !g.held);
                next.guests.retain(|guest| guest.who != who);
                if faced && next.guests.iter().all(|guest| guest.held) {
                    next.face(false);
                }
            }
            Step::Complete | Step::AgentGone => {
                if let Some(heir) = self.colleague() {
                    next.guests.retain(|guest| guest.who != heir);
                    next.writing.push(self.agent);
                    next.agent = heir;
                    next.join_all();
                }
            }
            Step::Transfer(who) => {
                next.writing.push(self.agent);
                next.agent = who;
                next.seats.clear();
                next.join_all();
            }
        }
        next
    }

    fn join_all(&mut self) {
        for guest in &mut self.guests {
            guest.held = false;
            guest.apart = false;
        }
    }

    fn face(&mut self, apart: bool) {
        for guest in &mut self.guests {
            guest.held = guest.apart != apart;
        }
    }

    fn hold(&mut self, who: Who, held: bool) {
        let apart = self
            .guests
            .iter()
            .any(|guest| guest.who == who && guest.apart);
        for guest in &mut self.guests {
            if guest.who == who {
                guest.held = held;
            } else if !held && guest.apart != apart {
                guest.held = true;
            }
        }
    }
}
