//! How good a call sounds, from the figures of its leg.

use crate::view::Quality;
use seatline_media::{Codec, Statistics};

/// Turns running totals into figures of the last moments.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    lost: u64,
    received: u64,
}

impl Meter {
    /// The figures since the last call. `None` before the first packet.
    pub(crate) fn read(&mut self, now: &Statistics) -> Option<Quality> {
        let codec = now.codec.filter(|_| now.received > 0)?;
        let lost = now.lost.saturating_sub(self.lost);
        let received = now.received.saturating_sub(self.received);
        (self.lost, self.received) = (now.lost, now.received);
        let expected = (lost + received).max(1);
        Some(Quality {
            bars: now.bars,
            mos: round(now.mos_estimate, 10.0),
            round_trip_ms: now.round_trip_ms.map(|ms| round(ms, 1.0)),
            jitter_ms: round(now.jitter_ms, 1.0),
            loss_percent: round(lost as f32 * 100.0 / expected as f32, 10.0),
            codec: match codec {
                Codec::Opus => "Opus",
                Codec::Pcmu => "G.711 µ-law",
                Codec::Pcma => "G.711 A-law",
            }
            .into(),
        })
    }
}

/// Rounds, so that the window is not drawn anew for what nobody can read.
fn round(value: f32, steps: f32) -> f32 {
    (value * steps).round() / steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_is_that_of_the_last_second() {
        let mut meter = Meter::default();
        let mut figures = Statistics {
            codec: Some(Codec::Opus),
            received: 50,
            ..Statistics::default()
        };
        assert_eq!(meter.read(&figures).unwrap().loss_percent, 0.0);
        figures.received = 95;
        figures.lost = 5;
        assert_eq!(meter.read(&figures).unwrap().loss_percent, 10.0);
        assert_eq!(meter.read(&figures).unwrap().loss_percent, 0.0);
    }

    #[test]
    fn nothing_is_said_before_the_first_packet() {
        assert_eq!(Meter::default().read(&Statistics::default()), None);
    }
}
