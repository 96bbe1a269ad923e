//! What an administrator decides: how calls reach agents, and what is recorded.

use seatline_contract::{
    id::{AgentId, QueueId},
    queue::{CallPolicy, CallRules, EditQueue},
    recording::RecordingPolicy,
};
use seatline_desk::{Desk, failure::Failure};
use tauri::State;

/// How calls reach everybody.
///
/// # Errors
/// The centre's `forbidden` for all but administrators.
#[tauri::command]
#[specta::specta]
pub async fn call_rules(desk: State<'_, Desk>) -> Result<CallRules, Failure> {
    desk.call_rules().await
}

/// Decides how calls reach a person, from the next one on.
///
/// # Errors
/// The centre's `forbidden` for all but administrators, `not_found`.
#[tauri::command]
#[specta::specta]
pub async fn set_call_policy(
    desk: State<'_, Desk>,
    person: AgentId,
    policy: CallPolicy,
) -> Result<(), Failure> {
    desk.set_call_policy(person, policy).await
}

/// Changes a queue, from its next offer on.
///
/// # Errors
/// As [`set_call_policy`].
#[tauri::command]
#[specta::specta]
pub async fn edit_queue(
    desk: State<'_, Desk>,
    queue: QueueId,
    edit: EditQueue,
) -> Result<(), Failure> {
    desk.edit_queue(queue, edit).await
}

/// What is recorded, for how long it is kept and who may hear it.
///
/// # Errors
/// The centre's `forbidden` for agents.
#[tauri::command]
#[specta::specta]
pub async fn recording_policy(desk: State<'_, Desk>) -> Result<RecordingPolicy, Failure> {
    desk.recording_policy().await
}

/// Decides that for the calls that begin from now on.
///
/// # Errors
/// The centre's `forbidden` for all but administrators, `invalid_field`.
#[tauri::command]
#[specta::specta]
pub async fn set_recording_policy(
    desk: State<'_, Desk>,
    policy: RecordingPolicy,
) -> Result<RecordingPolicy, Failure> {
    desk.set_recording_policy(policy).await
}
