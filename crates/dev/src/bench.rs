//! `cargo dev bench NAME`: one benchmark of `tests/lab`, printed beside its rivals.

use crate::{
    process::{cargo, npm, run as finish},
    setup, stage,
};
use anyhow::Result;

/// Builds everything in the release profile and runs the benchmark on a private stage.
pub(crate) fn run(name: &str) -> Result<()> {
    setup::install(setup::Purpose::Test)?;
    finish(&mut npm(&["run", "--silent", "build"]))?;
    for package in ["seatline-shell", "seatline-center", "seatline-tests"] {
        finish(&mut cargo(&[
            "build",
            "--release",
            "--locked",
            "--package",
            package,
            // The bare window, a rival, is an example.
            "--bins",
            "--examples",
        ]))?;
    }
    let bench = [
        "run",
        "--release",
        "--locked",
        "--offline",
        "--package",
        "seatline-tests",
    ];
    finish(stage::in_private_network(&cargo(&bench)).args(["--bin", "lab", "--", name]))
}
