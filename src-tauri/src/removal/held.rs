//! A folder within a profile, kept in its place while the system removes something in it.
//!
//! A profile belongs to its person, who may put a link in the place of any of its folders at any
//! moment: the system, going by the path, would remove something else. A folder that is open and
//! not shared for deletion is neither moved nor replaced; one that is not empty does not become a
//! link.

use crate::launch::IDENTIFIER;
use std::{
    ffi::{OsStr, OsString, c_void},
    fs::{File, OpenOptions},
    io,
    os::windows::{
        ffi::OsStringExt,
        fs::{MetadataExt, OpenOptionsExt},
        io::AsRawHandle,
    },
    path::{Path, PathBuf},
};

/// `FILE_SHARE_READ | FILE_SHARE_WRITE`, and not for deletion.
const STAYS: u32 = 0x3;
/// `FILE_FLAG_BACKUP_SEMANTICS`: opens folders, too.
const FOLDER: u32 = 0x0200_0000;
/// `FILE_FLAG_OPEN_REPARSE_POINT`: opens a link, and not what it leads to.
const ITSELF: u32 = 0x0020_0000;
/// `FILE_FLAG_DELETE_ON_CLOSE`.
const PASSING: u32 = 0x0400_0000;
/// `FILE_ATTRIBUTE_REPARSE_POINT`.
const LINK: u32 = 0x400;
/// Windows' longest path, in UTF-16 units.
const LONGEST_PATH: u32 = 0x8000;

#[link(name = "kernel32")]
unsafe extern "system" {
    fn GetFinalPathNameByHandleW(file: *mut c_void, path: *mut u16, length: u32, flags: u32)
    -> u32;
}

/// Keeps a folder of a profile in its place for as long as what is given lives.
///
/// # Errors
/// When the folder, or one above it in the profile, is a link or cannot be kept.
pub(super) fn hold(profile: &Path, inside: &str) -> io::Result<Vec<File>> {
    let root = open(profile)?;
    let real_profile = real_path(&root)?;
    let mut held = vec![root];
    let mut place = profile.to_path_buf();
    for part in Path::new(inside) {
        place.push(part);
        held.push(open(&place)?);
    }
    // With a file in it, none of them is empty.
    let name = format!("{IDENTIFIER}.removal");
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .share_mode(0)
        .custom_flags(PASSING)
        .open(place.join(&name))?;
    // Any of them may have been a link for as long as it took to open the next.
    let wanted = Path::new(inside).join(name);
    let is_there = real_path(&file)?
        .strip_prefix(&real_profile)
        .is_ok_and(|there| in_lower_case(there).eq(in_lower_case(&wanted)));
    if !is_there {
        return Err(io::Error::other("a link led elsewhere"));
    }
    held.push(file);
    Ok(held)
}

fn open(folder: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .share_mode(STAYS)
        .custom_flags(FOLDER | ITSELF)
        .open(folder)?;
    if file.metadata()?.file_attributes() & LINK != 0 {
        let refusal = format!("{} is a link, which is not followed", folder.display());
        return Err(io::Error::other(refusal));
    }
    Ok(file)
}

/// Where an open file really is, whichever path led to it.
fn real_path(file: &File) -> io::Result<PathBuf> {
    let mut path = vec![0; LONGEST_PATH as usize];
    // SAFETY: the file is open, and no more is written than the length that is told.
    let written = unsafe {
        GetFinalPathNameByHandleW(file.as_raw_handle(), path.as_mut_ptr(), LONGEST_PATH, 0)
    };
    if written == 0 {
        return Err(io::Error::last_os_error());
    }
    path.truncate(written as usize);
    Ok(OsString::from_wide(&path).into())
}

/// A path's parts, which Windows does not tell apart by case.
fn in_lower_case(path: &Path) -> impl Iterator<Item = OsString> {
    path.iter().map(OsStr::to_ascii_lowercase)
}
