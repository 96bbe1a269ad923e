//! What a leg's remote party hears when no device is attached.

use super::shared::{FEED, Heard, Hearer, Shared};
use crate::jitter::{JitterBuffer, Tally};
use crate::tone::Generator;
use crate::{Clip, Codec, Source, Tone};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A source in use.
pub(crate) enum Ear {
    Nothing,
    Clip(Player),
    Tone(Generator),
    Leg(Relay),
}

impl Ear {
    pub(crate) fn new(source: Source) -> Self {
        match source {
            Source::Nothing => Self::Nothing,
            Source::Clip { clip, repeat } => Self::Clip(Player::new(clip, repeat)),
            Source::Tone(tone) => Self::tone(tone),
            Source::Leg(leg) => Self::Leg(Relay {
                feed: leg.feed().listen(FEED),
                transcoder: None,
            }),
        }
    }

    fn tone(tone: Tone) -> Self {
        Self::Tone(Generator::new(tone))
    }

    /// The next thing said on the leg that is heard; never, if none is. `None` once when that leg
    /// has ended. Safe to cancel.
    pub(crate) async fn next(&mut self) -> Option<Heard> {
        match self {
            Self::Leg(relay) => relay.feed.next().await,
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
    transcoder: Option<Box<Transcoder>>,
}

impl Relay {
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
