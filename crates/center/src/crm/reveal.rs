//! Showing masked numbers in full for a minute, on the record.

use super::find;
use crate::{
    App,
    compliance::audit,
    http::{ApiFailure, Json, NotKept, Path, field},
    identity::Signed,
};
use axum::{Extension, extract::State};
use seatline_contract::{
    customer::{Reveal, Revealed},
    error::{ApiError, Code},
    id::CustomerId,
    secret::PhoneNumber,
};

/// How long the desk shows them, in milliseconds.
const SHOWN_MS: i64 = 60_000;

/// Shows a customer's numbers in full for a minute. Who, when and why is recorded first.
#[utoipa::path(
    post, path = "/api/v1/customers/{id}/reveal", tag = "customers", request_body = Reveal,
    params(("id" = CustomerId, Path)),
    responses(
        (status = 200, body = Revealed),
        (status = 404, body = ApiError),
        (status = 422, body = ApiError, description = "no reason given"),
    ),
)]
pub(super) async fn reveal_numbers(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<CustomerId>,
    Json(request): Json<Reveal>,
) -> Result<(Extension<NotKept>, Json<Revealed>), ApiFailure> {
    let reason = field::required("reason", &request.reason, 200)?;
    if reason.chars().count() < 2 {
        return Err(ApiFailure::field("reason", "shorter than 2 characters"));
    }
    let now = app.clock.now();
    let transaction = app.store.begin().await?;
    if !find::exists(&transaction, id).await? {
        return Err(Code::NotFound.into());
    }
    let object = id.to_string();
    let who = signed.agent();
    audit::record(&transaction, now, who, "numbers_revealed", &object, &reason).await?;
    let numbers = find::numbers(&transaction, id).await?;
    transaction.commit().await?;
    let revealed = Revealed {
        numbers: numbers.into_iter().map(PhoneNumber::new).collect(),
        until: now.plus(SHOWN_MS),
    };
    Ok((Extension(NotKept), Json(revealed)))
}
