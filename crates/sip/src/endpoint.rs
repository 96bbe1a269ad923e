//! The centre's end of the wire.

mod core;
mod driver;
mod guard;
mod nonce;
mod registrar;
mod sockets;

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use async_trait::async_trait;
use bytes::Bytes;
use ipnet::IpNet;
use thiserror::Error;
use tokio::{
    net::{TcpListener, UdpSocket},
    sync::{mpsc, oneshot},
};
use uuid::Uuid;

use crate::{
    call::{Call, CallEvents, IncomingCall, OutgoingCall},
    secret::Secret,
    text::Number,
};

/// How an [`Endpoint`] is set up.
#[derive(Debug, Clone)]
pub struct EndpointConfig {
    /// Where trunks reach it over UDP; port 0 picks a free one. `None`: not at all.
    pub udp: Option<SocketAddr>,
    /// Where trunks reach it over TCP.
    pub tcp: Option<SocketAddr>,
    /// The address trunks are told to answer to, when it differs from the bound one (NAT).
    pub advertised: Option<IpAddr>,
    /// The digest realm, and the host part of the agents' addresses.
    pub realm: String,
    /// The `User-Agent` and `Server` header.
    pub user_agent: String,
    /// The networks calls are taken from over UDP and TCP. All others get 403.
    pub trunks: Vec<IpNet>,
}

/// Knows the agents' secrets.
#[async_trait]
pub trait Authenticate: Send + Sync + 'static {
    /// The secret of a user, or `None` for an unknown one. Unknown users and wrong secrets look the same outside.
    async fn secret(&self, user: &str) -> Option<Secret>;
}

/// Why an [`Endpoint`] did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// Another program uses the port; stop it or choose another.
    #[error("{0} is already in use by another program")]
    InUse(SocketAddr),
    /// The address can not be listened on: not this machine's, or not allowed.
    #[error("can not listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The realm or user agent name has quotes, control characters, or is empty.
    #[error("the realm or user agent name can not stand in a header")]
    Name,
}

/// What happens at an [`Endpoint`].
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "events are few, and a call is what most of them are made for"
)]
pub enum EndpointEvent {
    /// A call came in from an agent or a trunk.
    Invite(IncomingCall),
    /// An agent's desk registered, or did so again after the connection was lost. Refreshes are not reported.
    Registered {
        /// The user name it proved.
        user: String,
        /// The installation, if the desk named it (RFC 5626).
        instance: Option<Uuid>,
        /// Where the desk connected from.
        peer: SocketAddr,
    },
    /// An agent can no longer be called.
    Unregistered {
        /// The user name.
        user: String,
        /// Why.
        reason: Unregistration,
    },
    /// Someone failed to prove to be this user.
    AuthenticationFailed {
        /// The user name claimed.
        user: String,
        /// Where the attempt came from.
        peer: SocketAddr,
    },
}

/// Why an agent can no longer be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unregistration {
    /// The desk signed off.
    Asked,
    /// The desk did not refresh in time.
    Expired,
    /// The connection was lost. The desk usually comes back within seconds; its calls go on.
    ConnectionLost,
    /// The same user registered from another installation.
    Replaced,
}

/// Whom to call.
#[derive(Debug, Clone)]
pub enum Target {
    /// A registered agent, by user name.
    Agent(String),
    /// A number behind a trunk.
    Trunk {
        /// The trunk's own URI without user, such as `sip:trunk.example.com:5060;transport=udp`.
        uri: String,
        /// What the trunk wants proved, if anything.
        credentials: Option<TrunkCredentials>,
    },
}

/// What proves this centre to a trunk.
#[derive(Debug, Clone)]
pub struct TrunkCredentials {
    /// The account's name at the provider.
    pub username: String,
    /// The account's secret.
    pub secret: Secret,
    /// The only realm that is answered. `None` takes the one of the first challenge to the call's INVITE, and
    /// answers nothing later in the call.
    pub realm: Option<String>,
    /// Whether MD5 may be used when the trunk offers nothing better.
    pub allow_md5: bool,
}

/// Why a call could not be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PlaceCallError {
    /// The agent has no registered desk now.
    #[error("the agent is not registered")]
    NotRegistered,
    /// The trunk's URI is not a SIP URI this endpoint can use (UDP or TCP must be enabled for it).
    #[error("the trunk's URI can not be used")]
    BadTrunkUri,
    /// The trunk's host name has no address, or no connection to it could be made.
    #[error("the trunk can not be reached")]
    Unreachable,
    /// The endpoint was stopped, or the user agent is not connected.
    #[error("there is no connection")]
    Disconnected,
}

/// What passes through a WebSocket that someone else (the HTTPS server) accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebSocketFrame {
    /// A text or binary frame.
    Message(Bytes),
    /// A ping or pong arrived: the peer is alive.
    Alive,
}

/// A WebSocket that speaks the sub-protocol `sip` (RFC 7118), as a pair of channels.
///
/// The bridge ends `incoming` when the connection is closed, and closes the connection when `outgoing` ends.
#[derive(Debug)]
pub struct WebSocketPipe {
    /// Frames from the peer. Frames over 64 KiB end the connection.
    pub incoming: mpsc::Receiver<WebSocketFrame>,
    /// Text frames to the peer. A peer that lets this run full is cut off.
    pub outgoing: mpsc::Sender<String>,
}

/// The centre's end of the wire. Clones are the same endpoint.
#[derive(Clone)]
pub struct Endpoint {
    commands: mpsc::UnboundedSender<Command>,
    udp: Option<SocketAddr>,
    tcp: Option<SocketAddr>,
}

pub(crate) enum Command {
    Open(WebSocketPipe, SocketAddr),
    Call {
        target: Target,
        call: Box<OutgoingCall>,
        done: oneshot::Sender<Result<(Call, CallEvents), PlaceCallError>>,
    },
    Stop(oneshot::Sender<()>),
}

impl Endpoint {
    /// Binds the sockets and starts serving.
    ///
    /// # Errors
    /// See [`StartError`]; nothing is left running.
    pub async fn start(
        config: EndpointConfig,
        authenticator: Arc<dyn Authenticate>,
    ) -> Result<(Self, mpsc::UnboundedReceiver<EndpointEvent>), StartError> {
        for name in [&config.realm, &config.user_agent] {
            if !is_fit_for_header(name) {
                return Err(StartError::Name);
            }
        }
        let udp = match config.udp {
            Some(address) => Some(
                UdpSocket::bind(address)
                    .await
                    .map_err(|source| StartError::new(address, source))?,
            ),
            None => None,
        };
        let tcp = match config.tcp {
            Some(address) => Some(
                TcpListener::bind(address)
                    .await
                    .map_err(|source| StartError::new(address, source))?,
            ),
            None => None,
        };
        let bound = Self {
            commands: mpsc::unbounded_channel().0,
            udp: udp.as_ref().and_then(|socket| socket.local_addr().ok()),
            tcp: tcp.as_ref().and_then(|socket| socket.local_addr().ok()),
        };
        let (commands, events) = driver::start(config, udp, tcp, authenticator);
        Ok((Self { commands, ..bound }, events))
    }

    /// Where UDP is bound, if it is.
    #[must_use]
    pub fn udp_address(&self) -> Option<SocketAddr> {
        self.udp
    }

    /// Where TCP is bound, if it is.
    #[must_use]
    pub fn tcp_address(&self) -> Option<SocketAddr> {
        self.tcp
    }

    /// Serves a desk over a WebSocket the HTTPS server has accepted with sub-protocol `sip`.
    pub fn accept_websocket(&self, pipe: WebSocketPipe, peer: SocketAddr) {
        // A stopped endpoint drops the pipe, which closes the connection.
        let _ = self.commands.send(Command::Open(pipe, peer));
    }

    /// Starts a call. What becomes of it comes as events.
    ///
    /// # Errors
    /// See [`PlaceCallError`].
    pub async fn call(
        &self,
        target: Target,
        call: OutgoingCall,
    ) -> Result<(Call, CallEvents), PlaceCallError> {
        let (done, answer) = oneshot::channel();
        let call = Box::new(call);
        if self
            .commands
            .send(Command::Call { target, call, done })
            .is_err()
        {
            return Err(PlaceCallError::Disconnected);
        }
        answer.await.unwrap_or(Err(PlaceCallError::Disconnected))
    }

    /// Ends all calls, waits up to two seconds for the far sides to confirm, and closes everything.
    pub async fn stop(&self) {
        let (done, stopped) = oneshot::channel();
        if self.commands.send(Command::Stop(done)).is_ok() {
            // An endpoint that is already gone has stopped as well.
            let _ = stopped.await;
        }
    }
}

/// Whether a configured name can stand in headers, quoted or not.
pub(crate) fn is_fit_for_header(name: &str) -> bool {
    let harmful = |c: char| c.is_control() || matches!(c, '"' | '\\' | '<' | '>');
    !name.trim().is_empty() && !name.contains(harmful)
}

impl StartError {
    fn new(address: SocketAddr, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::AddrInUse {
            Self::InUse(address)
        } else {
            Self::Listen { address, source }
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("udp", &self.udp)
            .field("tcp", &self.tcp)
            .finish_non_exhaustive()
    }
}

impl Target {
    /// A registered agent.
    #[must_use]
    pub fn agent(user: &Number) -> Self {
        Self::Agent(user.as_str().to_owned())
    }
}
