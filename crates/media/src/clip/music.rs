//! The hold melody: broken chords over a slow bass, plucked softly.

use crate::SAMPLE_RATE;
use std::f64::consts::TAU;

/// Seconds from note to note.
const STEP: f64 = 0.42;

/// Seconds a note rings.
const RING: f64 = 2.2;

/// One bar: the bass and the eight notes over it, as MIDI numbers; 0 is a rest.
type Bar = (u8, [u8; 8]);

/// A turn through C, A minor, F and G that ends where it begins.
const BARS: [Bar; 8] = [
    (48, [60, 64, 67, 72, 76, 72, 67, 64]),
    (45, [60, 64, 69, 72, 76, 0, 72, 69]),
    (41, [60, 65, 69, 72, 77, 72, 69, 65]),
    (43, [59, 62, 67, 71, 74, 0, 71, 67]),
    (48, [60, 64, 67, 72, 79, 76, 72, 67]),
    (40, [59, 64, 67, 71, 76, 0, 71, 67]),
    (41, [57, 60, 65, 69, 72, 69, 65, 60]),
    (43, [59, 62, 65, 67, 71, 0, 67, 62]),
];

/// The melody's samples at 48 kHz.
pub(super) fn compose() -> Vec<f32> {
    let steps = BARS.len() * 8;
    let length = (steps as f64 * STEP * f64::from(SAMPLE_RATE)) as usize;
    let mut sound = vec![0.0; length];
    for (bar, (bass, notes)) in BARS.iter().enumerate() {
        let first = bar * 8;
        pluck(&mut sound, first, *bass, 0.10, 2.0 * RING);
        for (n, note) in notes.iter().enumerate().filter(|(_, note)| **note > 0) {
            let level = if n % 4 == 0 { 0.09 } else { 0.065 };
            pluck(&mut sound, first + n, *note, level, RING);
        }
    }
    sound
}

/// Adds a note at a step; its tail wraps to the beginning, so that repetition has no seam.
fn pluck(sound: &mut [f32], step: usize, note: u8, level: f64, ring: f64) {
    let rate = f64::from(SAMPLE_RATE);
    let frequency = 440.0 * 2.0_f64.powf((f64::from(note) - 69.0) / 12.0);
    let start = (step as f64 * STEP * rate) as usize;
    for n in 0..(ring * rate) as usize {
        let t = n as f64 / rate;
        let attack = (t / 0.012).min(1.0);
        let release = ((ring - t) / 0.05).clamp(0.0, 1.0);
        let envelope = attack * release * (-2.2 * t).exp();
        let phase = TAU * frequency * t;
        let colour = phase.sin()
            + 0.30 * (2.0 * phase).sin() * (-3.0 * t).exp()
            + 0.12 * (3.0 * phase).sin() * (-5.0 * t).exp();
        let at = (start + n) % sound.len();
        sound[at] += (colour * envelope * level) as f32;
    }
}
