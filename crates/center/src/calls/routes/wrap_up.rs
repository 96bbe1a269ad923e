//! After-contact work.

use super::super::store;
use crate::{
    App,
    http::{ApiFailure, Json, Path},
    identity::Signed,
};
use axum::extract::State;
use seatline_contract::{
    contact::{Contact, ExtendWrapUp, WrapUp},
    error::ApiError,
    id::ContactId,
};

/// Longest note, in characters.
const LONGEST_NOTE: usize = 20_000;
/// Longest id of a disposition.
const LONGEST_DISPOSITION: usize = 40;

/// Saves note and disposition, also while the contact goes on, and ends wrap-up if `done`. Notes
/// that arrive after wrap-up ended are kept too.
#[utoipa::path(
    put, path = "/api/v1/contacts/{id}/wrap-up", tag = "calls", request_body = WrapUp,
    params(("id" = ContactId, Path)),
    responses(
        (status = 200, body = Contact),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "a disposition is required, or the call goes on"),
        (status = 422, body = ApiError),
    ),
)]
pub(super) async fn save_wrap_up(
    State(app): State<App>,
    signed: Signed,
    Path(contact): Path<ContactId>,
    Json(request): Json<WrapUp>,
) -> Result<Json<Contact>, ApiFailure> {
    if request.note.chars().count() > LONGEST_NOTE {
        return Err(ApiFailure::field("note", "more than 20,000 characters"));
    }
    if let Some(disposition) = &request.disposition
        && (disposition.is_empty() || disposition.len() > LONGEST_DISPOSITION)
    {
        return Err(ApiFailure::field("disposition", "1 to 40 characters"));
    }
    let inner = app.calls.running()?;
    if let Some(contact) = inner.wrap_up(signed.agent(), contact, request).await? {
        return Ok(Json(contact));
    }
    Ok(Json(store::show(&app, contact, signed.person.role).await?))
}

/// Gives oneself more time.
#[utoipa::path(
    post, path = "/api/v1/contacts/{id}/wrap-up/extend", tag = "calls",
    request_body = ExtendWrapUp, params(("id" = ContactId, Path)),
    responses(
        (status = 200, body = Contact),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError),
        (status = 422, body = ApiError),
    ),
)]
pub(super) async fn extend_wrap_up(
    State(app): State<App>,
    signed: Signed,
    Path(contact): Path<ContactId>,
    Json(request): Json<ExtendWrapUp>,
) -> Result<Json<Contact>, ApiFailure> {
    if !(1..=600).contains(&request.seconds) {
        return Err(ApiFailure::field("seconds", "1 to 600"));
    }
    let inner = app.calls.running()?;
    Ok(Json(inner.extend(
        signed.agent(),
        contact,
        request.seconds,
    )?))
}
