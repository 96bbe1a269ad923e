//! `cargo dev test`: every test there is, part by part, each with its time.

use crate::{
    cross::{self, Beside, System},
    package::{debian, windows},
    paths,
    process::{cargo, npm, part, run as finish},
    programs::{self, run_all},
    setup::{self, clean},
    stage, window,
};
use anyhow::Result;
use clap::ValueEnum;
use std::path::PathBuf;

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
    /// Everything, type-checked for macOS.
    Macos,
}

/// One test after another: each needs the stage for itself.
const SERIAL: &str = "--test-threads=1";

/// The tests of the whole system, which play on a stage of their own.
fn whole_system() -> PathBuf {
    paths::root().join("tests")
}

/// Runs the named parts, or all.
pub(crate) fn run(parts: &[Part]) -> Result<()> {
    let wants = |part| parts.is_empty() || parts.contains(&part);
    let purpose = if wants(Part::Windows) || wants(Part::Macos) {
        setup::Purpose::Windows
    } else {
        setup::Purpose::Test
    };
    part("set-up", || setup::install(purpose))?;
    part("window: build", window::build)?;
    let mut beside = Beside::default();
    if wants(Part::Windows) {
        beside.start(System::Windows, &windows::building_for_tests()?)?;
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
    if parts == [Part::Ui] {
        return Ok(());
    }
    let programs = part("build", || programs::build(programs::ALL))?;
    if wants(Part::Rust) {
        part("crates", || {
            let tests = programs.tests_outside(&whole_system()).into_iter();
            let own = cargo(&["test", "--locked", "--package", "seatline-dev", "--"]);
            run_all(tests.chain([own]).map(|mut test| {
                test.arg("--quiet");
                test
            }))
        })?;
    }
    let on_stage = |targets| {
        let tests = programs.tests(&whole_system(), targets).into_iter();
        run_all(tests.map(|test| {
            let mut test = stage::in_private_network(&test);
            test.arg(SERIAL);
            test
        }))
    };
    if wants(Part::Interop) {
        part("interop", || on_stage(&["interop"]))?;
    }
    if wants(Part::Journeys) {
        // With the tests of the rig itself and of the benchmarks'.
        part("journeys", || {
            on_stage(&["seatline_tests", "lab", "journeys"])
        })?;
    }
    if wants(Part::Packages) {
        let packages = debian::build_for_tests()?;
        part("packages: what they depend on", || {
            clean::prepare(&packages)
        })?;
        part("packages", || {
            let tests = programs.tests(&whole_system(), &["packages"]).into_iter();
            run_all(tests.map(|test| {
                let mut test = stage::as_superuser(&test);
                test.arg(SERIAL);
                test
            }))
        })?;
    }
    if wants(Part::Windows) {
        part("windows: programs", || beside.finish(System::Windows))?;
        windows::build_for_tests()?;
    }
    if wants(Part::Macos) {
        // Not sooner: they share build scripts and macros, and one waits for the other's.
        beside.start(System::MacOs, &cross::checking(System::MacOs)?)?;
    }
    if wants(Part::Windows) {
        part("windows", || on_stage(&["windows"]))?;
    }
    if wants(Part::Macos) {
        part("macos", || beside.finish(System::MacOs))?;
    }
    Ok(())
}
