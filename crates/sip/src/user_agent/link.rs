//! One connection to the switch: TCP, TLS, WebSocket, and the probes that tell whether it still works.

use std::{io, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use rustls::{CertificateError, pki_types::ServerName};
use tokio::{
    net::TcpStream,
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Error, Message, client::IntoClientRequest as _, http::HeaderValue,
        protocol::WebSocketConfig,
    },
};

use super::LinkFailure;
use crate::{
    http_proxy::{HttpProxy, read_authority},
    message::LARGEST,
};

/// How long a connection may take from the first packet to the open WebSocket.
const CONNECT_PATIENCE: Duration = Duration::from_secs(8);
/// Messages that may wait for the network.
pub(super) const MOST_WAITING: usize = 256;

/// Where the switch is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    host: String,
    port: u16,
    url: String,
}

impl Place {
    /// Reads `wss://host[:port][/path]`.
    pub(super) fn parse(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("wss://")?;
        let end = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let fit = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '#' | '\\');
        if authority.contains('@') || !url.chars().all(fit) {
            return None;
        }
        let (host, port) = read_authority(authority, "443")?;
        let path = if path.is_empty() { "/" } else { path };
        Some(Self {
            host: host.to_owned(),
            port,
            url: format!("wss://{authority}{path}"),
        })
    }
}

/// An open connection.
pub(super) struct Link {
    stream: WebSocketStream<TlsStream<TcpStream>>,
    pub(super) peer: std::net::SocketAddr,
}

/// Connects. Nothing is sent yet.
pub(super) async fn connect(
    place: Place,
    tls: Arc<rustls::ClientConfig>,
    proxy: Option<HttpProxy>,
) -> Result<Link, LinkFailure> {
    timeout(CONNECT_PATIENCE, try_connect(place, tls, proxy))
        .await
        .unwrap_or(Err(LinkFailure::Unreachable))
}

async fn try_connect(
    place: Place,
    tls: Arc<rustls::ClientConfig>,
    proxy: Option<HttpProxy>,
) -> Result<Link, LinkFailure> {
    let stream = match proxy {
        Some(proxy) => proxy.connect(&place.host, place.port).await.ok(),
        None => TcpStream::connect((place.host.as_str(), place.port))
            .await
            .ok(),
    };
    let stream = stream.ok_or(LinkFailure::Unreachable)?;
    let peer = stream.peer_addr().map_err(|_| LinkFailure::Unreachable)?;
    // Without it small messages wait for the acknowledgement of earlier ones.
    stream
        .set_nodelay(true)
        .map_err(|_| LinkFailure::Unreachable)?;
    let mut tls = Arc::unwrap_or_clone(tls);
    // A WebSocket can not be opened over HTTP/2 here, whatever the caller's other connections speak.
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    let name = ServerName::try_from(place.host).map_err(|_| LinkFailure::Unreachable)?;
    let stream = TlsConnector::from(Arc::new(tls))
        .connect(name, stream)
        .await
        .map_err(|error| tls_failure(&error))?;
    let mut request = place
        .url
        .into_client_request()
        .map_err(|_| LinkFailure::NotASwitch)?;
    let protocol = HeaderValue::from_static("sip");
    request
        .headers_mut()
        .insert("Sec-WebSocket-Protocol", protocol);
    let limits = WebSocketConfig::default()
        .max_message_size(Some(LARGEST))
        .max_frame_size(Some(LARGEST));
    let (stream, _) = client_async_with_config(request, stream, Some(limits))
        .await
        .map_err(|error| match error {
            Error::Io(_) | Error::Tls(_) | Error::ConnectionClosed => LinkFailure::Closed,
            _ => LinkFailure::NotASwitch,
        })?;
    Ok(Link { stream, peer })
}

fn tls_failure(error: &io::Error) -> LinkFailure {
    let inner = error
        .get_ref()
        .and_then(|e| e.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        )) => LinkFailure::CertificateTime,
        Some(rustls::Error::InvalidCertificate(_)) => LinkFailure::CertificateUntrusted,
        Some(_) => LinkFailure::NoTls,
        None => LinkFailure::Closed,
    }
}

/// Carries messages both ways until the connection ends, and tells why it did.
pub(super) async fn carry(
    link: Link,
    mut outgoing: mpsc::Receiver<String>,
    incoming: mpsc::Sender<Bytes>,
    probe_every: Duration,
) -> LinkFailure {
    let (mut writing, mut reading) = link.stream.split();
    let mut probes = interval(probe_every);
    probes.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = Instant::now();
    loop {
        // In this order: after a stall or a sleep, what has come meanwhile is heard before the
        // silence is judged.
        let frame = tokio::select! {
            biased;
            wire = outgoing.recv() => match wire {
                Some(wire) => Message::text(wire),
                // The user agent wants no more of this connection.
                None => {
                    // Closing politely is only tried: the peer may be gone.
                    let _ = timeout(Duration::from_millis(500), writing.close()).await;
                    return LinkFailure::Asked;
                }
            },
            frame = reading.next() => {
                heard = Instant::now();
                let bytes = match frame {
                    Some(Ok(Message::Text(text))) => Bytes::from(text),
                    Some(Ok(Message::Binary(bytes))) => bytes,
                    Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return LinkFailure::Closed,
                };
                if incoming.send(bytes).await.is_err() {
                    return LinkFailure::Asked;
                }
                continue;
            }
            _ = probes.tick() => {
                if heard.elapsed() > probe_every * 2 {
                    return LinkFailure::Silent;
                }
                Message::Ping(Bytes::new())
            }
        };
        match timeout(probe_every * 2, writing.send(frame)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return LinkFailure::Closed,
            Err(_) => return LinkFailure::Silent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_where_the_switch_is() {
        let place = Place::parse("wss://pbx.example.com/sip").unwrap();
        assert_eq!((place.host.as_str(), place.port), ("pbx.example.com", 443));
        let place = Place::parse("wss://[::1]:8443").unwrap();
        assert_eq!((place.host.as_str(), place.port), ("::1", 8443));
        assert_eq!(place.url, "wss://[::1]:8443/");
        for url in [
            "ws://h/",
            "wss://",
            "wss://h:0/",
            "wss://h:x/",
            "wss://u@h/",
            "wss://h/\r\nX",
            "wss://h h/",
        ] {
            assert_eq!(Place::parse(url), None, "{url:?}");
        }
    }
}
