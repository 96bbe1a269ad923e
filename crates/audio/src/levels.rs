//! How loud it is: meters for the microphone and the speaker.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::Frame;

/// The level shown for silence.
pub(crate) const FLOOR_DBFS: f32 = -100.0;

/// How fast a meter falls back after a loud frame, in dB per 20 ms frame (30 dB/s).
const FALL_DB: f32 = 0.6;

/// The two meters, in dB relative to full scale: 0 is the loudest, −100 is silence.
/// A full-scale sine reads −3.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    /// What the microphone gives after processing, before mute.
    pub microphone_dbfs: f32,
    /// What is played.
    pub speaker_dbfs: f32,
}

/// Loudness of a frame: its root mean square in dBFS, never below the floor.
pub(crate) fn measure(frame: &Frame) -> f32 {
    let energy: f32 = frame.iter().map(|sample| sample * sample).sum();
    let rms = (energy / frame.len() as f32).sqrt();
    if rms > 0.0 {
        (20.0 * rms.log10()).clamp(FLOOR_DBFS, 0.0)
    } else {
        FLOOR_DBFS
    }
}

/// A meter that jumps up at once and falls back slowly; written by one thread, read by any.
#[derive(Debug)]
pub(crate) struct Meter(AtomicU32);

impl Default for Meter {
    fn default() -> Self {
        Self(AtomicU32::new(FLOOR_DBFS.to_bits()))
    }
}

impl Meter {
    /// Takes the next frame's loudness.
    pub(crate) fn update(&self, frame: &Frame) {
        let fallen = (self.read() - FALL_DB).max(FLOOR_DBFS);
        self.0
            .store(measure(frame).max(fallen).to_bits(), Ordering::Relaxed);
    }

    /// Drops to silence, for when sound stops.
    pub(crate) fn reset(&self) {
        self.0.store(FLOOR_DBFS.to_bits(), Ordering::Relaxed);
    }

    /// The level in dBFS.
    pub(crate) fn read(&self) -> f32 {
        f32::from_bits(self.0.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FRAME;

    fn sine(amplitude: f32) -> Frame {
        std::array::from_fn(|i| {
            amplitude * (std::f32::consts::TAU * 1_000.0 * i as f32 / 48_000.0).sin()
        })
    }

    #[test]
    fn a_full_scale_sine_reads_minus_three() {
        assert!((measure(&sine(1.0)) + 3.01).abs() < 0.05);
        assert!((measure(&sine(0.1)) + 23.01).abs() < 0.05);
    }

    #[test]
    fn silence_reads_the_floor() {
        assert_eq!(measure(&[0.0; FRAME]), FLOOR_DBFS);
    }

    #[test]
    fn the_meter_rises_at_once_and_falls_slowly() {
        let meter = Meter::default();
        meter.update(&sine(1.0));
        assert!(meter.read() > -3.1);
        meter.update(&[0.0; FRAME]);
        assert!(meter.read() < -3.1 && meter.read() > -4.0);
        for _ in 0..200 {
            meter.update(&[0.0; FRAME]);
        }
        assert_eq!(meter.read(), FLOOR_DBFS);
    }
}
