//! Counting what one leg receives and sends, by RFC 3550's definitions.

use crate::packet::{Packet, is_after};
use std::time::{Duration, Instant};

/// A jump in sequence numbers this large is a restarted sender, not loss.
const RESTART: u16 = 3_000;

/// What we know of the remote party's stream and of ours at the remote party.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// Voice and event packets received.
    pub(crate) received: u64,
    /// Packets refused.
    pub(crate) refused: u64,
    /// Packets sent.
    pub(crate) sent: u64,
    /// Payload octets sent.
    pub(crate) sent_octets: u64,
    /// Round trip reported.
    pub(crate) round_trip: Option<Duration>,
    /// Share of ours lost, as reported last.
    pub(crate) remote_loss: f32,
    stream: Option<StreamMeter>,
    earlier_lost: u64,
    sender_report: Option<SenderReport>,
}

/// Figures about one synchronization source.
#[derive(Debug, Clone, Copy)]
struct StreamMeter {
    ssrc: u32,
    first: u32,
    highest: u32,
    received: u32,
    /// At the last report.
    reported: Option<(u32, u32)>,
    transit: Option<f64>,
    jitter_s: f64,
    clock_rate: u32,
}

impl StreamMeter {
    fn expected(&self) -> u32 {
        self.highest.wrapping_sub(self.first).wrapping_add(1)
    }

    fn lost(&self) -> u32 {
        self.expected().saturating_sub(self.received)
    }
}

/// The remote party's last sender report.
#[derive(Debug, Clone, Copy)]
struct SenderReport {
    /// The middle 32 bits of its NTP time.
    stamp: u32,
    at: Instant,
}

/// Figures for a reception report block (RFC 3550 6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reception {
    pub(crate) ssrc: u32,
    pub(crate) fraction_lost: u8,
    pub(crate) lost: u32,
    pub(crate) highest: u32,
    pub(crate) jitter: u32,
    pub(crate) last_sender_report: u32,
    pub(crate) delay: u32,
}

impl Meter {
    /// Counts a valid packet whose clock runs at `clock_rate` hertz.
    pub(crate) fn note_received(
        &mut self,
        packet: &Packet,
        clock_rate: u32,
        now: Instant,
        epoch: Instant,
    ) {
        self.received += 1;
        let stream = match self.stream {
            Some(stream) if stream.ssrc == packet.ssrc && !restarted(&stream, packet.sequence) => {
                stream
            }
            before => {
                self.earlier_lost += u64::from(before.map_or(0, |stream| stream.lost()));
                let first = (1 << 16) + u32::from(packet.sequence);
                StreamMeter {
                    ssrc: packet.ssrc,
                    first,
                    highest: first,
                    received: 0,
                    reported: None,
                    transit: None,
                    jitter_s: 0.0,
                    clock_rate,
                }
            }
        };
        self.stream = Some(count(stream, packet, now, epoch));
    }

    /// Counts a packet of `octets` sent.
    pub(crate) fn note_sent(&mut self, octets: usize) {
        self.sent += 1;
        self.sent_octets += octets as u64;
    }

    /// Takes the time of a sender report from the remote party.
    pub(crate) fn note_sender_report(&mut self, stamp: u32, now: Instant) {
        self.sender_report = Some(SenderReport { stamp, at: now });
    }

    /// Packets expected but not received, over all streams so far.
    pub(crate) fn lost(&self) -> u64 {
        self.earlier_lost + u64::from(self.stream.map_or(0, |stream| stream.lost()))
    }

    /// Inter-arrival jitter, in milliseconds.
    pub(crate) fn jitter_ms(&self) -> f32 {
        self.stream
            .map_or(0.0, |stream| (stream.jitter_s * 1_000.0) as f32)
    }

    /// The reception report for now; the fraction lost is that since the previous call.
    pub(crate) fn report(&mut self, now: Instant) -> Option<Reception> {
        let stream = self.stream.as_mut()?;
        let (expected, received) = (stream.expected(), stream.received);
        let (expected_before, received_before) = stream.reported.unwrap_or((0, 0));
        stream.reported = Some((expected, received));
        let expected_now = expected.saturating_sub(expected_before);
        let lost_now = expected_now.saturating_sub(received.saturating_sub(received_before));
        let (last_sender_report, delay) = self.sender_report.map_or((0, 0), |report| {
            let delay = now.saturating_duration_since(report.at).as_secs_f64();
            (report.stamp, (delay * 65_536.0) as u32)
        });
        Some(Reception {
            ssrc: stream.ssrc,
            fraction_lost: (lost_now * 256)
                .checked_div(expected_now)
                .unwrap_or(0)
                .min(255) as u8,
            lost: stream.lost().min(0x7f_ffff),
            highest: stream.highest,
            jitter: (stream.jitter_s * f64::from(stream.clock_rate)) as u32,
            last_sender_report,
            delay,
        })
    }
}

fn restarted(stream: &StreamMeter, sequence: u16) -> bool {
    let ahead = sequence.wrapping_sub(stream.highest as u16) as i16;
    ahead.unsigned_abs() > RESTART
}

fn count(mut stream: StreamMeter, packet: &Packet, now: Instant, epoch: Instant) -> StreamMeter {
    stream.received += 1;
    if is_after(packet.sequence, stream.highest as u16) {
        let step = packet.sequence.wrapping_sub(stream.highest as u16);
        stream.highest = stream.highest.wrapping_add(step.into());
    }
    // RFC 3550 A.8, in seconds.
    let arrival = now.saturating_duration_since(epoch).as_secs_f64();
    let transit = arrival - f64::from(packet.timestamp) / f64::from(stream.clock_rate);
    if let Some(before) = stream.transit {
        let change = (transit - before).abs();
        // A wrap or restart of the timestamp is not jitter.
        if change < 5.0 {
            stream.jitter_s += (change - stream.jitter_s) / 16.0;
        }
    }
    stream.transit = Some(transit);
    stream
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn packet(ssrc: u32, sequence: u16, timestamp: u32) -> Packet {
        Packet {
            payload_type: 0,
            marker: false,
            sequence,
            timestamp,
            ssrc,
            payload: Bytes::new(),
        }
    }

    #[test]
    fn loss_is_counted_across_wrap_and_restart() {
        let epoch = Instant::now();
        let mut meter = Meter::default();
        for sequence in [65_534, 65_535, 1, 2] {
            meter.note_received(&packet(1, sequence, 0), 8_000, epoch, epoch);
        }
        assert_eq!(meter.lost(), 1);
        let report = meter.report(epoch).unwrap();
        assert_eq!(report.fraction_lost, (256u32 / 5) as u8);
        meter.note_received(&packet(2, 100, 0), 8_000, epoch, epoch);
        meter.note_received(&packet(2, 102, 0), 8_000, epoch, epoch);
        assert_eq!(meter.lost(), 2);
        meter.note_received(&packet(2, 40_000, 0), 8_000, epoch, epoch);
        assert_eq!(meter.lost(), 2);
        assert_eq!(meter.received, 7);
    }

    #[test]
    fn jitter_follows_uneven_arrival() {
        let epoch = Instant::now();
        let mut meter = Meter::default();
        for n in 0..500u32 {
            let late = if n % 2 == 0 { 0 } else { 10 };
            let now = epoch + Duration::from_millis(u64::from(n) * 20 + late);
            meter.note_received(&packet(1, n as u16, n * 160), 8_000, now, epoch);
        }
        assert!(
            (9.5..10.5).contains(&meter.jitter_ms()),
            "{}",
            meter.jitter_ms()
        );
    }
}
