//! Where a message came from or goes to next.

use std::{fmt, net::SocketAddr, sync::Arc};

/// Names one connection, or the UDP socket, for as long as the program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FlowId(pub(crate) u64);

/// How bytes travel on a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Transport {
    Udp,
    Tcp,
    /// WebSocket, with TLS beneath.
    Wss,
}

impl Transport {
    /// Whether lost messages are sent again below SIP.
    pub(crate) fn is_reliable(self) -> bool {
        match self {
            Self::Udp => false,
            Self::Tcp | Self::Wss => true,
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Wss => "WSS",
        })
    }
}

/// A flow and the peer at its other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hop {
    pub(crate) flow: FlowId,
    pub(crate) transport: Transport,
    pub(crate) peer: SocketAddr,
    /// This side as `host[:port]`, for `Via` and `Contact`.
    pub(crate) local: Arc<str>,
}

impl Hop {
    /// The topmost `Via` of a request sent here.
    pub(crate) fn via(&self, branch: &str) -> String {
        let Self {
            transport, local, ..
        } = self;
        // RFC 3581: answers come back through address translators.
        let source_port = if transport.is_reliable() {
            ""
        } else {
            ";rport"
        };
        format!("SIP/2.0/{transport} {local};branch={branch}{source_port}")
    }

    /// This side's `Contact` on this hop.
    pub(crate) fn contact(&self, user: &str) -> String {
        let transport = match self.transport {
            Transport::Udp => "",
            Transport::Tcp => ";transport=tcp",
            Transport::Wss => ";transport=ws",
        };
        format!("<sip:{user}@{}{transport}>", self.local)
    }
}
