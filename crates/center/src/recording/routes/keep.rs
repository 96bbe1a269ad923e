//! Keeping, marking and checking recordings.

use super::{
    super::{store, sweep, verify},
    find::show,
    find_for, find_to_hear, has_sound,
};
use crate::{
    App,
    compliance::audit,
    http::{ApiFailure, Json, Path, field},
    identity::Signed,
};
use axum::extract::State;
use seatline_contract::{
    error::{ApiError, Code},
    id::RecordingId,
    identity::Role,
    recording::{EditRecording, Recording, Verification},
};

/// Tags of one recording at most.
const MOST_TAGS: usize = 20;

/// Marks a recording with words, or holds it back from deletion (administrators).
#[utoipa::path(
    patch, path = "/api/v1/recordings/{id}", tag = "recordings", request_body = EditRecording,
    params(("id" = RecordingId, Path)),
    responses(
        (status = 200, body = Recording),
        (status = 403, body = ApiError),
        (status = 404, body = ApiError),
        (status = 422, body = ApiError),
    ),
)]
pub(super) async fn edit_recording(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<RecordingId>,
    Json(request): Json<EditRecording>,
) -> Result<Json<Recording>, ApiFailure> {
    signed.require(Role::Supervisor)?;
    if request.legal_hold.is_some() {
        signed.require(Role::Administrator)?;
    }
    let tags = request.tags.as_deref().map(check_tags).transpose()?;
    find_to_hear(&app, &signed, id).await?;
    let transaction = app.store.begin().await?;
    store::edit(&transaction, id, tags.as_deref(), request.legal_hold).await?;
    if let Some(hold) = request.legal_hold {
        audit::record(
            &transaction,
            app.clock.now(),
            signed.agent(),
            "recording.hold",
            &id.to_string(),
            if hold { "held" } else { "let go" },
        )
        .await?;
    }
    transaction.commit().await?;
    let (row, access) = find_for(&app, &signed, id).await?;
    Ok(Json(show(&app, &row, access, signed.person.role).await?))
}

fn check_tags(tags: &[String]) -> Result<Vec<String>, ApiFailure> {
    if tags.len() > MOST_TAGS {
        return Err(ApiFailure::field("tags", "more than 20"));
    }
    let mut checked = Vec::with_capacity(tags.len());
    for (index, tag) in tags.iter().enumerate() {
        let name = format!("tags.{index}");
        let tag = field::required(&name, tag, 40)?;
        if tag.contains(['\n', '\r']) {
            return Err(ApiFailure::field(name, "holds a line end"));
        }
        if !checked.contains(&tag) {
            checked.push(tag);
        }
    }
    Ok(checked)
}

/// Checks a recording's chain and signatures against the database (supervisors).
#[utoipa::path(
    get, path = "/api/v1/recordings/{id}/verification", tag = "recordings",
    params(("id" = RecordingId, Path)),
    responses(
        (status = 200, body = Verification),
        (status = 403, body = ApiError),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "there is no sound, or not yet"),
    ),
)]
pub(super) async fn verify_recording(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<RecordingId>,
) -> Result<Json<Verification>, ApiFailure> {
    signed.require(Role::Supervisor)?;
    let row = find_to_hear(&app, &signed, id).await?;
    if !has_sound(&row)? {
        return Err(ApiFailure::from(Code::Conflict).detail("there is no sound to check"));
    }
    let path = app.recordings.0.folder.join(&row.path);
    let keys = app.recordings.0.keys.clone();
    let verified = sweep::blocking(move || Ok(verify::verify(&path, &keys, &row)));
    let verified = verified.await.map_err(std::io::Error::other);
    match verified {
        Ok(Ok(verification)) => Ok(Json(verification)),
        Ok(Err(error)) => Ok(Json(Verification {
            whole: false,
            entries: 0,
            head: String::new(),
            broken_entry: None,
            fault: Some(error.to_string()),
        })),
        Err(error) => Err(ApiFailure::from(Code::Internal).detail(error.to_string())),
    }
}
