//! The sockets of a plain RTP leg and whose packets they take.

use super::report::{self, Report, Sent};
use crate::packet::Packet;
use crate::sdp::Addresses;
use crate::wire::{Account, RemoteView, WireEvent};
use bytes::Bytes;
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::SystemTime;
use tokio::net::UdpSocket;

/// Largest datagram read; voice packets are far smaller.
const DATAGRAM: usize = 2_048;

/// Two sockets and the one party they belong to.
///
/// Packets are taken only from where the remote party's SDP says it is, so that nobody who finds
/// the port can speak or listen. With latching allowed, the first valid packet may come from
/// elsewhere and then fixes the place; after it nothing moves until SDP says so.
pub(crate) struct RtpWire {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    ssrc: u32,
    remote: Option<Addresses>,
    latch: Latch,
    rtp_buffer: Box<[u8; DATAGRAM]>,
    rtcp_buffer: Box<[u8; DATAGRAM]>,
    /// Told by the same datagram as what was returned before.
    pending: VecDeque<WireEvent>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Latch {
    /// SDP alone decides.
    Never,
    /// The first valid packet decides.
    Open,
    /// It has decided.
    Closed,
}

impl RtpWire {
    /// Takes bound, non-blocking sockets.
    pub(crate) fn new(
        (rtp, rtcp): (std::net::UdpSocket, std::net::UdpSocket),
        ssrc: u32,
        latch: bool,
    ) -> io::Result<Self> {
        Ok(Self {
            rtp: UdpSocket::from_std(rtp)?,
            rtcp: UdpSocket::from_std(rtcp)?,
            ssrc,
            remote: None,
            latch: if latch { Latch::Open } else { Latch::Never },
            rtp_buffer: Box::new([0; DATAGRAM]),
            rtcp_buffer: Box::new([0; DATAGRAM]),
            pending: VecDeque::new(),
        })
    }

    /// Sets where the remote party is, by its SDP.
    pub(crate) fn set_remote(&mut self, remote: Addresses) {
        let moved = self.remote.is_some_and(|before| before != remote);
        match self.latch {
            // A latched address outlives a re-offer that repeats the same unreachable one.
            Latch::Closed if !moved => return,
            Latch::Closed => self.latch = Latch::Open,
            Latch::Open | Latch::Never => {}
        }
        self.remote = Some(remote);
    }

    /// Waits for the next thing to happen. Safe to cancel.
    pub(crate) async fn receive(&mut self) -> WireEvent {
        if let Some(event) = self.pending.pop_front() {
            return event;
        }
        tokio::select! {
            read = self.rtp.recv_from(&mut self.rtp_buffer[..]) => match read {
                Ok((length, from)) => {
                    let datagram = Bytes::copy_from_slice(&self.rtp_buffer[..length]);
                    self.take_packet(datagram, from)
                }
                Err(error) => ignore(&error),
            },
            read = self.rtcp.recv_from(&mut self.rtcp_buffer[..]) => match read {
                Ok((length, from)) => self.take_report(length, from),
                Err(error) => ignore(&error),
            },
        }
    }

    fn take_packet(&mut self, datagram: Bytes, from: SocketAddr) -> WireEvent {
        let Some(remote) = self.remote else {
            return WireEvent::Refused;
        };
        let named = remote.rtp.port() == from.port() && same_host(remote.rtp.ip(), from.ip());
        let trusted = named || self.latch == Latch::Open;
        if !trusted {
            return WireEvent::Refused;
        }
        match Packet::parse(datagram) {
            Some(packet) => WireEvent::Packet {
                packet,
                from: Some(from),
            },
            None => WireEvent::Refused,
        }
    }

    /// Fixes the remote address after a packet with a negotiated payload type came from `from`.
    pub(crate) fn confirm(&mut self, from: SocketAddr) {
        if self.latch != Latch::Open {
            return;
        }
        self.latch = Latch::Closed;
        if let Some(remote) = &mut self.remote
            && remote.rtp != from
        {
            let muxed = remote.rtcp == remote.rtp;
            remote.rtp = from;
            remote.rtcp = match muxed {
                true => from,
                false => SocketAddr::new(from.ip(), from.port().wrapping_add(1)),
            };
        }
    }

    fn take_report(&mut self, length: usize, from: SocketAddr) -> WireEvent {
        // NAT gives RTCP a port of its own, so only the host is compared.
        match self.remote {
            Some(remote) if same_host(remote.rtcp.ip(), from.ip()) => {
                for report in report::read(&self.rtcp_buffer[..length]) {
                    let told = self.interpret(report);
                    self.pending.extend(told);
                }
                self.pending.pop_front().unwrap_or(WireEvent::Refused)
            }
            _ => WireEvent::Refused,
        }
    }

    /// Sends a packet; `false` if it could not be sent.
    pub(crate) async fn send(&self, packet: Packet) -> bool {
        let Some(remote) = self
            .remote
            .filter(|remote| !remote.rtp.ip().is_unspecified())
        else {
            return false;
        };
        match packet.write() {
            Some(datagram) => self.rtp.send_to(&datagram, remote.rtp).await.is_ok(),
            None => false,
        }
    }

    /// Sends a report.
    pub(crate) async fn report(&self, account: Account) {
        let remote = self.remote.map(|remote| remote.rtcp);
        let Some(remote) = remote.filter(|remote| !remote.ip().is_unspecified()) else {
            return;
        };
        let sent = Sent {
            ssrc: self.ssrc,
            ntp: report::ntp_time(SystemTime::now()),
            timestamp: account.timestamp,
            packets: account.packets,
            octets: account.octets,
        };
        if let Some(datagram) = report::write(sent, account.reception, account.leaving)
            && let Err(error) = self.rtcp.send_to(&datagram, remote).await
        {
            tracing::debug!(%error, "a report could not be sent");
        }
    }

    /// What a report tells about our stream or the remote party's clock.
    fn interpret(&self, report: Report) -> Option<WireEvent> {
        match report {
            Report::Sender { stamp } => Some(WireEvent::RemoteClock(stamp)),
            Report::Reception {
                ssrc,
                fraction_lost,
                last_sender_report,
                delay,
            } if ssrc == self.ssrc => {
                let now = report::ntp_time(SystemTime::now());
                Some(WireEvent::RemoteView(RemoteView {
                    round_trip: report::round_trip(now, last_sender_report, delay),
                    loss: f32::from(fraction_lost) / 256.0,
                }))
            }
            Report::Reception { .. } => None,
        }
    }
}

fn same_host(a: IpAddr, b: IpAddr) -> bool {
    a.to_canonical() == b.to_canonical()
}

/// Errors on a UDP socket are ICMP's echo of an earlier send; the media timeout judges the path.
fn ignore(error: &io::Error) -> WireEvent {
    tracing::debug!(%error, "socket read failed");
    WireEvent::Refused
}
