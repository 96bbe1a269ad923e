//! One person's computer among several: a D-Bus session, keyring, display and sound server of its
//! own, with the app in its window.

use crate::{
    centre::{Centre, PASSWORD},
    keyring,
    process::{Program, wait_for},
    screen::Screen,
    sound::SoundServer,
    window::Window,
};
use anyhow::{Context, Result};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

/// A person's computer. The fields end in this order.
pub struct Seat {
    /// The app.
    pub window: Window,
    /// What it plays and records.
    pub sound: SoundServer,
    /// Where it is seen.
    pub screen: Screen,
    /// Login of who sits there.
    pub login: String,
    _keyring: Program,
    _bus: Program,
    /// Everything the programs of this computer keep.
    pub folder: PathBuf,
}

impl Seat {
    /// Sets it up in a folder named after the person, and signs them in.
    ///
    /// # Errors
    /// When a program is missing, or the person can not sign in.
    pub async fn take(folder: &Path, centre: &Centre, login: &str) -> Result<Self> {
        let folder = folder.join(login);
        std::fs::create_dir_all(&folder)?;
        let address = format!("unix:path={}", folder.join("bus").display());
        let bus = start_bus(&folder, &address)?;
        let keyring = keyring::start_on(&folder, Some(&address))?;
        let sound = SoundServer::start(&folder)?;
        let screen = Screen::start(&folder)?;
        let window = Window::open_on(&folder, centre, &screen, &sound, Some(&address)).await?;
        window.sign_in(login, PASSWORD).await?;
        Ok(Self {
            window,
            sound,
            screen,
            login: login.to_owned(),
            _keyring: keyring,
            _bus: bus,
            folder,
        })
    }

    /// Goes ready and waits until the centre agrees.
    ///
    /// # Errors
    /// When it does not.
    pub async fn go_ready(&self) -> Result<()> {
        self.window
            .wait_attribute("status-line", "data-line", |state| state == "up")
            .await?;
        self.window.click("presence-menu").await?;
        self.window.click("presence-ready").await?;
        self.wait_presence("ready").await
    }

    /// Waits for the presence the window shows.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn wait_presence(&self, presence: &str) -> Result<()> {
        self.window
            .wait_attribute("presence-menu", "data-presence", |now| now == presence)
            .await
            .map(drop)
    }

    /// Waits for the state of the call the window shows.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn wait_call(&self, state: &str) -> Result<()> {
        self.window
            .wait_attribute("call-state", "data-call-state", |now| now == state)
            .await
            .map(drop)
    }
}

/// A D-Bus session of its own: the app runs once in each.
fn start_bus(folder: &Path, address: &str) -> Result<Program> {
    let bus = Program::start(
        "dbus-daemon",
        Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--nopidfile"])
            .arg(format!("--address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.join("bus.log"))?),
    )?;
    let socket = folder.join("bus");
    wait_for("a D-Bus session", Duration::from_secs(10), || {
        socket.exists().then_some(())
    })
    .context("dbus-daemon")?;
    Ok(bus)
}
