//! Joins an accepted WebSocket to the signalling.

use axum::extract::ws::{Message, WebSocket};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use seatline_sip::{WebSocketFrame, WebSocketPipe};
use tokio::sync::mpsc;

/// Frames kept for a side that is slow, before it is cut off.
const BACKLOG: usize = 256;

/// Turns the socket into a pair of channels and serves them until either side ends.
pub(super) fn pipe(socket: WebSocket) -> WebSocketPipe {
    let (to_switch, incoming) = mpsc::channel(BACKLOG);
    let (outgoing, mut from_switch) = mpsc::channel::<String>(BACKLOG);
    let (mut sink, mut stream) = socket.split();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                frame = stream.next() => {
                    let frame = match frame {
                        Some(Ok(Message::Text(text))) => WebSocketFrame::Message(Bytes::from(text)),
                        Some(Ok(Message::Binary(bytes))) => WebSocketFrame::Message(bytes),
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => WebSocketFrame::Alive,
                        Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                    };
                    if to_switch.send(frame).await.is_err() {
                        break;
                    }
                }
                text = from_switch.recv() => {
                    let Some(text) = text else { break };
                    if sink.send(Message::Text(text.into())).await.is_err() {
                        break;
                    }
                }
            }
        }
        // The far side may be gone already; then there is nobody to say good-bye to.
        let _ = sink.close().await;
    });
    WebSocketPipe { incoming, outgoing }
}
