//! The other processes of this program.

use super::event::{Event, Process};
use std::{
    ffi::{OsString, c_void},
    io,
    os::windows::ffi::OsStringExt as _,
    time::{Duration, Instant},
};

/// `MAX_PATH`.
const LONGEST: usize = 260;

/// `PROCESSENTRY32W`.
#[repr(C)]
struct Entry {
    _size: u32,
    _usage: u32,
    id: u32,
    _heap: usize,
    _module: u32,
    _threads: u32,
    _parent: u32,
    _priority: i32,
    _flags: u32,
    file: [u16; LONGEST],
}

type Raw = *mut c_void;

#[link(name = "kernel32")]
unsafe extern "system" {
    fn CreateToolhelp32Snapshot(flags: u32, process: u32) -> Raw;
    fn Process32FirstW(snapshot: Raw, entry: *mut Entry) -> i32;
    fn Process32NextW(snapshot: Raw, entry: *mut Entry) -> i32;
    fn CloseHandle(handle: Raw) -> i32;
}

/// `TH32CS_SNAPPROCESS`.
const PROCESSES: u32 = 0x2;

/// Asks the others to end and waits for it; how many are left.
pub(super) fn close(wait: Duration) -> io::Result<usize> {
    let deadline = Instant::now() + wait;
    let asked: Vec<Process> = running()?
        .into_iter()
        // One without an event is no desk but a check; one that may not be touched is another
        // person's, whose program is replaced when it ends.
        .filter_map(|id| Some((Event::open(id).ok()?, Process::open(id).ok()?)))
        .filter_map(|(event, process)| event.set().ok().map(|()| process))
        .collect();
    let left = asked.iter().filter(|process| {
        let time = deadline.saturating_duration_since(Instant::now());
        !process.ends_within(time)
    });
    Ok(left.count())
}

/// The ids of all processes whose program is named as this one, but for this one.
fn running() -> io::Result<Vec<u32>> {
    let own = std::env::current_exe()?;
    let name = own.file_name().unwrap_or_default();
    let own_id = std::process::id();
    let ids = entries()?
        .into_iter()
        .filter_map(|(id, file)| (id != own_id && file.eq_ignore_ascii_case(name)).then_some(id));
    Ok(ids.collect())
}

/// Every process with the name of its program.
fn entries() -> io::Result<Vec<(u32, OsString)>> {
    // SAFETY: it takes numbers only.
    let snapshot = unsafe { CreateToolhelp32Snapshot(PROCESSES, 0) };
    if snapshot.addr() == usize::MAX {
        return Err(io::Error::last_os_error());
    }
    let mut entry = Entry {
        _size: size_of::<Entry>() as u32,
        _usage: 0,
        id: 0,
        _heap: 0,
        _module: 0,
        _threads: 0,
        _parent: 0,
        _priority: 0,
        _flags: 0,
        file: [0; LONGEST],
    };
    let mut found = Vec::new();
    // SAFETY: the snapshot is open, and the entry says how large it is.
    let mut more = unsafe { Process32FirstW(snapshot, &raw mut entry) } != 0;
    while more {
        let length = entry.file.iter().position(|unit| *unit == 0);
        let file = OsString::from_wide(&entry.file[..length.unwrap_or(LONGEST)]);
        found.push((entry.id, file));
        // SAFETY: as above.
        more = unsafe { Process32NextW(snapshot, &raw mut entry) } != 0;
    }
    // SAFETY: the snapshot is open and not used any more.
    unsafe { CloseHandle(snapshot) };
    Ok(found)
}
