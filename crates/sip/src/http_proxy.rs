//! The way to a switch through a site's HTTP proxy: a tunnel made by CONNECT (RFC 9110 section
//! 9.3.6), in which TLS then runs from end to end.

use std::{fmt, io, time::Duration};

use rustls::pki_types::ServerName;
use thiserror::Error;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// How long the proxy may take to be reached.
const REACH: Duration = Duration::from_secs(3);
/// How long it may take to reach the other side.
const ANSWER: Duration = Duration::from_secs(4);
/// The longest answer that is read, in bytes.
const LONGEST: usize = 8_192;

/// An HTTP proxy. It has no password: whatever a policy says can be read by everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpProxy {
    host: String,
    port: u16,
}

/// Why there is no way through a [`HttpProxy`].
#[derive(Debug, Error)]
pub enum HttpProxyError {
    /// The proxy itself can not be reached: wrong address, no network.
    #[error("the proxy can not be reached: {0}")]
    Unreachable(io::Error),
    /// It will not let this connection through, with this status: 407 if it wants a password.
    #[error("the proxy refuses with status {0}")]
    Refused(u16),
    /// It could not reach the other side, or did not in time.
    #[error("the proxy can not reach the other side")]
    Beyond,
    /// What answers is no HTTP proxy.
    #[error("this is no HTTP proxy")]
    NotAProxy,
}

impl HttpProxy {
    /// Reads `[http://]host[:port][/]`; the port is 80 where it is left out.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let rest = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            Some(_) => return None,
            None => text,
        };
        let (host, port) = read_authority(rest.strip_suffix('/').unwrap_or(rest), "80")?;
        Some(Self {
            host: host.to_ascii_lowercase(),
            port,
        })
    }

    /// Connects to a host through the proxy.
    ///
    /// # Errors
    /// See [`HttpProxyError`]; it takes no longer than seven seconds.
    pub async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, HttpProxyError> {
        let reaching = TcpStream::connect((self.host.as_str(), self.port));
        let mut stream = timeout(REACH, reaching)
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(HttpProxyError::Unreachable)?;
        let target = authority(host, port);
        timeout(ANSWER, open_tunnel(&mut stream, &target))
            .await
            .unwrap_or(Err(HttpProxyError::Beyond))?;
        Ok(stream)
    }
}

impl fmt::Display for HttpProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", authority(&self.host, self.port))
    }
}

async fn open_tunnel(stream: &mut TcpStream, target: &str) -> Result<(), HttpProxyError> {
    let request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
    let asked = stream.write_all(request.as_bytes()).await;
    asked.map_err(|_| HttpProxyError::NotAProxy)?;
    let mut answer = Vec::new();
    let mut byte = [0];
    // Byte by byte, so that nothing of what follows is taken; it is a line or two.
    while !answer.ends_with(b"\r\n\r\n") {
        let read = stream.read(&mut byte).await;
        if !matches!(read, Ok(1)) || answer.len() == LONGEST {
            return Err(HttpProxyError::NotAProxy);
        }
        answer.push(byte[0]);
    }
    match read_status(&answer) {
        Some(200..=299) => Ok(()),
        // What a proxy says that finds no name, no route or no answer.
        Some(502..=504) => Err(HttpProxyError::Beyond),
        Some(status) => Err(HttpProxyError::Refused(status)),
        None => Err(HttpProxyError::NotAProxy),
    }
}

/// The status of `HTTP/1.x NNN reason`.
fn read_status(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\r').next()?;
    let rest = std::str::from_utf8(line.strip_prefix(b"HTTP/1.")?.get(1..)?).ok()?;
    let code = rest.strip_prefix(' ')?.get(..3)?;
    code.parse().ok().filter(|code| (100..600).contains(code))
}

fn authority(host: &str, port: u16) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

/// Reads `host[:port]`, where a literal IPv6 address has its brackets and loses them.
pub(crate) fn read_authority<'a>(text: &'a str, usual: &'a str) -> Option<(&'a str, u16)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, tail) = rest.split_once(']')?;
            (
                host,
                tail.strip_prefix(':')
                    .or(tail.is_empty().then_some(usual))?,
            )
        }
        None => text.split_once(':').unwrap_or((text, usual)),
    };
    let port = port.parse().ok().filter(|port| *port != 0)?;
    ServerName::try_from(host).ok()?;
    Some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[test]
    fn addresses_are_read_and_passwords_are_not_taken() {
        for (text, full) in [
            ("proxy.example.cn:3128", "http://proxy.example.cn:3128"),
            (" HTTP://Proxy.example.cn/ ", "http://proxy.example.cn:80"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(HttpProxy::parse(text).unwrap().to_string(), full);
        }
        for text in [
            "",
            "https://proxy.example.cn",
            "socks5://proxy.example.cn",
            "http://user:secret@proxy.example.cn:3128",
            "proxy.example.cn:0",
            "proxy.example.cn:3128/path",
            "a b",
        ] {
            assert_eq!(HttpProxy::parse(text), None, "{text:?}");
        }
    }

    /// A proxy that says one thing, whatever it is asked.
    async fn saying(answer: &'static [u8]) -> Result<TcpStream, HttpProxyError> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let speaker = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = [0; 1_024];
            let count = stream.read(&mut asked).await.unwrap();
            stream.write_all(answer).await.unwrap();
            String::from_utf8(asked[..count].to_vec()).unwrap()
        });
        let proxy = HttpProxy::parse(&format!("127.0.0.1:{port}")).unwrap();
        let way = proxy.connect("::1", 443).await;
        let asked = speaker.await.unwrap();
        assert!(asked.starts_with("CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n"));
        way
    }

    #[tokio::test]
    async fn what_a_proxy_says_is_understood_and_nothing_after_it_is_taken() {
        let mut way = saying(b"HTTP/1.1 200 OK\r\nVia: x\r\n\r\nTLS")
            .await
            .unwrap();
        let mut rest = String::new();
        way.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "TLS");

        let wants_password = saying(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
        assert!(matches!(wants_password, Err(HttpProxyError::Refused(407))));
        let beyond = saying(b"HTTP/1.0 502 Bad Gateway\r\n\r\n").await;
        assert!(matches!(beyond, Err(HttpProxyError::Beyond)));
        for nonsense in [
            b"SSH-2.0-OpenSSH_9.2\r\n\r\n".as_slice(),
            b"HTTP/1.1 banana\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n",
            b"",
        ] {
            let refused = saying(nonsense).await;
            assert!(
                matches!(refused, Err(HttpProxyError::NotAProxy)),
                "{nonsense:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_proxy_that_is_not_there_is_told_from_what_lies_beyond() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let proxy = HttpProxy::parse(&format!("127.0.0.1:{port}")).unwrap();
        let refused = proxy.connect("127.0.0.1", 443).await;
        assert!(matches!(refused, Err(HttpProxyError::Unreachable(_))));
    }
}
