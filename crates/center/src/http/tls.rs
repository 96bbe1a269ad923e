//! TLS 1.2 and 1.3 with rustls; nothing older, nothing in clear.

use super::certificate::{self, CertificateError};
use crate::Config;
use rustls::{ServerConfig, crypto::ring};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// Makes what accepts TLS connections.
///
/// # Errors
/// See [`CertificateError`]; each names the file.
pub(crate) fn acceptor(config: &Config) -> Result<TlsAcceptor, CertificateError> {
    let identity = certificate::load(config)?;
    let (certificate, key) = identity.files;
    let mismatch = |error: rustls::Error| CertificateError::Mismatch {
        certificate: certificate.clone(),
        key: key.clone(),
        detail: error.to_string(),
    };
    let mut server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(&mismatch)?
        .with_no_client_auth()
        .with_single_cert(identity.chain, identity.key)
        .map_err(&mismatch)?;
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(server)))
}
