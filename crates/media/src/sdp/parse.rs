//! Reading a session description.

use super::{Addresses, Format};
use crate::{Codec, Direction};
use std::net::{IpAddr, SocketAddr};
use thiserror::Error;

/// Longest description read, in bytes; a browser's with many candidates has about 8 KiB.
const LONGEST: usize = 64 * 1_024;

/// Why a text is not a usable session description.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum SdpError {
    /// Longer than any honest description.
    #[error("it is too long")]
    TooLong,
    /// The first line is not `v=0`.
    #[error("it does not start with v=0")]
    Version,
    /// A line is not `letter=value`.
    #[error("line {0} is not an SDP line")]
    Line(usize),
    /// A line does not hold what its letter promises.
    #[error("line {line} is not a valid {what}")]
    Value {
        /// Counted from 1.
        line: usize,
        /// The kind of line.
        what: &'static str,
    },
    /// There is no audio section with a port.
    #[error("it offers no audio")]
    NoAudio,
    /// Plain RTP needs a connection address.
    #[error("it has no connection address")]
    NoAddress,
}

/// A session description.
#[derive(Debug, Clone, Default)]
pub(crate) struct Description {
    /// Session-level connection address.
    connection: Option<IpAddr>,
    /// Session-level attributes.
    attributes: Vec<Attribute>,
    /// The media sections in order.
    pub(crate) media: Vec<Media>,
}

/// One media section.
#[derive(Debug, Clone)]
pub(crate) struct Media {
    /// `audio`, `video`, …
    pub(crate) kind: String,
    /// 0 means refused.
    pub(crate) port: u16,
    /// `RTP/AVP`, `UDP/TLS/RTP/SAVPF`, …
    pub(crate) protocol: String,
    /// Payload types, most preferred first, as text.
    pub(crate) formats: Vec<String>,
    connection: Option<IpAddr>,
    attributes: Vec<Attribute>,
}

type Attribute = (String, String);

impl Description {
    /// Reads a description.
    pub(crate) fn parse(text: &str) -> Result<Self, SdpError> {
        if text.len() > LONGEST {
            return Err(SdpError::TooLong);
        }
        let mut lines = text
            .lines()
            .enumerate()
            .map(|(n, line)| (n + 1, line.trim_end()))
            .filter(|(_, line)| !line.is_empty());
        if lines.next().map(|(_, line)| line) != Some("v=0") {
            return Err(SdpError::Version);
        }
        let mut description = Self::default();
        for (number, line) in lines {
            let (letter, value) = match line.split_once('=') {
                Some((letter, value)) if letter.len() == 1 => (letter, value),
                _ => return Err(SdpError::Line(number)),
            };
            description.take(number, letter, value)?;
        }
        Ok(description)
    }

    fn take(&mut self, line: usize, letter: &str, value: &str) -> Result<(), SdpError> {
        let wrong = |what| SdpError::Value { line, what };
        match letter {
            "m" => {
                let media = Media::parse(value).ok_or(wrong("media section"))?;
                self.media.push(media);
            }
            "c" => {
                let address = parse_connection(value).ok_or(wrong("connection"))?;
                match self.media.last_mut() {
                    Some(media) => media.connection = address,
                    None => self.connection = address,
                }
            }
            "a" => {
                let (name, value) = value.split_once(':').unwrap_or((value, ""));
                let attribute = (name.to_owned(), value.trim().to_owned());
                match self.media.last_mut() {
                    Some(media) => media.attributes.push(attribute),
                    None => self.attributes.push(attribute),
                }
            }
            // Origin, name, timing and the rest say nothing about the media path.
            _ => {}
        }
        Ok(())
    }

    /// The first audio section that is not refused, and its place among the sections.
    pub(crate) fn audio(&self) -> Result<(usize, &Media), SdpError> {
        self.media
            .iter()
            .enumerate()
            .find(|(_, media)| media.kind == "audio" && media.port != 0)
            .ok_or(SdpError::NoAudio)
    }

    /// The value of an attribute of the section or, failing that, of the session.
    pub(crate) fn attribute<'a>(&'a self, media: &'a Media, name: &str) -> Option<&'a str> {
        media
            .attribute(name)
            .or_else(|| find(&self.attributes, name))
    }

    /// The direction of a section, from its author's point of view.
    pub(crate) fn direction(&self, media: &Media) -> Direction {
        let stated = |attributes: &[Attribute]| {
            attributes
                .iter()
                .find_map(|(name, _)| Direction::from_name(name))
        };
        let direction = stated(&media.attributes)
            .or_else(|| stated(&self.attributes))
            .unwrap_or_default();
        // The old way to hold (RFC 2543): nowhere to send to. With ICE the address means nothing.
        let address = media.connection.or(self.connection);
        let nowhere = address.is_some_and(|address| address.is_unspecified())
            && self.attribute(media, "ice-ufrag").is_none();
        Direction::of(direction.sends(), direction.receives() && !nowhere)
    }

    /// Where a plain RTP party receives.
    pub(crate) fn addresses(&self, media: &Media) -> Result<Addresses, SdpError> {
        let address = media
            .connection
            .or(self.connection)
            .ok_or(SdpError::NoAddress)?;
        let rtp = SocketAddr::new(address, media.port);
        let rtcp = match media.attribute("rtcp") {
            _ if media.attribute("rtcp-mux").is_some() => rtp,
            Some(value) => {
                let mut words = value.split_whitespace();
                let port = words.next().and_then(|word| word.parse().ok());
                let address = words.nth(2).and_then(|word| word.parse().ok());
                SocketAddr::new(
                    address.unwrap_or(rtp.ip()),
                    port.unwrap_or(rtp.port().wrapping_add(1)),
                )
            }
            None => SocketAddr::new(address, media.port.wrapping_add(1)),
        };
        Ok(Addresses { rtp, rtcp })
    }
}

impl Media {
    fn parse(value: &str) -> Option<Self> {
        let mut words = value.split_whitespace();
        let kind = words.next()?.to_owned();
        let port = words.next()?;
        let port = port.split_once('/').map_or(port, |(port, _)| port);
        Some(Self {
            kind,
            port: port.parse().ok()?,
            protocol: words.next()?.to_owned(),
            formats: words.map(str::to_owned).collect(),
            connection: None,
            attributes: Vec::new(),
        })
    }

    /// The value of an attribute of this section.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        find(&self.attributes, name)
    }

    /// The payload types we understand, most preferred first.
    pub(crate) fn known_formats(&self) -> Vec<(u8, Format)> {
        self.formats
            .iter()
            .filter_map(|format| format.parse().ok())
            .filter(|payload_type| *payload_type < 128)
            .filter_map(|payload_type| Some((payload_type, self.format(payload_type)?)))
            .collect()
    }

    fn format(&self, payload_type: u8) -> Option<Format> {
        let mapping = self
            .attributes
            .iter()
            .filter(|(name, _)| name == "rtpmap")
            .filter_map(|(_, value)| value.split_once(char::is_whitespace))
            .find(|(number, _)| number.parse() == Ok(payload_type));
        let Some((_, encoding)) = mapping else {
            return match payload_type {
                0 => Some(Format::Voice(Codec::Pcmu)),
                8 => Some(Format::Voice(Codec::Pcma)),
                _ => None,
            };
        };
        let mut parts = encoding.trim().split('/');
        let name = parts.next()?.to_ascii_lowercase();
        let clock_rate: u32 = parts.next()?.parse().ok()?;
        match (name.as_str(), clock_rate) {
            ("opus", 48_000) => Some(Format::Voice(Codec::Opus)),
            ("pcmu", 8_000) => Some(Format::Voice(Codec::Pcmu)),
            ("pcma", 8_000) => Some(Format::Voice(Codec::Pcma)),
            ("telephone-event", 8_000..=48_000) => Some(Format::Event(clock_rate)),
            _ => None,
        }
    }
}

fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    attributes
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

/// `IN IP4 192.0.2.1`; `Some(None)` for a host name, which media never goes to.
fn parse_connection(value: &str) -> Option<Option<IpAddr>> {
    let mut words = value.split_whitespace();
    if words.next()? != "IN" || !matches!(words.next()?, "IP4" | "IP6") {
        return None;
    }
    let address = words.next()?;
    let address = address
        .split_once('/')
        .map_or(address, |(address, _)| address);
    Some(address.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARESIP: &str = "v=0\r\no=- 1 2 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n\
        a=tool:baresip 1.0.0\r\nm=audio 24580 RTP/AVP 8 0 96 101\r\na=rtpmap:8 PCMA/8000\r\n\
        a=rtpmap:0 PCMU/8000\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n\
        a=fmtp:101 0-15\r\na=rtcp:24581\r\na=sendrecv\r\na=label:1\r\na=ptime:20\r\n";

    #[test]
    fn a_baresip_offer_is_understood() {
        let description = Description::parse(BARESIP).unwrap();
        let (index, audio) = description.audio().unwrap();
        assert_eq!(index, 0);
        assert_eq!(
            audio.known_formats(),
            [
                (8, Format::Voice(Codec::Pcma)),
                (0, Format::Voice(Codec::Pcmu)),
                (96, Format::Voice(Codec::Opus)),
                (101, Format::Event(8_000)),
            ]
        );
        assert_eq!(description.direction(audio), Direction::SendRecv);
        let addresses = description.addresses(audio).unwrap();
        assert_eq!(addresses.rtp.to_string(), "192.0.2.7:24580");
        assert_eq!(addresses.rtcp.to_string(), "192.0.2.7:24581");
    }

    #[test]
    fn static_payload_types_need_no_mapping() {
        let text = "v=0\nc=IN IP6 ::1\nm=audio 4000 RTP/AVP 18 0 8 13\na=inactive\n";
        let description = Description::parse(text).unwrap();
        let (_, audio) = description.audio().unwrap();
        let formats: Vec<_> = audio.known_formats().iter().map(|(pt, _)| *pt).collect();
        assert_eq!(formats, [0, 8]);
        assert_eq!(description.direction(audio), Direction::Inactive);
    }

    #[test]
    fn a_null_address_is_hold() {
        let text = "v=0\nc=IN IP4 0.0.0.0\nm=audio 4000 RTP/AVP 0\n";
        let description = Description::parse(text).unwrap();
        let (_, audio) = description.audio().unwrap();
        assert_eq!(description.direction(audio), Direction::SendOnly);
        let ice = format!("{text}a=ice-ufrag:abcd\n");
        let description = Description::parse(&ice).unwrap();
        let (_, audio) = description.audio().unwrap();
        assert_eq!(description.direction(audio), Direction::SendRecv);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |text: &str| Description::parse(text).unwrap_err();
        assert_eq!(error(""), SdpError::Version);
        assert_eq!(error("v=1\n"), SdpError::Version);
        assert_eq!(error("v=0\nnonsense\n"), SdpError::Line(2));
        assert!(matches!(
            error("v=0\nm=audio x RTP/AVP 0\n"),
            SdpError::Value { line: 2, .. }
        ));
        assert!(matches!(
            error("v=0\nc=IN IP7 z\n"),
            SdpError::Value { line: 2, .. }
        ));
        assert_eq!(error(&"v=0\n".repeat(20_000)), SdpError::TooLong);
        let refused = Description::parse("v=0\nm=audio 0 RTP/AVP 0\n").unwrap();
        assert_eq!(refused.audio().unwrap_err(), SdpError::NoAudio);
    }
}
