//! The device side of a leg: frames in and out, called from an audio worker thread.

use super::shared::{Heard, Shared};
use crate::codec::{Encoder, MAX_PAYLOAD};
use crate::jitter::{Arrival, JitterBuffer, Tally};
use crate::{Codec, FRAME, Frame, SAMPLE_RATE};
use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Frames that may wait for the driver: more means that it is not running.
const TALK_RING: usize = 32;

/// Packets that may wait for the listener: two seconds.
const LISTEN_RING: usize = 100;

/// One encoded frame on its way to the driver.
pub(crate) struct Encoded {
    codec: Codec,
    length: usize,
    payload: [u8; MAX_PAYLOAD],
}

impl Encoded {
    pub(crate) fn codec(&self) -> Codec {
        self.codec
    }

    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload[..self.length]
    }
}

/// The driver's ends of the rings.
pub(crate) struct DeviceRings {
    pub(crate) talk: Consumer<Encoded>,
    pub(crate) listen: Producer<Heard>,
}

/// Makes both ends. The device's place must have been claimed.
pub(crate) fn join(shared: &Arc<Shared>) -> (DeviceRings, Talker, Listener) {
    let (talk_in, talk_out) = RingBuffer::new(TALK_RING);
    let (listen_in, listen_out) = RingBuffer::new(LISTEN_RING);
    let claim = Arc::new(Claim {
        shared: Arc::clone(shared),
    });
    let talker = Talker {
        ring: Some(talk_in),
        claim: Arc::clone(&claim),
        encoder: None,
    };
    let listener = Listener {
        ring: listen_out,
        claim,
        buffer: None,
    };
    let rings = DeviceRings {
        talk: talk_out,
        listen: listen_in,
    };
    (rings, talker, listener)
}

/// The one place a device has at a leg, free again when both halves are gone.
struct Claim {
    shared: Arc<Shared>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.shared.attached.store(false, Ordering::Release);
    }
}

/// Sends the headset's microphone to the remote party. Call every 20 ms.
pub struct Talker {
    /// Always there; taken only to be dropped before the driver is woken.
    ring: Option<Producer<Encoded>>,
    claim: Arc<Claim>,
    encoder: Option<(Codec, Encoder)>,
}

impl Talker {
    /// Encodes one frame and hands it to the leg. Never blocks; before the leg is connected, or
    /// after it is closed, the frame is dropped.
    pub fn send(&mut self, frame: &Frame) {
        let shared = &self.claim.shared;
        let Some(codec) = shared.codec() else {
            return;
        };
        if self
            .encoder
            .as_ref()
            .is_none_or(|(known, _)| *known != codec)
        {
            match codec.encoder(SAMPLE_RATE) {
                Ok(encoder) => self.encoder = Some((codec, encoder)),
                Err(error) => return tracing::warn!(%error, "no voice is sent"),
            }
        }
        let (Some((_, encoder)), Some(ring)) = (&mut self.encoder, &mut self.ring) else {
            return;
        };
        encoder.expect_loss(shared.remote_loss());
        let mut payload = [0; MAX_PAYLOAD];
        let Ok(length) = encoder.encode(frame, &mut payload) else {
            return;
        };
        let encoded = Encoded {
            codec,
            length,
            payload,
        };
        // A full ring means that the driver is gone or starved; old voice is of no use later.
        let _ = ring.push(encoded);
        // Also then: a driver that was woken before it had the ring would never empty it.
        shared.device.notify_one();
    }
}

impl Drop for Talker {
    fn drop(&mut self) {
        // In this order, so that the driver finds the ring abandoned.
        self.ring = None;
        self.claim.shared.device.notify_one();
    }
}

/// Receives the remote party's voice for the headset. Call every 20 ms.
pub struct Listener {
    ring: Consumer<Heard>,
    claim: Arc<Claim>,
    buffer: Option<(Codec, JitterBuffer, Tally)>,
}

impl Listener {
    /// Fills `frame` with the next 20 ms of the remote party's voice, concealing what is missing.
    /// Silence before the first packet.
    pub fn receive(&mut self, frame: &mut Frame) {
        const { assert!(FRAME == SAMPLE_RATE as usize / 50) };
        while let Ok(heard) = self.ring.pop() {
            self.take(heard);
        }
        let Some((_, buffer, before)) = &mut self.buffer else {
            return frame.fill(0.0);
        };
        buffer.pull(frame, Instant::now());
        let after = buffer.tally();
        self.claim.shared.playout.note(before, &after);
        *before = after;
    }

    fn take(&mut self, heard: Heard) {
        let Heard::Voice { codec, packet, at } = heard else {
            return;
        };
        if self
            .buffer
            .as_ref()
            .is_none_or(|(known, ..)| *known != codec)
        {
            match codec.decoder(SAMPLE_RATE) {
                Ok(decoder) => {
                    self.buffer = Some((codec, JitterBuffer::new(decoder), Tally::default()));
                }
                Err(error) => return tracing::warn!(%error, "no voice is heard"),
            }
        }
        if let Some((_, buffer, _)) = &mut self.buffer {
            buffer.put(Arrival::from(packet), at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn a_driver_that_was_woken_too_early_is_woken_again() {
        let shared = Arc::new(Shared::new());
        shared.set_codec(Codec::Opus);
        let (mut rings, mut talker, _listener) = join(&shared);
        let frame = [0.0; FRAME];
        for _ in 0..=TALK_RING {
            talker.send(&frame);
        }
        // Woken before it was given the ring, the driver found nothing to take.
        assert!(shared.device.notified().now_or_never().is_some());
        talker.send(&frame);
        assert!(shared.device.notified().now_or_never().is_some());
        assert!(rings.talk.pop().is_ok());
    }
}
