//! `cargo dev bench NAME`: one benchmark of `tests/lab`, printed beside its rivals.

use crate::{process::run as finish, programs, setup, stage, window};
use anyhow::Result;

/// Builds everything in the release profile and runs the benchmark on a private stage.
pub(crate) fn run(name: &str) -> Result<()> {
    setup::install(setup::Purpose::Test)?;
    window::build()?;
    let lab = programs::release(programs::BINARIES)?.run("lab")?;
    finish(stage::in_private_network(&lab).arg(name))
}
