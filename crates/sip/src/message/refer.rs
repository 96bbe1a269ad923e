//! What transfers are written in: `Refer-To` (RFC 3515), `Replaces` (RFC 3891) and `message/sipfrag` (RFC 3420).

use std::fmt;

use super::{
    Fields, NameAddr, Uri,
    address::{percent_decode, percent_encode},
};
use crate::text::{Number, is_token_char};

/// The dialog a new call shall take the place of, named as the receiver of that call knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replaces {
    pub(crate) call_id: String,
    /// The receiver's own tag.
    pub(crate) to_tag: String,
    /// The tag of the receiver's far side.
    pub(crate) from_tag: String,
    /// Only if it has not been answered.
    pub(crate) early_only: bool,
}

impl Replaces {
    /// Reads a `Replaces` value.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let mut parts = value.split(';').map(str::trim);
        let call_id = parts.next()?;
        let word = |c: char| c.is_ascii_graphic() && c != ',';
        if call_id.is_empty() || !call_id.chars().all(word) {
            return None;
        }
        let (mut to_tag, mut from_tag, mut early_only) = (None, None, false);
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "to-tag" if to_tag.is_none() => to_tag = tag(value),
                "from-tag" if from_tag.is_none() => from_tag = tag(value),
                "to-tag" | "from-tag" => return None,
                "early-only" => early_only = true,
                _ => {}
            }
        }
        Some(Self {
            call_id: call_id.to_owned(),
            to_tag: to_tag?,
            from_tag: from_tag?,
            early_only,
        })
    }
}

fn tag(value: &str) -> Option<String> {
    let value = value.trim();
    (!value.is_empty() && value.chars().all(is_token_char)).then(|| value.to_owned())
}

impl fmt::Display for Replaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            call_id,
            to_tag,
            from_tag,
            early_only,
        } = self;
        let early = if *early_only { ";early-only" } else { "" };
        write!(f, "{call_id};to-tag={to_tag};from-tag={from_tag}{early}")
    }
}

/// Whom a transfer leads to.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ReferTo {
    /// A `sip:`, `sips:` or `tel:` URI, without the headers it came with.
    pub(crate) uri: String,
    pub(crate) number: Option<Number>,
    /// The dialog to be replaced: an attended transfer.
    pub(crate) replaces: Option<Replaces>,
}

/// Why a `Refer-To` can not be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadReferTo {
    /// It is missing, there is more than one, or it can not be read: 400.
    Malformed,
    /// It is no telephone's address: 416.
    Scheme,
    /// It asks for another method than INVITE: 403.
    Method,
}

impl ReferTo {
    /// Reads the `Refer-To` of a REFER.
    pub(crate) fn of(request: &impl Fields) -> Result<Self, BadReferTo> {
        let mut values = request.headers().all("Refer-To");
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(BadReferTo::Malformed);
        };
        let address = NameAddr::parse(value).ok_or(BadReferTo::Malformed)?;
        let number = address.number();
        let scheme = address.uri.split(':').next().unwrap_or_default();
        match scheme.to_ascii_lowercase().as_str() {
            "sip" | "sips" => {}
            "tel" if number.is_some() => {}
            _ => return Err(BadReferTo::Scheme),
        }
        let (uri, headers) = split_headers(&address.uri);
        let method = uri.split(';').skip(1).find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.eq_ignore_ascii_case("method").then_some(value)
        });
        if method.is_some_and(|method| method != "INVITE") {
            return Err(BadReferTo::Method);
        }
        let mut replaces = None;
        for (name, value) in headers.split('&').filter_map(|part| part.split_once('=')) {
            if name.eq_ignore_ascii_case("Replaces") {
                let value = percent_decode(value).ok_or(BadReferTo::Malformed)?;
                replaces = Some(Replaces::parse(&value).ok_or(BadReferTo::Malformed)?);
            }
        }
        Ok(Self {
            uri: uri.to_owned(),
            number,
            replaces,
        })
    }

    /// The value for a number at the far side's host. `None` when the far side has no host to speak of.
    pub(crate) fn number_at(far_side: &str, number: &Number) -> Option<String> {
        let uri = Uri::parse(&NameAddr::parse(far_side)?.uri)?;
        let port = uri.port.map(|port| format!(":{port}")).unwrap_or_default();
        Some(format!("<sip:{}@{}{port}>", number.uri_user(), uri.host))
    }

    /// The value for the far side of another call, to take that call over.
    pub(crate) fn replacing(far_side: &str, replaces: &Replaces) -> Option<String> {
        let address = NameAddr::parse(far_side)?;
        let (uri, _) = split_headers(&address.uri);
        let replaces = percent_encode(&replaces.to_string());
        Some(format!("<{uri}?Replaces={replaces}>"))
    }
}

/// A URI and the headers it carries.
fn split_headers(uri: &str) -> (&str, &str) {
    // A question mark may stand in the user part.
    let host = uri.find('@').unwrap_or_default();
    match uri[host..].find('?') {
        Some(at) => (&uri[..host + at], &uri[host + at + 1..]),
        None => (uri, ""),
    }
}

/// The status a NOTIFY of a transfer tells.
pub(crate) fn sipfrag_status(message: &impl Fields) -> Option<u16> {
    let kind = message.headers().get("Content-Type")?;
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("message/sipfrag") {
        return None;
    }
    let mut words = message.body().lines().next()?.split_whitespace();
    if !words.next()?.eq_ignore_ascii_case("SIP/2.0") {
        return None;
    }
    words
        .next()?
        .parse()
        .ok()
        .filter(|code| (100..700).contains(code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Headers, Method, Request};

    fn request(headers: &[(&str, &str)], body: &str) -> Request {
        let mut request = Request {
            method: Method::Refer,
            uri: "sip:a@h".to_owned(),
            headers: Headers::default(),
            body: body.to_owned(),
        };
        for (name, value) in headers {
            request.headers.push(name, *value);
        }
        request
    }

    #[test]
    fn a_call_to_be_replaced_survives_the_way_through_a_uri() {
        let replaces = Replaces {
            call_id: "a;b?c=1@192.0.2.1".replace(';', "!"),
            to_tag: "t%1".to_owned(),
            from_tag: "f.2".to_owned(),
            early_only: false,
        };
        let far = "\"Bob\" <sip:bob@h:5070;x=1>";
        let value = ReferTo::replacing(far, &replaces).unwrap();
        let read = ReferTo::of(&request(&[("Refer-To", &value)], "")).unwrap();
        assert_eq!(read.uri, "sip:bob@h:5070;x=1");
        assert_eq!(read.number.unwrap().as_str(), "bob");
        assert_eq!(read.replaces, Some(replaces));
    }

    #[test]
    fn broken_targets_are_told_apart() {
        let of = |values: &[&str]| {
            let headers: Vec<_> = values.iter().map(|value| ("Refer-To", *value)).collect();
            ReferTo::of(&request(&headers, "")).err()
        };
        assert_eq!(of(&["<sip:1@h>"]), None);
        assert_eq!(of(&["<tel:+861380000>"]), None);
        assert_eq!(of(&["<sip:1@h;method=INVITE>"]), None);
        assert_eq!(of(&[]), Some(BadReferTo::Malformed));
        assert_eq!(of(&["<sip:1@h>", "<sip:2@h>"]), Some(BadReferTo::Malformed));
        assert_eq!(of(&["<sip:1@h?Replaces=x>"]), Some(BadReferTo::Malformed));
        assert_eq!(of(&["<https://h>"]), Some(BadReferTo::Scheme));
        assert_eq!(of(&["<sip:1@h;method=BYE>"]), Some(BadReferTo::Method));
    }

    #[test]
    fn a_replaces_value_needs_both_tags_once() {
        let read = Replaces::parse("98732@h ;from-tag=r33;to-tag=r44 ; early-only").unwrap();
        assert!(read.early_only);
        assert_eq!(read.call_id, "98732@h");
        for value in [
            "",
            "c",
            "c;to-tag=1",
            "c;to-tag=1;from-tag=",
            "c;to-tag=1;from-tag=a b",
            "c;to-tag=1;from-tag=2;to-tag=3",
            "c\r\nX: y;to-tag=1;from-tag=2",
        ] {
            assert_eq!(Replaces::parse(value), None, "{value:?}");
        }
    }

    #[test]
    fn a_sipfrag_tells_its_status() {
        let sipfrag = [("Content-Type", "message/sipfrag;version=2.0")];
        let status = |body| sipfrag_status(&request(&sipfrag, body));
        assert_eq!(status("SIP/2.0 180 Ringing\r\n"), Some(180));
        assert_eq!(status("SIP/2.0 603"), Some(603));
        assert_eq!(status("SIP/2.0 99 x"), None);
        assert_eq!(status(""), None);
        assert_eq!(status("SIP/3.0 200 OK"), None);
        let text = [("Content-Type", "text/plain")];
        assert_eq!(sipfrag_status(&request(&text, "SIP/2.0 200 OK")), None);
    }
}
