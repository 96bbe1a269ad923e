//! One voice path to one remote party.

pub(crate) mod attach;
pub(crate) mod config;
mod driver;
mod ear;
pub(crate) mod meter;
mod negotiator;
pub(crate) mod shared;
pub(crate) mod statistics;
pub(crate) mod tap;
mod watch;

use crate::jitter::Tally;
use crate::peer;
use crate::rtp::{self, RtpWire};
use crate::sdp::{LocalMedia, Negotiation, Terms};
use crate::wire::Wire;
use crate::{Clip, Codec, Listener, RtpConfig, Statistics, Talker, Tone, WebRtcConfig, dtmf};
use driver::Driver;
use ear::Ear;
use negotiator::Negotiator;
use shared::{Command, Feed, Heard, Shared};
use std::fmt;
use std::io;
use std::sync::Arc;
use tap::Tap;
use thiserror::Error;
use tokio::sync::{Mutex, mpsc, oneshot};

/// A handle to one voice path. Clones are the same leg; the leg ends when [`Leg::close`] is called
/// or the last handle is dropped.
#[derive(Clone)]
pub struct Leg {
    inner: Arc<Inner>,
}

struct Inner {
    commands: mpsc::UnboundedSender<Command>,
    shared: Arc<Shared>,
    negotiator: Mutex<Negotiator>,
}

/// What a leg's remote party hears.
#[derive(Clone)]
pub enum Source {
    /// Silence; timestamps keep running and the path stays open.
    Nothing,
    /// A recorded or generated sound.
    Clip {
        /// The sound.
        clip: Arc<Clip>,
        /// Start again at the end instead of raising [`LegEvent::ClipEnded`].
        repeat: bool,
    },
    /// A call-progress tone, for ever.
    Tone(Tone),
    /// What the remote party of another leg says, its key presses included.
    Leg(Leg),
}

/// Which way media flows, seen from the side that says so (RFC 3264).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// Sends only: what a party that puts the other on hold says.
    SendOnly,
    /// Receives only.
    RecvOnly,
    /// Neither.
    Inactive,
}

/// Something that happened on a leg.
#[derive(Debug, Clone, PartialEq)]
pub enum LegEvent {
    /// Media can flow: the first time, and again after a disconnection.
    Connected,
    /// The path was lost; it may come back by itself or by [`Leg::restart_ice`].
    Disconnected,
    /// The path is gone for good.
    Failed(Failure),
    /// The remote party pressed a key; raised once for each press, when it is let go.
    Digit {
        /// `0`-`9`, `*`, `#`, `A`-`D`.
        digit: char,
        /// How long it was pressed, in milliseconds.
        duration_ms: u32,
    },
    /// A clip heard without repetition has ended.
    ClipEnded,
    /// The first voice packet arrived from the remote party.
    FirstAudio,
    /// Nothing has arrived from the remote party for this long although it should send. Raised
    /// again each time the silence has doubled.
    MediaTimeout {
        /// Length of the silence so far, in milliseconds.
        silence_ms: u64,
    },
}

/// Why a leg failed for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Failure {
    /// No candidate pair of addresses let packets through; check firewall and TURN.
    #[error("the remote party cannot be reached")]
    Unreachable,
    /// The encryption handshake failed or the certificate did not match the SDP's fingerprint.
    #[error("the remote party's identity did not match its offer")]
    Untrusted,
    /// The local socket broke.
    #[error("the local socket failed")]
    Socket,
}

/// Why a leg refused.
#[derive(Debug, Error)]
pub enum LegError {
    /// No local port could be bound: the range is exhausted or the address is not ours.
    #[error("no local port could be bound: {0}")]
    Bind(#[source] std::io::Error),
    /// The text is not SDP, or lacks something every session needs.
    #[error("malformed session description: {0}")]
    Malformed(String),
    /// The offer or answer has no voice codec we speak; answer the dialog with 488.
    #[error("no codec in common")]
    NoCommonCodec,
    /// A WebRTC leg was offered unencrypted or SDES-keyed media; answer the dialog with 488.
    #[error("media must be encrypted with DTLS-SRTP")]
    Insecure,
    /// The offer/answer exchange is not at a point where this may happen.
    #[error("{action} is not possible while the exchange is {state}")]
    WrongState {
        /// What was tried.
        action: &'static str,
        /// Where the exchange is.
        state: &'static str,
    },
    /// The leg is already attached to a device.
    #[error("the leg is already attached")]
    Attached,
    /// The leg has ended.
    #[error("the leg is closed")]
    Closed,
    /// A key that telephones do not have.
    #[error("{0:?} is not a telephone key")]
    NotADigit(char),
    /// The WebRTC stack refused for a reason of its own.
    #[error("the peer connection refused: {0}")]
    Peer(String),
}

impl Leg {
    /// Makes a WebRTC leg (ICE, DTLS-SRTP, Opus preferred, G.711 possible) and its events.
    ///
    /// # Errors
    ///
    /// [`LegError::Bind`] when no address can be bound.
    pub async fn webrtc(
        config: WebRtcConfig,
    ) -> Result<(Self, mpsc::UnboundedReceiver<LegEvent>), LegError> {
        let ssrc = rand::random();
        let (negotiation, wire) = peer::connect(&config, ssrc).await?;
        Ok(Self::spawn(
            Wire::Peer(wire),
            Negotiator::Peer(negotiation),
            ssrc,
        ))
    }

    /// Makes a plain RTP leg and its events.
    ///
    /// # Errors
    ///
    /// [`LegError::Bind`] when no port can be bound, or when a wildcard is bound and no address is
    /// advertised.
    pub async fn rtp(
        config: RtpConfig,
    ) -> Result<(Self, mpsc::UnboundedReceiver<LegEvent>), LegError> {
        let address = config.advertise.unwrap_or(config.bind);
        if address.is_unspecified() {
            // In SDP this address would mean hold.
            return Err(LegError::Bind(io::ErrorKind::AddrNotAvailable.into()));
        }
        let pair =
            rtp::bind_pair(config.bind, config.port_range.as_ref()).map_err(LegError::Bind)?;
        let port = |socket: &std::net::UdpSocket| socket.local_addr().map(|local| local.port());
        let local = LocalMedia {
            address,
            port: port(&pair.0).map_err(LegError::Bind)?,
            rtcp_port: port(&pair.1).map_err(LegError::Bind)?,
            codecs: config.codecs,
        };
        let ssrc = rand::random();
        let wire = RtpWire::new(pair, ssrc, config.latch).map_err(LegError::Bind)?;
        // Half the range, so that the number stays positive for parties that read it signed.
        let session = u64::from(rand::random::<u32>());
        Ok(Self::spawn(
            Wire::Rtp(wire),
            Negotiator::Rtp(Negotiation::new(local, session)),
            ssrc,
        ))
    }

    /// A leg whose terms are set by [`Leg::agree`] instead of SDP.
    pub(crate) fn with_wire(wire: Wire, ssrc: u32) -> (Self, mpsc::UnboundedReceiver<LegEvent>) {
        Self::spawn(wire, Negotiator::None, ssrc)
    }

    fn spawn(
        wire: Wire,
        negotiator: Negotiator,
        ssrc: u32,
    ) -> (Self, mpsc::UnboundedReceiver<LegEvent>) {
        let (commands, obeyed) = mpsc::unbounded_channel();
        let (events, told) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared::new());
        let start = (rand::random(), rand::random());
        let driver = Driver::new(wire, ssrc, start, obeyed, events, Arc::clone(&shared));
        tokio::spawn(driver.run());
        let inner = Inner {
            commands,
            shared,
            negotiator: Mutex::new(negotiator),
        };
        (
            Self {
                inner: Arc::new(inner),
            },
            told,
        )
    }

    pub(crate) fn agree(&self, terms: Terms) {
        *self.inner.shared.remote_direction.lock() = terms.remote_direction;
        self.order(Command::Agree(terms));
    }

    fn order(&self, command: Command) {
        // A closed leg obeys nothing, and nothing is lost by it.
        let _ = self.inner.commands.send(command);
    }

    fn require_open(&self) -> Result<(), LegError> {
        match self.inner.commands.is_closed() {
            true => Err(LegError::Closed),
            false => Ok(()),
        }
    }

    pub(crate) fn feed(&self) -> &Feed {
        &self.inner.shared.feed
    }

    /// Whether both are handles to the same leg.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// The codec its remote party is to be spoken to with; `None` while it does not listen.
    pub(crate) fn hears(&self) -> Option<Codec> {
        match self.remote_direction() {
            Direction::SendRecv | Direction::RecvOnly => self.inner.shared.codec(),
            Direction::SendOnly | Direction::Inactive => None,
        }
    }

    /// Share of ours that the remote party lost lately.
    pub(crate) fn remote_loss(&self) -> f32 {
        self.inner.shared.remote_loss()
    }

    /// Adds to the figures what playing the remote party has taken.
    pub(crate) fn note_playout(&self, before: &Tally, after: &Tally) {
        self.inner.shared.playout.note(before, after);
    }

    /// Lets the remote party hear a room's mix, and until its first frame what it hears now.
    pub(crate) fn hear_mix(&self, mix: mpsc::Receiver<Heard>) {
        self.order(Command::Hear(Ear::mix(mix)));
    }

    /// As [`Leg::hear`], after what was said there already: `ahead` is asked for it once nothing
    /// can be missed in between.
    pub(crate) fn hear_on(&self, source: Source, ahead: impl FnOnce() -> Vec<Heard>) {
        self.order(Command::Hear(Ear::ahead(source, ahead)));
    }

    /// Makes an offer to send and receive, all candidates inside.
    ///
    /// # Errors
    ///
    /// [`LegError::WrongState`] while another offer is open.
    pub async fn create_offer(&self) -> Result<String, LegError> {
        self.create_offer_with(Direction::SendRecv).await
    }

    /// Makes an offer with a direction: [`Direction::SendOnly`] holds, [`Direction::SendRecv`]
    /// resumes.
    ///
    /// # Errors
    ///
    /// As [`Leg::create_offer`].
    pub async fn create_offer_with(&self, direction: Direction) -> Result<String, LegError> {
        self.require_open()?;
        self.inner.negotiator.lock().await.offer(direction).await
    }

    /// Makes an offer that looks for a new network path (WebRTC), for after a network change. A
    /// plain RTP leg repeats its offer.
    ///
    /// # Errors
    ///
    /// As [`Leg::create_offer`].
    pub async fn restart_ice(&self) -> Result<String, LegError> {
        self.require_open()?;
        self.inner.negotiator.lock().await.restart().await
    }

    /// Takes an offer, first or renewed, and returns the answer.
    ///
    /// # Errors
    ///
    /// [`LegError::Malformed`], [`LegError::NoCommonCodec`], [`LegError::Insecure`]; the session
    /// stays as it was.
    pub async fn answer(&self, offer: &str) -> Result<String, LegError> {
        self.require_open()?;
        let (answer, terms) = self.inner.negotiator.lock().await.answer(offer).await?;
        self.agree(terms);
        Ok(answer)
    }

    /// Takes the answer to our offer.
    ///
    /// # Errors
    ///
    /// As [`Leg::answer`], and [`LegError::WrongState`] when no offer is open.
    pub async fn accept_answer(&self, answer: &str) -> Result<(), LegError> {
        self.require_open()?;
        let terms = self.inner.negotiator.lock().await.accept(answer).await?;
        self.agree(terms);
        Ok(())
    }

    /// Withdraws an offer that was refused or never answered; the session stays as it was.
    ///
    /// # Errors
    ///
    /// [`LegError::WrongState`] when no offer is open.
    pub async fn withdraw_offer(&self) -> Result<(), LegError> {
        self.require_open()?;
        self.inner.negotiator.lock().await.withdraw().await
    }

    /// The direction the remote party last stated, from its own point of view:
    /// [`Direction::SendOnly`] or [`Direction::Inactive`] means we are on hold.
    pub fn remote_direction(&self) -> Direction {
        *self.inner.shared.remote_direction.lock()
    }

    /// Sets what the remote party hears. Ignored while a device is attached.
    pub fn hear(&self, source: Source) {
        self.hear_on(source, Vec::new);
    }

    /// Lets the remote party hear a clip once, and after it again what it heard before. One that is
    /// still playing is cut short. Ignored while a device is attached.
    pub fn interject(&self, clip: Arc<Clip>) {
        self.order(Command::Interject(clip));
    }

    /// Joins the leg to a headset: what [`Talker`] sends is what the remote party hears, and
    /// [`Listener`] gives what it says. Dropping the [`Talker`] gives [`Leg::hear`] back its say.
    ///
    /// # Errors
    ///
    /// [`LegError::Attached`] while an earlier pair is alive, [`LegError::Closed`].
    pub fn attach(&self) -> Result<(Talker, Listener), LegError> {
        self.require_open()?;
        self.inner.shared.claim_device()?;
        let (rings, talker, listener) = attach::join(&self.inner.shared);
        self.order(Command::Attach(rings));
        Ok((talker, listener))
    }

    /// Listens in on what the remote party says, for recording, whatever else hears it.
    pub fn tap(&self) -> Tap {
        Tap::new(self.feed())
    }

    /// Presses keys one after another, 100 ms each and 60 ms apart: as telephone events (RFC
    /// 4733), or as tones if the remote party takes none. Returns at once.
    ///
    /// # Errors
    ///
    /// [`LegError::NotADigit`]; then none is sent. [`LegError::Closed`].
    pub fn send_digits(&self, digits: &str) -> Result<(), LegError> {
        self.require_open()?;
        let events = digits
            .chars()
            .map(|digit| dtmf::event_of(digit).ok_or(LegError::NotADigit(digit)))
            .collect::<Result<_, _>>()?;
        self.order(Command::Press(events));
        Ok(())
    }

    /// The figures now.
    pub fn statistics(&self) -> Statistics {
        self.inner.shared.statistics()
    }

    /// Ends the leg and frees its ports. Ending it twice is no error.
    pub async fn close(&self) {
        let (closed, done) = oneshot::channel();
        self.order(Command::Close(closed));
        // An error means that it had ended before.
        let _ = done.await;
    }
}

impl fmt::Debug for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leg")
            .field("codec", &self.inner.shared.codec())
            .field("open", &!self.inner.commands.is_closed())
            .finish_non_exhaustive()
    }
}
