//! The port to the sound system: lists devices, opens streams on them.

mod cpal;
#[cfg(any(windows, target_os = "macos"))]
mod mute;
#[cfg(target_os = "linux")]
mod pulse;
mod system;

use std::time::Duration;

pub(crate) use system::SystemBackend;

use crate::device::Device;
use crate::error::{DeviceError, OpenError};

/// Takes what a microphone captures. Called from a device callback: must not wait or allocate.
pub(crate) trait CaptureSink: Send {
    /// Takes mono samples at the stream's rate, which are `latency` old.
    fn take(&mut self, samples: &[f32], latency: Duration);
}

/// Gives what a speaker plays. Called from a device callback: must not wait or allocate.
pub(crate) trait RenderSource: Send {
    /// Fills mono samples for `rate` Hz, which will be heard after `latency`.
    fn fill(&mut self, samples: &mut [f32], rate: u32, latency: Duration);
}

/// Told once when a stream has ended by itself and must be opened anew.
pub(crate) type OnFailure = Box<dyn FnMut(String) + Send>;

/// Told when the microphone itself is muted, by a key of its own or in the system, and when it is
/// heard again. A system that does not say never calls; a stream begins as heard.
pub(crate) type OnMuted = Box<dyn FnMut(bool) + Send>;

/// A running stream; it ends when dropped.
pub(crate) struct OpenStream {
    /// Samples per second.
    pub(crate) rate: u32,
    _keep: Box<dyn Send>,
}

impl OpenStream {
    /// A stream of `rate` Hz that runs until `keep` is dropped.
    pub(crate) fn new(rate: u32, keep: impl Send + 'static) -> Self {
        Self {
            rate,
            _keep: Box::new(keep),
        }
    }
}

/// A sound system.
pub(crate) trait Backend: Send {
    /// Every device that is there now.
    fn devices(&mut self) -> Result<Vec<Device>, DeviceError>;

    /// Starts to capture from a device.
    fn open_input(
        &mut self,
        device: &Device,
        sink: Box<dyn CaptureSink>,
        on_failure: OnFailure,
        on_muted: OnMuted,
    ) -> Result<OpenStream, OpenError>;

    /// Starts to play on a device.
    fn open_output(
        &mut self,
        device: &Device,
        source: Box<dyn RenderSource>,
        on_failure: OnFailure,
    ) -> Result<OpenStream, OpenError>;
}
