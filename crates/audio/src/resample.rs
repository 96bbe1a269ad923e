//! Between a device's rate and ours, with the ratio bent as the clocks drift.

use audioadapter_buffers::direct::InterleavedSlice;
use rubato::{
    Adjustable, Async, FixedAsync, Indexing, Resampler as _, SincInterpolationParameters,
    SincInterpolationType, WindowFunction,
};

use crate::drift::MAX_BEND;
use crate::{FRAME, Frame, SAMPLE_RATE};

/// Length of the interpolation filter: 1.3 ms of delay at 48 kHz, flat to beyond 20 kHz.
const FILTER: usize = 128;

/// Room for bending: twice what is ever asked for.
const MAX_RELATIVE_RATIO: f64 = 1.0 + 2.0 * MAX_BEND;

/// The device's rate is outside what can be resampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rate of {0} Hz cannot be resampled")]
pub(crate) struct BadRate(pub(crate) u32);

fn build(from: u32, to: u32, fixed: FixedAsync) -> Result<Async<f32>, BadRate> {
    let device = if from == SAMPLE_RATE { to } else { from };
    if !(8_000..=384_000).contains(&device) {
        return Err(BadRate(device));
    }
    let parameters = SincInterpolationParameters {
        sinc_len: FILTER,
        f_cutoff: None,
        oversampling_factor: 128,
        interpolation: SincInterpolationType::Linear,
        window: WindowFunction::BlackmanHarris2,
    };
    let ratio = f64::from(to) / f64::from(from);
    Async::new_sinc(ratio, MAX_RELATIVE_RATIO, &parameters, FRAME, 1, fixed)
        .map_err(|_| BadRate(device))
}

/// From a microphone's rate to whole frames at ours.
pub(crate) struct CaptureResampler {
    inner: Async<f32>,
    input: Vec<f32>,
}

impl CaptureResampler {
    /// Resamples from `device_rate` Hz.
    pub(crate) fn new(device_rate: u32) -> Result<Self, BadRate> {
        let inner = build(device_rate, SAMPLE_RATE, FixedAsync::Output)?;
        let input = vec![0.0; inner.input_frames_max()];
        Ok(Self { inner, input })
    }

    /// How many device samples the next frame takes.
    pub(crate) fn needs(&self) -> usize {
        self.inner.input_frames_next()
    }

    /// Bends the ratio from the next frame on; see [`crate::drift::Verdict::Bend`].
    pub(crate) fn bend(&mut self, relative: f64) {
        bend(&mut self.inner, relative);
    }

    /// Makes one frame. `read` is given room for exactly [`Self::needs`] samples.
    pub(crate) fn pull(&mut self, frame: &mut Frame, read: impl FnOnce(&mut [f32])) {
        let needs = self.needs();
        let Some(input) = self.input.get_mut(..needs) else {
            frame.fill(0.0);
            return;
        };
        read(input);
        convert(&mut self.inner, input, frame);
    }
}

/// From whole frames at our rate to a speaker's rate.
pub(crate) struct RenderResampler {
    inner: Async<f32>,
    output: Vec<f32>,
}

impl RenderResampler {
    /// Resamples to `device_rate` Hz.
    pub(crate) fn new(device_rate: u32) -> Result<Self, BadRate> {
        let inner = build(SAMPLE_RATE, device_rate, FixedAsync::Input)?;
        let output = vec![0.0; inner.output_frames_max()];
        Ok(Self { inner, output })
    }

    /// Bends the ratio from the next frame on; see [`crate::drift::Verdict::Bend`].
    pub(crate) fn bend(&mut self, relative: f64) {
        bend(&mut self.inner, relative);
    }

    /// Turns one frame into device samples.
    pub(crate) fn push(&mut self, frame: &Frame) -> &[f32] {
        let made = convert(&mut self.inner, frame, &mut self.output);
        &self.output[..made]
    }
}

fn bend(resampler: &mut Async<f32>, relative: f64) {
    let relative = relative.clamp(1.0 - MAX_BEND, 1.0 + MAX_BEND);
    let bent = resampler.set_resample_ratio_relative(relative, true);
    debug_assert!(
        bent.is_ok(),
        "the ratio was clamped to what the resampler allows"
    );
}

/// Gives how many samples were made. Silence if the resampler refuses the buffers, which are
/// sized from its own figures.
fn convert(resampler: &mut Async<f32>, from: &[f32], to: &mut [f32]) -> usize {
    let room = to.len();
    let made = InterleavedSlice::new(from, 1, from.len())
        .ok()
        .and_then(|input| {
            let mut output = InterleavedSlice::new_mut(to, 1, room).ok()?;
            resampler
                .process_into_buffer(&input, &mut output, None::<&Indexing>)
                .ok()
        });
    debug_assert!(
        made.is_some(),
        "the resampler refused {} samples",
        from.len()
    );
    if let Some((_, made)) = made {
        return made;
    }
    to.fill(0.0);
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hz: f64, rate: f64, start: usize, buffer: &mut [f32]) {
        for (i, sample) in buffer.iter_mut().enumerate() {
            let phase = std::f64::consts::TAU * hz * (start + i) as f64 / rate;
            *sample = (0.5 * phase.sin()) as f32;
        }
    }

    /// Amplitude of the part at `hz`, and of all the rest.
    fn split(samples: &[f32], hz: f64, rate: f64) -> (f64, f64) {
        let (mut re, mut im, mut energy) = (0.0, 0.0, 0.0);
        for (i, sample) in samples.iter().enumerate() {
            let phase = std::f64::consts::TAU * hz * i as f64 / rate;
            re += f64::from(*sample) * phase.cos();
            im += f64::from(*sample) * phase.sin();
            energy += f64::from(*sample).powi(2);
        }
        let n = samples.len() as f64;
        let amplitude = 2.0 * (re * re + im * im).sqrt() / n;
        (
            amplitude,
            (energy / n - amplitude * amplitude / 2.0).max(0.0).sqrt(),
        )
    }

    #[test]
    fn a_tone_survives_capture_from_any_rate() {
        for rate in [8_000, 16_000, 32_000, 44_100, 48_000, 96_000, 192_000] {
            let mut resampler = CaptureResampler::new(rate).expect("a usual rate");
            let (mut taken, mut heard) = (0, Vec::new());
            for _ in 0..50 {
                let mut frame = [0.0; FRAME];
                resampler.pull(&mut frame, |input| {
                    sine(1_000.0, f64::from(rate), taken, input);
                    taken += input.len();
                });
                heard.extend_from_slice(&frame);
            }
            // Whole periods at 1 kHz, after the filter has filled.
            let (tone, rest) = split(&heard[9_600..38_400], 1_000.0, 48_000.0);
            assert!((tone - 0.5).abs() < 0.01, "{rate}: {tone}");
            assert!(rest < 0.001, "{rate}: {rest}");
        }
    }

    #[test]
    fn a_tone_survives_render_to_any_rate() {
        for rate in [8_000_u32, 16_000, 32_000, 44_100, 48_000, 96_000] {
            let mut resampler = RenderResampler::new(rate).expect("a usual rate");
            let mut played = Vec::new();
            for index in 0..60 {
                let mut frame = [0.0; FRAME];
                sine(1_000.0, 48_000.0, index * FRAME, &mut frame);
                played.extend_from_slice(resampler.push(&frame));
            }
            let second = rate as usize;
            let tail = &played[played.len() - second..];
            let (tone, rest) = split(tail, 1_000.0, f64::from(rate));
            assert!((tone - 0.5).abs() < 0.01, "{rate}: {tone}");
            assert!(rest < 0.001, "{rate}: {rest}");
        }
    }

    #[test]
    fn bending_changes_how_much_is_taken() {
        let taken = |relative: f64| {
            let mut resampler = CaptureResampler::new(48_000).expect("a usual rate");
            let (mut taken, mut frame) = (0, [0.0; FRAME]);
            for _ in 0..500 {
                resampler.bend(relative);
                resampler.pull(&mut frame, |input| taken += input.len());
            }
            taken as f64 / (500.0 * FRAME as f64)
        };
        assert!((taken(1.0) - 1.0).abs() < 3e-4);
        assert!((taken(1.002) - 1.0 / 1.002).abs() < 3e-4);
        assert!((taken(0.998) - 1.0 / 0.998).abs() < 3e-4);
    }

    #[test]
    fn impossible_rates_are_refused() {
        assert_eq!(CaptureResampler::new(0).err(), Some(BadRate(0)));
        assert_eq!(
            RenderResampler::new(1_000_000).err(),
            Some(BadRate(1_000_000))
        );
    }
}
