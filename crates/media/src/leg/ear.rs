//! What a leg's remote party hears when no device is attached.

use super::shared::{FEED, Heard, Hearer, Shared};
use crate::jitter::{JitterBuffer, Tally};
use crate::packet::is_after;
use crate::tone::Generator;
use crate::{Clip, Codec, Source, Tone};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// A source in use.
pub(crate) enum Ear {
    Nothing,
    Clip(Player),
    Tone(Generator),
    Leg(Relay),
    Mix(Mixed),
}

impl Ear {
    /// Takes a source; `ahead` gives what was said on the leg that is heard before this.
    pub(crate) fn ahead(source: Source, ahead: impl FnOnce() -> Vec<Heard>) -> Self {
        match source {
            Source::Nothing => Self::Nothing,
            Source::Clip { clip, repeat } => Self::Clip(Player::new(clip, repeat)),
            Source::Tone(tone) => Self::tone(tone),
            Source::Leg(leg) => Self::Leg(Relay {
                feed: leg.feed().listen(FEED),
                ahead: ahead().into(),
                taken: None,
                transcoder: None,
            }),
        }
    }

    /// A room's mix, with nothing before it.
    pub(crate) fn mix(frames: mpsc::Receiver<Heard>) -> Self {
        Self::Mix(Mixed {
            frames,
            before: None,
        })
    }

    /// What is heard now: before the first frame of a mix it is what was heard before.
    pub(crate) fn now(&mut self) -> &mut Self {
        match self {
            Self::Mix(Mixed {
                before: Some(before),
                ..
            }) => before,
            ear => ear,
        }
    }

    /// Takes the place of what is heard now; of a mix, only from its first frame on.
    pub(crate) fn follow(mut self, now: Self) -> Self {
        if let Self::Mix(mixed) = &mut self {
            mixed.before = match now {
                Self::Mix(Mixed { before, .. }) => before,
                now => Some(Box::new(now)),
            };
        }
        self
    }

    /// The mix begins, if it has not yet. `true` if it has not.
    pub(crate) fn begin_mix(&mut self) -> bool {
        match self {
            Self::Mix(mixed) => mixed.before.take().is_some(),
            Self::Nothing | Self::Clip(_) | Self::Tone(_) | Self::Leg(_) => false,
        }
    }

    fn tone(tone: Tone) -> Self {
        Self::Tone(Generator::new(tone))
    }

    /// The next thing said on the leg that is heard; never, if none is. `None` once when that leg
    /// has ended. Safe to cancel.
    pub(crate) async fn next(&mut self) -> Option<Heard> {
        match self {
            Self::Leg(relay) => relay.next().await,
            Self::Mix(Mixed { frames, before }) => {
                let before = async {
                    match before.as_deref_mut() {
                        Some(Self::Leg(relay)) => relay.next().await,
                        _ => std::future::pending().await,
                    }
                };
                tokio::select! {
                    biased;
                    frame = frames.recv() => frame,
                    // Its end is not the end of the mix.
                    Some(heard) = before => Some(heard),
                }
            }
            Self::Nothing | Self::Clip(_) | Self::Tone(_) => std::future::pending().await,
        }
    }
}

/// Plays a clip.
pub(crate) struct Player {
    clip: Arc<Clip>,
    repeat: bool,
    position: Duration,
}

impl Player {
    pub(crate) fn new(clip: Arc<Clip>, repeat: bool) -> Self {
        Self {
            clip,
            repeat,
            position: Duration::ZERO,
        }
    }

    /// Fills 20 ms at `rate` hertz; `false` once the clip has ended.
    pub(crate) fn fill(&mut self, rate: u32, frame: &mut [f32]) -> bool {
        let samples = self.clip.samples_at(rate);
        let mut at = (self.position.as_secs_f64() * f64::from(rate)).round() as usize;
        self.position += Duration::from_millis(20);
        for sample in frame.iter_mut() {
            if at >= samples.len() && self.repeat {
                at = 0;
                self.position = Duration::from_millis(20);
            }
            *sample = samples.get(at).copied().unwrap_or(0.0);
            at += 1;
        }
        self.repeat || at < samples.len()
    }
}

/// Hears another leg.
pub(crate) struct Relay {
    feed: Hearer,
    /// What was said before the feed.
    ahead: VecDeque<Heard>,
    /// Source and number of the last of it, which the feed may repeat.
    taken: Option<(u32, u16)>,
    transcoder: Option<Box<Transcoder>>,
}

/// Hears a room.
pub(crate) struct Mixed {
    frames: mpsc::Receiver<Heard>,
    /// What is heard until the first frame.
    before: Option<Box<Ear>>,
}

impl Relay {
    async fn next(&mut self) -> Option<Heard> {
        if let Some(heard) = self.ahead.pop_front() {
            if let Heard::Voice { packet, .. } = &heard {
                self.taken = Some((packet.ssrc, packet.sequence));
            }
            return Some(heard);
        }
        loop {
            let heard = self.feed.next().await?;
            if !self.repeats(&heard) {
                return Some(heard);
            }
        }
    }

    fn repeats(&self, heard: &Heard) -> bool {
        match (heard, self.taken) {
            (Heard::Voice { packet, .. }, Some((ssrc, sequence))) => {
                packet.ssrc == ssrc && !is_after(packet.sequence, sequence)
            }
            _ => false,
        }
    }

    /// Whether voice goes through the transcoder.
    pub(crate) fn transcoder(&mut self) -> Option<&mut Transcoder> {
        self.transcoder.as_deref_mut()
    }

    /// The two ends speak the same codec: packets pass as they are.
    pub(crate) fn pass_through(&mut self) {
        self.transcoder = None;
    }

    /// The transcoder from one codec to the other, made anew if they are not those of before.
    pub(crate) fn transcode(&mut self, from: Codec, to: Codec) -> Option<&mut Transcoder> {
        let fits = |t: &Transcoder| t.from == from && t.to == to;
        if !self.transcoder.as_deref().is_some_and(fits) {
            let rate = from.natural_rate().min(to.natural_rate());
            match from.decoder(rate) {
                Ok(decoder) => {
                    self.transcoder = Some(Box::new(Transcoder {
                        from,
                        to,
                        rate,
                        buffer: JitterBuffer::new(decoder),
                        noted: Tally::default(),
                    }));
                }
                Err(error) => tracing::warn!(%error, "a voice cannot be transcoded"),
            }
        }
        self.transcoder.as_deref_mut()
    }
}

/// Packets of one codec to frames for another, at the lower of their natural rates so that nothing
/// is resampled.
pub(crate) struct Transcoder {
    from: Codec,
    to: Codec,
    rate: u32,
    pub(crate) buffer: JitterBuffer,
    noted: Tally,
}

impl Transcoder {
    /// How long after the last frame the next one had best be made.
    pub(crate) fn period(&self, usual: Duration) -> Duration {
        self.buffer.period(usual)
    }

    /// The rate of the frames, in hertz.
    pub(crate) fn rate(&self) -> u32 {
        self.rate
    }

    /// Fills 20 ms.
    pub(crate) fn fill(&mut self, frame: &mut [f32], now: Instant, shared: &Shared) {
        self.buffer.pull(frame, now);
        let after = self.buffer.tally();
        shared.playout.note(&self.noted, &after);
        self.noted = after;
    }
}
