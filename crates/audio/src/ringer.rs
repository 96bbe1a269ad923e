//! Rings on a device of its own, usually a loudspeaker, and plays the test tone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::backend::{Backend, OpenStream, RenderSource, SystemBackend};
use crate::device::{Device, DeviceId, Direction};
use crate::error::OpenError;
use crate::ring::{self, RingPattern};

/// A ring that sounds until it is stopped or dropped.
pub struct Ringer {
    _stream: OpenStream,
}

impl Ringer {
    /// Starts to ring on a device, or on the system's default. Blocks until the device runs.
    ///
    /// # Errors
    /// The device could not be opened. The call must then be shown some other way.
    pub fn start(device: Option<&DeviceId>, pattern: RingPattern) -> Result<Self, OpenError> {
        Self::start_on(&mut SystemBackend::new(), device, pattern)
    }

    pub(crate) fn start_on(
        backend: &mut dyn Backend,
        device: Option<&DeviceId>,
        pattern: RingPattern,
    ) -> Result<Self, OpenError> {
        let voice = Synth::new(move |seconds| pattern.sample(seconds));
        Ok(Self {
            _stream: play(backend, device, voice)?,
        })
    }

    /// Stops the ring.
    pub fn stop(self) {}
}

/// Plays three rising notes on a device, or on the system's default, and returns when they
/// have been heard, after about 1.5 s.
///
/// # Errors
/// The device could not be opened.
pub fn play_test_tone(device: Option<&DeviceId>) -> Result<(), OpenError> {
    let ended = Arc::new(AtomicBool::new(false));
    let end = ended.clone();
    let voice = Synth::new(move |seconds| {
        // A little longer than the tone, for what the device holds back.
        if seconds > ring::TEST_TONE_SECONDS + 0.2 {
            end.store(true, Ordering::Relaxed);
        }
        ring::test_tone(seconds)
    });
    let stream = play(&mut SystemBackend::new(), device, voice)?;
    let deadline = Instant::now() + Duration::from_secs(4);
    while !ended.load(Ordering::Relaxed) && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(stream);
    Ok(())
}

/// Plays a function of the time.
struct Synth<F> {
    voice: F,
    played: u64,
}

impl<F: FnMut(f64) -> f32 + Send> Synth<F> {
    fn new(voice: F) -> Self {
        Self { voice, played: 0 }
    }
}

impl<F: FnMut(f64) -> f32 + Send> RenderSource for Synth<F> {
    fn fill(&mut self, samples: &mut [f32], rate: u32, _latency: Duration) {
        for sample in samples {
            *sample = (self.voice)(self.played as f64 / f64::from(rate));
            self.played += 1;
        }
    }
}

fn play(
    backend: &mut dyn Backend,
    device: Option<&DeviceId>,
    source: impl RenderSource + 'static,
) -> Result<OpenStream, OpenError> {
    let device = find(backend, device)?;
    let name = device.name.clone();
    backend.open_output(
        &device,
        Box::new(source),
        Box::new(move |reason| tracing::warn!(device = name, reason, "the ringer has ended")),
    )
}

fn find(backend: &mut dyn Backend, wanted: Option<&DeviceId>) -> Result<Device, OpenError> {
    let mut devices = backend.devices()?;
    devices.retain(|device| device.direction == Direction::Output);
    if devices.is_empty() {
        return Err(OpenError::NoDevice(Direction::Output));
    }
    match wanted {
        Some(id) => devices
            .into_iter()
            .find(|device| device.id == *id)
            .ok_or_else(|| OpenError::DeviceGone {
                direction: Direction::Output,
                name: id.to_string(),
            }),
        None => {
            let default = devices
                .iter()
                .position(|device| device.is_default)
                .unwrap_or(0);
            Ok(devices.swap_remove(default))
        }
    }
}
