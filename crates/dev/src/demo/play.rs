//! The programs of a demo: each writes a log, and none outlives the demo.

use crate::process::Background;
use anyhow::{Context, Result, bail};
use std::{
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    sync::mpsc::{self, Receiver},
    time::{Duration, Instant},
};

/// The person has ended the demo, with Ctrl-C or by quitting the app.
#[derive(Debug, thiserror::Error)]
#[error("the demo is over")]
pub(super) struct Over;

/// A running demo.
pub(super) struct Play {
    folder: PathBuf,
    programs: Background,
    interrupted: Receiver<()>,
}

impl Play {
    /// Begins with an empty folder for data and logs.
    pub(super) fn begin(folder: PathBuf) -> Result<Self> {
        let (interrupt, interrupted) = mpsc::channel();
        ctrlc::set_handler(move || {
            // The receiver lives as long as the demo; a second Ctrl-C has nothing left to say.
            let _ = interrupt.send(());
        })?;
        if folder.exists() {
            std::fs::remove_dir_all(&folder).context("cannot clear the last demo's data")?;
        }
        std::fs::create_dir_all(&folder)?;
        Ok(Self {
            folder,
            programs: Background::default(),
            interrupted,
        })
    }

    /// Where data and logs are.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts a program; what it prints goes to its log.
    pub(super) fn start(&mut self, name: &str, command: &mut Command) -> Result<()> {
        let log = std::fs::File::create(self.log(name))?;
        self.programs
            .start(name, command.stdout(log.try_clone()?).stderr(log))
    }

    /// Starts a program that speaks to the person at the terminal.
    pub(super) fn start_aloud(&mut self, name: &str, command: &mut Command) -> Result<()> {
        self.programs.start(name, command)
    }

    /// Waits until `ready`.
    pub(super) fn wait_for(&mut self, name: &str, ready: impl Fn() -> bool) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !ready() {
            self.pause(Duration::from_millis(50))?;
            if Instant::now() > deadline {
                bail!(
                    "{name} is not ready after a minute; its log is {}",
                    self.log(name).display()
                );
            }
        }
        Ok(())
    }

    /// Lets the programs run for a while.
    ///
    /// # Errors
    /// [`Over`], or which program has ended by itself.
    pub(super) fn pause(&mut self, time: Duration) -> Result<()> {
        if self.interrupted.recv_timeout(time).is_ok() {
            return Err(Over.into());
        }
        match self.programs.ended() {
            None => Ok(()),
            Some((name, status)) if name == super::APP && status.success() => Err(Over.into()),
            Some((name, status)) => Err(self.explain(&name, status)),
        }
    }

    fn explain(&self, name: &str, status: ExitStatus) -> anyhow::Error {
        let log = self.log(name);
        let Ok(text) = std::fs::read_to_string(&log) else {
            // It spoke aloud.
            return anyhow::anyhow!("{name} ended by itself ({status})");
        };
        let lines: Vec<&str> = text.lines().collect();
        let last = lines[lines.len().saturating_sub(5)..].join("\n  ");
        anyhow::anyhow!(
            "{name} ended by itself ({status}); its log is {}:\n  {last}",
            log.display()
        )
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }
}
