//! Extractors whose refusals are [`ApiFailure`]s.

use super::ApiFailure;
use axum::{
    extract::{FromRequest, FromRequestParts},
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// A JSON body, or a JSON answer.
#[derive(Debug, Clone, Copy, FromRequest)]
#[from_request(via(axum::Json), rejection(ApiFailure))]
pub struct Json<T>(pub T);

/// Parameters of the path.
#[derive(Debug, Clone, Copy, FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(ApiFailure))]
pub struct Path<T>(pub T);

/// Parameters after the question mark.
#[derive(Debug, Clone, Copy, FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(ApiFailure))]
pub struct Query<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}
