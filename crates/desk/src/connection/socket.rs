//! The event socket: one connection, from its opening to its end.

use super::client::Client;
use crate::{
    board::Board,
    failure::{DeskCode, Failure},
    live::Wanted,
};
use futures_util::{SinkExt, StreamExt};
use rustls::pki_types::ServerName;
use seatline_contract::{
    error::{ApiError, Code},
    event::{BEAT_MS, ClientFrame, LOST_AFTER_MS, ServerFrame},
    supervision::LineQuality,
};
use std::time::Duration;
use tokio::{
    net::TcpStream,
    sync::watch,
    time::{Instant, MissedTickBehavior, interval, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{self, Message, client::IntoClientRequest, http::HeaderValue},
};

/// How long opening may take in all.
const OPEN: Duration = Duration::from_secs(8);

/// The centre's close code for a session that is over.
const SIGNED_OUT: u16 = 4001;

/// One open event socket.
pub(crate) struct EventSocket {
    stream: WebSocketStream<TlsStream<TcpStream>>,
}

/// Opens a WebSocket of the centre's, with one header more than usual.
async fn upgrade(
    client: &Client,
    path: &str,
    header: &'static str,
    value: HeaderValue,
) -> Result<WebSocketStream<TlsStream<TcpStream>>, Failure> {
    let address = client.address();
    let tcp = client.connect().await?;
    // Small frames must not wait for one another.
    tcp.set_nodelay(true)
        .map_err(|error| client.explain(&error))?;
    let name = ServerName::try_from(address.host().to_owned())
        .map_err(|_| Failure::new(DeskCode::BadAddress).about(address.host()))?;
    let tls = TlsConnector::from(client.tls())
        .connect(name, tcp)
        .await
        .map_err(|error| client.explain(&error))?;
    let mut request = format!("wss://{}{path}", address.authority())
        .into_client_request()
        .map_err(|error| Failure::new(DeskCode::Internal).detail(error.to_string()))?;
    request.headers_mut().insert(header, value);
    let opened = client_async(request, tls).await;
    opened
        .map(|(stream, _)| stream)
        .map_err(|error| explain(client, &error))
}

/// Tries whether a WebSocket of a sub-protocol can be opened, and closes it again.
///
/// # Errors
/// The connection's codes.
pub(crate) async fn knock(
    client: &Client,
    path: &str,
    protocol: &'static str,
) -> Result<(), Failure> {
    let value = HeaderValue::from_static(protocol);
    let opening = upgrade(client, path, "sec-websocket-protocol", value);
    match timeout(OPEN, opening).await {
        Ok(opened) => opened.map(drop),
        Err(_) => Err(silent(client)),
    }
}

fn silent(client: &Client) -> Failure {
    Failure::new(DeskCode::CentreUnreachable)
        .about(client.address().authority())
        .detail("no answer in time")
}

/// How a socket ended.
pub(crate) enum End {
    /// The connection is gone; a new one may work.
    Lost(Failure),
    /// The session is over.
    SessionOver,
}

impl EventSocket {
    /// Connects and says hello.
    ///
    /// # Errors
    /// The connection's codes.
    pub(crate) async fn open(client: &Client) -> Result<Self, Failure> {
        match timeout(OPEN, Self::connect(client)).await {
            Ok(opened) => opened,
            Err(_) => Err(silent(client)),
        }
    }

    async fn connect(client: &Client) -> Result<Self, Failure> {
        let token = client
            .token()
            .ok_or_else(|| Failure::new(DeskCode::NotSignedIn))?;
        let internal = |detail: String| Failure::new(DeskCode::Internal).detail(detail);
        let bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
            .map_err(|error| internal(error.to_string()))?;
        let mut stream = upgrade(client, "/api/v1/events", "authorization", bearer).await?;
        let hello = serde_json::to_string(&ClientFrame::Hello { token })
            .map_err(|error| internal(error.to_string()))?;
        stream
            .send(Message::text(hello))
            .await
            .map_err(|error| explain(client, &error))?;
        Ok(Self { stream })
    }

    async fn resync(&mut self) {
        self.say(&ClientFrame::Resync).await;
    }

    /// Reads frames until the connection ends, and keeps it alive meanwhile. `take` returns true
    /// when a snapshot must be asked for.
    pub(crate) async fn run(
        mut self,
        client: &Client,
        board: &Board,
        mut wanted: watch::Receiver<Wanted>,
        mut take: impl FnMut(ServerFrame) -> bool,
    ) -> End {
        if *wanted.borrow_and_update() != Wanted::default() {
            let frame = wanted.borrow().frame();
            self.say(&frame).await;
        }
        let mut quality = interval(Duration::from_secs(1));
        quality.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told = None;
        let mut beat = interval(Duration::from_millis(BEAT_MS));
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        let lost = |detail: &str| {
            End::Lost(
                Failure::new(DeskCode::CentreUnreachable)
                    .about(client.address().authority())
                    .detail(detail),
            )
        };
        loop {
            // In this order: after a stall or a sleep, what has come meanwhile is heard before the
            // silence is judged.
            tokio::select! {
                biased;
                Ok(()) = wanted.changed() => {
                    let frame = wanted.borrow_and_update().frame();
                    self.say(&frame).await;
                }
                _ = quality.tick() => {
                    let now = line_quality(board);
                    if let Some(quality) = now.filter(|_| now != told) {
                        self.say(&ClientFrame::Quality { quality }).await;
                    }
                    told = now;
                }
                message = self.stream.next() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(Message::Text(text))) => {
                            match serde_json::from_str::<ServerFrame>(&text) {
                                Ok(frame) => {
                                    if take(frame) {
                                        self.resync().await;
                                    }
                                }
                                Err(error) => {
                                    tracing::warn!(%error, "an event cannot be read");
                                    self.resync().await;
                                }
                            }
                        }
                        Some(Ok(Message::Close(Some(close))))
                            if u16::from(close.code) == SIGNED_OUT =>
                        {
                            return End::SessionOver;
                        }
                        Some(Ok(Message::Close(_))) | None => return lost("closed"),
                        Some(Ok(_)) => {}
                        Some(Err(error)) => return End::Lost(explain(client, &error)),
                    }
                }
                _ = beat.tick() => {
                    if heard.elapsed() > Duration::from_millis(LOST_AFTER_MS) {
                        return lost("the centre is silent");
                    }
                    self.say(&ClientFrame::Beat).await;
                }
            }
        }
    }

    async fn say(&mut self, frame: &ClientFrame) {
        let Ok(text) = serde_json::to_string(frame) else {
            return;
        };
        // A failed send shows as the end of the stream.
        let _ = timeout(OPEN, self.stream.send(Message::text(text))).await;
    }
}

/// How good the line of the present call is, for supervisors.
fn line_quality(board: &Board) -> Option<LineQuality> {
    let view = board.view();
    let quality = view.call.as_ref()?.quality.as_ref()?;
    Some(LineQuality {
        mos: quality.mos,
        loss_percent: quality.loss_percent,
        round_trip_ms: quality.round_trip_ms.map(|ms| ms as u32),
    })
}

fn explain(client: &Client, error: &tungstenite::Error) -> Failure {
    match error {
        tungstenite::Error::Http(response) if response.status().as_u16() == 401 => {
            ApiError::new(Code::SessionEnded).into()
        }
        tungstenite::Error::Http(response) if response.status().is_server_error() => {
            ApiError::new(Code::Unavailable).into()
        }
        tungstenite::Error::Http(response) => Failure::new(DeskCode::NotACentre)
            .about(client.address().authority())
            .detail(format!("status {}", response.status())),
        error => client.explain(error),
    }
}
