//! Builds the window, which the shell embeds.

use crate::{
    paths,
    process::{npm, run as finish},
};
use anyhow::{Context, Result};
use std::{fs, path::Path, time::SystemTime};

/// What the window is made of, in its folder.
const SOURCES: [&str; 9] = [
    "src",
    "messages",
    "project.inlang/settings.json",
    "index.html",
    "card.html",
    "package-lock.json",
    "svelte.config.js",
    "tsconfig.json",
    "vite.config.ts",
];

/// Written from the others with each build.
const WRITTEN: &str = "paraglide";

/// A file of the built window, and of nothing that stands in for it.
const BUILT: &str = "dist/card.html";

/// Builds it, unless it is built from what there is: a new one has the shell compiled anew.
///
/// # Errors
/// When it does not build.
pub(crate) fn build() -> Result<()> {
    let folder = paths::root().join("ui");
    let file = folder.join(BUILT);
    if let Ok(built) = modified(&file) {
        let mut sources = SOURCES.iter().map(|source| newest(&folder.join(source)));
        if sources.all(|source| source.is_ok_and(|source| source < built)) {
            return Ok(());
        }
    }
    let begun = SystemTime::now();
    let quietly = ["run", "--silent", "build", "--", "--logLevel", "warn"];
    finish(&mut npm(&quietly))?;
    let file = fs::File::options().write(true).open(file).context(BUILT)?;
    // What changed while it was being built may not be in it.
    Ok(file.set_modified(begun)?)
}

fn modified(path: &Path) -> std::io::Result<SystemTime> {
    fs::metadata(path)?.modified()
}

/// When the file, or of a folder any file in it, was last written.
fn newest(path: &Path) -> std::io::Result<SystemTime> {
    if !path.is_dir() {
        return modified(path);
    }
    let mut newest = SystemTime::UNIX_EPOCH;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_name() != WRITTEN {
            newest = newest.max(self::newest(&entry.path())?);
        }
    }
    Ok(newest)
}
