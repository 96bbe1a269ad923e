//! Echo cancellation, noise suppression and gain: WebRTC's audio processing, guarded.
//!
//! It allocates while it works, 44 to 218 small blocks in 20 ms by what is switched on: sonora
//! 0.2 makes the scratch between its stages anew for each part of a frame (`echo_canceller3.rs`,
//! `gain_controller2.rs`), freed at once. Nothing in its interface takes buffers for that, so it
//! is the one exception to the rule that the worker allocates nothing. Blocks so small usually come from
//! the thread's own store in every system's allocator, without a lock or a system call.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sonora::config::{
    AdaptiveDigital, EchoCanceller, GainController2, HighPassFilter, MaxProcessingRate,
    NoiseSuppression, NoiseSuppressionLevel, Pipeline,
};
use sonora::{AudioProcessing, Config, StreamConfig};

use crate::{FRAME, Frame, SAMPLE_RATE};

/// What is done to the microphone's sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Processing {
    /// Takes out what the speaker plays.
    pub echo: bool,
    /// Lowers steady noise such as fans and a busy room.
    pub noise: bool,
    /// Brings quiet and loud voices to the same level.
    pub gain: bool,
}

impl Processing {
    /// Everything on: right for nearly everyone.
    pub const ON: Self = Self {
        echo: true,
        noise: true,
        gain: true,
    };
    /// Nothing is touched.
    pub const OFF: Self = Self {
        echo: false,
        noise: false,
        gain: false,
    };
}

impl Default for Processing {
    fn default() -> Self {
        Self::ON
    }
}

/// 10 ms, what the processing takes at a time.
const SUB_FRAME: usize = FRAME / 2;

/// The processing has panicked and is bypassed from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Panicked;

/// The processing of one headset. Built off the worker, because building allocates.
pub(crate) struct Processor {
    apm: AudioProcessing,
    scratch: [f32; SUB_FRAME],
}

impl Processor {
    /// Gives nothing when nothing is to be done.
    pub(crate) fn new(processing: Processing) -> Option<Box<Self>> {
        if processing == Processing::OFF {
            return None;
        }
        let config = Config {
            pipeline: Pipeline {
                maximum_internal_processing_rate: MaxProcessingRate::Rate48kHz,
                multi_channel_render: false,
                multi_channel_capture: false,
                ..Pipeline::default()
            },
            high_pass_filter: (processing.echo || processing.noise).then(HighPassFilter::default),
            echo_canceller: processing.echo.then(EchoCanceller::default),
            noise_suppression: processing.noise.then(|| NoiseSuppression {
                level: NoiseSuppressionLevel::High,
                ..NoiseSuppression::default()
            }),
            gain_controller2: processing.gain.then(|| GainController2 {
                adaptive_digital: Some(AdaptiveDigital::default()),
                ..GainController2::default()
            }),
            ..Config::default()
        };
        let stream = StreamConfig::new(SAMPLE_RATE, 1);
        let apm = AudioProcessing::builder()
            .config(config)
            .capture_config(stream)
            .render_config(stream)
            .build();
        Some(Box::new(Self {
            apm,
            scratch: [0.0; SUB_FRAME],
        }))
    }

    /// Takes what is about to be played, as the reference for echo.
    pub(crate) fn hear(&mut self, frame: &Frame) -> Result<(), Panicked> {
        guard(|| {
            for part in frame.chunks_exact(SUB_FRAME) {
                let done = self
                    .apm
                    .process_render_f32(&[part], &mut [&mut self.scratch]);
                debug_assert!(done.is_ok(), "the format is fixed and valid");
            }
        })
    }

    /// Cleans what was captured. `delay` is the time from [`Self::hear`] to the same sound
    /// being captured again.
    pub(crate) fn clean(&mut self, frame: &mut Frame, delay: Duration) -> Result<(), Panicked> {
        guard(|| {
            for part in frame.chunks_exact_mut(SUB_FRAME) {
                let delay_ms = i32::try_from(delay.as_millis().min(500)).unwrap_or(500);
                let set = self.apm.set_stream_delay_ms(delay_ms);
                debug_assert!(set.is_ok(), "the delay was clamped");
                let done = self
                    .apm
                    .process_capture_f32(&[&*part], &mut [&mut self.scratch]);
                if done.is_ok() {
                    part.copy_from_slice(&self.scratch);
                }
            }
        })
    }
}

fn guard(work: impl FnOnce()) -> Result<(), Panicked> {
    // After a panic the processor is thrown away, so its broken state is never seen.
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Panicked)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise that is the same in every run.
    struct Noise(u32);

    impl Noise {
        fn next(&mut self) -> f32 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 17;
            self.0 ^= self.0 << 5;
            self.0 as f32 / u32::MAX as f32 * 2.0 - 1.0
        }

        /// A voice-like signal: noise in syllables.
        fn speech(&mut self, index: usize) -> Frame {
            let loud = if index % 20 < 13 { 0.3 } else { 0.0 };
            let mut low = 0.0;
            std::array::from_fn(|_| {
                low = 0.8 * low + 0.2 * self.next();
                loud * low
            })
        }
    }

    fn energy(frame: &Frame) -> f64 {
        frame.iter().map(|sample| f64::from(sample * sample)).sum()
    }

    #[test]
    fn echo_is_taken_out() {
        let only_echo = Processing {
            echo: true,
            ..Processing::OFF
        };
        let mut processor = Processor::new(only_echo).expect("echo is on");
        let mut noise = Noise(7);
        let (mut before, mut after) = (0.0, 0.0);
        // The echo comes 40 ms late at half the loudness.
        let mut delayed = std::collections::VecDeque::from(vec![[0.0; FRAME]; 2]);
        for index in 0..500 {
            let played = noise.speech(index);
            processor.hear(&played).expect("no panic");
            delayed.push_back(played.map(|sample| 0.5 * sample));
            let mut frame = delayed.pop_front().expect("two frames are always in it");
            let echo = energy(&frame);
            processor
                .clean(&mut frame, Duration::from_millis(40))
                .expect("no panic");
            if index >= 250 {
                before += echo;
                after += energy(&frame);
            }
        }
        let reduction = 10.0 * (before / after.max(1e-12)).log10();
        assert!(reduction > 20.0, "only {reduction:.1} dB");
    }

    #[test]
    fn steady_noise_is_lowered() {
        let only_noise = Processing {
            noise: true,
            ..Processing::OFF
        };
        let mut processor = Processor::new(only_noise).expect("noise is on");
        let mut noise = Noise(11);
        let (mut before, mut after) = (0.0, 0.0);
        for index in 0..300 {
            let mut frame: Frame = std::array::from_fn(|_| 0.02 * noise.next());
            let loud = energy(&frame);
            processor
                .clean(&mut frame, Duration::ZERO)
                .expect("no panic");
            if index >= 150 {
                before += loud;
                after += energy(&frame);
            }
        }
        let reduction = 10.0 * (before / after.max(1e-12)).log10();
        assert!(reduction > 8.0, "only {reduction:.1} dB");
    }

    #[test]
    fn nothing_to_do_costs_nothing() {
        assert!(Processor::new(Processing::OFF).is_none());
    }

    #[test]
    fn a_panic_is_caught_and_told() {
        assert_eq!(guard(|| panic!("broken")), Err(Panicked));
        assert_eq!(guard(|| ()), Ok(()));
    }
}
