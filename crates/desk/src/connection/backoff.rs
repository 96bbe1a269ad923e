//! How long to wait before the next try.

use std::time::Duration;

/// The first wait at most.
const FIRST: Duration = Duration::from_millis(300);
/// No wait is longer.
const LONGEST: Duration = Duration::from_secs(7);

/// Waits that double from 300 ms to 7 s, each shortened by chance to no less than half, so that
/// many desks do not come back at the same moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// The wait before the next try. `chance` is in `0.0..1.0`.
    pub(crate) fn next(&mut self, chance: f64) -> Duration {
        let longest = FIRST
            .saturating_mul(2_u32.saturating_pow(self.attempts.min(16)))
            .min(LONGEST);
        self.attempts = self.attempts.saturating_add(1);
        longest.mul_f64(0.5 + 0.5 * chance.clamp(0.0, 1.0))
    }

    /// Tries since the last success.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// It worked.
    pub(crate) fn reset(&mut self) {
        self.attempts = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_seven_seconds() {
        let mut backoff = Backoff::default();
        let waits: Vec<u128> = (0..8).map(|_| backoff.next(1.0).as_millis()).collect();
        assert_eq!(waits, [300, 600, 1200, 2400, 4800, 7000, 7000, 7000]);
        assert_eq!(backoff.attempts(), 8);
        backoff.reset();
        assert_eq!(backoff.next(0.0), Duration::from_millis(150));
    }
}
