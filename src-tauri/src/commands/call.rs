//! The call on the line.

use seatline_desk::{Desk, command::DialTarget, failure::Failure};
use tauri::{AppHandle, Manager, State};

/// Calls a number or a customer.
///
/// # Errors
/// Why it cannot be called now.
#[tauri::command]
#[specta::specta]
pub async fn dial(desk: State<'_, Desk>, target: DialTarget) -> Result<(), Failure> {
    desk.dial(target).await
}

/// Answers what rings.
///
/// # Errors
/// When nothing rings, or no microphone can be opened; then it keeps ringing.
#[tauri::command]
#[specta::specta]
pub async fn answer(desk: State<'_, Desk>) -> Result<(), Failure> {
    desk.answer().await
}

/// Declines what rings.
///
/// # Errors
/// When nothing rings.
#[tauri::command]
#[specta::specta]
pub async fn decline(desk: State<'_, Desk>) -> Result<(), Failure> {
    desk.decline().await
}

/// Ends the call.
///
/// # Errors
/// When there is none.
#[tauri::command]
#[specta::specta]
pub async fn hang_up(desk: State<'_, Desk>) -> Result<(), Failure> {
    desk.hang_up().await
}

/// Turns the agent's microphone off or on.
///
/// # Errors
/// When there is no call.
#[tauri::command]
#[specta::specta]
pub async fn set_muted(desk: State<'_, Desk>, muted: bool) -> Result<(), Failure> {
    desk.set_muted(muted).await
}

/// Holds or resumes the call.
///
/// # Errors
/// When the call's state does not allow it.
#[tauri::command]
#[specta::specta]
pub async fn set_held(desk: State<'_, Desk>, held: bool) -> Result<(), Failure> {
    desk.set_held(held).await
}

/// Sends keys: `0`–`9`, `*`, `#`, `A`–`D`.
///
/// # Errors
/// When there is no call, or the text holds anything else.
#[tauri::command]
#[specta::specta]
pub async fn send_digits(desk: State<'_, Desk>, digits: String) -> Result<(), Failure> {
    desk.send_digits(digits).await
}

/// Forgets a number that came by a link.
#[tauri::command]
#[specta::specta]
pub async fn dismiss_dial_request(app: AppHandle) {
    app.state::<Desk>().dismiss_dial_request().await;
}
