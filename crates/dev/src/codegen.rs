//! Generated files: written, committed, and compared in every check.

use crate::{paths, process};
use anyhow::{Context, Result, bail};
use std::fs;

/// A committed file and how to make it anew.
struct Generated {
    file: &'static str,
    make: fn() -> Result<String>,
}

const GENERATED: &[Generated] = &[
    Generated {
        file: "ui/src/ipc/bindings.ts",
        make: bindings,
    },
    Generated {
        file: "crates/center/openapi.json",
        make: document,
    },
    Generated {
        file: "installers/windows/policy/Seatline.admx",
        make: || policy_file("admx"),
    },
    Generated {
        file: "installers/windows/policy/zh-CN/Seatline.adml",
        make: || policy_file("adml-zh"),
    },
    Generated {
        file: "installers/windows/policy/en-US/Seatline.adml",
        make: || policy_file("adml-en"),
    },
    Generated {
        file: "installers/macos/policy.mobileconfig",
        make: || policy_file("mobileconfig"),
    },
    Generated {
        file: "installers/policies.md",
        make: || policy_file("page"),
    },
];

/// Writes the generated files, or with `check` fails when one is out of date.
pub(crate) fn run(check: bool) -> Result<()> {
    let mut stale = Vec::new();
    for Generated { file, make } in GENERATED {
        let path = paths::root().join(file);
        let fresh = make().with_context(|| format!("cannot make {file}"))?;
        let current = fs::read_to_string(&path).is_ok_and(|committed| committed == fresh);
        if check && !current {
            stale.push(*file);
        } else if !current {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&path, fresh).with_context(|| format!("cannot write {file}"))?;
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

/// The windows' TypeScript. Its generator writes only to files.
fn bindings() -> Result<String> {
    let path = paths::target().join("bindings.ts");
    let shell = ["--package", "seatline-shell", "--example"];
    let mut export = process::cargo(&["run", "--quiet", "--locked"]);
    export.args(shell).args(["export-bindings", "--"]);
    process::run(export.arg(&path))?;
    fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// The centre's OpenAPI document.
fn document() -> Result<String> {
    let mut print = process::cargo(&["run", "--quiet", "--locked"]);
    process::output(print.args(["--package", "seatline-center", "--", "openapi"]))
}

/// A file that IT needs of the schema of managed settings.
fn policy_file(name: &str) -> Result<String> {
    let example = ["--package", "seatline-desk", "--example", "policy-files"];
    let mut print = process::cargo(&["run", "--quiet", "--locked"]);
    process::output(print.args(example).args(["--", name]))
}
