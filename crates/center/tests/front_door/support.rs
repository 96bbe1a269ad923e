//! A whole centre on loopback for a test: real TLS, real router, a database of its own.

use reqwest::{Client, Method, Response, StatusCode};
use seatline_center::{Clock, Config, Running, identity};
use seatline_contract::{
    IDEMPOTENCY_KEY,
    error::{ApiError, Code},
    identity::{NewPerson, Person, Role, Session, SetUp, SignIn},
    secret::Secret,
};
use serde::{Serialize, de::DeserializeOwned};
use std::{net::Ipv4Addr, path::Path, sync::Arc};
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) const PASSWORD: &str = "a long enough password";

/// A configuration with free ports and a folder of its own.
pub(crate) fn config(folder: &Path) -> Config {
    let mut config = Config {
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        data_dir: folder.to_owned(),
        ..Config::default()
    };
    config.sip.udp = Some((Ipv4Addr::LOCALHOST, 0).into());
    config.sip.tcp = None;
    config.media.address = Ipv4Addr::LOCALHOST.into();
    // Most sockets here do not beat, and a slow machine needs its time.
    config.events.lost_after_ms = 3_600_000;
    config
}

/// A running centre.
pub(crate) struct Centre {
    pub(crate) running: Running,
    pub(crate) client: Client,
    pub(crate) folder: Arc<TempDir>,
}

impl Centre {
    /// Starts one that is empty.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts one that is empty, with changes to its configuration.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let mut config = config(folder.path());
        change(&mut config);
        Self::start_in(folder, config).await
    }

    /// Starts one on data that may be there already.
    pub(crate) async fn start_in(folder: Arc<TempDir>, config: Config) -> Self {
        Self::start_at(folder, config, Clock::system()).await
    }

    /// Starts one on a clock of the test's own.
    pub(crate) async fn start_at(folder: Arc<TempDir>, config: Config, clock: Clock) -> Self {
        let running = seatline_center::start_at(config, clock).await.unwrap();
        let pem = std::fs::read(folder.path().join("certificate.pem")).unwrap();
        let client = Client::builder()
            .use_preconfigured_tls(trusting(&pem))
            .build()
            .unwrap();
        Self {
            running,
            client,
            folder,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.running.address)
    }

    /// Makes the first administrator and signs in.
    pub(crate) async fn administrator(&self) -> Desk<'_> {
        let code = self.running.set_up_code.as_ref().unwrap();
        let set_up = SetUp {
            code: Secret::new(identity::spell_code(code)),
            login: "admin".into(),
            name: "管理员".into(),
            password: Secret::new(PASSWORD),
        };
        let response = self.post("/api/v1/setup", &set_up).await;
        assert_eq!(response.status(), StatusCode::CREATED);
        self.sign_in("admin").await
    }

    pub(crate) async fn post(&self, path: &str, body: &impl Serialize) -> Response {
        let request = self.client.post(self.url(path)).json(body);
        request.send().await.unwrap()
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> T {
        let response = self.client.get(self.url(path)).send().await.unwrap();
        response.json().await.unwrap()
    }

    pub(crate) async fn try_sign_in(
        &self,
        login: &str,
        password: &str,
        take_over: bool,
    ) -> Response {
        let sign_in = SignIn {
            login: login.into(),
            password: Secret::new(password),
            device: "test".into(),
            take_over,
            tenant: None,
        };
        self.post("/api/v1/sessions", &sign_in).await
    }

    pub(crate) async fn sign_in(&self, login: &str) -> Desk<'_> {
        let response = self.try_sign_in(login, PASSWORD, false).await;
        assert_eq!(response.status(), StatusCode::CREATED);
        Desk {
            centre: self,
            session: response.json().await.unwrap(),
        }
    }

    pub(crate) async fn stop(self) {
        self.running.stop().await;
    }
}

/// Somebody who is signed in.
pub(crate) struct Desk<'a> {
    pub(crate) centre: &'a Centre,
    pub(crate) session: Session,
}

impl Desk<'_> {
    pub(crate) async fn add_person(&self, login: &str, role: Role) -> Person {
        let person = NewPerson {
            login: login.into(),
            name: login.to_uppercase(),
            role,
            password: Secret::new(PASSWORD),
        };
        self.write(Method::POST, "/api/v1/people", &person).await
    }

    /// A request with a new idempotency key.
    pub(crate) async fn send(&self, method: Method, path: &str, body: &impl Serialize) -> Response {
        self.send_as(Uuid::new_v4(), method, path, body).await
    }

    /// A request with that idempotency key.
    pub(crate) async fn send_as(
        &self,
        key: Uuid,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Response {
        let client = &self.centre.client;
        client
            .request(method, self.centre.url(path))
            .bearer_auth(self.session.token.expose())
            .header(IDEMPOTENCY_KEY, key.to_string())
            .json(body)
            .send()
            .await
            .unwrap()
    }

    /// A write that must succeed.
    pub(crate) async fn write<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> T {
        let response = self.send(method, path, body).await;
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// A read.
    pub(crate) async fn read(&self, path: &str) -> Response {
        let request = self.centre.client.get(self.centre.url(path));
        let request = request.bearer_auth(self.session.token.expose());
        request.send().await.unwrap()
    }

    /// A read that must succeed.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> T {
        let response = self.read(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.unwrap()
    }
}

/// The error of an answer that must be one.
pub(crate) async fn error(response: Response) -> ApiError {
    assert!(!response.status().is_success(), "{}", response.status());
    response.json().await.unwrap()
}

/// The code of an answer that must be an error.
pub(crate) async fn code(response: Response) -> Code {
    error(response).await.code
}

/// A TLS configuration that trusts just that certificate.
pub(crate) fn trusting(pem: &[u8]) -> rustls::ClientConfig {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(pem).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}
