//! Recorded or generated sound that a leg can hear.

use thiserror::Error;

/// A sound held in memory: mono, 48 kHz.
pub struct Clip {
    samples: Vec<f32>,
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
}

impl Clip {
    /// Length in milliseconds.
    pub fn duration_ms(&self) -> u64 {
        self.samples.len() as u64 * 1_000 / u64::from(crate::SAMPLE_RATE)
    }
}
