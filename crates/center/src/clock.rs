//! Where the centre's time comes from.

use parking_lot::Mutex;
use seatline_contract::time::UnixMs;
use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// A difference to the machine's clock that is not made up for gently any more, in nanoseconds: the
/// machine has slept, or was set right after it had started.
const FAR_NS: i64 = 5 * 60 * 1_000_000_000;

/// Tells the time in the form used on the wire. Clones tell the same time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> UnixMs + Send + Sync>);

impl Clock {
    /// The machine's wall clock, without its small steps: time would stand still for all who wait
    /// after one back, and all desks would be lost after one forward. It runs slower or faster
    /// instead, by half at most, until it tells the same.
    #[must_use]
    pub fn system() -> Self {
        let last = Mutex::new((Instant::now(), wall_ns()));
        Self(Arc::new(move || {
            let mut last = last.lock();
            let (read, told) = *last;
            let now = Instant::now();
            let told = follow(told, ns(now.duration_since(read)), wall_ns());
            *last = (now, told);
            UnixMs(told / 1_000_000)
        }))
    }

    /// A clock that begins at `start` and advances with the runtime's own time, so that a paused
    /// runtime also pauses it.
    #[must_use]
    pub fn runtime(start: UnixMs) -> Self {
        let begin = tokio::time::Instant::now();
        Self(Arc::new(move || {
            start.plus(i64::try_from(begin.elapsed().as_millis()).unwrap_or(i64::MAX))
        }))
    }

    /// Any other source of time.
    #[must_use]
    pub fn from_fn(now: impl Fn() -> UnixMs + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> UnixMs {
        (self.0)()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clock({})", self.now().0)
    }
}

/// The time to tell when so much has passed since the last one was told, in nanoseconds.
fn follow(told: i64, passed: i64, wall: i64) -> i64 {
    let due = told.saturating_add(passed);
    let off = wall.saturating_sub(due);
    if off.saturating_abs() > FAR_NS {
        return wall;
    }
    due.saturating_add(off.clamp(-passed / 2, passed / 2))
}

fn wall_ns() -> i64 {
    ns(SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default())
}

fn ns(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    #[test]
    fn a_step_of_the_wall_clock_is_made_up_for_gently() {
        for step in [-60, 60] {
            let start = 1_700_000_000 * SECOND;
            let mut told = start;
            for second in 1..=130 {
                let wall = start + (step + second) * SECOND;
                let next = follow(told, SECOND, wall);
                let ran = next - told;
                assert!((SECOND / 2..=SECOND * 3 / 2).contains(&ran), "{ran}");
                told = next;
            }
            assert_eq!(told, start + (step + 130) * SECOND);
        }
    }

    #[test]
    fn a_wall_clock_far_off_is_believed_at_once() {
        let told = 1_700_000_000 * SECOND;
        for wall in [told + 3_600 * SECOND, told - 3_600 * SECOND] {
            assert_eq!(follow(told, SECOND, wall), wall);
        }
    }
}
