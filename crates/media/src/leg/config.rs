//! How a leg reaches the network.

use crate::Codec;
use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;

/// How a WebRTC leg reaches the network.
#[derive(Debug, Clone)]
pub struct WebRtcConfig {
    /// Local addresses to gather candidates on. A wildcard means every interface but loopback;
    /// loopback must be named to be used.
    pub bind: Vec<IpAddr>,
    /// UDP ports to choose from; any free port if absent.
    pub port_range: Option<RangeInclusive<u16>>,
    /// STUN and TURN servers; none are needed on one host or LAN.
    pub ice_servers: Vec<IceServer>,
}

/// A STUN or TURN server.
#[derive(Clone, Default)]
pub struct IceServer {
    /// `stun:host:port` or `turn:host:port?transport=udp`.
    pub urls: Vec<String>,
    /// TURN user name; empty for STUN.
    pub username: String,
    /// TURN password; empty for STUN.
    pub credential: String,
}

impl fmt::Debug for IceServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceServer")
            .field("urls", &self.urls)
            .field("credential", &"[redacted]")
            .finish_non_exhaustive()
    }
}

/// How a plain RTP leg reaches the network.
#[derive(Debug, Clone)]
pub struct RtpConfig {
    /// Local address to send from and receive on.
    pub bind: IpAddr,
    /// Address to write into SDP when it differs from `bind` (behind NAT, or for a wildcard).
    pub advertise: Option<IpAddr>,
    /// UDP ports to choose from (an even one for RTP and the next for RTCP); any if absent.
    pub port_range: Option<RangeInclusive<u16>>,
    /// Codecs to speak, most preferred first.
    pub codecs: Vec<Codec>,
    /// Accept the first valid packet's source as the remote address, once, when it differs from
    /// the SDP. Only for peers behind NAT: anyone who guesses the port first becomes the peer.
    pub latch: bool,
}
