//! How calls reach agents.

use super::super::policy;
use crate::{
    App,
    compliance::audit,
    http::{ApiFailure, Json, Path},
    identity::{Signed, person},
};
use axum::{extract::State, http::StatusCode};
use seatline_contract::{
    error::{ApiError, Code},
    id::AgentId,
    identity::{Person, Role},
    queue::{CallPolicy, CallRules, PersonRule, QueueRule},
};

/// How calls reach everybody (administrators).
#[utoipa::path(
    get, path = "/api/v1/call-rules", tag = "calls",
    responses((status = 200, body = CallRules), (status = 403, body = ApiError)),
)]
pub(super) async fn read_call_rules(
    State(app): State<App>,
    signed: Signed,
) -> Result<Json<CallRules>, ApiFailure> {
    signed.require(Role::Administrator)?;
    let everybody = person::everybody(app.store.db()).await?;
    let state = app.calls.running()?.state.lock();
    let of = |person: Person| PersonRule {
        policy: state.policies.get(&person.id).copied().unwrap_or_default(),
        person,
    };
    let people = everybody.into_iter().map(of).collect();
    let mut queues: Vec<QueueRule> = state
        .queues
        .values()
        .map(|info| QueueRule {
            id: info.id,
            name: info.name.clone(),
            auto_answer: info.auto_answer,
        })
        .collect();
    queues.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Json(CallRules { people, queues }))
}

/// How calls reach an agent (administrators).
#[utoipa::path(
    get, path = "/api/v1/people/{id}/call-policy", tag = "calls",
    params(("id" = AgentId, Path)),
    responses((status = 200, body = CallPolicy), (status = 403, body = ApiError)),
)]
pub(super) async fn read_call_policy(
    State(app): State<App>,
    signed: Signed,
    Path(agent): Path<AgentId>,
) -> Result<Json<CallPolicy>, ApiFailure> {
    signed.require(Role::Administrator)?;
    let state = app.calls.running()?.state.lock();
    Ok(Json(
        state.policies.get(&agent).copied().unwrap_or_default(),
    ))
}

/// Decides how calls reach an agent, from the next one on (administrators).
#[utoipa::path(
    put, path = "/api/v1/people/{id}/call-policy", tag = "calls", request_body = CallPolicy,
    params(("id" = AgentId, Path)),
    responses(
        (status = 204),
        (status = 403, body = ApiError),
        (status = 404, body = ApiError),
    ),
)]
pub(super) async fn set_call_policy(
    State(app): State<App>,
    signed: Signed,
    Path(agent): Path<AgentId>,
    Json(request): Json<CallPolicy>,
) -> Result<StatusCode, ApiFailure> {
    signed.require(Role::Administrator)?;
    let transaction = app.store.begin().await?;
    let found = person::find(&transaction, agent).await?;
    found.ok_or(Code::NotFound)?;
    policy::write(&transaction, agent, request).await?;
    let object = format!("person {agent}");
    let CallPolicy {
        auto_answer,
        call_waiting,
    } = request;
    let detail = format!("auto-answer {auto_answer}, call waiting {call_waiting}");
    let now = app.clock.now();
    audit::record(
        &transaction,
        now,
        signed.agent(),
        "call_policy_set",
        &object,
        &detail,
    )
    .await?;
    transaction.commit().await?;
    app.calls.running()?.set_policy(agent, request);
    Ok(StatusCode::NO_CONTENT)
}
