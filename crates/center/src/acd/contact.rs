//! The life of one contact, as the distributor sees it.

use seatline_contract::{
    contact::ContactState,
    id::{AgentId, OfferId, QueueId},
    time::UnixMs,
};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// How long a contact rings at an agent who is called in person, in milliseconds.
pub(super) const DIRECTED_RING_MS: i64 = 30_000;

/// What is agreed for a contact when it begins; later changes of its queue do not touch it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// How long an offer rings, in milliseconds.
    pub ring_ms: i64,
    /// How long wrap-up lasts, in milliseconds; `None` until done by hand.
    pub wrap_up_ms: Option<i64>,
    /// Whether wrap-up needs a disposition.
    pub disposition_required: bool,
}

/// Where a contact stands.
///
/// ```text
///                declined · missed · line lost · refused
///          ┌────────────────────┬───────────────────┐
///          ▼                    │                   │
///  ───► Queued ──reserve──► Reserved ──confirm──► Offered ──accept──► Connected ◄─resume─┐
///          ▲ │                  ▲ │                 │                ▲ │ └────hold──► Held
///          │ └──────────────────┼─┴──── end ────────┘                │ │                │
///          │                    ▼                                    │ ├──────end───────┤
///          │       Abandoned, or Closed once served                  │ │                ▼
///          │                                                         │ │   WrapUp ──close──► Closed
///  ───► Dialing ──answer─────────────────────────────────────────────┘ │
///          └──────end──► Failed                                        │
///          │                                                           │ transfer · forward · park
///          ├───────────── to a queue ──────────────────────────────────┤
///          │    Reserved ◄──── to a colleague ─────────────────────────┤
///          │     Offered ◄── to whom the agent asked, who rings ───────┤
///          │       ▲──return── Forwarded ◄──── outside ────────────────┤
///          └───────┴──return── Parked ◄────────────────────────────────┘
/// ```
///
/// A contact reserved for one agent ([`Purpose`]) who does not take it goes back to whom it came
/// from, and when they do not take it either, to a queue. A call between colleagues
/// ([`Entry::internal`]) goes from `Dialing` over `Connected` straight to `Closed`: it has no notes,
/// waits in no queue and is never parked. Who hands any other contact over is in wrap-up of it from
/// then on, whatever becomes of it ([`Entry::wrap_ups`]).
///
/// `Closed`, `Abandoned` and `Failed` are final.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Waiting.
    Queued,
    /// An agent is chosen; the store has not confirmed yet, nobody has been told.
    Reserved {
        /// The offer to be.
        offer: OfferId,
        /// Whom it will be put before.
        agent: AgentId,
    },
    /// Ringing at an agent.
    Offered {
        /// The offer.
        offer: OfferId,
        /// Where it rings.
        agent: AgentId,
        /// When it is taken back.
        deadline: UnixMs,
    },
    /// Outbound, not yet answered.
    Dialing {
        /// Who dialled.
        agent: AgentId,
    },
    /// Customer and agent talk.
    Connected {
        /// Who talks.
        agent: AgentId,
    },
    /// The customer hears music.
    Held {
        /// Whose hold.
        agent: AgentId,
    },
    /// Handed to somebody outside, who is dialled or talks; no agent has it.
    Forwarded {
        /// Who handed it over.
        by: AgentId,
    },
    /// The customer hears music until anybody picks up.
    Parked {
        /// Who parked it.
        by: AgentId,
        /// When it goes back to them.
        until: UnixMs,
    },
    /// Over; the agent finishes notes.
    WrapUp {
        /// Whose notes.
        agent: AgentId,
    },
    /// Done.
    Closed,
    /// The customer left before an agent answered.
    Abandoned,
    /// Outbound that never connected.
    Failed,
}

/// How a contact came to be put before an agent, and where it goes if they do not take it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// From its queue, and back there.
    Serve,
    /// A colleague hands it over, and gets it back.
    Transfer {
        /// Who.
        from: AgentId,
    },
    /// It comes back to who handed it over or parked it; then to a queue.
    Return,
    /// The agent picks it up, or it stays parked.
    PickUp {
        /// Who parked it.
        by: AgentId,
        /// When it goes back to them.
        until: UnixMs,
    },
    /// A colleague asks for somebody beside the conversation, which stays where it is.
    Consult,
}

/// A colleague wanted beside a conversation.
///
/// ```text
///   queue ──► Sought ⇄ Reserved ──► Offered ──► joined
///                ▲                     │
///   agent ───────┼────► Reserved       │ not taken: sought on, or, wanted in person, over
///                └─────────────────────┘
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// In a queue, for whoever serves it.
    Sought {
        /// Which.
        queue: QueueId,
    },
    /// Somebody is chosen.
    Reserved {
        /// The offer to be.
        offer: OfferId,
        /// Who.
        agent: AgentId,
        /// The queue in which they were found.
        queue: Option<QueueId>,
    },
    /// Ringing.
    Offered {
        /// The offer.
        offer: OfferId,
        /// Where.
        agent: AgentId,
        /// The queue in which they were found.
        queue: Option<QueueId>,
        /// When it is taken back.
        deadline: UnixMs,
    },
}

impl Ask {
    /// The offer, and to whom, if somebody is chosen.
    #[must_use]
    pub fn offer(&self) -> Option<(OfferId, AgentId)> {
        match self {
            Self::Sought { .. } => None,
            Self::Reserved { offer, agent, .. } | Self::Offered { offer, agent, .. } => {
                Some((*offer, *agent))
            }
        }
    }

    /// The queue in which somebody is wanted.
    #[must_use]
    pub fn queue(&self) -> Option<QueueId> {
        match self {
            Self::Sought { queue } => Some(*queue),
            Self::Reserved { queue, .. } | Self::Offered { queue, .. } => *queue,
        }
    }
}

/// One agent's notes on a contact that is over for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrapUp {
    /// When it ends by itself; `None` when it does not.
    pub deadline: Option<UnixMs>,
    /// The deadline has passed without the required disposition.
    pub overdue: bool,
    /// Whether a disposition is chosen.
    pub disposed: bool,
    /// Whether one must be.
    pub disposition_required: bool,
}

impl WrapUp {
    /// Whether it may end.
    pub(super) fn may_close(&self) -> bool {
        self.disposed || !self.disposition_required
    }
}

/// A move that the state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a contact can not {action} while it is {from}")]
pub struct IllegalMove {
    /// What was tried.
    pub action: &'static str,
    /// The name of the state.
    pub from: &'static str,
}

impl Stage {
    /// The state as the wire names it.
    #[must_use]
    pub fn state(&self) -> ContactState {
        match self {
            Self::Queued => ContactState::Queued,
            Self::Reserved { .. } | Self::Offered { .. } => ContactState::Offered,
            Self::Dialing { .. } => ContactState::Dialing,
            Self::Connected { .. } => ContactState::Connected,
            Self::Held { .. } => ContactState::Held,
            Self::Forwarded { .. } => ContactState::Connected,
            Self::Parked { .. } => ContactState::Parked,
            Self::WrapUp { .. } => ContactState::WrapUp,
            Self::Closed => ContactState::Closed,
            Self::Abandoned => ContactState::Abandoned,
            Self::Failed => ContactState::Failed,
        }
    }

    /// The state's name in logs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Reserved { .. } => "reserved",
            Self::Offered { .. } => "offered",
            Self::Dialing { .. } => "dialing",
            Self::Connected { .. } => "connected",
            Self::Held { .. } => "held",
            Self::Forwarded { .. } => "forwarded",
            Self::Parked { .. } => "parked",
            Self::WrapUp { .. } => "wrapping up",
            Self::Closed => "closed",
            Self::Abandoned => "abandoned",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing can happen any more.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Closed | Self::Abandoned | Self::Failed => true,
            Self::Queued
            | Self::Reserved { .. }
            | Self::Offered { .. }
            | Self::Dialing { .. }
            | Self::Connected { .. }
            | Self::Held { .. }
            | Self::Forwarded { .. }
            | Self::Parked { .. }
            | Self::WrapUp { .. } => false,
        }
    }

    /// The agent who has it, if one has.
    #[must_use]
    pub fn agent(&self) -> Option<AgentId> {
        match self {
            Self::Reserved { agent, .. }
            | Self::Offered { agent, .. }
            | Self::Dialing { agent }
            | Self::Connected { agent }
            | Self::Held { agent }
            | Self::WrapUp { agent } => Some(*agent),
            Self::Queued
            | Self::Forwarded { .. }
            | Self::Parked { .. }
            | Self::Closed
            | Self::Abandoned
            | Self::Failed => None,
        }
    }

    /// The agent in whose hands it is: who has it, but for mere offers.
    #[must_use]
    pub fn agent_in_hand(&self) -> Option<AgentId> {
        match self {
            Self::Reserved { .. } | Self::Offered { .. } => None,
            Self::Queued
            | Self::Dialing { .. }
            | Self::Connected { .. }
            | Self::Held { .. }
            | Self::Forwarded { .. }
            | Self::Parked { .. }
            | Self::WrapUp { .. }
            | Self::Closed
            | Self::Abandoned
            | Self::Failed => self.agent(),
        }
    }

    /// The agent who is in conversation with the customer.
    #[must_use]
    pub fn talker(&self) -> Option<AgentId> {
        match self {
            Self::Connected { agent } | Self::Held { agent } => Some(*agent),
            Self::Queued
            | Self::Reserved { .. }
            | Self::Offered { .. }
            | Self::Dialing { .. }
            | Self::Forwarded { .. }
            | Self::Parked { .. }
            | Self::WrapUp { .. }
            | Self::Closed
            | Self::Abandoned
            | Self::Failed => None,
        }
    }

    fn refuse(&self, action: &'static str) -> IllegalMove {
        IllegalMove {
            action,
            from: self.name(),
        }
    }
}

/// One contact.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where it stands.
    pub stage: Stage,
    /// How it came to the agent it is reserved for or offered to.
    pub purpose: Purpose,
    /// The queue it waits in; none for a call an agent dialled.
    pub queue: Option<QueueId>,
    /// When it arrived. Its place in the queue, kept whatever happens to its offers.
    pub arrived: UnixMs,
    /// Tells apart contacts that arrived in the same millisecond.
    pub order: u64,
    /// Number of the latest offer. An answer to an earlier one is void.
    pub fence: u64,
    /// What was agreed.
    pub terms: Terms,
    /// Whether the agent has chosen a disposition.
    pub disposed: bool,
    /// An agent has talked to the customer.
    pub served: bool,
    /// It is between colleagues.
    pub internal: bool,
    /// A colleague wanted beside the conversation.
    pub ask: Option<Ask>,
    /// Colleagues in the conversation.
    pub colleagues: BTreeSet<AgentId>,
    /// Supervisors in it.
    pub watchers: BTreeSet<AgentId>,
    /// Whose notes are not finished.
    pub wrap_ups: BTreeMap<AgentId, WrapUp>,
    /// Not offered before this point in time.
    pub(super) rests_until: UnixMs,
    /// When it wants to be looked at again.
    pub(super) alarm: Option<UnixMs>,
}

impl Entry {
    pub(super) fn new(stage: Stage, terms: Terms, now: UnixMs) -> Self {
        Self {
            stage,
            purpose: Purpose::Serve,
            queue: None,
            arrived: now,
            order: 0,
            fence: 0,
            terms,
            disposed: false,
            served: false,
            internal: false,
            ask: None,
            colleagues: BTreeSet::new(),
            watchers: BTreeSet::new(),
            wrap_ups: BTreeMap::new(),
            rests_until: now,
            alarm: None,
        }
    }

    /// Whether nothing can happen to it any more and nobody writes notes.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.stage.is_final() && self.wrap_ups.is_empty()
    }

    /// Whether it is in this agent's hands: theirs, a call they take part in, or notes to finish.
    #[must_use]
    pub fn is_held_by(&self, agent: AgentId) -> bool {
        self.stage.agent_in_hand() == Some(agent)
            || self.colleagues.contains(&agent)
            || self.wrap_ups.contains_key(&agent)
    }

    /// The offer of the colleague wanted, if that is it.
    pub(super) fn is_asked_by(&self, offer: OfferId) -> bool {
        let asked = self.ask.as_ref().and_then(Ask::offer);
        asked.is_some_and(|(asked, _)| asked == offer)
    }

    /// An action that the stage does not allow.
    pub(super) fn refuse(&self, action: &'static str) -> IllegalMove {
        self.stage.refuse(action)
    }

    /// Gives it an agent of a queue: as the customer's, or as the colleague wanted. `None` if it
    /// waits for neither.
    pub(super) fn match_with(
        &mut self,
        offer: OfferId,
        agent: AgentId,
        queue: QueueId,
    ) -> Option<Purpose> {
        if self.ask == Some(Ask::Sought { queue }) {
            self.ask = Some(Ask::Reserved {
                offer,
                agent,
                queue: Some(queue),
            });
            return Some(Purpose::Consult);
        }
        self.reserve(offer, agent).ok()?;
        Some(Purpose::Serve)
    }

    /// Puts it aside for an agent until the store has confirmed.
    pub(super) fn reserve(&mut self, offer: OfferId, agent: AgentId) -> Result<(), IllegalMove> {
        match self.stage {
            Stage::Queued => {
                self.set_aside(offer, agent, Purpose::Serve);
                Ok(())
            }
            _ => Err(self.stage.refuse("be reserved")),
        }
    }

    /// Puts it aside for one agent in person.
    pub(super) fn direct(
        &mut self,
        offer: OfferId,
        agent: AgentId,
        purpose: Purpose,
    ) -> Result<(), IllegalMove> {
        match (&self.stage, purpose) {
            (Stage::Connected { .. } | Stage::Held { .. }, Purpose::Transfer { .. })
            | (
                Stage::Reserved { .. }
                | Stage::Offered { .. }
                | Stage::Forwarded { .. }
                | Stage::Parked { .. },
                Purpose::Return,
            )
            | (Stage::Parked { .. }, Purpose::PickUp { .. }) => {
                self.set_aside(offer, agent, purpose);
                Ok(())
            }
            _ => Err(self.stage.refuse("be put before that agent")),
        }
    }

    fn set_aside(&mut self, offer: OfferId, agent: AgentId, purpose: Purpose) {
        self.fence += 1;
        self.purpose = purpose;
        self.stage = Stage::Reserved { offer, agent };
    }

    /// Puts it before the agent it is reserved for.
    pub(super) fn confirm(&mut self, now: UnixMs) -> Result<(AgentId, UnixMs), IllegalMove> {
        match self.stage {
            Stage::Reserved { offer, agent } => {
                let ring_ms = match self.purpose {
                    Purpose::Serve => self.terms.ring_ms,
                    _ => DIRECTED_RING_MS,
                };
                let deadline = now.plus(ring_ms);
                self.stage = Stage::Offered {
                    offer,
                    agent,
                    deadline,
                };
                Ok((agent, deadline))
            }
            _ => Err(self.stage.refuse("be offered")),
        }
    }

    /// Lets it wait, at the place its arrival gives it.
    pub(super) fn requeue(&mut self) -> Result<(), IllegalMove> {
        match self.stage {
            Stage::Reserved { .. }
            | Stage::Offered { .. }
            | Stage::Connected { .. }
            | Stage::Held { .. }
            | Stage::Forwarded { .. }
            | Stage::Parked { .. } => {
                self.stage = Stage::Queued;
                self.purpose = Purpose::Serve;
                Ok(())
            }
            _ => Err(self.stage.refuse("go to a queue")),
        }
    }

    /// The agent answered the offer.
    pub(super) fn accept(&mut self) -> Result<AgentId, IllegalMove> {
        match self.stage {
            Stage::Offered { agent, .. } => {
                self.stage = Stage::Connected { agent };
                self.purpose = Purpose::Serve;
                self.served = true;
                Ok(agent)
            }
            _ => Err(self.stage.refuse("be accepted")),
        }
    }

    /// The customer answered a dialled call.
    pub(super) fn answer(&mut self) -> Result<AgentId, IllegalMove> {
        match self.stage {
            Stage::Dialing { agent } => {
                self.stage = Stage::Connected { agent };
                self.served = true;
                Ok(agent)
            }
            _ => Err(self.stage.refuse("be answered")),
        }
    }

    /// Holds or resumes.
    pub(super) fn hold(&mut self, held: bool) -> Result<(), IllegalMove> {
        self.stage = match (&self.stage, held) {
            (Stage::Connected { agent }, true) => Stage::Held { agent: *agent },
            (Stage::Held { agent }, false) => Stage::Connected { agent: *agent },
            (stage, true) => return Err(stage.refuse("be held")),
            (stage, false) => return Err(stage.refuse("be resumed")),
        };
        Ok(())
    }

    /// Gives the conversation to another agent. Returns who had it.
    pub(super) fn hand_over(&mut self, to: AgentId) -> Result<AgentId, IllegalMove> {
        match self.stage {
            Stage::Connected { agent } | Stage::Held { agent } if agent != to => {
                self.stage = Stage::Connected { agent: to };
                Ok(agent)
            }
            _ => Err(self.stage.refuse("be handed over")),
        }
    }

    /// Lets it wait for the colleague the agent asked for. Returns who had it.
    pub(super) fn leave_to_asked(&mut self) -> Result<AgentId, IllegalMove> {
        let (Stage::Connected { agent: from } | Stage::Held { agent: from }) = self.stage else {
            return Err(self.stage.refuse("be left to who is asked"));
        };
        let (stage, found_in) = match self.ask {
            Some(Ask::Reserved {
                offer,
                agent,
                queue,
            }) => (Stage::Reserved { offer, agent }, queue),
            Some(Ask::Offered {
                offer,
                agent,
                queue,
                deadline,
            }) => {
                let stage = Stage::Offered {
                    offer,
                    agent,
                    deadline,
                };
                (stage, queue)
            }
            Some(Ask::Sought { .. }) | None => {
                return Err(self.stage.refuse("be left to nobody"));
            }
        };
        self.ask = None;
        self.fence += 1;
        self.stage = stage;
        self.purpose = match found_in {
            Some(queue) => {
                self.queue = Some(queue);
                Purpose::Serve
            }
            None => Purpose::Transfer { from },
        };
        Ok(from)
    }

    /// Leaves the customer with somebody outside, or with music.
    pub(super) fn lay_down(&mut self, to: Stage) -> Result<AgentId, IllegalMove> {
        match (&self.stage, &to) {
            (
                Stage::Connected { agent } | Stage::Held { agent },
                Stage::Forwarded { .. } | Stage::Parked { .. },
            ) => {
                let agent = *agent;
                self.stage = to;
                Ok(agent)
            }
            (stage, _) => Err(stage.refuse("be left")),
        }
    }

    /// Lets it wait parked again: who wanted to pick it up could not.
    pub(super) fn park_again(&mut self) -> Result<(), IllegalMove> {
        match (&self.stage, self.purpose) {
            (Stage::Reserved { .. } | Stage::Offered { .. }, Purpose::PickUp { by, until }) => {
                self.stage = Stage::Parked { by, until };
                self.purpose = Purpose::Serve;
                Ok(())
            }
            (stage, _) => Err(stage.refuse("be parked again")),
        }
    }

    /// The conversation, or the wait for it, is over. Returns who had it.
    pub(super) fn end(&mut self, now: UnixMs) -> Result<Option<AgentId>, IllegalMove> {
        let agent = self.stage.agent();
        self.stage = match self.stage {
            Stage::Queued | Stage::Reserved { .. } | Stage::Offered { .. } if !self.served => {
                Stage::Abandoned
            }
            Stage::Queued
            | Stage::Reserved { .. }
            | Stage::Offered { .. }
            | Stage::Forwarded { .. }
            | Stage::Parked { .. } => Stage::Closed,
            Stage::Dialing { .. } => Stage::Failed,
            Stage::Connected { .. } | Stage::Held { .. } if self.internal => Stage::Closed,
            Stage::Connected { agent } | Stage::Held { agent } => {
                self.begin_wrap_up(now, agent);
                Stage::WrapUp { agent }
            }
            Stage::WrapUp { .. } | Stage::Closed | Stage::Abandoned | Stage::Failed => {
                return Err(self.stage.refuse("end"));
            }
        };
        Ok(agent)
    }

    /// The contact is over for this agent, who finishes notes.
    pub(super) fn begin_wrap_up(&mut self, now: UnixMs, agent: AgentId) {
        let wrap_up = WrapUp {
            deadline: self.terms.wrap_up_ms.map(|ms| now.plus(ms)),
            overdue: false,
            disposed: std::mem::take(&mut self.disposed),
            disposition_required: self.terms.disposition_required,
        };
        self.wrap_ups.insert(agent, wrap_up);
    }

    /// Ends an agent's wrap-up. The caller has checked the disposition.
    pub(super) fn close(&mut self, agent: AgentId) -> Result<(), IllegalMove> {
        if self.wrap_ups.remove(&agent).is_none() {
            return Err(self.stage.refuse("be closed"));
        }
        if self.stage == (Stage::WrapUp { agent }) {
            self.stage = Stage::Closed;
        }
        Ok(())
    }

    /// When something happens to it by itself.
    pub(super) fn deadline(&self) -> Option<UnixMs> {
        let rest = Some(self.rests_until).filter(|rest| *rest > self.arrived);
        let stage = match self.stage {
            Stage::Queued => rest,
            Stage::Offered { deadline, .. } => Some(deadline),
            Stage::Parked { until, .. } => Some(until),
            Stage::Reserved { .. }
            | Stage::Dialing { .. }
            | Stage::Connected { .. }
            | Stage::Held { .. }
            | Stage::Forwarded { .. }
            | Stage::WrapUp { .. }
            | Stage::Closed
            | Stage::Abandoned
            | Stage::Failed => None,
        };
        let asked = match self.ask {
            Some(Ask::Offered { deadline, .. }) => Some(deadline),
            Some(Ask::Sought { .. }) => rest,
            Some(Ask::Reserved { .. }) | None => None,
        };
        let notes = self.wrap_ups.values().filter_map(|notes| notes.deadline);
        notes.chain(stage).chain(asked).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn contact(stage: Stage) -> Entry {
        let terms = Terms {
            ring_ms: 20_000,
            wrap_up_ms: Some(30_000),
            disposition_required: false,
        };
        Entry::new(stage, terms, UnixMs(0))
    }

    /// Every state against every move: what is not in the drawing is refused and changes nothing.
    #[test]
    fn only_the_drawn_moves_are_possible() {
        let agent = AgentId(Uuid::from_u128(1));
        let offer = OfferId(Uuid::from_u128(2));
        let states = [
            Stage::Queued,
            Stage::Reserved { offer, agent },
            Stage::Offered {
                offer,
                agent,
                deadline: UnixMs(9),
            },
            Stage::Dialing { agent },
            Stage::Connected { agent },
            Stage::Held { agent },
            Stage::Forwarded { by: agent },
            Stage::Parked {
                by: agent,
                until: UnixMs(9),
            },
            Stage::WrapUp { agent },
            Stage::Closed,
            Stage::Abandoned,
            Stage::Failed,
        ];
        type Move = fn(&mut Entry) -> Result<(), IllegalMove>;
        let moves: [(&str, Move); 15] = [
            ("reserve", |c| {
                c.reserve(OfferId(Uuid::nil()), AgentId(Uuid::nil()))
            }),
            ("confirm", |c| c.confirm(UnixMs(1)).map(drop)),
            ("requeue", |c| c.requeue().map(drop)),
            ("accept", |c| c.accept().map(drop)),
            ("answer", |c| c.answer().map(drop)),
            ("hold", |c| c.hold(true)),
            ("resume", |c| c.hold(false)),
            ("end", |c| c.end(UnixMs(1)).map(drop)),
            ("close", |c| {
                if let Stage::WrapUp { agent } = c.stage {
                    c.begin_wrap_up(UnixMs(0), agent);
                }
                c.close(AgentId(Uuid::from_u128(1)))
            }),
            ("transfer", |c| {
                let from = AgentId(Uuid::from_u128(1));
                c.direct(
                    OfferId(Uuid::nil()),
                    AgentId(Uuid::nil()),
                    Purpose::Transfer { from },
                )
            }),
            ("return", |c| {
                c.direct(OfferId(Uuid::nil()), AgentId(Uuid::nil()), Purpose::Return)
            }),
            ("hand over", |c| c.hand_over(AgentId(Uuid::nil())).map(drop)),
            ("forward", |c| {
                let by = AgentId(Uuid::from_u128(1));
                c.lay_down(Stage::Forwarded { by }).map(drop)
            }),
            ("park again", |c| c.park_again()),
            ("leave to asked", |c| {
                c.ask = Some(Ask::Offered {
                    offer: OfferId(Uuid::nil()),
                    agent: AgentId(Uuid::nil()),
                    queue: None,
                    deadline: UnixMs(9),
                });
                c.leave_to_asked().map(drop)
            }),
        ];
        let mut legal = Vec::new();
        for state in &states {
            for (name, step) in &moves {
                let mut contact = contact(state.clone());
                if step(&mut contact).is_ok() {
                    legal.push(format!("{} {name} {}", state.name(), contact.stage.name()));
                } else {
                    assert_eq!(contact.stage, *state, "a refused {name} changed the state");
                }
            }
        }
        assert_eq!(
            legal,
            [
                "queued reserve reserved",
                "queued end abandoned",
                "reserved confirm offered",
                "reserved requeue queued",
                "reserved end abandoned",
                "reserved return reserved",
                "offered requeue queued",
                "offered accept connected",
                "offered end abandoned",
                "offered return reserved",
                "dialing answer connected",
                "dialing end failed",
                "connected requeue queued",
                "connected hold held",
                "connected end wrapping up",
                "connected transfer reserved",
                "connected hand over connected",
                "connected forward forwarded",
                "connected leave to asked offered",
                "held requeue queued",
                "held resume connected",
                "held end wrapping up",
                "held transfer reserved",
                "held hand over connected",
                "held forward forwarded",
                "held leave to asked offered",
                "forwarded requeue queued",
                "forwarded end closed",
                "forwarded return reserved",
                "parked requeue queued",
                "parked end closed",
                "parked return reserved",
                "wrapping up close closed",
            ]
        );
    }
}
