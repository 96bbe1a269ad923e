//! The system's HID devices, through hidapi: hidraw on Linux, HidD on Windows, IOHIDManager on
//! macOS.

use std::ffi::CString;
use std::time::Duration;

use hidapi::{HidApi, HidDevice as Handle, MAX_REPORT_DESCRIPTOR_SIZE};

use super::port::{Found, HidDevice, Port, Refusal};

/// The usage page of telephony.
const TELEPHONY: u16 = 0x0B;

/// The system's devices. Connected to when first used.
pub(crate) struct SystemPort {
    api: Option<HidApi>,
}

impl SystemPort {
    pub(crate) fn new() -> Self {
        Self { api: None }
    }

    fn fresh(&mut self) -> Result<&HidApi, String> {
        let fail = |error: hidapi::HidError| error.to_string();
        let api = match self.api.take() {
            Some(mut api) => {
                api.refresh_devices().map_err(fail)?;
                api
            }
            None => HidApi::new().map_err(fail)?,
        };
        Ok(self.api.insert(api))
    }
}

impl Port for SystemPort {
    fn list(&mut self) -> Result<Vec<Found>, String> {
        let mut found: Vec<Found> = Vec::new();
        for info in self.fresh()?.device_list() {
            let path = info.path().to_string_lossy().into_owned();
            // A device is listed once for each of its collections.
            if info.usage_page() != TELEPHONY || found.iter().any(|it| it.path == path) {
                continue;
            }
            let name = info.product_string().map(str::trim).unwrap_or_default();
            let maker = info.manufacturer_string().map(str::trim);
            found.push(Found {
                path,
                name: if name.is_empty() {
                    maker.unwrap_or_default().into()
                } else {
                    name.into()
                },
                serial: info
                    .serial_number()
                    .map(str::trim)
                    .filter(|it| !it.is_empty())
                    .map(Into::into),
            });
        }
        Ok(found)
    }

    fn open(&mut self, found: &Found) -> Result<Box<dyn HidDevice>, Refusal> {
        knock(&found.path)?;
        let failed = |error: hidapi::HidError| Refusal::Failed(error.to_string());
        if self.api.is_none() {
            self.fresh().map_err(Refusal::Failed)?;
        }
        let gone = || Refusal::Failed("the device is gone".into());
        let api = self.api.as_ref().ok_or_else(gone)?;
        let path = CString::new(found.path.as_str()).map_err(|_| gone())?;
        let handle = api.open_path(&path).map_err(failed)?;
        Ok(Box::new(Open { handle }))
    }
}

/// Asks the system whether the device may be opened: hidapi's errors are words.
#[cfg(any(target_os = "linux", windows))]
fn knock(path: &str) -> Result<(), Refusal> {
    use std::io::ErrorKind;
    /// Windows: another program has opened it for itself alone (ERROR_SHARING_VIOLATION).
    const SHARING: i32 = 32;
    let opened = std::fs::File::options().read(true).write(true).open(path);
    match opened {
        Ok(_) => Ok(()),
        Err(error) if cfg!(windows) && error.raw_os_error() == Some(SHARING) => Err(Refusal::Taken),
        Err(error) => Err(match error.kind() {
            ErrorKind::PermissionDenied => Refusal::Forbidden,
            ErrorKind::ResourceBusy => Refusal::Taken,
            _ => Refusal::Failed(error.to_string()),
        }),
    }
}

/// macOS' devices are no files.
#[cfg(not(any(target_os = "linux", windows)))]
fn knock(_path: &str) -> Result<(), Refusal> {
    Ok(())
}

struct Open {
    handle: Handle,
}

impl HidDevice for Open {
    fn descriptor(&mut self) -> Result<Vec<u8>, String> {
        let mut descriptor = vec![0; MAX_REPORT_DESCRIPTOR_SIZE];
        let length = self
            .handle
            .get_report_descriptor(&mut descriptor)
            .map_err(|error| error.to_string())?;
        descriptor.truncate(length);
        Ok(descriptor)
    }

    fn read(&mut self, report: &mut [u8], patience: Duration) -> Result<usize, String> {
        let patience = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX);
        self.handle
            .read_timeout(report, patience)
            .map_err(|error| error.to_string())
    }

    fn write(&mut self, report: &[u8]) -> Result<(), String> {
        self.handle
            .write(report)
            .map(|_| ())
            .map_err(|error| error.to_string())
    }
}
