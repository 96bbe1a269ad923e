//! The voice codecs a leg can speak.

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
}
