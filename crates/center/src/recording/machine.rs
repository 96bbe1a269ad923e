//! Whether one call may be recorded now: told, refused, paused. Pure, on given time.

use super::rules::Decision;
use seatline_contract::{
    id::AgentId,
    party::RecordingState,
    recording::{LONGEST_PAUSE_S, PAUSE_WARNING_S, PauseReason, ResumeCause},
    time::UnixMs,
};
use thiserror::Error;

/// Longest pause, in milliseconds.
const LONGEST_PAUSE_MS: i64 = LONGEST_PAUSE_S as i64 * 1_000;

/// How long before its end the desk is warned, in milliseconds.
const WARNING_MS: i64 = PAUSE_WARNING_S as i64 * 1_000;

/// Where recording of one call stands.
///
/// ```text
///            not by rule
///   ───► Off ◄──────────── (start)              ┌──refuse──► Refused
///         │ start, told first                   │
///         ├────────────────► Untold ──begins──► Announcing ──ends──► Cleared
///   ──────┘ by rule          (nobody is recorded before the end)        │
///   ───► Cleared (need not be told)                              connected
///                                                                       ▼
///                        Done ◄──end, stop── Paused ◄─pause──resume─► Recording
///                                        (at most 120 s)
///   Failed ◄── from Recording and Paused, when the writer is gone
/// ```
///
/// `Refused`, `Failed` and `Done` are final. A call can be connected while its customer is still
/// being told; it is then recorded from the announcement's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Not recorded.
    Off,
    /// To be recorded; the customer has not been told.
    Untold,
    /// The customer is being told.
    Announcing,
    /// May be recorded as soon as it is connected.
    Cleared,
    /// Being recorded.
    Recording,
    /// Nothing is kept until it is resumed.
    Paused {
        /// When it goes on by itself.
        resumes: UnixMs,
        /// The desk was warned.
        warned: bool,
    },
    /// The customer does not want it.
    Refused,
    /// It can not be written.
    Failed,
    /// Over.
    Done,
}

/// Something that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    /// The announcement began.
    AnnouncementBegan,
    /// It was heard to its end.
    AnnouncementEnded,
    /// The customer pressed the key that refuses.
    Refuse,
    /// Customer and agent hear each other.
    Connected,
    /// An agent or supervisor wants it recorded.
    Start,
    /// An agent or supervisor wants it no longer recorded.
    Stop,
    /// Keep nothing.
    Pause(Option<AgentId>, PauseReason),
    /// Keep it again.
    Resume(Option<AgentId>),
    /// The writer is gone.
    Fail,
    /// The conversation is over.
    End,
    /// Time passed.
    Tick,
}

/// Something to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Tell the customer.
    Announce,
    /// Begin to write. `announced` says whether the customer was told.
    Begin {
        /// Whether an announcement was heard to its end.
        announced: bool,
    },
    /// Keep nothing from now on.
    Pause(Option<AgentId>, PauseReason),
    /// Keep everything from now on.
    Resume(Option<AgentId>, ResumeCause),
    /// Close the file.
    Close,
    /// Tell the desk where it stands.
    Tell,
    /// Warn the desk that the pause ends.
    Warn {
        /// When.
        resumes: UnixMs,
    },
}

/// A move that the stage does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a recording can not {action} while it is {from}")]
pub(super) struct IllegalMove {
    /// What was tried.
    pub(super) action: &'static str,
    /// The name of the stage.
    pub(super) from: &'static str,
}

/// Recording of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Machine {
    decision: Decision,
    stage: Stage,
    connected: bool,
    announced: bool,
}

impl Machine {
    /// A call that has just begun.
    pub(super) fn new(decision: Decision) -> Self {
        let stage = match (decision.record, decision.announce) {
            (false, _) => Stage::Off,
            (true, true) => Stage::Untold,
            (true, false) => Stage::Cleared,
        };
        Self {
            decision,
            stage,
            connected: false,
            announced: false,
        }
    }

    /// Where it stands.
    #[cfg(test)]
    pub(super) fn stage(&self) -> Stage {
        self.stage
    }

    /// How long the recording is to be kept.
    pub(super) fn class(&self) -> &str {
        &self.decision.class
    }

    /// Whether the customer must hear the announcement to its end before anybody else.
    pub(super) fn must_announce(&self) -> bool {
        match self.stage {
            Stage::Untold | Stage::Announcing => true,
            Stage::Off
            | Stage::Cleared
            | Stage::Recording
            | Stage::Paused { .. }
            | Stage::Refused
            | Stage::Failed
            | Stage::Done => false,
        }
    }

    /// Whether what is keyed and said now must not be kept anywhere.
    pub(super) fn is_paused(&self) -> bool {
        matches!(self.stage, Stage::Paused { .. })
    }

    /// When something happens by itself.
    pub(super) fn deadline(&self) -> Option<UnixMs> {
        match self.stage {
            Stage::Paused {
                resumes,
                warned: false,
            } => Some(resumes.plus(-WARNING_MS)),
            Stage::Paused { resumes, .. } => Some(resumes),
            Stage::Off
            | Stage::Untold
            | Stage::Announcing
            | Stage::Cleared
            | Stage::Recording
            | Stage::Refused
            | Stage::Failed
            | Stage::Done => None,
        }
    }

    /// As the desk shows it.
    pub(super) fn view(&self) -> RecordingState {
        match self.stage {
            Stage::Off if self.decision.on_demand => RecordingState::OnDemand,
            Stage::Off | Stage::Untold | Stage::Cleared | Stage::Done => RecordingState::Off,
            Stage::Announcing => RecordingState::Announcing,
            Stage::Recording => RecordingState::On {
                by_hand: self.decision.on_demand,
            },
            Stage::Paused { resumes, .. } => RecordingState::Paused { until: resumes },
            Stage::Refused => RecordingState::Refused,
            Stage::Failed => RecordingState::Failed,
        }
    }

    /// Takes an input and says what follows.
    ///
    /// # Errors
    /// [`IllegalMove`]; nothing changes.
    pub(super) fn handle(&mut self, now: UnixMs, input: Input) -> Result<Vec<Effect>, IllegalMove> {
        let mut effects = Vec::new();
        let before = self.stage;
        match (self.stage, input) {
            (Stage::Untold, Input::AnnouncementBegan) => self.stage = Stage::Announcing,
            (Stage::Announcing, Input::AnnouncementEnded) => {
                self.announced = true;
                self.stage = Stage::Cleared;
                self.begin_if_connected(&mut effects);
            }
            (Stage::Untold | Stage::Announcing, Input::Refuse) => self.stage = Stage::Refused,
            (Stage::Cleared, Input::Connected) => {
                self.connected = true;
                self.begin_if_connected(&mut effects);
            }
            // A second connection, after a transfer, changes nothing.
            (_, Input::Connected) => self.connected = true,
            (Stage::Off, Input::Start) if self.decision.on_demand && self.connected => {
                if self.decision.announce && !self.announced {
                    self.stage = Stage::Untold;
                    effects.push(Effect::Announce);
                } else {
                    self.stage = Stage::Cleared;
                    self.begin_if_connected(&mut effects);
                }
            }
            (Stage::Recording | Stage::Paused { .. }, Input::Stop) if self.decision.on_demand => {
                self.stage = Stage::Done;
                effects.push(Effect::Close);
            }
            (Stage::Recording, Input::Pause(by, reason)) => {
                self.stage = Stage::Paused {
                    resumes: now.plus(LONGEST_PAUSE_MS),
                    warned: false,
                };
                effects.push(Effect::Pause(by, reason));
            }
            // Asked again, as by the next sensitive field: the time does not begin anew.
            (Stage::Paused { .. }, Input::Pause(..)) => {}
            (Stage::Paused { .. }, Input::Resume(by)) => {
                self.stage = Stage::Recording;
                effects.push(Effect::Resume(by, ResumeCause::Asked));
            }
            // A repeat, or one that the end of the longest pause has overtaken.
            (Stage::Recording, Input::Resume(_)) => {}
            (Stage::Paused { resumes, warned }, Input::Tick) => {
                if now >= resumes {
                    self.stage = Stage::Recording;
                    effects.push(Effect::Resume(None, ResumeCause::TimeLimit));
                } else if !warned && now >= resumes.plus(-WARNING_MS) {
                    self.stage = Stage::Paused {
                        resumes,
                        warned: true,
                    };
                    return Ok(vec![Effect::Warn { resumes }]);
                }
            }
            (_, Input::Tick) => {}
            (Stage::Recording | Stage::Paused { .. }, Input::Fail) => self.stage = Stage::Failed,
            (Stage::Recording | Stage::Paused { .. }, Input::End) => {
                self.stage = Stage::Done;
                effects.push(Effect::Close);
            }
            (Stage::Refused | Stage::Failed | Stage::Done, Input::End | Input::Fail) => {}
            (_, Input::End | Input::Fail) => self.stage = Stage::Done,
            (
                _,
                Input::AnnouncementBegan
                | Input::AnnouncementEnded
                | Input::Refuse
                | Input::Start
                | Input::Stop
                | Input::Pause(..)
                | Input::Resume(_),
            ) => {
                return Err(IllegalMove {
                    action: input.name(),
                    from: before.name(),
                });
            }
        }
        if self.stage != before {
            effects.push(Effect::Tell);
        }
        Ok(effects)
    }

    fn begin_if_connected(&mut self, effects: &mut Vec<Effect>) {
        if self.connected {
            self.stage = Stage::Recording;
            effects.push(Effect::Begin {
                announced: self.announced,
            });
        }
    }
}

impl Stage {
    fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Untold => "not announced",
            Self::Announcing => "being announced",
            Self::Cleared => "not connected",
            Self::Recording => "recording",
            Self::Paused { .. } => "paused",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Done => "done",
        }
    }
}

impl Input {
    fn name(self) -> &'static str {
        match self {
            Self::AnnouncementBegan => "begin its announcement",
            Self::AnnouncementEnded => "end its announcement",
            Self::Refuse => "be refused",
            Self::Connected => "be connected",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Pause(..) => "pause",
            Self::Resume(_) => "resume",
            Self::Fail => "fail",
            Self::End => "end",
            Self::Tick => "wait",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng, rngs::StdRng};

    fn machine(record: bool, on_demand: bool, announce: bool) -> Machine {
        Machine::new(Decision {
            record,
            on_demand,
            announce,
            class: "standard".into(),
        })
    }

    const ASKED: Input = Input::Pause(None, PauseReason::Asked);

    fn at(seconds: i64) -> UnixMs {
        UnixMs(seconds * 1_000)
    }

    #[test]
    fn nothing_is_recorded_before_the_announcements_end() {
        let mut told = machine(true, false, true);
        assert!(told.must_announce());
        told.handle(at(0), Input::AnnouncementBegan).unwrap();
        // The agent is faster than the announcement.
        assert_eq!(told.handle(at(1), Input::Connected).unwrap(), []);
        let effects = told.handle(at(2), Input::AnnouncementEnded).unwrap();
        assert_eq!(effects[0], Effect::Begin { announced: true });
        assert_eq!(told.stage(), Stage::Recording);

        let mut refused = machine(true, false, true);
        refused.handle(at(0), Input::AnnouncementBegan).unwrap();
        refused.handle(at(1), Input::Refuse).unwrap();
        assert!(!refused.must_announce());
        for input in [Input::Connected, Input::Tick, Input::End] {
            assert_eq!(refused.handle(at(2), input).unwrap(), []);
        }
        assert!(refused.handle(at(3), Input::Start).is_err());
        assert_eq!(refused.view(), RecordingState::Refused);
    }

    #[test]
    fn a_pause_ends_by_itself_after_two_minutes_with_a_warning() {
        let mut machine = machine(true, false, false);
        machine.handle(at(0), Input::Connected).unwrap();
        machine.handle(at(10), ASKED).unwrap();
        machine.handle(at(60), ASKED).unwrap();
        assert_eq!(machine.deadline(), Some(at(115)));
        assert_eq!(machine.handle(at(114), Input::Tick).unwrap(), []);
        let effects = machine.handle(at(115), Input::Tick).unwrap();
        assert_eq!(effects, [Effect::Warn { resumes: at(130) }]);
        assert_eq!(machine.deadline(), Some(at(130)));
        let effects = machine.handle(at(131), Input::Tick).unwrap();
        assert_eq!(effects[0], Effect::Resume(None, ResumeCause::TimeLimit));
        assert_eq!(machine.deadline(), None);
        assert_eq!(machine.handle(at(132), Input::Resume(None)).unwrap(), []);
    }

    #[test]
    fn on_demand_is_started_and_stopped_by_hand_only() {
        let mut machine = machine(false, true, true);
        assert!(
            machine.handle(at(0), Input::Start).is_err(),
            "nobody is connected"
        );
        machine.handle(at(1), Input::Connected).unwrap();
        let effects = machine.handle(at(2), Input::Start).unwrap();
        assert_eq!(effects[0], Effect::Announce);
        machine.handle(at(2), Input::AnnouncementBegan).unwrap();
        let effects = machine.handle(at(4), Input::AnnouncementEnded).unwrap();
        assert_eq!(effects[0], Effect::Begin { announced: true });
        let effects = machine.handle(at(9), Input::Stop).unwrap();
        assert_eq!(effects[0], Effect::Close);
        let mut always = self::machine(true, false, false);
        always.handle(at(0), Input::Connected).unwrap();
        assert!(always.handle(at(1), Input::Stop).is_err());
    }

    #[test]
    fn whatever_happens_begin_and_close_pair_and_consent_comes_first() {
        let seed = rand::random();
        println!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        let inputs = [
            Input::AnnouncementBegan,
            Input::AnnouncementEnded,
            Input::Refuse,
            Input::Connected,
            Input::Start,
            Input::Stop,
            ASKED,
            Input::Resume(None),
            Input::Fail,
            Input::Tick,
        ];
        for _ in 0..2_000 {
            let announce = random.random();
            let mut machine = machine(random.random(), random.random(), announce);
            let (mut open, mut paused, mut told, mut refused) = (false, false, false, false);
            for step in 0..40 {
                let last = step == 39;
                let input = if last {
                    Input::End
                } else {
                    inputs[random.random_range(0..inputs.len())]
                };
                let now = at(step * 17);
                let Ok(effects) = machine.handle(now, input) else {
                    continue;
                };
                told |= input == Input::AnnouncementEnded;
                refused |= input == Input::Refuse;
                open &= input != Input::Fail;
                for effect in effects {
                    match effect {
                        Effect::Begin { .. } => {
                            assert!(!open && !refused && (told || !announce));
                            (open, paused) = (true, false);
                        }
                        Effect::Close => {
                            assert!(open);
                            open = false;
                        }
                        Effect::Pause(..) => {
                            assert!(open && !paused);
                            paused = true;
                        }
                        Effect::Resume(..) => {
                            assert!(open && paused);
                            paused = false;
                        }
                        Effect::Announce | Effect::Tell | Effect::Warn { .. } => {}
                    }
                }
            }
            assert!(!open, "closed at the end");
        }
    }
}
