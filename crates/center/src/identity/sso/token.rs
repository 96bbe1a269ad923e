//! Judging an ID token (OpenID Connect Core 1.0, 3.1.3.7). Pure: keys and time are arguments.
//!
//! The algorithm comes from the configuration, never from the token; a key serves it only if it is
//! of that kind.

use crate::config::Algorithm;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;

/// By how much the provider's clock may differ from ours, in seconds.
const SKEW_S: i64 = 60;
/// How long before it comes to us a token may have been made, in seconds.
const OLDEST_S: i64 = 600;

/// What a provider has said about somebody, proved.
pub(super) type Claims = Map<String, Value>;

/// The keys of a provider, as RFC 7517 spells them.
#[derive(Debug, Default, Clone, Deserialize)]
pub(super) struct KeySet {
    keys: Vec<Key>,
}

#[derive(Debug, Clone, Deserialize)]
struct Key {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// What a token has to say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) issuer: &'a str,
    pub(super) client: &'a str,
    pub(super) nonce: &'a str,
    /// Unix time in seconds.
    pub(super) now_s: i64,
}

/// Why a token does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum TokenFault {
    /// It is no signed token.
    #[error("no signed token")]
    Malformed,
    /// It is signed in another way than the configuration says.
    #[error("signed with another algorithm than configured")]
    WrongAlgorithm,
    /// None of the keys fits; the provider may have changed them.
    #[error("signed with a key the provider does not show")]
    UnknownKey,
    /// The signature is not the key's.
    #[error("the signature is wrong")]
    BadSignature,
    /// Another provider made it.
    #[error("made by another issuer")]
    WrongIssuer,
    /// It was made for another application.
    #[error("made for another audience")]
    WrongAudience,
    /// It belongs to another sign-in.
    #[error("made for another sign-in")]
    WrongNonce,
    /// Its time is up, or it was made long ago.
    #[error("out of date; compare the clocks")]
    Expired,
    /// It was made in the future.
    #[error("made in the future; compare the clocks")]
    FromTheFuture,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

/// Judges a token.
///
/// # Errors
/// See [`TokenFault`].
pub(super) fn judge(
    token: &str,
    keys: &KeySet,
    expected: &Expected<'_>,
) -> Result<Claims, TokenFault> {
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenFault::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(TokenFault::Malformed)?;
    let header: Header = read(header)?;
    if header.alg != expected.algorithm.name() {
        return Err(TokenFault::WrongAlgorithm);
    }
    // Nothing critical is understood.
    if header.crit.is_some() {
        return Err(TokenFault::Malformed);
    }
    let signature = decode(signature)?;
    let key = keys.pick(expected.algorithm, header.kid.as_deref())?;
    if !key.has_signed(expected.algorithm, signed.as_bytes(), &signature) {
        return Err(TokenFault::BadSignature);
    }
    let claims: Claims = read(payload)?;
    judge_claims(&claims, expected)?;
    Ok(claims)
}

fn judge_claims(claims: &Claims, expected: &Expected<'_>) -> Result<(), TokenFault> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let time = |name: &str| {
        let value = claims.get(name)?;
        // A few providers write fractions of a second.
        value.as_i64().or_else(|| Some(value.as_f64()? as i64))
    };
    if text("iss") != Some(expected.issuer) {
        return Err(TokenFault::WrongIssuer);
    }
    let audiences: Vec<Option<&str>> = match claims.get("aud") {
        Some(Value::String(audience)) => vec![Some(audience)],
        Some(Value::Array(all)) => all.iter().map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let client = Some(expected.client);
    // Made for several, it has to say for whom above all.
    let party_is_wrong = match claims.get("azp") {
        Some(party) => party.as_str() != client,
        None => audiences.len() > 1,
    };
    if !audiences.contains(&client) || party_is_wrong {
        return Err(TokenFault::WrongAudience);
    }
    if text("nonce") != Some(expected.nonce) {
        return Err(TokenFault::WrongNonce);
    }
    if text("sub").is_none_or(str::is_empty) {
        return Err(TokenFault::Malformed);
    }
    let (Some(expires), Some(made)) = (time("exp"), time("iat")) else {
        return Err(TokenFault::Malformed);
    };
    let now = expected.now_s;
    if expires.saturating_add(SKEW_S) <= now || made.saturating_add(OLDEST_S + SKEW_S) < now {
        return Err(TokenFault::Expired);
    }
    let not_before = time("nbf").unwrap_or(made).max(made);
    if not_before > now.saturating_add(SKEW_S) {
        return Err(TokenFault::FromTheFuture);
    }
    Ok(())
}

impl KeySet {
    /// The key of that name, or the only one there is for the algorithm.
    fn pick(&self, algorithm: Algorithm, kid: Option<&str>) -> Result<&Key, TokenFault> {
        let mut fitting = self.keys.iter().filter(|key| key.serves(algorithm));
        match kid {
            Some(kid) => fitting
                .find(|key| key.kid.as_deref() == Some(kid))
                .ok_or(TokenFault::UnknownKey),
            None => match (fitting.next(), fitting.next()) {
                (Some(only), None) => Ok(only),
                _ => Err(TokenFault::UnknownKey),
            },
        }
    }
}

impl Key {
    fn serves(&self, algorithm: Algorithm) -> bool {
        let kind = match algorithm {
            Algorithm::RS256 | Algorithm::PS256 => self.kty == "RSA",
            Algorithm::ES256 => self.kty == "EC" && self.crv.as_deref() == Some("P-256"),
        };
        kind && self.purpose.as_deref().is_none_or(|it| it == "sig")
            && self.alg.as_deref().is_none_or(|it| it == algorithm.name())
    }

    fn has_signed(&self, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> bool {
        let part = |part: &Option<String>| decode(part.as_deref()?).ok();
        match algorithm {
            Algorithm::RS256 | Algorithm::PS256 => {
                let (Some(n), Some(e)) = (part(&self.n), part(&self.e)) else {
                    return false;
                };
                // Keys below 2,048 bits are refused.
                let how = if algorithm == Algorithm::RS256 {
                    &signature::RSA_PKCS1_2048_8192_SHA256
                } else {
                    &signature::RSA_PSS_2048_8192_SHA256
                };
                RsaPublicKeyComponents { n, e }
                    .verify(how, signed, signature)
                    .is_ok()
            }
            Algorithm::ES256 => {
                let (Some(x), Some(y)) = (part(&self.x), part(&self.y)) else {
                    return false;
                };
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point)
                    .verify(signed, signature)
                    .is_ok()
            }
        }
    }
}

fn decode(text: &str) -> Result<Vec<u8>, TokenFault> {
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| TokenFault::Malformed)
}

fn read<T: serde::de::DeserializeOwned>(part: &str) -> Result<T, TokenFault> {
    serde_json::from_slice(&decode(part)?).map_err(|_| TokenFault::Malformed)
}

#[cfg(test)]
mod tests;
