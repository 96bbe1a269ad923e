//! `[sso]`: single sign-on by OpenID Connect.

use seatline_contract::sso::Passwords;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The variable that may hold the client's secret instead of a file.
pub const SECRET_VARIABLE: &str = "SEATLINE_SSO_CLIENT_SECRET";

/// Single sign-on by OpenID Connect. The client's secret stands in a file or in
/// `SEATLINE_SSO_CLIENT_SECRET`, never here.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Sso {
    /// The provider, as its own configuration spells it, such as `https://login.example.cn/realms/a`.
    pub issuer: String,
    /// What the provider calls this centre.
    pub client_id: String,
    /// File that holds the client's secret; without it and without the variable the centre is a
    /// public client, protected by PKCE alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret_file: Option<PathBuf>,
    /// The centre as browsers reach it, such as `https://center.example.cn:8443`. The provider has
    /// to know `ADDRESS/sso/callback` as redirect URI.
    pub address: String,
    /// What is asked of the provider; `openid` is always.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
    /// The claim of the ID token, or else of the provider's userinfo, that is the person's login here.
    #[serde(default = "claim")]
    pub claim: String,
    /// Taken off the end of that claim, such as `@example.cn`; a claim that ends otherwise is nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
    /// How the provider signs ID tokens. No other algorithm is taken.
    #[serde(default)]
    pub algorithm: Algorithm,
    /// PEM file of certificate authorities to trust for the provider besides the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority_file: Option<PathBuf>,
    /// Chinese name of the provider on the button.
    #[serde(default = "zh")]
    pub name_zh: String,
    /// English name of the provider on the button.
    #[serde(default = "en")]
    pub name_en: String,
    /// Who may still sign in with a password.
    #[serde(default = "passwords")]
    pub passwords: Passwords,
    /// Whether browser and desk have to reach the centre from the same address. It stops whoever
    /// sends somebody a link to a sign-in of their own; switch it off only where desks and browsers
    /// go different ways.
    #[serde(default = "same_address")]
    pub same_address: bool,
}

/// How a provider signs ID tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
pub enum Algorithm {
    /// RSA, PKCS #1 v1.5, SHA-256.
    #[default]
    RS256,
    /// RSA, PSS, SHA-256.
    PS256,
    /// ECDSA on P-256.
    ES256,
}

impl Algorithm {
    /// Its name in tokens and keys.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::PS256 => "PS256",
            Self::ES256 => "ES256",
        }
    }
}

impl Sso {
    /// What cannot work: the key in dotted form, and why.
    pub(super) fn fault(&self) -> Option<(&'static str, &'static str)> {
        let blank = |text: &str| text.trim().is_empty();
        if !self.issuer.starts_with("https://") {
            return Some(("sso.issuer", "does not begin with `https://`"));
        }
        if blank(&self.client_id) {
            return Some(("sso.client_id", "is empty"));
        }
        let host = self.address.strip_prefix("https://").unwrap_or_default();
        if host.is_empty() || host.contains(['/', '?', '#', '@']) {
            return Some((
                "sso.address",
                "is not `https://HOST` or `https://HOST:PORT`, without a path",
            ));
        }
        if blank(&self.claim) {
            return Some(("sso.claim", "is empty"));
        }
        if self.suffix.as_deref().is_some_and(blank) {
            return Some(("sso.suffix", "is empty: leave it out"));
        }
        if blank(&self.name_zh) || blank(&self.name_en) {
            return Some(("sso.name_zh", "or `name_en` is empty"));
        }
        None
    }
}

fn scopes() -> Vec<String> {
    ["openid", "profile", "email"].map(str::to_owned).into()
}

fn claim() -> String {
    "preferred_username".to_owned()
}

fn zh() -> String {
    "企业账号".to_owned()
}

fn en() -> String {
    "company account".to_owned()
}

fn passwords() -> Passwords {
    Passwords::Everybody
}

fn same_address() -> bool {
    true
}
