//! The stable error codes, which the window translates. Text is never matched.

use serde::{Deserialize, Serialize};

/// Why a request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// Login or password is wrong.
    WrongCredentials,
    /// Too many failures; try again after [`ApiError::retry_after_s`].
    AccountLocked,
    /// The account was disabled by an administrator.
    AccountDisabled,
    /// The agent is signed in elsewhere; ask, then repeat with `take_over`.
    SignedInElsewhere,
    /// The computer is set up for another tenant than the centre serves.
    WrongTenant,
    /// This centre takes no password from this person: single sign-on alone.
    PasswordNotAllowed,
    /// The centre has no single sign-on.
    SsoOff,
    /// The sign-in service does not answer the centre.
    SsoUnreachable,
    /// The centre does not trust the certificate of the sign-in service.
    SsoUntrusted,
    /// What the sign-in service says does not hold: another audience, a bad signature, a code that
    /// was used, no OpenID Connect.
    SsoRejected,
    /// The sign-in service let nobody through: refused, cancelled, or not for this application.
    SsoRefused,
    /// The sign-in service knows the person, the centre does not.
    SsoUnknownPerson,
    /// Nobody finished the single sign-on in time, or it was used or cancelled.
    SsoExpired,
    /// The session ended; sign in again.
    SessionEnded,
    /// The person may not do this.
    Forbidden,
    /// The one-time set-up code is wrong or used.
    WrongSetupCode,
    /// No such thing, or not for this person's eyes.
    NotFound,
    /// A field is missing or malformed; [`ApiError::field`] names it.
    InvalidField,
    /// The body is not what the route takes.
    MalformedRequest,
    /// The body is larger than the route takes.
    TooLarge,
    /// Somebody changed it meanwhile, or the state no longer allows it.
    Conflict,
    /// The idempotency key was used for a different write.
    KeyReused,
    /// The number cannot be dialled.
    UnplayableNumber,
    /// The number is known but not allowed from here.
    NumberNotAllowed,
    /// No trunk can carry the call now.
    NoTrunk,
    /// A disposition is required before wrap-up ends.
    DispositionRequired,
    /// The colleague is not signed in, has no working line or is in another call.
    ColleagueUnavailable,
    /// The conference has as many parties as it may.
    ConferenceFull,
    /// The agent has no working line (SIP registration) to ring.
    LineNotReady,
    /// Too many requests; wait [`ApiError::retry_after_s`].
    TooManyRequests,
    /// The centre's disk is full; what was sent is kept on the desk and tried again.
    StorageFull,
    /// The centre is starting, stopping or overloaded; try again.
    Unavailable,
    /// A fault in the centre; it is in its log.
    Internal,
}

/// Body of every answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct ApiError {
    /// What happened.
    pub code: Code,
    /// The field at fault, in dotted form such as `numbers.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Seconds after which trying again makes sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
    /// English detail for logs; never shown as is and never matched.
    #[serde(default)]
    pub detail: String,
}

impl ApiError {
    /// An error that needs no more than its code.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self {
            code,
            field: None,
            retry_after_s: None,
            detail: String::new(),
        }
    }

    /// The same error with a detail for the log.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// [`Code::InvalidField`] naming the field.
    #[must_use]
    pub fn field(field: impl Into<String>) -> Self {
        Self {
            field: Some(field.into()),
            ..Self::new(Code::InvalidField)
        }
    }
}
