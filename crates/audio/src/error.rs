//! What can go wrong with devices.

use crate::Direction;

/// Why the devices could not be listed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// No sound system answers (no sound server, no driver). Start it, then try again.
    #[error("no sound system is running: {0}")]
    Unavailable(String),
    /// The named sound system is unknown or not built for this platform.
    #[error("there is no sound system named {0:?} here")]
    UnknownHost(String),
    /// The sound system answered with an error we cannot classify.
    #[error("the sound system failed: {0}")]
    Backend(String),
}

/// Why a device could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// There is no device at all for this direction. Plug one in.
    #[error("no {0} is connected")]
    NoDevice(Direction),
    /// The chosen device is not there (any more). Plug it in or choose another.
    #[error("the {direction} {name:?} is not connected")]
    DeviceGone {
        /// Microphone or speaker.
        direction: Direction,
        /// The device's name, or its id when the name is not known.
        name: String,
    },
    /// Another program holds the device. Close that program or choose another device.
    #[error("the {direction} {name:?} is used by another program")]
    DeviceBusy {
        /// Microphone or speaker.
        direction: Direction,
        /// The device's name.
        name: String,
    },
    /// The operating system forbids it, usually the microphone's privacy setting.
    #[error("access to the {direction} {name:?} is not permitted")]
    PermissionDenied {
        /// Microphone or speaker.
        direction: Direction,
        /// The device's name.
        name: String,
    },
    /// The device offers no format that can be used.
    #[error("the {direction} {name:?} offers no usable format: {reason}")]
    Unsupported {
        /// Microphone or speaker.
        direction: Direction,
        /// The device's name.
        name: String,
        /// What was missing.
        reason: String,
    },
    /// The devices could not even be listed.
    #[error(transparent)]
    Devices(#[from] DeviceError),
    /// The sound system refused for a reason we cannot classify.
    #[error("the {direction} {name:?} could not be opened: {reason}")]
    Backend {
        /// Microphone or speaker.
        direction: Direction,
        /// The device's name.
        name: String,
        /// What the sound system said.
        reason: String,
    },
    /// The headset has ended: its thread could not start or is gone. Open a new one.
    #[error("the headset has ended")]
    Ended,
}
