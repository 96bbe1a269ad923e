//! Failures as answers: one stable code, one HTTP status for each code.

use crate::store;
use axum::{
    Json,
    extract::rejection::{JsonRejection, PathRejection, QueryRejection},
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use sea_orm::DbErr;
use seatline_contract::error::{ApiError, Code};

/// Why a request failed, ready to be sent. It is made from an [`ApiError`], a [`Code`] or a
/// database error.
#[derive(Debug)]
pub struct ApiFailure {
    status: StatusCode,
    error: Box<ApiError>,
}

impl ApiFailure {
    /// What the desk is told.
    #[must_use]
    pub fn error(&self) -> &ApiError {
        &self.error
    }

    /// [`Code::InvalidField`] naming the field and what is wrong with it.
    #[must_use]
    pub fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        ApiError::field(field).detail(detail).into()
    }

    /// The same failure with a detail for logs.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.error.detail = detail.into();
        self
    }

    /// The same failure with another status than its code's own.
    #[must_use]
    pub(crate) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The same failure with the seconds after which trying again makes sense.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.error.retry_after_s = Some(seconds);
        self
    }
}

fn status_of(code: Code) -> StatusCode {
    match code {
        Code::WrongCredentials | Code::SessionEnded | Code::SsoRefused => StatusCode::UNAUTHORIZED,
        Code::AccountLocked => StatusCode::LOCKED,
        Code::AccountDisabled
        | Code::Forbidden
        | Code::WrongSetupCode
        | Code::NumberNotAllowed
        | Code::WrongTenant
        | Code::PasswordNotAllowed
        | Code::SsoUnknownPerson => StatusCode::FORBIDDEN,
        Code::NotFound | Code::SsoOff => StatusCode::NOT_FOUND,
        Code::SsoExpired => StatusCode::GONE,
        Code::SsoUnreachable | Code::SsoUntrusted | Code::SsoRejected => StatusCode::BAD_GATEWAY,
        Code::InvalidField | Code::KeyReused | Code::UnplayableNumber => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Code::MalformedRequest => StatusCode::BAD_REQUEST,
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::SignedInElsewhere
        | Code::Conflict
        | Code::DispositionRequired
        | Code::ColleagueUnavailable
        | Code::ConferenceFull
        | Code::LineNotReady => StatusCode::CONFLICT,
        Code::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        Code::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
        Code::NoTrunk | Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<ApiError> for ApiFailure {
    fn from(error: ApiError) -> Self {
        Self {
            status: status_of(error.code),
            error: Box::new(error),
        }
    }
}

impl From<Code> for ApiFailure {
    fn from(code: Code) -> Self {
        ApiError::new(code).into()
    }
}

impl From<DbErr> for ApiFailure {
    fn from(error: DbErr) -> Self {
        if store::is_full(&error) {
            tracing::error!("the database cannot grow: the disk or its limit is full");
            return Self::from(Code::StorageFull).retry_after(30);
        }
        if store::is_conflict(&error) {
            return Code::Conflict.into();
        }
        if let DbErr::ConnectionAcquire(_) = error {
            return Self::from(Code::Unavailable).retry_after(1);
        }
        tracing::error!(%error, "database failure");
        Code::Internal.into()
    }
}

impl From<JsonRejection> for ApiFailure {
    fn from(rejection: JsonRejection) -> Self {
        let code = if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Code::TooLarge
        } else {
            Code::MalformedRequest
        };
        Self::from(code).detail(rejection.body_text())
    }
}

impl From<PathRejection> for ApiFailure {
    fn from(rejection: PathRejection) -> Self {
        Self::from(Code::NotFound).detail(rejection.body_text())
    }
}

impl From<QueryRejection> for ApiFailure {
    fn from(rejection: QueryRejection) -> Self {
        Self::from(Code::MalformedRequest).detail(rejection.body_text())
    }
}

impl IntoResponse for ApiFailure {
    fn into_response(self) -> Response {
        let retry = self.error.retry_after_s;
        let mut response = (self.status, Json(self.error)).into_response();
        if let Some(seconds) = retry {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
