//! The numbering of what a leg sends: one continuous stream for the receiver, whatever the source.

use crate::packet::is_after;
use std::time::{Duration, Instant};

/// The numbers of one packet to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
}

/// A relayed stream whose timestamps stray this far from the clock has been restarted by its
/// sender.
const STRAY: Duration = Duration::from_secs(2);

/// A gap in sequence numbers this long is a restart, not loss.
const GAP: u16 = 500;

/// A local source that paused this long is placed anew on the clock.
const PAUSE: Duration = Duration::from_millis(200);

/// Numbers packets from changing sources so that the receiver sees one stream: sequence numbers
/// without holes of our making, timestamps that follow the clock across a change of source.
///
/// Relayed packets keep their holes and their order, for the receiver must see what the network
/// lost before us.
#[derive(Debug)]
pub(crate) struct Outgoing {
    clock_rate: u32,
    next_sequence: u16,
    last: Option<Last>,
    first_timestamp: u32,
    last_event: Option<u32>,
    source: Feeding,
}

/// The latest packet sent.
#[derive(Debug, Clone, Copy)]
struct Last {
    timestamp: u32,
    at: Instant,
}

/// Where the latest voice packet came from.
#[derive(Debug, Clone, Copy)]
enum Feeding {
    /// Nothing yet, or a change was announced.
    Fresh,
    /// Frames made here.
    Local,
    /// Another leg's packets.
    Relay(Relay),
}

#[derive(Debug, Clone, Copy)]
struct Relay {
    ssrc: u32,
    sequence_offset: u16,
    timestamp_offset: u32,
    /// The newest sequence number seen from the source.
    newest: u16,
    /// Source packets before this are too late to be numbered.
    floor: u16,
}

impl Outgoing {
    /// The first numbers are the caller's random choice (RFC 3550 5.1).
    pub(crate) fn new(clock_rate: u32, first_sequence: u16, first_timestamp: u32) -> Self {
        Self {
            clock_rate,
            next_sequence: first_sequence,
            last: None,
            first_timestamp,
            last_event: None,
            source: Feeding::Fresh,
        }
    }

    /// Announces that packets will come from another source, or after a pause.
    pub(crate) fn change_source(&mut self) {
        self.source = Feeding::Fresh;
    }

    /// Announces that frames made here take over the voice that was relayed, where it is.
    pub(crate) fn carry_on(&mut self) {
        if matches!(self.source, Feeding::Relay(_)) {
            self.source = Feeding::Local;
        }
    }

    /// Announces a pause in frames made here; a relay goes on, for its packets know their time.
    pub(crate) fn pause(&mut self) {
        if matches!(self.source, Feeding::Local) {
            self.change_source();
        }
    }

    /// Changes the clock after a renegotiation; numbering goes on.
    pub(crate) fn set_clock_rate(&mut self, clock_rate: u32) {
        if self.clock_rate != clock_rate {
            self.clock_rate = clock_rate;
            self.change_source();
        }
    }

    /// The timestamp the clock is at, or where the latest packet ends if that is later.
    pub(crate) fn timestamp_at(&self, now: Instant) -> u32 {
        match self.last {
            None => self.first_timestamp,
            Some(last) => {
                let ticks = self.ticks(now.saturating_duration_since(last.at));
                // The latest packet holds 20 ms, which another source must not overlap.
                last.timestamp.wrapping_add(ticks.max(self.clock_rate / 50))
            }
        }
    }

    fn ticks(&self, span: Duration) -> u32 {
        (span.as_secs_f64() * f64::from(self.clock_rate)).round() as u32
    }

    /// The timestamp for a telephone event that begins now: later than every event before, even
    /// when voice has fallen behind the clock.
    pub(crate) fn begin_event(&mut self, now: Instant) -> u32 {
        let clock = self.timestamp_at(now);
        let timestamp = match self.last_event {
            Some(last) if clock.wrapping_sub(last) as i32 <= 0 => last.wrapping_add(1),
            _ => clock,
        };
        self.last_event = Some(timestamp);
        timestamp
    }

    /// Numbers a frame made here that lasts `ticks`.
    pub(crate) fn frame(&mut self, ticks: u32, now: Instant) -> Stamp {
        let steady = match (&self.source, self.last) {
            (Feeding::Local, Some(last)) => now.saturating_duration_since(last.at) < PAUSE,
            _ => false,
        };
        let timestamp = match self.last {
            Some(last) if steady => last.timestamp.wrapping_add(ticks),
            _ => self.timestamp_at(now),
        };
        self.source = Feeding::Local;
        self.send(timestamp, !steady, now)
    }

    fn send(&mut self, timestamp: u32, marker: bool, now: Instant) -> Stamp {
        let sequence = self.next_sequence;
        self.next_sequence = sequence.wrapping_add(1);
        self.last = Some(Last { timestamp, at: now });
        Stamp {
            sequence,
            timestamp,
            marker,
        }
    }

    /// Numbers a packet relayed from another leg of the same clock. `None` if it is a straggler
    /// from before the relay began.
    pub(crate) fn relay(
        &mut self,
        ssrc: u32,
        sequence: u16,
        timestamp: u32,
        marker: bool,
        now: Instant,
    ) -> Option<Stamp> {
        let relay = match self.source {
            Feeding::Relay(relay) if self.continues(&relay, ssrc, sequence, timestamp, now) => {
                relay
            }
            Feeding::Fresh | Feeding::Local | Feeding::Relay(_) => {
                let stamp = self.send(self.timestamp_at(now), true, now);
                self.source = Feeding::Relay(Relay {
                    ssrc,
                    sequence_offset: stamp.sequence.wrapping_sub(sequence),
                    timestamp_offset: stamp.timestamp.wrapping_sub(timestamp),
                    newest: sequence,
                    floor: sequence,
                });
                return Some(stamp);
            }
        };
        if is_after(relay.floor, sequence) {
            return None;
        }
        let stamp = Stamp {
            sequence: sequence.wrapping_add(relay.sequence_offset),
            timestamp: timestamp.wrapping_add(relay.timestamp_offset),
            marker,
        };
        if is_after(sequence, relay.newest) {
            self.next_sequence = stamp.sequence.wrapping_add(1);
            self.last = Some(Last {
                timestamp: stamp.timestamp,
                at: now,
            });
            self.source = Feeding::Relay(Relay {
                newest: sequence,
                ..relay
            });
        }
        Some(stamp)
    }

    fn continues(
        &self,
        relay: &Relay,
        ssrc: u32,
        sequence: u16,
        timestamp: u32,
        now: Instant,
    ) -> bool {
        let ahead = sequence.wrapping_sub(relay.newest) as i16;
        let expected = self.timestamp_at(now);
        let stray = timestamp
            .wrapping_add(relay.timestamp_offset)
            .wrapping_sub(expected) as i32;
        relay.ssrc == ssrc && ahead.unsigned_abs() < GAP && stray.unsigned_abs() < self.ticks(STRAY)
    }

    /// Leaves out a relayed packet without leaving a hole in the numbering.
    pub(crate) fn omit(&mut self, sequence: u16) {
        if let Feeding::Relay(relay) = &mut self.source
            && is_after(sequence, relay.newest)
        {
            let passed = sequence.wrapping_sub(relay.newest);
            relay.sequence_offset = relay.sequence_offset.wrapping_sub(passed);
            relay.newest = sequence;
            relay.floor = sequence.wrapping_add(1);
        }
    }

    /// Gives the next sequence number to a packet that carries `timestamp` of its own choice: a
    /// telephone event among the voice.
    pub(crate) fn insert(&mut self) -> u16 {
        let sequence = self.next_sequence;
        self.next_sequence = sequence.wrapping_add(1);
        if let Feeding::Relay(relay) = &mut self.source {
            relay.sequence_offset = relay.sequence_offset.wrapping_add(1);
            relay.floor = relay.newest.wrapping_add(1);
        }
        sequence
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn stream() -> (Outgoing, Instant) {
        (Outgoing::new(8_000, 65_534, u32::MAX - 100), Instant::now())
    }

    #[test]
    fn local_frames_count_up_through_both_wraps() {
        let (mut out, start) = stream();
        let stamps: Vec<_> = (0..4)
            .map(|n| out.frame(160, start + n * 20 * MS))
            .collect();
        assert!(stamps[0].marker && !stamps[1].marker);
        let sequences: Vec<_> = stamps.iter().map(|s| s.sequence).collect();
        assert_eq!(sequences, [65_534, 65_535, 0, 1]);
        assert_eq!(stamps[1].timestamp, (u32::MAX - 100).wrapping_add(160));
    }

    #[test]
    fn a_pause_moves_the_timestamp_by_the_clock() {
        let (mut out, start) = stream();
        let first = out.frame(160, start);
        let second = out.frame(160, start + 1_000 * MS);
        assert!(second.marker);
        assert_eq!(second.timestamp.wrapping_sub(first.timestamp), 8_000);
        assert_eq!(second.sequence, 65_535);
    }

    #[test]
    fn a_relay_keeps_holes_and_order_and_joins_on() {
        let (mut out, start) = stream();
        let before = out.frame(160, start);
        let a = out.relay(9, 100, 5_000, false, start + 20 * MS).unwrap();
        assert!(a.marker);
        assert_eq!(a.sequence, 65_535);
        assert_eq!(a.timestamp.wrapping_sub(before.timestamp), 160);
        // 101 is late, 102 lost.
        let c = out.relay(9, 103, 5_480, false, start + 80 * MS).unwrap();
        assert_eq!(c.sequence, a.sequence.wrapping_add(3));
        assert_eq!(c.timestamp, a.timestamp.wrapping_add(480));
        let b = out.relay(9, 101, 5_160, false, start + 81 * MS).unwrap();
        assert_eq!(b.sequence, a.sequence.wrapping_add(1));
        // Something from before the relay began has no number.
        assert_eq!(out.relay(9, 99, 4_840, false, start + 82 * MS), None);
        // Back to local frames after the newest.
        let d = out.frame(160, start + 100 * MS);
        assert_eq!(d.sequence, c.sequence.wrapping_add(1));
        assert_eq!(d.timestamp, c.timestamp.wrapping_add(160));
    }

    #[test]
    fn a_mix_takes_over_from_a_relay_and_gives_back_in_step() {
        let (mut out, start) = stream();
        let a = out.relay(9, 100, 5_000, false, start).unwrap();
        out.carry_on();
        // The mix's rhythm is later than the relay's was.
        let b = out.frame(160, start + 35 * MS);
        assert_eq!(b.sequence, a.sequence.wrapping_add(1));
        assert_eq!(b.timestamp.wrapping_sub(a.timestamp), 160);
        assert!(!b.marker);
        out.change_source();
        // What the mix had not played yet comes at once.
        for n in 1..3_u16 {
            let step = u32::from(n) * 160;
            let c = out.relay(9, 100 + n, 5_000 + step, false, start + 36 * MS);
            let c = c.unwrap();
            assert_eq!(c.sequence, b.sequence.wrapping_add(n));
            assert_eq!(c.timestamp.wrapping_sub(b.timestamp), step);
        }
    }

    #[test]
    fn another_source_or_a_restart_joins_on_without_a_jump() {
        let (mut out, start) = stream();
        let a = out.relay(1, 10, 0, false, start).unwrap();
        let b = out
            .relay(2, 60_000, 9_999_999, false, start + 20 * MS)
            .unwrap();
        assert_eq!(b.sequence, a.sequence.wrapping_add(1));
        assert_eq!(b.timestamp.wrapping_sub(a.timestamp), 160);
        let c = out.relay(2, 60_001, 77, false, start + 40 * MS).unwrap();
        assert_eq!(c.sequence, b.sequence.wrapping_add(1));
        assert_eq!(c.timestamp.wrapping_sub(b.timestamp), 160);
    }

    #[test]
    fn a_source_that_comes_early_does_not_overlap_the_one_before() {
        let (mut out, start) = stream();
        let a = out.frame(160, start);
        out.change_source();
        let b = out.frame(160, start + MS);
        assert_eq!(b.timestamp.wrapping_sub(a.timestamp), 160);
    }

    #[test]
    fn events_never_go_back_in_time() {
        let (mut out, start) = stream();
        out.frame(160, start);
        let first = out.begin_event(start + 100 * MS);
        // One frame only, though 150 ms have passed: voice is behind the clock.
        out.frame(160, start + 150 * MS);
        let second = out.begin_event(start + 160 * MS);
        assert!((second.wrapping_sub(first) as i32) > 0);
    }

    #[test]
    fn omitted_and_inserted_packets_leave_no_hole() {
        let (mut out, start) = stream();
        let a = out.relay(1, 10, 0, false, start).unwrap();
        assert_eq!(out.insert(), a.sequence.wrapping_add(1));
        out.omit(11);
        out.omit(12);
        let d = out.relay(1, 13, 480, false, start + 60 * MS).unwrap();
        assert_eq!(d.sequence, a.sequence.wrapping_add(2));
        assert_eq!(d.timestamp, a.timestamp.wrapping_add(480));
        assert_eq!(out.relay(1, 12, 320, false, start + 61 * MS), None);
    }
}
