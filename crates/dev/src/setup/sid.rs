//! A Debian sid root: what the tests need and no stable distribution has.
//!
//! Made by `debootstrap` in the user's cache, kept between runs and shared by all checkouts. How
//! its programs are started says `seatline_tests::sid`; it needs no privilege, and mounts nothing
//! for good.

use super::{debian::Root, is_root};
use crate::paths;
use anyhow::{Context, Result, bail};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The foreign peers of the tests. A package added here is installed into a root that already
/// stands.
pub(crate) const PEERS: &[&str] = &[
    "asterisk",
    "asterisk-core-sounds-en-wav",
    "asterisk-moh-opsound-wav",
    "rtpengine-daemon",
];

/// What builds for Windows, and plays Windows.
pub(crate) const WINDOWS: &[&str] = &[
    "cargo",
    "cmake",
    "g++-mingw-w64-x86-64-win32",
    "gcc-mingw-w64-x86-64-win32",
    "make",
    "msitools",
    "nasm",
    "openssl",
    "osslsigncode",
    "pkg-config",
    "rust-src",
    "rustc",
    "unzip",
    "wine",
    "wine64",
    "wixl",
    "zip",
];

/// What nobody reads is not installed.
const SMALL: &str = "path-exclude=/usr/share/man/*\npath-exclude=/usr/share/locale/*\n";

/// Where programs of the root see our folders.
pub(crate) const FOLDER: &str = "/run/seatline";

/// Makes the root, or adds what it lacks. Two set-ups at once wait for each other.
///
/// # Errors
/// When Debian's mirror cannot be reached, or a package cannot be installed.
pub(super) fn install(packages: &[&str]) -> Result<()> {
    let root = Root::in_cache(paths::sid(), "sid", SMALL)?;
    let missing: Vec<&str> = packages
        .iter()
        .copied()
        .filter(|package| !root.has(package))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!(
        "installing into {}: {}",
        root.path().display(),
        missing.join(" ")
    );
    root.apt(&["update"])?;
    let install = ["install", "--yes", "--no-install-recommends"];
    root.apt(&[&install, missing.as_slice()].concat())
        .with_context(|| {
            format!(
                "sid moves on, and a root made long ago may not follow; remove {} and try again",
                root.path().display()
            )
        })
}

/// A program of the root. It sees each of our folders where `mounts` says, within
/// `/run/seatline`; the mounts are its own and end with it.
///
/// # Errors
/// When a place lies elsewhere.
pub(crate) fn command(program: &str, mounts: &[(PathBuf, &str)]) -> Result<Command> {
    const ENTER: &str = "root=$1; shift
        mount --rbind /proc \"$root/proc\"
        mount --rbind /dev \"$root/dev\"
        mount -t tmpfs tmpfs \"$root/tmp\"
        mount -t tmpfs tmpfs \"$root/run\"
        cp /etc/resolv.conf \"$root/run/resolv.conf\"
        mount --bind \"$root/run/resolv.conf\" \"$root/etc/resolv.conf\"
        while test \"$1\" != --; do
            mkdir -p \"$root$2\"
            mount --bind \"$1\" \"$root$2\"
            shift 2
        done
        shift
        exec chroot \"$root\" \"$@\"";
    let mut command = Command::new("unshare");
    command.arg("--mount");
    if !is_root() {
        command.arg("--map-root-user");
    }
    command
        .args(["sh", "-e", "-c", ENTER, "sh"])
        .arg(paths::sid());
    for (folder, place) in mounts {
        if Path::new(place).parent() != Some(Path::new(FOLDER)) {
            bail!("{place} is not in {FOLDER}");
        }
        command.arg(folder).arg(place);
    }
    command.args(["--", program]).env("HOME", FOLDER);
    Ok(command)
}
