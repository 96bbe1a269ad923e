//! Keys on their way through a leg: heard, passed on, pressed.

use super::{Driver, Heard};
use crate::dtmf::{self, KeyEvent, KeyTick};
use crate::packet::Packet;
use crate::rtp::outgoing::Stamp;
use crate::sdp::EventFormat;
use crate::tone::Generator;
use crate::{Codec, LegEvent};
use bytes::Bytes;
use std::time::Instant;

/// A key pressed at another leg that is being passed on.
#[derive(Clone, Copy)]
pub(super) struct RelayedKey {
    ssrc: u32,
    timestamp: u32,
    ours: u32,
}

impl Driver {
    pub(super) fn take_key(&mut self, packet: &Packet, clock_rate: u32, now: Instant) {
        let Some(key) = KeyEvent::parse(&packet.payload) else {
            self.shared.meter.lock().refused += 1;
            return;
        };
        self.watch.heard_key(now);
        self.keys
            .take(packet.ssrc, packet.timestamp, key, clock_rate, now);
        self.tell_keys(now);
        self.shared.feed.publish(&Heard::Key {
            key,
            clock_rate,
            ssrc: packet.ssrc,
            sequence: packet.sequence,
            timestamp: packet.timestamp,
            at: now,
        });
    }

    pub(super) fn tell_keys(&mut self, now: Instant) {
        while let Some(press) = self.keys.next(now) {
            self.tell(LegEvent::Digit {
                digit: press.key,
                duration_ms: press.duration_ms,
            });
        }
    }

    pub(super) async fn pass_key_on(
        &mut self,
        key: KeyEvent,
        clock_rate: u32,
        (ssrc, timestamp): (u32, u32),
        event: Option<EventFormat>,
        now: Instant,
    ) {
        let known = self
            .relayed_key
            .filter(|known| known.ssrc == ssrc && known.timestamp == timestamp);
        let first = known.is_none();
        let relayed = known.unwrap_or_else(|| RelayedKey {
            ssrc,
            timestamp,
            ours: self.outgoing.begin_event(now),
        });
        self.relayed_key = Some(relayed);
        let Some(event) = event else {
            // Sounded here once, at our own length.
            if first && dtmf::is_key(key.event) {
                self.presser.press([key.event]);
                self.outgoing.pause();
            }
            return;
        };
        let duration =
            u64::from(key.duration) * u64::from(event.clock_rate) / u64::from(clock_rate.max(1));
        let key = KeyEvent {
            duration: u16::try_from(duration).unwrap_or(u16::MAX),
            ..key
        };
        self.send_key(key, first, relayed.ours, event).await;
    }

    async fn send_key(&mut self, key: KeyEvent, first: bool, timestamp: u32, event: EventFormat) {
        let stamp = Stamp {
            sequence: self.outgoing.insert(),
            timestamp,
            marker: first,
        };
        let payload = Bytes::copy_from_slice(&key.write());
        self.send(event.payload_type, stamp, payload).await;
    }

    /// Presses waiting keys; `true` while one is pressed.
    pub(super) async fn press_keys(
        &mut self,
        (codec, payload_type): (Codec, u8),
        event: Option<EventFormat>,
        now: Instant,
    ) -> bool {
        let clock_rate = event.map_or(codec.clock_rate(), |event| event.clock_rate);
        let Some(tick) = self.presser.tick(clock_rate) else {
            return false;
        };
        match (tick, event) {
            (KeyTick::Send { first, key }, Some(event)) => {
                if first {
                    self.press_timestamp = self.outgoing.begin_event(now);
                }
                self.send_key(key, first, self.press_timestamp, event).await;
            }
            (KeyTick::Pause, Some(_)) => {}
            (tick, None) => {
                if let Some(payload) = self.sound_key(codec, tick) {
                    let stamp = self.outgoing.frame(codec.frame_ticks(), now);
                    self.send(payload_type, stamp, payload).await;
                }
            }
        }
        true
    }

    /// 20 ms of a key's two tones, for a party that takes no telephone events.
    fn sound_key(&mut self, codec: Codec, tick: KeyTick) -> Option<Bytes> {
        let rate = codec.natural_rate();
        let mut sound = [0.0; crate::FRAME];
        let frame = &mut sound[..rate as usize / 50];
        match tick {
            KeyTick::Send { first, key } if !key.end => {
                if first {
                    self.key_tone = Generator::new(dtmf::tone_of(key.event));
                }
                self.key_tone.fill(rate, frame);
            }
            KeyTick::Send { .. } | KeyTick::Pause => {}
        }
        self.encode(codec, rate, &sound[..rate as usize / 50])
    }
}
