//! A centre's address as a person types it.

use crate::failure::{DeskCode, Failure};
use std::fmt;

/// The origin of a centre: `https://host[:port]`, nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Address {
    host: String,
    port: u16,
}

impl Address {
    /// Reads an address; `https://` is assumed, anything but a host and a port is refused.
    ///
    /// # Errors
    /// [`DeskCode::BadAddress`].
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let text = text.trim();
        let bad = || Failure::new(DeskCode::BadAddress).about(text);
        let full = if text.contains("://") {
            text.to_owned()
        } else {
            format!("https://{text}")
        };
        let url = reqwest::Url::parse(&full).map_err(|_| bad())?;
        let plain = url.scheme() == "https"
            && url.username().is_empty()
            && url.password().is_none()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none();
        match url.host_str() {
            Some(host) if plain && !host.is_empty() => Ok(Self {
                host: host.to_owned(),
                port: url.port_or_known_default().ok_or_else(bad)?,
            }),
            _ => Err(bad()),
        }
    }

    /// Host and port, as in a URL.
    pub(crate) fn authority(&self) -> String {
        if self.port == 443 {
            self.host.clone()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// The host alone; a literal IPv6 address without its brackets.
    pub(crate) fn host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}", self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_type_them() {
        for (typed, full) in [
            ("center.example.cn", "https://center.example.cn"),
            (
                " https://Center.Example.cn:443/ ",
                "https://center.example.cn",
            ),
            ("127.0.0.1:8443", "https://127.0.0.1:8443"),
            ("https://[::1]:8443", "https://[::1]:8443"),
            ("中心.example", "https://xn--fiqq24b.example"),
        ] {
            assert_eq!(Address::parse(typed).unwrap().to_string(), full);
        }
        assert_eq!(Address::parse("[::1]:8443").unwrap().host(), "::1");
    }

    #[test]
    fn anything_but_an_origin_is_refused() {
        for typed in [
            "",
            "http://center.example.cn",
            "https://user@center.example.cn",
            "https://center.example.cn/path",
            "https://center.example.cn/?q",
            "https://center.example.cn/#f",
            "ftp://center.example.cn",
            "https://",
            "a b",
            "host:99999",
        ] {
            assert!(Address::parse(typed).is_err(), "{typed:?}");
        }
    }
}
