//! Where a call stands. Pure: what happens goes in, the new state or a refusal comes out.

use crate::view::CallState;
use seatline_contract::contact::Direction;

/// The state of one call.
///
/// ```text
///   incoming                         outgoing
///      │                                │
///      ▼                                ▼
///   Ringing ─Answer─▶ Connecting ◀─FarAnswer─ Dialing      (straight to Active if media is up)
///                        │    ▲
///                     MediaUp │
///                        ▼    │(MediaLost, MediaUp: a network change before the first sound)
///             ┌──────▶ Active ──Hold──▶ Held
///             │         │  ▲             │  ▲
///             │      MediaLost│       MediaLost│
///             │         ▼  │MediaUp      ▼  │MediaUp
///             │     Reconnecting     Reconnecting (held)
///             └──────────── Resume ──────┘ (from Held)
///
///   every state ─End─▶ Ended
/// ```
///
/// Mute is not a state: it is allowed at any time and outlives all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Machine {
    state: State,
    media: bool,
}

/// The states by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Rings here.
    Ringing,
    /// We ring somebody.
    Dialing,
    /// Answered, no media yet.
    Connecting,
    /// Both can talk.
    Active,
    /// Held by the agent.
    Held,
    /// Media is being restored.
    Reconnecting {
        /// The call was held.
        held: bool,
    },
    /// Over.
    Ended,
}

/// What can happen to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    /// The agent answered and the switch knows.
    Answer,
    /// The far side answered.
    FarAnswer,
    /// Media flows.
    MediaUp,
    /// Media is lost and may come back.
    MediaLost,
    /// Hold was agreed with the switch.
    Hold,
    /// Resuming was agreed with the switch.
    Resume,
    /// Either side ended it.
    End,
}

/// An input that makes no sense in this state; nothing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{input:?} is not possible while {state:?}")]
pub(crate) struct Illegal {
    /// The state.
    pub(crate) state: State,
    /// The input.
    pub(crate) input: Input,
}

impl Machine {
    /// A call that has just begun.
    pub(crate) fn new(direction: Direction) -> Self {
        Self {
            state: match direction {
                Direction::Inbound => State::Ringing,
                Direction::Outbound | Direction::Internal => State::Dialing,
            },
            media: false,
        }
    }

    /// The state.
    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// Whether this input is possible now.
    pub(crate) fn allows(&self, input: Input) -> bool {
        self.clone().apply(input).is_ok()
    }

    /// Takes an input. Returns whether the state is another now.
    ///
    /// # Errors
    /// [`Illegal`]; nothing changed.
    pub(crate) fn apply(&mut self, input: Input) -> Result<bool, Illegal> {
        use State::{Active, Connecting, Dialing, Ended, Held, Reconnecting, Ringing};
        let answered = if self.media { Active } else { Connecting };
        let next = match (self.state, input) {
            (Ringing, Input::Answer) | (Dialing, Input::FarAnswer) => answered,
            // The path may be up before the answer: early media, or an eager switch.
            (Ringing, Input::MediaUp | Input::MediaLost) => Ringing,
            (Dialing, Input::MediaUp | Input::MediaLost) => Dialing,
            (Connecting, Input::MediaUp) => Active,
            (Connecting, Input::MediaLost) => Connecting,
            (Active, Input::Hold) => Held,
            (Active, Input::MediaUp) => Active,
            (Active, Input::MediaLost) => Reconnecting { held: false },
            (Held, Input::Resume) => Active,
            (Held, Input::MediaUp) => Held,
            (Held, Input::MediaLost) => Reconnecting { held: true },
            (Reconnecting { held: false }, Input::MediaUp) => Active,
            (Reconnecting { held: true }, Input::MediaUp) => Held,
            (state @ Reconnecting { .. }, Input::MediaLost) => state,
            (Ringing | Dialing | Connecting | Active | Held | Reconnecting { .. }, Input::End) => {
                Ended
            }
            (
                state @ (Ringing
                | Dialing
                | Connecting
                | Active
                | Held
                | Reconnecting { .. }
                | Ended),
                input,
            ) => return Err(Illegal { state, input }),
        };
        match input {
            Input::MediaUp => self.media = true,
            Input::MediaLost => self.media = false,
            Input::Answer | Input::FarAnswer | Input::Hold | Input::Resume | Input::End => {}
        }
        let changed = next != self.state;
        self.state = next;
        Ok(changed)
    }
}

impl State {
    /// What a window shows; `None` when the call is over.
    pub(crate) fn shown(self) -> Option<CallState> {
        match self {
            Self::Ringing => Some(CallState::Ringing),
            Self::Dialing => Some(CallState::Dialing),
            Self::Connecting => Some(CallState::Connecting),
            Self::Active => Some(CallState::Active),
            Self::Held => Some(CallState::Held),
            Self::Reconnecting { .. } => Some(CallState::Reconnecting),
            Self::Ended => None,
        }
    }

    /// Whether the agent's microphone and the far side's voice are joined.
    pub(crate) fn talks(self) -> bool {
        match self {
            // Before the far side answers there may be its ring-back tone to hear.
            Self::Dialing
            | Self::Connecting
            | Self::Active
            | Self::Reconnecting { held: false } => true,
            Self::Ringing | Self::Held | Self::Reconnecting { held: true } | Self::Ended => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUTS: [Input; 7] = [
        Input::Answer,
        Input::FarAnswer,
        Input::MediaUp,
        Input::MediaLost,
        Input::Hold,
        Input::Resume,
        Input::End,
    ];

    /// What each input leads to, in the order of [`INPUTS`]; `None` is refused.
    fn table(media: bool) -> Vec<(State, [Option<State>; 7])> {
        use State::{Active, Connecting, Dialing, Ended, Held, Reconnecting, Ringing};
        let answered = Some(if media { Active } else { Connecting });
        let lost = Reconnecting { held: false };
        let lost_held = Reconnecting { held: true };
        let end = Some(Ended);
        vec![
            (
                Ringing,
                [
                    answered,
                    None,
                    Some(Ringing),
                    Some(Ringing),
                    None,
                    None,
                    end,
                ],
            ),
            (
                Dialing,
                [
                    None,
                    answered,
                    Some(Dialing),
                    Some(Dialing),
                    None,
                    None,
                    end,
                ],
            ),
            (
                Connecting,
                [None, None, Some(Active), Some(Connecting), None, None, end],
            ),
            (
                Active,
                [None, None, Some(Active), Some(lost), Some(Held), None, end],
            ),
            (
                Held,
                [
                    None,
                    None,
                    Some(Held),
                    Some(lost_held),
                    None,
                    Some(Active),
                    end,
                ],
            ),
            (
                lost,
                [None, None, Some(Active), Some(lost), None, None, end],
            ),
            (
                lost_held,
                [None, None, Some(Held), Some(lost_held), None, None, end],
            ),
            (Ended, [None; 7]),
        ]
    }

    #[test]
    fn every_state_takes_or_refuses_every_input() {
        for media in [false, true] {
            for (state, row) in table(media) {
                for (input, expected) in INPUTS.into_iter().zip(row) {
                    let mut machine = Machine { state, media };
                    let allowed = machine.allows(input);
                    let result = machine.apply(input);
                    assert_eq!(allowed, expected.is_some(), "{state:?} {input:?}");
                    match expected {
                        Some(next) => {
                            assert_eq!(result, Ok(next != state), "{state:?} {input:?}");
                            assert_eq!(machine.state(), next, "{state:?} {input:?}");
                        }
                        None => {
                            assert_eq!(result, Err(Illegal { state, input }));
                            assert_eq!(machine, Machine { state, media });
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn early_media_makes_the_answer_active_at_once() {
        let mut machine = Machine::new(Direction::Outbound);
        machine.apply(Input::MediaUp).unwrap();
        machine.apply(Input::FarAnswer).unwrap();
        assert_eq!(machine.state(), State::Active);
    }
}
