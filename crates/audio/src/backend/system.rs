//! Chooses the operating system's sound system.

use super::cpal::CpalBackend;
use super::{Backend, CaptureSink, OnFailure, OnMuted, OpenStream, RenderSource};
use crate::device::Device;
use crate::error::{DeviceError, OpenError};

/// Names the sound system to use instead of the usual one.
const HOST_VARIABLE: &str = "SEATLINE_AUDIO_HOST";

/// The system's sound system. Chosen when first used, and again after it has failed.
pub(crate) struct SystemBackend {
    chosen: Option<Box<dyn Backend>>,
}

impl SystemBackend {
    pub(crate) fn new() -> Self {
        Self { chosen: None }
    }

    fn chosen(&mut self) -> Result<&mut (dyn Backend + 'static), DeviceError> {
        let chosen = match self.chosen.take() {
            Some(chosen) => chosen,
            None => choose(std::env::var(HOST_VARIABLE).ok())?,
        };
        Ok(self.chosen.insert(chosen).as_mut())
    }
}

#[cfg(target_os = "linux")]
fn choose(forced: Option<String>) -> Result<Box<dyn Backend>, DeviceError> {
    use super::pulse::PulseBackend;
    match forced {
        Some(name) if name.eq_ignore_ascii_case("pulseaudio") => {
            Ok(Box::new(PulseBackend::connect()?))
        }
        Some(name) => Ok(Box::new(CpalBackend::named(&name)?)),
        None => match PulseBackend::connect() {
            Ok(pulse) => Ok(Box::new(pulse)),
            Err(error) => {
                tracing::debug!(%error, "no sound server; the hardware is used directly");
                Ok(Box::new(CpalBackend::usual()))
            }
        },
    }
}

#[cfg(not(target_os = "linux"))]
fn choose(forced: Option<String>) -> Result<Box<dyn Backend>, DeviceError> {
    match forced {
        Some(name) => Ok(Box::new(CpalBackend::named(&name)?)),
        None => Ok(Box::new(CpalBackend::usual())),
    }
}

impl Backend for SystemBackend {
    fn devices(&mut self) -> Result<Vec<Device>, DeviceError> {
        let devices = self.chosen()?.devices();
        // A sound server may have ended, or may have come up since.
        if devices.as_ref().map_or(true, Vec::is_empty) {
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
        self.chosen()?
            .open_input(device, sink, on_failure, on_muted)
    }

    fn open_output(
        &mut self,
        device: &Device,
        source: Box<dyn RenderSource>,
        on_failure: OnFailure,
    ) -> Result<OpenStream, OpenError> {
        self.chosen()?.open_output(device, source, on_failure)
    }
}
