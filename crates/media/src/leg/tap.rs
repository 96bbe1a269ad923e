//! Listening in on a leg without being a party: for recording.

use super::shared::{Feed, Heard, Hearer};
use crate::{Codec, dtmf};
use bytes::Bytes;
use std::fmt;
use std::time::Instant;

/// What may wait to be taken: ten seconds, so that a slow disk loses nothing.
const WAITING: usize = 500;

/// What a leg's remote party says, as it arrives from the network: encoded, in order of arrival,
/// with whatever the network lost, doubled or swapped. Whoever writes it down sorts and fills by
/// sequence number and timestamp.
///
/// It is bounded: a tap that is not drained for ten seconds loses what comes then and counts it
/// ([`Tap::lost`]), and the call never waits for it. A leg that nobody taps pays nothing. A party
/// that [holds](crate::Direction) us is not listened to, and gives nothing.
#[derive(Debug)]
pub struct Tap {
    hearer: Hearer,
}

impl Tap {
    pub(crate) fn new(feed: &Feed) -> Self {
        Self {
            hearer: feed.listen(WAITING),
        }
    }

    /// The next thing said; `None` once the leg has ended and all was taken. Safe to cancel.
    pub async fn next(&mut self) -> Option<Said> {
        loop {
            let heard = self.hearer.next().await?;
            if let Some(said) = Said::new(heard) {
                return Some(said);
            }
        }
    }

    /// The next thing said, if there is one now.
    pub fn try_next(&mut self) -> Option<Said> {
        while let Some(heard) = self.hearer.try_next() {
            if let Some(said) = Said::new(heard) {
                return Some(said);
            }
        }
        None
    }

    /// How many packets were lost so far because they were not taken in time.
    pub fn lost(&self) -> u64 {
        self.hearer.lost()
    }
}

/// One packet of a remote party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// When it arrived.
    pub at: Instant,
    /// The RTP synchronization source; another one is another stream with numbers of its own.
    pub ssrc: u32,
    /// The RTP sequence number; voice and keys share one count.
    pub sequence: u16,
    /// The RTP timestamp: of voice, in the codec's clock; of a key, when it went down.
    pub timestamp: u32,
    /// What was said.
    pub content: Content,
}

/// Voice or a key.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// Encoded voice.
    Voice {
        /// What it is encoded with; can change in mid-call.
        codec: Codec,
        /// One packet of it.
        payload: Bytes,
    },
    /// A telephone key (RFC 4733), told several times while it is down and after.
    Key {
        /// `0`-`9`, `*`, `#`, `A`-`D`.
        digit: char,
        /// How long it has been down, in milliseconds.
        duration_ms: u32,
        /// It has been let go.
        end: bool,
    },
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Voice { codec, payload } => f
                .debug_struct("Voice")
                .field("codec", codec)
                .field("octets", &payload.len())
                .finish(),
            // Keys are often card numbers.
            Self::Key { end, .. } => f
                .debug_struct("Key")
                .field("end", end)
                .finish_non_exhaustive(),
        }
    }
}

impl Said {
    fn new(heard: Heard) -> Option<Self> {
        match heard {
            Heard::Voice { codec, packet, at } => Some(Self {
                at,
                ssrc: packet.ssrc,
                sequence: packet.sequence,
                timestamp: packet.timestamp,
                content: Content::Voice {
                    codec,
                    payload: packet.payload,
                },
            }),
            Heard::Key {
                key,
                clock_rate,
                ssrc,
                sequence,
                timestamp,
                at,
            } => Some(Self {
                at,
                ssrc,
                sequence,
                timestamp,
                content: Content::Key {
                    digit: dtmf::key_of(key.event)?,
                    duration_ms: dtmf::milliseconds(key.duration.into(), clock_rate),
                    end: key.end,
                },
            }),
            Heard::Mix { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Packet;

    fn voice(sequence: u16) -> Heard {
        Heard::Voice {
            codec: Codec::Pcma,
            packet: Packet {
                payload_type: 8,
                marker: false,
                sequence,
                timestamp: u32::from(sequence) * 160,
                ssrc: 7,
                payload: Bytes::from_static(&[0xd5; 160]),
            },
            at: Instant::now(),
        }
    }

    #[tokio::test]
    async fn a_tap_that_is_not_drained_counts_what_it_lost_and_goes_on() {
        let feed = Feed::open();
        let mut tap = Tap::new(&feed);
        for sequence in 0..WAITING as u16 + 3 {
            feed.publish(&voice(sequence));
        }
        assert_eq!(tap.lost(), 3);
        let first = tap.next().await.unwrap();
        assert_eq!((first.sequence, first.ssrc), (0, 7));
        feed.publish(&voice(60_000));
        let mut last = None;
        while let Some(said) = tap.try_next() {
            last = Some(said.sequence);
        }
        assert_eq!((last, tap.lost()), (Some(60_000), 3));
        feed.close();
        assert_eq!(tap.next().await, None);
    }

    #[test]
    fn keys_are_told_but_not_shown() {
        let said = Said::new(Heard::Key {
            key: dtmf::KeyEvent {
                event: 9,
                end: true,
                volume: 10,
                duration: 1_600,
            },
            clock_rate: 8_000,
            ssrc: 1,
            sequence: 2,
            timestamp: 3,
            at: Instant::now(),
        })
        .unwrap();
        assert_eq!(
            said.content,
            Content::Key {
                digit: '9',
                duration_ms: 200,
                end: true
            }
        );
        let shown = format!("{:?}", said.content);
        assert!(!shown.contains('9'), "{shown}");
    }
}
