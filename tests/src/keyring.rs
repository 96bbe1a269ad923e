//! An unlocked keyring in this D-Bus session.

use crate::process::Program;
use anyhow::{Context, Result, ensure};
use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

/// Starts the keyring daemon with its files in `folder`, unlocked.
///
/// # Errors
/// When there is no D-Bus session or the daemon is missing.
pub fn start(folder: &Path) -> Result<Program> {
    ensure!(
        std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some(),
        "journeys need a D-Bus session; run `cargo dev test journeys`"
    );
    let mut command = Command::new("gnome-keyring-daemon");
    command
        .args(["--foreground", "--unlock", "--components=secrets"])
        .env("HOME", folder)
        .env("XDG_DATA_HOME", folder)
        .env("XDG_RUNTIME_DIR", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command
        .spawn()
        .context("gnome-keyring-daemon; `cargo dev setup` installs it")?;
    let mut input = child.stdin.take().context("keyring input")?;
    input.write_all(b"journey")?;
    Ok(Program::adopt("gnome-keyring-daemon", child))
}
