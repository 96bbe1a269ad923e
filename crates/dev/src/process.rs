//! Running other programs: one at a time with its time printed, or several in the background
//! that all end with us.

use anyhow::{Context, Result, bail};
use std::{
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

/// Runs a program to its end and fails if it does.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    if !status.success() {
        bail!("{} failed ({status})", describe(command));
    }
    Ok(())
}

/// Runs a program to its end and returns what it printed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    if !output.status.success() {
        bail!("{} failed ({})", describe(command), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// `cargo`, in the project's root.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(crate::paths::root()).args(arguments);
    // What `cargo run` tells us about this very package would have ring, and all that stands on
    // it, built anew.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// `npm`, in the window's folder.
pub(crate) fn npm(arguments: &[&str]) -> Command {
    let mut command = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    command
        .current_dir(crate::paths::root().join("ui"))
        .args(arguments);
    command
}

/// Has one program start another: adds program, arguments and variables to its own.
pub(crate) fn carry(carrier: &mut Command, command: &Command) {
    carrier.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => carrier.env(name, value),
            None => carrier.env_remove(name),
        };
    }
}

/// Does one named part of a larger piece of work and prints how long it took.
pub(crate) fn part<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("── {name}");
    let begun = Instant::now();
    let result = work().with_context(|| name.to_owned());
    let verdict = if result.is_ok() { "ok" } else { "FAILED" };
    println!("── {name}: {verdict} in {}", minutes(begun.elapsed()));
    result
}

fn minutes(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Programs in the background, asked to end in reverse order when this is dropped.
#[derive(Default)]
pub(crate) struct Background {
    children: Vec<(String, Child)>,
}

impl Background {
    /// Starts one.
    pub(crate) fn start(&mut self, name: &str, command: &mut Command) -> Result<()> {
        // A group of its own: Ctrl-C reaches us alone, and we end the others in order.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        self.children.push((name.to_owned(), child));
        Ok(())
    }

    /// Waits for the end of one.
    pub(crate) fn wait(&mut self, name: &str) -> Result<ExitStatus> {
        let mut children = self.children.iter_mut();
        let child = children.find(|(other, _)| other == name);
        let (_, child) = child.with_context(|| format!("{name} was not started"))?;
        Ok(child.wait()?)
    }

    /// The first that has ended by itself, if any.
    pub(crate) fn ended(&mut self) -> Option<(String, ExitStatus)> {
        self.children
            .iter_mut()
            .find_map(|(name, child)| match child.try_wait() {
                Ok(Some(status)) => Some((name.clone(), status)),
                Ok(None) | Err(_) => None,
            })
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        for (name, mut child) in self.children.drain(..).rev() {
            ask_to_end(&child);
            let deadline = Instant::now() + Duration::from_secs(5);
            let is_left =
                |child: &mut Child| matches!(child.try_wait(), Ok(None)) || has_companions(child);
            while is_left(&mut child) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(20));
            }
            if is_left(&mut child) {
                println!("{name} does not end; killing it");
                kill(&mut child);
            }
            let _ = child.wait();
        }
    }
}

/// The process group of a child in the background, which holds all that it started.
#[cfg(unix)]
fn group(child: &Child) -> Option<rustix::process::Pid> {
    i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw)
}

#[cfg(unix)]
fn has_companions(child: &Child) -> bool {
    group(child).is_some_and(|group| rustix::process::test_kill_process_group(group).is_ok())
}

#[cfg(unix)]
fn ask_to_end(child: &Child) {
    if let Some(group) = group(child) {
        // Fails only if the group has already ended.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::TERM);
    }
}

#[cfg(unix)]
fn kill(child: &mut Child) {
    if let Some(group) = group(child) {
        // It may have ended in between; either way it is gone after the wait.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

#[cfg(not(unix))]
fn has_companions(_child: &Child) -> bool {
    false
}

#[cfg(not(unix))]
fn ask_to_end(child: &Child) {
    // taskkill asks windows to close; without one, the kill that follows ends it.
    let _ = Command::new("taskkill")
        .args(["/PID", &child.id().to_string(), "/T"])
        .output();
}

#[cfg(not(unix))]
fn kill(child: &mut Child) {
    // It may have ended in between; either way it is gone after the wait.
    let _ = child.kill();
}
