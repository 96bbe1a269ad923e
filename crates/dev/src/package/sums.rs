//! The SHA-256 of what was packaged.

use crate::process;
use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Writes the SHA-256 of each file into `SHA256SUMS`, and prints its size.
///
/// # Errors
/// When a file cannot be read.
pub(super) fn list(folder: &Path, files: &[PathBuf]) -> Result<()> {
    let mut lines = String::new();
    for file in files {
        let printed = process::output(&mut hash(file))?;
        let hash = printed
            .split_whitespace()
            .find(|word| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .with_context(|| format!("no SHA-256 of {}: {printed}", file.display()))?;
        let name = file.strip_prefix(folder).unwrap_or(file).to_string_lossy();
        lines += &format!(
            "{}  {}\n",
            hash.to_ascii_lowercase(),
            name.replace('\\', "/")
        );
        let megabytes = fs::metadata(file)?.len() as f64 / 1e6;
        println!("{megabytes:8.1} MB  {}", file.display());
    }
    Ok(fs::write(folder.join("SHA256SUMS"), lines)?)
}

/// The system's own program for SHA-256.
fn hash(file: &Path) -> Command {
    if cfg!(windows) {
        let mut command = Command::new("certutil");
        command.arg("-hashfile").arg(file).arg("SHA256");
        return command;
    }
    let mut command = Command::new(if cfg!(target_os = "macos") {
        "shasum"
    } else {
        "sha256sum"
    });
    if cfg!(target_os = "macos") {
        command.args(["-a", "256"]);
    }
    command.arg(file);
    command
}
