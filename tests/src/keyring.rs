//! An unlocked keyring in this D-Bus session.

use crate::process::{Program, wait_for};
use anyhow::{Context, Result, ensure};
use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

/// Where programs find their D-Bus session.
pub const BUS: &str = "DBUS_SESSION_BUS_ADDRESS";

/// Starts the keyring daemon with its files in `folder`, unlocked.
///
/// # Errors
/// When there is no D-Bus session, or the daemon is missing or not there in time.
pub fn start(folder: &Path) -> Result<Program> {
    start_on(folder, None)
}

/// As [`start`], in the D-Bus session at that address.
///
/// # Errors
/// As [`start`].
pub fn start_on(folder: &Path, bus: Option<&str>) -> Result<Program> {
    ensure!(
        bus.is_some() || std::env::var_os(BUS).is_some(),
        "journeys need a D-Bus session; run `cargo dev test journeys`"
    );
    let mut command = Command::new("gnome-keyring-daemon");
    command
        .args(["--foreground", "--unlock", "--components=secrets"])
        .envs(bus.map(|address| (BUS, address)))
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
    // It reads to the end.
    drop(input);
    let program = Program::adopt("gnome-keyring-daemon", child);
    wait_for("the keyring", Duration::from_secs(30), || {
        let asked = Command::new("dbus-send")
            .args(["--session", "--print-reply", "--dest=org.freedesktop.DBus"])
            .args(["/", "org.freedesktop.DBus.GetNameOwner"])
            .arg("string:org.freedesktop.secrets")
            .envs(bus.map(|address| (BUS, address)))
            .output();
        asked.ok()?.status.success().then_some(())
    })?;
    Ok(program)
}
