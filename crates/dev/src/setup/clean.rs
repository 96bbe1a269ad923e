//! A clean Debian 12 root, in which nothing is ever installed: the tests of our packages copy it
//! (`tests/packages`). What apt has to download for them is fetched here, because the tests
//! themselves have no network.

use super::debian::Root;
use crate::paths;
use anyhow::{Context, Result, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The suite our packages are made for.
const SUITE: &str = "bookworm";

/// What the tests use beside our packages and what those depend on: a driver for the window, a
/// Chinese font, and what says which program takes a link.
const TOOLS: &[&str] = &[
    "desktop-file-utils",
    "fonts-wqy-microhei",
    "libglib2.0-bin",
    "webkit2gtk-driver",
];

/// The lists of packages are fetched again after so many seconds; mirrors drop what is older.
const FRESH: u64 = 12 * 3600;

/// Makes the root if it is not there, and has its apt fetch the packages that ours depend on.
///
/// # Errors
/// When Debian's mirror cannot be reached, or has not what one of them depends on.
pub(crate) fn prepare(packages: &[PathBuf]) -> Result<()> {
    let root = Root::in_cache(paths::clean(), SUITE, "")?;
    let stamp = root.path().join("var/lib/apt/lists/seatline-updated");
    if !is_fresh(&stamp) {
        root.write("etc/apt/sources.list", &sources())?;
        root.apt(&["update"])?;
        root.write("var/lib/apt/lists/seatline-updated", "")?;
    }
    let mut wanted: Vec<String> = TOOLS.iter().map(|&tool| tool.to_owned()).collect();
    for package in packages {
        wanted.extend(dependencies(package)?);
    }
    let fetch = [
        "install",
        "--yes",
        "--no-install-recommends",
        "--download-only",
    ];
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    root.apt(&[&fetch, wanted.as_slice()].concat())
        .context("what our packages depend on cannot be had from Debian 12")
}

fn is_fresh(stamp: &Path) -> bool {
    let changed = fs::metadata(stamp).and_then(|data| data.modified());
    changed.is_ok_and(|then| then.elapsed().is_ok_and(|age| age.as_secs() < FRESH))
}

fn sources() -> String {
    let mirror = super::debian::mirror();
    let mirror = mirror.trim_end_matches('/');
    format!(
        "deb {mirror} {SUITE} main\n\
         deb {mirror} {SUITE}-updates main\n\
         deb {mirror}-security {SUITE}-security main\n"
    )
}

/// The first choice of each dependency, without its version.
fn dependencies(package: &Path) -> Result<Vec<String>> {
    let output = Command::new("dpkg-deb")
        .arg("--field")
        .arg(package)
        .arg("Depends")
        .output()
        .context("dpkg-deb")?;
    ensure!(
        output.status.success(),
        "{} is no package",
        package.display()
    );
    let field = String::from_utf8(output.stdout)?;
    Ok(names(&field))
}

fn names(field: &str) -> Vec<String> {
    let first = |choice: &str| {
        let name = choice.split(['|', '(']).next().unwrap_or_default().trim();
        (!name.is_empty()).then(|| name.to_owned())
    };
    field.split(',').filter_map(first).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn dependencies_are_read_without_versions_and_alternatives() {
        let field =
            "libc6 (>= 2.34), systemd | systemd-standalone-sysusers,\n libpulse0 (>= 0.99.1)\n";
        assert_eq!(super::names(field), ["libc6", "systemd", "libpulse0"]);
        assert!(super::names("").is_empty());
    }
}
