//! The centre's HTTPS API.

use super::{
    address::Address,
    fault,
    trust::{Certificate, Trust},
};
use crate::{
    failure::{DeskCode, Failure},
    policy::Policy,
};
use parking_lot::RwLock;
use reqwest::{Method, StatusCode};
use rustls::ClientConfig;
use seatline_contract::{
    API_VERSION, IDEMPOTENCY_KEY,
    about::{About, PRODUCT},
    error::{ApiError, Code},
    id::WriteId,
    secret::Secret,
};
use seatline_sip::HttpProxy;
use serde::{Serialize, de::DeserializeOwned};
use std::{sync::Arc, time::Duration};
use tokio::net::TcpStream;
use uuid::Uuid;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a request may take in all.
pub(crate) const REQUEST: Duration = Duration::from_secs(15);
/// How long a large file may stand still.
const STALL: Duration = Duration::from_secs(30);
/// Largest refusal of a file that is read, in bytes.
const LARGEST_REFUSAL: usize = 64 * 1024;

/// One centre's API, with the session's token once there is one.
pub(crate) struct Client {
    http: reqwest::Client,
    address: Address,
    tls: Arc<ClientConfig>,
    trust: Arc<Trust>,
    proxy: Option<HttpProxy>,
    token: RwLock<Option<Secret>>,
}

impl Client {
    /// Prepares to talk to the centre at `address`; nothing is sent yet.
    ///
    /// # Errors
    /// Those of [`Trust::new`].
    pub(crate) fn new(
        address: Address,
        policy: &Policy,
        accepted: Option<&str>,
        version: &str,
    ) -> Result<Self, Failure> {
        let trust = Arc::new(Trust::new(policy, accepted)?);
        let tls = trust.tls()?;
        let internal =
            |error: reqwest::Error| Failure::new(DeskCode::Internal).detail(error.to_string());
        let proxy = policy.proxy();
        let http = reqwest::Client::builder();
        let http = match &proxy {
            Some(proxy) => {
                let way = reqwest::Proxy::all(proxy.to_string());
                http.proxy(way.map_err(internal)?)
            }
            None => http.no_proxy(),
        };
        let http = http
            .use_preconfigured_tls(ClientConfig::clone(&tls))
            .user_agent(format!("seatline-desk/{version}"))
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(REQUEST)
            .build()
            .map_err(internal)?;
        Ok(Self {
            http,
            address,
            tls,
            trust,
            proxy,
            token: RwLock::new(None),
        })
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    pub(crate) fn tls(&self) -> Arc<ClientConfig> {
        self.tls.clone()
    }

    /// The proxy on the way to the centre.
    pub(crate) fn proxy(&self) -> Option<&HttpProxy> {
        self.proxy.as_ref()
    }

    /// A connection to the centre, through the proxy if there is one. Nothing is said yet.
    ///
    /// # Errors
    /// [`DeskCode::CentreUnreachable`] and the proxy's codes.
    pub(crate) async fn connect(&self) -> Result<TcpStream, Failure> {
        let (host, port) = (self.address.host(), self.address.port());
        match &self.proxy {
            Some(proxy) => {
                let connected = proxy.connect(host, port).await;
                connected
                    .map_err(|error| fault::explain_proxy(&error, proxy, &self.address.authority()))
            }
            None => {
                let connected = TcpStream::connect((host, port)).await;
                connected.map_err(|error| self.explain(&error))
            }
        }
    }

    /// The certificate the centre presented last.
    pub(crate) fn certificate(&self) -> Option<Certificate> {
        self.trust.presented()
    }

    pub(crate) fn token(&self) -> Option<Secret> {
        self.token.read().clone()
    }

    pub(crate) fn set_token(&self, token: Option<Secret>) {
        *self.token.write() = token;
    }

    /// Explains an error of a connection to this centre.
    pub(crate) fn explain(&self, error: &(dyn std::error::Error + 'static)) -> Failure {
        fault::explain(error, &self.address.authority(), &self.trust)
    }

    /// The same for a request, whose address may hold what the agent searched for.
    fn explain_request(&self, error: reqwest::Error) -> Failure {
        self.explain(&error.without_url())
    }

    /// The same for a request that got no answer. What a proxy said is not to be had from the HTTP
    /// client, so it is asked again.
    async fn explain_silence(&self, error: reqwest::Error) -> Failure {
        if self.proxy.is_some()
            && error.is_connect()
            && let Err(failure) = self.connect().await
        {
            return failure;
        }
        self.explain_request(error)
    }

    /// Asks who is there, and makes sure that it is a centre this desk understands.
    ///
    /// # Errors
    /// The connection's codes, [`DeskCode::NotACentre`], [`DeskCode::VersionMismatch`].
    pub(crate) async fn about(&self) -> Result<About, Failure> {
        let stranger = |detail: String| {
            Failure::new(DeskCode::NotACentre)
                .about(self.address.authority())
                .detail(detail)
        };
        let response = self.send(Method::GET, "/api/v1/about", None, None).await?;
        let status = response.status();
        let body = response
            .bytes()
            .await
            .map_err(|error| self.explain_request(error))?;
        if status == StatusCode::NOT_FOUND || status.is_redirection() {
            return Err(stranger(format!("status {status}")));
        }
        if !status.is_success() {
            // A centre that is starting or stopping says so in its own form.
            return Err(match serde_json::from_slice::<ApiError>(&body) {
                Ok(error) => error.into(),
                Err(_) => stranger(format!("status {status}")),
            });
        }
        let about: About =
            serde_json::from_slice(&body).map_err(|error| stranger(error.to_string()))?;
        if about.product != PRODUCT {
            return Err(stranger("another product".into()));
        }
        if about.api_version != API_VERSION {
            return Err(Failure::new(DeskCode::VersionMismatch).about(about.version));
        }
        Ok(about)
    }

    /// Reads.
    ///
    /// # Errors
    /// The connection's and the centre's codes.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let response = self.send(Method::GET, path, None, None).await?;
        self.decode(response).await
    }

    /// Reads what is not JSON.
    ///
    /// # Errors
    /// The connection's and the centre's codes.
    pub(crate) async fn read(&self, path: &str) -> Result<Vec<u8>, Failure> {
        let response = self.send(Method::GET, path, None, None).await?;
        if !response.status().is_success() {
            return self.decode(response).await;
        }
        let body = response.bytes().await;
        Ok(body.map_err(|error| self.explain_request(error))?.into())
    }

    /// Reads a file piece by piece, in no more than this time. `take` gets each piece, and how much
    /// there is in all if the centre says so.
    ///
    /// # Errors
    /// The connection's and the centre's codes, those of `take`; [`DeskCode::UpdateTooLarge`] when
    /// there is more than `largest` bytes, [`DeskCode::UpdateBroken`] when it ends before its end.
    pub(crate) async fn fetch(
        &self,
        path: &str,
        largest: u64,
        within: Duration,
        mut take: impl FnMut(&[u8], Option<u64>) -> Result<(), Failure> + Send,
    ) -> Result<(), Failure> {
        let too_large = || Failure::new(DeskCode::UpdateTooLarge);
        let broken = |detail: String| Failure::new(DeskCode::UpdateBroken).detail(detail);
        let url = format!("{}{path}", self.address);
        let asked = self.ask(self.http.get(url).timeout(within));
        let answered = tokio::time::timeout(REQUEST, asked).await;
        let mut response = answered.map_err(|_| {
            Failure::new(DeskCode::CentreUnreachable)
                .about(self.address.authority())
                .detail("no answer in time")
        })??;
        if !response.status().is_success() {
            return Err(self.refused_file(response).await);
        }
        let whole = response.content_length();
        if whole.is_some_and(|whole| whole > largest) {
            return Err(too_large());
        }
        let mut had = 0_u64;
        loop {
            let piece = tokio::time::timeout(STALL, response.chunk()).await;
            let piece = piece.map_err(|_| broken("it stands still".into()))?;
            let piece = piece.map_err(|error| broken(error.without_url().to_string()))?;
            let Some(piece) = piece else {
                return Ok(());
            };
            had = had.saturating_add(piece.len() as u64);
            if had > largest {
                return Err(too_large());
            }
            take(&piece, whole)?;
        }
    }

    /// Reads, with parameters.
    ///
    /// # Errors
    /// The connection's and the centre's codes.
    pub(crate) async fn find<T: DeserializeOwned>(
        &self,
        path: &str,
        parameters: &(impl Serialize + ?Sized),
    ) -> Result<T, Failure> {
        let url = format!("{}{path}", self.address);
        let request = self.http.get(url).query(parameters);
        let response = self.ask(request).await?;
        self.decode(response).await
    }

    /// Writes once, now, and reads the answer; for what makes no sense later.
    ///
    /// # Errors
    /// The connection's and the centre's codes.
    pub(crate) async fn write<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        let body = serde_json::to_vec(body)
            .map_err(|error| Failure::new(DeskCode::Internal).detail(error.to_string()))?;
        let key = WriteId(Uuid::new_v4());
        let response = self.send(method, path, Some(key), Some(body)).await?;
        self.decode(response).await
    }

    /// Writes under a key made earlier; a repeat under the same key does nothing twice.
    ///
    /// # Errors
    /// The connection's and the centre's codes.
    pub(crate) async fn deliver(
        &self,
        method: Method,
        path: &str,
        key: WriteId,
        body: Vec<u8>,
    ) -> Result<(), Failure> {
        let response = self.send(method, path, Some(key), Some(body)).await?;
        self.decode::<serde::de::IgnoredAny>(response)
            .await
            .map(|_| ())
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        key: Option<WriteId>,
        body: Option<Vec<u8>>,
    ) -> Result<reqwest::Response, Failure> {
        let mut request = self.http.request(method, format!("{}{path}", self.address));
        if let Some(key) = key {
            request = request.header(IDEMPOTENCY_KEY, key.to_string());
        }
        if let Some(body) = body {
            request = request
                .header(reqwest::header::CONTENT_TYPE, "application/json")
                .body(body);
        }
        self.ask(request).await
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> Result<reqwest::Response, Failure> {
        let request = match self.token() {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        };
        match request.send().await {
            Ok(response) => Ok(response),
            Err(error) => Err(self.explain_silence(error).await),
        }
    }

    /// Why there is no file, from no more of the answer than a refusal has.
    async fn refused_file(&self, mut response: reqwest::Response) -> Failure {
        let mut body = Vec::new();
        let read = async {
            while body.len() < LARGEST_REFUSAL
                && let Ok(Some(piece)) = response.chunk().await
            {
                body.extend_from_slice(&piece);
            }
        };
        // What has come by then has to do.
        let _ = tokio::time::timeout(REQUEST, read).await;
        self.refused(response.status(), &body)
    }

    /// An empty answer reads as `null`.
    async fn decode<T: DeserializeOwned>(&self, response: reqwest::Response) -> Result<T, Failure> {
        let status = response.status();
        let body = response
            .bytes()
            .await
            .map_err(|error| self.explain_request(error))?;
        if status.is_success() {
            let text: &[u8] = if body.is_empty() { b"null" } else { &body };
            return serde_json::from_slice(text).map_err(|error| {
                Failure::new(DeskCode::VersionMismatch).detail(error.to_string())
            });
        }
        Err(self.refused(status, &body))
    }

    fn refused(&self, status: StatusCode, body: &[u8]) -> Failure {
        match serde_json::from_slice::<ApiError>(body) {
            Ok(error) => error.into(),
            // A proxy in between speaks for a centre that is away.
            Err(_) if status.is_server_error() => ApiError::new(Code::Unavailable)
                .detail(format!("status {status}"))
                .into(),
            Err(_) => Failure::new(DeskCode::NotACentre)
                .about(self.address.authority())
                .detail(format!("status {status}")),
        }
    }
}
