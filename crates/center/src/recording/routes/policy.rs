//! What is recorded, for how long it is kept and who may hear it.

use crate::{
    App,
    compliance::audit,
    http::{ApiFailure, Json, field},
    identity::Signed,
};
use axum::extract::State;
use seatline_contract::{
    error::ApiError,
    identity::Role,
    recording::{RecordingMode, RecordingPolicy},
};

/// Rules and classes at most.
const MOST: usize = 100;

/// The policy (supervisors).
#[utoipa::path(
    get, path = "/api/v1/recordings/policy", tag = "recordings",
    responses((status = 200, body = RecordingPolicy), (status = 403, body = ApiError)),
)]
pub(super) async fn read_policy(
    State(app): State<App>,
    signed: Signed,
) -> Result<Json<RecordingPolicy>, ApiFailure> {
    signed.require(Role::Supervisor)?;
    Ok(Json(app.recordings.policy()))
}

/// Sets the policy for calls that begin from now on (administrators).
#[utoipa::path(
    put, path = "/api/v1/recordings/policy", tag = "recordings", request_body = RecordingPolicy,
    responses(
        (status = 200, body = RecordingPolicy),
        (status = 403, body = ApiError),
        (status = 422, body = ApiError),
    ),
)]
pub(super) async fn set_policy(
    State(app): State<App>,
    signed: Signed,
    Json(request): Json<RecordingPolicy>,
) -> Result<Json<RecordingPolicy>, ApiFailure> {
    signed.require(Role::Administrator)?;
    let policy = check(request)?;
    app.recordings.set_policy(policy).await?;
    audit::record(
        app.store.db(),
        app.clock.now(),
        signed.agent(),
        "recording.policy",
        "",
        "set",
    )
    .await?;
    Ok(Json(app.recordings.policy()))
}

fn check(mut policy: RecordingPolicy) -> Result<RecordingPolicy, ApiFailure> {
    if policy.rules.len() > MOST {
        return Err(ApiFailure::field("rules", "more than 100"));
    }
    if policy.classes.is_empty() || policy.classes.len() > MOST {
        return Err(ApiFailure::field("classes", "1 to 100"));
    }
    let mut names: Vec<String> = Vec::new();
    for (index, class) in policy.classes.iter_mut().enumerate() {
        let name = format!("classes.{index}.name");
        class.name = field::required(&name, &class.name, 40)?;
        if names.contains(&class.name) {
            return Err(ApiFailure::field(name, "used twice"));
        }
        names.push(class.name.clone());
        if !(1..=36_500).contains(&class.days) {
            return Err(ApiFailure::field(
                format!("classes.{index}.days"),
                "1 to 36,500",
            ));
        }
    }
    for (index, rule) in policy.rules.iter().enumerate() {
        if !names.contains(&rule.class) {
            return Err(ApiFailure::field(
                format!("rules.{index}.class"),
                "no such class",
            ));
        }
        if let RecordingMode::Share { percent } = rule.mode
            && !(1..=99).contains(&percent)
        {
            return Err(ApiFailure::field(
                format!("rules.{index}.mode.percent"),
                "1 to 99",
            ));
        }
    }
    if let Some(digit) = &policy.refusal_digit {
        let keys = "0123456789*#";
        if digit.chars().count() != 1 || !keys.contains(digit.as_str()) {
            return Err(ApiFailure::field("refusal_digit", "one of 0-9, * and #"));
        }
    }
    Ok(policy)
}
