//! Compiling for other systems beside the tests, which wait more than they compute: in the time
//! they leave idle, so that none of them hears of it.

use super::{System, target};
use crate::process::{Background, carry};
use anyhow::{Context, Result, bail};
use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Command, Stdio},
};

/// What is being compiled. What is not finished when this is dropped ends.
#[derive(Default)]
pub(crate) struct Beside(Background);

impl Beside {
    /// Begins; what the compiler says is kept.
    pub(crate) fn start(&mut self, system: System, compile: &Command) -> Result<()> {
        let said = File::create(said(system)).context("a place for what the compiler says")?;
        let mut idle = Command::new("chrt");
        idle.args(["--idle", "0"]);
        carry(&mut idle, compile);
        idle.stdin(Stdio::null())
            .stdout(said.try_clone()?)
            .stderr(said);
        self.0.start(system.name(), &mut idle)
    }

    /// Waits until it has compiled.
    ///
    /// # Errors
    /// When it has not; what the compiler said is printed.
    pub(crate) fn finish(&mut self, system: System) -> Result<()> {
        let status = self.0.wait(system.name())?;
        if !status.success() {
            println!("{}", fs::read_to_string(said(system))?);
            bail!("compiling for {} failed ({status})", system.name());
        }
        Ok(())
    }
}

fn said(system: System) -> PathBuf {
    target().join(format!("{}.log", system.triple()))
}
