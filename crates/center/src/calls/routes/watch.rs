//! What a supervisor does with an agent's call.

use crate::{
    App,
    http::{ApiFailure, Json, Path},
    identity::Signed,
    supervision,
};
use axum::{extract::State, http::StatusCode};
use seatline_contract::{
    error::ApiError,
    id::ContactId,
    identity::Role,
    supervision::{Watch, WatchMode},
};

/// Joins an agent's call, or changes how one is in it (supervisors of the team). The desk is rung
/// and answers by itself.
#[utoipa::path(
    put, path = "/api/v1/contacts/{id}/watch", tag = "supervision", request_body = Watch,
    params(("id" = ContactId, Path)),
    responses(
        (status = 204),
        (status = 403, body = ApiError),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "in a call of one's own, without a line, or there is no conversation"),
    ),
)]
pub(super) async fn watch(
    State(app): State<App>,
    signed: Signed,
    Path(contact): Path<ContactId>,
    Json(watch): Json<Watch>,
) -> Result<StatusCode, ApiFailure> {
    signed.require(Role::Supervisor)?;
    let calls = app.calls.running()?;
    calls.watch(&signed.person, contact, watch.mode)?;
    if watch.mode == WatchMode::Coach {
        supervision::answered_by(&app, &signed.person, contact).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Leaves an agent's call; agent and customer talk on.
#[utoipa::path(
    delete, path = "/api/v1/contacts/{id}/watch", tag = "supervision",
    params(("id" = ContactId, Path)),
    responses((status = 204), (status = 404, body = ApiError)),
)]
pub(super) async fn stop_watching(
    State(app): State<App>,
    signed: Signed,
    Path(contact): Path<ContactId>,
) -> Result<StatusCode, ApiFailure> {
    app.calls
        .running()?
        .stop_watching(signed.agent(), contact)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Becomes the call's agent; the one before finishes notes (supervisors of the team).
#[utoipa::path(
    post, path = "/api/v1/contacts/{id}/take-over", tag = "supervision",
    params(("id" = ContactId, Path)),
    responses(
        (status = 204),
        (status = 403, body = ApiError),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "in a call of one's own, without a line, or there is no conversation"),
    ),
)]
pub(super) async fn take_over(
    State(app): State<App>,
    signed: Signed,
    Path(contact): Path<ContactId>,
) -> Result<StatusCode, ApiFailure> {
    signed.require(Role::Supervisor)?;
    app.calls.running()?.take_over(&signed.person, contact)?;
    Ok(StatusCode::NO_CONTENT)
}
