//! Every write happens once, however often it is delivered.
//!
//! ```text
//!                  ┌── success ──▶ done (answer kept for a week, replayed)
//!   new ──▶ in flight
//!                  └── refusal, failure, minutes gone by ──▶ new (a repeat may try again)
//! ```
//!
//! A repeat while in flight is a conflict; the same key for a different write is refused.
//! A write goes on when its sender hangs up: the repeat then gets its answer. One whose end was not
//! written down runs again, which is harmless: creates carry their id and edits carry whole values.

use super::ApiFailure;
use crate::{App, identity::Signed, store::Store};
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequestParts, Request, State},
    http::{Method, StatusCode, header::CONTENT_TYPE, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use sea_orm::{DbErr, EntityTrait, Set, entity::prelude::*, sea_query::OnConflict};
use seatline_contract::{
    IDEMPOTENCY_KEY,
    error::{ApiError, Code},
    id::AgentId,
    time::UnixMs,
};
use std::{panic::AssertUnwindSafe, time::Duration};
use tokio_util::sync::CancellationToken;

/// How long answers are kept, in milliseconds.
const KEPT_MS: i64 = 7 * 24 * 3_600_000;
/// How often older ones are forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(3_600);
/// Longer than any write takes, in milliseconds: what is in flight for so long was not ended in
/// order, and would block its sender for ever.
const LONGEST_FLIGHT_MS: i64 = 5 * 60_000;
/// Largest body of a write, in bytes.
const LARGEST_BODY: usize = 1024 * 1024;
/// Largest answer that is kept, in bytes.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;

mod entity {
    #![expect(
        unreachable_pub,
        reason = "the entity's derive makes public items of it"
    )]
    use sea_orm::entity::prelude::*;

    /// One write; without a status it is in flight.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "writes")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub agent: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub key: Uuid,
        pub fingerprint: String,
        pub status: Option<i32>,
        #[sea_orm(column_type = "Text", nullable)]
        pub answer: Option<String>,
        pub at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Beside a success whose answer only who asked may have, then and never again: it is not kept,
/// and a repeat of the write is a write of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NotKept;

/// Names one write of one person.
#[derive(Debug, Clone, Copy)]
struct Write {
    agent: AgentId,
    key: Uuid,
}

/// Middleware: passes reads through, and each write at most once.
pub(super) async fn write_once(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Result<Response, ApiFailure> {
    if !matches!(
        *request.method(),
        Method::POST | Method::PUT | Method::PATCH
    ) {
        return Ok(next.run(request).await);
    }
    let (mut parts, body) = request.into_parts();
    let signed = Signed::from_request_parts(&mut parts, &app).await?;
    let write = Write {
        agent: signed.agent(),
        key: key_of(&parts)?,
    };
    let body = to_bytes(body, LARGEST_BODY)
        .await
        .map_err(|_| Code::TooLarge)?;
    let fingerprint = fingerprint(&app, &parts, &body);
    if let Some(answer) = begin(&app.store, write, &fingerprint, app.clock.now()).await? {
        return Ok(answer);
    }
    let request = Request::from_parts(parts, Body::from(body));
    // A task of its own, so that the write ends even if the sender has gone.
    let work = tokio::spawn(async move {
        let work = AssertUnwindSafe(next.run(request)).catch_unwind();
        let response = work.await.unwrap_or_else(|_| {
            metrics::counter!("seatline_faults_total").increment(1);
            ApiFailure::from(Code::Internal).into_response()
        });
        finish(&app.store, write, response).await
    });
    work.await.map_err(|_| Code::Internal)?
}

fn key_of(parts: &Parts) -> Result<Uuid, ApiFailure> {
    parts
        .headers
        .get(IDEMPOTENCY_KEY)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| Uuid::try_parse(text.trim()).ok())
        .ok_or_else(|| {
            let error = ApiError {
                field: Some(IDEMPOTENCY_KEY.to_owned()),
                ..ApiError::new(Code::MalformedRequest)
            };
            error.detail("a write needs a UUID in this header").into()
        })
}

/// What was asked, as a keyed hash: a body may hold a password.
fn fingerprint(app: &App, parts: &Parts, body: &Bytes) -> String {
    let method = parts.method.as_str().as_bytes();
    let path = parts.uri.path().as_bytes();
    app.key.derive("write", &[method, path, body])
}

/// Begins a write, or gives the answer of the same write done before.
async fn begin(
    store: &Store,
    write: Write,
    fingerprint: &str,
    now: UnixMs,
) -> Result<Option<Response>, ApiFailure> {
    let fresh = entity::ActiveModel {
        agent: Set(write.agent.0),
        key: Set(write.key),
        fingerprint: Set(fingerprint.to_owned()),
        status: Set(None),
        answer: Set(None),
        at: Set(now.0),
    };
    let inserted = entity::Entity::insert(fresh)
        .on_conflict(
            OnConflict::columns([entity::Column::Agent, entity::Column::Key])
                .do_nothing()
                .to_owned(),
        )
        .exec_without_returning(store.db())
        .await?;
    if inserted == 1 {
        return Ok(None);
    }
    let former = entity::Entity::find_by_id((write.agent.0, write.key))
        .one(store.db())
        .await?
        .ok_or_else(in_flight)?;
    if former.fingerprint != fingerprint {
        return Err(Code::KeyReused.into());
    }
    let Some(status) = former.status else {
        let stale = former.at < now.plus(-LONGEST_FLIGHT_MS).0;
        return match stale && renew(store, &former, now).await? {
            true => Ok(None),
            false => Err(in_flight()),
        };
    };
    let status = u16::try_from(status)
        .ok()
        .and_then(|status| StatusCode::from_u16(status).ok())
        .ok_or(Code::Internal)?;
    metrics::counter!("seatline_writes_replayed_total").increment(1);
    Ok(Some(match former.answer {
        Some(json) => (status, [(CONTENT_TYPE, "application/json")], json).into_response(),
        None => status.into_response(),
    }))
}

/// Begins a write anew whose end was never written down. False if another repeat does.
async fn renew(store: &Store, former: &entity::Model, now: UnixMs) -> Result<bool, DbErr> {
    let renewed = entity::Entity::update_many()
        .col_expr(entity::Column::At, Expr::value(now.0))
        .filter(entity::Column::Agent.eq(former.agent))
        .filter(entity::Column::Key.eq(former.key))
        .filter(entity::Column::Status.is_null())
        .filter(entity::Column::At.eq(former.at))
        .exec(store.db())
        .await?;
    Ok(renewed.rows_affected == 1)
}

fn in_flight() -> ApiFailure {
    ApiFailure::from(Code::Conflict)
        .detail("this write is being done")
        .retry_after(1)
}

/// Keeps the answer of a success, unless it is [`NotKept`]; forgets anything else.
async fn finish(store: &Store, write: Write, response: Response) -> Result<Response, ApiFailure> {
    let kept = response.extensions().get::<NotKept>().is_none();
    if !response.status().is_success() || !kept {
        forget(store, write).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, LARGEST_ANSWER).await.ok();
    let answer = bytes.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
    let Some(answer) = answer else {
        forget(store, write).await?;
        return Err(Code::Internal.into());
    };
    let kept = entity::Entity::update_many()
        .col_expr(
            entity::Column::Status,
            Expr::value(i32::from(parts.status.as_u16())),
        )
        .col_expr(
            entity::Column::Answer,
            Expr::value(Some(answer.clone()).filter(|answer| !answer.is_empty())),
        )
        .filter(entity::Column::Agent.eq(write.agent.0))
        .filter(entity::Column::Key.eq(write.key))
        .exec(store.db())
        .await;
    if let Err(error) = kept {
        // The write itself is done.
        tracing::warn!(%error, "the answer of a write could not be kept");
        forget(store, write).await?;
    }
    Ok(Response::from_parts(parts, Body::from(answer)))
}

async fn forget(store: &Store, write: Write) -> Result<(), DbErr> {
    entity::Entity::delete_many()
        .filter(entity::Column::Agent.eq(write.agent.0))
        .filter(entity::Column::Key.eq(write.key))
        .exec(store.db())
        .await
        .map(|_| ())
}

/// At start: forgets writes that a crash cut off.
///
/// # Errors
/// Those of the database.
pub(crate) async fn forget_cut_off(store: &Store) -> Result<(), DbErr> {
    entity::Entity::delete_many()
        .filter(entity::Column::Status.is_null())
        .exec(store.db())
        .await
        .map(|_| ())
}

/// Forgets answers older than a week, now and every hour until stopped.
pub(crate) async fn forget_old(app: App, stop: CancellationToken) {
    let mut hours = tokio::time::interval(FORGET_EVERY);
    while stop.run_until_cancelled(hours.tick()).await.is_some() {
        if let Err(error) = forget_before(&app.store, app.clock.now().plus(-KEPT_MS)).await {
            tracing::warn!(%error, "answers of old writes are still there");
        }
    }
}

async fn forget_before(store: &Store, oldest: UnixMs) -> Result<(), DbErr> {
    entity::Entity::delete_many()
        .filter(entity::Column::At.lt(oldest.0))
        .exec(store.db())
        .await
        .map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    const BEGUN: UnixMs = UnixMs(1_700_000_000_000);

    async fn open() -> (TempDir, Store, Write) {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("centre.db");
        let store = Store::open(&file, None).await.unwrap();
        let write = Write {
            agent: AgentId(Uuid::from_u128(1)),
            key: Uuid::from_u128(2),
        };
        assert!(begin(&store, write, "ask", BEGUN).await.unwrap().is_none());
        (folder, store, write)
    }

    async fn code(store: &Store, write: Write, now: UnixMs) -> Option<Code> {
        let begun = begin(store, write, "ask", now).await;
        begun.err().map(|failure| failure.error().code)
    }

    #[tokio::test]
    async fn a_write_whose_end_is_not_written_down_runs_again_once() {
        let (_folder, store, write) = open().await;
        let soon = BEGUN.plus(LONGEST_FLIGHT_MS);
        assert_eq!(code(&store, write, soon).await, Some(Code::Conflict));
        let later = soon.plus(1);
        let other = begin(&store, write, "other", later).await;
        assert_eq!(other.unwrap_err().error().code, Code::KeyReused);
        assert_eq!(code(&store, write, later).await, None);
        assert_eq!(code(&store, write, later).await, Some(Code::Conflict));
        let done = finish(&store, write, StatusCode::NO_CONTENT.into_response()).await;
        assert_eq!(done.unwrap().status(), StatusCode::NO_CONTENT);
        let repeat = begin(&store, write, "ask", later).await.unwrap();
        assert_eq!(repeat.unwrap().status(), StatusCode::NO_CONTENT);
        forget_before(&store, later.plus(1)).await.unwrap();
        assert!(begin(&store, write, "ask", later).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn an_answer_too_large_to_keep_does_not_block_its_write() {
        let (_folder, store, write) = open().await;
        let large = "x".repeat(LARGEST_ANSWER + 1).into_response();
        let failed = finish(&store, write, large).await.unwrap_err();
        assert_eq!(failed.error().code, Code::Internal);
        assert_eq!(code(&store, write, BEGUN).await, None);
    }
}
