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
    /// Delay that the jitter buffer adds now, in milliseconds.
    pub buffer_ms: u32,
    /// Packets decoded on this leg's behalf; stays 0 while packets pass through.
    pub decoded: u64,
    /// Mean opinion score 1.0..=4.5 estimated by a simplified E-model (ITU-T G.107) from delay,
    /// loss and codec. An estimate, not a measurement of the sound.
    pub mos_estimate: f32,
    /// The same as bars: 0 (no media) to 4 (good).
    pub bars: u8,
}

/// What the estimate is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quality {
    pub(crate) codec: Codec,
    pub(crate) round_trip_ms: f32,
    pub(crate) buffer_ms: f32,
    /// Share of packets lost lately.
    pub(crate) loss: f32,
}

/// The E-model with defaults for everything but delay, loss and codec.
pub(crate) fn estimate_mos(quality: &Quality) -> f32 {
    // One way: half the round trip, the buffer, and a packet at each end.
    let delay = quality.round_trip_ms / 2.0 + quality.buffer_ms + 40.0;
    let delay_impairment = 0.024 * delay + 0.11 * (delay - 177.3).max(0.0);
    // Packet-loss robustness Bpl (G.113 appendix I; Opus with redundancy by analogy).
    let robustness = match quality.codec {
        Codec::Opus => 32.0,
        Codec::Pcmu | Codec::Pcma => 25.1,
    };
    let loss = quality.loss * 100.0;
    let loss_impairment = 95.0 * loss / (loss + robustness);
    let rating = (93.2 - delay_impairment - loss_impairment).clamp(0.0, 100.0);
    let mos = 1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 7e-6;
    mos.clamp(1.0, 4.5)
}

/// 1 (bad) to 4 (good).
pub(crate) fn bars(mos: f32) -> u8 {
    match mos {
        4.0.. => 4,
        3.6.. => 3,
        3.1.. => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_falls_with_loss_and_delay() {
        let at = |loss, round_trip_ms| {
            estimate_mos(&Quality {
                codec: Codec::Pcmu,
                round_trip_ms,
                buffer_ms: 20.0,
                loss,
            })
        };
        assert_eq!(bars(at(0.0, 20.0)), 4);
        assert_eq!(bars(at(0.05, 100.0)), 3);
        assert!(at(0.05, 20.0) < at(0.01, 20.0));
        assert!(at(0.0, 800.0) < at(0.0, 300.0));
        assert_eq!(bars(at(0.4, 900.0)), 1);
    }
}
