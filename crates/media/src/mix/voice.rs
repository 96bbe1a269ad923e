//! One speaker of a room, decoded once for everybody who hears it.

use crate::jitter::{JitterBuffer, Tally};
use crate::leg::shared::{FEED, Heard, Hearer};
use crate::packet::Packet;
use crate::{Codec, Frame, Leg, SAMPLE_RATE};
use bytes::Bytes;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Packets that are kept of a voice nobody hears. A decoder that begins in the middle of a stream
/// needs about so many before it gives the sound at its level.
const PREROLL: usize = 10;

/// What is kept longer was said too long ago to be heard now.
const FRESH: Duration = Duration::from_millis(60);

/// The longest sound of one packet, in samples: 120 ms (RFC 7587 4.2).
const LONGEST: usize = SAMPLE_RATE as usize * 120 / 1_000;

/// What a leg's remote party says, in 20 ms frames.
///
/// ```text
///            wake: the first of what was kept warms the decoder up, the last is played
///  sleeping ──────────────────────────────────────────────────────────────────────────▶ awake
///      ▲                                  sleep                                           │
///      └──────────────────────────────────────────────────────────────────────────────────┘
/// ```
///
/// Asleep, nothing is decoded. Awake, it begins with the next packet if nothing fresh was kept.
pub(super) struct Voice {
    leg: Leg,
    hearer: Hearer,
    state: State,
}

enum State {
    Sleeping(VecDeque<(Codec, Packet, Instant)>),
    Awake(Option<Box<Decoding>>),
}

struct Decoding {
    codec: Codec,
    buffer: JitterBuffer,
    noted: Tally,
}

impl Decoding {
    /// Begins with the last packet. Those before it are decoded for what the decoder learns.
    fn begin(codec: Codec, before: &[Bytes]) -> Option<Box<Self>> {
        let mut decoder = match codec.decoder(SAMPLE_RATE) {
            Ok(decoder) => decoder,
            Err(error) => {
                tracing::warn!(%error, "a voice cannot be mixed");
                return None;
            }
        };
        let mut unheard = [0.0; LONGEST];
        for payload in before {
            // A packet that cannot be decoded teaches nothing.
            let _ = decoder.decode(payload, &mut unheard);
        }
        Some(Box::new(Self {
            codec,
            // Whoever heard it directly until now shall not wait for it again.
            buffer: JitterBuffer::at_once(decoder),
            noted: Tally::default(),
        }))
    }
}

impl Voice {
    /// A voice that nobody hears yet.
    pub(super) fn asleep(leg: &Leg) -> Self {
        Self {
            leg: leg.clone(),
            hearer: leg.feed().listen(FEED),
            state: State::Sleeping(VecDeque::with_capacity(PREROLL)),
        }
    }

    /// Somebody hears it from now on.
    pub(super) fn wake(&mut self, now: Instant) {
        let State::Sleeping(kept) = &mut self.state else {
            return;
        };
        let mut kept = std::mem::take(kept);
        self.state = State::Awake(None);
        let Some((codec, packet, at)) = kept.pop_back() else {
            return;
        };
        if now.saturating_duration_since(at) > FRESH {
            return;
        }
        let same = |(of, before, _): &(Codec, Packet, Instant)| {
            (*of == codec && before.ssrc == packet.ssrc).then(|| before.payload.clone())
        };
        let before: Vec<Bytes> = kept.iter().filter_map(same).collect();
        self.state = State::Awake(Decoding::begin(codec, &before));
        self.put(codec, packet, at);
    }

    /// Nobody hears it any more.
    pub(super) fn sleep(&mut self) {
        if matches!(self.state, State::Awake(_)) {
            self.state = State::Sleeping(VecDeque::with_capacity(PREROLL));
        }
    }

    /// Whether somebody hears it.
    pub(super) fn is_awake(&self) -> bool {
        matches!(self.state, State::Awake(_))
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
        match &mut self.state {
            State::Sleeping(kept) => {
                if kept.len() == PREROLL {
                    kept.pop_front();
                }
                kept.push_back((codec, packet, at));
            }
            State::Awake(decoding) => {
                if decoding.as_ref().is_none_or(|now| now.codec != codec) {
                    *decoding = Decoding::begin(codec, &[]);
                }
                if let Some(decoding) = decoding {
                    decoding.buffer.put(packet.into(), at);
                }
            }
        }
    }

    fn decoding(&self) -> Option<&Decoding> {
        match &self.state {
            State::Awake(decoding) => decoding.as_deref(),
            State::Sleeping(_) => None,
        }
    }

    /// Whether there is anything of it to hear.
    pub(super) fn has_begun(&self) -> bool {
        self.decoding().is_some()
    }

    /// Whether nothing will be said any more.
    pub(super) fn is_over(&self) -> bool {
        self.hearer.is_over()
    }

    /// Fills the next 20 ms.
    pub(super) fn pull(&mut self, frame: &mut Frame, now: Instant) {
        let State::Awake(Some(decoding)) = &mut self.state else {
            return frame.fill(0.0);
        };
        decoding.buffer.pull(frame, now);
        let after = decoding.buffer.tally();
        self.leg.note_playout(&decoding.noted, &after);
        decoding.noted = after;
    }

    /// What has arrived and was not played yet, as it came.
    pub(super) fn ahead(&self) -> Vec<Heard> {
        let Some(decoding) = self.decoding() else {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FRAME;
    use crate::sim::{Headset, Network, level_at, pair};

    const TONE: f32 = 700.0;

    /// A sleeping voice that has kept what it can, of someone who says a tone at full level.
    async fn said() -> (Voice, impl Sized) {
        let ((leg, events), (phone, phone_events)) = pair(Codec::Opus, Network::default());
        let mut headset = Headset::new(phone.attach().unwrap()).at_level(1.0);
        let talking = tokio::spawn(async move { headset.use_on(TONE, |_| ()).await });
        let talking = tokio_util::task::AbortOnDropHandle::new(talking);
        let mut voice = Voice::asleep(&leg);
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut taken = 0;
        // The phone's own encoder has its beginning behind it by then.
        while taken < 20 {
            assert!(Instant::now() < deadline, "nothing is said");
            let before = voice.newest();
            voice.take(|_| ());
            taken += usize::from(voice.newest() != before);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        (voice, (leg, phone, events, phone_events, talking))
    }

    impl Voice {
        fn newest(&self) -> Option<Instant> {
            match &self.state {
                State::Sleeping(kept) => kept.back().map(|(_, _, at)| *at),
                State::Awake(_) => None,
            }
        }
    }

    #[tokio::test]
    async fn one_that_wakes_up_is_heard_at_once_and_at_its_level() {
        let (mut voice, _call) = said().await;
        let now = voice.newest().unwrap();
        voice.wake(now);
        assert!(voice.has_begun());
        let mut frame = [0.0; FRAME];
        voice.pull(&mut frame, now);
        let level = level_at(&frame, TONE, SAMPLE_RATE);
        assert!(level > 0.7, "{level}");
        voice.sleep();
        assert!(!voice.has_begun());
    }

    #[tokio::test]
    async fn what_was_said_long_ago_is_not_heard() {
        let (mut voice, _call) = said().await;
        voice.wake(voice.newest().unwrap() + FRESH + Duration::from_millis(1));
        assert!(voice.is_awake() && !voice.has_begun());
    }
}
