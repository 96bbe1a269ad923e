//! What an agent does with a call.

use crate::{
    App,
    http::{ApiFailure, Json, Path},
    identity::Signed,
};
use axum::{extract::State, http::StatusCode};
use seatline_contract::{
    error::ApiError,
    id::{ContactId, PartyId},
    party::{CompleteTransfer, EditParty, Reach},
};

/// Rings somebody while everybody else hears music.
#[utoipa::path(
    post, path = "/api/v1/contacts/{id}/consult", tag = "calls", request_body = Reach,
    params(("id" = ContactId, Path)),
    responses(
        (status = 204),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "nobody to ring, the conference is full, or the call is not connected"),
        (status = 422, body = ApiError),
    ),
)]
pub(super) async fn consult(
    State(app): State<App>,
    signed: Signed,
    Path(contact): Path<ContactId>,
    Json(reach): Json<Reach>,
) -> Result<StatusCode, ApiFailure> {
    let calls = app.calls.running()?;
    calls.consult(signed.agent(), contact, reach).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Hands the customer over without a word to the other; if nobody takes the call it comes back.
#[utoipa::path(
    post, path = "/api/v1/contacts/{id}/transfer", tag = "calls", request_body = Reach,
    params(("id" = ContactId, Path)),
    responses(
        (status = 204),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "nobody to ring, or others are in the call"),
        (status = 422, body = ApiError),
    ),
)]
pub(super) async fn transfer(
    State(app): State<App>,
    signed: Signed,
    Path(contact): Path<ContactId>,
    Json(reach): Json<Reach>,
) -> Result<StatusCode, ApiFailure> {
    let calls = app.calls.running()?;
    calls.transfer(signed.agent(), contact, reach).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Leaves the customer with whoever was consulted, or waiting for their answer.
#[utoipa::path(
    post, path = "/api/v1/contacts/{id}/transfer/complete", tag = "calls",
    request_body = CompleteTransfer, params(("id" = ContactId, Path)),
    responses(
        (status = 204),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "there is nobody to leave the customer with"),
        (status = 422, body = ApiError),
    ),
)]
pub(super) async fn complete_transfer(
    State(app): State<App>,
    signed: Signed,
    Path(contact): Path<ContactId>,
    Json(completion): Json<CompleteTransfer>,
) -> Result<StatusCode, ApiFailure> {
    let calls = app.calls.running()?;
    calls.complete(signed.agent(), contact, completion)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Talks to those on hold, and holds the others.
#[utoipa::path(
    post, path = "/api/v1/contacts/{id}/swap", tag = "calls", params(("id" = ContactId, Path)),
    responses(
        (status = 204),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "there are no two lines"),
    ),
)]
pub(super) async fn swap(
    State(app): State<App>,
    signed: Signed,
    Path(contact): Path<ContactId>,
) -> Result<StatusCode, ApiFailure> {
    app.calls.running()?.swap(signed.agent(), contact)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets everybody hear each other.
#[utoipa::path(
    post, path = "/api/v1/contacts/{id}/merge", tag = "calls", params(("id" = ContactId, Path)),
    responses(
        (status = 204),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "there are no two lines"),
    ),
)]
pub(super) async fn merge(
    State(app): State<App>,
    signed: Signed,
    Path(contact): Path<ContactId>,
) -> Result<StatusCode, ApiFailure> {
    app.calls.running()?.merge(signed.agent(), contact)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Leaves a conference or consultation; the others talk on.
#[utoipa::path(
    post, path = "/api/v1/contacts/{id}/leave", tag = "calls", params(("id" = ContactId, Path)),
    responses(
        (status = 204),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "the others would be alone"),
    ),
)]
pub(super) async fn leave(
    State(app): State<App>,
    signed: Signed,
    Path(contact): Path<ContactId>,
) -> Result<StatusCode, ApiFailure> {
    app.calls.running()?.leave(signed.agent(), contact)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Holds or mutes one party.
#[utoipa::path(
    patch, path = "/api/v1/contacts/{id}/parties/{party}", tag = "calls", request_body = EditParty,
    params(("id" = ContactId, Path), ("party" = PartyId, Path)),
    responses(
        (status = 204),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "the party has not answered"),
    ),
)]
pub(super) async fn edit_party(
    State(app): State<App>,
    signed: Signed,
    Path((contact, party)): Path<(ContactId, PartyId)>,
    Json(edit): Json<EditParty>,
) -> Result<StatusCode, ApiFailure> {
    let calls = app.calls.running()?;
    calls.edit_party(signed.agent(), contact, party, edit)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends one party's call.
#[utoipa::path(
    delete, path = "/api/v1/contacts/{id}/parties/{party}", tag = "calls",
    params(("id" = ContactId, Path), ("party" = PartyId, Path)),
    responses(
        (status = 204),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError),
    ),
)]
pub(super) async fn drop_party(
    State(app): State<App>,
    signed: Signed,
    Path((contact, party)): Path<(ContactId, PartyId)>,
) -> Result<StatusCode, ApiFailure> {
    let calls = app.calls.running()?;
    calls.drop_party(signed.agent(), contact, party)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets the customer hear music until anybody picks up.
#[utoipa::path(
    post, path = "/api/v1/contacts/{id}/park", tag = "calls", params(("id" = ContactId, Path)),
    responses(
        (status = 204),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "others are in the call"),
    ),
)]
pub(super) async fn park(
    State(app): State<App>,
    signed: Signed,
    Path(contact): Path<ContactId>,
) -> Result<StatusCode, ApiFailure> {
    app.calls.running()?.park(signed.agent(), contact)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a parked customer: the desk is rung and answers by itself.
#[utoipa::path(
    post, path = "/api/v1/parked/{slot}/pick-up", tag = "calls",
    params(("slot" = u32, Path, description = "the place")),
    responses(
        (status = 204),
        (status = 404, body = ApiError, description = "somebody was faster"),
        (status = 409, body = ApiError, description = "in a call already, or without a line"),
    ),
)]
pub(super) async fn pick_up(
    State(app): State<App>,
    signed: Signed,
    Path(slot): Path<u32>,
) -> Result<StatusCode, ApiFailure> {
    app.calls.running()?.pick_up(signed.agent(), slot).await?;
    Ok(StatusCode::NO_CONTENT)
}
