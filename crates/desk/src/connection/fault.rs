//! What a failed connection means, as a stable code.

use super::trust::Trust;
use crate::failure::{DeskCode, Failure};
use rustls::CertificateError;
use seatline_sip::{HttpProxy, HttpProxyError};
use std::{error::Error, io};

/// Finds the cause inside an error of the HTTP client, the event socket or the system.
pub(crate) fn explain(error: &(dyn Error + 'static), host: &str, trust: &Trust) -> Failure {
    let detail = chain(error);
    let failure = match find_tls(error) {
        Some(rustls::Error::InvalidCertificate(cause)) => match judge(cause) {
            DeskCode::CertificateUntrusted => {
                let code = if trust.has_accepted() {
                    DeskCode::CertificateChanged
                } else {
                    DeskCode::CertificateUntrusted
                };
                Failure::new(code).about(trust.refused().unwrap_or_else(|| host.to_owned()))
            }
            code => Failure::new(code).about(host),
        },
        Some(rustls::Error::InvalidMessage(_) | rustls::Error::AlertReceived(_)) => {
            Failure::new(DeskCode::NotACentre).about(host)
        }
        _ if speaks_no_http(error) => Failure::new(DeskCode::NotACentre).about(host),
        _ => Failure::new(DeskCode::CentreUnreachable).about(host),
    };
    failure.detail(detail)
}

/// What a failed way through a proxy to a host means.
pub(crate) fn explain_proxy(error: &HttpProxyError, proxy: &HttpProxy, host: &str) -> Failure {
    let failure = match error {
        HttpProxyError::Unreachable(_) => {
            Failure::new(DeskCode::ProxyUnreachable).about(proxy.to_string())
        }
        HttpProxyError::Refused(_) | HttpProxyError::NotAProxy => {
            Failure::new(DeskCode::ProxyRefused).about(proxy.to_string())
        }
        HttpProxyError::Beyond => Failure::new(DeskCode::CentreUnreachable).about(host),
    };
    failure.detail(chain(error))
}

fn judge(cause: &CertificateError) -> DeskCode {
    match cause {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => DeskCode::CertificateExpired,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            DeskCode::CertificateWrongHost
        }
        _ => DeskCode::CertificateUntrusted,
    }
}

fn find_tls<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        // An I/O error hides what it wraps from `source`.
        if let Some(inner) = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            let inner: &'e (dyn Error + 'static) = inner;
            if let Some(tls) = find_tls(inner) {
                return Some(tls);
            }
        }
        next = error.source();
    }
    None
}

/// Whether something answered, but not in HTTP.
fn speaks_no_http(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(http) = error.downcast_ref::<hyper::Error>() {
            return http.is_parse();
        }
        next = error.source();
    }
    false
}

/// The whole chain in one line, for the log.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;

    fn code_of(error: &(dyn Error + 'static)) -> crate::failure::FailureCode {
        let trust = Trust::new(&Policy::default(), None).unwrap();
        explain(error, "center.example.cn", &trust).code
    }

    #[test]
    fn the_cause_is_found_behind_io_errors() {
        for (cause, code) in [
            (CertificateError::Expired, DeskCode::CertificateExpired),
            (CertificateError::NotValidYet, DeskCode::CertificateExpired),
            (
                CertificateError::NotValidForName,
                DeskCode::CertificateWrongHost,
            ),
            (
                CertificateError::UnknownIssuer,
                DeskCode::CertificateUntrusted,
            ),
            (CertificateError::Revoked, DeskCode::CertificateUntrusted),
        ] {
            let inner = io::Error::other(rustls::Error::InvalidCertificate(cause));
            let outer = io::Error::other(inner);
            assert_eq!(code_of(&outer), crate::failure::FailureCode::Desk(code));
        }
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(
            code_of(&refused),
            crate::failure::FailureCode::Desk(DeskCode::CentreUnreachable)
        );
    }
}
