//! The person's settings.

use crate::hotkeys;
use seatline_desk::{Desk, failure::Failure, view::Settings};
use tauri::State;

/// Keeps the settings. They take effect when the view shows them.
///
/// # Errors
/// `invalid_field` naming a misspelled hotkey, or when they cannot be written to disk.
#[tauri::command]
#[specta::specta]
pub async fn save_settings(desk: State<'_, Desk>, settings: Settings) -> Result<(), Failure> {
    hotkeys::check(&settings.hotkeys)?;
    desk.save_settings(settings).await
}
