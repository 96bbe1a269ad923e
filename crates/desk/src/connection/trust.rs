//! Which certificates are trusted: those of the system's and the site's authorities, and the one
//! self-made certificate whose fingerprint the person has accepted.

use crate::{
    failure::{DeskCode, Failure},
    policy::Policy,
};
use parking_lot::Mutex;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use sha2::{Digest, Sha256};
use std::sync::{Arc, OnceLock};

/// Judges a centre's certificate and remembers the last one it refused.
#[derive(Debug)]
pub(crate) struct Trust {
    authorities: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
    accepted: Option<String>,
    refused: Mutex<Option<String>>,
    presented: Mutex<Option<CertificateDer<'static>>>,
}

/// A certificate, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Certificate {
    /// Whose it is.
    pub(crate) subject: String,
    /// Who has signed it.
    pub(crate) issuer: String,
    /// The last day on which it is valid, `YYYY-MM-DD`.
    pub(crate) until: String,
    /// SHA-256 in hex.
    pub(crate) fingerprint: String,
}

impl Trust {
    /// Trusts the system's authorities, the policy's, and the accepted fingerprint (SHA-256 in
    /// hex, colons allowed).
    ///
    /// # Errors
    /// [`DeskCode::StorageFailed`] naming the policy's file if it cannot be read.
    pub(crate) fn new(policy: &Policy, accepted: Option<&str>) -> Result<Self, Failure> {
        let mut roots = system_roots().clone();
        if let Some(file) = policy.authority_file() {
            let fault = |detail: String| {
                Failure::new(DeskCode::StorageFailed)
                    .about(file.display().to_string())
                    .detail(detail)
            };
            let certificates =
                CertificateDer::pem_file_iter(file).map_err(|error| fault(error.to_string()))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| fault(error.to_string()))?;
                roots
                    .add(certificate)
                    .map_err(|error| fault(error.to_string()))?;
            }
        }
        let provider = Arc::new(ring::default_provider());
        // Without a single authority nothing but an accepted fingerprint is trusted.
        let authorities =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                .build()
                .ok();
        Ok(Self {
            authorities,
            provider,
            accepted: accepted.map(normalise),
            refused: Mutex::new(None),
            presented: Mutex::new(None),
        })
    }

    /// The fingerprint of the certificate refused last.
    pub(crate) fn refused(&self) -> Option<String> {
        self.refused.lock().clone()
    }

    /// The certificate a centre presented last, trusted or not.
    pub(crate) fn presented(&self) -> Option<Certificate> {
        let presented = self.presented.lock().clone()?;
        let (_, parsed) = x509_parser::parse_x509_certificate(&presented).ok()?;
        Some(Certificate {
            subject: parsed.subject().to_string(),
            issuer: parsed.issuer().to_string(),
            until: parsed.validity().not_after.to_datetime().date().to_string(),
            fingerprint: hex(&Sha256::digest(&presented)),
        })
    }

    /// Whether the person has accepted a certificate, so that any other is a change.
    pub(crate) fn has_accepted(&self) -> bool {
        self.accepted.is_some()
    }

    /// TLS as this trust judges it, for HTTPS, events and SIP alike.
    ///
    /// # Errors
    /// [`DeskCode::Internal`]; the cipher suites are fixed, so it does not happen.
    pub(crate) fn tls(self: &Arc<Self>) -> Result<Arc<ClientConfig>, Failure> {
        let config = ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| Failure::new(DeskCode::Internal).detail(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(self.clone())
            .with_no_client_auth();
        Ok(Arc::new(config))
    }
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.presented.lock() = Some(end_entity.clone().into_owned());
        let verdict = match &self.authorities {
            Some(authorities) => authorities.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            ),
            None => Err(CertificateError::UnknownIssuer.into()),
        };
        let Err(refusal) = verdict else {
            return verdict;
        };
        let fingerprint = hex(&Sha256::digest(end_entity));
        let accepted = self.accepted.as_ref() == Some(&fingerprint);
        // A self-made certificate is refused for its issuer before its dates are looked at.
        if !is_current(end_entity, now) {
            return Err(CertificateError::Expired.into());
        }
        if accepted {
            return Ok(ServerCertVerified::assertion());
        }
        *self.refused.lock() = Some(fingerprint);
        Err(refusal)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn is_current(certificate: &CertificateDer<'_>, now: UnixTime) -> bool {
    let Ok((_, parsed)) = x509_parser::parse_x509_certificate(certificate) else {
        // Not readable: the refusal stands on its own ground.
        return true;
    };
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let validity = parsed.validity();
    (validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&now)
}

/// The system's authorities, read once: that takes some tens of milliseconds.
fn system_roots() -> &'static RootCertStore {
    static ROOTS: OnceLock<RootCertStore> = OnceLock::new();
    ROOTS.get_or_init(|| {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(%error, "some of the system's certificates cannot be read");
        }
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.certs);
        roots
    })
}

fn normalise(fingerprint: &str) -> String {
    fingerprint
        .chars()
        .filter(char::is_ascii_hexdigit)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Layer, Raw, Source};

    #[test]
    fn fingerprints_are_compared_without_their_decoration() {
        assert_eq!(normalise("AB:cd 01"), "abcd01");
        assert_eq!(hex(&[0xab, 0x01]), "ab01");
    }

    #[test]
    fn a_missing_authority_file_is_named() {
        let file = Raw::Text("/nonexistent/ca.pem".into());
        let table = vec![("AuthorityFile".into(), file)];
        let policy = Policy::of([Layer::of_table(Source::File, table)]);
        let failure = Trust::new(&policy, None).unwrap_err();
        assert_eq!(failure.subject.as_deref(), Some("/nonexistent/ca.pem"));
    }
}
