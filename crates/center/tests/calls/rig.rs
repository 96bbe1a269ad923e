//! A centre with one queue, and the way in.

use crate::{desk::Desk, telephone::Telephone};
use reqwest::Method;
use seatline_center::{
    Config, Running,
    config::{Media, Sip, Trunk},
    start,
};
use seatline_contract::{
    IDEMPOTENCY_KEY,
    identity::{NewPerson, Person, Role, Session, SetUp, SignIn},
    queue::NewQueue,
    secret::Secret,
};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedReceiver;
use uuid::Uuid;

pub(crate) const HOTLINE: &str = "4008001234";
pub(crate) const CUSTOMER: &str = "+8613800138000";
const PASSWORD: &str = "correct horse battery";
const PATIENCE: Duration = Duration::from_secs(20);
/// How long offers ring, in seconds: longer than anything is waited for, so that a slow machine
/// misses none.
const RING_S: u32 = 30;

pub(crate) async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(done) => done,
        Err(_) => panic!("not in time: {what}"),
    }
}

/// The next event that `wanted` picks.
pub(crate) async fn until<E, T>(
    what: &str,
    events: &mut UnboundedReceiver<E>,
    mut wanted: impl FnMut(E) -> Option<T>,
) -> T {
    within(what, async {
        loop {
            let event = events.recv().await;
            let event = event.unwrap_or_else(|| panic!("the events ended before: {what}"));
            if let Some(found) = wanted(event) {
                return found;
            }
        }
    })
    .await
}

pub(crate) struct Rig {
    pub(crate) centre: Running,
    pub(crate) telephone: Telephone,
    pub(crate) http: reqwest::Client,
    pub(crate) trust: Arc<rustls::ClientConfig>,
    folder: TempDir,
}

impl Rig {
    /// A centre whose queue is served by `zhou` and `liu`.
    pub(crate) async fn start() -> Self {
        Self::start_ringing(RING_S).await
    }

    /// The same with its media on another address.
    pub(crate) async fn start_on(media: Ipv4Addr) -> Self {
        Self::start_with(|config| config.media.address = media.into()).await
    }

    /// The same with something else set up otherwise.
    pub(crate) async fn start_with(set_up: impl FnOnce(&mut Config)) -> Self {
        Self::open(set_up, RING_S).await
    }

    /// The same whose offers are missed after so many seconds.
    pub(crate) async fn start_ringing(ring_s: u32) -> Self {
        Self::open(|_| {}, ring_s).await
    }

    async fn open(set_up: impl FnOnce(&mut Config), ring_s: u32) -> Self {
        // Another test of this program may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let telephone = Telephone::start().await;
        let folder = TempDir::new().unwrap();
        let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut config = Config {
            listen: local,
            data_dir: folder.path().join("data"),
            sip: Sip {
                udp: Some(local),
                tcp: None,
                ..Sip::default()
            },
            media: Media {
                address: Ipv4Addr::LOCALHOST.into(),
                ..Media::default()
            },
            trunks: vec![Trunk {
                name: "test".into(),
                uri: telephone.uri(),
                networks: vec!["127.0.0.0/8".parse().unwrap()],
                caller_id: Some("+862161234567".into()),
                username: None,
                password: None,
                allow_md5: false,
            }],
            ..Config::default()
        };
        set_up(&mut config);
        let pem = config.data_dir.join("certificate.pem");
        let centre = start(config).await.unwrap();
        let pem = std::fs::read(pem).unwrap();
        let certificate = reqwest::Certificate::from_pem(&pem).unwrap();
        let rig = Self {
            http: reqwest::Client::builder()
                .add_root_certificate(certificate)
                .build()
                .unwrap(),
            trust: trust(&pem),
            centre,
            telephone,
            folder,
        };
        rig.set_up(ring_s).await;
        rig
    }

    async fn set_up(&self, ring_s: u32) {
        let set_up = SetUp {
            code: self.centre.set_up_code.clone().unwrap(),
            login: "admin".into(),
            name: "Admin".into(),
            password: Secret::new(PASSWORD),
        };
        self.ask::<_, serde_json::Value>(None, Method::POST, "/api/v1/setup", &set_up)
            .await;
        let admin = self.sign_in("admin").await.token;
        for login in ["zhou", "liu"] {
            let person = NewPerson {
                login: login.into(),
                name: login.into(),
                role: Role::Agent,
                password: Secret::new(PASSWORD),
            };
            self.ask::<_, serde_json::Value>(Some(&admin), Method::POST, "/api/v1/people", &person)
                .await;
        }
        let queue = NewQueue {
            name: "售后热线".into(),
            numbers: vec![HOTLINE.into()],
            agents: vec!["zhou".into(), "liu".into()],
            ring_s,
            wrap_up_s: 60,
            disposition_required: true,
            auto_answer: false,
            within_s: 20,
        };
        self.ask::<_, serde_json::Value>(Some(&admin), Method::POST, "/api/v1/queues", &queue)
            .await;
    }

    /// Adds somebody who can sign in.
    pub(crate) async fn add_person(&self, login: &str, role: Role) -> Person {
        let admin = self.sign_in("admin").await.token;
        let person = NewPerson {
            login: login.into(),
            name: login.into(),
            role,
            password: Secret::new(PASSWORD),
        };
        self.ask(Some(&admin), Method::POST, "/api/v1/people", &person)
            .await
    }

    pub(crate) async fn sign_in(&self, login: &str) -> Session {
        let sign_in = SignIn {
            login: login.into(),
            password: Secret::new(PASSWORD),
            device: "test".into(),
            take_over: true,
            tenant: None,
        };
        self.ask(None, Method::POST, "/api/v1/sessions", &sign_in)
            .await
    }

    /// An agent's desk, signed in and registered but not ready.
    pub(crate) async fn desk(&self, login: &str) -> Desk {
        Desk::open(self, login).await
    }

    /// An agent's desk that takes calls.
    pub(crate) async fn ready(&self, login: &str) -> Desk {
        let desk = self.desk(login).await;
        desk.set_ready(self).await;
        desk
    }

    /// Asks the API and expects a success.
    pub(crate) async fn ask<B: Serialize, T: DeserializeOwned>(
        &self,
        token: Option<&Secret>,
        method: Method,
        path: &str,
        body: &B,
    ) -> T {
        let (status, text) = self.try_ask(token, method, path, body).await;
        assert!(status < 300, "{path}: {status} {text}");
        let text = if text.is_empty() { "null" } else { &text };
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{path}: {error}: {text}"))
    }

    pub(crate) async fn try_ask<B: Serialize>(
        &self,
        token: Option<&Secret>,
        method: Method,
        path: &str,
        body: &B,
    ) -> (u16, String) {
        let url = format!("https://localhost:{}{path}", self.centre.address.port());
        let mut request = self
            .http
            .request(method, url)
            .header(IDEMPOTENCY_KEY, Uuid::new_v4().to_string())
            .json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token.expose());
        }
        let response = within(path, request.send()).await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    pub(crate) async fn stop(self) {
        within("the centre stops", self.centre.stop()).await;
        drop(self.folder);
    }
}

fn trust(pem: &[u8]) -> Arc<rustls::ClientConfig> {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.unwrap()).unwrap();
    }
    Arc::new(
        rustls::ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth(),
    )
}
