//! Reads one message and checks what everything above relies on. Broken messages are named, never repaired.

use thiserror::Error;

use super::{
    Fields as _, Headers, Message, Method, NameAddr, Request, Response, Uri, Via,
    frame::{LARGEST, find},
    split_list,
};
use crate::text::is_token_char;

/// Most headers taken in one message.
const MOST_HEADERS: usize = 128;
/// Longest header value taken, in bytes.
const LONGEST_VALUE: usize = 8 * 1024;

/// What is wrong with a message, by the layer that notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Fault {
    /// Bytes that are no SIP message: no start line, no end of the head, not UTF-8, too large.
    #[error("not a SIP message")]
    Frame,
    /// A protocol version other than `SIP/2.0`.
    #[error("a version other than SIP/2.0")]
    Version,
    /// A header every message needs is missing.
    #[error("the {0} header is missing")]
    Missing(&'static str),
    /// A header that may stand once stands more than once.
    #[error("the {0} header stands more than once")]
    Doubled(&'static str),
    /// A header's value is not what its grammar says.
    #[error("the {0} header can not be read")]
    Value(&'static str),
    /// The request URI can not be read.
    #[error("the request URI can not be read")]
    RequestUri,
    /// The body is shorter than `Content-Length` says.
    #[error("the body is shorter than announced")]
    ShortBody,
}

/// A message that was refused.
#[derive(Debug)]
pub(crate) struct Malformed {
    pub(crate) fault: Fault,
    /// The request as far as it could be read, when it is whole enough to be answered.
    pub(crate) answerable: Option<Box<Request>>,
}

impl Malformed {
    /// The status that tells the sender.
    pub(crate) fn code(&self) -> u16 {
        match self.fault {
            Fault::Version => 505,
            Fault::Frame
            | Fault::Missing(_)
            | Fault::Doubled(_)
            | Fault::Value(_)
            | Fault::RequestUri
            | Fault::ShortBody => 400,
        }
    }
}

impl From<Fault> for Malformed {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            answerable: None,
        }
    }
}

/// Reads one message: a datagram, a WebSocket frame, or what a stream's framer cut out.
///
/// # Errors
/// [`Malformed`], with the request to answer where that is possible.
pub(crate) fn parse(bytes: &[u8]) -> Result<Message, Malformed> {
    if bytes.len() > LARGEST {
        return Err(Fault::Frame.into());
    }
    let start = bytes
        .iter()
        .position(|b| !matches!(b, b'\r' | b'\n'))
        .unwrap_or(bytes.len());
    let bytes = &bytes[start..];
    let end = find(bytes, b"\r\n\r\n").ok_or(Fault::Frame)?;
    let head = std::str::from_utf8(&bytes[..end]).map_err(|_| Fault::Frame)?;
    let (start_line, lines) = head.split_once("\r\n").ok_or(Fault::Frame)?;
    let headers = read_headers(lines)?;
    let body = &bytes[end + 4..];
    if start_line.starts_with("SIP/") {
        read_response(start_line, headers, body).map(Message::Response)
    } else {
        read_request(start_line, headers, body).map(Message::Request)
    }
}

fn read_headers(lines: &str) -> Result<Headers, Fault> {
    let mut headers: Vec<(&'static str, String, String)> = Vec::new();
    for line in lines.split("\r\n") {
        if line.starts_with([' ', '\t']) {
            let (_, _, value) = headers.last_mut().ok_or(Fault::Frame)?;
            value.push(' ');
            value.push_str(line.trim());
        } else {
            let (name, value) = line.split_once(':').ok_or(Fault::Frame)?;
            let name = name.trim_end();
            if name.is_empty() || !name.chars().all(is_token_char) {
                return Err(Fault::Frame);
            }
            headers.push((canonical(name), name.to_owned(), value.trim().to_owned()));
        }
        if headers.len() > MOST_HEADERS {
            return Err(Fault::Frame);
        }
    }
    let mut read = Headers::default();
    for (known, name, value) in headers {
        let broken = |c: char| c.is_control() && c != '\t';
        if value.len() > LONGEST_VALUE || value.contains(broken) {
            return Err(Fault::Frame);
        }
        let name = if known.is_empty() { &name } else { known };
        if matches!(name, "Via" | "Route" | "Record-Route" | "Contact") {
            for item in split_list(&value) {
                read.push(name, item);
            }
        } else {
            read.push(name, value.trim());
        }
    }
    Ok(read)
}

/// The full, usual spelling of the headers this program reads; empty for others.
fn canonical(name: &str) -> &'static str {
    const KNOWN: [(&str, &str); 36] = [
        ("v", "Via"),
        ("f", "From"),
        ("t", "To"),
        ("i", "Call-ID"),
        ("m", "Contact"),
        ("l", "Content-Length"),
        ("c", "Content-Type"),
        ("e", "Content-Encoding"),
        ("k", "Supported"),
        ("s", "Subject"),
        ("x", "Session-Expires"),
        ("o", "Event"),
        ("r", "Refer-To"),
        ("via", "Via"),
        ("from", "From"),
        ("to", "To"),
        ("call-id", "Call-ID"),
        ("cseq", "CSeq"),
        ("contact", "Contact"),
        ("content-length", "Content-Length"),
        ("content-type", "Content-Type"),
        ("content-encoding", "Content-Encoding"),
        ("max-forwards", "Max-Forwards"),
        ("record-route", "Record-Route"),
        ("route", "Route"),
        ("authorization", "Authorization"),
        ("proxy-authorization", "Proxy-Authorization"),
        ("www-authenticate", "WWW-Authenticate"),
        ("proxy-authenticate", "Proxy-Authenticate"),
        ("supported", "Supported"),
        ("require", "Require"),
        ("allow", "Allow"),
        ("expires", "Expires"),
        ("session-expires", "Session-Expires"),
        ("min-se", "Min-SE"),
        ("reason", "Reason"),
    ];
    KNOWN
        .iter()
        .find(|(short, _)| short.eq_ignore_ascii_case(name))
        .map_or("", |(_, full)| full)
}

fn read_request(line: &str, headers: Headers, body: &[u8]) -> Result<Request, Malformed> {
    let mut parts = line.split(' ');
    let method = parts.next().unwrap_or_default();
    // Whatever stands between method and version is the URI, so that a 400 can still be sent.
    let (uri, version) = line[method.len()..]
        .trim_start_matches(' ')
        .rsplit_once(' ')
        .ok_or(Fault::Frame)?;
    if method.is_empty() || !method.chars().all(is_token_char) {
        return Err(Fault::Frame.into());
    }
    let mut request = Request {
        method: Method::from_token(method),
        uri: uri.to_owned(),
        headers,
        body: String::new(),
    };
    let exact =
        parts.next() == Some(uri) && parts.next() == Some(version) && parts.next().is_none();
    let fault = if version != "SIP/2.0" {
        let other = version.to_ascii_uppercase().starts_with("SIP/");
        Some(if other {
            Fault::Version
        } else {
            Fault::RequestUri
        })
    } else if !exact || !readable_target(uri) {
        Some(Fault::RequestUri)
    } else {
        check_request(&request).err()
    };
    let fault = fault.or_else(|| {
        read_body(&request.headers, body)
            .map(|body| request.body = body)
            .err()
    });
    match fault {
        None => Ok(request),
        Some(fault) => Err(Malformed {
            fault,
            answerable: is_answerable(&request).then(|| Box::new(request)),
        }),
    }
}

/// A URI of another scheme is well-formed here and refused with 416 by whoever is asked to call it.
fn readable_target(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else {
        return false;
    };
    match scheme.to_ascii_lowercase().as_str() {
        "sip" | "sips" => Uri::parse(uri).is_some_and(|uri| !uri.carries_headers),
        other => {
            other.starts_with(|c: char| c.is_ascii_alphabetic())
                && other
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
                && !rest.is_empty()
                && !uri.contains(['<', '>', '"'])
        }
    }
}

fn read_response(line: &str, headers: Headers, body: &[u8]) -> Result<Response, Malformed> {
    let rest = line.strip_prefix("SIP/2.0 ").ok_or(Fault::Version)?;
    let (code, phrase) = rest.split_once(' ').unwrap_or((rest, ""));
    let digits = code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit());
    let code: u16 = code.parse().map_err(|_| Fault::Frame)?;
    if !digits || !(100..700).contains(&code) {
        return Err(Fault::Frame.into());
    }
    check_common(&headers)?;
    Ok(Response {
        code,
        phrase: phrase.chars().filter(|c| !c.is_control()).collect(),
        body: read_body(&headers, body)?,
        headers,
    })
}

fn check_request(request: &Request) -> Result<(), Fault> {
    check_common(&request.headers)?;
    if request.cseq().1 != request.method {
        return Err(Fault::Value("CSeq"));
    }
    if let Some(hops) = single(&request.headers, "Max-Forwards")? {
        hops.parse::<u8>()
            .map_err(|_| Fault::Value("Max-Forwards"))?;
    }
    for contact in request.headers.all("Contact") {
        if contact != "*" && NameAddr::parse(contact).is_none() {
            return Err(Fault::Value("Contact"));
        }
    }
    if request.method == Method::Invite && request.headers.all("Contact").count() > 1 {
        return Err(Fault::Doubled("Contact"));
    }
    Ok(())
}

/// What requests and responses alike must have.
fn check_common(headers: &Headers) -> Result<(), Fault> {
    let mut vias = headers.all("Via").peekable();
    if vias.peek().is_none() {
        return Err(Fault::Missing("Via"));
    }
    if vias.any(|via| Via::parse(via).is_none()) {
        return Err(Fault::Value("Via"));
    }
    for name in ["From", "To"] {
        let value = single(headers, name)?.ok_or(Fault::Missing(name))?;
        NameAddr::parse(value).ok_or(Fault::Value(name))?;
    }
    let call_id = single(headers, "Call-ID")?.ok_or(Fault::Missing("Call-ID"))?;
    if call_id.is_empty() || call_id.contains(char::is_whitespace) {
        return Err(Fault::Value("Call-ID"));
    }
    let cseq = single(headers, "CSeq")?.ok_or(Fault::Missing("CSeq"))?;
    let mut parts = cseq.split_whitespace();
    let (number, method) = (parts.next(), parts.next());
    let number = number
        .filter(|n| n.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|n| n.parse::<u32>().ok())
        .filter(|n| *n <= i32::MAX.unsigned_abs());
    let method = method.filter(|m| m.chars().all(is_token_char));
    if number.is_none() || method.is_none() || parts.next().is_some() {
        return Err(Fault::Value("CSeq"));
    }
    for name in ["Content-Type", "Expires", "Session-Expires"] {
        single(headers, name)?;
    }
    for route in ["Route", "Record-Route"] {
        let mut values = headers.all(route);
        if values.any(|value| NameAddr::parse(value).is_none()) {
            return Err(Fault::Value(route));
        }
    }
    Ok(())
}

fn single<'a>(headers: &'a Headers, name: &'static str) -> Result<Option<&'a str>, Fault> {
    let mut values = headers.all(name);
    let first = values.next();
    match values.next() {
        Some(_) => Err(Fault::Doubled(name)),
        None => Ok(first),
    }
}

/// Takes the body `Content-Length` announces; without that header, everything (RFC 3261 section 18.3).
fn read_body(headers: &Headers, rest: &[u8]) -> Result<String, Fault> {
    let length = match single(headers, "Content-Length")? {
        Some(digits) if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) => {
            return Err(Fault::Value("Content-Length"));
        }
        Some(digits) => digits.parse().map_err(|_| Fault::Value("Content-Length"))?,
        None => rest.len(),
    };
    let body = rest.get(..length).ok_or(Fault::ShortBody)?;
    Ok(String::from_utf8_lossy(body).into_owned())
}

/// Whether enough is there to send a refusal to where the request came from.
fn is_answerable(request: &Request) -> bool {
    request.method != Method::Ack
        && request.headers.get("Via").is_some()
        && ["From", "To", "Call-ID", "CSeq"]
            .iter()
            .all(|name| request.headers.all(name).count() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "OPTIONS sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\
        From: <sip:b@h>;tag=1\r\nTo: <sip:a@h>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n\
        Max-Forwards: 70\r\nContent-Length: 2\r\n\r\nok";

    fn fault_of(text: &str) -> Option<Fault> {
        parse(text.as_bytes())
            .err()
            .map(|malformed| malformed.fault)
    }

    #[test]
    fn reads_a_request_and_writes_it_back() {
        let Ok(Message::Request(request)) = parse(GOOD.as_bytes()) else {
            panic!("refused");
        };
        assert_eq!(request.cseq(), (1, Method::Options));
        assert_eq!(request.branch().as_deref(), Some("z9hG4bK1"));
        assert_eq!(request.body, "ok");
        assert_eq!(request.to_wire(), GOOD);
    }

    #[test]
    fn names_what_is_wrong() {
        for (from, to, fault) in [
            (
                "Content-Length: 2",
                "Content-Length: -2",
                Fault::Value("Content-Length"),
            ),
            (
                "Content-Length: 2",
                "Content-Length: 2\r\nl: 2",
                Fault::Doubled("Content-Length"),
            ),
            ("Content-Length: 2", "Content-Length: 3", Fault::ShortBody),
            ("sip:a@h SIP", "<sip:a@h> SIP", Fault::RequestUri),
            ("sip:a@h SIP", "sip:a@h  SIP", Fault::RequestUri),
            ("SIP/2.0\r\nVia", "SIP/2.0 \r\nVia", Fault::RequestUri),
            ("SIP/2.0\r\nVia", "SIP/7.0\r\nVia", Fault::Version),
            ("Call-ID: c\r\n", "", Fault::Missing("Call-ID")),
            ("To: <", "t: <sip:x@y>\r\nTo: <", Fault::Doubled("To")),
            ("CSeq: 1 OPTIONS", "CSeq: 1 BYE", Fault::Value("CSeq")),
            (
                "CSeq: 1 OPTIONS",
                "CSeq: 4294967296 OPTIONS",
                Fault::Value("CSeq"),
            ),
            (
                "Via: SIP/2.0/UDP h",
                "Via: SIP/2.0/UDP",
                Fault::Value("Via"),
            ),
            ("Call-ID: c", "Call-ID: c\u{0}", Fault::Frame),
            ("\r\n\r\nok", "\r\n", Fault::Frame),
        ] {
            let broken = GOOD.replacen(from, to, 1);
            assert_ne!(broken, GOOD, "{from:?} is not in the message");
            assert_eq!(fault_of(&broken), Some(fault), "{to:?}");
        }
    }

    #[test]
    fn short_forms_and_folded_lines_are_read() {
        let text = GOOD
            .replace("Call-ID: c", "i : c\r\nSubject: two\r\n  lines")
            .replace("From:", "f:");
        let Ok(Message::Request(request)) = parse(text.as_bytes()) else {
            panic!("refused");
        };
        assert_eq!(request.call_id(), "c");
        assert_eq!(request.headers.get("subject"), Some("two lines"));
        assert_eq!(request.sender_tag().as_deref(), Some("1"));
    }

    #[test]
    fn an_unknown_method_is_not_a_fault() {
        let text = GOOD.replace("OPTIONS", "NEWMETHOD");
        assert!(matches!(
            parse(text.as_bytes()),
            Ok(Message::Request(Request {
                method: Method::Other(_),
                ..
            }))
        ));
    }

    #[test]
    fn a_broken_request_can_still_be_answered() {
        let malformed = parse(GOOD.replace(": 2\r", ": 9\r").as_bytes()).unwrap_err();
        let request = malformed.answerable.as_ref().unwrap();
        let refusal = request.response(malformed.code(), "t").to_wire();
        assert!(refusal.starts_with("SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP h;branch"));
    }
}
