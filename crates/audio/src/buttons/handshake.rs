//! How a headset and the desk agree on what is the case. The desk is the truth.
//!
//! The hook, on headsets whose hook key has a state:
//!
//! ```text
//!            the lamp changes, the headset's hook differs
//!   Agreed ───────────────────────────────────────────────▶ Told ──┐ no answer in 2 s:
//!     ▲ ◀──── the hook follows, or 2 s more have passed ──── │ ▲ ◀─┘ told once more
//!     └───────────────────────────────────────────────────── ┘
//! ```
//!
//! Only a hook that comes to differ from the lamp was moved by a person; one that comes to equal
//! it follows the lamp. So the end of one call never hangs up the next.
//!
//! A key that asks for something:
//!
//! ```text
//!           key                         the lamps say so
//!   Quiet ────────▶ Asked ─────────────────────────────────▶ Quiet
//!                     └─ nothing in time: lamps written anew, the headset reverts ─▶ Quiet
//! ```
//!
//! | key | nothing up | rings | call up | call up, another knocks |
//! |---|---|---|---|---|
//! | hook | reverts | answers | hangs up | hangs up |
//! | mute | reverts | reverts | mutes, unmutes | mutes, unmutes |
//! | flash, hold | reverts | reverts | holds, resumes | takes it |
//! | drop | reverts | declines | hangs up | hangs up |
//! | reject | reverts | declines | reverts | declines |
//!
//! While a key waits for its answer, the same key says nothing new.

use std::time::{Duration, Instant};

use super::descriptor::{Key, Manner};
use super::report::Change;
use super::{Lamps, Press};

/// How long a headset may take to follow the lamp with its hook.
const FOLLOWS_WITHIN: Duration = Duration::from_secs(2);
/// A hook that is moved this soon after the lamp has changed speaks of before.
const SETTLES_WITHIN: Duration = Duration::from_millis(300);
/// The same while the headset still had to follow an earlier change.
const SETTLES_LATE: Duration = Duration::from_secs(1);
/// How long the desk may take for what a key asks.
const ANSWERED_WITHIN: Duration = Duration::from_secs(1);
/// How long it may take to answer a call, which opens devices.
const OPENED_WITHIN: Duration = Duration::from_secs(4);
/// A key held down this long is one that stays where it is put.
const STAYS_AFTER: Duration = Duration::from_millis(1500);
/// A headset that has left out this many answers and given none gives none.
const NEVER_AFTER: u32 = 2;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// A key asks for this.
    Press(Press),
    /// The lamps have changed.
    Light,
    /// The lamps are to be written even if nothing of them has changed.
    LightAnew,
}

/// How the headset's hook and the lamp stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hook {
    Agreed,
    Told { at: Instant, again: bool },
}

/// Whether a key waits for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Quiet,
    Asked { press: Press, at: Instant },
}

/// The state of one headset, from when it is plugged in until it is pulled out.
#[derive(Debug)]
pub(crate) struct Handshake {
    lamps: Lamps,
    hook: Hook,
    wish: Wish,
    /// Whether the hook has a state to follow with.
    stateful: bool,
    /// What the hook said last.
    said: bool,
    /// Until when the hook speaks of before.
    settling: Option<Instant>,
    follows: bool,
    missed: u32,
    mute_down: Option<Instant>,
}

impl Handshake {
    /// A headset that has just been plugged in, maybe in mid-call. The lamps are to be written.
    pub(crate) fn new(lamps: Lamps, stateful: bool, now: Instant) -> Self {
        let mut handshake = Self {
            lamps,
            hook: Hook::Agreed,
            wish: Wish::Quiet,
            stateful,
            said: false,
            settling: None,
            follows: false,
            missed: 0,
            mute_down: None,
        };
        handshake.tell(now);
        handshake
    }

    /// What the lamps say.
    pub(crate) fn lamps(&self) -> Lamps {
        self.lamps
    }

    /// The desk says how things stand.
    pub(crate) fn show(&mut self, lamps: Lamps, now: Instant) -> Option<Act> {
        let before = std::mem::replace(&mut self.lamps, lamps);
        if before == lamps {
            return None;
        }
        if let Wish::Asked { press, .. } = self.wish
            && is_answer(press, before, lamps)
        {
            self.wish = Wish::Quiet;
        }
        if before.off_hook != lamps.off_hook {
            let settles = match self.hook {
                Hook::Agreed => SETTLES_WITHIN,
                Hook::Told { .. } => SETTLES_LATE,
            };
            self.settling = Some(now + settles);
            self.tell(now);
        }
        Some(Act::Light)
    }

    /// A key of the headset's has changed.
    pub(crate) fn change(&mut self, change: Change, now: Instant) -> Option<Act> {
        match (change.key, change.manner) {
            (Key::Hook, Manner::State) => self.hook(change.on, now),
            (Key::Mute, Manner::State) => self.mute(change.on, now),
            (Key::Mute, Manner::Unsaid) => self.mute_unsaid(change.on, now),
            _ if !change.on => None,
            (Key::Hook, _) => self.toggle_hook(now),
            (Key::Mute, Manner::Pulse) => {
                let muted = match self.wish {
                    Wish::Asked {
                        press: Press::Mute(muted),
                        ..
                    } => muted,
                    Wish::Asked { .. } | Wish::Quiet => self.lamps.mute,
                };
                self.mute(!muted, now)
            }
            (Key::Flash | Key::Hold, _) if self.lamps.off_hook => self.ask(Press::Hold, now),
            (Key::Drop, _) if self.lamps.off_hook => self.ask(Press::HangUp, now),
            (Key::Drop | Key::Reject, _) if self.lamps.ring => self.ask(Press::Reject, now),
            (Key::Flash | Key::Hold | Key::Drop | Key::Reject, _) => Some(Act::LightAnew),
        }
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self, now: Instant) -> Option<Act> {
        let mut act = None;
        if let Wish::Asked { press, at } = self.wish {
            let patience = match press {
                Press::Answer => OPENED_WITHIN,
                Press::HangUp | Press::Reject | Press::Mute(_) | Press::Hold => ANSWERED_WITHIN,
            };
            if now.duration_since(at) >= patience {
                self.wish = Wish::Quiet;
                act = Some(Act::LightAnew);
            }
        }
        if let Hook::Told { at, again } = self.hook
            && now.duration_since(at) >= FOLLOWS_WITHIN
        {
            if again {
                self.hook = Hook::Agreed;
                self.missed += 1;
            } else {
                self.hook = Hook::Told {
                    at: now,
                    again: true,
                };
                act = Some(Act::LightAnew);
            }
        }
        act
    }

    /// The lamp of the hook was written.
    fn tell(&mut self, now: Instant) {
        self.hook = if self.stateful && self.said != self.lamps.off_hook {
            Hook::Told {
                at: now,
                again: false,
            }
        } else {
            Hook::Agreed
        };
    }

    fn hook(&mut self, off_hook: bool, now: Instant) -> Option<Act> {
        self.said = off_hook;
        if off_hook == self.lamps.off_hook {
            return match std::mem::replace(&mut self.hook, Hook::Agreed) {
                Hook::Told { .. } => {
                    self.follows = true;
                    None
                }
                // It follows no lamp, so it was a person.
                Hook::Agreed if !self.follows && self.missed >= NEVER_AFTER => {
                    self.toggle_hook(now)
                }
                Hook::Agreed => None,
            };
        }
        self.toggle_hook(now)
    }

    /// Somebody took the call up or put it down, unless it is too soon to mean this call.
    fn toggle_hook(&mut self, now: Instant) -> Option<Act> {
        if self.settling.is_some_and(|until| now < until) {
            return Some(Act::LightAnew);
        }
        if self.lamps.off_hook {
            self.ask(Press::HangUp, now)
        } else if self.lamps.ring {
            self.ask(Press::Answer, now)
        } else {
            Some(Act::LightAnew)
        }
    }

    fn mute(&mut self, muted: bool, now: Instant) -> Option<Act> {
        if !self.lamps.off_hook {
            return Some(Act::LightAnew);
        }
        let waits = matches!(
            self.wish,
            Wish::Asked {
                press: Press::Mute(_),
                ..
            }
        );
        if muted == self.lamps.mute && !waits {
            return None;
        }
        self.ask(Press::Mute(muted), now)
    }

    /// A key of which nobody has said whether it springs back: held down long, it does not.
    fn mute_unsaid(&mut self, down: bool, now: Instant) -> Option<Act> {
        if down {
            self.mute_down = Some(now);
            return self.mute(!self.lamps.mute, now);
        }
        let since = self.mute_down.take()?;
        let stays = now.duration_since(since) >= STAYS_AFTER;
        (stays && self.lamps.mute).then(|| self.mute(false, now))?
    }

    fn ask(&mut self, press: Press, now: Instant) -> Option<Act> {
        if let Wish::Asked { press: asked, .. } = self.wish
            && asked == press
        {
            return None;
        }
        self.wish = Wish::Asked { press, at: now };
        Some(Act::Press(press))
    }
}

/// Whether this change of the lamps is what the key asked for.
fn is_answer(press: Press, before: Lamps, now: Lamps) -> bool {
    match press {
        Press::Answer => now.off_hook || !now.ring,
        Press::HangUp => !now.off_hook,
        Press::Reject => !now.ring,
        Press::Mute(muted) => now.mute == muted || !now.off_hook,
        Press::Hold => now.hold != before.hold || !now.ring && before.ring || !now.off_hook,
    }
}

#[cfg(test)]
mod tests;
