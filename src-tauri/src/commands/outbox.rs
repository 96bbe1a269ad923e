//! Writes the centre refused, and notices.

use seatline_desk::{Desk, failure::Failure};
use tauri::{AppHandle, Manager, State};

/// Sends a refused write again.
///
/// # Errors
/// When there is no such write.
#[tauri::command]
#[specta::specta]
pub async fn retry_write(desk: State<'_, Desk>, id: String) -> Result<(), Failure> {
    desk.retry_write(id).await
}

/// Gives a refused write up.
///
/// # Errors
/// When there is no such write.
#[tauri::command]
#[specta::specta]
pub async fn discard_write(desk: State<'_, Desk>, id: String) -> Result<(), Failure> {
    desk.discard_write(id).await
}

/// Takes a notice away.
#[tauri::command]
#[specta::specta]
pub async fn dismiss_notice(app: AppHandle, id: u32) {
    app.state::<Desk>().dismiss_notice(id).await;
}
