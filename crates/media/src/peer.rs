//! A WebRTC leg: ICE, DTLS-SRTP and their negotiation, by the `webrtc` crate.
//!
//! The crate's peer connection is always told that media flows both ways. Holding and resuming are
//! ours: the direction is written into the descriptions that go out, read from those that come in,
//! and obeyed by the leg's driver. (The crate stops a transceiver for good when the remote party
//! says `inactive`, which telephones do to hold.)

mod alias;
mod candidate;
mod negotiation;
mod network;
mod reports;
mod setup;
mod wire;

pub(crate) use negotiation::PeerNegotiation;
pub(crate) use setup::connect;
pub(crate) use wire::PeerWire;

use crate::LegError;

impl From<webrtc::error::Error> for LegError {
    fn from(error: webrtc::error::Error) -> Self {
        Self::Peer(error.to_string())
    }
}
