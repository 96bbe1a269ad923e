//! Signing for Windows (Authenticode) with a key that comes from outside, by osslsigncode: from the
//! Debian sid root, on Windows itself from the path.

use crate::{process::run as finish, setup::sid};
use anyhow::{Context, Result};
use clap::Args;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A key and whose it is. Nothing of it is kept or printed.
#[derive(Args)]
pub(crate) struct Signing {
    /// The key to sign with: PEM, without a password.
    #[arg(
        long,
        env = "SEATLINE_SIGNING_KEY",
        requires = "certificate",
        required = false
    )]
    pub(crate) key: PathBuf,
    /// Its certificate, then those between it and its authority: PEM.
    #[arg(
        long,
        env = "SEATLINE_SIGNING_CERTIFICATE",
        requires = "key",
        required = false
    )]
    pub(crate) certificate: PathBuf,
    /// The authority to verify the result against: PEM. Without it the certificate is its own.
    #[arg(long, env = "SEATLINE_SIGNING_AUTHORITY", requires = "key")]
    pub(crate) authority: Option<PathBuf>,
    /// A time stamp's server (RFC 3161), so that signatures outlive the certificate.
    #[arg(long, env = "SEATLINE_SIGNING_TIMESTAMP", requires = "key")]
    pub(crate) timestamp: Option<String>,
}

impl Signing {
    /// Signs a file in its place, once it is verified.
    ///
    /// # Errors
    /// When the key does not fit, or what is signed is not accepted.
    pub(crate) fn sign(&self, file: &Path) -> Result<()> {
        let signed = file.with_extension("signed");
        if signed.exists() {
            // osslsigncode writes over no file.
            fs::remove_file(&signed)?;
        }
        let mut texts = vec!["-n", "Seatline", "-h", "sha256"];
        if let Some(server) = &self.timestamp {
            texts.extend(["-ts", server]);
        }
        let files = [
            ("-certs", self.certificate.as_path()),
            ("-key", &self.key),
            ("-in", file),
            ("-out", &signed),
        ];
        osslsigncode("sign", &texts, &files)?;
        let authority = self.authority.as_ref().unwrap_or(&self.certificate);
        let files = [("-CAfile", authority.as_path()), ("-in", &signed)];
        osslsigncode("verify", &[], &files)?;
        Ok(fs::rename(signed, file)?)
    }
}

/// Runs osslsigncode on files, each named by its flag.
fn osslsigncode(order: &str, texts: &[&str], files: &[(&str, &Path)]) -> Result<()> {
    const PROGRAM: &str = "osslsigncode";
    if cfg!(windows) {
        let mut command = Command::new(PROGRAM);
        command.arg(order).args(texts);
        for (flag, file) in files {
            command.arg(flag).arg(file);
        }
        return finish(&mut command);
    }
    let mut seen = Vec::new();
    for (flag, file) in files {
        let file = std::path::absolute(file)?;
        let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else {
            anyhow::bail!("{} is no file", file.display());
        };
        let place = format!("{}/{}", sid::FOLDER, flag.trim_start_matches('-'));
        seen.push((flag, folder.to_path_buf(), place, name.to_owned()));
    }
    let mounts: Vec<(PathBuf, &str)> = seen
        .iter()
        .map(|(_, folder, place, _)| (folder.clone(), place.as_str()))
        .collect();
    let mut command = sid::command(PROGRAM, &mounts)?;
    command.arg(order).args(texts);
    for (flag, _, place, name) in &seen {
        command.arg(flag).arg(Path::new(place).join(name));
    }
    finish(&mut command).context("Authenticode")
}
