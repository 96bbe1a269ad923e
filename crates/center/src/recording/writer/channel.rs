//! One side of a call on the recording's timeline.

use super::frames::{self, LONGEST, RATE, SHORTEST};
use super::narrow::Narrow;
use bytes::Bytes;
use seatline_media::Codec;
use std::collections::BTreeMap;

/// One voice packet of a party, as it came from the network.
#[derive(Debug, Clone)]
pub(in crate::recording) struct Heard {
    /// How the payload is coded.
    pub(in crate::recording) codec: Codec,
    /// The sender; a change means that its clock begins anew.
    pub(in crate::recording) ssrc: u32,
    /// The sender's clock, in ticks of the codec's rate.
    pub(in crate::recording) timestamp: u32,
    /// The sound.
    pub(in crate::recording) payload: Bytes,
}

/// How long a packet is waited for that others have overtaken.
const REORDER: u64 = RATE / 10;

/// A gap up to this length is taken for loss and concealed; a longer one is silence.
const LOSS: u64 = LONGEST;

/// A sender whose clock is further ahead of ours than this has changed it.
const AHEAD: i64 = RATE as i64;

/// A sender whose clock is further behind ours than this has changed it, or was stuck.
const BEHIND: i64 = 3 * RATE as i64;

/// Lateness of every packet of [`WINDOW`] that is taken for drift and made good.
const DRIFT: i64 = RATE as i64 * 12 / 100;

/// Time over which drift is watched.
const WINDOW: u64 = 5 * RATE;

/// Packets that may wait for one overtaken; a flood does not grow beyond it.
const MOST_WAITING: usize = 200;

/// Where a sender's clock is on the timeline.
struct Anchor {
    ssrc: u32,
    codec: Codec,
    timestamp: u32,
    position: i64,
    /// Least lateness since `window`, in samples.
    least: i64,
    window: u64,
}

/// Puts packets in their places on the timeline and fills what is missing, so that both sides of a
/// call stay aligned by sample. Positions are samples at 48 kHz from the recording's beginning.
///
/// A place follows from the sender's clock, not from the arrival, so that jitter is not heard. The
/// clock is anchored at the first arrival and again when it jumps or drifts away.
pub(in crate::recording) struct Channel {
    anchor: Option<Anchor>,
    waiting: BTreeMap<u64, (u64, Heard)>,
    /// End of what has been given out, in samples.
    end: u64,
    /// Nothing that lies before is kept.
    floor: u64,
    /// First octet of the last packet; `None` after a gap.
    before: Option<u8>,
    narrow: Narrow,
    /// Packets that came too late or were not sound.
    pub(in crate::recording) refused: u64,
}

impl Channel {
    pub(super) fn new() -> Self {
        Self {
            anchor: None,
            waiting: BTreeMap::new(),
            end: 0,
            floor: 0,
            before: None,
            narrow: Narrow::new(),
            refused: 0,
        }
    }

    /// End of what has been given out.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Takes a packet that arrived at `arrival`.
    pub(super) fn take(&mut self, heard: Heard, arrival: u64) {
        if length_of(&heard).is_none() {
            self.refused += 1;
            return;
        }
        let kept = self.place(&heard, arrival).filter(|position| {
            let late = position + SHORTEST < self.end;
            !late && *position >= self.floor && self.waiting.len() < MOST_WAITING
        });
        match kept {
            Some(position) => {
                self.waiting.entry(position).or_insert((arrival, heard));
            }
            None => self.refused += 1,
        }
    }

    /// Where a packet lies by its sender's clock; `None` before the beginning, or further ahead
    /// than any sender gets that sends sound as it is spoken.
    fn place(&mut self, heard: &Heard, arrival: u64) -> Option<u64> {
        let now = arrival as i64;
        let ticks = RATE as i64 / i64::from(heard.codec.clock_rate());
        if let Some(anchor) = &mut self.anchor
            && anchor.ssrc == heard.ssrc
            && anchor.codec == heard.codec
        {
            let passed = heard.timestamp.wrapping_sub(anchor.timestamp) as i32;
            let position = anchor.position + i64::from(passed) * ticks;
            let lateness = now - position;
            if (-AHEAD..=BEHIND).contains(&lateness) {
                if passed > 0 {
                    anchor.timestamp = heard.timestamp;
                    anchor.position = position;
                }
                anchor.least = anchor.least.min(lateness);
                if arrival >= anchor.window + WINDOW {
                    if anchor.least > DRIFT {
                        anchor.position += anchor.least / SHORTEST as i64 * SHORTEST as i64;
                    }
                    anchor.least = i64::MAX;
                    anchor.window = arrival;
                }
                return u64::try_from(position).ok();
            }
        }
        if self.end as i64 - now > AHEAD {
            return None;
        }
        // On a multiple of the shortest frame from what is there, so that a gap can be filled.
        let behind = arrival.saturating_sub(self.end);
        let position = self.end + behind / SHORTEST * SHORTEST;
        self.anchor = Some(Anchor {
            ssrc: heard.ssrc,
            codec: heard.codec,
            timestamp: heard.timestamp,
            position: position as i64,
            least: i64::MAX,
            window: arrival,
        });
        Some(position)
    }

    /// Gives `emit` the packets that need not wait any longer at `now`, each with its end.
    pub(super) fn release(&mut self, now: u64, emit: &mut dyn FnMut(&[u8], u64)) {
        while let Some(entry) = self.waiting.first_entry() {
            let follows = *entry.key() < self.end + SHORTEST;
            if !follows && entry.get().0 + REORDER > now {
                return;
            }
            let (position, (_, heard)) = entry.remove_entry();
            if position + SHORTEST <= self.end {
                self.refused += 1;
                continue;
            }
            self.fill(position, emit);
            self.give(&heard, emit);
        }
    }

    /// Gives out all that waits.
    pub(super) fn release_all(&mut self, emit: &mut dyn FnMut(&[u8], u64)) {
        self.release(u64::MAX, emit);
    }

    /// Nothing of what waits, and nothing before `floor`, is kept.
    pub(super) fn skip_to(&mut self, floor: u64) {
        self.waiting.clear();
        self.floor = floor;
        self.before = None;
        self.narrow.forget();
    }

    /// Fills with silence up to `position`.
    pub(super) fn silence_to(&mut self, position: u64, emit: &mut dyn FnMut(&[u8], u64)) {
        self.before = None;
        self.fill(position, emit);
    }

    fn fill(&mut self, position: u64, emit: &mut dyn FnMut(&[u8], u64)) {
        let gap = position.saturating_sub(self.end);
        if gap < SHORTEST {
            return;
        }
        let end = &mut self.end;
        let mut emit = |packet: &[u8], length: u64| {
            *end += length;
            emit(packet, *end);
        };
        let rest = match self.before {
            Some(before) if gap <= LOSS => frames::conceal(before, gap, &mut emit),
            _ => gap,
        };
        frames::silence(rest, &mut emit);
        if gap > LOSS {
            self.before = None;
        }
    }

    fn give(&mut self, heard: &Heard, emit: &mut dyn FnMut(&[u8], u64)) {
        let end = &mut self.end;
        let before = &mut self.before;
        let mut emit = |packet: &[u8], length: u64| {
            *end += length;
            *before = packet.first().copied();
            emit(packet, *end);
        };
        match heard.codec {
            Codec::Opus => {
                if let Some(length) = frames::length(&heard.payload) {
                    emit(&heard.payload, length);
                }
            }
            Codec::Pcma | Codec::Pcmu => {
                self.narrow.encode(heard.codec, &heard.payload, &mut emit);
            }
        }
    }
}

/// Length of a packet's sound in samples at 48 kHz; `None` if it holds none.
fn length_of(heard: &Heard) -> Option<u64> {
    match heard.codec {
        Codec::Opus => frames::length(&heard.payload)
            .filter(|_| heard.payload.len() <= super::ogg::LONGEST_PACKET),
        Codec::Pcma | Codec::Pcmu => super::narrow::length(&heard.payload),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};

    /// A 20 ms packet that carries its number.
    fn packet(number: u32) -> Heard {
        Heard {
            codec: Codec::Opus,
            ssrc: 1,
            timestamp: (number * 960).wrapping_add(u32::MAX - 2_000),
            payload: Bytes::from(vec![0x78, (number >> 8) as u8, number as u8, 0x55]),
        }
    }

    /// All that was given out: numbers of packets, or none for filling.
    #[derive(Default)]
    struct Line {
        end: u64,
        found: Vec<(u64, Option<u32>)>,
    }

    impl Line {
        fn emit(&mut self) -> impl FnMut(&[u8], u64) + '_ {
            |packet, end| {
                let begin = end - frames::length(packet).unwrap();
                assert_eq!(begin, self.end, "without gap or overlap");
                self.end = end;
                let number =
                    (packet.len() == 4).then(|| u32::from(packet[1]) << 8 | u32::from(packet[2]));
                self.found.push((begin, number));
            }
        }

        fn numbers(&self) -> Vec<u32> {
            self.found
                .iter()
                .filter_map(|(_, number)| *number)
                .collect()
        }
    }

    #[test]
    fn jitter_and_reordering_do_not_move_anything() {
        let seed = rand::random();
        println!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        let mut sent: Vec<(u64, u32)> = (0..500)
            .map(|n| {
                (
                    4_800 + u64::from(n) * 960 + random.random_range(0..3_000),
                    n,
                )
            })
            .collect();
        sent[0].0 = 4_800;
        sent.sort_unstable();
        let (mut channel, mut line) = (Channel::new(), Line::default());
        for (arrival, number) in sent {
            channel.take(packet(number), arrival);
            channel.release(arrival, &mut line.emit());
        }
        channel.release_all(&mut line.emit());
        assert_eq!(channel.refused, 0);
        assert_eq!(line.numbers(), (0..500).collect::<Vec<_>>());
        let first = line
            .found
            .iter()
            .find(|found| found.1 == Some(0))
            .unwrap()
            .0;
        for (begin, number) in line.found {
            if let Some(number) = number {
                assert_eq!(begin, first + u64::from(number) * 960);
            }
        }
    }

    #[test]
    fn loss_and_long_gaps_keep_their_length() {
        let (mut channel, mut line) = (Channel::new(), Line::default());
        for number in (0..10).chain(12..20).chain(150..160) {
            let arrival = u64::from(number) * 960;
            channel.take(packet(number), arrival);
            channel.release(arrival, &mut line.emit());
        }
        channel.release_all(&mut line.emit());
        for (begin, number) in &line.found {
            if let Some(number) = number {
                assert_eq!(*begin, u64::from(*number) * 960);
            }
        }
        let concealed = line
            .found
            .iter()
            .filter(|(begin, number)| number.is_none() && *begin < 12 * 960);
        assert_eq!(concealed.count(), 2);
        channel.silence_to(480_000, &mut line.emit());
        assert_eq!(line.end, 480_000);
    }

    #[test]
    fn a_new_sender_and_a_jumping_clock_go_where_they_arrive() {
        let (mut channel, mut line) = (Channel::new(), Line::default());
        let mut expected = Vec::new();
        for number in 0..300_u32 {
            let arrival = u64::from(number) * 960;
            let mut heard = packet(number);
            if number >= 100 {
                heard.ssrc = 2;
                heard.timestamp = number.wrapping_mul(960).wrapping_add(77);
            }
            if number >= 200 {
                heard.timestamp = heard.timestamp.wrapping_add(1 << 30);
            }
            expected.push((arrival, Some(number)));
            channel.take(heard, arrival);
            channel.release(arrival, &mut line.emit());
        }
        channel.release_all(&mut line.emit());
        assert_eq!(line.found, expected);
    }

    #[test]
    fn a_slow_clock_is_made_good_and_never_runs_away() {
        let (mut channel, mut line) = (Channel::new(), Line::default());
        // 0.1 % slow: 3.6 s in an hour.
        for number in 0..30_000_u32 {
            let arrival = u64::from(number) * 961;
            channel.take(packet(number), arrival);
            channel.release(arrival, &mut line.emit());
            let apart = arrival.abs_diff(line.end);
            assert!(apart < RATE / 2, "{apart} samples apart at {number}");
        }
        assert!(line.numbers().len() > 29_990);
    }

    #[test]
    fn what_is_skipped_is_not_kept() {
        let (mut channel, mut line) = (Channel::new(), Line::default());
        let mut numbers: Vec<u32> = (0..100).collect();
        numbers[40..60].shuffle(&mut StdRng::seed_from_u64(3));
        for (number, arrival) in numbers.into_iter().zip(0_u64..) {
            let arrival = arrival * 960;
            if arrival == 50 * 960 {
                channel.skip_to(70 * 960);
            }
            channel.take(packet(number), arrival);
            channel.release(arrival, &mut line.emit());
        }
        channel.release_all(&mut line.emit());
        let kept = line.numbers();
        assert!(
            kept.iter().all(|number| *number < 60 || *number >= 70),
            "{kept:?}"
        );
        assert!(kept.ends_with(&[98, 99]));
        assert_eq!(line.end, 100 * 960);
    }

    #[test]
    fn a_flood_is_bounded_and_hostile_payloads_are_refused() {
        let mut random = StdRng::seed_from_u64(5);
        let (mut channel, mut line) = (Channel::new(), Line::default());
        for n in 0..20_000_u64 {
            let mut payload = vec![0_u8; random.random_range(0..40)];
            random.fill(&mut payload[..]);
            let codec = [Codec::Opus, Codec::Pcma, Codec::Pcmu][random.random_range(0..3)];
            let heard = Heard {
                codec,
                ssrc: random.random_range(0..3),
                timestamp: random.random(),
                payload: payload.into(),
            };
            channel.take(heard, n);
            if n % 500 == 0 {
                channel.release(n, &mut |_, end| line.end = end);
            }
        }
        channel.release_all(&mut |_, end| line.end = end);
        assert!(line.end < 20_000 + RATE + 2 * LONGEST, "{}", line.end);
    }
}
