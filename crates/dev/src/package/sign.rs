//! Signing for Windows (Authenticode) with a key that comes from outside, by osslsigncode: from the
//! Debian sid root, on Windows itself from the path.

use crate::{process::run as finish, setup::sid};
use anyhow::{Context, Result};
use base64::{Engine as _, prelude::BASE64_STANDARD};
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
    /// The authority to verify the result against: PEM. Without it the last certificate is trusted.
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
        if let Some(authority) = &self.authority {
            verify(&signed, authority)?;
        } else {
            let trusted = file.with_extension("trusted");
            let certificates = fs::read_to_string(&self.certificate)?;
            fs::write(&trusted, trust_last(&certificates)?)?;
            let verified = verify(&signed, &trusted);
            fs::remove_file(trusted)?;
            verified?;
        }
        Ok(fs::rename(signed, file)?)
    }
}

fn verify(signed: &Path, authority: &Path) -> Result<()> {
    let files = [("-CAfile", authority), ("-in", signed)];
    osslsigncode("verify", &[], &files)
}

/// The last certificate of a PEM file, as one that needs no authority above it. Left as it is,
/// OpenSSL takes only one that has signed itself.
fn trust_last(certificates: &str) -> Result<String> {
    /// What OpenSSL has follow the certificate (`X509_CERT_AUX`): trusted for any use (2.5.29.37.0).
    const ANY_USE: [u8; 10] = [0x30, 8, 0x30, 6, 6, 4, 0x55, 0x1d, 0x25, 0];
    let (_, last) = certificates
        .rsplit_once("-----BEGIN CERTIFICATE-----")
        .context("the file of the certificate holds none")?;
    let (body, _) = last
        .split_once("-----END CERTIFICATE-----")
        .context("the certificate has no end")?;
    let mut bytes = BASE64_STANDARD.decode(body.split_whitespace().collect::<String>())?;
    bytes.extend(ANY_USE);
    let body = BASE64_STANDARD.encode(bytes);
    // OpenSSL reads no longer lines.
    let lines = body.as_bytes().chunks(64).map(String::from_utf8_lossy);
    Ok(format!(
        "-----BEGIN TRUSTED CERTIFICATE-----\n{}\n-----END TRUSTED CERTIFICATE-----\n",
        lines.collect::<Vec<_>>().join("\n")
    ))
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
