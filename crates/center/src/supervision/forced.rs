//! A supervisor sets an agent's presence, or signs them out. The agent reads who and why.

use crate::{
    App,
    compliance::audit,
    http::{ApiFailure, Json, Path, field},
    identity::{self, Signed, line_user},
};
use axum::{extract::State, http::StatusCode};
use seatline_contract::{
    error::{ApiError, Code},
    event::{Change, SignOutReason},
    id::AgentId,
    presence::{PresenceChoice, PresenceState},
    supervision::{ForcePresence, ForceSignOut},
};

/// Longest words for the agent, in characters.
const LONGEST_REASON: usize = 200;
/// Longest id of a reason for being not ready.
const LONGEST_ID: usize = 40;

/// Sets an agent's presence (supervisors of the team); while they are busy, what follows.
#[utoipa::path(
    put, path = "/api/v1/people/{id}/presence", tag = "supervision",
    request_body = ForcePresence, params(("id" = AgentId, Path)),
    responses(
        (status = 200, body = PresenceState),
        (status = 403, body = ApiError, description = "not of one's teams"),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "`colleague_unavailable` if they are not \
            signed in, `line_not_ready` if they can not be rung"),
        (status = 422, body = ApiError),
    ),
)]
pub(super) async fn force_presence(
    State(app): State<App>,
    signed: Signed,
    Path(agent): Path<AgentId>,
    Json(request): Json<ForcePresence>,
) -> Result<Json<PresenceState>, ApiFailure> {
    app.supervision
        .roster()
        .require_steer(&signed.person, agent)?;
    let reason = field::required("reason", &request.reason, LONGEST_REASON)?;
    if let PresenceChoice::NotReady { reason } = &request.choice {
        field::required("choice.reason", reason, LONGEST_ID)?;
    }
    require_session(&app, agent)?;
    // What is done is on record, and what is refused is not.
    let transaction = app.store.begin().await?;
    let (now, who, object) = (app.clock.now(), signed.agent(), agent.to_string());
    audit::record(&transaction, now, who, "presence_forced", &object, &reason).await?;
    let presence = app.calls.choose_for(agent, request.choice)?;
    transaction.commit().await?;
    let change = Change::Forced {
        presence: presence.clone(),
        by_name: signed.person.name,
        reason,
    };
    app.hub.publish(agent, change);
    Ok(Json(presence))
}

/// Signs an agent out (supervisors of the team). An agent in a call stays until it is over, or
/// until the supervisor has taken it over.
#[utoipa::path(
    post, path = "/api/v1/people/{id}/sign-out", tag = "supervision",
    request_body = ForceSignOut, params(("id" = AgentId, Path)),
    responses(
        (status = 204),
        (status = 403, body = ApiError, description = "not of one's teams"),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "`conflict` in a call, \
            `colleague_unavailable` if they are not signed in"),
        (status = 422, body = ApiError),
    ),
)]
pub(super) async fn force_sign_out(
    State(app): State<App>,
    signed: Signed,
    Path(agent): Path<AgentId>,
    Json(request): Json<ForceSignOut>,
) -> Result<StatusCode, ApiFailure> {
    app.supervision
        .roster()
        .require_steer(&signed.person, agent)?;
    let reason = field::required("reason", &request.reason, LONGEST_REASON)?;
    require_session(&app, agent)?;
    if app.calls.talking(agent).is_some() {
        return Err(
            ApiFailure::from(Code::Conflict).detail("in a call: take it over, or wait for its end")
        );
    }
    let (now, who, object) = (app.clock.now(), signed.agent(), agent.to_string());
    let db = app.store.db();
    audit::record(db, now, who, "signed_out_by_supervisor", &object, &reason).await?;
    let why = Some(SignOutReason::Supervisor);
    identity::end_session(&app, agent, None, why, Some(reason)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn require_session(app: &App, agent: AgentId) -> Result<(), ApiFailure> {
    match app.identity.line_secret(&line_user(agent)) {
        Some(_) => Ok(()),
        None => Err(ApiFailure::from(Code::ColleagueUnavailable).detail("not signed in")),
    }
}
