//! Recording of a call that goes on.

use super::super::{machine::Input, port::Recorder};
use crate::{
    App,
    http::{ApiFailure, Json, Path},
    identity::Signed,
};
use axum::extract::State;
use seatline_contract::{
    error::{ApiError, Code},
    id::ContactId,
    party::RecordingState,
    recording::{PauseReason, PauseRecording},
};

/// Keeps nothing of a call for at most 120 seconds, and lets no supervisor hear it: one's own, or
/// that of an agent one may steer.
#[utoipa::path(
    post, path = "/api/v1/contacts/{id}/recording/pause", tag = "recordings",
    request_body = PauseRecording, params(("id" = ContactId, Path)),
    responses(
        (status = 200, body = RecordingState),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "the call is not recorded"),
    ),
)]
pub(super) async fn pause_recording(
    State(app): State<App>,
    signed: Signed,
    Path(contact): Path<ContactId>,
    Json(request): Json<PauseRecording>,
) -> Result<Json<RecordingState>, ApiFailure> {
    if request.reason == PauseReason::StorageFailed {
        return Err(ApiFailure::field("reason", "the centre's own"));
    }
    let input = Input::Pause(Some(signed.agent()), request.reason);
    steer(&app, &signed, contact, input)
}

/// Keeps a call again.
#[utoipa::path(
    post, path = "/api/v1/contacts/{id}/recording/resume", tag = "recordings",
    params(("id" = ContactId, Path)),
    responses(
        (status = 200, body = RecordingState),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "the call is not recorded"),
    ),
)]
pub(super) async fn resume_recording(
    State(app): State<App>,
    signed: Signed,
    Path(contact): Path<ContactId>,
) -> Result<Json<RecordingState>, ApiFailure> {
    let input = Input::Resume(Some(signed.agent()));
    steer(&app, &signed, contact, input)
}

/// Begins to record a call that is recorded on demand.
#[utoipa::path(
    post, path = "/api/v1/contacts/{id}/recording/start", tag = "recordings",
    params(("id" = ContactId, Path)),
    responses(
        (status = 200, body = RecordingState),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "not on demand, not now, or refused"),
    ),
)]
pub(super) async fn start_recording(
    State(app): State<App>,
    signed: Signed,
    Path(contact): Path<ContactId>,
) -> Result<Json<RecordingState>, ApiFailure> {
    steer(&app, &signed, contact, Input::Start)
}

/// Ends recording of a call that is recorded on demand.
#[utoipa::path(
    post, path = "/api/v1/contacts/{id}/recording/stop", tag = "recordings",
    params(("id" = ContactId, Path)),
    responses(
        (status = 200, body = RecordingState),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "not on demand, or not recorded"),
    ),
)]
pub(super) async fn stop_recording(
    State(app): State<App>,
    signed: Signed,
    Path(contact): Path<ContactId>,
) -> Result<Json<RecordingState>, ApiFailure> {
    steer(&app, &signed, contact, Input::Stop)
}

fn steer(
    app: &App,
    signed: &Signed,
    contact: ContactId,
    input: Input,
) -> Result<Json<RecordingState>, ApiFailure> {
    let agent = app.recordings.agent_of(contact).ok_or(Code::NotFound)?;
    let roster = app.supervision.roster();
    let may = agent
        .is_some_and(|agent| agent == signed.agent() || roster.may_steer(&signed.person, agent));
    if !may {
        return Err(Code::NotFound.into());
    }
    app.recordings
        .apply(contact, input)
        .map_err(|refusal| ApiFailure::from(Code::Conflict).detail(refusal.to_string()))?;
    // Nobody monitors any more, or again, before this is answered.
    app.calls.recording_changed(contact);
    Ok(Json(app.recordings.state(contact)))
}
