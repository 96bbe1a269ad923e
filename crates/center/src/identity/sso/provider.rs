//! Talking to the OpenID provider: its configuration, its keys, and redeeming a code.
//!
//! Configuration and keys are kept for an hour. A token signed with a key we do not know has the
//! keys read again, but not more often than every ten seconds: providers change keys whenever they
//! like, and nobody can make us ask for each token.

use super::{
    fault::Fault,
    token::{self, Claims, Expected, KeySet, TokenFault},
};
use crate::{clock::Clock, config};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{RequestBuilder, StatusCode, Url, redirect::Policy};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use seatline_contract::{secret::Secret, time::UnixMs};
use serde::{Deserialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use std::{error::Error, io, path::Path, sync::Arc, time::Duration};
use tokio::sync::Mutex;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a request may take in all.
const REQUEST: Duration = Duration::from_secs(10);
/// How long configuration and keys are taken for good.
const KEPT_MS: i64 = 3_600_000;
/// How long a failure stands before the provider is asked again.
const FAILURE_KEPT_MS: i64 = 2_000;
/// How often unknown keys may have the keys read again.
const KEYS_EVERY_MS: i64 = 10_000;
/// Largest answer that is read, in bytes.
const LARGEST: usize = 256 * 1024;

/// The provider, as configured.
pub(super) struct Provider {
    http: reqwest::Client,
    client: config::Sso,
    secret: Option<Secret>,
    redirect: String,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    provider: Option<(Arc<Endpoints>, UnixMs)>,
    keys: Option<(Arc<KeySet>, UnixMs)>,
    failure: Option<(Fault, UnixMs)>,
}

/// What a provider says of itself (OpenID Connect Discovery 1.0).
#[derive(Debug, Deserialize)]
struct Configuration {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    id_token_signing_alg_values_supported: Option<Vec<String>>,
    #[serde(default)]
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

struct Endpoints {
    authorization: Url,
    token: Url,
    keys: Url,
    /// Where what the ID token leaves out is told.
    person: Option<Url>,
    /// The secret goes into the body, because the provider takes no other way.
    secret_in_body: bool,
}

#[derive(Deserialize)]
struct Redeemed {
    id_token: Option<String>,
    access_token: Option<Secret>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_description: String,
}

impl Provider {
    /// Prepares to talk to it; nothing is sent yet.
    ///
    /// # Errors
    /// Says which file cannot be used.
    pub(super) fn new(client: config::Sso) -> Result<Self, String> {
        let secret = match &client.client_secret_file {
            Some(file) => Some(read_secret(file)?),
            None => std::env::var(config::SECRET_VARIABLE)
                .ok()
                .map(|secret| Secret::new(secret.trim()))
                .filter(|secret| !secret.expose().is_empty()),
        };
        let http = reqwest::Client::builder()
            .use_preconfigured_tls(trust(client.authority_file.as_deref())?)
            .https_only(true)
            .redirect(Policy::none())
            .connect_timeout(CONNECT)
            .timeout(REQUEST)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self {
            http,
            redirect: format!("{}/sso/callback", client.address),
            client,
            secret,
            known: Mutex::default(),
        })
    }

    /// Makes sure that a sign-in can begin.
    pub(super) async fn prove(&self, clock: &Clock) -> Result<(), Fault> {
        self.endpoints(clock).await.map(drop)
    }

    /// Where to send a person, with PKCE and a nonce.
    pub(super) async fn way(
        &self,
        clock: &Clock,
        state: &str,
        nonce: &str,
        verifier: &str,
    ) -> Result<Url, Fault> {
        let mut way = self.endpoints(clock).await?.authorization.clone();
        let mut scopes = vec!["openid"];
        let wanted = self.client.scopes.iter().map(String::as_str);
        scopes.extend(wanted.filter(|scope| *scope != "openid"));
        way.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client.client_id)
            .append_pair("redirect_uri", &self.redirect)
            .append_pair("scope", &scopes.join(" "))
            .append_pair("state", state)
            .append_pair("nonce", nonce)
            .append_pair("code_challenge", &challenge(verifier))
            .append_pair("code_challenge_method", "S256");
        Ok(way)
    }

    /// Redeems a code, judges the ID token it gives, and says what is known of the person.
    pub(super) async fn redeem(
        &self,
        clock: &Clock,
        code: &str,
        nonce: &str,
        verifier: &str,
    ) -> Result<Claims, Fault> {
        let endpoints = self.endpoints(clock).await?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect),
            ("code_verifier", verifier),
        ];
        let mut request = self.http.post(endpoints.token.clone());
        match &self.secret {
            Some(secret) if !endpoints.secret_in_body => {
                // RFC 6749, 2.3.1: both are form-encoded before they are joined.
                request = request.basic_auth(
                    form_encoded(&self.client.client_id),
                    Some(form_encoded(secret.expose())),
                );
            }
            Some(secret) => form.extend([
                ("client_id", self.client.client_id.as_str()),
                ("client_secret", secret.expose()),
            ]),
            None => form.push(("client_id", &self.client.client_id)),
        }
        let (status, body) = self.ask(request.form(&form)).await?;
        if !status.is_success() {
            return Err(match serde_json::from_slice::<Refusal>(&body) {
                Ok(refusal) => Fault::Code(format!(
                    "{} {}",
                    one_line(&refusal.error),
                    one_line(&refusal.error_description)
                )),
                Err(_) if status.is_server_error() => Fault::Away(format!("status {status}")),
                Err(_) => Fault::Code(format!("status {status}")),
            });
        }
        let redeemed: Redeemed = read(&body)?;
        let token = redeemed
            .id_token
            .ok_or_else(|| Fault::Provider("no ID token: is `openid` allowed?".into()))?;
        let claims = self.judge(clock, &token, nonce).await?;
        match (&endpoints.person, redeemed.access_token) {
            (Some(endpoint), Some(access)) if !claims.contains_key(&self.client.claim) => {
                self.ask_more(endpoint, &access, &claims).await
            }
            _ => Ok(claims),
        }
    }

    /// Who the person is, where the provider leaves that out of the ID token (OpenID Connect
    /// Core 1.0, 5.3). It counts only for the person of the token.
    async fn ask_more(
        &self,
        endpoint: &Url,
        access: &Secret,
        proved: &Claims,
    ) -> Result<Claims, Fault> {
        let request = self.http.get(endpoint.clone()).bearer_auth(access.expose());
        let (status, body) = self.ask(request).await?;
        if !status.is_success() {
            return Err(Fault::Provider(format!("status {status} at its userinfo")));
        }
        let told: Claims = read(&body)?;
        if told.get("sub") != proved.get("sub") {
            return Err(Fault::Provider(
                "its userinfo is about somebody else".into(),
            ));
        }
        Ok(told)
    }

    async fn judge(&self, clock: &Clock, token: &str, nonce: &str) -> Result<Claims, Fault> {
        let expected = Expected {
            algorithm: self.client.algorithm,
            issuer: &self.client.issuer,
            client: &self.client.client_id,
            nonce,
            now_s: clock.now().0.div_euclid(1000),
        };
        let keys = self.keys(clock, KEPT_MS).await?;
        match token::judge(token, &keys, &expected) {
            Err(TokenFault::UnknownKey) => {
                let keys = self.keys(clock, KEYS_EVERY_MS).await?;
                Ok(token::judge(token, &keys, &expected)?)
            }
            judged => Ok(judged?),
        }
    }

    async fn endpoints(&self, clock: &Clock) -> Result<Arc<Endpoints>, Fault> {
        let mut known = self.known.lock().await;
        let now = clock.now();
        if let Some((endpoints, read)) = &known.provider
            && now.since(*read) < KEPT_MS
        {
            return Ok(endpoints.clone());
        }
        if let Some((fault, at)) = &known.failure
            && now.since(*at) < FAILURE_KEPT_MS
        {
            return Err(fault.clone());
        }
        match self.discover().await {
            Ok(endpoints) => {
                let endpoints = Arc::new(endpoints);
                known.provider = Some((endpoints.clone(), now));
                known.failure = None;
                Ok(endpoints)
            }
            Err(fault) => {
                tracing::warn!(%fault, "single sign-on does not work");
                known.failure = Some((fault.clone(), now));
                Err(fault)
            }
        }
    }

    async fn discover(&self) -> Result<Endpoints, Fault> {
        let issuer = self.client.issuer.trim_end_matches('/');
        let found: Configuration = self
            .get(&format!("{issuer}/.well-known/openid-configuration"))
            .await?;
        let refuse = |what: String| Err(Fault::Provider(what));
        if found.issuer != self.client.issuer {
            return refuse(format!(
                "it calls itself {:?}; `sso.issuer` has to be the same",
                one_line(&found.issuer)
            ));
        }
        let algorithm = self.client.algorithm.name();
        let lacks = |list: &Option<Vec<String>>, wanted: &str| {
            list.as_ref()
                .is_some_and(|list| !list.iter().any(|it| it == wanted))
        };
        if lacks(&found.id_token_signing_alg_values_supported, algorithm) {
            return refuse(format!("it does not sign with {algorithm}"));
        }
        // Providers that do PKCE without saying so leave the list out.
        if lacks(&found.code_challenge_methods_supported, "S256") {
            return refuse("it does not know PKCE with S256".into());
        }
        let endpoint = |name: &str, text: &str| match Url::parse(text) {
            Ok(url) if url.scheme() == "https" && url.has_host() => Ok(url),
            _ => Err(Fault::Provider(format!("its {name} is no https address"))),
        };
        let person = found.userinfo_endpoint.as_deref();
        let methods = &found.token_endpoint_auth_methods_supported;
        Ok(Endpoints {
            authorization: endpoint("authorization_endpoint", &found.authorization_endpoint)?,
            token: endpoint("token_endpoint", &found.token_endpoint)?,
            keys: endpoint("jwks_uri", &found.jwks_uri)?,
            person: person
                .map(|text| endpoint("userinfo_endpoint", text))
                .transpose()?,
            secret_in_body: lacks(methods, "client_secret_basic")
                && !lacks(methods, "client_secret_post"),
        })
    }

    /// The provider's keys, read within the last so many milliseconds.
    async fn keys(&self, clock: &Clock, younger_than_ms: i64) -> Result<Arc<KeySet>, Fault> {
        let endpoints = self.endpoints(clock).await?;
        let mut known = self.known.lock().await;
        let now = clock.now();
        if let Some((keys, read)) = &known.keys
            && now.since(*read) < younger_than_ms
        {
            return Ok(keys.clone());
        }
        let keys: Arc<KeySet> = Arc::new(self.get(endpoints.keys.as_str()).await?);
        known.keys = Some((keys.clone(), now));
        Ok(keys)
    }

    async fn get<T: DeserializeOwned>(&self, url: &str) -> Result<T, Fault> {
        let (status, body) = self.ask(self.http.get(url)).await?;
        if status.is_server_error() {
            return Err(Fault::Away(format!("status {status} at {url}")));
        }
        if !status.is_success() {
            return Err(Fault::Provider(format!("status {status} at {url}")));
        }
        read(&body)
    }

    async fn ask(&self, request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), Fault> {
        let mut response = request.send().await.map_err(|error| explain(&error))?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| explain(&error))? {
            if body.len() + chunk.len() > LARGEST {
                return Err(Fault::Provider("an answer without end".into()));
            }
            body.extend_from_slice(&chunk);
        }
        Ok((status, body))
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Provider({})", self.client.issuer)
    }
}

/// The challenge of a verifier (RFC 7636, S256).
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// As `application/x-www-form-urlencoded` spells it.
fn form_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|error| Fault::Provider(error.to_string()))
}

/// What others wrote, for a log line.
pub(super) fn one_line(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(200).map(plain).collect()
}

fn read_secret(file: &Path) -> Result<Secret, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("sso.client_secret_file {}: {error}", file.display()))?;
    let secret = text.trim();
    if secret.is_empty() {
        return Err(format!(
            "sso.client_secret_file {} is empty",
            file.display()
        ));
    }
    Ok(Secret::new(secret))
}

/// Trusts the system's authorities and those of a file.
fn trust(file: Option<&Path>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(file) = file {
        let wrong = |error: &dyn Error| format!("sso.authority_file {}: {error}", file.display());
        for certificate in CertificateDer::pem_file_iter(file).map_err(|error| wrong(&error))? {
            let certificate = certificate.map_err(|error| wrong(&error))?;
            roots.add(certificate).map_err(|error| wrong(&error))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// What a failed request means.
fn explain(error: &reqwest::Error) -> Fault {
    let mut said = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        said.push_str(": ");
        said.push_str(&cause.to_string());
        next = cause.source();
    }
    if is_certificate(error) {
        Fault::Certificate(said)
    } else {
        Fault::Away(said)
    }
}

fn is_certificate(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return matches!(tls, rustls::Error::InvalidCertificate(_));
        }
        // An I/O error hides what it wraps from `source`.
        if let Some(inner) = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            && is_certificate(inner)
        {
            return true;
        }
        next = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_standard() {
        // RFC 7636, appendix B.
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
