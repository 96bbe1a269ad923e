//! The voice codecs a leg can speak.

pub(crate) mod g711;
pub(crate) mod opus;
pub(crate) mod resample;

use crate::jitter::Decode;
use g711::{G711Decoder, G711Encoder, Law};
use opus::{OpusDecoder, OpusEncoder};
use thiserror::Error;

/// A voice codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// Opus (RFC 6716, RFC 7587), mono, 48 kHz clock.
    Opus,
    /// G.711 µ-law (RFC 3551 payload type 0), 8 kHz clock.
    Pcmu,
    /// G.711 A-law (RFC 3551 payload type 8), 8 kHz clock.
    Pcma,
}

/// Why a codec could not do its work.
#[derive(Debug, Error)]
pub enum CodecError {
    /// The payload is not valid for the codec; the packet is treated as lost.
    #[error("the payload does not decode")]
    Payload,
    /// The codec library could not be set up; out of memory in practice.
    #[error("the codec could not be set up: {0}")]
    Setup(String),
}

/// Longest encoded 20 ms packet, in bytes; far above what voice bit rates need.
pub(crate) const MAX_PAYLOAD: usize = 480;

impl Codec {
    /// The RTP timestamp clock, in hertz.
    pub fn clock_rate(self) -> u32 {
        match self {
            Self::Opus => 48_000,
            Self::Pcmu | Self::Pcma => 8_000,
        }
    }

    /// The encoding name in SDP.
    pub fn name(self) -> &'static str {
        match self {
            Self::Opus => "opus",
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }

    /// The companding law of G.711.
    pub(crate) fn law(self) -> Option<Law> {
        match self {
            Self::Opus => None,
            Self::Pcmu => Some(Law::Mu),
            Self::Pcma => Some(Law::A),
        }
    }

    /// RTP timestamp ticks in 20 ms.
    pub(crate) fn frame_ticks(self) -> u32 {
        self.clock_rate() / 50
    }

    /// The payload of 20 ms of digital silence.
    pub(crate) fn silence(self) -> &'static [u8] {
        match self {
            // A 20 ms fullband CELT frame that says "nothing", as browsers send for a muted track.
            Self::Opus => &[0xf8, 0xff, 0xfe],
            Self::Pcmu => &[0xff; 160],
            Self::Pcma => &[0xd5; 160],
        }
    }

    /// The lowest sample rate that keeps all this codec can carry, in hertz.
    pub(crate) fn natural_rate(self) -> u32 {
        match self {
            Self::Opus => 48_000,
            Self::Pcmu | Self::Pcma => 8_000,
        }
    }

    /// A decoder that gives sound at `rate` (8,000 or 48,000 Hz).
    pub(crate) fn decoder(self, rate: u32) -> Result<Box<dyn Decode>, CodecError> {
        Ok(match self {
            Self::Opus => Box::new(OpusDecoder::new(rate)?),
            Self::Pcmu => Box::new(G711Decoder::new(Law::Mu, rate)),
            Self::Pcma => Box::new(G711Decoder::new(Law::A, rate)),
        })
    }

    /// An encoder of one voice that takes sound at `rate` (8,000 or 48,000 Hz).
    pub(crate) fn encoder(self, rate: u32) -> Result<Encoder, CodecError> {
        Ok(match self {
            Self::Opus => Encoder::Opus(OpusEncoder::new(rate)?),
            Self::Pcmu => Encoder::G711(G711Encoder::new(Law::Mu, rate)),
            Self::Pcma => Encoder::G711(G711Encoder::new(Law::A, rate)),
        })
    }

    /// The same of several voices at once.
    pub(crate) fn mix_encoder(self, rate: u32) -> Result<Encoder, CodecError> {
        match self {
            Self::Opus => OpusEncoder::of_several(rate).map(Encoder::Opus),
            Self::Pcmu | Self::Pcma => self.encoder(rate),
        }
    }
}

/// Encodes 20 ms frames of one codec.
pub(crate) enum Encoder {
    Opus(OpusEncoder),
    G711(G711Encoder),
}

impl Encoder {
    /// Encodes 20 ms and returns the payload's length in `payload`.
    pub(crate) fn encode(
        &mut self,
        frame: &[f32],
        payload: &mut [u8; MAX_PAYLOAD],
    ) -> Result<usize, CodecError> {
        match self {
            Self::Opus(encoder) => encoder.encode(frame, payload),
            Self::G711(encoder) => Ok(encoder.encode(frame, payload)),
        }
    }

    /// Tells the encoder which share of its packets is being lost, 0.0..=1.0, so that it can spend
    /// bits on redundancy.
    pub(crate) fn expect_loss(&mut self, share: f32) {
        match self {
            Self::Opus(encoder) => encoder.expect_loss(share),
            Self::G711(_) => {}
        }
    }
}
