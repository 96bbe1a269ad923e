//! `cargo dev test`: every test there is, part by part, each with its time.

use crate::{
    process::{cargo, npm, part, run as finish},
    setup, stage,
};
use anyhow::Result;
use clap::ValueEnum;

/// A part of the tests.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Unit and integration tests of the crates.
    Rust,
    /// The window's own tests, its build, and its accessibility.
    Ui,
    /// Whole-system journeys through the real window and foreign peers.
    Journeys,
}

/// Runs the named parts, or all.
pub(crate) fn run(parts: &[Part]) -> Result<()> {
    let wants = |part| parts.is_empty() || parts.contains(&part);
    part("set-up", || setup::install(setup::Purpose::Test))?;
    if wants(Part::Ui) || wants(Part::Journeys) {
        part("window: build", || {
            finish(&mut npm(&["run", "--silent", "build"]))
        })?;
    }
    if wants(Part::Rust) {
        part("crates", || {
            finish(&mut cargo(&[
                "test",
                "--quiet",
                "--no-fail-fast",
                "--locked",
                "--workspace",
                "--exclude",
                "seatline-tests",
            ]))
        })?;
    }
    if wants(Part::Ui) {
        part("window: tests", || finish(&mut npm(&["test", "--silent"])))?;
        part("window: accessibility and pictures", || {
            finish(&mut npm(&["run", "--silent", "look"]))
        })?;
        part("window: a call by keyboard", || {
            finish(&mut npm(&["run", "--silent", "walk"]))
        })?;
    }
    if wants(Part::Journeys) {
        part("journeys: build", || {
            finish(&mut cargo(&[
                "build",
                "--locked",
                "--package",
                "seatline-shell",
            ]))?;
            finish(&mut cargo(&[
                "build",
                "--locked",
                "--package",
                "seatline-center",
            ]))?;
            finish(&mut cargo(&[
                "test",
                "--locked",
                "--package",
                "seatline-tests",
                "--no-run",
            ]))
        })?;
        part("journeys", || {
            let test = [
                "test",
                "--locked",
                "--offline",
                "--package",
                "seatline-tests",
            ];
            finish(stage::in_private_network(&cargo(&test)).args(["--", "--test-threads=1"]))
        })?;
    }
    Ok(())
}
