//! Chooses the operating system's sound system.

use std::sync::Arc;

use super::cpal::CpalBackend;
use super::{Backend, CaptureSink, OnFailure, OnMuted, OpenStream, RenderSource};
use crate::device::Device;
use crate::error::{DeviceError, OpenError};

/// Names the sound system to use instead of the usual one.
const HOST_VARIABLE: &str = "SEATLINE_AUDIO_HOST";

/// The system's sound system. Chosen when first used, and again after it has failed, but never
/// while a stream runs: another one would not list its device.
pub(crate) struct SystemBackend {
    chosen: Option<Box<dyn Backend>>,
    /// The sound server did not answer; it is preferred as soon as it does.
    is_fallback: bool,
    /// Each stream that runs holds another.
    streams: Arc<()>,
}

impl SystemBackend {
    pub(crate) fn new() -> Self {
        Self {
            chosen: None,
            is_fallback: false,
            streams: Arc::new(()),
        }
    }

    fn chosen(&mut self) -> Result<&mut (dyn Backend + 'static), DeviceError> {
        let chosen = match self.chosen.take() {
            Some(chosen) => chosen,
            None => {
                let (chosen, is_fallback) = choose(std::env::var(HOST_VARIABLE).ok())?;
                self.is_fallback = is_fallback;
                chosen
            }
        };
        Ok(self.chosen.insert(chosen).as_mut())
    }

    fn counted(&self, stream: OpenStream) -> OpenStream {
        OpenStream::new(stream.rate, (stream, self.streams.clone()))
    }
}

/// Gives the sound system, and whether it only stands in for a sound server.
#[cfg(target_os = "linux")]
fn choose(forced: Option<String>) -> Result<(Box<dyn Backend>, bool), DeviceError> {
    use super::pulse::PulseBackend;
    match forced {
        Some(name) if name.eq_ignore_ascii_case("pulseaudio") => {
            Ok((Box::new(PulseBackend::connect()?), false))
        }
        Some(name) => Ok((Box::new(CpalBackend::named(&name)?), false)),
        None => match PulseBackend::connect() {
            Ok(pulse) => Ok((Box::new(pulse), false)),
            Err(error) => {
                tracing::debug!(%error, "no sound server; the hardware is used directly");
                Ok((Box::new(CpalBackend::usual()), true))
            }
        },
    }
}

/// Gives the sound system, which never stands in for another.
#[cfg(not(target_os = "linux"))]
fn choose(forced: Option<String>) -> Result<(Box<dyn Backend>, bool), DeviceError> {
    match forced {
        Some(name) => Ok((Box::new(CpalBackend::named(&name)?), false)),
        None => Ok((Box::new(CpalBackend::usual()), false)),
    }
}

/// The sound server, if it has come up.
#[cfg(target_os = "linux")]
fn sound_server() -> Option<Box<dyn Backend>> {
    // Asked again and again, it must not keep a call waiting.
    let pulse = super::pulse::PulseBackend::connect_briefly()?;
    Some(Box::new(pulse))
}

#[cfg(not(target_os = "linux"))]
fn sound_server() -> Option<Box<dyn Backend>> {
    None
}

impl Backend for SystemBackend {
    fn devices(&mut self) -> Result<Vec<Device>, DeviceError> {
        let is_idle = Arc::strong_count(&self.streams) == 1;
        if is_idle
            && self.is_fallback
            && let Some(server) = sound_server()
        {
            tracing::info!("the sound server has come up");
            self.chosen = Some(server);
            self.is_fallback = false;
        }
        let devices = self.chosen()?.devices();
        // A sound server may have ended, or may have come up since.
        if is_idle && devices.as_ref().map_or(true, Vec::is_empty) {
            self.chosen = None;
        }
        devices
    }

    fn open_input(
        &mut self,
        device: &Device,
        sink: Box<dyn CaptureSink>,
        on_failure: OnFailure,
        on_muted: OnMuted,
    ) -> Result<OpenStream, OpenError> {
        let chosen = self.chosen()?;
        let stream = chosen.open_input(device, sink, on_failure, on_muted)?;
        Ok(self.counted(stream))
    }

    fn open_output(
        &mut self,
        device: &Device,
        source: Box<dyn RenderSource>,
        on_failure: OnFailure,
    ) -> Result<OpenStream, OpenError> {
        let stream = self.chosen()?.open_output(device, source, on_failure)?;
        Ok(self.counted(stream))
    }
}
