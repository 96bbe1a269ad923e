//! Single sign-on: the desk begins it, the person's browser goes through it, the desk claims the
//! session.

use crate::{identity::Session, secret::Secret, time::UnixMs};
use serde::{Deserialize, Serialize};

/// Longest name of a tenant, in characters.
pub const LONGEST_TENANT: usize = 64;

/// Whether a centre that serves this tenant takes a desk that is set up for that one. Who has no
/// name fits everybody; case and spaces around do not count.
#[must_use]
pub fn serves(served: Option<&str>, said: Option<&str>) -> bool {
    let plain = |name: &str| name.trim().to_lowercase();
    let said = said.map(plain).filter(|said| !said.is_empty());
    match (served.map(plain), said) {
        (Some(served), Some(said)) => served == said,
        (None, _) | (_, None) => true,
    }
}

/// Single sign-on as a centre offers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct SsoOffer {
    /// Chinese name of the sign-in service.
    pub zh: String,
    /// English name of the sign-in service.
    pub en: String,
    /// Who may still sign in with a password.
    pub passwords: Passwords,
}

/// Who may sign in with a password beside single sign-on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Passwords {
    /// Everybody.
    Everybody,
    /// Administrators, for the day when the sign-in service is away.
    Administrators,
    /// Nobody.
    Nobody,
}

/// Body of `POST /api/v1/sso`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct BeginSso {
    /// Name of the computer, shown in the browser and when the agent signs in elsewhere.
    pub device: String,
    /// The tenant the computer is set up for, if it is for one.
    #[serde(default)]
    pub tenant: Option<String>,
}

/// Answer of `POST /api/v1/sso`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct SsoBegun {
    /// What claims the session. It stays on the desk: no browser ever sees it.
    #[serde(serialize_with = "crate::secret::reveal")]
    pub claim: Secret,
    /// The page to open in the person's own browser.
    pub address: String,
    /// A short code that window and page both show, such as `KD-4R`.
    pub code: String,
    /// When it is over (centre's clock).
    pub expires: UnixMs,
}

/// Body of `POST /api/v1/sso/claim` and `POST /api/v1/sso/cancel`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct ClaimSso {
    /// [`SsoBegun::claim`].
    #[serde(serialize_with = "crate::secret::reveal")]
    pub claim: Secret,
    /// Ends a session of the same agent elsewhere. Without it such a session is an error.
    #[serde(default)]
    pub take_over: bool,
}

/// Answer of `POST /api/v1/sso/claim`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct SsoAnswer {
    /// Whether the person has gone on to the sign-in service.
    pub opened: bool,
    /// The session, once the person is through.
    pub session: Option<Session>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_another_tenant_is_turned_away() {
        assert!(serves(None, None));
        assert!(serves(None, Some("north")));
        assert!(serves(Some("North"), None));
        assert!(serves(Some("North"), Some("")));
        assert!(serves(Some("North"), Some(" north ")));
        assert!(!serves(Some("North"), Some("south")));
    }
}
