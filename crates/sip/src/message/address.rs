//! The grammar of URIs, `name-addr` fields and `Via` (RFC 3261 section 25.1), as much as signalling needs.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::text::{Number, clean_name, is_token_char, quote};

/// A `sip:` or `sips:` URI taken apart. Everything else about it stays in the text it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Uri {
    /// Percent-decoded.
    pub(crate) user: Option<String>,
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    /// The `transport` parameter in lower case.
    pub(crate) transport: Option<String>,
    /// Whether it carries headers for the request to be made (RFC 3261 section 19.1.1).
    pub(crate) carries_headers: bool,
}

impl Uri {
    /// Reads a URI; `None` when it is not a well-formed `sip:` or `sips:` URI.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || "<>\"".contains(c))
        {
            return None;
        }
        let (scheme, rest) = text.split_once(':')?;
        if !matches!(scheme.to_ascii_lowercase().as_str(), "sip" | "sips") {
            return None;
        }
        // Semicolons and question marks may stand in the user part, so the `@` is looked for first.
        let (user, rest) = match rest.split_once('@') {
            Some((user, rest)) => (Some(user), rest),
            None => (None, rest),
        };
        let end = rest.find([';', '?']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let (host, port) = parse_authority(authority)?;
        let user = match user {
            Some(user) => {
                let name = user.split_once(':').map_or(user, |(name, _)| name);
                Some(percent_decode(name).filter(|name| !name.is_empty())?)
            }
            None => None,
        };
        let parameters = tail.split('?').next().unwrap_or_default();
        let mut transport = None;
        for item in parameters.split(';').skip(1) {
            let (name, value) = item.split_once('=').unwrap_or((item, ""));
            match name.to_ascii_lowercase().as_str() {
                "" => return None,
                "transport" if value.is_empty() => return None,
                "transport" => transport = Some(value.to_ascii_lowercase()),
                _ => {}
            }
        }
        Some(Self {
            user,
            host,
            port,
            transport,
            carries_headers: tail.contains('?'),
        })
    }

    /// The host, if it is an address and not a name.
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        self.host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse()
            .ok()
    }
}

/// Reads `host[:port]`.
fn parse_authority(text: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (address, tail) = rest.split_once(']')?;
        // The grammar of RFC 3261 allowed three colons before an IPv4 part; RFC 5118 section 4.10 has them read.
        address.replace(":::", "::").parse::<Ipv6Addr>().ok()?;
        let port = match tail {
            "" => None,
            _ => Some(tail.strip_prefix(':')?),
        };
        (format!("[{address}]"), port)
    } else {
        match text.split_once(':') {
            Some((host, port)) => (host.to_owned(), Some(port)),
            None => (text.to_owned(), None),
        }
    };
    if !host.starts_with('[') {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if host.is_empty() || !host.chars().all(allowed) {
            return None;
        }
    }
    let port = match port {
        Some(digits) => {
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            Some(digits.parse().ok()?)
        }
        None => None,
    };
    Some((host, port))
}

pub(super) fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let high = char::from(rest.next()?).to_digit(16)?;
        let low = char::from(rest.next()?).to_digit(16)?;
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Writes text as a header's value in a URI (RFC 3261 section 25.1, `hvalue`).
pub(super) fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b if b.is_ascii_alphanumeric() => encoded.push(b.into()),
            b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// A `From`, `To`, `Contact`, `Route` … value: a URI, perhaps with a display name, and parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameAddr {
    pub(crate) display_name: Option<String>,
    /// The URI's text, of whatever scheme.
    pub(crate) uri: String,
    parameters: Vec<(String, Option<String>)>,
}

impl NameAddr {
    /// Reads one value; `None` when brackets or quotes do not close or a parameter is broken.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (display_name, rest) = if text.starts_with('"') {
            let (name, rest) = read_quoted(text)?;
            (Some(name), rest.trim_start())
        } else {
            match text.split_once('<') {
                Some((name, _)) => {
                    let name = name.trim();
                    let word = |c: char| is_token_char(c) || c.is_whitespace() || !c.is_ascii();
                    if !name.chars().all(word) {
                        return None;
                    }
                    let name = (!name.is_empty()).then(|| name.to_owned());
                    (name, &text[text.find('<')?..])
                }
                None => (None, text),
            }
        };
        let (uri, tail) = match rest.strip_prefix('<') {
            Some(rest) => {
                let (uri, tail) = rest.split_once('>')?;
                (uri, tail)
            }
            // Without brackets, everything after the first semicolon belongs to the header.
            None if display_name.is_none() => rest.split_at(rest.find(';').unwrap_or(rest.len())),
            None => return None,
        };
        // RFC 3261 section 20: a bare URI must not hold what could be read as the header's own.
        if !rest.starts_with('<') && uri.contains(['?', ',']) {
            return None;
        }
        let uri = uri.trim_end();
        let scheme_end = uri.find(':')?;
        let scheme = &uri[..scheme_end];
        let scheme_ok = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        if !scheme_ok || uri.contains(['<', '>', '"', ' ', '\t']) || uri.len() <= scheme_end + 1 {
            return None;
        }
        if matches!(scheme.to_ascii_lowercase().as_str(), "sip" | "sips") {
            Uri::parse(uri)?;
        }
        Some(Self {
            display_name,
            uri: uri.to_owned(),
            parameters: read_parameters(tail)?,
        })
    }

    /// A parameter's value, unquoted; empty for one without a value.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_deref().unwrap_or_default())
    }

    /// The URI's user part as a number.
    pub(crate) fn number(&self) -> Option<Number> {
        let user = match Uri::parse(&self.uri) {
            Some(uri) => uri.user?,
            None => {
                let number = self.uri.strip_prefix("tel:")?;
                number.split(';').next().unwrap_or_default().to_owned()
            }
        };
        Number::parse(&user).ok()
    }

    /// The display name, made fit to be shown.
    pub(crate) fn shown_name(&self) -> Option<String> {
        self.display_name.as_deref().and_then(clean_name)
    }
}

/// Reads the quoted string a text starts with; the rest follows.
fn read_quoted(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => {
                name.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return Some((name, &text[at + 1..])),
            _ => name.push(c),
        }
    }
    None
}

/// Reads `;name=value` pairs; values may be tokens, hosts or quoted strings.
fn read_parameters(text: &str) -> Option<Vec<(String, Option<String>)>> {
    let mut parameters = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        rest = rest.strip_prefix(';')?.trim_start();
        let end = rest.find([';', '=']).unwrap_or(rest.len());
        let name = rest[..end].trim();
        if name.is_empty() || !name.chars().all(is_token_char) {
            return None;
        }
        rest = &rest[end..];
        let Some(after) = rest.strip_prefix('=') else {
            parameters.push((name.to_owned(), None));
            continue;
        };
        let after = after.trim_start();
        let value;
        if after.starts_with('"') {
            let (text, tail) = read_quoted(after)?;
            value = text;
            rest = tail.trim_start();
        } else {
            let end = after.find(';').unwrap_or(after.len());
            value = after[..end].trim().to_owned();
            if value.is_empty() || !value.chars().all(is_parameter_char) {
                return None;
            }
            rest = &after[end..];
        }
        parameters.push((name.to_owned(), Some(value)));
    }
    Some(parameters)
}

fn is_parameter_char(c: char) -> bool {
    is_token_char(c) || matches!(c, '[' | ']' | ':' | '/' | '@')
}

/// A header parameter of a value that may start with a URI or a `Via`'s protocol and host.
pub(crate) fn parameter(value: &str, name: &str) -> Option<String> {
    if let Some(address) = NameAddr::parse(value) {
        return address.parameter(name).map(str::to_owned);
    }
    let via = Via::parse(value)?;
    via.parameters
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.clone().unwrap_or_default())
}

/// One hop of the path a request took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Via {
    pub(crate) transport: String,
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    parameters: Vec<(String, Option<String>)>,
}

impl Via {
    /// Reads one value.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().splitn(3, '/');
        let protocol = parts.next()?.trim();
        let version = parts.next()?.trim();
        if !protocol.eq_ignore_ascii_case("SIP") || version != "2.0" {
            return None;
        }
        let rest = parts.next()?.trim_start();
        let (transport, rest) = rest.split_once(char::is_whitespace)?;
        if transport.is_empty() || !transport.chars().all(is_token_char) {
            return None;
        }
        let end = rest.find(';').unwrap_or(rest.len());
        let authority: String = rest[..end].split_whitespace().collect();
        let (host, port) = parse_authority(&authority)?;
        Some(Self {
            transport: transport.to_ascii_uppercase(),
            host,
            port,
            parameters: read_parameters(&rest[end..])?,
        })
    }

    /// The value with the address the message really came from.
    pub(crate) fn with_source(&self, source: SocketAddr) -> String {
        let mut text = format!("SIP/2.0/{} {}", self.transport, self.host);
        if let Some(port) = self.port {
            text.push_str(&format!(":{port}"));
        }
        for (name, value) in &self.parameters {
            let known = ["rport", "received"]
                .iter()
                .any(|k| k.eq_ignore_ascii_case(name));
            match value {
                _ if known => {}
                // What was quoted stays quoted.
                Some(value) if !value.chars().all(is_parameter_char) => {
                    text.push_str(&format!(";{name}={}", quote(value)));
                }
                Some(value) => text.push_str(&format!(";{name}={value}")),
                None => text.push_str(&format!(";{name}")),
            }
        }
        text.push_str(&format!(";received={}", source.ip()));
        if self.wants_source_port() {
            text.push_str(&format!(";rport={}", source.port()));
        }
        text
    }

    /// Whether the sender asked for the answer to come to the port it sent from (RFC 3581).
    pub(crate) fn wants_source_port(&self) -> bool {
        self.parameters
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("rport"))
    }
}

/// Splits a comma-separated header value, minding quotes and angle brackets.
pub(crate) fn split_list(value: &str) -> Vec<&str> {
    let mut items = Vec::new();
    let (mut start, mut quoted, mut escaped, mut bracketed) = (0, false, false, false);
    for (at, c) in value.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '<' if !quoted => bracketed = true,
            '>' if !quoted => bracketed = false,
            ',' if !quoted && !bracketed => {
                items.push(value[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(value[start..].trim());
    items.retain(|item| !item.is_empty());
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_uris_with_everything_in_them() {
        let uri =
            Uri::parse("sips:alice;day=tue:pw@[::1]:5061;transport=TCP;lr?subject=x").unwrap();
        assert_eq!(uri.user.as_deref(), Some("alice;day=tue"));
        assert_eq!(uri.ip(), Some("::1".parse().unwrap()));
        assert_eq!((uri.port, uri.carries_headers), (Some(5061), true));
        assert_eq!(uri.transport.as_deref(), Some("tcp"));
        let escaped = Uri::parse("sip:%61%23@example.com").unwrap();
        assert_eq!(escaped.user.as_deref(), Some("a#"));
    }

    #[test]
    fn refuses_broken_uris() {
        for text in [
            "",
            "sip:",
            "sip:@host",
            "sip:a@",
            "sip:a@h:",
            "sip:a@h:99999",
            "sip:a@h:5a",
            "sip:a@[::1",
            "sip:a@h>",
            "tel:123",
            "sip:a b@h",
            "sip:a%4@h",
            "sip:a@h;;x",
            "sip:h\u{e9}st",
            "sip:a@::1",
        ] {
            assert_eq!(Uri::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_bracket_in_a_quoted_name_does_not_move_the_address() {
        let from = NameAddr::parse(r#""Boss <sip:boss@x>, \"CEO\"" <sip:eve@host>;tag=1"#).unwrap();
        assert_eq!(from.uri, "sip:eve@host");
        assert_eq!(
            from.display_name.as_deref(),
            Some(r#"Boss <sip:boss@x>, "CEO""#)
        );
        assert_eq!(from.parameter("TAG"), Some("1"));
    }

    #[test]
    fn parameters_belong_to_the_header_without_brackets_and_to_the_uri_within() {
        let bare = NameAddr::parse("sip:a@h;tag=7").unwrap();
        assert_eq!(
            (bare.uri.as_str(), bare.parameter("tag")),
            ("sip:a@h", Some("7"))
        );
        let inside = NameAddr::parse("<sip:a@h;tag=7>").unwrap();
        assert_eq!(inside.parameter("tag"), None);
        let named = NameAddr::parse("王 伟 <sip:+8610@h>;+sip.instance=\"<urn:uuid:1>\"").unwrap();
        assert_eq!(named.shown_name().as_deref(), Some("王 伟"));
        assert_eq!(named.parameter("+sip.instance"), Some("<urn:uuid:1>"));
        assert_eq!(named.number().unwrap().as_str(), "+8610");
    }

    #[test]
    fn refuses_broken_addresses() {
        for text in [
            "<sip:a@h",
            "\"x <sip:a@h>",
            "a, b <sip:a@h>",
            "<sip:a@h>x",
            "<sip:a@h>;=1",
            "<>",
            "h",
        ] {
            assert_eq!(NameAddr::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn reads_via_and_lists() {
        let via = Via::parse("SIP / 2.0 / UDP  h.example : 5061 ;branch=z9hG4bK1;rport").unwrap();
        assert_eq!((via.host.as_str(), via.port), ("h.example", Some(5061)));
        assert!(via.wants_source_port());
        assert_eq!(
            parameter("SIP/2.0/WSS x.invalid;branch=b", "branch").as_deref(),
            Some("b")
        );
        assert_eq!(
            split_list(r#"<a,b>, "c,d" <e>,, f"#),
            ["<a,b>", r#""c,d" <e>"#, "f"]
        );
    }
}
