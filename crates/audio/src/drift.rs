//! Keeps the fill of a ring between two clocks steady.
//!
//! A device's clock and the worker's clock never agree exactly. What is watched is the
//! *headroom*: how much sound would be left in the ring at the worst moment between two calls
//! of the device. Its minimum over about a second is steered to a target by bending the
//! resampling ratio a little.
//!
//! A device moves sound in bursts, and drift lets their phase slide against the worker's
//! ticks, over minutes. So the fill alone will not do: it would look too high at one phase and
//! run dry at the next. The time since the device's last call fills in what a smooth device
//! would have moved by now, and [`Burst`] learns how long the device stays away.

use std::time::Duration;

/// The ratio is never bent by more than this: half a percent is not heard as a change of pitch.
pub(crate) const MAX_BEND: f64 = 0.005;

/// How strongly an error is answered: seconds of error to relative ratio.
const PROPORTIONAL: f64 = 0.2;
/// Critically damped with the above, for an integrating plant.
const INTEGRAL: f64 = PROPORTIONAL * PROPORTIONAL / 4.0;

/// Half of the window over which the minimum is taken.
const HALF_WINDOW: Duration = Duration::from_millis(500);

/// What an underrun adds to the target, and how far it can go, in seconds.
const UNDERRUN_STEP: f64 = 0.005;
const MAX_RAISE: f64 = 0.06;
/// How fast a raised target comes back down, in seconds per second.
const RELAX: f64 = 0.000_1;

/// Beyond this much too much sound, steering would take too long: it is cut out at once.
const CUT_ABOVE: f64 = 0.04;

/// What to do about the ring.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Verdict {
    /// Resample with this ratio relative to the nominal one: above 1 makes more output.
    Bend(f64),
    /// Take this many seconds of sound out at once.
    Cut(f64),
}

/// The first guess of how long a device stays away between two calls.
const USUAL_BURST: f64 = 0.01;
/// Longer absences are accidents, not the device's habit.
const LONGEST_BURST: f64 = 0.1;
/// How much of each half second's longest absence is believed.
const BELIEF: f64 = 0.2;

/// Learns how long a device stays away between two calls.
#[derive(Debug)]
pub(crate) struct Burst {
    usual: f64,
    longest: f64,
    window: Duration,
}

impl Burst {
    pub(crate) fn new() -> Self {
        Self {
            usual: USUAL_BURST,
            longest: 0.0,
            window: Duration::ZERO,
        }
    }

    /// Takes the longest absence of the last `elapsed`; gives the usual one, both in seconds.
    pub(crate) fn observe(&mut self, longest: f64, elapsed: Duration) -> f64 {
        self.longest = self.longest.max(longest.min(LONGEST_BURST));
        self.window += elapsed;
        if self.window >= HALF_WINDOW {
            self.usual += BELIEF * (self.longest - self.usual);
            self.longest = 0.0;
            self.window = Duration::ZERO;
        }
        self.usual
    }

    /// The usual absence in seconds.
    pub(crate) fn usual(&self) -> f64 {
        self.usual
    }
}

/// The controller for one ring. Pure: the time that passed is an argument.
#[derive(Debug)]
pub(crate) struct Drift {
    base: f64,
    raise: f64,
    integral: f64,
    bend: f64,
    older_minimum: f64,
    minimum: f64,
    window: Duration,
}

impl Drift {
    /// A controller that keeps at least `headroom` in the ring when nothing unusual happens.
    pub(crate) fn new(headroom: Duration) -> Self {
        Self {
            base: headroom.as_secs_f64(),
            raise: 0.0,
            integral: 0.0,
            bend: 0.0,
            older_minimum: f64::INFINITY,
            minimum: f64::INFINITY,
            window: Duration::ZERO,
        }
    }

    /// The headroom aimed at now, in seconds.
    pub(crate) fn target(&self) -> f64 {
        self.base + self.raise
    }

    /// Tells that the ring ran empty: more headroom is needed for a while.
    pub(crate) fn underrun(&mut self) {
        self.raise = (self.raise + UNDERRUN_STEP).min(MAX_RAISE);
        self.restart_window();
    }

    /// Takes the headroom seen now, in seconds, `elapsed` after the last call.
    pub(crate) fn observe(&mut self, headroom: f64, elapsed: Duration) -> Verdict {
        self.raise = (self.raise - RELAX * elapsed.as_secs_f64()).max(0.0);
        self.minimum = self.minimum.min(headroom);
        self.window += elapsed;
        if self.window >= HALF_WINDOW {
            let window = self.window.as_secs_f64();
            let lowest = self.minimum.min(self.older_minimum);
            self.older_minimum = self.minimum;
            self.minimum = f64::INFINITY;
            self.window = Duration::ZERO;

            let error = lowest - self.target();
            if error > CUT_ABOVE {
                self.restart_window();
                return Verdict::Cut(error);
            }
            let limit = MAX_BEND / INTEGRAL;
            self.integral = (self.integral + error * window).clamp(-limit, limit);
            self.bend =
                (PROPORTIONAL * error + INTEGRAL * self.integral).clamp(-MAX_BEND, MAX_BEND);
        }
        Verdict::Bend(1.0 - self.bend)
    }

    fn restart_window(&mut self) {
        self.older_minimum = f64::INFINITY;
        self.minimum = f64::INFINITY;
        self.window = Duration::ZERO;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(20);

    /// A ring filled by a device in bursts, emptied by the worker every 20 ms.
    struct Ring {
        fill: f64,
        device_speed: f64,
        burst: f64,
        pending: f64,
        habit: Burst,
        underruns: u32,
    }

    impl Ring {
        fn tick(&mut self, drift: &mut Drift, ratio: &mut f64) -> f64 {
            self.pending += 0.02 * self.device_speed;
            while self.pending >= self.burst {
                self.pending -= self.burst;
                self.fill += self.burst;
            }
            let need = 0.02 / *ratio;
            if self.fill < need {
                self.underruns += 1;
                drift.underrun();
                return 0.0;
            }
            let burst = self.habit.observe(self.burst, TICK);
            match drift.observe(self.fill - need + self.pending - burst, TICK) {
                Verdict::Bend(bent) => *ratio = bent,
                Verdict::Cut(seconds) => self.fill -= seconds,
            }
            self.fill -= need;
            self.fill
        }
    }

    /// Runs ten minutes; gives the ring and the headroom range over the last minute.
    fn run(ppm: f64, burst: f64, start: f64) -> (Ring, f64, f64) {
        let mut ring = Ring {
            fill: start,
            device_speed: 1.0 + ppm * 1e-6,
            burst,
            pending: 0.0,
            habit: Burst::new(),
            underruns: 0,
        };
        let (mut drift, mut ratio) = (Drift::new(Duration::from_millis(5)), 1.0);
        let (mut lowest, mut highest) = (f64::INFINITY, 0.0_f64);
        for tick in 0..30_000 {
            if tick == 3_000 {
                ring.underruns = 0;
            }
            let headroom = ring.tick(&mut drift, &mut ratio);
            if tick > 27_000 {
                lowest = lowest.min(headroom);
                highest = highest.max(headroom);
            }
        }
        (ring, lowest, highest)
    }

    #[test]
    fn drifting_clocks_neither_run_dry_nor_pile_up() {
        for ppm in [-1_000.0, -200.0, -20.0, 0.0, 20.0, 200.0, 1_000.0] {
            let (ring, lowest, highest) = run(ppm, 0.01, 0.03);
            assert_eq!(ring.underruns, 0, "{ppm} ppm ran dry after it had settled");
            assert!(lowest > 0.003, "{ppm} ppm: lowest {lowest}");
            assert!(highest < 0.02, "{ppm} ppm: highest {highest}");
        }
    }

    #[test]
    fn a_bursty_device_gets_the_buffer_it_needs() {
        let (ring, lowest, highest) = run(150.0, 0.045, 0.0);
        assert_eq!(ring.underruns, 0);
        assert!(lowest > 0.001 && highest < 0.07, "{lowest}..{highest}");
    }

    #[test]
    fn far_too_much_is_cut_at_once() {
        let mut drift = Drift::new(Duration::from_millis(5));
        let mut cut = None;
        for _ in 0..60 {
            if let Verdict::Cut(seconds) = drift.observe(0.3, TICK) {
                cut = Some(seconds);
                break;
            }
        }
        assert!((cut.expect("nothing was cut") - 0.295).abs() < 0.001);
    }

    #[test]
    fn underruns_raise_the_target_and_time_lowers_it() {
        let mut drift = Drift::new(Duration::from_millis(5));
        for _ in 0..100 {
            drift.underrun();
        }
        assert!((drift.target() - 0.065).abs() < 1e-9);
        for _ in 0..(50 * 60 * 15) {
            drift.observe(drift.target(), TICK);
        }
        assert!((drift.target() - 0.005).abs() < 1e-3);
    }

    #[test]
    fn the_bend_is_never_heard() {
        let mut drift = Drift::new(Duration::from_millis(5));
        for headroom in [0.0, 0.04, 0.0, 0.04] {
            for _ in 0..3_000 {
                if let Verdict::Bend(ratio) = drift.observe(headroom, TICK) {
                    assert!((ratio - 1.0).abs() <= MAX_BEND + 1e-12);
                }
            }
        }
    }
}
