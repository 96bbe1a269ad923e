//! Recorded or generated sound that a leg can hear.

mod chime;
mod music;

use crate::SAMPLE_RATE;
use crate::tone::{Generator, Tone};
use audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler};
use std::fmt;
use std::io::Cursor;
use std::sync::OnceLock;
use thiserror::Error;

/// A sound held in memory: mono, 48 kHz.
pub struct Clip {
    wide: Vec<f32>,
    /// The same at 8 kHz, made when first needed, so that many callers cost one conversion.
    narrow: OnceLock<Vec<f32>>,
}

/// Why a file is not a usable sound.
#[derive(Debug, Error)]
pub enum ClipError {
    /// The bytes are not a WAV file of PCM or float samples; convert the file and try again.
    #[error("not a readable WAV file: {0}")]
    Unreadable(String),
    /// The file holds no sound at all.
    #[error("the sound is empty")]
    Empty,
    /// The file's sample rate cannot be converted.
    #[error("the sample rate of {0} Hz is not supported")]
    Rate(u32),
}

/// Sample rates a file may have, in hertz.
const RATES: std::ops::RangeInclusive<u32> = 4_000..=192_000;

/// Frames converted at once.
const CHUNK: usize = 1_024;

impl Clip {
    /// A sound from mono samples at 48 kHz.
    pub fn from_samples(samples: Vec<f32>) -> Self {
        Self {
            wide: samples,
            narrow: OnceLock::new(),
        }
    }

    /// Reads a WAV file of any rate and number of channels, integer or float.
    ///
    /// # Errors
    ///
    /// [`ClipError`] when it is no WAV file, holds nothing, or has an absurd rate.
    pub fn from_wav(bytes: &[u8]) -> Result<Self, ClipError> {
        let unreadable = |error: hound::Error| ClipError::Unreadable(error.to_string());
        let mut reader = hound::WavReader::new(Cursor::new(bytes)).map_err(unreadable)?;
        let format = reader.spec();
        if !RATES.contains(&format.sample_rate) {
            return Err(ClipError::Rate(format.sample_rate));
        }
        let samples: Vec<f32> = match format.sample_format {
            hound::SampleFormat::Float => reader.samples::<f32>().collect::<Result<_, _>>(),
            hound::SampleFormat::Int => {
                let full = 2.0_f32.powi(i32::from(format.bits_per_sample) - 1);
                reader
                    .samples::<i32>()
                    .map(|sample| sample.map(|sample| sample as f32 / full))
                    .collect()
            }
        }
        .map_err(unreadable)?;
        let channels = usize::from(format.channels.max(1));
        let mono: Vec<f32> = samples
            .chunks_exact(channels)
            .map(|frame| frame.iter().sum::<f32>() / channels as f32)
            .collect();
        if mono.is_empty() {
            return Err(ClipError::Empty);
        }
        resample(&mono, format.sample_rate, SAMPLE_RATE).map(Self::from_samples)
    }

    /// A quiet, slow melody for callers on hold, made by this program so that none needs to be
    /// licensed or shipped. About half a minute, without a seam when repeated.
    pub fn synthesised_music() -> Self {
        Self::from_samples(music::compose())
    }

    /// Three rising notes, as in a hall before somebody speaks. They say nothing: whoever must tell
    /// callers in words that they are recorded gives a WAV file in their place.
    pub fn chime() -> Self {
        Self::from_samples(chime::ring())
    }

    /// A short beep, as before a recording.
    pub fn beep() -> Self {
        let mut samples = vec![0.0; SAMPLE_RATE as usize / 4];
        let tone = Tone {
            frequencies: [1_000.0, 0.0],
            on_ms: 250,
            off_ms: 250,
            level: 0.3,
        };
        Generator::new(tone).fill(SAMPLE_RATE, &mut samples);
        Self::from_samples(samples)
    }

    /// Length in milliseconds.
    pub fn duration_ms(&self) -> u64 {
        self.wide.len() as u64 * 1_000 / u64::from(SAMPLE_RATE)
    }

    /// The samples at 48 kHz.
    pub fn samples(&self) -> &[f32] {
        &self.wide
    }

    /// The samples at 8,000 or 48,000 Hz.
    pub(crate) fn samples_at(&self, rate: u32) -> &[f32] {
        if rate == SAMPLE_RATE {
            return &self.wide;
        }
        self.narrow.get_or_init(|| {
            resample(&self.wide, SAMPLE_RATE, rate).unwrap_or_else(|error| {
                tracing::error!(%error, "a sound is left out");
                Vec::new()
            })
        })
    }
}

impl fmt::Debug for Clip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clip")
            .field("duration_ms", &self.duration_ms())
            .finish_non_exhaustive()
    }
}

fn resample(samples: &[f32], from: u32, to: u32) -> Result<Vec<f32>, ClipError> {
    if from == to {
        return Ok(samples.to_vec());
    }
    let refused = |_| ClipError::Rate(from);
    let mut resampler = Fft::<f32>::new(from as usize, to as usize, CHUNK, 1, FixedSync::Both)
        .map_err(|_| ClipError::Rate(from))?;
    let length = samples.len();
    let input = InterleavedSlice::new(samples, 1, length).map_err(refused)?;
    let output = resampler
        .process_all(&input, length, None)
        .map_err(|_| ClipError::Rate(from))?;
    Ok(output.take_data())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{level_at, sine};

    fn wav(rate: u32, channels: u16, samples: &[f32]) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let format = hound::WavSpec {
            channels,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::new(&mut bytes, format).unwrap();
        for sample in samples {
            for _ in 0..channels {
                writer.write_sample((sample * 32_767.0) as i16).unwrap();
            }
        }
        writer.finalize().unwrap();
        bytes.into_inner()
    }

    #[test]
    fn any_rate_and_channels_become_the_same_sound() {
        for (rate, channels) in [
            (8_000, 1),
            (16_000, 2),
            (22_050, 1),
            (44_100, 2),
            (48_000, 1),
        ] {
            let tone = sine(440.0, 0.5, rate, rate as usize);
            let clip = Clip::from_wav(&wav(rate, channels, &tone)).unwrap();
            let length = clip.duration_ms();
            assert!((995..=1_005).contains(&length), "{rate}: {length} ms");
            let middle = &clip.samples()[12_000..36_000];
            let level = level_at(middle, 440.0, SAMPLE_RATE);
            assert!((level - 0.5).abs() < 0.02, "{rate}: {level}");
            let narrow = clip.samples_at(8_000);
            let level = level_at(&narrow[2_000..6_000], 440.0, 8_000);
            assert!((level - 0.5).abs() < 0.02, "{rate} narrow: {level}");
        }
    }

    #[test]
    fn what_is_not_a_sound_is_refused() {
        assert!(matches!(
            Clip::from_wav(b"RIFFnonsense"),
            Err(ClipError::Unreadable(_))
        ));
        assert!(matches!(
            Clip::from_wav(&wav(8_000, 1, &[])),
            Err(ClipError::Empty)
        ));
        assert!(matches!(
            Clip::from_wav(&wav(100, 1, &[0.0])),
            Err(ClipError::Rate(100))
        ));
    }

    #[test]
    fn the_melody_is_quiet_has_no_clicks_and_closes_on_itself() {
        let clip = Clip::synthesised_music();
        assert!(clip.duration_ms() > 20_000);
        let samples = clip.samples();
        let peak = samples.iter().fold(0.0_f32, |peak, s| peak.max(s.abs()));
        assert!((0.1..0.6).contains(&peak), "{peak}");
        let around = samples.iter().zip(samples.iter().cycle().skip(1));
        let step = around.fold(0.0_f32, |step, (a, b)| step.max((a - b).abs()));
        assert!(step < 0.08, "{step}");
    }
}
