//! One desk's event socket.

use super::hub::Attached;
use crate::{
    App, directory,
    http::{ApiFailure, origin},
    identity::{Signed, find_signed},
    supervision,
};
use axum::{
    extract::{
        State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    },
    http::HeaderMap,
    response::Response,
};
use seatline_contract::{
    error::Code,
    event::{ClientFrame, ServerFrame, Snapshot},
    identity::Role,
    secret::Secret,
};
use std::time::Duration;

/// Largest frame a desk may send, in bytes.
const LARGEST_FRAME: usize = 64 * 1024;
/// How long a frame may take to leave before the desk is cut off.
const SEND_WITHIN: Duration = Duration::from_secs(10);

/// Why the centre closes a socket, as WebSocket close codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Close {
    /// The session is over; a `SignedOut` frame came before, or the token is not valid.
    SignedOut = 4001,
    /// No `Hello` came in time.
    NoHello = 4002,
    /// A frame was not what the contract says.
    Malformed = 4003,
    /// The desk reads too slowly, or opened another connection.
    Behind = 4004,
    /// The state could not be read; try again.
    Unavailable = 1013,
}

/// Takes the upgrade of `GET /api/v1/events`.
pub(crate) async fn open_events(
    State(app): State<App>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiFailure> {
    origin::check(&headers)?;
    Ok(upgrade
        .max_message_size(LARGEST_FRAME)
        .max_frame_size(LARGEST_FRAME)
        .on_upgrade(move |socket| {
            let open = app.sockets.clone();
            open.track_future(hold(app, socket))
        }))
}

/// One connection from its first frame to its last.
async fn hold(app: App, mut socket: WebSocket) {
    let close = match greet(&app, &mut socket).await {
        Ok((token, signed)) => serve(&app, &mut socket, &token, &signed).await,
        Err(close) => Some(close),
    };
    if let Some(close) = close {
        say_goodbye(&mut socket, close).await;
    }
}

/// Waits for the first frame, which must say who it is.
async fn greet(app: &App, socket: &mut WebSocket) -> Result<(Secret, Signed), Close> {
    let within = Duration::from_millis(app.config.events.hello_within_ms.into());
    let frame = tokio::time::timeout(within, receive(socket))
        .await
        .map_err(|_| Close::NoHello)?;
    let Some(Ok(ClientFrame::Hello { token })) = frame else {
        return Err(if frame.is_some() {
            Close::Malformed
        } else {
            Close::NoHello
        });
    };
    let signed = recognise(app, &token).await?;
    Ok((token, signed))
}

async fn recognise(app: &App, token: &Secret) -> Result<Signed, Close> {
    let signed = find_signed(app, Some(token)).await;
    signed.map_err(|failure| {
        if failure.error().code == Code::SessionEnded {
            Close::SignedOut
        } else {
            Close::Unavailable
        }
    })
}

/// Serves a desk until it leaves (`None`) or has to be closed.
async fn serve(
    app: &App,
    socket: &mut WebSocket,
    token: &Secret,
    signed: &Signed,
) -> Option<Close> {
    let agent = signed.agent();
    let mut attached = app.hub.attach(agent, signed.session);
    let connection = attached.connection;
    // A session that ended since the greeting found nobody here to be told.
    if let Err(close) = recognise(app, token).await {
        app.hub.detach(agent, connection);
        return Some(close);
    }
    app.calls.desk_online(agent);
    let close = converse(app, socket, signed, &mut attached).await;
    app.supervision.stop_watching(agent, connection);
    app.hub.detach(agent, connection);
    close
}

async fn converse(
    app: &App,
    socket: &mut WebSocket,
    signed: &Signed,
    attached: &mut Attached,
) -> Option<Close> {
    let agent = signed.agent();
    let mut sent = attached.seq;
    if let Err(close) = send_snapshot(app, socket, signed, sent).await {
        return close;
    }
    loop {
        tokio::select! {
            frame = attached.frames.recv() => {
                let Some(frame) = frame else {
                    return Some(Close::Behind);
                };
                if let ServerFrame::Delta { seq, .. } = frame {
                    sent = seq;
                }
                let over = matches!(frame, ServerFrame::SignedOut { .. });
                if send(socket, &frame).await.is_err() {
                    return None;
                }
                if over {
                    return Some(Close::SignedOut);
                }
            }
            frame = receive(socket) => {
                // That the connection ended is no sign of life.
                let frame = frame?;
                if !app.hub.heard(agent, attached.connection) {
                    return Some(Close::Behind);
                }
                match frame {
                    Err(()) | Ok(ClientFrame::Hello { .. }) => return Some(Close::Malformed),
                    Ok(ClientFrame::Beat) => {
                        let beat = ServerFrame::Beat { now: app.clock.now() };
                        if send(socket, &beat).await.is_err() {
                            return None;
                        }
                    }
                    Ok(ClientFrame::Watch { board, directory }) => {
                        app.supervision
                            .watch(signed, attached.connection, board, directory);
                    }
                    Ok(ClientFrame::Quality { quality }) => {
                        app.supervision.hear_quality(app, agent, quality);
                    }
                    Ok(ClientFrame::Resync) => {
                        app.supervision.watch_anew(agent, attached.connection);
                        if let Err(close) = send_snapshot(app, socket, signed, sent).await {
                            return close;
                        }
                    }
                }
            }
        }
    }
}

/// Sends a snapshot that contains at least every change up to `seq`.
async fn send_snapshot(
    app: &App,
    socket: &mut WebSocket,
    signed: &Signed,
    seq: u64,
) -> Result<(), Option<Close>> {
    let snapshot = build_snapshot(app, signed, seq).await.map_err(|failure| {
        tracing::warn!(?failure, "a snapshot could not be built");
        Some(Close::Unavailable)
    })?;
    let frame = ServerFrame::Snapshot {
        snapshot: Box::new(snapshot),
    };
    send(socket, &frame).await.map_err(|()| None)
}

async fn build_snapshot(app: &App, signed: &Signed, seq: u64) -> Result<Snapshot, ApiFailure> {
    let view = app.calls.snapshot_for(signed.agent()).await?;
    Ok(Snapshot {
        seq,
        now: app.clock.now(),
        me: signed.person.clone(),
        presence: view.presence,
        contacts: view.contacts,
        offer: view.offer,
        queues: view.queues,
        catalog: crate::catalog::read(app).await?,
        watching: view.watching,
        parked: view.parked,
        callbacks: directory::open_callbacks(app, signed).await?,
        helps: supervision::open_helps(app, &signed.person),
        alarms: match signed.person.role {
            Role::Agent => Vec::new(),
            Role::Supervisor | Role::Administrator => app.recordings.alarms(),
        },
    })
}

/// The next frame of the desk: `None` when it is gone, `Err` when it cannot be understood.
async fn receive(socket: &mut WebSocket) -> Option<Result<ClientFrame, ()>> {
    loop {
        return match socket.recv().await? {
            Ok(Message::Text(text)) => Some(serde_json::from_str(&text).map_err(|_| ())),
            Ok(Message::Binary(_)) => Some(Err(())),
            Ok(Message::Ping(_) | Message::Pong(_)) => continue,
            Ok(Message::Close(_)) | Err(_) => None,
        };
    }
}

async fn send(socket: &mut WebSocket, frame: &ServerFrame) -> Result<(), ()> {
    let text = serde_json::to_string(frame).map_err(|_| ())?;
    tokio::time::timeout(SEND_WITHIN, socket.send(Message::text(text)))
        .await
        .map_err(|_| ())?
        .map_err(|_| ())
}

async fn say_goodbye(socket: &mut WebSocket, close: Close) {
    let frame = CloseFrame {
        code: close as u16,
        reason: format!("{close:?}").into(),
    };
    let goodbye = socket.send(Message::Close(Some(frame)));
    // A desk that is gone already cannot be told.
    let _ = tokio::time::timeout(SEND_WITHIN, goodbye).await;
}
