//! The port to the system's HID devices.

use std::time::Duration;

/// A device with a telephony collection, as the system lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// The system's name for it, the same for as long as it is plugged in.
    pub(crate) path: String,
    /// The product's name.
    pub(crate) name: String,
    /// Its serial number, if it has one.
    pub(crate) serial: Option<String>,
}

/// Why a device cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The system does not allow it.
    Forbidden,
    /// Another program has it for itself.
    Taken,
    /// Anything else; what the system said.
    Failed(String),
}

/// The system's HID devices.
pub(crate) trait Port {
    /// Every device with a telephony collection that is there now.
    fn list(&mut self) -> Result<Vec<Found>, String>;

    /// Opens one for reading and writing.
    fn open(&mut self, found: &Found) -> Result<Box<dyn HidDevice>, Refusal>;
}

/// An open device. Reports begin with their number where the descriptor gives them one.
pub(crate) trait HidDevice: Send {
    /// The report descriptor.
    fn descriptor(&mut self) -> Result<Vec<u8>, String>;

    /// Waits for an input report; its length, 0 if none came. An error means that it is gone.
    fn read(&mut self, report: &mut [u8], patience: Duration) -> Result<usize, String>;

    /// Sends an output report, whose first byte is its number, 0 where it has none.
    fn write(&mut self, report: &[u8]) -> Result<(), String>;
}
