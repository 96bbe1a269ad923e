//! When sound is really heard, although it is asked for unevenly.

/// Most unevenness allowed for, in milliseconds; a single stall of the caller is not a rhythm.
const MOST_EARLY_MS: f64 = 60.0;

/// How fast a late pull is forgotten, in milliseconds for each pull.
const LATEST_LEAK_MS: f64 = 1.0;

/// How fast an early pull is forgotten, in milliseconds for each pull.
const MARGIN_LEAK_MS: f64 = 0.2;

/// A pull this late begins a new count, in milliseconds.
const RESTART_MS: f64 = 500.0;

/// Follows the caller's pulls. A device that takes two frames at a time hears the second one 20 ms
/// after asking for it: so much earlier than heard, its packet must be there.
#[derive(Debug, Default)]
pub(super) struct Rhythm {
    /// When the next pull is due by counting what was pulled.
    due_ms: Option<f64>,
    /// How late the latest recent pull was; all sound is heard as late as this.
    latest_ms: f64,
    margin_ms: f64,
}

impl Rhythm {
    /// Takes a pull of `length_ms` at `now_ms` and returns how long before being heard it came.
    pub(super) fn pull(&mut self, now_ms: f64, length_ms: f64) -> f64 {
        let mut late_ms = now_ms - self.due_ms.unwrap_or(now_ms);
        if (late_ms - self.latest_ms).abs() > RESTART_MS {
            late_ms = 0.0;
            self.due_ms = None;
            self.latest_ms = 0.0;
        }
        self.due_ms = Some(self.due_ms.unwrap_or(now_ms) + length_ms);
        self.latest_ms = late_ms.max(self.latest_ms - LATEST_LEAK_MS);
        let early_ms = (self.latest_ms - late_ms).clamp(0.0, MOST_EARLY_MS);
        self.margin_ms = early_ms.max(self.margin_ms - MARGIN_LEAK_MS);
        early_ms
    }

    /// How much delay the unevenness costs, in milliseconds.
    pub(super) fn margin_ms(&self) -> f64 {
        self.margin_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_rhythm_costs_nothing_whatever_its_speed() {
        for speed in [0.999, 1.0, 1.001] {
            let mut rhythm = Rhythm::default();
            for n in 0..5_000 {
                rhythm.pull(f64::from(n) * 20.0 * speed, 20.0);
            }
            assert!(rhythm.margin_ms() < 1.0, "{speed}: {}", rhythm.margin_ms());
        }
    }

    #[test]
    fn pairs_of_pulls_cost_one_frame() {
        let mut rhythm = Rhythm::default();
        for n in 0..500 {
            let early = rhythm.pull(f64::from(n / 2) * 40.0, 20.0);
            if n > 10 {
                let expected = f64::from(n % 2) * 20.0;
                assert!((early - expected).abs() <= 1.0, "{n}: {early}");
            }
        }
        assert!((19.0..=20.0).contains(&rhythm.margin_ms()));
    }

    #[test]
    fn a_pause_begins_anew() {
        let mut rhythm = Rhythm::default();
        for n in 0..100 {
            rhythm.pull(f64::from(n) * 20.0, 20.0);
        }
        assert_eq!(rhythm.pull(10_000.0, 20.0), 0.0);
        assert_eq!(rhythm.pull(10_020.0, 20.0), 0.0);
        assert!(rhythm.margin_ms() < 1.0);
    }
}
