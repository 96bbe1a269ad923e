//! Conversion between 48 kHz and 8 kHz by an exact factor of six, frame in, frame out: the general
//! resampler gives no fixed number of samples for each frame, which packets need.

use std::f32::consts::PI;
use std::sync::LazyLock;

const FACTOR: usize = 6;

/// Filter taps for each of the six phases.
const TAPS: usize = 26;

const LENGTH: usize = FACTOR * TAPS;

/// Half the band that survives, in hertz; telephone speech ends at 3.4 kHz.
const CUTOFF: f32 = 3_700.0;

/// A low-pass filter at 48 kHz with unit gain: a sinc under a Blackman window.
static FILTER: LazyLock<[f32; LENGTH]> = LazyLock::new(|| {
    let mut taps = [0.0; LENGTH];
    let middle = (LENGTH - 1) as f32 / 2.0;
    for (n, tap) in taps.iter_mut().enumerate() {
        let x = 2.0 * CUTOFF / 48_000.0 * (n as f32 - middle);
        let sinc = if x == 0.0 {
            1.0
        } else {
            (PI * x).sin() / (PI * x)
        };
        let phase = 2.0 * PI * n as f32 / (LENGTH - 1) as f32;
        let window = 0.42 - 0.5 * phase.cos() + 0.08 * (2.0 * phase).cos();
        *tap = sinc * window;
    }
    let gain: f32 = taps.iter().sum();
    taps.map(|tap| tap / gain)
});

/// Sums made side by side, because one after another each waits for the one before.
const LANES: usize = 8;

/// The filter by tap, latest sample last, with the phases side by side.
static PHASES: LazyLock<[[f32; LANES]; TAPS]> = LazyLock::new(|| {
    std::array::from_fn(|tap| {
        std::array::from_fn(|phase| match phase < FACTOR {
            true => FILTER[(TAPS - 1 - tap) * FACTOR + phase] * FACTOR as f32,
            false => 0.0,
        })
    })
});

/// The sum of the products, in [`LANES`] partial sums.
fn product(window: &[f32], filter: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let (windows, filters) = (window.chunks_exact(LANES), filter.chunks_exact(LANES));
    let rest = windows.remainder().iter().zip(filters.remainder());
    let rest: f32 = rest.map(|(x, h)| x * h).sum();
    for (window, filter) in windows.zip(filters) {
        for (sum, (x, h)) in sums.iter_mut().zip(window.iter().zip(filter)) {
            *sum += x * h;
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// 48 kHz to 8 kHz.
pub(crate) struct Decimator {
    past: Vec<f32>,
}

impl Decimator {
    pub(crate) fn new() -> Self {
        Self {
            past: vec![0.0; LENGTH - FACTOR],
        }
    }

    /// Appends one sample to `narrow` for every six of `wide`, whose length is a multiple of six.
    pub(crate) fn resample(&mut self, wide: &[f32], narrow: &mut Vec<f32>) {
        self.past.extend_from_slice(wide);
        let filter = &*FILTER;
        narrow.extend(
            self.past
                .windows(LENGTH)
                .step_by(FACTOR)
                .map(|window| product(window, filter)),
        );
        let used = wide.len() / FACTOR * FACTOR;
        self.past.drain(..used);
    }
}

/// 8 kHz to 48 kHz.
pub(crate) struct Interpolator {
    past: Vec<f32>,
}

impl Interpolator {
    pub(crate) fn new() -> Self {
        Self {
            past: vec![0.0; TAPS - 1],
        }
    }

    /// Fills `wide` with six samples for each of `narrow`.
    pub(crate) fn resample(&mut self, narrow: &[f32], wide: &mut [f32]) {
        self.past.extend_from_slice(narrow);
        let filter = &*PHASES;
        for (window, six) in self.past.windows(TAPS).zip(wide.chunks_exact_mut(FACTOR)) {
            let mut sums = [0.0; LANES];
            for (x, phases) in window.iter().zip(filter) {
                for (sum, h) in sums.iter_mut().zip(phases) {
                    *sum += x * h;
                }
            }
            six.copy_from_slice(&sums[..FACTOR]);
        }
        self.past.drain(..narrow.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{level_at, sine};

    #[test]
    fn speech_band_passes_and_aliases_do_not() {
        for (frequency, expected) in [(300.0, 0.5), (1_000.0, 0.5), (3_000.0, 0.5)] {
            let wide = sine(frequency, 0.5, 48_000, 48_000);
            let mut narrow = Vec::new();
            let mut decimator = Decimator::new();
            for frame in wide.chunks_exact(960) {
                let before = narrow.len();
                decimator.resample(frame, &mut narrow);
                assert_eq!(narrow.len() - before, 160);
            }
            let level = level_at(&narrow[800..], frequency, 8_000);
            assert!((level - expected).abs() < 0.03, "{frequency}: {level}");

            let mut again = vec![0.0; narrow.len() * 6];
            Interpolator::new().resample(&narrow, &mut again);
            let level = level_at(&again[4_800..], frequency, 48_000);
            assert!((level - expected).abs() < 0.03, "{frequency}: {level}");
            let image = level_at(&again[4_800..], 8_000.0 - frequency, 48_000);
            assert!(image < 0.005, "image of {frequency}: {image}");
        }
        let mut narrow = Vec::new();
        Decimator::new().resample(&sine(5_500.0, 0.5, 48_000, 48_000), &mut narrow);
        let alias = level_at(&narrow[800..], 2_500.0, 8_000);
        assert!(alias < 0.005, "alias: {alias}");
    }
}
