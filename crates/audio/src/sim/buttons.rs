//! The keys and lamps of a headset without hardware. It behaves as its descriptor says: a hook
//! that follows the off-hook lamp, and a mute key that only asks.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::buttons::port::{Found, HidDevice, Port, Refusal};
use crate::buttons::{ButtonEvent, Buttons, Lamps};
use crate::error::OpenError;

/// Its reports: number 2, one for the keys and one for the lamps, bit by bit below.
const DESCRIPTOR: &[u8] = &[
    0x05, 0x0B, 0x09, 0x05, 0xA1, 0x01, // Telephony, Headset, Application
    0x85, 0x02, 0x15, 0x00, 0x25, 0x01, 0x75, 0x01, // report 2, values 0 and 1, of one bit
    0x09, 0x20, 0x95, 0x01, 0x81, 0x22, // hook switch: a state
    0x09, 0x2F, 0x09, 0x21, 0x09, 0x26, 0x95, 0x03, 0x81, 0x06, // mute, flash, drop: pressed
    0x95, 0x04, 0x81, 0x03, // filled up
    0x05, 0x08, 0x09, 0x17, 0x09, 0x09, 0x09, 0x18, 0x09, 0x20, // lamps
    0x95, 0x04, 0x91, 0x22, // off-hook, mute, ring, hold
    0x95, 0x04, 0x91, 0x03, 0xC0, // filled up
];

/// The number of both reports.
const REPORT: u8 = 2;
/// The keys' bits.
const HOOK: u8 = 1;
const MUTE: u8 = 1 << 1;
const FLASH: u8 = 1 << 2;
const DROP: u8 = 1 << 3;

/// The name under which it is listed.
const NAME: &str = "Simulated headset";

/// The keys and lamps of a simulated headset, which is not plugged in at first.
#[derive(Clone, Default)]
pub struct SimulatedButtons {
    stage: Arc<Stage>,
}

#[derive(Default)]
struct Stage {
    state: Mutex<State>,
    reported: Condvar,
}

#[derive(Default)]
struct State {
    plugged: bool,
    refusal: Option<Refusal>,
    silent: bool,
    hook: bool,
    lamps: Lamps,
    written: u64,
    reports: VecDeque<u8>,
    /// Tells an open handle from those of before it was pulled out.
    times_plugged: u64,
}

impl Stage {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SimulatedButtons {
    /// Watches it as [`Buttons::open`] does those of the system.
    ///
    /// # Errors
    /// As [`Buttons::open`].
    pub fn open(
        &self,
        events: impl Fn(ButtonEvent) + Send + Sync + 'static,
    ) -> Result<Buttons, OpenError> {
        let stage = self.stage.clone();
        Buttons::open_on(move || Box::new(SimulatedPort { stage }), events)
    }

    /// Plugs it in, as it is when new: on the hook, all lamps out.
    pub fn plug(&self) {
        let mut state = self.stage.lock();
        state.plugged = true;
        state.times_plugged += 1;
        state.hook = false;
        state.lamps = Lamps::default();
        state.reports.clear();
    }

    /// Pulls it out.
    pub fn unplug(&self) {
        self.stage.lock().plugged = false;
        self.stage.reported.notify_all();
    }

    /// Makes the system forbid its use, or allow it again.
    pub fn forbid(&self, forbidden: bool) {
        self.stage.lock().refusal = forbidden.then_some(Refusal::Forbidden);
    }

    /// Lets another program have it for itself, or give it back.
    pub fn take(&self, taken: bool) {
        self.stage.lock().refusal = taken.then_some(Refusal::Taken);
    }

    /// Makes its hook not follow the lamp any more, or follow it again.
    pub fn keep_silent(&self, silent: bool) {
        self.stage.lock().silent = silent;
    }

    /// Presses the key that answers and hangs up.
    pub fn press_hook(&self) {
        let mut state = self.stage.lock();
        state.hook = !state.hook;
        let report = state.keys();
        state.reports.push_back(report);
        self.stage.reported.notify_all();
    }

    /// Presses the mute key.
    pub fn press_mute(&self) {
        self.press(MUTE);
    }

    /// Presses the key that holds and resumes.
    pub fn press_flash(&self) {
        self.press(FLASH);
    }

    /// Presses the key that drops a call.
    pub fn press_drop(&self) {
        self.press(DROP);
    }

    /// What its lamps show.
    pub fn lamps(&self) -> Lamps {
        self.stage.lock().lamps
    }

    /// Whether it takes itself to be in a call.
    pub fn is_off_hook(&self) -> bool {
        self.stage.lock().hook
    }

    /// How often its lamps were written.
    pub fn written(&self) -> u64 {
        self.stage.lock().written
    }

    fn press(&self, key: u8) {
        let mut state = self.stage.lock();
        let idle = state.keys();
        state.reports.extend([idle | key, idle]);
        self.stage.reported.notify_all();
    }
}

impl State {
    fn keys(&self) -> u8 {
        if self.hook { HOOK } else { 0 }
    }
}

struct SimulatedPort {
    stage: Arc<Stage>,
}

impl Port for SimulatedPort {
    fn list(&mut self) -> Result<Vec<Found>, String> {
        let state = self.stage.lock();
        let found = state.plugged.then(|| Found {
            path: format!("simulated:{}", state.times_plugged),
            name: NAME.into(),
            serial: None,
        });
        Ok(found.into_iter().collect())
    }

    fn open(&mut self, _found: &Found) -> Result<Box<dyn HidDevice>, Refusal> {
        let state = self.stage.lock();
        match &state.refusal {
            Some(refusal) => Err(refusal.clone()),
            None => Ok(Box::new(SimulatedDevice {
                stage: self.stage.clone(),
                plugged_as: state.times_plugged,
            })),
        }
    }
}

struct SimulatedDevice {
    stage: Arc<Stage>,
    plugged_as: u64,
}

impl SimulatedDevice {
    fn check(&self, state: &State) -> Result<(), String> {
        if state.plugged && state.times_plugged == self.plugged_as {
            Ok(())
        } else {
            Err("unplugged".into())
        }
    }
}

impl HidDevice for SimulatedDevice {
    fn descriptor(&mut self) -> Result<Vec<u8>, String> {
        Ok(DESCRIPTOR.into())
    }

    fn read(&mut self, report: &mut [u8], patience: Duration) -> Result<usize, String> {
        let deadline = Instant::now() + patience;
        let mut state = self.stage.lock();
        loop {
            self.check(&state)?;
            if let Some(keys) = state.reports.pop_front() {
                report[..2].copy_from_slice(&[REPORT, keys]);
                return Ok(2);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(0);
            }
            let waited = self.stage.reported.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn write(&mut self, report: &[u8]) -> Result<(), String> {
        let mut state = self.stage.lock();
        self.check(&state)?;
        let [REPORT, lit] = report else {
            return Err(format!("not the lamps' report: {report:02x?}"));
        };
        state.lamps = Lamps {
            off_hook: lit & 1 != 0,
            mute: lit & 1 << 1 != 0,
            ring: lit & 1 << 2 != 0,
            hold: lit & 1 << 3 != 0,
        };
        state.written += 1;
        if !state.silent && state.hook != state.lamps.off_hook {
            state.hook = state.lamps.off_hook;
            let keys = state.keys();
            state.reports.push_back(keys);
            self.stage.reported.notify_all();
        }
        Ok(())
    }
}
