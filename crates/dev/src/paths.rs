//! Where things lie.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// The project's root folder.
pub(crate) fn root() -> PathBuf {
    // Set by cargo at build time; the binary is never moved out of its checkout.
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest
        .ancestors()
        .nth(2)
        .unwrap_or(manifest)
        .to_path_buf()
}

/// The folder of build results.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A program built in the development profile.
pub(crate) fn built(name: &str) -> PathBuf {
    target()
        .join("debug")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Where cargo keeps what it has downloaded.
pub(crate) fn cargo_home() -> Result<PathBuf> {
    std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))
        .context("there is neither CARGO_HOME nor HOME")
}

/// The Debian sid root with the programs that no stable distribution has; `seatline_tests::sid`
/// looks for it in the same place.
pub(crate) fn sid() -> PathBuf {
    cache().join("sid")
}

/// The clean Debian root that packages are tried in; the tests look for it in the same place.
pub(crate) fn clean() -> PathBuf {
    cache().join("bookworm")
}

/// What is kept between runs and shared by all checkouts.
fn cache() -> PathBuf {
    std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))
        .unwrap_or_else(target)
        .join("seatline")
}
