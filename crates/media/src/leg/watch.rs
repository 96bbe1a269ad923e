//! Watching whether the remote party is still there.

use std::time::{Duration, Instant};

/// Silence on the wire from which the remote party is missed.
const MISSED: Duration = Duration::from_secs(5);

/// Notices silence on the wire and loss lately.
#[derive(Debug)]
pub(crate) struct Watch {
    expecting: bool,
    /// Media could flow once; a path lost since then is silence, too.
    begun: bool,
    heard_voice: bool,
    last: Option<Instant>,
    /// Silence at which to speak up next.
    patience: Duration,
    /// Lost and received at the last look.
    counted: (u64, u64),
    loss: f32,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            expecting: false,
            begun: false,
            heard_voice: false,
            last: None,
            patience: MISSED,
            counted: (0, 0),
            loss: 0.0,
        }
    }
}

impl Watch {
    /// Whether the remote party should send from now on.
    pub(crate) fn expect(&mut self, expecting: bool, now: Instant) {
        if expecting != self.expecting {
            self.expecting = expecting;
            self.restart(now);
        }
    }

    /// Media can flow from now on.
    pub(crate) fn connected(&mut self, now: Instant) {
        self.begun = true;
        self.restart(now);
    }

    fn restart(&mut self, now: Instant) {
        self.last = Some(now);
        self.patience = MISSED;
    }

    /// A voice packet came; `true` for the first one.
    pub(crate) fn heard(&mut self, now: Instant) -> bool {
        self.restart(now);
        !std::mem::replace(&mut self.heard_voice, true)
    }

    /// A packet came that is not voice.
    pub(crate) fn heard_key(&mut self, now: Instant) {
        self.restart(now);
    }

    /// The silence, once when it has become too long and again each time it has doubled.
    pub(crate) fn overdue(&mut self, now: Instant) -> Option<Duration> {
        let last = self.last.filter(|_| self.expecting && self.begun)?;
        let silence = now.saturating_duration_since(last);
        if silence < self.patience {
            return None;
        }
        self.patience = silence * 2;
        Some(silence)
    }

    /// The share lost in the last seconds; call every second with the totals so far.
    pub(crate) fn recent_loss(&mut self, lost: u64, received: u64) -> f32 {
        // Late packets take losses back.
        let new_lost = lost.saturating_sub(self.counted.0);
        let new_received = received.saturating_sub(self.counted.1);
        self.counted = (lost, received);
        if new_lost + new_received > 0 {
            let share = new_lost as f32 / (new_lost + new_received) as f32;
            self.loss += (share - self.loss) * 0.3;
        }
        self.loss
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_told_at_five_seconds_and_at_each_doubling() {
        let start = Instant::now();
        let mut watch = Watch::default();
        watch.expect(true, start);
        assert_eq!(
            watch.overdue(start + Duration::from_secs(100)),
            None,
            "not begun"
        );
        watch.connected(start);
        assert!(watch.heard(start));
        assert!(!watch.heard(start));
        let told: Vec<u64> = (0..45_000)
            .filter_map(|ms| watch.overdue(start + Duration::from_millis(ms)))
            .map(|silence| silence.as_secs())
            .collect();
        assert_eq!(told, [5, 10, 20, 40]);
        watch.expect(false, start);
        assert_eq!(watch.overdue(start + Duration::from_secs(100)), None);
    }

    #[test]
    fn loss_lately_forgets() {
        let mut watch = Watch::default();
        let bad = watch.recent_loss(10, 40);
        assert!(bad > 0.05);
        for second in 1..20 {
            watch.recent_loss(10, 40 + second * 50);
        }
        assert!(watch.recent_loss(10, 2_000) < 0.001);
    }
}
