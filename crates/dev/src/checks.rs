//! The checks that need no server: formatting, lints, workflows, generated files, licences.

use crate::{
    codegen,
    cross::{self, System},
    process::{cargo, npm, part, run as finish},
    programs, setup, window,
};
use anyhow::Result;

/// Runs the fast checks; with `all`, also those of the window and of the supply chain; then those
/// for other systems.
pub(crate) fn run(all: bool, systems: impl IntoIterator<Item = System>) -> Result<()> {
    part("formatting", || {
        finish(&mut cargo(&["fmt", "--all", "--check"]))
    })?;
    if all {
        part("set-up", || setup::install(setup::Purpose::Test))?;
        part("window: types and build", || {
            finish(&mut npm(&["run", "--silent", "check"]))?;
            window::build()
        })?;
        part("workflows", || {
            finish(&mut npm(&["run", "--silent", "workflows"]))
        })?;
        // The tests run what this builds.
        part("build, with clippy", || {
            programs::build(programs::ALL)?.ensure_clean()
        })?;
    }
    part("clippy", || {
        let rest = if all {
            ["--package", "seatline-dev"].as_slice()
        } else {
            &["--workspace"]
        };
        let mut clippy = cargo(&["clippy", "--quiet", "--all-targets", "--locked"]);
        finish(clippy.args(rest).args(["--", "--deny", "warnings"]))
    })?;
    if all {
        part("generated files", || codegen::run(true))?;
        part("licences, bans, sources", || {
            finish(&mut cargo(&[
                "deny", "--locked", "check", "licenses", "bans", "sources",
            ]))
        })?;
    }
    for system in systems {
        part(system.name(), || cross::check(system))?;
    }
    Ok(())
}
