//! Queues.

use super::super::{Inner, QueueInfo, store};
use crate::{
    App,
    acd::{QueueSetUp, Terms},
    compliance::{audit, number::Number},
    http::{ApiFailure, Json, Path},
    identity::{Signed, person},
    store::is_conflict,
    supervision,
};
use axum::{extract::State, http::StatusCode};
use sea_orm::DbErr;
use seatline_contract::{
    error::{ApiError, Code},
    id::{AgentId, QueueId},
    identity::Role,
    queue::{EditQueue, NewQueue, Queue},
};
use std::collections::BTreeSet;
use uuid::Uuid;

/// All queues and who waits in them.
#[utoipa::path(
    get, path = "/api/v1/queues", tag = "calls",
    responses((status = 200, body = Vec<Queue>)),
)]
pub(super) async fn list_queues(
    State(app): State<App>,
    _signed: Signed,
) -> Result<Json<Vec<Queue>>, ApiFailure> {
    let state = app.calls.running()?.state.lock();
    let mut queues: Vec<Queue> = state
        .queues
        .keys()
        .filter_map(|queue| Inner::view_queue(&state, *queue))
        .collect();
    queues.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Json(queues))
}

/// Adds a queue (administrators).
#[utoipa::path(
    post, path = "/api/v1/queues", tag = "calls", request_body = NewQueue,
    responses(
        (status = 201, body = Queue),
        (status = 403, body = ApiError),
        (status = 409, body = ApiError, description = "the name or a number is taken"),
        (status = 422, body = ApiError),
    ),
)]
pub(super) async fn create_queue(
    State(app): State<App>,
    signed: Signed,
    Json(request): Json<NewQueue>,
) -> Result<(StatusCode, Json<Queue>), ApiFailure> {
    signed.require(Role::Administrator)?;
    let within_s = request.within_s;
    if !(1..=3_600).contains(&within_s) {
        return Err(ApiFailure::field("within_s", "1 to 3,600"));
    }
    let info = check(&app, request).await?;
    let queue = Queue {
        id: info.id,
        name: info.name.clone(),
        waiting: 0,
        longest_since: None,
    };
    add(&app, signed.agent(), &info, within_s)
        .await
        .map_err(|error| match is_conflict(&error) {
            true => ApiFailure::from(Code::Conflict).detail("the name or a number is taken"),
            false => error.into(),
        })?;
    app.supervision.set_level(info.id, within_s);
    app.calls.set_queue(info);
    Ok((StatusCode::CREATED, Json(queue)))
}

/// Changes a queue, from its next offer on (administrators).
#[utoipa::path(
    patch, path = "/api/v1/queues/{id}", tag = "calls", request_body = EditQueue,
    params(("id" = QueueId, Path)),
    responses(
        (status = 204),
        (status = 403, body = ApiError),
        (status = 404, body = ApiError),
    ),
)]
pub(super) async fn edit_queue(
    State(app): State<App>,
    signed: Signed,
    Path(queue): Path<QueueId>,
    Json(request): Json<EditQueue>,
) -> Result<StatusCode, ApiFailure> {
    signed.require(Role::Administrator)?;
    let calls = app.calls.running()?;
    let Some(auto_answer) = request.auto_answer else {
        let known = calls.state.lock().queues.contains_key(&queue);
        return known
            .then_some(StatusCode::NO_CONTENT)
            .ok_or_else(|| Code::NotFound.into());
    };
    let transaction = app.store.begin().await?;
    if !store::set_auto_answer(&transaction, queue, auto_answer).await? {
        return Err(Code::NotFound.into());
    }
    let (now, by, object) = (app.clock.now(), signed.agent(), format!("queue {queue}"));
    let detail = format!("auto-answer {auto_answer}");
    audit::record(&transaction, now, by, "queue_set", &object, &detail).await?;
    transaction.commit().await?;
    if let Some(info) = calls.state.lock().queues.get_mut(&queue) {
        info.auto_answer = auto_answer;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Stores a queue with its service level, and who added it.
async fn add(app: &App, by: AgentId, info: &QueueInfo, within_s: u32) -> Result<(), DbErr> {
    let transaction = app.store.begin().await?;
    store::add_queue(&transaction, info).await?;
    supervision::add_level(&transaction, info.id, within_s).await?;
    let (now, object) = (app.clock.now(), format!("queue {}", info.id));
    audit::record(&transaction, now, by, "queue_added", &object, &info.name).await?;
    transaction.commit().await
}

async fn check(app: &App, request: NewQueue) -> Result<QueueInfo, ApiFailure> {
    let name = request.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 60 {
        return Err(ApiFailure::field("name", "1 to 60 characters"));
    }
    if !(5..=120).contains(&request.ring_s) {
        return Err(ApiFailure::field("ring_s", "5 to 120"));
    }
    if request.wrap_up_s > 3_600 {
        return Err(ApiFailure::field("wrap_up_s", "0 to 3,600"));
    }
    let mut numbers = Vec::with_capacity(request.numbers.len());
    for (index, number) in request.numbers.iter().enumerate() {
        let number = Number::classify(number).canonical().expose().to_owned();
        if number.is_empty() || numbers.contains(&number) {
            return Err(ApiFailure::field(
                format!("numbers.{index}"),
                "not a number, or named twice",
            ));
        }
        numbers.push(number);
    }
    let mut agents = BTreeSet::new();
    for (index, login) in request.agents.iter().enumerate() {
        let found = person::find_by_login(app.store.db(), login).await?;
        let found = found
            .ok_or_else(|| ApiFailure::field(format!("agents.{index}"), "nobody has that login"))?;
        agents.insert(found.id.into());
    }
    Ok(QueueInfo {
        id: QueueId(Uuid::new_v4()),
        name,
        numbers,
        set_up: QueueSetUp {
            terms: Terms {
                ring_ms: i64::from(request.ring_s) * 1_000,
                wrap_up_ms: (request.wrap_up_s > 0).then(|| i64::from(request.wrap_up_s) * 1_000),
                disposition_required: request.disposition_required,
            },
            agents,
        },
        auto_answer: request.auto_answer,
    })
}
