//! One direction of the headset: whether its device is closed, runs or is lost.
//!
//! ```text
//!               opened                    lost
//!   Closed ──────────────▶ Running ───────────────▶ Lost ◀──┐
//!    ▲ │ ▲                  │   ▲ │opened            │ │ │   │ failed
//!    │ │ └──────close───────┘   │ └─┘ (switched)     │ │ └───┘ (tried again later)
//!    │ │                        └──────opened────────┘ │
//!    │ └──────────────────failed───────────────────────┼────▶ Lost
//!    └────────────────────close────────────────────────┘
//! ```
//!
//! While lost, only the device that was lost is opened again; never another one. Where nothing
//! was there to begin with, the first default device to appear is taken.

use std::time::{Duration, Instant};

use crate::device::{Device, DeviceId, Direction};

/// How long to wait before the next try to open a device that is there but refuses.
const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_MOST: Duration = Duration::from_secs(8);

/// A move that the state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a {direction} that does not run cannot be lost")]
pub(crate) struct NotRunning {
    pub(crate) direction: Direction,
}

/// What is waited for while lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// Whatever the system's default is when one appears.
    Default,
    /// This device and no other.
    Device {
        /// Its id.
        id: DeviceId,
        /// Its name, or its id while the name is not known.
        name: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Closed,
    Running(Device),
    Lost {
        target: Target,
        seen_absent: bool,
        retry_at: Instant,
        wait: Duration,
    },
}

/// What is to be done after looking at the devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// The running device is not there any more.
    Gone,
    /// Open this device; `returned` if it had been away.
    Open {
        /// The device.
        device: Device,
        /// Whether it was absent before.
        returned: bool,
    },
}

/// The state of one direction.
#[derive(Debug)]
pub(crate) struct Slot {
    direction: Direction,
    state: State,
}

impl Slot {
    pub(crate) fn new(direction: Direction) -> Self {
        Self {
            direction,
            state: State::Closed,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        match self.state {
            State::Closed => true,
            State::Running(_) | State::Lost { .. } => false,
        }
    }

    /// The device in use.
    pub(crate) fn running(&self) -> Option<&Device> {
        match &self.state {
            State::Running(device) => Some(device),
            State::Closed | State::Lost { .. } => None,
        }
    }

    /// Whether a device is waited for.
    pub(crate) fn is_lost(&self) -> bool {
        match self.state {
            State::Lost { .. } => true,
            State::Closed | State::Running(_) => false,
        }
    }

    /// A device runs, now or in place of the one before. Tells whether that ends a loss.
    pub(crate) fn opened(&mut self, device: Device) -> bool {
        let recovered = self.is_lost();
        self.state = State::Running(device);
        recovered
    }

    /// A device could not be opened. A running one is left as it is.
    pub(crate) fn failed(&mut self, target: Target, now: Instant) {
        match &mut self.state {
            State::Running(_) => {}
            State::Lost {
                target: old,
                retry_at,
                wait,
                ..
            } if *old == target => {
                *wait = (*wait * 2).min(RETRY_MOST);
                *retry_at = now + *wait;
            }
            State::Closed | State::Lost { .. } => {
                self.state = State::Lost {
                    target,
                    seen_absent: false,
                    retry_at: now + RETRY_FIRST,
                    wait: RETRY_FIRST,
                };
            }
        }
    }

    /// The running device has failed. Gives it.
    pub(crate) fn lost(&mut self, now: Instant) -> Result<Device, NotRunning> {
        match &self.state {
            State::Running(device) => {
                let device = device.clone();
                self.state = State::Lost {
                    target: Target::Device {
                        id: device.id.clone(),
                        name: device.name.clone(),
                    },
                    seen_absent: false,
                    retry_at: now,
                    wait: RETRY_FIRST,
                };
                Ok(device)
            }
            State::Closed | State::Lost { .. } => Err(NotRunning {
                direction: self.direction,
            }),
        }
    }

    /// The direction is not needed any more.
    pub(crate) fn close(&mut self) {
        self.state = State::Closed;
    }

    /// Looks at the devices that are there now.
    pub(crate) fn look(&mut self, devices: &[Device], now: Instant) -> Option<Step> {
        let mut mine = devices
            .iter()
            .filter(|device| device.direction == self.direction);
        match &mut self.state {
            State::Closed => None,
            State::Running(device) => mine
                .all(|there| there.id != device.id)
                .then_some(Step::Gone),
            State::Lost {
                target,
                seen_absent,
                retry_at,
                ..
            } => {
                let found = match target {
                    Target::Default => mine.find(|there| there.is_default),
                    Target::Device { id, .. } => mine.find(|there| there.id == *id),
                };
                let Some(device) = found else {
                    *seen_absent = true;
                    return None;
                };
                let returned = std::mem::take(seen_absent);
                (returned || now >= *retry_at).then(|| Step::Open {
                    device: device.clone(),
                    returned,
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(id: &str, is_default: bool) -> Device {
        Device {
            id: DeviceId::new(id),
            name: format!("The {id}"),
            direction: Direction::Output,
            is_default,
            is_monitor: false,
        }
    }

    fn target(id: &str) -> Target {
        Target::Device {
            id: DeviceId::new(id),
            name: format!("The {id}"),
        }
    }

    #[test]
    fn the_lost_headset_is_never_replaced_by_the_loudspeaker() {
        let (headset, loudspeaker) = (device("headset", false), device("loudspeaker", true));
        let now = Instant::now();
        let mut slot = Slot::new(Direction::Output);
        slot.opened(headset.clone());
        assert_eq!(
            slot.look(std::slice::from_ref(&loudspeaker), now),
            Some(Step::Gone)
        );
        assert_eq!(slot.lost(now), Ok(headset.clone()));
        for second in 0..3_600 {
            let later = now + Duration::from_secs(second);
            assert_eq!(slot.look(std::slice::from_ref(&loudspeaker), later), None);
        }
        let both = [loudspeaker, headset.clone()];
        let step = Step::Open {
            device: headset.clone(),
            returned: true,
        };
        assert_eq!(slot.look(&both, now), Some(step));
        assert!(slot.opened(headset));
        assert_eq!(slot.look(&both, now), None);
    }

    #[test]
    fn a_device_that_refuses_is_tried_less_and_less_often() {
        let mut now = Instant::now();
        let busy = [device("busy", true)];
        let mut slot = Slot::new(Direction::Output);
        slot.failed(target("busy"), now);
        let mut waits = Vec::new();
        for _ in 0..6 {
            let start = now;
            while slot.look(&busy, now).is_none() {
                now += Duration::from_millis(100);
            }
            waits.push((now - start).as_millis());
            slot.failed(target("busy"), now);
        }
        assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 8_000]);
    }

    #[test]
    fn without_any_device_the_first_default_is_taken() {
        let now = Instant::now();
        let mut slot = Slot::new(Direction::Output);
        slot.failed(Target::Default, now);
        assert_eq!(slot.look(&[], now + Duration::from_secs(5)), None);
        let first = device("first", true);
        assert_eq!(
            slot.look(std::slice::from_ref(&first), now + Duration::from_secs(6)),
            Some(Step::Open {
                device: first,
                returned: true
            })
        );
    }

    #[test]
    fn only_a_running_device_can_be_lost() {
        let refused = Err(NotRunning {
            direction: Direction::Output,
        });
        let mut slot = Slot::new(Direction::Output);
        assert_eq!(slot.lost(Instant::now()), refused);
        slot.failed(target("away"), Instant::now());
        assert_eq!(slot.lost(Instant::now()), refused);
    }

    #[test]
    fn a_failed_switch_leaves_the_running_device() {
        let mut slot = Slot::new(Direction::Output);
        slot.opened(device("headset", false));
        slot.failed(target("other"), Instant::now());
        assert_eq!(slot.running().map(|it| it.id.as_str()), Some("headset"));
        slot.close();
        assert!(slot.is_closed());
    }

    #[test]
    fn the_other_direction_does_not_count() {
        let microphone = Device {
            direction: Direction::Input,
            ..device("headset", true)
        };
        let mut slot = Slot::new(Direction::Output);
        slot.opened(device("headset", true));
        assert_eq!(slot.look(&[microphone], Instant::now()), Some(Step::Gone));
    }
}
