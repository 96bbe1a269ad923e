//! An agent's presence, and what they say to an offer.

use crate::{
    App,
    http::{ApiFailure, Json, Path},
    identity::Signed,
};
use axum::{extract::State, http::StatusCode};
use seatline_contract::{
    error::ApiError,
    id::OfferId,
    presence::{PresenceChoice, PresenceState, SetPresence},
};

/// Longest id of a reason.
const LONGEST_REASON: usize = 40;

/// Sets one's presence; while busy, what follows.
#[utoipa::path(
    put, path = "/api/v1/presence", tag = "calls", request_body = SetPresence,
    responses(
        (status = 200, body = PresenceState),
        (status = 409, body = ApiError, description = "the line is not registered"),
        (status = 422, body = ApiError),
    ),
)]
pub(super) async fn set_presence(
    State(app): State<App>,
    signed: Signed,
    Json(request): Json<SetPresence>,
) -> Result<Json<PresenceState>, ApiFailure> {
    if let PresenceChoice::NotReady { reason } = &request.choice
        && (reason.trim().is_empty() || reason.len() > LONGEST_REASON)
    {
        return Err(ApiFailure::field("choice.reason", "1 to 40 characters"));
    }
    let inner = app.calls.running()?;
    Ok(Json(inner.choose(signed.agent(), request.choice)?))
}

/// Declines an offer; it goes back to the head of the queue.
#[utoipa::path(
    post, path = "/api/v1/offers/{id}/decline", tag = "calls",
    params(("id" = OfferId, Path)),
    responses((status = 204), (status = 409, body = ApiError, description = "it is over")),
)]
pub(super) async fn decline_offer(
    State(app): State<App>,
    signed: Signed,
    Path(offer): Path<OfferId>,
) -> Result<StatusCode, ApiFailure> {
    app.calls.running()?.decline(signed.agent(), offer)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes what knocks during a conversation, and lets the present customer wait.
#[utoipa::path(
    post, path = "/api/v1/offers/{id}/take", tag = "calls",
    params(("id" = OfferId, Path)),
    responses(
        (status = 204),
        (status = 409, body = ApiError, description = "it does not knock, or others are in the call"),
    ),
)]
pub(super) async fn take_offer(
    State(app): State<App>,
    signed: Signed,
    Path(offer): Path<OfferId>,
) -> Result<StatusCode, ApiFailure> {
    app.calls.running()?.take(signed.agent(), offer)?;
    Ok(StatusCode::NO_CONTENT)
}
