//! Names of devices, and the list of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::backend::{Backend, SystemBackend};
use crate::error::DeviceError;

/// Identifies a device over restarts and re-plugging. Opaque; made by [`list_devices`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeviceId(String);

impl DeviceId {
    /// Takes an id that was stored before, in the form [`DeviceId::as_str`] gave.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as it is to be stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which way sound goes through a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// A microphone.
    Input,
    /// A speaker or earpiece.
    Output,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Input => "microphone",
            Self::Output => "speaker",
        })
    }
}

/// A device that can be chosen. One that goes both ways is listed once for each direction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its lasting id.
    pub id: DeviceId,
    /// Its name, for people.
    pub name: String,
    /// Microphone or speaker.
    pub direction: Direction,
    /// Whether it is what the system uses when nothing is chosen.
    pub is_default: bool,
    /// Whether it is an input that only repeats what a speaker plays (a sink's monitor).
    pub is_monitor: bool,
}

/// Lists the devices of the system's usual sound system: PulseAudio or PipeWire on Linux if a
/// server answers, else ALSA; WASAPI on Windows; CoreAudio on macOS.
///
/// `SEATLINE_AUDIO_HOST` (for example `alsa`) forces another one, for this and for everything
/// else in this crate. Blocks up to a few seconds when a sound server hangs.
///
/// # Errors
/// No sound system answers, or it failed.
pub fn list_devices() -> Result<Vec<Device>, DeviceError> {
    SystemBackend::new().devices()
}
