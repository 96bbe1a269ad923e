//! Rising notes that ask for attention.

use crate::{
    SAMPLE_RATE,
    tone::{Generator, Tone},
};

/// Rising notes, in hertz.
const NOTES: [f32; 3] = [523.25, 659.25, 783.99];

/// Length of a note, in samples.
const NOTE: usize = SAMPLE_RATE as usize * 2 / 5;

/// Loudest sample of a note.
const LEVEL: f32 = 0.25;

/// The notes, one after the other, each fading.
pub(super) fn ring() -> Vec<f32> {
    NOTES.into_iter().flat_map(note).collect()
}

fn note(frequency: f32) -> impl Iterator<Item = f32> {
    let mut samples = vec![0.0; NOTE];
    let tone = Tone {
        level: LEVEL,
        ..Tone::continuous(frequency)
    };
    Generator::new(tone).fill(SAMPLE_RATE, &mut samples);
    samples
        .into_iter()
        .zip(0..)
        .map(|(sample, at): (f32, u16)| {
            let left = 1.0 - f32::from(at) / NOTE as f32;
            sample * left * left
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Clip, sim::level_at};

    #[test]
    fn each_note_sounds_and_fades() {
        let clip = Clip::chime();
        assert_eq!(clip.duration_ms(), 1_200);
        for (note, frequency) in clip.samples().chunks_exact(NOTE).zip(NOTES) {
            let (begin, end) = note.split_at(NOTE / 2);
            assert!(level_at(begin, frequency, SAMPLE_RATE) > 0.05);
            assert!(level_at(&end[NOTE / 4..], frequency, SAMPLE_RATE) < 0.02);
        }
    }
}
