//! The ring and the test tone, synthesised: pure functions of the time that has passed.

use std::f32::consts::TAU;

use serde::{Deserialize, Serialize};

/// Fade at each edge, so that tones start and stop without a click, in seconds.
const FADE: f32 = 0.008;

/// How a call rings: two tones in quick turns, then a pause.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RingPattern {
    /// The lower tone in Hz.
    pub low_hz: f32,
    /// The higher tone in Hz.
    pub high_hz: f32,
    /// How long each tone lasts before the other takes its turn, in ms.
    pub turn_ms: u32,
    /// How long a ring lasts, in ms.
    pub on_ms: u32,
    /// How long the pause after it lasts, in ms.
    pub off_ms: u32,
    /// Loudness from 0 (silent) to 1 (full scale).
    pub volume: f32,
}

impl RingPattern {
    /// One second of ringing, three seconds of quiet.
    pub const STANDARD: Self = Self {
        low_hz: 660.0,
        high_hz: 880.0,
        turn_ms: 50,
        on_ms: 1_000,
        off_ms: 3_000,
        volume: 0.35,
    };

    /// Two soft beeps, for an agent who is wearing the headset.
    pub const DISCREET: Self = Self {
        low_hz: 520.0,
        high_hz: 660.0,
        turn_ms: 180,
        on_ms: 360,
        off_ms: 3_600,
        volume: 0.12,
    };

    /// The sample at `seconds` since the ring began.
    pub(crate) fn sample(&self, seconds: f64) -> f32 {
        let on = f64::from(self.on_ms) / 1_000.0;
        let turn = f64::from(self.turn_ms.max(1)) / 1_000.0;
        let period = on + f64::from(self.off_ms) / 1_000.0;
        if period <= 0.0 {
            return 0.0;
        }
        let within = seconds % period;
        if within >= on {
            return 0.0;
        }
        let turns = (within / turn).floor();
        let into_turn = (within - turns * turn) as f32;
        let left = (on.min((turns + 1.0) * turn) - within) as f32;
        let hz = if (turns as u64).is_multiple_of(2) {
            self.low_hz
        } else {
            self.high_hz
        };
        let envelope = (into_turn.min(left) / FADE).min(1.0);
        self.volume.clamp(0.0, 1.0) * envelope * (TAU * hz * into_turn).sin()
    }
}

impl Default for RingPattern {
    fn default() -> Self {
        Self::STANDARD
    }
}

/// Notes of the test tone in Hz, each played for [`NOTE_SECONDS`].
const NOTES: [f32; 3] = [523.25, 659.25, 783.99];
const NOTE_SECONDS: f64 = 0.4;

/// How long the test tone lasts, in seconds.
pub(crate) const TEST_TONE_SECONDS: f64 = NOTE_SECONDS * NOTES.len() as f64;

/// The test tone's sample at `seconds` since it began: three rising notes, then silence.
pub(crate) fn test_tone(seconds: f64) -> f32 {
    let Some(note) = NOTES.get((seconds / NOTE_SECONDS) as usize) else {
        return 0.0;
    };
    let into = (seconds % NOTE_SECONDS) as f32;
    let envelope = (into.min(NOTE_SECONDS as f32 - into) / FADE).min(1.0);
    0.3 * envelope * (TAU * note * into).sin()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: f64 = 48_000.0;

    fn render(pattern: &RingPattern, from: f64, seconds: f64) -> Vec<f32> {
        (0..(seconds * RATE) as usize)
            .map(|i| pattern.sample(from + i as f64 / RATE))
            .collect()
    }

    fn power_at(samples: &[f32], hz: f64) -> f64 {
        let (mut re, mut im) = (0.0, 0.0);
        for (i, sample) in samples.iter().enumerate() {
            let phase = std::f64::consts::TAU * hz * i as f64 / RATE;
            re += f64::from(*sample) * phase.cos();
            im += f64::from(*sample) * phase.sin();
        }
        (re * re + im * im).sqrt() / samples.len() as f64
    }

    #[test]
    fn it_rings_with_two_tones_in_turn() {
        let ring = RingPattern::STANDARD;
        let first = render(&ring, 0.0, 0.05);
        let second = render(&ring, 0.05, 0.05);
        assert!(power_at(&first, 660.0) > 5.0 * power_at(&first, 880.0));
        assert!(power_at(&second, 880.0) > 5.0 * power_at(&second, 660.0));
    }

    #[test]
    fn it_pauses_and_comes_back() {
        let ring = RingPattern::STANDARD;
        assert!(render(&ring, 1.0, 3.0).iter().all(|sample| *sample == 0.0));
        let again = render(&ring, 4.0, 0.05);
        assert!(power_at(&again, 660.0) > 0.1);
    }

    #[test]
    fn it_never_clicks() {
        let ring = render(&RingPattern::STANDARD, 0.0, 5.0);
        let steepest = ring
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).abs())
            .fold(0.0, f32::max);
        assert!(steepest < 0.35 * TAU * 880.0 / 48_000.0 * 1.1, "{steepest}");
    }

    #[test]
    fn the_test_tone_ends() {
        assert!(test_tone(0.2).abs() <= 0.3);
        assert_eq!(test_tone(TEST_TONE_SECONDS + 0.1), 0.0);
    }
}
