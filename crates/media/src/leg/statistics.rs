//! Figures about the quality of one leg.

use crate::Codec;

/// Figures about one leg, since it began unless said otherwise.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct Statistics {
    /// The codec agreed on, once there is one.
    pub codec: Option<Codec>,
    /// Round trip by RTCP, in milliseconds; absent until the remote party has reported.
    pub round_trip_ms: Option<f32>,
    /// Inter-arrival jitter of what is received (RFC 3550 6.4.1), in milliseconds.
    pub jitter_ms: f32,
    /// Packets expected but not received.
    pub lost: u64,
    /// Packets received.
    pub received: u64,
    /// Packets that were refused: wrong address, not RTP, or unknown payload type.
    pub refused: u64,
    /// Packets sent.
    pub sent: u64,
    /// Share of what we sent that the remote party reports as lost lately, 0.0..=1.0.
    pub remote_loss: f32,
    /// Sound invented to cover what was missing, in milliseconds.
    pub concealed_ms: u64,
    /// Sound waiting in the jitter buffer now, in milliseconds.
    pub buffer_ms: u32,
    /// Packets decoded on this leg's behalf; stays 0 while packets pass through.
    pub decoded: u64,
    /// Mean opinion score 1.0..=4.5 estimated by a simplified E-model (ITU-T G.107) from delay,
    /// loss and codec. An estimate, not a measurement of the sound.
    pub mos_estimate: f32,
    /// The same as bars: 0 (no media) to 4 (good).
    pub bars: u8,
}
