//! Whose updates are trusted, and how they are installed on this system. When is the engine's to
//! say.
//!
//! `tauri-plugin-updater` is not used. It reads a whole file into memory without a limit, ties a
//! signature to no product and no system, and on Windows ends the program by `process::exit`
//! instead of the engine's own end; its client would be another release of `reqwest`. Its file
//! formats are kept.

#[cfg(windows)]
mod msi;

use crate::{closing, exit};
use seatline_desk::{
    Desk,
    update::{Installer, LARGEST, Pace, UpdateConfig, UpdateKey, UpdateState},
};
use std::{io, path::Path, sync::Arc};
use tauri::{AppHandle, async_runtime};

/// The public key that the program was built with.
const BUILT_IN: Option<&str> = option_env!("SEATLINE_UPDATE_KEY");

/// Who may sign updates; `None` in a program that was built without a key.
#[must_use]
pub fn key() -> Option<UpdateKey> {
    let text = for_development("SEATLINE_UPDATE_KEY").or(BUILT_IN.map(str::to_owned))?;
    let key = UpdateKey::parse(&text);
    // `cargo dev package` builds in none that cannot be read.
    key.inspect_err(|error| tracing::error!(%error, "there are no updates"))
        .ok()
}

/// How this program takes updates.
#[must_use]
pub fn config() -> Option<UpdateConfig> {
    Some(UpdateConfig {
        key: key()?,
        target: target(),
        installer: installer(),
        pace: Pace::default(),
        largest: LARGEST,
    })
}

/// This program's system, as Tauri's update files name it.
fn target() -> String {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        system => system,
    };
    format!("{system}-{}", std::env::consts::ARCH)
}

/// A variable that only builds for development know.
#[cfg(debug_assertions)]
fn for_development(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(not(debug_assertions))]
fn for_development(_: &str) -> Option<String> {
    None
}

fn installer() -> Arc<dyn Installer> {
    if let Some(program) = for_development("SEATLINE_UPDATE_INSTALLER") {
        return Arc::new(Given(program));
    }
    #[cfg(windows)]
    return Arc::new(msi::Msi);
    #[cfg(not(windows))]
    Arc::new(Packages)
}

/// The system's packages are updated by whoever installed them, with what the system has for it.
#[cfg(not(windows))]
struct Packages;

#[cfg(not(windows))]
impl Installer for Packages {
    fn installs(&self) -> bool {
        false
    }

    fn begin(&self, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// A program that is given the file, for builds for development on any system.
struct Given(String);

impl Installer for Given {
    fn installs(&self) -> bool {
        true
    }

    fn begin(&self, file: &Path) -> io::Result<()> {
        let mut program = std::process::Command::new(&self.0);
        program.arg(file).spawn().map(drop)
    }
}

/// Ends the program once an update is being installed. A call that has come meanwhile is waited
/// for, as the installation does.
pub fn follow(app: &AppHandle, desk: &Desk) {
    let (app, desk) = (app.clone(), desk.clone());
    async_runtime::spawn(async move {
        begun(&desk).await;
        closing::until_quiet(&desk).await;
        exit::quit(&app);
    });
}

/// Waits until an update is being installed.
pub async fn begun(desk: &Desk) {
    let mut views = desk.watch();
    let is_begun = |view: &Arc<seatline_desk::view::DeskView>| {
        matches!(view.update.state, UpdateState::Installing { .. })
    };
    if views.wait_for(is_begun).await.is_err() {
        // The engine has ended first.
        std::future::pending::<()>().await;
    }
}
