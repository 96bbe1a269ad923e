//! `cargo dev bench NAME`: one benchmark of `tests/lab`, printed beside its rivals.

use crate::{
    process::{npm, run as finish},
    programs, setup, stage,
};
use anyhow::Result;

/// Builds everything in the release profile and runs the benchmark on a private stage.
pub(crate) fn run(name: &str) -> Result<()> {
    setup::install(setup::Purpose::Test)?;
    finish(&mut npm(&["run", "--silent", "build"]))?;
    let release = [programs::BINARIES, &["--release"]].concat();
    let lab = programs::build(&release)?.run("lab")?;
    finish(stage::in_private_network(&lab).arg(name))
}
