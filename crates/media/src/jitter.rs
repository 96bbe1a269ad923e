//! The adaptive jitter buffer: packets in at any time, 20 ms of sound out whenever asked.
//!
//! It owns the decoder, because what to do about a missing packet (redundancy, concealment,
//! waiting) is one decision with what to decode next. It reads no clock and opens no socket:
//! time is an argument.

mod delay;
mod pace;
mod rhythm;
mod stretch;
#[cfg(test)]
mod tests;

use crate::codec::CodecError;
use crate::packet::Packet;
use bytes::Bytes;
use delay::DelayEstimator;
use rhythm::Rhythm;
use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

/// A voice decoder as the jitter buffer drives it.
pub trait Decode: Send {
    /// The RTP timestamp clock, in hertz.
    fn clock_rate(&self) -> u32;

    /// The rate of the sound given, in hertz.
    fn sample_rate(&self) -> u32;

    /// How many samples the payload decodes to; `None` if it cannot be decoded.
    fn samples(&self, payload: &[u8]) -> Option<usize>;

    /// Decodes a payload into the front of `out` and returns the number of samples.
    ///
    /// # Errors
    ///
    /// [`CodecError::Payload`] when the payload is not valid.
    fn decode(&mut self, payload: &[u8], out: &mut [f32]) -> Result<usize, CodecError>;

    /// Fills `out` with the sound just before `next` from the redundancy in it, or conceals.
    fn recover(&mut self, next: &[u8], out: &mut [f32]);

    /// Fills `out` with a plausible continuation.
    fn conceal(&mut self, out: &mut [f32]);
}

/// A voice packet as it arrived.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Synchronization source; another one is another stream.
    pub ssrc: u32,
    /// RTP sequence number.
    pub sequence: u16,
    /// RTP timestamp.
    pub timestamp: u32,
    /// Encoded sound.
    pub payload: Bytes,
}

impl From<Packet> for Arrival {
    fn from(packet: Packet) -> Self {
        Self {
            ssrc: packet.ssrc,
            sequence: packet.sequence,
            timestamp: packet.timestamp,
            payload: packet.payload,
        }
    }
}

/// What the jitter buffer has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tally {
    /// Packets decoded.
    pub decoded: u64,
    /// Packets that came after their place had been played.
    pub late: u64,
    /// Packets thrown away to catch up after a stall, or because the buffer was full.
    pub discarded: u64,
    /// Sound invented, in milliseconds.
    pub concealed_ms: f64,
    /// Sound recovered from redundancy, in milliseconds.
    pub recovered_ms: f64,
    /// Sound cut out to shorten the delay, in milliseconds.
    pub shortened_ms: f64,
    /// Sound stretched to lengthen the delay, in milliseconds.
    pub lengthened_ms: f64,
    /// Delay added now compared with the fastest packet, in milliseconds.
    pub delay_ms: f64,
    /// Delay aimed for, in milliseconds.
    pub target_ms: f64,
}

/// Longest sound in one packet, in milliseconds (RFC 7587 4.2).
const LONGEST_PACKET_MS: usize = 120;

/// Concealment is made in pieces of this length, in milliseconds.
const PIECE_MS: f64 = 10.0;

/// Starving this long ends the talk: whatever comes next begins anew, in milliseconds.
const GIVE_UP_MS: f64 = 400.0;

/// Packets this far from where the clock says they belong begin a new timeline, in milliseconds.
const STRAY_MS: f64 = 5_000.0;

/// A delay this far above the target is cut by dropping whole packets, in milliseconds.
const HOPELESS_MS: f64 = 300.0;

/// At least this much sound is played between two stretches, in milliseconds.
const STRETCH_PAUSE_MS: f64 = 60.0;

/// The delay is left alone while it is this close to the target, in milliseconds.
const TOLERANCE_MS: f64 = 2.5;

/// Delay that lets the packet after a lost one arrive, beyond what jitter needs, in milliseconds.
const REDUNDANCY_MS: f64 = 22.5;

/// Packets held at most; the oldest go first.
const CAPACITY: usize = 256;

/// Loss above this share makes it worth waiting one packet more for redundancy.
const LOSS_WORTH_WAITING: f64 = 0.01;

/// Sound from packets that come late, twice, in disorder or not at all.
///
/// ```text
///           delay reached target              nothing left
///  Filling ──────────────────────▶ Playing ◀──────────────▶ Starving
///     ▲                              │        packet came       │
///     │       new stream             │                          │ 400 ms
///     ├──────────────────────────────┘                          │
///     └─────────────────────────────────────────────────────────┘
/// ```
pub struct JitterBuffer {
    decoder: Box<dyn Decode>,
    epoch: Option<Instant>,
    stream: Option<Stream>,
    packets: BTreeMap<u64, Held>,
    state: State,
    delay: DelayEstimator,
    rhythm: Rhythm,
    /// The first packet does not wait for the delay aimed for.
    at_once: bool,
    /// Decoded, not yet asked for.
    ready: VecDeque<f32>,
    scratch: Vec<f32>,
    since_stretch_ms: f64,
    loss: f64,
    tally: Tally,
}

/// The newest extended numbers of the current stream.
#[derive(Debug, Clone, Copy)]
struct Stream {
    ssrc: u32,
    sequence: u64,
    timestamp: u64,
}

#[derive(Debug)]
struct Held {
    timestamp: u64,
    payload: Bytes,
    at: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    /// Nothing played yet, or nothing came for so long that what comes begins anew; the hole that
    /// was given up may still turn out to have been silence.
    Filling(Option<Hole>),
    /// Playing on from here.
    Playing(Place),
    /// Inventing sound because nothing is here; the place waits for a late packet.
    Starving(Hole),
}

/// Sound invented because nothing was there to play at a place.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Hole {
    place: Place,
    invented_ms: f64,
}

/// Where the timeline is: the next packet and tick to be played.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Place {
    sequence: u64,
    timestamp: u64,
}

/// What to do for the next piece of sound.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    /// Give silence until there is enough.
    Fill,
    /// Decode the packet at the front.
    Decode(Place),
    /// The packet before the front one is lost: use the redundancy in the front one.
    Recover(Place),
    /// Invent sound for a hole and pass over it.
    Cross(Place),
    /// The sender was silent: invent its background until the front packet is due.
    Idle(Place),
    /// Invent sound without moving on.
    Wait { place: Place, invented_ms: f64 },
}

impl JitterBuffer {
    /// A buffer that starts with 40 ms of delay and adapts from there.
    pub fn new(decoder: Box<dyn Decode>) -> Self {
        let longest = decoder.sample_rate() as usize * LONGEST_PACKET_MS / 1_000;
        Self {
            decoder,
            epoch: None,
            stream: None,
            packets: BTreeMap::new(),
            state: State::Filling(None),
            delay: DelayEstimator::new(),
            rhythm: Rhythm::default(),
            at_once: false,
            ready: VecDeque::with_capacity(2 * longest),
            scratch: vec![0.0; longest],
            since_stretch_ms: 0.0,
            loss: 0.0,
            tally: Tally::default(),
        }
    }

    /// A buffer that plays the first packet as soon as it is there, and gains its delay while
    /// playing: for a voice that was heard by other means until now and shall not pause.
    pub fn at_once(decoder: Box<dyn Decode>) -> Self {
        Self {
            at_once: true,
            ..Self::new(decoder)
        }
    }

    /// What is here and not decoded yet, in order, with the time of its arrival.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = (Arrival, Instant)> {
        let ssrc = self.stream.map_or(0, |stream| stream.ssrc);
        self.packets.iter().map(move |(sequence, held)| {
            let arrival = Arrival {
                ssrc,
                // The lower bits of the extended numbers are those of the packet.
                sequence: *sequence as u16,
                timestamp: held.timestamp as u32,
                payload: held.payload.clone(),
            };
            (arrival, held.at)
        })
    }

    /// What has been done so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    fn clock_ms(&mut self, now: Instant) -> f64 {
        let epoch = *self.epoch.get_or_insert(now);
        now.saturating_duration_since(epoch).as_secs_f64() * 1_000.0
    }

    fn media_ms(&self, timestamp: u64) -> f64 {
        timestamp as f64 * 1_000.0 / f64::from(self.decoder.clock_rate())
    }

    fn ticks_to_ms(&self, ticks: u64) -> f64 {
        ticks as f64 * 1_000.0 / f64::from(self.decoder.clock_rate())
    }

    fn ms_to_samples(&self, ms: f64) -> usize {
        (ms * f64::from(self.decoder.sample_rate()) / 1_000.0).round() as usize
    }

    fn samples_to_ms(&self, samples: usize) -> f64 {
        samples as f64 * 1_000.0 / f64::from(self.decoder.sample_rate())
    }

    fn samples_to_ticks(&self, samples: usize) -> u64 {
        samples as u64 * u64::from(self.decoder.clock_rate())
            / u64::from(self.decoder.sample_rate())
    }

    fn ticks_to_samples(&self, ticks: u64) -> usize {
        (ticks * u64::from(self.decoder.sample_rate()) / u64::from(self.decoder.clock_rate()))
            as usize
    }

    /// Takes a packet that arrived `now`.
    pub fn put(&mut self, arrival: Arrival, now: Instant) {
        let now_ms = self.clock_ms(now);
        let (sequence, timestamp) = self.place_in_stream(&arrival, now_ms);
        let media_ms = self.media_ms(timestamp);
        let lateness_ms = self.delay.observe(now_ms, media_ms);
        if let State::Playing(place) | State::Starving(Hole { place, .. }) = self.state
            && sequence < place.sequence
        {
            self.tally.late += 1;
            tracing::trace!(lateness_ms, "voice packet too late");
            return;
        }
        self.packets.entry(sequence).or_insert(Held {
            timestamp,
            payload: arrival.payload,
            at: now,
        });
        while self.packets.len() > CAPACITY {
            self.packets.pop_first();
            self.tally.discarded += 1;
        }
    }

    /// The packet's extended numbers, beginning a new timeline if it does not belong to this one.
    fn place_in_stream(&mut self, arrival: &Arrival, now_ms: f64) -> (u64, u64) {
        if let Some(stream) = self.stream.filter(|stream| stream.ssrc == arrival.ssrc) {
            let step = arrival.sequence.wrapping_sub(stream.sequence as u16) as i16;
            let ticks = arrival.timestamp.wrapping_sub(stream.timestamp as u32) as i32;
            let sequence = stream.sequence.saturating_add_signed(step.into());
            let timestamp = stream.timestamp.saturating_add_signed(ticks.into());
            let stray_ms = self.delay.lateness_ms(now_ms, self.media_ms(timestamp));
            if stray_ms.abs() < STRAY_MS {
                if step > 0 {
                    self.stream = Some(Stream {
                        sequence,
                        timestamp,
                        ..stream
                    });
                }
                return (sequence, timestamp);
            }
        }
        self.begin(arrival)
    }

    fn begin(&mut self, arrival: &Arrival) -> (u64, u64) {
        // Far from zero, so that disorder at the start cannot reach below it.
        let sequence = (1 << 32) + u64::from(arrival.sequence);
        let timestamp = (1 << 40) + u64::from(arrival.timestamp);
        self.stream = Some(Stream {
            ssrc: arrival.ssrc,
            sequence,
            timestamp,
        });
        self.packets.clear();
        self.delay.forget_timeline();
        self.state = State::Filling(None);
        (sequence, timestamp)
    }

    /// Fills `out` with the sound to be played `now`. Silence before the first packet.
    pub fn pull(&mut self, out: &mut [f32], now: Instant) {
        let now_ms = self.clock_ms(now);
        // Reckoned from when the sound is heard, which is smooth, not from when it is asked for.
        let heard_ms = now_ms + self.rhythm.pull(now_ms, self.samples_to_ms(out.len()));
        while self.ready.len() < out.len() {
            self.skip_hopeless(heard_ms);
            let step = self.choose(heard_ms);
            self.take(step, out.len(), heard_ms);
        }
        for sample in out.iter_mut() {
            *sample = self.ready.pop_front().unwrap_or(0.0);
        }
        self.tally.target_ms = self.target_ms();
        // What comes next plays after what was given and what is ready.
        let next_ms = heard_ms + self.samples_to_ms(out.len() + self.ready.len());
        self.tally.delay_ms = match self.state {
            State::Filling(_) => 0.0,
            State::Playing(place) | State::Starving(Hole { place, .. }) => {
                self.delay_ms(place.timestamp, next_ms).max(0.0)
            }
        };
    }

    /// The delay aimed for, in milliseconds.
    fn target_ms(&self) -> f64 {
        let redundancy = match self.loss > LOSS_WORTH_WAITING {
            true => REDUNDANCY_MS,
            false => 0.0,
        };
        self.delay.target_ms() + self.rhythm.margin_ms() + redundancy
    }

    /// How long after its ideal arrival the sound at `timestamp` would be made at `at_ms`.
    fn delay_ms(&self, timestamp: u64, at_ms: f64) -> f64 {
        self.delay.lateness_ms(at_ms, self.media_ms(timestamp))
    }

    /// Drops packets after a stall that left far more sound than is wanted.
    fn skip_hopeless(&mut self, at_ms: f64) {
        let State::Playing(place) = self.state else {
            return;
        };
        let target_ms = self.target_ms();
        if self.delay_ms(place.timestamp, at_ms) < target_ms + HOPELESS_MS {
            return;
        }
        let keep = self
            .packets
            .iter()
            .find(|(_, held)| self.delay_ms(held.timestamp, at_ms) <= target_ms)
            .map(|(sequence, held)| Place {
                sequence: *sequence,
                timestamp: held.timestamp,
            });
        if let Some(place) = keep {
            let kept = self.packets.split_off(&place.sequence);
            self.tally.discarded += self.packets.len() as u64;
            self.packets = kept;
            self.state = State::Playing(place);
        }
    }

    /// Decides what to do next; changes nothing.
    fn choose(&self, at_ms: f64) -> Step {
        let front = self.packets.first_key_value();
        let (place, invented_ms) = match (self.state, front) {
            (State::Filling(_), None) => return Step::Fill,
            (State::Filling(_), Some((sequence, held))) => {
                let enough =
                    self.at_once || self.delay_ms(held.timestamp, at_ms) >= self.target_ms();
                return match enough {
                    true => Step::Decode(Place {
                        sequence: *sequence,
                        timestamp: held.timestamp,
                    }),
                    false => Step::Fill,
                };
            }
            (State::Playing(place), _) => (place, 0.0),
            (State::Starving(hole), _) => (hole.place, hole.invented_ms),
        };
        let Some((sequence, held)) = front else {
            return match invented_ms >= GIVE_UP_MS {
                true => Step::Fill,
                false => Step::Wait { place, invented_ms },
            };
        };
        let at_front = Place {
            sequence: *sequence,
            timestamp: held.timestamp,
        };
        let hole_ticks = held.timestamp.saturating_sub(place.timestamp);
        if hole_ticks == 0 {
            return Step::Decode(at_front);
        }
        let hole_ms = self.ticks_to_ms(hole_ticks);
        if invented_ms >= hole_ms {
            return Step::Decode(at_front);
        }
        let missing = sequence.saturating_sub(place.sequence);
        if missing == 0 {
            // The sender skipped time without skipping packets: it was silent.
            return match self.delay_ms(held.timestamp, at_ms) >= self.target_ms() {
                true => Step::Decode(at_front),
                false => Step::Idle(place),
            };
        }
        if self.delay_ms(place.timestamp, at_ms) < self.target_ms() {
            // Too early to call it lost; waiting adds the delay that is wanted anyway.
            return Step::Wait { place, invented_ms };
        }
        // What was invented while starving stands for the beginning of the hole.
        let place = Place {
            timestamp: place.timestamp + self.samples_to_ticks(self.ms_to_samples(invented_ms)),
            ..place
        };
        let hole = self.ticks_to_samples(held.timestamp.saturating_sub(place.timestamp));
        let redundant = self.decoder.samples(&held.payload).unwrap_or(0);
        match hole <= redundant {
            true => Step::Recover(place),
            false => Step::Cross(place),
        }
    }

    /// Makes the next piece of sound.
    fn take(&mut self, step: Step, wanted: usize, at_ms: f64) {
        match step {
            Step::Fill => {
                self.state = match self.state {
                    State::Filling(hole) => State::Filling(hole),
                    State::Starving(hole) => State::Filling(Some(hole)),
                    State::Playing(_) => State::Filling(None),
                };
                self.ready.resize(wanted, 0.0);
            }
            Step::Decode(place) => self.decode(place, at_ms),
            Step::Recover(place) => {
                let Some((_, held)) = self.packets.first_key_value() else {
                    return;
                };
                let (sequence, timestamp) = (place.sequence, held.timestamp);
                let hole = self
                    .ticks_to_samples(timestamp.saturating_sub(place.timestamp))
                    .min(self.scratch.len());
                let payload = held.payload.clone();
                let whole = self.decoder.samples(&payload) == Some(hole);
                match whole {
                    true => {
                        self.decoder.recover(&payload, &mut self.scratch[..hole]);
                        self.tally.recovered_ms += self.samples_to_ms(hole);
                    }
                    false => self.conceal(hole),
                }
                self.ready.extend(&self.scratch[..hole]);
                self.note_loss(true);
                self.state = State::Playing(Place {
                    sequence: sequence + 1,
                    timestamp,
                });
            }
            Step::Cross(place) => {
                let piece = self.piece();
                self.conceal(piece);
                self.ready.extend(&self.scratch[..piece]);
                self.note_loss(true);
                self.state = State::Playing(Place {
                    timestamp: place.timestamp + self.samples_to_ticks(piece),
                    ..place
                });
            }
            Step::Idle(place) => {
                let piece = self.piece();
                self.decoder.conceal(&mut self.scratch[..piece]);
                self.ready.extend(&self.scratch[..piece]);
                self.state = State::Playing(Place {
                    timestamp: place.timestamp + self.samples_to_ticks(piece),
                    ..place
                });
            }
            Step::Wait { place, invented_ms } => {
                let piece = self.piece();
                self.conceal(piece);
                self.ready.extend(&self.scratch[..piece]);
                self.state = State::Starving(Hole {
                    place,
                    invented_ms: invented_ms + PIECE_MS,
                });
            }
        }
    }

    fn piece(&self) -> usize {
        self.ms_to_samples(PIECE_MS)
    }

    fn conceal(&mut self, samples: usize) {
        self.decoder.conceal(&mut self.scratch[..samples]);
        self.tally.concealed_ms += self.samples_to_ms(samples);
    }

    fn note_loss(&mut self, lost: bool) {
        let sample = if lost { 1.0 } else { 0.0 };
        self.loss += (sample - self.loss) * 0.01;
    }

    fn decode(&mut self, place: Place, at_ms: f64) {
        let Some((sequence, held)) = self.packets.pop_first() else {
            return;
        };
        if let State::Starving(hole) | State::Filling(Some(hole)) = self.state
            && hole.place.sequence == sequence
            && held.timestamp > hole.place.timestamp
        {
            // It was silence, not loss, that was covered.
            self.tally.concealed_ms = (self.tally.concealed_ms - hole.invented_ms).max(0.0);
        }
        self.at_once = false;
        let expected = self.decoder.samples(&held.payload);
        let longest = self.scratch.len();
        let samples = match self.decoder.decode(&held.payload, &mut self.scratch) {
            Ok(samples) => {
                self.tally.decoded += 1;
                self.note_loss(false);
                samples
            }
            Err(_) => {
                let samples = expected.unwrap_or_else(|| self.piece()).min(longest);
                self.conceal(samples);
                self.note_loss(true);
                samples
            }
        };
        let ticks = self.samples_to_ticks(samples);
        let delay_ms = self.delay_ms(held.timestamp, at_ms);
        self.stretch_into_ready(samples, delay_ms);
        self.state = State::Playing(Place {
            sequence: place.sequence + 1,
            timestamp: place.timestamp + ticks,
        });
    }

    /// Moves decoded sound on, cutting or repeating a pitch period when the delay is off target.
    ///
    /// What is made now must have arrived by now, so the delay that counts is that of the packet
    /// when it is decoded. It changes by whole packets only; what is ready before it is a delay
    /// that nothing needs.
    fn stretch_into_ready(&mut self, samples: usize, delay_ms: f64) {
        let target_ms = self.target_ms();
        let packet_ms = self.samples_to_ms(samples);
        let ready_ms = self.samples_to_ms(self.ready.len());
        let spare_ms = match delay_ms - packet_ms >= target_ms + TOLERANCE_MS {
            true => delay_ms - target_ms,
            false => ready_ms,
        };
        let may = self.since_stretch_ms >= STRETCH_PAUSE_MS;
        let rate = self.decoder.sample_rate() as usize;
        let most = self.ms_to_samples(spare_ms);
        let sound = &self.scratch[..samples];
        let before = self.ready.len();
        let stretched = if may && delay_ms < target_ms - TOLERANCE_MS {
            stretch::lengthen(sound, rate, &mut self.ready)
        } else if may && spare_ms > TOLERANCE_MS {
            stretch::shorten(sound, rate, most, &mut self.ready)
        } else {
            false
        };
        if !stretched {
            self.ready.extend(sound);
            self.since_stretch_ms += packet_ms;
            return;
        }
        self.since_stretch_ms = 0.0;
        let made = self.ready.len() - before;
        let change_ms = self.samples_to_ms(samples.abs_diff(made));
        match made < samples {
            true => self.tally.shortened_ms += change_ms,
            false => self.tally.lengthened_ms += change_ms,
        }
    }
}
