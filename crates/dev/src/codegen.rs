//! Generated files: written, committed, and compared in every check.

use crate::{
    paths, process,
    programs::{self, Programs},
};
use anyhow::{Context, Result, bail};
use std::fs;

/// A committed file and how to make it anew.
struct Generated {
    file: &'static str,
    make: fn(&Programs) -> Result<String>,
}

/// The programs that make them.
const GENERATORS: [&str; 6] = [
    "--example",
    "export-bindings",
    "--example",
    "policy-files",
    "--bin",
    "seatline-center",
];

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
        make: |programs| policy_file(programs, "admx"),
    },
    Generated {
        file: "installers/windows/policy/zh-CN/Seatline.adml",
        make: |programs| policy_file(programs, "adml-zh"),
    },
    Generated {
        file: "installers/windows/policy/en-US/Seatline.adml",
        make: |programs| policy_file(programs, "adml-en"),
    },
    Generated {
        file: "installers/macos/policy.mobileconfig",
        make: |programs| policy_file(programs, "mobileconfig"),
    },
    Generated {
        file: "installers/policies.md",
        make: |programs| policy_file(programs, "page"),
    },
];

/// Writes the generated files, or with `check` fails when one is out of date.
///
/// # Errors
/// When their generators do not compile or fail, or a file is out of date.
pub(crate) fn run(check: bool) -> Result<()> {
    let programs = programs::build(&GENERATORS)?;
    let mut stale = Vec::new();
    for Generated { file, make } in GENERATED {
        let path = paths::root().join(file);
        let fresh = make(&programs).with_context(|| format!("cannot make {file}"))?;
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
fn bindings(programs: &Programs) -> Result<String> {
    let path = paths::target().join("bindings.ts");
    process::run(programs.run("export-bindings")?.arg(&path))?;
    fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// The centre's OpenAPI document.
fn document(programs: &Programs) -> Result<String> {
    process::output(programs.run("seatline-center")?.arg("openapi"))
}

/// A file that IT needs of the schema of managed settings.
fn policy_file(programs: &Programs, name: &str) -> Result<String> {
    process::output(programs.run("policy-files")?.arg(name))
}
