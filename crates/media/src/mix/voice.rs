//! One speaker of a room, decoded once for everybody who hears it.

use crate::jitter::{JitterBuffer, Tally};
use crate::leg::shared::{FEED, Heard, Hearer};
use crate::packet::Packet;
use crate::{Codec, Frame, Leg, SAMPLE_RATE};
use std::time::Instant;

/// What a leg's remote party says, in 20 ms frames.
pub(super) struct Voice {
    leg: Leg,
    hearer: Hearer,
    decoding: Option<Decoding>,
}

struct Decoding {
    codec: Codec,
    buffer: JitterBuffer,
    noted: Tally,
}

impl Voice {
    pub(super) fn new(leg: &Leg) -> Self {
        Self {
            leg: leg.clone(),
            hearer: leg.feed().listen(FEED),
            decoding: None,
        }
    }

    /// Takes what has arrived. Gives back the keys among it.
    pub(super) fn take(&mut self, mut key: impl FnMut(Heard)) {
        while let Some(heard) = self.hearer.try_next() {
            match heard {
                Heard::Voice { codec, packet, at } => self.put(codec, packet, at),
                Heard::Key { .. } => key(heard),
                Heard::Mix { .. } => {}
            }
        }
    }

    fn put(&mut self, codec: Codec, packet: Packet, at: Instant) {
        if self.decoding.as_ref().is_none_or(|now| now.codec != codec) {
            match codec.decoder(SAMPLE_RATE) {
                Ok(decoder) => {
                    self.decoding = Some(Decoding {
                        codec,
                        // Whoever heard it directly until now shall not wait for it again.
                        buffer: JitterBuffer::at_once(decoder),
                        noted: Tally::default(),
                    });
                }
                Err(error) => return tracing::warn!(%error, "a voice cannot be mixed"),
            }
        }
        if let Some(decoding) = &mut self.decoding {
            decoding.buffer.put(packet.into(), at);
        }
    }

    /// Whether anything was said so far.
    pub(super) fn has_begun(&self) -> bool {
        self.decoding.is_some()
    }

    /// Whether nothing will be said any more.
    pub(super) fn is_over(&self) -> bool {
        self.hearer.is_over()
    }

    /// Fills the next 20 ms.
    pub(super) fn pull(&mut self, frame: &mut Frame, now: Instant) {
        let Some(decoding) = &mut self.decoding else {
            return frame.fill(0.0);
        };
        decoding.buffer.pull(frame, now);
        let after = decoding.buffer.tally();
        self.leg.note_playout(&decoding.noted, &after);
        decoding.noted = after;
    }

    /// What has arrived and was not played yet, as it came.
    pub(super) fn ahead(&self) -> Vec<Heard> {
        let Some(decoding) = &self.decoding else {
            return Vec::new();
        };
        let waiting = decoding.buffer.waiting();
        waiting
            .map(|(arrival, at)| Heard::Voice {
                codec: decoding.codec,
                packet: arrival.into(),
                at,
            })
            .collect()
    }
}
