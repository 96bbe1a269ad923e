//! Everybody who is signed in to Windows at this moment, in turn.

use std::{ffi::c_void, io, ptr, slice};

/// `WTS_SESSION_INFOW`.
#[repr(C)]
struct Session {
    id: u32,
    _station: *mut u16,
    _state: i32,
}

type Handle = *mut c_void;

#[link(name = "wtsapi32")]
unsafe extern "system" {
    fn WTSEnumerateSessionsW(
        server: Handle,
        reserved: u32,
        version: u32,
        sessions: *mut *mut Session,
        count: *mut u32,
    ) -> i32;
    fn WTSFreeMemory(memory: *mut c_void);
    fn WTSQueryUserToken(session: u32, token: *mut Handle) -> i32;
}

#[link(name = "advapi32")]
unsafe extern "system" {
    fn ImpersonateLoggedOnUser(token: Handle) -> i32;
    fn RevertToSelf() -> i32;
}

#[link(name = "kernel32")]
unsafe extern "system" {
    fn CloseHandle(handle: Handle) -> i32;
}

/// Does something in the name of each. Only the system itself may.
///
/// # Errors
/// When the system does not say who is signed in.
pub(super) fn as_each(work: impl Fn()) -> io::Result<()> {
    for session in sessions()? {
        let mut token = ptr::null_mut();
        // SAFETY: it writes one handle, which is ours to close when it says that it has.
        if unsafe { WTSQueryUserToken(session, &raw mut token) } == 0 {
            // Nobody is there, such as in the session of the services.
            continue;
        }
        // SAFETY: the token is open; it changes in whose name this thread acts, nothing else.
        let entered = unsafe { ImpersonateLoggedOnUser(token) } != 0;
        if entered {
            work();
        }
        // SAFETY: the token is open and not used any more.
        unsafe { CloseHandle(token) };
        // SAFETY: it takes nothing.
        if entered && unsafe { RevertToSelf() } == 0 {
            // Nothing more may be done in another's name.
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

fn sessions() -> io::Result<Vec<u32>> {
    let (mut list, mut count) = (ptr::null_mut(), 0);
    // SAFETY: no server is this computer; it writes a list and its length.
    let told =
        unsafe { WTSEnumerateSessionsW(ptr::null_mut(), 0, 1, &raw mut list, &raw mut count) };
    if told == 0 || list.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the list is as long as it says, and is freed only below.
    let sessions = unsafe { slice::from_raw_parts(list, count as usize) };
    let ids = sessions.iter().map(|session| session.id).collect();
    // SAFETY: the list came from there, and is not used any more.
    unsafe { WTSFreeMemory(list.cast()) };
    Ok(ids)
}
