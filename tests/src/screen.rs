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

    /// Opens another program's window and gives it the keyboard, as if the agent worked in it.
    ///
    /// # Errors
    /// When xterm is missing or its window does not come up.
    pub fn work_elsewhere(&self, title: &str) -> Result<Program> {
        let program = Program::start(
            "xterm",
            Command::new("xterm")
                .args([
                    "-T",
                    title,
                    "-geometry",
                    "80x24+20+20",
                    "-e",
                    "sleep",
                    "600",
                ])
                .env("DISPLAY", self.display())
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        )?;
        wait_for("another program's window", Duration::from_secs(10), || {
            let search = ["search", "--onlyvisible", "--name", title, "windowactivate"];
            self.ask(&search).ok()?;
            (self.focused_title().ok()? == title).then_some(())
        })?;
        Ok(program)
    }

    /// Presses keys together, such as `ctrl+alt+a`, whatever has the keyboard.
    ///
    /// # Errors
    /// When xdotool is missing.
    pub fn press(&self, keys: &str) -> Result<()> {
        self.ask(&["key", "--clearmodifiers", keys]).map(drop)
    }

    /// How many windows of this title can be seen.
    ///
    /// # Errors
    /// When xdotool is missing.
    pub fn visible_windows(&self, title: &str) -> Result<usize> {
        let name = format!("^{title}$");
        Ok(self
            .ask(&["search", "--onlyvisible", "--name", &name])?
            .lines()
            .count())
    }

    fn ask(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new("xdotool")
            .args(arguments)
            .env("DISPLAY", self.display())
            .output()
            .context("xdotool; `cargo dev setup` installs it")?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Title of the window that has the keyboard.
    ///
    /// # Errors
    /// When xdotool is missing.
    pub fn focused_title(&self) -> Result<String> {
        self.ask(&["getwindowfocus", "getwindowname"])
    }
}
