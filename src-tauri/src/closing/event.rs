//! Events and processes of Windows, as far as closing needs them.

use std::{ffi::c_void, io, ptr, time::Duration};

type Raw = *mut c_void;

#[link(name = "kernel32")]
unsafe extern "system" {
    fn CreateEventW(security: *const c_void, manual: i32, set: i32, name: *const u16) -> Raw;
    fn OpenEventW(access: u32, inherit: i32, name: *const u16) -> Raw;
    fn SetEvent(event: Raw) -> i32;
    fn OpenProcess(access: u32, inherit: i32, id: u32) -> Raw;
    fn WaitForSingleObject(handle: Raw, milliseconds: u32) -> u32;
    fn CloseHandle(handle: Raw) -> i32;
}

/// `EVENT_MODIFY_STATE`.
const MODIFY_STATE: u32 = 0x2;
/// `SYNCHRONIZE`.
const SYNCHRONIZE: u32 = 0x10_0000;
/// `INFINITE`.
const FOREVER: u32 = u32::MAX;
/// `WAIT_OBJECT_0`.
const SIGNALLED: u32 = 0;

/// Something of the system's that can be waited for.
struct Handle(Raw);

// SAFETY: a handle is a number of the process, good in each of its threads.
unsafe impl Send for Handle {}

impl Handle {
    fn new(raw: Raw) -> io::Result<Self> {
        if raw.is_null() {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(raw))
    }

    fn wait(&self, milliseconds: u32) -> bool {
        // SAFETY: the handle is open as long as this lives.
        unsafe { WaitForSingleObject(self.0, milliseconds) == SIGNALLED }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is open and not used any more.
        unsafe { CloseHandle(self.0) };
    }
}

/// What one desk is asked by to end. Its person, those who administer in that person's name and
/// the system may set it, whatever session they are in.
pub(super) struct Event(Handle);

impl Event {
    /// Of this process; stays until it ends.
    pub(super) fn create(process: u32) -> io::Result<Self> {
        let name = name(process);
        // SAFETY: the name ends with a zero; without a description the usual rights hold.
        let raw = unsafe { CreateEventW(ptr::null(), 1, 0, name.as_ptr()) };
        Handle::new(raw).map(Self)
    }

    /// Of another process.
    pub(super) fn open(process: u32) -> io::Result<Self> {
        let name = name(process);
        // SAFETY: the name ends with a zero.
        Handle::new(unsafe { OpenEventW(MODIFY_STATE, 0, name.as_ptr()) }).map(Self)
    }

    pub(super) fn set(&self) -> io::Result<()> {
        // SAFETY: the handle is an event's and open.
        match unsafe { SetEvent(self.0.0) } {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }

    /// Waits until it is set.
    pub(super) fn wait(&self) {
        self.0.wait(FOREVER);
    }
}

fn name(process: u32) -> Vec<u16> {
    format!("Global\\Seatline.Close.{process}\0")
        .encode_utf16()
        .collect()
}

/// Another process.
pub(super) struct Process(Handle);

impl Process {
    pub(super) fn open(id: u32) -> io::Result<Self> {
        // SAFETY: it takes numbers only.
        Handle::new(unsafe { OpenProcess(SYNCHRONIZE, 0, id) }).map(Self)
    }

    /// Waits for its end; whether it has come in time.
    pub(super) fn ends_within(&self, time: Duration) -> bool {
        let milliseconds = u32::try_from(time.as_millis()).unwrap_or(FOREVER - 1);
        self.0.wait(milliseconds)
    }
}
