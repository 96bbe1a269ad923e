//! The certificate: the one configured, or one of the centre's own making.

use crate::{Config, key::create_private};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::{
    io::Write,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Why there is no usable certificate.
#[derive(Debug, Error)]
pub enum CertificateError {
    /// A file cannot be read or is not PEM of the right sort.
    #[error("{} holds no usable {what}: {detail}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// `certificate` or `private key`.
        what: &'static str,
        /// What the reader says.
        detail: String,
    },
    /// Certificate and key do not belong together, or are of an unusable sort.
    #[error("the certificate {} and its key {} do not work together: {detail}", certificate.display(), key.display())]
    Mismatch {
        /// The certificate file.
        certificate: PathBuf,
        /// The key file.
        key: PathBuf,
        /// What the TLS library says.
        detail: String,
    },
    /// The centre's own certificate could not be made or written.
    #[error("the centre's own certificate could not be made in {}: {detail}", folder.display())]
    NotMade {
        /// The data folder.
        folder: PathBuf,
        /// What went wrong.
        detail: String,
    },
}

/// A certificate chain with its key, and where both came from.
pub(super) struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
    pub(super) files: (PathBuf, PathBuf),
}

/// Reads the configured certificate, or the centre's own, which it makes at the first start.
pub(super) fn load(config: &Config) -> Result<Identity, CertificateError> {
    let files = match (&config.certificate, &config.certificate_key) {
        (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
        _ => own(config)?,
    };
    let unreadable =
        |file: &Path, what, error: &dyn std::fmt::Display| CertificateError::Unreadable {
            file: file.to_owned(),
            what,
            detail: error.to_string(),
        };
    let chain: Vec<_> = CertificateDer::pem_file_iter(&files.0)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(&files.0, "certificate", &error))?;
    if chain.is_empty() {
        return Err(unreadable(&files.0, "certificate", &"there is none in it"));
    }
    let key = PrivateKeyDer::from_pem_file(&files.1)
        .map_err(|error| unreadable(&files.1, "private key", &error))?;
    Ok(Identity { chain, key, files })
}

/// The files of the centre's own certificate, made if they are not there.
fn own(config: &Config) -> Result<(PathBuf, PathBuf), CertificateError> {
    let certificate = config.data_dir.join("certificate.pem");
    let key = config.data_dir.join("certificate-key.pem");
    if !certificate.exists() || !key.exists() {
        make(config, &certificate, &key).map_err(|detail| CertificateError::NotMade {
            folder: config.data_dir.clone(),
            detail,
        })?;
    }
    Ok((certificate, key))
}

fn make(config: &Config, certificate: &Path, key: &Path) -> Result<(), String> {
    let say = |error: &dyn std::fmt::Display| error.to_string();
    let pair = KeyPair::generate().map_err(|error| say(&error))?;
    let mut params = CertificateParams::new(config.hosts.clone()).map_err(|error| say(&error))?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, format!("{} (Seatline)", config.name));
    params.distinguished_name = name;
    params.not_before = rcgen::date_time_ymd(2024, 1, 1);
    params.not_after = rcgen::date_time_ymd(2044, 1, 1);
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let signed = params.self_signed(&pair).map_err(|error| say(&error))?;
    // A key without its certificate is useless, so it goes first and is made anew if that is all there is.
    let _ = std::fs::remove_file(key);
    let mut file = create_private(key).map_err(|error| say(&error))?;
    file.write_all(pair.serialize_pem().as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|error| say(&error))?;
    std::fs::write(certificate, signed.pem()).map_err(|error| say(&error))
}
