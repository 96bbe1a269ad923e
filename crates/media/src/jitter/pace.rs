//! When the next pull had best come, for a caller that may choose.

use super::{JitterBuffer, State, TOLERANCE_MS};
use std::time::Duration;

/// Aimed at beyond the target, in milliseconds: just so much that a whole packet more is cut out.
const BEYOND_MS: f64 = TOLERANCE_MS + 0.5;

/// By how much a pull is moved at most, in milliseconds: too little for the party that is sent the
/// sound to take it for jitter.
const STEP_MS: f64 = 0.5;

/// This far off is near enough, in milliseconds.
const NEAR_MS: f64 = 1.0;

impl JitterBuffer {
    /// How long after the last pull the next one had best come; `usual` is the length of both.
    ///
    /// Pulls and packets have the same rhythm but meet at any phase, so that a packet waits for
    /// its pull for half a period on average, besides the delay that jitter needs. Moved a little
    /// each time, pulls come to follow the sender's clock, just late enough.
    pub(crate) fn period(&self, usual: Duration) -> Duration {
        let State::Playing(_) = self.state else {
            return usual;
        };
        let usual_ms = usual.as_secs_f64() * 1_000.0;
        // The next packet is decoded when what is ready does not suffice, within the next pull.
        let decoded_at_ms = self.tally.delay_ms - self.samples_to_ms(self.ready.len());
        let early_ms = self.tally.target_ms + BEYOND_MS - decoded_at_ms;
        let off_ms = early_ms - usual_ms * (early_ms / usual_ms).round();
        match off_ms.abs() < NEAR_MS {
            true => usual,
            false => {
                let step_ms = off_ms.clamp(-STEP_MS, STEP_MS);
                Duration::from_secs_f64((usual_ms + step_ms).max(0.0) / 1_000.0)
            }
        }
    }
}
