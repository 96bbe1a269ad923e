//! Making a peer connection, tuned for telephony.

use super::alias;
use super::negotiation::PeerNegotiation;
use super::network::Network;
use super::reports::ReportWatch;
use super::wire::{PeerEvent, PeerWire};
use crate::{Codec, Failure, LegError, WebRtcConfig};
use rand::Rng;
use rtc::ice::mdns::MulticastDnsMode;
use rtc::interceptor::Slot;
use rtc::media_stream::MediaStreamTrack;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters,
    RtpCodecKind,
};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_remote::TrackRemote;
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler,
    RTCConfigurationBuilder, RTCIceConnectionState, RTCIceGatheringState, RTCIceServer,
    RTCPeerConnectionState, Registry, SettingEngine, SettingEngineBuilder, configure_rtcp_reports,
};

/// Pause between connectivity checks; the default of 200 ms is a fifth of a second of silence.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// Checks before giving up on a candidate pair: retries come every seven intervals, so these are
/// about twenty seconds.
const CHECKS: u16 = 140;

/// Silence after which the path is called lost, and lost for good.
const DISCONNECTED: Duration = Duration::from_secs(4);
const FAILED: Duration = Duration::from_secs(25);
const KEEP_ALIVE: Duration = Duration::from_secs(1);

/// Closer to the wire than every interceptor with a name.
const BY_THE_WIRE: Slot = Slot::Custom(500);

/// Ports tried in a range before it is called exhausted.
const PORT_TRIES: usize = 64;

/// Makes a peer connection with one voice track of this `ssrc`.
pub(crate) async fn connect(
    config: &WebRtcConfig,
    ssrc: u32,
) -> Result<(PeerNegotiation, PeerWire), LegError> {
    let mut last = LegError::Bind(io::ErrorKind::AddrNotAvailable.into());
    for port in candidate_ports(config) {
        let addresses: Vec<_> = config
            .bind
            .iter()
            .map(|address| SocketAddr::new(*address, port))
            .collect();
        match try_bind(&addresses) {
            Ok(()) => return build(config, addresses, ssrc).await,
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = LegError::Bind(error),
            Err(error) => return Err(LegError::Bind(error)),
        }
    }
    Err(last)
}

fn candidate_ports(config: &WebRtcConfig) -> Vec<u16> {
    let Some(range) = &config.port_range else {
        return vec![0];
    };
    let mut ports: Vec<u16> = range.clone().collect();
    if !ports.is_empty() {
        let start = rand::rng().random_range(0..ports.len());
        ports.rotate_left(start);
    }
    ports.truncate(PORT_TRIES);
    ports
}

/// Whether the addresses can be bound; the peer connection itself only logs that one cannot.
fn try_bind(addresses: &[SocketAddr]) -> io::Result<()> {
    if addresses.is_empty() {
        return Err(io::ErrorKind::AddrNotAvailable.into());
    }
    for address in addresses {
        UdpSocket::bind(address)?;
    }
    Ok(())
}

async fn build(
    config: &WebRtcConfig,
    addresses: Vec<SocketAddr>,
    ssrc: u32,
) -> Result<(PeerNegotiation, PeerWire), LegError> {
    let ice_servers = config.ice_servers.iter().map(|server| RTCIceServer {
        urls: server.urls.clone(),
        username: server.username.clone(),
        credential: server.credential.clone(),
    });
    let (events, received) = mpsc::unbounded_channel();
    let gathered = Arc::new(Notify::new());
    let watch = ReportWatch::new(ssrc, events.clone());
    let handler = Handler {
        events,
        gathered: Arc::clone(&gathered),
        ice_connected: AtomicBool::new(false),
    };
    let building = PeerConnectionBuilder::new()
        .with_configuration(
            RTCConfigurationBuilder::new()
                .with_ice_servers(ice_servers.collect())
                .build(),
        )
        .with_media_engine(media_engine()?)
        .with_setting_engine(tune(config))
        .with_interceptor_registry(configure_rtcp_reports(Registry::new()).with(BY_THE_WIRE, watch))
        .with_handler(Arc::new(handler))
        .with_udp_addrs(addresses)
        .with_runtime(Arc::new(Network))
        .build();
    // Boxed, because it would make every future that awaits this one as large.
    let connection: Arc<dyn PeerConnection> = Arc::new(Box::pin(building).await?);
    let track = Arc::new(TrackLocalStaticRTP::new(MediaStreamTrack::new(
        "seatline".to_owned(),
        "voice".to_owned(),
        "voice".to_owned(),
        RtpCodecKind::Audio,
        vec![RTCRtpEncodingParameters {
            rtp_coding_parameters: RTCRtpCodingParameters {
                ssrc: Some(ssrc),
                ..Default::default()
            },
            active: true,
            codec: describe(Codec::Opus),
            ..Default::default()
        }],
    )));
    connection.add_track(Arc::clone(&track) as _).await?;
    // A track alone would offer its one codec.
    for transceiver in connection.get_transceivers().await {
        transceiver.set_codec_preferences(codecs()).await?;
    }
    let negotiation = PeerNegotiation::new(Arc::clone(&connection), gathered);
    Ok((negotiation, PeerWire::new(connection, track, received)))
}

fn tune(config: &WebRtcConfig) -> SettingEngine {
    let at_once = Some(Duration::ZERO);
    SettingEngineBuilder::new()
        .with_ice_connection_attempts(Some(CHECK_INTERVAL), Some(CHECKS))
        .with_host_acceptance_min_wait(at_once)
        .with_srflx_acceptance_min_wait(at_once)
        .with_prflx_acceptance_min_wait(at_once)
        .with_relay_acceptance_min_wait(at_once)
        // Its multicast socket cannot be had on a host without a default route, and our parties
        // name addresses, never `.local` names.
        .with_multicast_dns_mode(MulticastDnsMode::Disabled)
        .with_ice_timeouts(Some(DISCONNECTED), Some(FAILED), Some(KEEP_ALIVE))
        // After a network change the old sockets may be dead. With a fixed range the party is a
        // server whose address does not change, and whose port could not be bound again.
        .with_discard_local_candidates_during_ice_restart(config.port_range.is_none())
        .build()
}

/// Opus first, then G.711, and telephone events for both clocks, which no default includes.
fn codecs() -> Vec<RTCRtpCodecParameters> {
    let event = |clock_rate| RTCRtpCodec {
        mime_type: format!("audio/{}", alias::of_event(clock_rate)),
        clock_rate,
        sdp_fmtp_line: "0-15".to_owned(),
        ..Default::default()
    };
    [
        (111, describe(Codec::Opus)),
        (0, describe(Codec::Pcmu)),
        (8, describe(Codec::Pcma)),
        (110, event(48_000)),
        (126, event(8_000)),
    ]
    .map(|(payload_type, rtp_codec)| RTCRtpCodecParameters {
        rtp_codec,
        payload_type,
    })
    .to_vec()
}

fn media_engine() -> Result<MediaEngine, LegError> {
    let mut engine = MediaEngine::default();
    for codec in codecs() {
        engine.register_codec(codec, RtpCodecKind::Audio)?;
    }
    Ok(engine)
}

fn describe(codec: Codec) -> RTCRtpCodec {
    let (channels, parameters) = match codec {
        Codec::Opus => (2, "minptime=10;useinbandfec=1"),
        Codec::Pcmu | Codec::Pcma => (0, ""),
    };
    RTCRtpCodec {
        mime_type: format!("audio/{}", codec.name()),
        clock_rate: codec.clock_rate(),
        channels,
        sdp_fmtp_line: parameters.to_owned(),
        rtcp_feedback: Vec::new(),
    }
}

/// Passes the connection's events on; runs on its task and must not wait.
struct Handler {
    events: mpsc::UnboundedSender<PeerEvent>,
    gathered: Arc<Notify>,
    ice_connected: AtomicBool,
}

impl Handler {
    fn tell(&self, event: PeerEvent) {
        // The leg may have ended already.
        let _ = self.events.send(event);
    }
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            self.gathered.notify_one();
        }
    }

    async fn on_ice_connection_state_change(&self, state: RTCIceConnectionState) {
        let connected = matches!(
            state,
            RTCIceConnectionState::Connected | RTCIceConnectionState::Completed
        );
        self.ice_connected.store(connected, Ordering::Release);
        if connected {
            self.tell(PeerEvent::PathFound);
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        match state {
            RTCPeerConnectionState::Connected => self.tell(PeerEvent::Connected),
            RTCPeerConnectionState::Disconnected => self.tell(PeerEvent::Disconnected),
            RTCPeerConnectionState::Failed => {
                // With a path, what failed is the handshake on it.
                let failure = match self.ice_connected.load(Ordering::Acquire) {
                    true => Failure::Untrusted,
                    false => Failure::Unreachable,
                };
                self.tell(PeerEvent::Failed(failure));
            }
            _ => {}
        }
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        self.tell(PeerEvent::Track(track));
    }
}
