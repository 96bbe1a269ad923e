//! SIP over WebSocket, on the API's own port.

use crate::{App, http::ApiFailure};
use axum::{
    extract::{ConnectInfo, State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    http::HeaderMap,
    response::Response,
};
use seatline_contract::error::Code;
use std::net::SocketAddr;

/// Largest SIP message, in bytes.
const LARGEST_MESSAGE: usize = 64 * 1024;

/// Takes the upgrade of `GET /sip` (RFC 7118). Who it is, the line proves by digest.
pub(crate) async fn open_line(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiFailure> {
    crate::http::origin::check(&headers)?;
    let upgrade = upgrade.map_err(|rejection| {
        ApiFailure::from(Code::MalformedRequest).detail(rejection.body_text())
    })?;
    let upgrade = upgrade
        .protocols(["sip"])
        .max_message_size(LARGEST_MESSAGE)
        .max_frame_size(LARGEST_MESSAGE);
    if upgrade.selected_protocol().is_none() {
        return Err(ApiFailure::from(Code::MalformedRequest).detail("the sub-protocol is `sip`"));
    }
    let embedded = app.calls.embedded.get().cloned().ok_or(Code::Unavailable)?;
    Ok(upgrade.on_upgrade(move |socket| async move {
        embedded.accept_websocket(socket, peer);
    }))
}
