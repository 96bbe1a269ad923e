//! Reads and writes UDP, TCP and accepted WebSockets.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UdpSocket},
    sync::{mpsc, oneshot},
    task::AbortHandle,
};

use super::{WebSocketFrame, WebSocketPipe};
use crate::{
    hop::{FlowId, Hop, Transport},
    message::{Framer, LARGEST, Piece},
};

/// The flow of the UDP socket; connections count from 1.
const UDP_FLOW: FlowId = FlowId(0);
/// Messages that may wait for a slow peer before it is cut off.
const MOST_WAITING: usize = 256;
/// Peers whose local address is remembered.
const MOST_REMEMBERED: usize = 1024;

/// What the sockets tell the driver.
pub(super) enum Input {
    Opened { hop: Hop, connection: Connection },
    Received { hop: Hop, bytes: Bytes },
    Alive(FlowId),
    Closed(FlowId),
}

/// The sending half of a connection.
pub(super) struct Connection {
    pub(super) transport: Transport,
    pub(super) sender: mpsc::Sender<String>,
    reader: AbortHandle,
    /// Lets the reader begin.
    begin: Option<oneshot::Sender<()>>,
}

impl Connection {
    /// Starts reading; until then nothing comes from a connection its driver does not know yet.
    pub(super) fn begun(mut self) -> Self {
        if let Some(begin) = self.begin.take() {
            // The reader only ends early when the connection is gone.
            let _ = begin.send(());
        }
        self
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// Gives out names for flows, and tells how this side is called on them.
#[derive(Clone)]
pub(super) struct Lobby {
    pub(super) inputs: mpsc::Sender<Input>,
    next: Arc<AtomicU64>,
    advertised: Option<IpAddr>,
    udp_port: u16,
    tcp_port: u16,
}

impl Lobby {
    pub(super) fn new(
        inputs: mpsc::Sender<Input>,
        advertised: Option<IpAddr>,
        udp_port: u16,
        tcp_port: u16,
    ) -> Self {
        Self {
            inputs,
            next: Arc::new(AtomicU64::new(1)),
            advertised,
            udp_port,
            tcp_port,
        }
    }

    fn name_flow(&self) -> FlowId {
        FlowId(self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// The hop to a peer over UDP.
    pub(super) fn udp_hop(&self, socket: &UdpSocket, peer: SocketAddr) -> Hop {
        let bound = socket.local_addr().map(|address| address.ip());
        let ip = self
            .advertised
            .or(bound.ok().filter(|ip| !ip.is_unspecified()))
            .unwrap_or_else(|| local_ip_towards(peer));
        Hop {
            flow: UDP_FLOW,
            transport: Transport::Udp,
            peer,
            local: SocketAddr::new(ip, self.udp_port).to_string().into(),
        }
    }

    fn stream_hop(&self, flow: FlowId, peer: SocketAddr, local: SocketAddr) -> Hop {
        let ip = self.advertised.unwrap_or(local.ip());
        // Without a listener, the connection itself is the only way back.
        let port = if self.tcp_port == 0 {
            local.port()
        } else {
            self.tcp_port
        };
        Hop {
            flow,
            transport: Transport::Tcp,
            peer,
            local: SocketAddr::new(ip, port).to_string().into(),
        }
    }

    /// Connects to a trunk.
    pub(super) async fn connect_tcp(&self, peer: SocketAddr) -> io::Result<(Hop, Connection)> {
        let stream = TcpStream::connect(peer).await?;
        self.serve_tcp(stream, peer)
    }

    fn serve_tcp(&self, stream: TcpStream, peer: SocketAddr) -> io::Result<(Hop, Connection)> {
        stream.set_nodelay(true)?;
        let flow = self.name_flow();
        let hop = self.stream_hop(flow, peer, stream.local_addr()?);
        let (mut reading, mut writing) = stream.into_split();
        let (sender, mut waiting) = mpsc::channel::<String>(MOST_WAITING);
        let pongs = sender.clone();
        let inputs = self.inputs.clone();
        let read_hop = hop.clone();
        let (begin, begun) = oneshot::channel();
        let reader = tokio::spawn(async move {
            // An abandoned connection is aborted, not begun.
            let _ = begun.await;
            read_stream(&mut reading, &read_hop, &inputs, &pongs).await;
            // The driver may be gone already.
            let _ = inputs.send(Input::Closed(flow)).await;
        });
        tokio::spawn(async move {
            while let Some(wire) = waiting.recv().await {
                if writing.write_all(wire.as_bytes()).await.is_err() {
                    break;
                }
            }
        });
        let connection = Connection {
            transport: Transport::Tcp,
            sender,
            reader: reader.abort_handle(),
            begin: Some(begin),
        };
        Ok((hop, connection))
    }

    /// Takes over an accepted WebSocket.
    pub(super) fn serve_websocket(
        &self,
        pipe: WebSocketPipe,
        peer: SocketAddr,
    ) -> (Hop, Connection) {
        let flow = self.name_flow();
        let hop = Hop {
            flow,
            transport: Transport::Wss,
            peer,
            local: "centre.invalid".into(),
        };
        let WebSocketPipe {
            mut incoming,
            outgoing,
        } = pipe;
        let inputs = self.inputs.clone();
        let read_hop = hop.clone();
        let reader = tokio::spawn(async move {
            while let Some(frame) = incoming.recv().await {
                let input = match frame {
                    WebSocketFrame::Alive => Input::Alive(flow),
                    WebSocketFrame::Message(bytes) if bytes.len() > LARGEST => break,
                    WebSocketFrame::Message(bytes) => Input::Received {
                        hop: read_hop.clone(),
                        bytes,
                    },
                };
                if inputs.send(input).await.is_err() {
                    return;
                }
            }
            // The driver may be gone already.
            let _ = inputs.send(Input::Closed(flow)).await;
        });
        let connection = Connection {
            transport: Transport::Wss,
            sender: outgoing,
            reader: reader.abort_handle(),
            begin: None,
        };
        (hop, connection)
    }
}

async fn read_stream(
    stream: &mut (impl tokio::io::AsyncRead + Unpin),
    hop: &Hop,
    inputs: &mpsc::Sender<Input>,
    pongs: &mpsc::Sender<String>,
) {
    let mut framer = Framer::default();
    loop {
        loop {
            match framer.next() {
                Ok(Some(Piece::Message(bytes))) => {
                    let hop = hop.clone();
                    if inputs.send(Input::Received { hop, bytes }).await.is_err() {
                        return;
                    }
                }
                // RFC 5626 section 4.4.1: two line ends are answered with one. A full queue needs no pong.
                Ok(Some(Piece::Ping)) => drop(pongs.try_send("\r\n".to_owned())),
                Ok(None) => break,
                Err(error) => {
                    tracing::debug!(peer = %hop.peer, %error, "SIP connection closed");
                    return;
                }
            }
        }
        match stream.read_buf(framer.buffer()).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

/// Reads datagrams for as long as the driver lives.
pub(super) async fn read_udp(socket: Arc<UdpSocket>, lobby: Lobby) {
    let mut buffer = vec![0; LARGEST];
    let mut hops: HashMap<IpAddr, Hop> = HashMap::new();
    loop {
        match socket.recv_from(&mut buffer).await {
            Ok((length, peer)) => {
                if hops.len() > MOST_REMEMBERED {
                    hops.clear();
                }
                let hop = hops
                    .entry(peer.ip())
                    .or_insert_with(|| lobby.udp_hop(&socket, peer));
                let input = Input::Received {
                    hop: Hop {
                        peer,
                        ..hop.clone()
                    },
                    bytes: Bytes::copy_from_slice(&buffer[..length]),
                };
                if lobby.inputs.send(input).await.is_err() {
                    return;
                }
            }
            // An earlier datagram was refused by its receiver (ICMP); that says nothing about the socket.
            Err(error) => tracing::debug!(%error, "UDP receive failed"),
        }
    }
}

/// Accepts connections for as long as the driver lives.
pub(super) async fn accept_tcp(listener: TcpListener, lobby: Lobby) {
    while !lobby.inputs.is_closed() {
        match listener.accept().await {
            Ok((stream, peer)) => match lobby.serve_tcp(stream, peer) {
                Ok((hop, connection)) => {
                    // The driver may be gone already; the connection closes then.
                    let _ = lobby.inputs.send(Input::Opened { hop, connection }).await;
                }
                Err(error) => tracing::debug!(%peer, %error, "TCP connection lost at once"),
            },
            Err(error) => {
                tracing::warn!(%error, "TCP accept failed");
                // Out of file handles: connections have to end before a new one can be taken.
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

/// The address packets to a peer leave from. Nothing is sent.
fn local_ip_towards(peer: SocketAddr) -> IpAddr {
    let any: SocketAddr = match peer {
        SocketAddr::V4(_) => ([0; 4], 0).into(),
        SocketAddr::V6(_) => ([0; 16], 0).into(),
    };
    let probe = std::net::UdpSocket::bind(any).and_then(|socket| {
        socket.connect(peer)?;
        socket.local_addr()
    });
    probe.map_or(any.ip(), |address| address.ip())
}
