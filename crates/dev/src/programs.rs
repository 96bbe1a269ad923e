//! Builds the workspace's programs and finds them.
//!
//! All packages are always selected together, and with them what tests and examples need: which
//! features a crate of others is built with depends on the selection, and so each is built once.
//! This very package is not among them: Windows does not let a running program be replaced.
//!
//! Where there is clippy, it compiles what is ours, and so nothing is read a second time for its
//! lints alone.

use crate::{process::cargo, setup::exists};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What is built for the tests.
pub(crate) const ALL: &[&str] = &["--all-targets"];

/// What people run.
pub(crate) const BINARIES: &[&str] = &["--bins", "--examples"];

/// A program that was built.
#[derive(Debug)]
struct Program {
    /// The package's folder, where cargo starts its tests.
    folder: PathBuf,
    /// Its name in the package.
    target: String,
    /// Whether it holds tests.
    is_test: bool,
    file: PathBuf,
}

/// The programs of one build.
pub(crate) struct Programs {
    all: Vec<Program>,
    warnings: usize,
}

/// Builds those targets of all packages in the development profile.
///
/// # Errors
/// When something does not compile; what the compiler said is printed.
pub(crate) fn build(targets: &[&str]) -> Result<Programs> {
    let mut build = building(targets);
    if exists(CLIPPY) {
        build.env("RUSTC_WORKSPACE_WRAPPER", CLIPPY);
    }
    collect(build)
}

/// Builds them as they are released.
///
/// # Errors
/// When something does not compile; what the compiler said is printed.
pub(crate) fn release(targets: &[&str]) -> Result<Programs> {
    let mut build = building(targets);
    build.arg("--release");
    collect(build)
}

/// The compiler that also lints.
const CLIPPY: &str = "clippy-driver";

fn building(targets: &[&str]) -> Command {
    let mut build = cargo(&["build", "--workspace", "--locked"]);
    build
        .args(["--exclude", "seatline-dev"])
        .args(targets)
        .arg("--message-format=json");
    build
}

fn collect(mut build: Command) -> Result<Programs> {
    let mut running = build
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start cargo")?;
    let messages = running.stdout.take().context("cargo's messages")?;
    let mut all = Vec::new();
    let mut warnings = 0;
    for line in BufReader::new(messages).lines() {
        let message: Value = serde_json::from_str(&line?)?;
        if let Some(said) = message.pointer("/message/rendered").and_then(Value::as_str) {
            eprint!("{said}");
            warnings += 1;
        }
        all.extend(Program::read(&message));
    }
    ensure!(running.wait()?.success(), "the workspace does not compile");
    Ok(Programs { all, warnings })
}

impl Program {
    /// The program a message of cargo's tells of, if any.
    fn read(message: &Value) -> Option<Self> {
        let text = |pointer| message.pointer(pointer).and_then(Value::as_str);
        Some(Self {
            file: text("/executable")?.into(),
            folder: Path::new(text("/manifest_path")?).parent()?.to_path_buf(),
            target: text("/target/name")?.to_owned(),
            is_test: message.pointer("/profile/test")?.as_bool()?,
        })
    }

    fn run(&self) -> Command {
        let mut command = Command::new(&self.file);
        command.current_dir(&self.folder);
        command
    }
}

impl Programs {
    /// Whether the compiler and clippy had nothing to say.
    ///
    /// # Errors
    /// When they had, or there is no clippy.
    pub(crate) fn ensure_clean(&self) -> Result<()> {
        ensure!(
            exists(CLIPPY),
            "clippy is missing; run:\n  rustup component add clippy"
        );
        ensure!(self.warnings == 0, "there are warnings: {}", self.warnings);
        Ok(())
    }

    /// An example or a binary.
    ///
    /// # Errors
    /// When there is none of that name.
    pub(crate) fn run(&self, target: &str) -> Result<Command> {
        self.all
            .iter()
            .find(|program| !program.is_test && program.target == target)
            .map(Program::run)
            .with_context(|| format!("no program {target} was built"))
    }

    /// The tests of those targets of the package in that folder.
    pub(crate) fn tests(&self, folder: &Path, targets: &[&str]) -> Vec<Command> {
        self.all
            .iter()
            .filter(|program| program.is_test && program.folder == folder)
            .filter(|program| targets.contains(&program.target.as_str()))
            .map(Program::run)
            .collect()
    }

    /// The tests of all packages but the one in that folder.
    pub(crate) fn tests_outside(&self, folder: &Path) -> Vec<Command> {
        self.all
            .iter()
            .filter(|program| program.is_test && program.folder != folder)
            .map(Program::run)
            .collect()
    }
}

/// Runs each to its end, and fails when there is none, or one has failed.
///
/// # Errors
/// Names those that failed.
pub(crate) fn run_all(commands: impl IntoIterator<Item = Command>) -> Result<()> {
    let mut failed = Vec::new();
    let mut count = 0;
    for mut command in commands {
        count += 1;
        let status = command.status().with_context(|| format!("{command:?}"))?;
        if !status.success() {
            failed.push(format!("{command:?} ({status})"));
        }
    }
    ensure!(count > 0, "there is nothing to run");
    ensure!(failed.is_empty(), "failed: {}", failed.join("; "));
    Ok(())
}
