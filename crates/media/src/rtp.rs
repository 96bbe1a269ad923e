//! Plain RTP over UDP: sockets, address rules and RTCP.

pub(crate) mod outgoing;
mod ports;
pub(crate) mod report;
mod wire;

pub(crate) use ports::bind_pair;
pub(crate) use wire::RtpWire;
