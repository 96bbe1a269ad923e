//! RTCP sender and receiver reports (RFC 3550 6.4) of a plain RTP leg.
//!
//! Reading is done here rather than by the library, because plain RTCP is unauthenticated input and
//! only two of its many packet types matter.

use crate::leg::meter::Reception;
use bytes::BytesMut;
use rtc::rtcp;
use rtc::rtcp::goodbye::Goodbye;
use rtc::rtcp::receiver_report::ReceiverReport;
use rtc::rtcp::reception_report::ReceptionReport;
use rtc::rtcp::sender_report::SenderReport;
use rtc::rtcp::source_description::{
    SdesType, SourceDescription, SourceDescriptionChunk, SourceDescriptionItem,
};
use std::time::{Duration, SystemTime};

/// Seconds from the NTP epoch to the Unix epoch.
const NTP_OFFSET: u64 = 2_208_988_800;

/// The wall clock as RTCP writes it: seconds since 1900 in the upper 32 bits, fractions below.
pub(crate) fn ntp_time(now: SystemTime) -> u64 {
    let since = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
    (since.as_secs() + NTP_OFFSET) << 32 | fraction
}

/// The middle of an NTP time, as report blocks refer to it.
pub(crate) fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// What a sender says about its own stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    pub(crate) ssrc: u32,
    pub(crate) ntp: u64,
    pub(crate) timestamp: u32,
    pub(crate) packets: u64,
    pub(crate) octets: u64,
}

/// What a received report says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Report {
    /// The remote party's clock, for the next report block to it.
    Sender {
        /// The middle of its NTP time.
        stamp: u32,
    },
    /// How the remote party receives the stream `ssrc`.
    Reception {
        /// The stream spoken of.
        ssrc: u32,
        /// Share lost lately, in 1/256.
        fraction_lost: u8,
        /// The middle of the NTP time of our last sender report; 0 if it had none.
        last_sender_report: u32,
        /// How long it kept that, in 1/65,536 s.
        delay: u32,
    },
}

/// Writes a compound packet.
pub(crate) fn write(sent: Sent, reception: Option<Reception>, leaving: bool) -> Option<BytesMut> {
    let reports: Vec<_> = reception
        .map(|reception| ReceptionReport {
            ssrc: reception.ssrc,
            fraction_lost: reception.fraction_lost,
            total_lost: reception.lost,
            last_sequence_number: reception.highest,
            jitter: reception.jitter,
            last_sender_report: reception.last_sender_report,
            delay: reception.delay,
        })
        .into_iter()
        .collect();
    let mut packets: Vec<Box<dyn rtcp::Packet>> = Vec::with_capacity(3);
    if sent.packets > 0 {
        packets.push(Box::new(SenderReport {
            ssrc: sent.ssrc,
            ntp_time: sent.ntp,
            rtp_time: sent.timestamp,
            packet_count: sent.packets as u32,
            octet_count: sent.octets as u32,
            reports,
            ..Default::default()
        }));
    } else {
        packets.push(Box::new(ReceiverReport {
            ssrc: sent.ssrc,
            reports,
            ..Default::default()
        }));
    }
    packets.push(Box::new(SourceDescription {
        chunks: vec![SourceDescriptionChunk {
            source: sent.ssrc,
            items: vec![SourceDescriptionItem {
                sdes_type: SdesType::SdesCname,
                // The stream's random number: a name that tells nothing (RFC 7022).
                text: format!("{:08x}", sent.ssrc).into(),
            }],
        }],
    }));
    if leaving {
        packets.push(Box::new(Goodbye {
            sources: vec![sent.ssrc],
            ..Default::default()
        }));
    }
    rtcp::packet::marshal(&packets).ok()
}

/// Reads the reports in a compound packet; stops at the first thing that is not RTCP.
pub(crate) fn read(mut datagram: &[u8]) -> Vec<Report> {
    let mut reports = Vec::new();
    while let [first, kind, high, low, ..] = *datagram {
        let length = 4 * (usize::from(u16::from_be_bytes([high, low])) + 1);
        if first >> 6 != 2 || length > datagram.len() {
            break;
        }
        let (packet, rest) = datagram.split_at(length);
        datagram = rest;
        let blocks = match kind {
            200 => {
                if let Some(ntp) = word(packet, 8).zip(word(packet, 12)) {
                    let ntp = u64::from(ntp.0) << 32 | u64::from(ntp.1);
                    reports.push(Report::Sender { stamp: middle(ntp) });
                }
                28
            }
            201 => 8,
            _ => continue,
        };
        for block in 0..usize::from(first & 0x1f) {
            let at = blocks + 24 * block;
            let (Some(ssrc), Some(lost), Some(last_sender_report), Some(delay)) = (
                word(packet, at),
                word(packet, at + 4),
                word(packet, at + 16),
                word(packet, at + 20),
            ) else {
                break;
            };
            reports.push(Report::Reception {
                ssrc,
                fraction_lost: (lost >> 24) as u8,
                last_sender_report,
                delay,
            });
        }
    }
    reports
}

fn word(packet: &[u8], at: usize) -> Option<u32> {
    let bytes = packet.get(at..at + 4)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

/// The round trip told by a reception report that arrives at NTP time `now` (RFC 3550 6.4.1).
pub(crate) fn round_trip(now: u64, last_sender_report: u32, delay: u32) -> Option<Duration> {
    if last_sender_report == 0 {
        return None;
    }
    let units = middle(now)
        .wrapping_sub(last_sender_report)
        .wrapping_sub(delay);
    // Clocks that tick differently can make a tiny trip negative.
    let units = if units > 1 << 31 { 0 } else { units };
    Some(Duration::from_secs_f64(f64::from(units) / 65_536.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng, rngs::StdRng};

    #[test]
    fn what_is_written_is_read_again() {
        let ntp = ntp_time(SystemTime::now());
        let sent = Sent {
            ssrc: 1,
            ntp,
            timestamp: 5,
            packets: 10,
            octets: 1_600,
        };
        let reception = Reception {
            ssrc: 2,
            fraction_lost: 25,
            lost: 7,
            highest: 70_000,
            jitter: 3,
            last_sender_report: 99,
            delay: 65_536,
        };
        let datagram = write(sent, Some(reception), true).unwrap();
        assert_eq!(
            read(&datagram),
            [
                Report::Sender { stamp: middle(ntp) },
                Report::Reception {
                    ssrc: 2,
                    fraction_lost: 25,
                    last_sender_report: 99,
                    delay: 65_536
                }
            ]
        );
        assert_eq!(read(&datagram[..27]), []);
    }

    #[test]
    fn round_trip_leaves_out_the_time_at_the_remote_party() {
        let sent = ntp_time(SystemTime::now());
        let now = sent + (2 << 32);
        let trip = round_trip(now, middle(sent), 65_536 + 32_768).unwrap();
        assert_eq!(trip, Duration::from_millis(500));
        assert_eq!(round_trip(now, 0, 0), None);
    }

    #[test]
    fn random_datagrams_never_panic() {
        let seed = 12;
        println!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        for _ in 0..50_000 {
            let mut datagram = vec![0; random.random_range(0..96)];
            random.fill(&mut datagram[..]);
            if datagram.len() > 3 {
                datagram[0] = 0x80 | datagram[0] & 0x3f;
                datagram[1] = 200 + datagram[1] % 4;
                datagram[2] = 0;
                datagram[3] %= 24;
            }
            let _ = read(&datagram);
        }
    }
}
