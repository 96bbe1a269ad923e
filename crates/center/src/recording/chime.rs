//! A sound that stands in for a spoken announcement.

use seatline_media::{Clip, SAMPLE_RATE, sim::sine};

/// Rising notes, in hertz.
const NOTES: [f32; 3] = [523.25, 659.25, 783.99];

/// Length of a note, in samples.
const NOTE: usize = SAMPLE_RATE as usize * 2 / 5;

/// Loudest sample of a note.
const LEVEL: f32 = 0.25;

/// Three rising notes, as in a hall before somebody speaks. They say nothing: whoever must tell
/// callers in words that they are recorded gives a WAV file in their place.
pub(crate) fn chime() -> Clip {
    let note = |frequency: f32| {
        let samples = sine(frequency, LEVEL, SAMPLE_RATE, NOTE).into_iter();
        samples.zip(0..).map(|(sample, at): (f32, u16)| {
            let left = 1.0 - f32::from(at) / NOTE as f32;
            sample * left * left
        })
    };
    Clip::from_samples(NOTES.into_iter().flat_map(note).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use seatline_media::sim::level_at;

    #[test]
    fn each_note_sounds_and_fades() {
        let clip = chime();
        assert_eq!(clip.duration_ms(), 1_200);
        for (note, frequency) in clip.samples().chunks_exact(NOTE).zip(NOTES) {
            let (begin, end) = note.split_at(NOTE / 2);
            assert!(level_at(begin, frequency, SAMPLE_RATE) > 0.05);
            assert!(level_at(&end[NOTE / 4..], frequency, SAMPLE_RATE) < 0.02);
        }
    }
}
