//! The RTP packet as this crate sees it (RFC 3550 5.1).

use crate::jitter::Arrival;
use bytes::{Bytes, BytesMut};
use rtc::rtp;
use rtc::shared::marshal::{Marshal, Unmarshal};

/// One RTP packet: the header fields that matter for voice, and the payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) payload_type: u8,
    pub(crate) marker: bool,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
    pub(crate) payload: Bytes,
}

impl Packet {
    /// Reads a datagram; `None` if it is not RTP version 2.
    pub(crate) fn parse(mut datagram: Bytes) -> Option<Self> {
        if datagram.first().is_none_or(|first| first >> 6 != 2) {
            return None;
        }
        rtp::Packet::unmarshal(&mut datagram).ok().map(Self::from)
    }

    /// The datagram.
    pub(crate) fn write(self) -> Option<BytesMut> {
        rtp::Packet::from(self).marshal().ok()
    }
}

impl From<rtp::Packet> for Packet {
    fn from(packet: rtp::Packet) -> Self {
        Self {
            payload_type: packet.header.payload_type,
            marker: packet.header.marker,
            sequence: packet.header.sequence_number,
            timestamp: packet.header.timestamp,
            ssrc: packet.header.ssrc,
            payload: packet.payload,
        }
    }
}

impl From<Packet> for rtp::Packet {
    fn from(packet: Packet) -> Self {
        Self {
            header: rtp::Header {
                version: 2,
                marker: packet.marker,
                payload_type: packet.payload_type,
                sequence_number: packet.sequence,
                timestamp: packet.timestamp,
                ssrc: packet.ssrc,
                ..Default::default()
            },
            payload: packet.payload,
        }
    }
}

impl From<Arrival> for Packet {
    fn from(arrival: Arrival) -> Self {
        Self {
            payload_type: 0,
            marker: false,
            sequence: arrival.sequence,
            timestamp: arrival.timestamp,
            ssrc: arrival.ssrc,
            payload: arrival.payload,
        }
    }
}

/// Whether sequence number `a` comes after `b`, around the wrap.
pub(crate) fn is_after(a: u16, b: u16) -> bool {
    a != b && a.wrapping_sub(b) < 0x8000
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng, rngs::StdRng};

    #[test]
    fn what_is_written_is_read_again() {
        let packet = Packet {
            payload_type: 101,
            marker: true,
            sequence: 65_535,
            timestamp: u32::MAX,
            ssrc: 7,
            payload: Bytes::from_static(b"voice"),
        };
        let datagram = packet.clone().write().unwrap().freeze();
        assert_eq!(Packet::parse(datagram), Some(packet));
    }

    #[test]
    fn random_datagrams_never_panic() {
        let seed = 11;
        println!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        for _ in 0..50_000 {
            let mut datagram = vec![0; random.random_range(0..64)];
            random.fill(&mut datagram[..]);
            if let Some(first) = datagram.first_mut() {
                *first = 0x80 | *first & 0x3f;
            }
            let _ = Packet::parse(datagram.into());
        }
    }

    #[test]
    fn order_survives_the_wrap() {
        assert!(is_after(0, 65_535));
        assert!(!is_after(65_535, 0));
        assert!(!is_after(5, 5));
    }
}
