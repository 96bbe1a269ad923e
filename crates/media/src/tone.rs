//! Call-progress tones, made from sines.

use std::f64::consts::TAU;

/// A cadenced call-progress tone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tone {
    /// One or two frequencies summed, in hertz; 0 for unused.
    pub frequencies: [f32; 2],
    /// Length of each burst, in milliseconds.
    pub on_ms: u32,
    /// Silence between bursts, in milliseconds; 0 for a continuous tone.
    pub off_ms: u32,
    /// Peak level of the sum, 0.0..=1.0.
    pub level: f32,
}

impl Tone {
    /// What a caller hears while the far end rings (450 Hz, 1 s in 5, as in China).
    pub const RINGBACK: Self = Self {
        frequencies: [450.0, 0.0],
        on_ms: 1_000,
        off_ms: 4_000,
        level: 0.15,
    };

    /// Busy or congested (450 Hz, 350 ms on and off, as in China).
    pub const BUSY: Self = Self {
        frequencies: [450.0, 0.0],
        on_ms: 350,
        off_ms: 350,
        level: 0.15,
    };

    /// A continuous tone of one frequency.
    pub fn continuous(frequency: f32) -> Self {
        Self {
            frequencies: [frequency, 0.0],
            on_ms: 1_000,
            off_ms: 0,
            level: 0.5,
        }
    }
}

/// Ramp at both ends of a burst so that it does not click, in seconds.
const RAMP: f64 = 0.005;

/// Makes a tone's samples.
pub(crate) struct Generator {
    tone: Tone,
    /// Seconds since the tone began.
    at: f64,
}

impl Generator {
    pub(crate) fn new(tone: Tone) -> Self {
        Self { tone, at: 0.0 }
    }

    /// Fills a frame at `rate` hertz.
    pub(crate) fn fill(&mut self, rate: u32, frame: &mut [f32]) {
        for sample in frame.iter_mut() {
            *sample = self.sample();
            self.at += 1.0 / f64::from(rate);
        }
    }

    fn sample(&self) -> f32 {
        let on = f64::from(self.tone.on_ms) / 1_000.0;
        let off = f64::from(self.tone.off_ms) / 1_000.0;
        let gain = if off > 0.0 {
            let within = self.at % (on + off);
            (within.min(on - within) / RAMP).clamp(0.0, 1.0)
        } else {
            (self.at / RAMP).min(1.0)
        };
        let used = || self.tone.frequencies.iter().filter(|f| **f > 0.0);
        let sum: f64 = used().map(|f| (TAU * f64::from(*f) * self.at).sin()).sum();
        let count = used().count().max(1) as f64;
        (sum / count * gain) as f32 * self.tone.level
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::level_at;

    #[test]
    fn a_cadence_sounds_and_pauses() {
        let mut generator = Generator::new(Tone::BUSY);
        let mut sound = vec![0.0; 8_000];
        generator.fill(8_000, &mut sound);
        let burst = level_at(&sound[200..2_600], 450.0, 8_000);
        assert!((burst - 0.15).abs() < 0.01, "{burst}");
        assert!(sound[2_801..5_599].iter().all(|s| s.abs() < 1e-6));
        assert!(level_at(&sound[5_800..8_000], 450.0, 8_000) > 0.14);
    }
}
