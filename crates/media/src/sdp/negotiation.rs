//! Offer and answer (RFC 3264) of a plain RTP leg.

use super::parse::{Description, Media};
use super::{EventFormat, Format, Terms};
use crate::{Codec, Direction, LegError};
use std::fmt::Write;
use std::net::IpAddr;

/// What we can do and where we receive.
#[derive(Debug, Clone)]
pub(crate) struct LocalMedia {
    pub(crate) address: IpAddr,
    pub(crate) port: u16,
    pub(crate) rtcp_port: u16,
    /// Most preferred first.
    pub(crate) codecs: Vec<Codec>,
}

/// Payload types of our own offers.
const OPUS: u8 = 111;
const EVENT_8K: u8 = 101;
const EVENT_48K: u8 = 110;

/// The offer/answer exchange of one plain RTP session.
///
/// ```text
///          offer                 accept
///  Idle ─────────▶ Offered ─────────────────▶ Agreed ──┐
///   │  ◀─────────     │ withdraw (if Agreed     ▲ │    │ answer
///   │   withdraw      └──────────────────────── │ │ ◀──┘
///   │                          before) ─────────┘ │
///   │                             ▲               │ offer
///   │ answer                      └───────────────┘
///   └────────────────────────────────────────────▶ Agreed
/// ```
///
/// While an offer is open another offer cannot be made or answered (the dialog sends 491).
#[derive(Debug)]
pub(crate) struct Negotiation {
    local: LocalMedia,
    session: u64,
    version: u64,
    offered: Option<Direction>,
    agreed: Option<Terms>,
    /// Payload types of the agreed session, kept in later offers.
    payload_types: Vec<(u8, Format)>,
}

impl Negotiation {
    /// `session` is a random number that names the session.
    pub(crate) fn new(local: LocalMedia, session: u64) -> Self {
        let mut payload_types: Vec<_> = local
            .codecs
            .iter()
            .map(|codec| match codec {
                Codec::Opus => (OPUS, Format::Voice(Codec::Opus)),
                Codec::Pcmu => (0, Format::Voice(Codec::Pcmu)),
                Codec::Pcma => (8, Format::Voice(Codec::Pcma)),
            })
            .collect();
        if local.codecs.contains(&Codec::Opus) {
            payload_types.push((EVENT_48K, Format::Event(48_000)));
        }
        payload_types.push((EVENT_8K, Format::Event(8_000)));
        Self {
            local,
            session,
            version: 0,
            offered: None,
            agreed: None,
            payload_types,
        }
    }

    /// Makes an offer.
    pub(crate) fn offer(&mut self, direction: Direction) -> Result<String, LegError> {
        self.refuse_while_offered("an offer")?;
        self.offered = Some(direction);
        let formats = self.payload_types.clone();
        Ok(self.write(&[], 0, &formats, direction))
    }

    /// Takes the answer to our offer.
    pub(crate) fn accept(&mut self, answer: &str) -> Result<Terms, LegError> {
        let Some(direction) = self.offered else {
            return Err(LegError::WrongState {
                action: "accepting an answer",
                state: "without an open offer",
            });
        };
        let description = Description::parse(answer)?;
        let (_, audio) = description.audio()?;
        let terms = self.agree(&description, audio, direction, self.payload_types.clone())?;
        self.offered = None;
        self.agreed = Some(terms.clone());
        Ok(terms)
    }

    /// Takes an offer; returns the answer and what was agreed.
    pub(crate) fn answer(&mut self, offer: &str) -> Result<(String, Terms), LegError> {
        self.refuse_while_offered("answering an offer")?;
        let description = Description::parse(offer)?;
        let (index, audio) = description.audio()?;
        if !matches!(audio.protocol.as_str(), "RTP/AVP" | "RTP/AVPF") {
            return Err(LegError::NoCommonCodec);
        }
        let theirs = description.direction(audio);
        let direction = Direction::of(theirs.receives(), theirs.sends());
        let formats = self.select(audio);
        let terms = self.agree(&description, audio, direction, formats.clone())?;
        self.payload_types = formats.clone();
        self.agreed = Some(terms.clone());
        let answer = self.write(&description.media, index, &formats, direction);
        Ok((answer, terms))
    }

    /// Forgets an open offer.
    pub(crate) fn withdraw(&mut self) -> Result<(), LegError> {
        match self.offered.take() {
            Some(_) => Ok(()),
            None => Err(LegError::WrongState {
                action: "withdrawing an offer",
                state: "without an open offer",
            }),
        }
    }

    fn refuse_while_offered(&self, action: &'static str) -> Result<(), LegError> {
        match self.offered {
            None => Ok(()),
            Some(_) => Err(LegError::WrongState {
                action,
                state: "waiting for an answer",
            }),
        }
    }

    /// Our answer to an offer's formats: our most preferred codec that is offered, then the rest.
    fn select(&self, audio: &Media) -> Vec<(u8, Format)> {
        let offered = audio.known_formats();
        let mut formats: Vec<_> = self
            .local
            .codecs
            .iter()
            .filter_map(|codec| {
                offered
                    .iter()
                    .find(|(_, format)| *format == Format::Voice(*codec))
                    .copied()
            })
            .collect();
        formats.extend(
            offered
                .iter()
                .filter(|(_, f)| matches!(f, Format::Event(_))),
        );
        formats
    }

    fn agree(
        &self,
        description: &Description,
        audio: &Media,
        ours: Direction,
        receive: Vec<(u8, Format)>,
    ) -> Result<Terms, LegError> {
        let theirs = audio.known_formats();
        // In the order of whoever answered: ours when it is our answer being made, else theirs.
        let order = match self.offered {
            Some(_) => &theirs,
            None => &receive,
        };
        let codec = order
            .iter()
            .find_map(|(_, format)| match format {
                Format::Voice(codec) if self.local.codecs.contains(codec) => Some(*codec),
                _ => None,
            })
            .ok_or(LegError::NoCommonCodec)?;
        let payload_type = theirs
            .iter()
            .find(|(_, format)| *format == Format::Voice(codec))
            .map(|(payload_type, _)| *payload_type)
            .ok_or(LegError::NoCommonCodec)?;
        let remote_direction = description.direction(audio);
        Ok(Terms {
            codec,
            payload_type,
            event: choose_event(&theirs, codec),
            receive,
            sending: ours.sends() && remote_direction.receives(),
            receiving: ours.receives() && remote_direction.sends(),
            remote_direction,
            remote: Some(description.addresses(audio)?),
        })
    }

    /// Writes a description: our audio at `index`, the other sections of `sections` refused.
    fn write(
        &mut self,
        sections: &[Media],
        index: usize,
        formats: &[(u8, Format)],
        direction: Direction,
    ) -> String {
        self.version += 1;
        let address = self.local.address;
        let family = if address.is_ipv4() { "IP4" } else { "IP6" };
        let mut text = format!(
            "v=0\r\no=- {} {} IN {family} {address}\r\ns=-\r\nc=IN {family} {address}\r\nt=0 0\r\n",
            self.session, self.version
        );
        for place in 0..sections.len().max(1) {
            match sections.get(place) {
                Some(refused) if place != index => {
                    let formats = refused.formats.join(" ");
                    let _ = write!(
                        text,
                        "m={} 0 {} {formats}\r\n",
                        refused.kind, refused.protocol
                    );
                }
                _ => self.write_audio(&mut text, formats, direction),
            }
        }
        text
    }

    fn write_audio(&self, text: &mut String, formats: &[(u8, Format)], direction: Direction) {
        // Writing to a String cannot fail.
        let _ = write!(text, "m=audio {} RTP/AVP", self.local.port);
        for (payload_type, _) in formats {
            let _ = write!(text, " {payload_type}");
        }
        text.push_str("\r\n");
        for (payload_type, format) in formats {
            let _ = match format {
                Format::Voice(Codec::Opus) => write!(
                    text,
                    "a=rtpmap:{payload_type} opus/48000/2\r\n\
                     a=fmtp:{payload_type} useinbandfec=1\r\n"
                ),
                Format::Voice(codec) => {
                    write!(text, "a=rtpmap:{payload_type} {}/8000\r\n", codec.name())
                }
                Format::Event(clock_rate) => write!(
                    text,
                    "a=rtpmap:{payload_type} telephone-event/{clock_rate}\r\n\
                     a=fmtp:{payload_type} 0-15\r\n"
                ),
            };
        }
        let _ = write!(
            text,
            "a=rtcp:{}\r\na=ptime:20\r\na={}\r\n",
            self.local.rtcp_port,
            direction.name()
        );
    }
}

/// The telephone-event format to send with a codec: the one of its clock if there is one.
pub(crate) fn choose_event(formats: &[(u8, Format)], codec: Codec) -> Option<EventFormat> {
    let events = || {
        formats
            .iter()
            .filter_map(|(payload_type, format)| match format {
                Format::Event(clock_rate) => Some(EventFormat {
                    payload_type: *payload_type,
                    clock_rate: *clock_rate,
                }),
                Format::Voice(_) => None,
            })
    };
    events()
        .find(|event| event.clock_rate == codec.clock_rate())
        .or_else(|| events().next())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn party(codecs: &[Codec], port: u16) -> Negotiation {
        let local = LocalMedia {
            address: Ipv4Addr::LOCALHOST.into(),
            port,
            rtcp_port: port + 1,
            codecs: codecs.to_vec(),
        };
        Negotiation::new(local, 42)
    }

    #[test]
    fn two_of_us_agree_on_the_answerers_preference() {
        let mut a = party(&[Codec::Pcmu, Codec::Pcma, Codec::Opus], 4_000);
        let mut b = party(&[Codec::Opus, Codec::Pcmu], 5_000);
        let offer = a.offer(Direction::SendRecv).unwrap();
        let (answer, at_b) = b.answer(&offer).unwrap();
        let at_a = a.accept(&answer).unwrap();
        assert_eq!((at_a.codec, at_b.codec), (Codec::Opus, Codec::Opus));
        assert_eq!(at_a.remote.unwrap().rtp.port(), 5_000);
        assert_eq!(at_b.remote.unwrap().rtcp.port(), 4_001);
        assert_eq!(at_a.event.unwrap().clock_rate, 48_000);
        assert!(at_a.sending && at_a.receiving && at_b.sending && at_b.receiving);
    }

    #[test]
    fn hold_and_resume() {
        let mut a = party(&[Codec::Pcma], 4_000);
        let mut b = party(&[Codec::Pcma], 5_000);
        let offer = a.offer(Direction::SendRecv).unwrap();
        let (answer, _) = b.answer(&offer).unwrap();
        a.accept(&answer).unwrap();

        let hold = a.offer(Direction::SendOnly).unwrap();
        let (answer, at_b) = b.answer(&hold).unwrap();
        assert!(answer.contains("a=recvonly"));
        assert_eq!(at_b.remote_direction, Direction::SendOnly);
        assert!(!at_b.sending && at_b.receiving);
        let at_a = a.accept(&answer).unwrap();
        assert!(at_a.sending && !at_a.receiving);

        let resume = a.offer(Direction::SendRecv).unwrap();
        let (answer, at_b) = b.answer(&resume).unwrap();
        assert!(at_b.sending && at_b.receiving);
        assert!(a.accept(&answer).unwrap().sending);
    }

    #[test]
    fn moves_out_of_turn_are_refused_and_change_nothing() {
        let mut a = party(&[Codec::Pcmu], 4_000);
        let mut b = party(&[Codec::Pcmu], 5_000);
        assert!(matches!(
            a.accept("v=0\r\n"),
            Err(LegError::WrongState { .. })
        ));
        assert!(matches!(a.withdraw(), Err(LegError::WrongState { .. })));
        let offer = a.offer(Direction::SendRecv).unwrap();
        assert!(matches!(
            a.offer(Direction::SendRecv),
            Err(LegError::WrongState { .. })
        ));
        let theirs = b.offer(Direction::SendRecv).unwrap();
        assert!(matches!(
            a.answer(&theirs),
            Err(LegError::WrongState { .. })
        ));
        // A useless answer leaves the offer open.
        assert!(matches!(a.accept("junk"), Err(LegError::Malformed(_))));
        b.withdraw().unwrap();
        let (answer, _) = b.answer(&offer).unwrap();
        a.accept(&answer).unwrap();
    }

    #[test]
    fn other_sections_are_refused_and_foreign_numbers_kept() {
        let offer = "v=0\r\no=- 0 0 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
            m=video 9000 RTP/AVP 98\r\na=rtpmap:98 H264/90000\r\n\
            m=audio 9002 RTP/AVP 18 97 8 120\r\na=rtpmap:97 opus/48000/2\r\n\
            a=rtpmap:120 telephone-event/8000\r\n";
        let mut b = party(&[Codec::Opus, Codec::Pcma], 5_000);
        let (answer, terms) = b.answer(offer).unwrap();
        assert!(answer.contains("m=video 0 RTP/AVP 98\r\nm=audio 5000 RTP/AVP 97 8 120\r\n"));
        assert_eq!(terms.payload_type, 97);
        assert_eq!(terms.event.unwrap().payload_type, 120);
        assert_eq!(terms.format_of(8), Some(Format::Voice(Codec::Pcma)));
        assert_eq!(terms.format_of(18), None);
    }

    #[test]
    fn nothing_in_common_and_secure_offers_are_refused() {
        let mut b = party(&[Codec::Opus], 5_000);
        let g729 = "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 9002 RTP/AVP 18\r\n";
        assert!(matches!(b.answer(g729), Err(LegError::NoCommonCodec)));
        let savp = "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 9002 RTP/SAVP 0\r\n";
        assert!(matches!(b.answer(savp), Err(LegError::NoCommonCodec)));
    }
}
