//! Packets over a peer connection.

use crate::Failure;
use crate::packet::Packet;
use crate::wire::{RemoteView, WireEvent};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::PeerConnection;

/// What the connection tells.
pub(crate) enum PeerEvent {
    /// Packets get through; the encryption handshake follows.
    PathFound,
    Connected,
    Disconnected,
    Failed(Failure),
    /// How the remote party receives us.
    View(RemoteView),
    /// The remote party's voice.
    Track(Arc<dyn TrackRemote>),
}

/// How long the encryption handshake may take once packets get through. A wrong certificate makes
/// it fail in silence: the connection only logs that and waits for ever.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// The two tracks of a peer connection and its state.
pub(crate) struct PeerWire {
    connection: Arc<dyn PeerConnection>,
    local: Arc<TrackLocalStaticRTP>,
    remote: Option<Arc<dyn TrackRemote>>,
    events: mpsc::UnboundedReceiver<PeerEvent>,
    handshake: Handshake,
}

/// ```text
///  Awaited ── path found ──▶ Running ── connected ──▶ Done
///                               └────── too long ───▶ Done
/// ```
#[derive(Debug, Clone, Copy)]
enum Handshake {
    Awaited,
    Running { until: tokio::time::Instant },
    Done,
}

impl Handshake {
    /// Waits until it has taken too long.
    async fn overdue(self) {
        match self {
            Self::Running { until } => tokio::time::sleep_until(until).await,
            Self::Awaited | Self::Done => std::future::pending().await,
        }
    }
}

impl PeerWire {
    pub(crate) fn new(
        connection: Arc<dyn PeerConnection>,
        local: Arc<TrackLocalStaticRTP>,
        events: mpsc::UnboundedReceiver<PeerEvent>,
    ) -> Self {
        Self {
            connection,
            local,
            remote: None,
            events,
            handshake: Handshake::Awaited,
        }
    }

    /// Waits for the next thing to happen. Safe to cancel.
    pub(crate) async fn receive(&mut self) -> WireEvent {
        loop {
            let track = self.remote.clone();
            tokio::select! {
                event = self.events.recv() => match event {
                    Some(PeerEvent::PathFound) => {
                        if let Handshake::Awaited = self.handshake {
                            let until = tokio::time::Instant::now() + HANDSHAKE;
                            self.handshake = Handshake::Running { until };
                        }
                    }
                    Some(PeerEvent::Connected) => {
                        self.handshake = Handshake::Done;
                        return WireEvent::Connected;
                    }
                    Some(PeerEvent::Disconnected) => return WireEvent::Disconnected,
                    Some(PeerEvent::Failed(failure)) => return WireEvent::Failed(failure),
                    Some(PeerEvent::View(view)) => return WireEvent::RemoteView(view),
                    Some(PeerEvent::Track(track)) => self.remote = Some(track),
                    // The connection is gone; closing the leg is the handle's business.
                    None => std::future::pending().await,
                },
                () = self.handshake.overdue() => {
                    self.handshake = Handshake::Done;
                    return WireEvent::Failed(Failure::Untrusted);
                }
                event = poll(track) => match event {
                    Some(TrackRemoteEvent::OnRtpPacket(packet)) => {
                        return WireEvent::Packet { packet: packet.into(), from: None };
                    }
                    Some(_) => {}
                    None => self.remote = None,
                },
            }
        }
    }

    /// Sends a packet; `false` if it could not be sent.
    pub(crate) async fn send(&self, packet: Packet) -> bool {
        self.local.write_rtp(packet.into()).await.is_ok()
    }

    /// Closes the connection.
    pub(crate) async fn close(&self) {
        if let Err(error) = self.connection.close().await {
            tracing::debug!(%error, "a peer connection did not close cleanly");
        }
    }
}

async fn poll(track: Option<Arc<dyn TrackRemote>>) -> Option<TrackRemoteEvent> {
    match track {
        Some(track) => track.poll().await,
        None => std::future::pending().await,
    }
}
