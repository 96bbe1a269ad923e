//! SIP messages (RFC 3261 section 7): what came off the wire, checked, and what goes onto it.

mod address;
mod frame;
mod parse;
mod refer;
#[cfg(test)]
mod torture;

use std::fmt::{self, Write as _};

pub(crate) use address::{NameAddr, Uri, Via, parameter, split_list};
pub(crate) use frame::{Framer, LARGEST, Piece};
#[cfg(test)]
pub(crate) use parse::Fault;
pub(crate) use parse::{Malformed, parse};
pub(crate) use refer::{BadReferTo, ReferTo, Replaces, sipfrag_status};

/// The request methods this program knows, and all others.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Method {
    Invite,
    Ack,
    Bye,
    Cancel,
    Register,
    Options,
    Update,
    Info,
    Message,
    Subscribe,
    Notify,
    Refer,
    Publish,
    Prack,
    Other(String),
}

impl Method {
    /// Methods are case-sensitive (RFC 3261 section 7.1).
    pub(crate) fn from_token(token: &str) -> Self {
        match token {
            "INVITE" => Self::Invite,
            "ACK" => Self::Ack,
            "BYE" => Self::Bye,
            "CANCEL" => Self::Cancel,
            "REGISTER" => Self::Register,
            "OPTIONS" => Self::Options,
            "UPDATE" => Self::Update,
            "INFO" => Self::Info,
            "MESSAGE" => Self::Message,
            "SUBSCRIBE" => Self::Subscribe,
            "NOTIFY" => Self::Notify,
            "REFER" => Self::Refer,
            "PUBLISH" => Self::Publish,
            "PRACK" => Self::Prack,
            other => Self::Other(other.to_owned()),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Invite => "INVITE",
            Self::Ack => "ACK",
            Self::Bye => "BYE",
            Self::Cancel => "CANCEL",
            Self::Register => "REGISTER",
            Self::Options => "OPTIONS",
            Self::Update => "UPDATE",
            Self::Info => "INFO",
            Self::Message => "MESSAGE",
            Self::Subscribe => "SUBSCRIBE",
            Self::Notify => "NOTIFY",
            Self::Refer => "REFER",
            Self::Publish => "PUBLISH",
            Self::Prack => "PRACK",
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The headers of one message, in order. Names are compared without regard to case; short forms are written out.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// The first value of a header.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Every value of a header, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Every header with its value, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    pub(crate) fn push(&mut self, name: &str, value: impl Into<String>) {
        self.0.push((name.to_owned(), value.into()));
    }

    /// Replaces all values of a header by one, or adds it.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        match self
            .0
            .iter()
            .position(|(n, _)| n.eq_ignore_ascii_case(name))
        {
            Some(at) => {
                self.0[at].1 = value;
                let mut index = 0;
                self.0.retain(|(n, _)| {
                    index += 1;
                    index - 1 <= at || !n.eq_ignore_ascii_case(name)
                });
            }
            None => self.push(name, value),
        }
    }

    pub(crate) fn top_mut(&mut self, name: &str) -> Option<&mut String> {
        self.0
            .iter_mut()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Whether a comma-separated header lists a token.
    pub(crate) fn lists(&self, name: &str, token: &str) -> bool {
        self.all(name)
            .flat_map(|value| value.split(','))
            .any(|item| item.trim().eq_ignore_ascii_case(token))
    }

    /// The headers that are not the protocol's own, for the application to read.
    pub(crate) fn for_application(&self) -> Self {
        const OWN: [&str; 18] = [
            "Via",
            "From",
            "To",
            "Call-ID",
            "CSeq",
            "Contact",
            "Max-Forwards",
            "Route",
            "Record-Route",
            "Content-Length",
            "Content-Type",
            "Authorization",
            "Proxy-Authorization",
            "Allow",
            "Supported",
            "Replaces",
            "Require",
            "Session-Expires",
        ];
        let is_own = |name: &str| OWN.iter().any(|own| own.eq_ignore_ascii_case(name));
        Self(
            self.0
                .iter()
                .filter(|(name, _)| !is_own(name))
                .cloned()
                .collect(),
        )
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values hold numbers and digests.
        f.debug_list()
            .entries(self.0.iter().map(|(n, _)| n))
            .finish()
    }
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) uri: String,
    pub(crate) headers: Headers,
    pub(crate) body: String,
}

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) code: u16,
    pub(crate) phrase: String,
    pub(crate) headers: Headers,
    pub(crate) body: String,
}

/// A request or a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    Request(Request),
    Response(Response),
}

/// The header fields every checked message has.
pub(crate) trait Fields {
    fn headers(&self) -> &Headers;
    fn body(&self) -> &str;

    fn call_id(&self) -> &str {
        self.headers().get("Call-ID").unwrap_or_default()
    }

    /// The number and method of `CSeq`.
    fn cseq(&self) -> (u32, Method) {
        let value = self.headers().get("CSeq").unwrap_or_default();
        let (number, method) = value.split_once(char::is_whitespace).unwrap_or((value, ""));
        (
            number.parse().unwrap_or_default(),
            Method::from_token(method.trim()),
        )
    }

    fn sender_tag(&self) -> Option<String> {
        self.headers().get("From").and_then(|v| parameter(v, "tag"))
    }

    fn receiver_tag(&self) -> Option<String> {
        self.headers().get("To").and_then(|v| parameter(v, "tag"))
    }

    /// The branch of the topmost `Via`.
    fn branch(&self) -> Option<String> {
        self.headers()
            .get("Via")
            .and_then(|v| parameter(v, "branch"))
    }

    /// The body, if it is a session description.
    fn sdp(&self) -> Option<String> {
        let kind = self.headers().get("Content-Type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        let is_sdp = kind.eq_ignore_ascii_case("application/sdp");
        (is_sdp && !self.body().is_empty()).then(|| self.body().to_owned())
    }
}

impl Fields for Request {
    fn headers(&self) -> &Headers {
        &self.headers
    }

    fn body(&self) -> &str {
        &self.body
    }
}

impl Fields for Response {
    fn headers(&self) -> &Headers {
        &self.headers
    }

    fn body(&self) -> &str {
        &self.body
    }
}

impl Request {
    /// The response to this request with the fields RFC 3261 section 8.2.6 copies; the tag is added to `To`
    /// unless it has one.
    pub(crate) fn response(&self, code: u16, to_tag: &str) -> Response {
        let mut headers = Headers::default();
        for (name, value) in self.headers.iter() {
            match name {
                "Via" | "From" | "Call-ID" | "CSeq" => headers.push(name, value),
                "To" if code > 100 && parameter(value, "tag").is_none() => {
                    headers.push(name, format!("{value};tag={to_tag}"));
                }
                "To" => headers.push(name, value),
                "Record-Route" if (101..300).contains(&code) => headers.push(name, value),
                _ => {}
            }
        }
        Response {
            code,
            phrase: phrase(code).to_owned(),
            headers,
            body: String::new(),
        }
    }

    pub(crate) fn with_sdp(mut self, sdp: Option<String>) -> Self {
        if let Some(sdp) = sdp {
            self.headers.push("Content-Type", "application/sdp");
            self.body = sdp;
        }
        self
    }

    pub(crate) fn to_wire(&self) -> String {
        write_message(
            &format!("{} {} SIP/2.0", self.method, self.uri),
            &self.headers,
            &self.body,
        )
    }
}

impl Response {
    pub(crate) fn with_sdp(mut self, sdp: Option<String>) -> Self {
        if let Some(sdp) = sdp {
            self.headers.push("Content-Type", "application/sdp");
            self.body = sdp;
        }
        self
    }

    pub(crate) fn to_wire(&self) -> String {
        write_message(
            &format!("SIP/2.0 {} {}", self.code, self.phrase),
            &self.headers,
            &self.body,
        )
    }
}

fn write_message(start: &str, headers: &Headers, body: &str) -> String {
    let mut wire = String::with_capacity(512 + body.len());
    wire.push_str(start);
    wire.push_str("\r\n");
    for (name, value) in headers.iter() {
        debug_assert!(
            !value.contains(['\r', '\n']),
            "{name} would split the message"
        );
        if name.eq_ignore_ascii_case("Content-Length") {
            continue;
        }
        wire.push_str(name);
        wire.push_str(": ");
        // Last line of defence: every value was checked where it came in.
        wire.extend(value.chars().filter(|c| !matches!(c, '\r' | '\n')));
        wire.push_str("\r\n");
    }
    // Writing to a String can not fail.
    let _ = write!(wire, "Content-Length: {}\r\n\r\n", body.len());
    wire.push_str(body);
    wire
}

/// The standard words for a status code.
pub(crate) fn phrase(code: u16) -> &'static str {
    match code {
        100 => "Trying",
        180 => "Ringing",
        183 => "Session Progress",
        200 => "OK",
        202 => "Accepted",
        302 => "Moved Temporarily",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        413 => "Request Entity Too Large",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        422 => "Session Interval Too Small",
        423 => "Interval Too Brief",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        489 => "Bad Event",
        491 => "Request Pending",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        600 => "Busy Everywhere",
        603 => "Decline",
        604 => "Does Not Exist Anywhere",
        606 => "Not Acceptable",
        _ => match code / 100 {
            1 => "Progress",
            2 => "OK",
            3 => "Redirection",
            4 => "Request Failure",
            5 => "Server Failure",
            _ => "Failure",
        },
    }
}
