//! Why a single sign-on failed.

use super::token::TokenFault;
use crate::http::ApiFailure;
use seatline_contract::error::Code;
use thiserror::Error;

/// Why a single sign-on failed. The words are for the log.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum Fault {
    /// The provider does not answer: look at the network, and at the provider.
    #[error("the provider does not answer: {0}")]
    Away(String),
    /// Its certificate is not trusted: name its authority in `sso.authority_file`.
    #[error("the provider's certificate is refused: {0}")]
    Certificate(String),
    /// What it says is no OpenID Connect as configured: compare `[sso]` with the provider.
    #[error("the provider does not fit the configuration: {0}")]
    Provider(String),
    /// Its ID token does not hold.
    #[error("the ID token is refused: {0}")]
    Token(#[from] TokenFault),
    /// It took no code: replayed, too old, or issued to somebody else.
    #[error("the provider refuses the code: {0}")]
    Code(String),
    /// It let nobody through, or the person declined.
    #[error("the provider lets nobody through: {0}")]
    Refused(String),
    /// The token does not name anybody: look at `sso.claim` and `sso.suffix`.
    #[error("the ID token names nobody")]
    Nameless,
    /// The provider knows the person, the centre does not.
    #[error("nobody here has that login")]
    UnknownPerson,
    /// The account was disabled.
    #[error("the account is disabled")]
    Disabled,
    /// Too many failures, for so many seconds more.
    #[error("locked for {0} s")]
    Locked(u32),
    /// The centre's database failed.
    #[error("the database failed")]
    Storage,
}

impl Fault {
    /// The code a desk is told.
    pub(super) fn code(&self) -> Code {
        match self {
            Self::Away(_) => Code::SsoUnreachable,
            Self::Certificate(_) => Code::SsoUntrusted,
            Self::Provider(_) | Self::Token(_) | Self::Code(_) => Code::SsoRejected,
            Self::Refused(_) => Code::SsoRefused,
            Self::Nameless | Self::UnknownPerson => Code::SsoUnknownPerson,
            Self::Disabled => Code::AccountDisabled,
            Self::Locked(_) => Code::AccountLocked,
            Self::Storage => Code::Internal,
        }
    }
}

impl From<Fault> for ApiFailure {
    fn from(fault: Fault) -> Self {
        let failure = Self::from(fault.code()).detail(fault.to_string());
        match fault {
            Fault::Locked(seconds) => failure.retry_after(seconds),
            _ => failure,
        }
    }
}
