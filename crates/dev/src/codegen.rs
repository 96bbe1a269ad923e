//! Generated files: written, committed, and compared in every check.

use crate::{paths, process};
use anyhow::{Context, Result, bail};
use std::process::Command;

/// A committed file and the program of ours that prints it.
struct Generated {
    file: &'static str,
    program: fn() -> Command,
}

const GENERATED: &[Generated] = &[
    Generated {
        file: "ui/src/ipc/bindings.ts",
        program: || {
            process::cargo(&[
                "run",
                "--quiet",
                "--locked",
                "--package",
                "seatline-shell",
                "--example",
                "export-bindings",
            ])
        },
    },
    Generated {
        file: "crates/center/openapi.json",
        program: || {
            process::cargo(&[
                "run",
                "--quiet",
                "--locked",
                "--package",
                "seatline-center",
                "--",
                "openapi",
            ])
        },
    },
];

/// Writes the generated files, or with `check` fails when one is out of date.
pub(crate) fn run(check: bool) -> Result<()> {
    let mut stale = Vec::new();
    for Generated { file, program } in GENERATED {
        let path = paths::root().join(file);
        let fresh = process::output(&mut program())?;
        let current = std::fs::read_to_string(&path).is_ok_and(|committed| committed == fresh);
        if check && !current {
            stale.push(*file);
        } else if !check {
            std::fs::write(&path, fresh).with_context(|| format!("cannot write {file}"))?;
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    bail!(
        "out of date: {}; run `cargo dev codegen` and commit the result",
        stale.join(", ")
    )
}
