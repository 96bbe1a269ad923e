//! Programs that end with their owner, and waiting for a condition with a deadline.

use anyhow::{Context, Result, bail};
use std::{
    process::{Child, Command},
    time::{Duration, Instant},
};

/// A running program, ended (first politely, then for good) when dropped.
pub struct Program {
    name: String,
    child: Child,
}

impl Program {
    /// Starts `command`.
    ///
    /// # Errors
    /// When it cannot be started; the set-up installs every program the rig uses.
    pub fn start(name: &str, command: &mut Command) -> Result<Self> {
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {name}; `cargo dev setup` installs it"))?;
        Ok(Self {
            name: name.to_owned(),
            child,
        })
    }

    /// Takes over a program that was started elsewhere.
    #[must_use]
    pub fn adopt(name: &str, child: Child) -> Self {
        Self {
            name: name.to_owned(),
            child,
        }
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, as a crash would.
    pub fn crash(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Ends it, first politely, then for good.
    pub fn end(&mut self) {
        let asked = Command::new("kill")
            .arg(self.child.id().to_string())
            .output();
        let deadline = Instant::now() + Duration::from_secs(5);
        while asked.is_ok() && Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.crash();
    }

    /// Fails if the program has ended.
    ///
    /// # Errors
    /// Its name and exit status.
    pub fn ensure_running(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("{} ended by itself: {status}", self.name);
        }
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}

/// Waits until `ready` answers, asking every 20 ms.
///
/// # Errors
/// Names `what` after `limit`.
pub fn wait_for<T>(what: &str, limit: Duration, mut ready: impl FnMut() -> Option<T>) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(answer) = ready() {
            return Ok(answer);
        }
        if Instant::now() > deadline {
            bail!("{what}: not within {limit:?}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
