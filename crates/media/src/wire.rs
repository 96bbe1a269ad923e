//! The three ways packets travel.

use crate::Failure;
use crate::leg::meter::Reception;
use crate::packet::Packet;
use crate::peer::PeerWire;
use crate::rtp::RtpWire;
use crate::sdp::Terms;
use crate::sim::SimWire;
use std::net::SocketAddr;
use std::time::Duration;

/// Something that happened on a wire.
#[derive(Debug)]
pub(crate) enum WireEvent {
    /// An RTP packet; on plain RTP with where it came from.
    Packet {
        packet: Packet,
        from: Option<SocketAddr>,
    },
    /// The middle of the NTP time of the remote party's sender report.
    RemoteClock(u32),
    /// How the remote party receives us.
    RemoteView(RemoteView),
    /// A datagram was thrown away.
    Refused,
    /// Media can flow.
    Connected,
    /// The path is lost for now.
    Disconnected,
    /// The path is lost for good.
    Failed(Failure),
}

/// How the remote party receives us.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RemoteView {
    pub(crate) round_trip: Option<Duration>,
    /// Share lost lately, 0.0..=1.0.
    pub(crate) loss: f32,
}

/// What we report about ourselves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account {
    pub(crate) packets: u64,
    pub(crate) octets: u64,
    /// The RTP timestamp of now.
    pub(crate) timestamp: u32,
    pub(crate) reception: Option<Reception>,
    /// The last report.
    pub(crate) leaving: bool,
}

/// How packets reach the remote party.
pub(crate) enum Wire {
    Rtp(RtpWire),
    Peer(PeerWire),
    Sim(Box<SimWire>),
}

impl Wire {
    /// Waits for the next thing to happen. Safe to cancel.
    pub(crate) async fn receive(&mut self) -> WireEvent {
        match self {
            Self::Rtp(wire) => wire.receive().await,
            Self::Peer(wire) => wire.receive().await,
            Self::Sim(wire) => wire.receive().await,
        }
    }

    /// Sends a packet; `false` if it could not be sent.
    pub(crate) async fn send(&mut self, packet: Packet) -> bool {
        match self {
            Self::Rtp(wire) => wire.send(packet).await,
            Self::Peer(wire) => wire.send(packet).await,
            Self::Sim(wire) => wire.send(packet),
        }
    }

    /// Applies what was agreed; returns whether media can flow from this alone.
    pub(crate) fn apply(&mut self, terms: &Terms) -> bool {
        match self {
            Self::Rtp(wire) => {
                if let Some(remote) = terms.remote {
                    wire.set_remote(remote);
                }
                true
            }
            Self::Peer(_) => false,
            Self::Sim(_) => true,
        }
    }

    /// Says that a packet from `from` was one of ours.
    pub(crate) fn confirm(&mut self, from: Option<SocketAddr>) {
        if let (Self::Rtp(wire), Some(from)) = (self, from) {
            wire.confirm(from);
        }
    }

    /// Tells the remote party how we do, where the wire does not by itself.
    pub(crate) async fn report(&mut self, account: Account) {
        match self {
            Self::Rtp(wire) => wire.report(account).await,
            Self::Peer(_) | Self::Sim(_) => {}
        }
    }

    /// Frees what the wire holds.
    pub(crate) async fn close(&mut self) {
        match self {
            Self::Peer(wire) => wire.close().await,
            Self::Rtp(_) | Self::Sim(_) => {}
        }
    }
}
