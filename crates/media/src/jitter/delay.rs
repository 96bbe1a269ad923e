//! How much delay the network needs, learnt from when packets arrive.

use std::collections::VecDeque;

/// Width of a histogram bucket, in milliseconds.
const BUCKET_MS: f64 = 5.0;

/// Buckets; the last one takes everything later.
const BUCKETS: usize = 100;

/// Share of packets that must arrive in time.
const IN_TIME: f64 = 0.95;

/// How far back the fastest packet is looked for, in milliseconds.
const WINDOW_MS: f64 = 4_000.0;

/// What an unknown network is taken to need, in milliseconds.
const START_MS: f64 = 40.0;

/// Packets after which what was measured outweighs the guess.
const PATIENCE: f64 = 5.0;

/// Share of the past kept with each packet, once the guess is outweighed.
const MEMORY: f64 = 0.998;

/// Packets that come this soon after another, in milliseconds, come in one burst: after a stall all
/// of them are late for one reason, which counts once, by the first and latest of them.
const BURST_MS: f64 = 4.0;

/// Never less than this, in milliseconds: the slack of timers.
const LEAST_MS: f64 = 10.0;

/// Learns the spread of arrival times: for each packet its lateness compared with the fastest of
/// the last seconds goes into a histogram that slowly forgets; the delay needed is the lateness
/// that 95 % do not exceed.
#[derive(Debug)]
pub(super) struct DelayEstimator {
    histogram: [f64; BUCKETS],
    observed: u32,
    last_ms: f64,
    /// (arrival, arrival − media time), the second rising: a sliding minimum.
    fastest: VecDeque<(f64, f64)>,
}

impl DelayEstimator {
    pub(super) fn new() -> Self {
        let mut histogram = [0.0; BUCKETS];
        histogram[(START_MS / BUCKET_MS) as usize - 1] = 1.0;
        Self {
            histogram,
            observed: 0,
            last_ms: f64::NEG_INFINITY,
            fastest: VecDeque::new(),
        }
    }

    /// Takes the arrival of sound belonging to `media_ms` and returns its lateness.
    pub(super) fn observe(&mut self, now_ms: f64, media_ms: f64) -> f64 {
        let offset = now_ms - media_ms;
        while self
            .fastest
            .back()
            .is_some_and(|(_, later)| *later >= offset)
        {
            self.fastest.pop_back();
        }
        self.fastest.push_back((now_ms, offset));
        while self.fastest.len() > 1 && self.fastest[0].0 < now_ms - WINDOW_MS {
            self.fastest.pop_front();
        }
        let lateness = self.lateness_ms(now_ms, media_ms);
        let burst = now_ms - self.last_ms < BURST_MS;
        self.last_ms = now_ms;
        if burst {
            return lateness;
        }
        let bucket = ((lateness / BUCKET_MS) as usize).min(BUCKETS - 1);
        let memory = (1.0 - 1.0 / (f64::from(self.observed) + PATIENCE)).min(MEMORY);
        for share in &mut self.histogram {
            *share *= memory;
        }
        self.histogram[bucket] += 1.0 - memory;
        self.observed = self.observed.saturating_add(1);
        lateness
    }

    /// How long after the fastest packet would have brought it `media_ms` is at `now_ms`.
    pub(super) fn lateness_ms(&self, now_ms: f64, media_ms: f64) -> f64 {
        match self.fastest.front() {
            None => 0.0,
            Some((_, offset)) => now_ms - media_ms - offset,
        }
    }

    /// Forgets when packets are due, for a new timeline, but not what the network is like.
    pub(super) fn forget_timeline(&mut self) {
        self.fastest.clear();
    }

    /// The delay that lets 95 % of packets arrive in time.
    pub(super) fn target_ms(&self) -> f64 {
        let mut sum = 0.0;
        for (bucket, share) in self.histogram.iter().enumerate() {
            sum += share;
            if sum >= IN_TIME {
                return ((bucket + 1) as f64 * BUCKET_MS).max(LEAST_MS);
            }
        }
        BUCKETS as f64 * BUCKET_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_network_needs_next_to_nothing() {
        let mut delay = DelayEstimator::new();
        assert_eq!(delay.target_ms(), START_MS);
        for n in 0..500 {
            delay.observe(f64::from(n) * 20.0 + 35.0, f64::from(n) * 20.0);
        }
        assert_eq!(delay.target_ms(), LEAST_MS);
    }

    #[test]
    fn the_target_covers_all_but_one_in_twenty() {
        let mut delay = DelayEstimator::new();
        for n in 0..4_000 {
            // One in ten is 80 ms late, one in fifty 300 ms.
            let late = match n {
                n if n % 50 == 0 => 300.0,
                n if n % 10 == 0 => 78.0,
                _ => 0.0,
            };
            delay.observe(f64::from(n) * 20.0 + late, f64::from(n) * 20.0);
        }
        assert_eq!(delay.target_ms(), 80.0);
    }

    #[test]
    fn a_longer_route_becomes_the_new_normal() {
        let mut delay = DelayEstimator::new();
        for n in 0..1_000 {
            let route = if n < 500 { 10.0 } else { 150.0 };
            delay.observe(f64::from(n) * 20.0 + route, f64::from(n) * 20.0);
        }
        assert_eq!(delay.lateness_ms(20_150.0, 20_000.0), 0.0);
    }
}
