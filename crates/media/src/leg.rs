//! One voice path to one remote party.

pub(crate) mod attach;
pub(crate) mod config;
pub(crate) mod statistics;

use crate::{Clip, Listener, RtpConfig, Statistics, Talker, Tone, WebRtcConfig};
use std::sync::Arc;
use thiserror::Error;
use tokio::sync::mpsc;

/// A handle to one voice path. Clones are the same leg; the leg ends when [`Leg::close`] is called
/// or the last handle is dropped.
#[derive(Clone)]
pub struct Leg {
    _private: (),
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
        let _ = config;
        Err(LegError::Closed)
    }

    /// Makes a plain RTP leg and its events.
    ///
    /// # Errors
    ///
    /// [`LegError::Bind`] when no port can be bound.
    pub async fn rtp(
        config: RtpConfig,
    ) -> Result<(Self, mpsc::UnboundedReceiver<LegEvent>), LegError> {
        let _ = config;
        Err(LegError::Closed)
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
        let _ = direction;
        Err(LegError::Closed)
    }

    /// Makes an offer that looks for a new network path (WebRTC), for after a network change. A
    /// plain RTP leg repeats its offer.
    ///
    /// # Errors
    ///
    /// As [`Leg::create_offer`].
    pub async fn restart_ice(&self) -> Result<String, LegError> {
        Err(LegError::Closed)
    }

    /// Takes an offer, first or renewed, and returns the answer.
    ///
    /// # Errors
    ///
    /// [`LegError::Malformed`], [`LegError::NoCommonCodec`], [`LegError::Insecure`]; the session
    /// stays as it was.
    pub async fn answer(&self, offer: &str) -> Result<String, LegError> {
        let _ = offer;
        Err(LegError::Closed)
    }

    /// Takes the answer to our offer.
    ///
    /// # Errors
    ///
    /// As [`Leg::answer`], and [`LegError::WrongState`] when no offer is open.
    pub async fn accept_answer(&self, answer: &str) -> Result<(), LegError> {
        let _ = answer;
        Err(LegError::Closed)
    }

    /// Withdraws an offer that was refused or never answered; the session stays as it was.
    ///
    /// # Errors
    ///
    /// [`LegError::WrongState`] when no offer is open.
    pub async fn withdraw_offer(&self) -> Result<(), LegError> {
        Err(LegError::Closed)
    }

    /// The direction the remote party last stated, from its own point of view:
    /// [`Direction::SendOnly`] or [`Direction::Inactive`] means we are on hold.
    pub fn remote_direction(&self) -> Direction {
        Direction::SendRecv
    }

    /// Sets what the remote party hears. Ignored while a device is attached.
    pub fn hear(&self, source: Source) {
        let _ = source;
    }

    /// Joins the leg to a headset: what [`Talker`] sends is what the remote party hears, and
    /// [`Listener`] gives what it says. Dropping the [`Talker`] gives [`Leg::hear`] back its say.
    ///
    /// # Errors
    ///
    /// [`LegError::Attached`] while an earlier pair is alive, [`LegError::Closed`].
    pub fn attach(&self) -> Result<(Talker, Listener), LegError> {
        Err(LegError::Closed)
    }

    /// Presses keys one after another (RFC 4733; 100 ms each, 60 ms apart). Returns at once.
    ///
    /// # Errors
    ///
    /// [`LegError::NotADigit`]; then none is sent. [`LegError::Closed`].
    pub fn send_digits(&self, digits: &str) -> Result<(), LegError> {
        let _ = digits;
        Err(LegError::Closed)
    }

    /// The figures now.
    pub fn statistics(&self) -> Statistics {
        Statistics::default()
    }

    /// Ends the leg and frees its ports. Ending it twice is no error.
    pub async fn close(&self) {}
}
