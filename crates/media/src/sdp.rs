//! Session descriptions (RFC 8866) as far as a voice session needs them, and the offer/answer
//! rules (RFC 3264) of a plain RTP leg.

mod negotiation;
mod parse;

pub(crate) use negotiation::{LocalMedia, Negotiation, choose_event};
pub(crate) use parse::{Description, Media, SdpError};

use crate::{Codec, Direction, LegError};
use std::net::SocketAddr;

/// What two sides agreed on for one voice stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Terms {
    /// What we send.
    pub(crate) codec: Codec,
    /// Its payload type at the remote party.
    pub(crate) payload_type: u8,
    /// How to send telephone events, if the remote party takes them.
    pub(crate) event: Option<EventFormat>,
    /// What the remote party may send.
    pub(crate) receive: Vec<(u8, Format)>,
    /// Whether we may send now.
    pub(crate) sending: bool,
    /// Whether the remote party may send now.
    pub(crate) receiving: bool,
    /// What the remote party said its direction is.
    pub(crate) remote_direction: Direction,
    /// Where to send; `None` when the path is not chosen by SDP (ICE).
    pub(crate) remote: Option<Addresses>,
}

/// Where a plain RTP party receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Addresses {
    pub(crate) rtp: SocketAddr,
    pub(crate) rtcp: SocketAddr,
}

/// A telephone-event format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventFormat {
    pub(crate) payload_type: u8,
    pub(crate) clock_rate: u32,
}

/// What a payload type stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Voice.
    Voice(Codec),
    /// Telephone events with a clock of this many hertz.
    Event(u32),
}

impl Terms {
    /// What a received payload type stands for.
    pub(crate) fn format_of(&self, payload_type: u8) -> Option<Format> {
        self.receive
            .iter()
            .find(|(known, _)| *known == payload_type)
            .map(|(_, format)| *format)
    }
}

impl Direction {
    /// The attribute's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// Reads the attribute's name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [
            Self::SendRecv,
            Self::SendOnly,
            Self::RecvOnly,
            Self::Inactive,
        ]
        .into_iter()
        .find(|direction| direction.name() == name)
    }

    /// Whether the party that says so sends.
    pub(crate) fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether the party that says so receives.
    pub(crate) fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    pub(crate) fn of(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }
}

impl From<SdpError> for LegError {
    fn from(error: SdpError) -> Self {
        Self::Malformed(error.to_string())
    }
}
