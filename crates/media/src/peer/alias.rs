//! What the peer connection is told in place of what descriptions say.
//!
//! Directions: it is always told `sendrecv`, see [`super`]. Telephone events: it tells formats
//! apart by name alone, so that the two that browsers offer, of 48 kHz and 8 kHz, would swap their
//! payload types; inside, each clock has a name of its own. Fingerprints: it knows their hash in
//! small letters only, while RFC 8122 lets Asterisk write `SHA-256`.

use crate::Direction;

/// The true name of telephone events in SDP.
const EVENT: &str = "telephone-event";

/// The name inside for telephone events whose clock runs at `clock_rate` hertz.
pub(super) fn of_event(clock_rate: u32) -> String {
    format!("{EVENT}-{clock_rate}")
}

/// A description for the peer connection.
pub(super) fn inward(text: &str) -> String {
    rewrite(text, Direction::SendRecv, |attribute| {
        lowered(attribute).or_else(|| {
            renamed(attribute, |name, clock_rate| {
                (name.eq_ignore_ascii_case(EVENT)).then(|| format!("{EVENT}-{clock_rate}"))
            })
        })
    })
}

/// A description from the peer connection, for the remote party.
pub(super) fn outward(text: &str, direction: Direction) -> String {
    rewrite(text, direction, |attribute| {
        renamed(attribute, |name, clock_rate| {
            (name.strip_prefix(EVENT)?.strip_prefix('-') == Some(clock_rate))
                .then(|| EVENT.to_owned())
        })
    })
}

/// Replaces every stated direction, and each attribute that `replace` has another for.
fn rewrite(text: &str, direction: Direction, replace: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines().map(str::trim_end) {
        match line.strip_prefix("a=") {
            Some(attribute) if Direction::from_name(attribute).is_some() => {
                out.push_str("a=");
                out.push_str(direction.name());
            }
            Some(attribute) => match replace(attribute) {
                Some(attribute) => {
                    out.push_str("a=");
                    out.push_str(&attribute);
                }
                None => out.push_str(line),
            },
            None => out.push_str(line),
        }
        out.push_str("\r\n");
    }
    out
}

/// A fingerprint with its hash in small letters.
fn lowered(attribute: &str) -> Option<String> {
    let (hash, value) = attribute.strip_prefix("fingerprint:")?.split_once(' ')?;
    Some(format!("fingerprint:{} {value}", hash.to_ascii_lowercase()))
}

/// A format under the name that `rename` knows for it.
fn renamed(attribute: &str, rename: impl Fn(&str, &str) -> Option<String>) -> Option<String> {
    let mapping = attribute.strip_prefix("rtpmap:")?;
    let (payload_type, encoding) = mapping.split_once(' ')?;
    let (name, parameters) = encoding.split_once('/')?;
    let clock_rate = parameters.split('/').next()?;
    let name = rename(name, clock_rate)?;
    Some(format!("rtpmap:{payload_type} {name}/{parameters}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_directions_and_event_names_are_replaced_and_come_back() {
        let text = "v=0\r\na=inactive\r\nm=audio 9 X 0\r\na=sendrecv\r\na=sendrecvx\r\n\
            a=rtpmap:110 telephone-event/48000\r\na=rtpmap:126 telephone-event/8000\r\n\
            a=rtpmap:111 opus/48000/2\r\na=rtpmap:x\r\na=fingerprint:sha-256 AB:CD\r\n";
        let inside = inward(text);
        let shouted = text.replace("sha-256", "SHA-256");
        assert_eq!(inward(&shouted), inside);
        assert!(inside.contains("a=rtpmap:110 telephone-event-48000/48000\r\n"));
        assert!(inside.contains("a=rtpmap:126 telephone-event-8000/8000\r\n"));
        assert!(!inside.contains("inactive"));
        let held = outward(&inside, Direction::SendOnly);
        assert_eq!(
            held,
            text.replace("a=inactive", "a=sendonly")
                .replace("a=sendrecv\r", "a=sendonly\r")
        );
    }
}
