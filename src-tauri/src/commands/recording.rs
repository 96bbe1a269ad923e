//! Recordings of live calls and stored ones, and their scoring.

use base64::{Engine, prelude::BASE64_STANDARD};
use seatline_contract::{
    id::{ContactId, RecordingId, ScoreFormId, ScorecardId},
    queue::Queue,
    recording::{EditRecording, PauseReason, Recording, RecordingFilter, RecordingPage},
    score::{Calibration, NewScoreForm, ReplyToScorecard, SaveScorecard, ScoreForm, Scorecard},
};
use seatline_desk::{Desk, failure::Failure};
use tauri::State;

/// Keeps nothing of a call, for at most two minutes.
///
/// # Errors
/// The centre's `conflict` when the call is not recorded.
#[tauri::command]
#[specta::specta]
pub async fn pause_recording(
    desk: State<'_, Desk>,
    contact: ContactId,
    reason: PauseReason,
) -> Result<(), Failure> {
    desk.pause_recording(contact, reason).await
}

/// Keeps the call again.
///
/// # Errors
/// As [`pause_recording`].
#[tauri::command]
#[specta::specta]
pub async fn resume_recording(desk: State<'_, Desk>, contact: ContactId) -> Result<(), Failure> {
    desk.resume_recording(contact).await
}

/// Begins to record a call that is recorded on demand.
///
/// # Errors
/// The centre's `conflict` when it is not, or the customer refused.
#[tauri::command]
#[specta::specta]
pub async fn start_recording(desk: State<'_, Desk>, contact: ContactId) -> Result<(), Failure> {
    desk.start_recording(contact).await
}

/// Ends the recording of a call that is recorded on demand.
///
/// # Errors
/// As [`start_recording`].
#[tauri::command]
#[specta::specta]
pub async fn stop_recording(desk: State<'_, Desk>, contact: ContactId) -> Result<(), Failure> {
    desk.stop_recording(contact).await
}

/// Finds recordings.
///
/// # Errors
/// The centre's and the connection's codes.
#[tauri::command]
#[specta::specta]
pub async fn recordings(
    desk: State<'_, Desk>,
    filter: RecordingFilter,
) -> Result<RecordingPage, Failure> {
    desk.recordings(filter).await
}

/// All queues, to search by.
///
/// # Errors
/// The centre's and the connection's codes.
#[tauri::command]
#[specta::specta]
pub async fn queues(desk: State<'_, Desk>) -> Result<Vec<Queue>, Failure> {
    desk.queues().await
}

/// A recording with all that the player shows.
///
/// # Errors
/// The centre's and the connection's codes.
#[tauri::command]
#[specta::specta]
pub async fn recording(desk: State<'_, Desk>, id: RecordingId) -> Result<Recording, Failure> {
    desk.recording(id).await
}

/// A piece of the sound, between two times in milliseconds, as a WAV file in Base64, which crosses
/// to the window many times faster than a list of numbers: the customer on the left, the agent on
/// the right. Each hearing is audited.
///
/// # Errors
/// The centre's and the connection's codes.
#[tauri::command]
#[specta::specta]
pub async fn hear_recording(
    desk: State<'_, Desk>,
    id: RecordingId,
    from_ms: u32,
    until_ms: u32,
) -> Result<String, Failure> {
    let sound = desk.hear_recording(id, from_ms, until_ms).await?;
    Ok(BASE64_STANDARD.encode(sound))
}

/// Marks a recording with words, or keeps it whatever its age.
///
/// # Errors
/// The centre's `forbidden` and others.
#[tauri::command]
#[specta::specta]
pub async fn edit_recording(
    desk: State<'_, Desk>,
    id: RecordingId,
    edit: EditRecording,
) -> Result<(), Failure> {
    desk.edit_recording(id, edit).await
}

/// All forms to score calls with, the latest first.
///
/// # Errors
/// The centre's and the connection's codes.
#[tauri::command]
#[specta::specta]
pub async fn score_forms(desk: State<'_, Desk>) -> Result<Vec<ScoreForm>, Failure> {
    desk.score_forms().await
}

/// Adds a form.
///
/// # Errors
/// The centre's `forbidden`, `invalid_field`.
#[tauri::command]
#[specta::specta]
pub async fn create_score_form(desk: State<'_, Desk>, form: NewScoreForm) -> Result<(), Failure> {
    desk.create_score_form(form).await
}

/// Scorings of a recording: all for a supervisor, finished ones for the agent.
///
/// # Errors
/// The centre's and the connection's codes.
#[tauri::command]
#[specta::specta]
pub async fn scorecards(
    desk: State<'_, Desk>,
    recording: RecordingId,
) -> Result<Vec<Scorecard>, Failure> {
    desk.scorecards(recording).await
}

/// Saves one's own scoring.
///
/// # Errors
/// The centre's `conflict` once it is finished, `invalid_field`.
#[tauri::command]
#[specta::specta]
pub async fn save_scorecard(
    desk: State<'_, Desk>,
    recording: RecordingId,
    id: ScorecardId,
    card: SaveScorecard,
) -> Result<(), Failure> {
    desk.save_scorecard(recording, id, card).await
}

/// Answers a scoring of one's own call.
///
/// # Errors
/// The centre's `conflict` when it was answered before.
#[tauri::command]
#[specta::specta]
pub async fn reply_to_scorecard(
    desk: State<'_, Desk>,
    id: ScorecardId,
    reply: ReplyToScorecard,
) -> Result<(), Failure> {
    desk.reply_to_scorecard(id, reply).await
}

/// Finished scorings of a recording with one form, beside each other.
///
/// # Errors
/// The centre's and the connection's codes.
#[tauri::command]
#[specta::specta]
pub async fn calibration(
    desk: State<'_, Desk>,
    recording: RecordingId,
    form: ScoreFormId,
) -> Result<Calibration, Failure> {
    desk.calibration(recording, form).await
}
