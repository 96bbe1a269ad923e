//! `cargo dev test`: every test there is, part by part, each with its time.

use crate::{
    package::{debian, windows},
    process::{cargo, npm, part, run as finish},
    setup::{self, clean},
    stage,
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
    /// The desk's end of the wire against Asterisk and baresip.
    Interop,
    /// Whole-system journeys through the real window and foreign peers.
    Journeys,
    /// The packages for Debian, built anew and tried in a clean root; what is written for macOS.
    Packages,
    /// The package for Windows, built anew and tried in Wine.
    Windows,
}

impl Part {
    /// Whether it uses the built window.
    fn needs_window(self) -> bool {
        matches!(
            self,
            Self::Ui | Self::Journeys | Self::Packages | Self::Windows
        )
    }
}

/// The tests that play on a stage of their own.
const RIG: [&str; 4] = ["test", "--locked", "--package", "seatline-tests"];

/// Of them, the journeys, with the rig's own tests.
const JOURNEYS: [&str; 4] = ["--lib", "--bins", "--test", "journeys"];

/// One test after another: each needs the stage for itself.
const SERIAL: [&str; 2] = ["--", "--test-threads=1"];

/// Runs the named parts, or all.
pub(crate) fn run(parts: &[Part]) -> Result<()> {
    let wants = |part| parts.is_empty() || parts.contains(&part);
    let purpose = if wants(Part::Windows) {
        setup::Purpose::Windows
    } else {
        setup::Purpose::Test
    };
    part("set-up", || setup::install(purpose))?;
    if parts.is_empty() || parts.iter().any(|part| part.needs_window()) {
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
    if wants(Part::Interop) {
        part("interop: build", || {
            finish(cargo(&RIG).args(["--test", "interop", "--no-run"]))
        })?;
        part("interop", || {
            let test = ["--offline", "--test", "interop"];
            finish(stage::in_private_network(cargo(&RIG).args(test)).args(SERIAL))
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
            finish(cargo(&RIG).args(JOURNEYS).arg("--no-run"))
        })?;
        part("journeys", || {
            let mut test = cargo(&RIG);
            test.arg("--offline").args(JOURNEYS);
            finish(stage::in_private_network(&test).args(SERIAL))
        })?;
    }
    if wants(Part::Packages) {
        let packages = debian::build_for_tests()?;
        part("packages: what they depend on", || {
            clean::prepare(&packages)
        })?;
        part("packages: build", || {
            finish(cargo(&RIG).args(["--test", "packages", "--no-run"]))
        })?;
        part("packages", || {
            let test = ["--offline", "--test", "packages"];
            finish(stage::as_superuser(cargo(&RIG).args(test)).args(SERIAL))
        })?;
    }
    if wants(Part::Windows) {
        windows::build_for_tests()?;
        part("windows: build", || {
            let centre = ["build", "--locked", "--package", "seatline-center"];
            finish(&mut cargo(&centre))?;
            finish(cargo(&RIG).args(["--test", "windows", "--no-run"]))
        })?;
        part("windows", || {
            let test = ["--offline", "--test", "windows"];
            finish(stage::in_private_network(cargo(&RIG).args(test)).args(SERIAL))
        })?;
    }
    Ok(())
}
