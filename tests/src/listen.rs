//! Judging what was heard by its content, not by packet counts.
//!
//! Speech is recognised by its spectrogram: the energy of a few bands over time survives codecs,
//! gain control, noise suppression and resampling, but differs between any two sentences.

use crate::{prompt, sound::RATE};
use anyhow::{Context, Result};
use std::path::Path;

/// Edges of the bands compared, Hz; all within a telephone's band.
const EDGES: [f32; 7] = [300.0, 500.0, 750.0, 1_100.0, 1_600.0, 2_300.0, 3_300.0];

/// How many bands there are.
const BANDS: usize = EDGES.len() - 1;

/// Energy of each band in one frame, dBFS.
type Bands = [f32; BANDS];

/// Samples of one frame: 32 ms.
const FRAME: usize = RATE as usize * 32 / 1_000;

/// Frames of one part: two seconds.
const PART: usize = 62;

/// Frames by which a part may come early or late: about a quarter of a second.
const SLACK: usize = 8;

/// Resemblance above which two sounds are the same speech.
pub const SAME: f32 = 0.56;

/// Resemblance below which they have nothing to do with each other; two sentences of one speaker
/// reach 0.55 by chance.
pub const DIFFERENT: f32 = 0.56;

/// Level in dBFS of all samples together; −120 for silence.
#[must_use]
pub fn level_dbfs(samples: &[f32]) -> f32 {
    let power: f32 = samples.iter().map(|s| s * s).sum::<f32>() / samples.len().max(1) as f32;
    (10.0 * power.max(1e-12).log10()).max(-120.0)
}

/// Level in dBFS of a tone of `hz` in the samples (Goertzel's algorithm).
#[must_use]
pub fn tone_dbfs(samples: &[f32], hz: f32) -> f32 {
    let coefficient = 2.0 * (std::f32::consts::TAU * hz / RATE as f32).cos();
    let (mut last, mut before) = (0.0_f64, 0.0_f64);
    for &sample in samples {
        let now = f64::from(sample) + f64::from(coefficient) * last - before;
        (before, last) = (last, now);
    }
    let power = last * last + before * before - f64::from(coefficient) * last * before;
    let length = samples.len().max(1) as f64;
    (10.0 * (2.0 * power / (length * length)).max(1e-12).log10()) as f32
}

/// How much a recording contains of a reference, −1…1.
///
/// The recording is cut into parts of two seconds. Each is correlated with the reference by band
/// energies at every shift; parts must follow each other as in the reference, give or take
/// [`SLACK`] frames, because a jitter buffer stretches time. The mean of the best such row counts.
#[must_use]
pub fn resemblance(reference: &[f32], recording: &[f32]) -> f32 {
    let whole = spectrogram(reference);
    (0..4)
        .map(|step| {
            let heard = spectrogram(recording.get(step * FRAME / 4..).unwrap_or_default());
            best_row(&whole, &heard)
        })
        .fold(-1.0, f32::max)
}

fn best_row(whole: &[Bands], heard: &[Bands]) -> f32 {
    let parts: Vec<&[Bands]> = heard.chunks_exact(PART.min(heard.len().max(1))).collect();
    let Some(part) = parts
        .first()
        .map(|part| part.len())
        .filter(|&part| part >= 20)
    else {
        return 0.0;
    };
    let scores: Vec<Vec<f32>> = parts
        .iter()
        .map(|part| {
            whole
                .windows(part.len())
                .map(|there| correlation(part, there))
                .collect()
        })
        .collect();
    let starts = whole.len().saturating_sub(part * parts.len());
    (0..=starts)
        .map(|start| {
            let row = scores.iter().enumerate().map(|(index, score)| {
                let expected = start + index * part;
                let from = expected.saturating_sub(SLACK);
                let to = (expected + SLACK + 1).min(score.len());
                score
                    .get(from..to)
                    .unwrap_or_default()
                    .iter()
                    .copied()
                    .fold(-1.0, f32::max)
            });
            row.sum::<f32>() / parts.len() as f32
        })
        .fold(-1.0, f32::max)
}

/// Reads a WAV file of any rate as mono samples at [`RATE`].
///
/// # Errors
/// When the file is not a readable WAV.
pub fn load(file: &Path) -> Result<Vec<f32>> {
    let mut reader = hound::WavReader::open(file).with_context(|| file.display().to_string())?;
    let spec = reader.spec();
    let scale = f32::from(i16::MAX);
    let all: Vec<f32> = reader
        .samples::<i16>()
        .map(|s| s.map(|s| f32::from(s) / scale))
        .collect::<Result<_, _>>()?;
    let mono: Vec<f32> = all
        .chunks_exact(usize::from(spec.channels))
        .map(|frame| frame.iter().sum::<f32>() / frame.len() as f32)
        .collect();
    let step = f64::from(spec.sample_rate) / f64::from(RATE);
    let length = (mono.len() as f64 / step) as usize;
    Ok((0..length)
        .map(|n| {
            let position = n as f64 * step;
            let index = position as usize;
            let fraction = (position - index as f64) as f32;
            let next = mono.get(index + 1).copied().unwrap_or(mono[index]);
            mono[index] + fraction * (next - mono[index])
        })
        .collect())
}

/// Repeats a prompt into a long file and returns two turns of it: a part may
/// begin anywhere.
///
/// # Errors
/// When the prompt is missing or the file cannot be written.
pub fn make_speech(name: &str, turns: usize, file: &Path) -> Result<Vec<f32>> {
    let source = prompt(name)?;
    let mut reader = hound::WavReader::open(&source)?;
    let samples: Vec<i16> = reader.samples().collect::<Result<_, _>>()?;
    let mut writer = hound::WavWriter::create(file, reader.spec())?;
    for _ in 0..turns {
        for &sample in &samples {
            writer.write_sample(sample)?;
        }
    }
    writer.finalize()?;
    let once = load(&source)?;
    Ok([once.clone(), once].concat())
}

fn spectrogram(samples: &[f32]) -> Vec<Bands> {
    samples
        .chunks_exact(FRAME)
        .map(|frame| {
            std::array::from_fn(|band| {
                let (low, high) = (EDGES[band], EDGES[band + 1]);
                let steps = 6;
                let energy: f32 = (0..steps)
                    .map(|n| {
                        let hz = low + (high - low) * (n as f32 + 0.5) / steps as f32;
                        10.0_f32.powf(tone_dbfs(frame, hz) / 10.0)
                    })
                    .sum();
                // Everything below −70 dBFS is silence, so that codec noise does not count.
                (10.0 * energy.max(1e-7).log10()).max(-70.0)
            })
        })
        .collect()
}

/// Correlation after taking each band's own mean away: all speech has the same tilt.
fn correlation(a: &[Bands], b: &[Bands]) -> f32 {
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for band in 0..BANDS {
        let mean = |frames: &[Bands]| {
            frames.iter().map(|frame| frame[band]).sum::<f32>() / frames.len() as f32
        };
        let (mean_a, mean_b) = (mean(a), mean(b));
        for (x, y) in a.iter().zip(b) {
            let (x, y) = (x[band] - mean_a, y[band] - mean_b);
            ab += x * y;
            aa += x * x;
            bb += y * y;
        }
    }
    if aa <= f32::EPSILON || bb <= f32::EPSILON {
        0.0
    } else {
        ab / (aa * bb).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speech(name: &str) -> Vec<f32> {
        load(&prompt(name).unwrap()).unwrap()
    }

    #[test]
    fn a_sentence_resembles_itself_and_no_other() {
        let congrats = speech("demo-congrats");
        let part = &congrats[3 * RATE as usize..8 * RATE as usize];
        let quiet: Vec<f32> = part
            .iter()
            .map(|s| (s * 0.2 * 128.0).round() / 128.0)
            .collect();
        assert!(
            resemblance(&congrats, &quiet) > SAME,
            "{}",
            resemblance(&congrats, &quiet)
        );
        for other in ["demo-instruct", "basic-pbx-ivr-main", "demo-abouttotry"] {
            let found = resemblance(&speech(other), part);
            assert!(found < DIFFERENT, "{other} resembles it by {found}");
        }
        let silence = vec![0.0; 5 * RATE as usize];
        assert!(resemblance(&congrats, &silence) < 0.1);
    }

    #[test]
    fn a_tone_is_measured_at_its_level() {
        let tone: Vec<f32> = (0..RATE)
            .map(|n| 0.5 * (std::f32::consts::TAU * 440.0 * n as f32 / RATE as f32).sin())
            .collect();
        assert!((tone_dbfs(&tone, 440.0) - level_dbfs(&tone)).abs() < 0.5);
        assert!(tone_dbfs(&tone, 1_000.0) < -60.0);
    }
}
