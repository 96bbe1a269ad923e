//! A centre on loopback: an endpoint behind a TLS WebSocket server, as the HTTPS server will be.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use seatline_sip::{
    Authenticate, CallEvent, CallEvents, Endpoint, EndpointConfig, EndpointEvent, IncomingCall,
    Number, Secret, UserAgent, UserAgentConfig, UserAgentEvent, WebSocketFrame, WebSocketPipe,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc::{self, UnboundedReceiver},
    task::AbortHandle,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::{
    accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{Request, Response},
        http::HeaderValue,
    },
};
use uuid::Uuid;

pub(crate) const REALM: &str = "seatline.test";
const PATIENCE: Duration = Duration::from_secs(20);

/// What comes next, or a failure of the test.
pub(crate) async fn next<T>(events: &mut UnboundedReceiver<T>) -> T {
    timeout(PATIENCE, events.recv())
        .await
        .expect("nothing happened in time")
        .expect("the events ended")
}

/// The end of a call, after whatever came before.
pub(crate) async fn end_of(events: &mut CallEvents) -> (seatline_sip::Side, Option<u16>, String) {
    loop {
        if let CallEvent::Ended { by, code, reason } = next(events).await {
            return (by, code, reason);
        }
    }
}

struct Secrets(HashMap<String, String>);

#[async_trait]
impl Authenticate for Secrets {
    async fn secret(&self, user: &str) -> Option<Secret> {
        self.0.get(user).map(Secret::password)
    }
}

pub(crate) fn secrets() -> Arc<dyn Authenticate> {
    let pairs = [("ann", "ann's secret"), ("bob", "bob's secret")];
    let pairs = pairs.map(|(user, secret)| (user.to_owned(), secret.to_owned()));
    Arc::new(Secrets(HashMap::from(pairs)))
}

pub(crate) fn endpoint_config() -> EndpointConfig {
    EndpointConfig {
        udp: Some(([127, 0, 0, 1], 0).into()),
        tcp: Some(([127, 0, 0, 1], 0).into()),
        advertised: None,
        realm: REALM.to_owned(),
        user_agent: "Seatline test".to_owned(),
        trunks: vec!["127.0.0.0/8".parse().unwrap()],
    }
}

pub(crate) struct Centre {
    pub(crate) endpoint: Endpoint,
    pub(crate) events: UnboundedReceiver<EndpointEvent>,
    pub(crate) address: SocketAddr,
    pub(crate) trust: Arc<ClientConfig>,
    connections: Arc<Mutex<Vec<AbortHandle>>>,
    frozen: Arc<AtomicBool>,
}

impl Centre {
    pub(crate) async fn start() -> Self {
        let (endpoint, events) = Endpoint::start(endpoint_config(), secrets()).await.unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (acceptor, trust) = certificates();
        let centre = Self {
            endpoint: endpoint.clone(),
            events,
            address,
            trust,
            connections: Arc::default(),
            frozen: Arc::default(),
        };
        let (connections, frozen) = (centre.connections.clone(), centre.frozen.clone());
        tokio::spawn(async move {
            while let Ok((stream, peer)) = listener.accept().await {
                let serving = serve(
                    stream,
                    peer,
                    acceptor.clone(),
                    endpoint.clone(),
                    frozen.clone(),
                );
                let task = tokio::spawn(serving);
                connections.lock().unwrap().push(task.abort_handle());
            }
        });
        centre
    }

    pub(crate) fn url(&self) -> String {
        format!("wss://localhost:{}/sip", self.address.port())
    }

    /// Breaks every connection without a word.
    pub(crate) fn cut(&self) {
        for connection in self.connections.lock().unwrap().drain(..) {
            connection.abort();
        }
    }

    /// Stops (or resumes) carrying anything, with the connections still standing.
    pub(crate) fn freeze(&self, frozen: bool) {
        self.frozen.store(frozen, Ordering::SeqCst);
    }

    pub(crate) fn config(&self, user: &str) -> UserAgentConfig {
        UserAgentConfig {
            url: self.url(),
            tls: self.trust.clone(),
            proxy: None,
            user: Number::parse(user).unwrap(),
            display_name: Some(format!("Agent {user}")),
            secret: Secret::password(format!("{user}'s secret")),
            realm: REALM.to_owned(),
            instance: Uuid::new_v4(),
            user_agent: "Seatline desk test".to_owned(),
            probe_every: Duration::from_secs(1),
        }
    }

    /// A desk that is signed in.
    pub(crate) async fn desk(
        &mut self,
        user: &str,
    ) -> (UserAgent, UnboundedReceiver<UserAgentEvent>) {
        let (desk, mut events) = UserAgent::connect(self.config(user)).unwrap();
        assert!(matches!(
            next(&mut events).await,
            UserAgentEvent::Registered
        ));
        match next(&mut self.events).await {
            EndpointEvent::Registered { user: name, .. } if name == user => {}
            other => panic!("not registered but {other:?}"),
        }
        (desk, events)
    }

    pub(crate) async fn incoming(&mut self) -> IncomingCall {
        match next(&mut self.events).await {
            EndpointEvent::Invite(call) => call,
            other => panic!("no call but {other:?}"),
        }
    }
}

pub(crate) async fn incoming(events: &mut UnboundedReceiver<UserAgentEvent>) -> IncomingCall {
    match next(events).await {
        UserAgentEvent::Incoming(call) => call,
        other => panic!("no call but {other:?}"),
    }
}

/// A server that presents a certificate made now, and a client that trusts it.
pub(crate) fn certificates() -> (TlsAcceptor, Arc<ClientConfig>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = CertificateDer::from(made.cert.der().to_vec());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (TlsAcceptor::from(Arc::new(server)), Arc::new(client))
}

#[expect(
    clippy::result_large_err,
    reason = "the handshake callback's type is the library's"
)]
fn agree(
    _: &Request,
    mut response: Response,
) -> Result<Response, tokio_tungstenite::tungstenite::handshake::server::ErrorResponse> {
    let protocol = HeaderValue::from_static("sip");
    response
        .headers_mut()
        .insert("Sec-WebSocket-Protocol", protocol);
    Ok(response)
}

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    acceptor: TlsAcceptor,
    endpoint: Endpoint,
    frozen: Arc<AtomicBool>,
) {
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    let Ok(mut socket) = accept_hdr_async(stream, agree).await else {
        return;
    };
    let (incoming, to_endpoint) = mpsc::channel(64);
    let (from_endpoint, mut outgoing) = mpsc::channel::<String>(64);
    let pipe = WebSocketPipe {
        incoming: to_endpoint,
        outgoing: from_endpoint,
    };
    endpoint.accept_websocket(pipe, peer);
    loop {
        if frozen.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        }
        tokio::select! {
            // Only looks at the flag again.
            () = tokio::time::sleep(Duration::from_millis(20)) => {}
            wire = outgoing.recv() => match wire {
                Some(wire) => if socket.send(Message::text(wire)).await.is_err() { return },
                None => return,
            },
            frame = socket.next() => {
                let frame = match frame {
                    Some(Ok(Message::Text(text))) => WebSocketFrame::Message(Bytes::from(text)),
                    Some(Ok(Message::Binary(bytes))) => WebSocketFrame::Message(bytes),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                        // Sends the queued pong.
                        if socket.flush().await.is_err() { return }
                        WebSocketFrame::Alive
                    }
                    _ => return,
                };
                if incoming.send(frame).await.is_err() { return }
            }
        }
    }
}
