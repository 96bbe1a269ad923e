//! The switch inside this process: SIP over UDP and TCP with plain RTP for trunks, SIP over
//! WebSocket with WebRTC for desks.
//!
//! One task per party owns its dialog and its leg. What a party hears is kept beside the tasks, so
//! that a bridge may be asked for before both legs exist and is made when they do.

mod hearing;
mod party;
mod trunks;
mod websocket;

pub use trunks::Trunk;

use super::{Dial, Ending, Event, Origin, PartyId, Sound, Switch};
use async_trait::async_trait;
use futures_util::FutureExt;
use hearing::{Hearings, Kind};
use parking_lot::Mutex;
use party::{Order, Party};
use seatline_contract::secret::PhoneNumber;
use seatline_media::{Clip, Codec, Leg, LegError, LegEvent, RtpConfig, Tap, WebRtcConfig};
use seatline_sip::{
    Authenticate, Endpoint, EndpointConfig, EndpointEvent, IncomingCall, StartError,
};
use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::mpsc;

/// How long a stopping switch waits for its parties to say good-bye.
const PARTING: Duration = Duration::from_secs(2);

/// How the switch is set up.
#[derive(Clone)]
pub struct EmbeddedConfig {
    /// The signalling.
    pub endpoint: EndpointConfig,
    /// Local address of plain RTP.
    pub rtp_bind: IpAddr,
    /// Address trunks send sound to, if it is not `rtp_bind`.
    pub rtp_advertise: Option<IpAddr>,
    /// Local addresses of WebRTC.
    pub webrtc_bind: Vec<IpAddr>,
    /// UDP ports of both.
    pub ports: RangeInclusive<u16>,
    /// Where outbound calls go, the first that takes the call.
    pub trunks: Vec<Trunk>,
    /// What callers hear first.
    pub greeting: Arc<Clip>,
    /// What says that a call is recorded.
    pub announcement: Arc<Clip>,
    /// What waiting and held customers hear.
    pub music: Arc<Clip>,
}

/// The switch inside this process. Clones are the same switch.
#[derive(Clone)]
pub struct Embedded {
    core: Arc<Core>,
}

/// What the parties' tasks share.
pub(super) struct Core {
    pub(super) config: EmbeddedConfig,
    pub(super) endpoint: Endpoint,
    pub(super) hearings: Hearings,
    parties: Mutex<HashMap<PartyId, mpsc::UnboundedSender<Order>>>,
    next: AtomicU64,
    events: mpsc::UnboundedSender<Event>,
}

impl Embedded {
    /// Binds the signalling sockets and starts.
    ///
    /// # Errors
    /// Those of [`Endpoint::start`]; nothing is left running.
    pub async fn start(
        config: EmbeddedConfig,
        authenticator: Arc<dyn Authenticate>,
    ) -> Result<(Self, mpsc::UnboundedReceiver<Event>), StartError> {
        let (endpoint, endpoint_events) =
            Endpoint::start(config.endpoint.clone(), authenticator).await?;
        let (events, stream) = mpsc::unbounded_channel();
        let core = Arc::new(Core {
            hearings: Hearings::new(
                config.greeting.clone(),
                config.announcement.clone(),
                config.music.clone(),
            ),
            config,
            endpoint,
            parties: Mutex::new(HashMap::new()),
            next: AtomicU64::new(1),
            events,
        });
        tokio::spawn(serve(core.clone(), endpoint_events));
        Ok((Self { core }, stream))
    }

    /// Where trunks reach it over UDP, if they do.
    #[must_use]
    pub fn udp_address(&self) -> Option<SocketAddr> {
        self.core.endpoint.udp_address()
    }

    /// Where trunks reach it over TCP, if they do.
    #[must_use]
    pub fn tcp_address(&self) -> Option<SocketAddr> {
        self.core.endpoint.tcp_address()
    }

    /// Serves a desk over a WebSocket that was accepted with the sub-protocol `sip`. Returns at once.
    pub fn accept_websocket(&self, socket: axum::extract::ws::WebSocket, peer: SocketAddr) {
        let pipe = websocket::pipe(socket);
        self.core.endpoint.accept_websocket(pipe, peer);
    }

    fn order(&self, party: PartyId, order: Order) {
        if let Some(orders) = self.core.parties.lock().get(&party) {
            // A party that is just leaving has raised its end.
            let _ = orders.send(order);
        }
    }
}

impl Core {
    pub(super) fn raise(&self, event: Event) {
        // A centre that is gone needs no events.
        let _ = self.events.send(event);
    }

    /// A leg towards a desk.
    pub(super) async fn desk_leg(
        &self,
    ) -> Result<(Leg, mpsc::UnboundedReceiver<LegEvent>), LegError> {
        Leg::webrtc(WebRtcConfig {
            bind: self.config.webrtc_bind.clone(),
            port_range: Some(self.config.ports.clone()),
            ice_servers: Vec::new(),
        })
        .await
    }

    /// A leg towards a trunk at that address.
    pub(super) async fn trunk_leg(
        &self,
        towards: Option<IpAddr>,
    ) -> Result<(Leg, mpsc::UnboundedReceiver<LegEvent>), LegError> {
        let bind = self.config.rtp_bind;
        let advertise = self.config.rtp_advertise.or_else(|| {
            let towards = towards.filter(|_| bind.is_unspecified())?;
            trunks::own_address(bind, towards)
        });
        Leg::rtp(RtpConfig {
            bind,
            advertise,
            port_range: Some(self.config.ports.clone()),
            codecs: vec![Codec::Opus, Codec::Pcma, Codec::Pcmu],
            latch: false,
        })
        .await
    }

    /// Makes a new party known, which takes orders from now on.
    fn admit(self: &Arc<Self>, kind: Kind) -> (PartyId, Party) {
        let party = PartyId(self.next.fetch_add(1, Ordering::Relaxed));
        let (orders, inbox) = mpsc::unbounded_channel();
        self.parties.lock().insert(party, orders);
        self.hearings.enter(party, kind);
        (party, Party::new(party, self.clone(), inbox))
    }

    /// Gives a party its task. Whatever becomes of the task, the party's end is raised, once.
    fn run(self: &Arc<Self>, party: PartyId, life: impl Future<Output = Event> + Send + 'static) {
        let core = self.clone();
        tokio::spawn(async move {
            let last = AssertUnwindSafe(life).catch_unwind().await;
            let last = last.unwrap_or_else(|_| {
                tracing::error!(%party, "the task of a call failed");
                Event::Ended {
                    party,
                    by_far_side: false,
                    code: Some(500),
                    reason: String::new(),
                }
            });
            core.parties.lock().remove(&party);
            core.hearings.forget(party);
            core.raise(last);
        });
    }

    fn arrive(self: &Arc<Self>, incoming: IncomingCall) {
        let number = |party: &seatline_sip::Party| {
            party
                .number
                .as_ref()
                .map(|number| PhoneNumber::new(number.as_str()))
        };
        let origin = match &incoming.origin {
            seatline_sip::Origin::Agent { user } => Origin::Agent {
                user: user.clone(),
                dialled: number(&incoming.to).unwrap_or_else(|| PhoneNumber::new("")),
            },
            seatline_sip::Origin::Trunk { .. } | seatline_sip::Origin::Switch => Origin::Trunk {
                called: number(&incoming.to),
                caller: number(&incoming.from),
                name: incoming.from.display_name.clone(),
            },
        };
        let kind = match origin {
            Origin::Agent { .. } => Kind::Desk,
            Origin::Trunk { .. } => Kind::Trunk,
        };
        let (party, life) = self.admit(kind);
        // Before it lives: its end must not be told first.
        self.raise(Event::Arrived { party, origin });
        self.run(party, life.serve(incoming));
    }
}

async fn serve(core: Arc<Core>, mut events: mpsc::UnboundedReceiver<EndpointEvent>) {
    while let Some(event) = events.recv().await {
        match event {
            EndpointEvent::Invite(incoming) => core.arrive(incoming),
            EndpointEvent::Registered { user, .. } => core.raise(Event::LineUp(user)),
            EndpointEvent::Unregistered { user, reason } => {
                tracing::info!(user, ?reason, "a line went down");
                core.raise(Event::LineDown(user));
            }
            EndpointEvent::AuthenticationFailed { user, peer } => {
                metrics::counter!("seatline_sip_authentication_failures_total").increment(1);
                tracing::warn!(user, %peer, "a line could not prove who it is");
            }
        }
    }
}

#[async_trait]
impl Switch for Embedded {
    fn dial(&self, dial: Dial) -> PartyId {
        let kind = match dial {
            Dial::Agent { .. } => Kind::Desk,
            Dial::Trunk { .. } => Kind::Trunk,
        };
        let (party, life) = self.core.admit(kind);
        self.core.run(party, life.dial(dial));
        party
    }

    fn progress(&self, party: PartyId) {
        self.order(party, Order::Progress);
    }

    fn answer(&self, party: PartyId) {
        self.order(party, Order::Answer);
    }

    fn hear(&self, listener: PartyId, speakers: &[PartyId]) {
        self.core.hearings.hear(listener, speakers);
    }

    fn mute(&self, party: PartyId, muted: bool) {
        self.core.hearings.mute(party, muted);
    }

    fn play(&self, party: PartyId, sound: Sound) {
        self.core.hearings.play(party, sound);
    }

    fn beep(&self, party: PartyId) {
        self.core.hearings.beep(party);
    }

    fn tap(&self, party: PartyId) -> Option<Tap> {
        self.core.hearings.tap(party)
    }

    fn send_digits(&self, party: PartyId, digits: &str) {
        self.order(party, Order::Digits(digits.to_owned()));
    }

    fn hang_up(&self, party: PartyId, ending: Ending) {
        self.order(party, Order::HangUp(ending));
    }

    async fn stop(&self) {
        let parties: Vec<_> = self.core.parties.lock().keys().copied().collect();
        for party in parties {
            self.hang_up(party, Ending::with(503, "the centre is stopping"));
        }
        let parted = async {
            while !self.core.parties.lock().is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        // Those who do not answer a good-bye in time are left.
        let _ = tokio::time::timeout(PARTING, parted).await;
        self.core.endpoint.stop().await;
    }
}
