//! A display without a screen: Xvfb with a window manager.

use crate::process::{Program, wait_for};
use anyhow::{Context, Result, ensure};
use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

/// One display.
pub struct Screen {
    _manager: Program,
    _server: Program,
    number: u32,
}

impl Screen {
    /// Starts a display of 1440 × 900 pixels.
    ///
    /// # Errors
    /// When Xvfb or the window manager is missing or does not start.
    pub fn start(folder: &Path) -> Result<Self> {
        let number = (100..400)
            .find(|n| !Path::new(&format!("/tmp/.X{n}-lock")).exists())
            .context("no free display number")?;
        let display = format!(":{number}");
        let server = Program::start(
            "Xvfb",
            Command::new("Xvfb")
                .args([&display, "-screen", "0", "1440x900x24", "-nolisten", "tcp"])
                .stdout(Stdio::null())
                .stderr(std::fs::File::create(folder.join("xvfb.log"))?),
        )?;
        let socket = format!("/tmp/.X11-unix/X{number}");
        wait_for("Xvfb", Duration::from_secs(10), || {
            Path::new(&socket).exists().then_some(())
        })?;
        let manager = Program::start(
            "openbox",
            Command::new("openbox")
                .env("DISPLAY", &display)
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        )?;
        Ok(Self {
            _manager: manager,
            _server: server,
            number,
        })
    }

    /// The value of `DISPLAY`.
    #[must_use]
    pub fn display(&self) -> String {
        format!(":{}", self.number)
    }

    /// Saves a picture of all of it as PNG.
    ///
    /// # Errors
    /// When ImageMagick is missing.
    pub fn take_picture(&self, file: &Path) -> Result<()> {
        let status = Command::new("import")
            .args(["-window", "root"])
            .arg(file)
            .env("DISPLAY", self.display())
            .status()
            .context("import (ImageMagick)")?;
        ensure!(status.success(), "import: {status}");
        Ok(())
    }

    /// Title of the window that has the keyboard.
    ///
    /// # Errors
    /// When xdotool is missing.
    pub fn focused_title(&self) -> Result<String> {
        let output = Command::new("xdotool")
            .args(["getwindowfocus", "getwindowname"])
            .env("DISPLAY", self.display())
            .output()
            .context("xdotool")?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}
