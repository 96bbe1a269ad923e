//! The task that owns the endpoint's core, and feeds it from sockets, timers and handles.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    net::{TcpListener, UdpSocket, lookup_host},
    sync::{mpsc, oneshot},
    task::AbortHandle,
    time::{sleep_until, timeout},
};

use super::{
    Authenticate, Command, EndpointConfig, EndpointEvent, PlaceCallError, Target, TrunkCredentials,
    core::{Core, Rules},
    sockets::{Connection, Input, Lobby, accept_tcp, read_udp},
};
use crate::{
    call::{Call, CallCommand, CallEvents, OutgoingCall},
    hop::{FlowId, Hop, Transport},
    message::Uri,
    secret::Secret,
    stack::Credentials,
};

/// Inputs that may wait before the sockets stop reading.
const MOST_INPUTS: usize = 1024;
/// How long a trunk's name and connection may take.
const TRUNK_PATIENCE: Duration = Duration::from_secs(5);
/// How long far sides may take to confirm the end when the endpoint stops.
const STOP_PATIENCE: Duration = Duration::from_secs(2);
/// How long to sleep when nothing is due.
const IDLE: Duration = Duration::from_secs(3600);

type Placed = Result<(Call, CallEvents), PlaceCallError>;

/// What side tasks bring back.
enum Errand {
    Secret {
        ticket: u64,
        secret: Option<Secret>,
    },
    Trunk {
        found: Option<Box<Found>>,
        uri: Box<Uri>,
        credentials: Option<Box<Credentials>>,
        call: Box<OutgoingCall>,
        done: oneshot::Sender<Placed>,
    },
}

/// The way to a trunk, with the connection made for it over TCP.
struct Found {
    hop: Hop,
    connection: Option<Connection>,
}

struct Driver {
    core: Core,
    udp: Option<Arc<UdpSocket>>,
    lobby: Lobby,
    authenticator: Arc<dyn Authenticate>,
    connections: HashMap<FlowId, Connection>,
    errands: mpsc::UnboundedSender<Errand>,
    /// The tasks that read the listening sockets.
    listeners: Vec<AbortHandle>,
}

/// Starts the task.
pub(super) fn start(
    config: EndpointConfig,
    udp: Option<UdpSocket>,
    tcp: Option<TcpListener>,
    authenticator: Arc<dyn Authenticate>,
) -> (
    mpsc::UnboundedSender<Command>,
    mpsc::UnboundedReceiver<EndpointEvent>,
) {
    let (commands, command_queue) = mpsc::unbounded_channel();
    let (events, event_queue) = mpsc::unbounded_channel();
    let (calls, call_queue) = mpsc::unbounded_channel();
    let (errands, errand_queue) = mpsc::unbounded_channel();
    let (inputs, input_queue) = mpsc::channel(MOST_INPUTS);
    let port = |address: Option<SocketAddr>| address.map_or(0, |address| address.port());
    let lobby = Lobby::new(
        inputs,
        config.advertised,
        port(udp.as_ref().and_then(|socket| socket.local_addr().ok())),
        port(tcp.as_ref().and_then(|socket| socket.local_addr().ok())),
    );
    let udp = udp.map(Arc::new);
    let mut listeners = Vec::new();
    if let Some(socket) = &udp {
        let reading = read_udp(socket.clone(), lobby.clone());
        listeners.push(tokio::spawn(reading).abort_handle());
    }
    if let Some(listener) = tcp {
        let accepting = accept_tcp(listener, lobby.clone());
        listeners.push(tokio::spawn(accepting).abort_handle());
    }
    let rules = Rules {
        realm: config.realm,
        user_agent: config.user_agent,
        trunks: config.trunks,
    };
    let core = Core::new(
        rules,
        rand::random(),
        rand::random(),
        calls,
        events,
        Instant::now(),
    );
    let driver = Driver {
        core,
        udp,
        lobby,
        authenticator,
        connections: HashMap::new(),
        errands,
        listeners,
    };
    tokio::spawn(driver.run(command_queue, call_queue, errand_queue, input_queue));
    (commands, event_queue)
}

impl Driver {
    async fn run(
        mut self,
        mut commands: mpsc::UnboundedReceiver<Command>,
        mut calls: mpsc::UnboundedReceiver<CallCommand>,
        mut errands: mpsc::UnboundedReceiver<Errand>,
        mut inputs: mpsc::Receiver<Input>,
    ) {
        let mut stopping: Option<(Instant, Option<oneshot::Sender<()>>)> = None;
        loop {
            self.flush().await;
            if let Some((until, done)) = &mut stopping
                && (!self.core.stack.is_busy() || Instant::now() >= *until)
            {
                self.close_all();
                if let Some(done) = done.take() {
                    // Whoever asked to stop may be gone.
                    let _ = done.send(());
                }
                return;
            }
            let mut wake = self
                .core
                .deadline()
                .unwrap_or_else(|| Instant::now() + IDLE);
            if let Some((until, _)) = &stopping {
                wake = wake.min(*until);
            }
            tokio::select! {
                command = commands.recv(), if stopping.is_none() => match command {
                    Some(Command::Stop(done)) => stopping = Some(self.begin_stop(Some(done))),
                    Some(command) => self.obey(command),
                    None => stopping = Some(self.begin_stop(None)),
                },
                // The stack holds a sender, so these two never end.
                Some(command) = calls.recv() => self.core.command(command, Instant::now()),
                Some(errand) = errands.recv() => self.finish_errand(errand),
                Some(input) = inputs.recv() => self.take(input),
                () = sleep_until(wake.into()) => self.core.timeout(Instant::now()),
            }
        }
    }

    fn begin_stop(
        &mut self,
        done: Option<oneshot::Sender<()>>,
    ) -> (Instant, Option<oneshot::Sender<()>>) {
        let now = Instant::now();
        self.core.stack.hang_up_all(now);
        (now + STOP_PATIENCE, done)
    }

    fn close_all(&mut self) {
        for listener in self.listeners.drain(..) {
            listener.abort();
        }
        self.connections.clear();
    }

    fn take(&mut self, input: Input) {
        let now = Instant::now();
        match input {
            Input::Opened { hop, connection } => {
                self.core.open_flow(&hop, now);
                self.connections.insert(hop.flow, connection.begun());
            }
            Input::Received { hop, bytes } => {
                // A connection that was closed here may still have had something in the queue.
                if hop.transport == Transport::Udp || self.connections.contains_key(&hop.flow) {
                    self.core.hear(hop.flow, now);
                    self.core.receive(&hop, &bytes, now);
                }
            }
            Input::Alive(flow) => self.core.hear(flow, now),
            Input::Closed(flow) => self.close(flow),
        }
    }

    fn close(&mut self, flow: FlowId) {
        if let Some(connection) = self.connections.remove(&flow) {
            self.core
                .close_flow(flow, connection.transport, Instant::now());
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Open(pipe, peer) => {
                let (hop, connection) = self.lobby.serve_websocket(pipe, peer);
                self.core.open_flow(&hop, Instant::now());
                self.connections.insert(hop.flow, connection);
            }
            Command::Call { target, call, done } => match target {
                Target::Agent(user) => {
                    let placed = self.core.call_agent(&user, *call, Instant::now());
                    // Whoever asked may be gone; the call's events then tell nobody either.
                    let _ = done.send(placed);
                }
                Target::Trunk { uri, credentials } => {
                    self.find_trunk(&uri, credentials, call, done);
                }
            },
            // Handled by the loop, which has to end.
            Command::Stop(_) => {}
        }
    }

    fn find_trunk(
        &self,
        uri: &str,
        credentials: Option<TrunkCredentials>,
        call: Box<OutgoingCall>,
        done: oneshot::Sender<Placed>,
    ) {
        let uri = Uri::parse(uri).filter(|uri| match uri.transport.as_deref() {
            None | Some("udp") => self.udp.is_some(),
            Some("tcp") => true,
            Some(_) => false,
        });
        let Some(uri) = uri else {
            // Whoever asked may be gone.
            let _ = done.send(Err(PlaceCallError::BadTrunkUri));
            return;
        };
        let credentials = credentials.map(|credentials| Credentials {
            user: credentials.username,
            secret: credentials.secret,
            realm: credentials.realm,
            allow_md5: credentials.allow_md5,
        });
        let (lobby, udp, errands) = (self.lobby.clone(), self.udp.clone(), self.errands.clone());
        tokio::spawn(async move {
            let finding = find_hop(&uri, &lobby, udp.as_deref());
            let found = timeout(TRUNK_PATIENCE, finding).await.ok().flatten();
            // The driver may be gone; the asker then learns it from the dropped answer.
            let _ = errands.send(Errand::Trunk {
                found: found.map(Box::new),
                uri: Box::new(uri),
                credentials: credentials.map(Box::new),
                call,
                done,
            });
        });
    }

    fn finish_errand(&mut self, errand: Errand) {
        let now = Instant::now();
        match errand {
            Errand::Secret { ticket, secret } => self.core.found(ticket, secret.as_ref(), now),
            Errand::Trunk {
                found,
                uri,
                credentials,
                call,
                done,
            } => {
                let placed = match found {
                    Some(found) => {
                        let Found { hop, connection } = *found;
                        // Known before anything is sent on it.
                        self.connections
                            .extend(connection.map(|made| (hop.flow, made.begun())));
                        Ok(self.core.call_trunk(
                            &hop,
                            &uri,
                            credentials.map(|boxed| *boxed),
                            *call,
                            now,
                        ))
                    }
                    None => Err(PlaceCallError::Unreachable),
                };
                // Whoever asked may be gone.
                let _ = done.send(placed);
            }
        }
    }

    /// Sends everything the core has to say, and starts what it asks for.
    async fn flush(&mut self) {
        while let Some((ticket, user)) = self.core.lookup() {
            let (authenticator, errands) = (self.authenticator.clone(), self.errands.clone());
            tokio::spawn(async move {
                let secret = authenticator.secret(&user).await;
                // The driver may be gone.
                let _ = errands.send(Errand::Secret { ticket, secret });
            });
        }
        while let Some((hop, wire)) = self.core.stack.poll() {
            if hop.transport == Transport::Udp {
                if let Some(socket) = &self.udp
                    && let Err(error) = socket.send_to(wire.as_bytes(), hop.peer).await
                {
                    tracing::debug!(peer = %hop.peer, %error, "UDP send failed");
                }
                continue;
            }
            match self.connections.get(&hop.flow) {
                Some(connection) if connection.sender.try_send(wire).is_ok() => {}
                Some(_) => {
                    tracing::debug!(peer = %hop.peer, "a SIP connection that takes nothing is closed");
                    self.close(hop.flow);
                }
                // Over TCP nobody comes back; whoever waits for an answer learns it now.
                None if hop.transport == Transport::Tcp => {
                    self.core
                        .close_flow(hop.flow, Transport::Tcp, Instant::now());
                }
                None => {}
            }
        }
        while let Some(flow) = self.core.closing() {
            self.close(flow);
        }
    }
}

/// Finds a trunk's address and, over TCP, connects to it.
async fn find_hop(uri: &Uri, lobby: &Lobby, udp: Option<&UdpSocket>) -> Option<Found> {
    let port = uri.port.unwrap_or(5060);
    let addresses: Vec<SocketAddr> = match uri.ip() {
        Some(ip) => vec![SocketAddr::new(ip, port)],
        None => lookup_host((uri.host.as_str(), port)).await.ok()?.collect(),
    };
    if uri.transport.as_deref() == Some("tcp") {
        for address in addresses {
            if let Ok((hop, connection)) = lobby.connect_tcp(address).await {
                let connection = Some(connection);
                return Some(Found { hop, connection });
            }
        }
        return None;
    }
    let socket = udp?;
    let v4 = socket.local_addr().ok()?.is_ipv4();
    let peer = addresses
        .into_iter()
        .find(|address| address.is_ipv4() == v4)?;
    Some(Found {
        hop: lobby.udp_hop(socket, peer),
        connection: None,
    })
}
