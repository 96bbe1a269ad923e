//! The life of one contact, as the distributor sees it.

use seatline_contract::{
    contact::ContactState,
    id::{AgentId, OfferId, QueueId},
    time::UnixMs,
};
use thiserror::Error;

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
///          │                    │                   │                  │  └───hold──► Held
///          └────────────────────┴─── abandon ───────┘                 end              end
///                               ▼                                      └──────┬────────┘
///                           Abandoned                                         ▼
///                                                                          WrapUp ──close──► Closed
///  ───► Dialing ──answer──► Connected
///          └──────fail────► Failed
/// ```
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
        /// When it goes back to the queue.
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
    /// Over; the agent finishes notes.
    WrapUp {
        /// Whose notes.
        agent: AgentId,
        /// When it ends by itself; `None` when it does not.
        deadline: Option<UnixMs>,
        /// The deadline has passed without the required disposition.
        overdue: bool,
    },
    /// Done.
    Closed,
    /// The customer left before an agent answered.
    Abandoned,
    /// Outbound that never connected.
    Failed,
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
            | Self::WrapUp { agent, .. } => Some(*agent),
            Self::Queued | Self::Closed | Self::Abandoned | Self::Failed => None,
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
            | Self::WrapUp { .. }
            | Self::Closed
            | Self::Abandoned
            | Self::Failed => self.agent(),
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
    /// Not offered before this point in time.
    pub(super) rests_until: UnixMs,
    /// When it wants to be looked at again.
    pub(super) alarm: Option<UnixMs>,
}

impl Entry {
    pub(super) fn new(stage: Stage, terms: Terms, now: UnixMs) -> Self {
        Self {
            stage,
            queue: None,
            arrived: now,
            order: 0,
            fence: 0,
            terms,
            disposed: false,
            rests_until: now,
            alarm: None,
        }
    }

    /// An action that the stage does not allow.
    pub(super) fn refuse(&self, action: &'static str) -> IllegalMove {
        self.stage.refuse(action)
    }

    /// Puts it aside for an agent until the store has confirmed.
    pub(super) fn reserve(&mut self, offer: OfferId, agent: AgentId) -> Result<(), IllegalMove> {
        match self.stage {
            Stage::Queued => {
                self.fence += 1;
                self.stage = Stage::Reserved { offer, agent };
                Ok(())
            }
            _ => Err(self.stage.refuse("be reserved")),
        }
    }

    /// Puts it before the agent it is reserved for.
    pub(super) fn confirm(&mut self, now: UnixMs) -> Result<(AgentId, UnixMs), IllegalMove> {
        match self.stage {
            Stage::Reserved { offer, agent } => {
                let deadline = now.plus(self.terms.ring_ms);
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

    /// Takes it back from the agent, to the place its arrival gives it.
    pub(super) fn requeue(&mut self) -> Result<(OfferId, AgentId), IllegalMove> {
        match self.stage {
            Stage::Reserved { offer, agent } | Stage::Offered { offer, agent, .. } => {
                self.stage = Stage::Queued;
                Ok((offer, agent))
            }
            _ => Err(self.stage.refuse("go back to the queue")),
        }
    }

    /// The agent answered the offer.
    pub(super) fn accept(&mut self) -> Result<AgentId, IllegalMove> {
        match self.stage {
            Stage::Offered { agent, .. } => {
                self.stage = Stage::Connected { agent };
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

    /// The conversation, or the wait for it, is over. Returns who had it.
    pub(super) fn end(&mut self, now: UnixMs) -> Result<Option<AgentId>, IllegalMove> {
        let agent = self.stage.agent();
        self.stage = match self.stage {
            Stage::Queued | Stage::Reserved { .. } | Stage::Offered { .. } => Stage::Abandoned,
            Stage::Dialing { .. } => Stage::Failed,
            Stage::Connected { agent } | Stage::Held { agent } => Stage::WrapUp {
                agent,
                deadline: self.terms.wrap_up_ms.map(|ms| now.plus(ms)),
                overdue: false,
            },
            Stage::WrapUp { .. } | Stage::Closed | Stage::Abandoned | Stage::Failed => {
                return Err(self.stage.refuse("end"));
            }
        };
        Ok(agent)
    }

    /// Ends wrap-up. The caller has checked the disposition.
    pub(super) fn close(&mut self) -> Result<AgentId, IllegalMove> {
        match self.stage {
            Stage::WrapUp { agent, .. } => {
                self.stage = Stage::Closed;
                Ok(agent)
            }
            _ => Err(self.stage.refuse("be closed")),
        }
    }

    /// Whether wrap-up may end.
    pub(super) fn may_close(&self) -> bool {
        self.disposed || !self.terms.disposition_required
    }

    /// When something happens to it by itself.
    pub(super) fn deadline(&self) -> Option<UnixMs> {
        match self.stage {
            Stage::Queued => Some(self.rests_until).filter(|rest| *rest > self.arrived),
            Stage::Offered { deadline, .. } => Some(deadline),
            Stage::WrapUp { deadline, .. } => deadline,
            Stage::Reserved { .. }
            | Stage::Dialing { .. }
            | Stage::Connected { .. }
            | Stage::Held { .. }
            | Stage::Closed
            | Stage::Abandoned
            | Stage::Failed => None,
        }
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
            Stage::WrapUp {
                agent,
                deadline: None,
                overdue: false,
            },
            Stage::Closed,
            Stage::Abandoned,
            Stage::Failed,
        ];
        type Move = fn(&mut Entry) -> Result<(), IllegalMove>;
        let moves: [(&str, Move); 9] = [
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
            ("close", |c| c.close().map(drop)),
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
                "offered requeue queued",
                "offered accept connected",
                "offered end abandoned",
                "dialing answer connected",
                "dialing end failed",
                "connected hold held",
                "connected end wrapping up",
                "held resume connected",
                "held end wrapping up",
                "wrapping up close closed",
            ]
        );
    }
}
