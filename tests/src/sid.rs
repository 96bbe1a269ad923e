//! Programs of the Debian sid root that `cargo dev setup` makes.

use anyhow::{Context, Result, ensure};
use std::{
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::Command,
};

/// The only folder the root's programs can write to; each sees its owner's there.
pub const FOLDER: &str = "/run/seatline";

/// Where the root lies: in the user's cache, where `seatline-dev` puts it.
///
/// # Errors
/// When it has not been made.
pub fn root() -> Result<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))
        .context("there is neither XDG_CACHE_HOME nor HOME")?;
    let root = cache.join("seatline/sid");
    ensure!(
        root.is_dir(),
        "{} is missing; `cargo dev setup` makes it",
        root.display()
    );
    Ok(root)
}

/// A program of the root, to be started in this network; it sees `folder` as [`FOLDER`].
///
/// The mounts are the program's own and end with it, and no process stands between it and us.
///
/// # Errors
/// When the root has not been made.
pub fn command(program: &str, folder: &Path) -> Result<Command> {
    const ENTER: &str = "root=$1 folder=$2; shift 2
        mount --rbind /proc \"$root/proc\"
        mount --rbind /dev \"$root/dev\"
        mount -t tmpfs tmpfs \"$root/tmp\"
        mount -t tmpfs tmpfs \"$root/run\"
        mkdir \"$root/run/seatline\"
        mount --bind \"$folder\" \"$root/run/seatline\"
        exec chroot \"$root\" \"$@\"";
    let mut command = Command::new("unshare");
    command.arg("--mount");
    if std::fs::metadata("/proc/self")?.uid() != 0 {
        command.arg("--map-root-user");
    }
    command.args(["sh", "-e", "-c", ENTER, "sh"]);
    command.arg(root()?).arg(folder).arg(program);
    command.env("HOME", FOLDER);
    Ok(command)
}
