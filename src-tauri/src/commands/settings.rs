//! The person's settings.

use crate::hotkeys;
use seatline_desk::{Desk, failure::Failure, view::SettingsChange};
use tauri::State;

/// Changes some settings. They take effect when the view shows them.
///
/// # Errors
/// `invalid_field` naming a misspelled hotkey, `managed` what policy decides, or when they cannot be written to disk.
#[tauri::command]
#[specta::specta]
pub async fn change_settings(desk: State<'_, Desk>, change: SettingsChange) -> Result<(), Failure> {
    if let Some(wanted) = &change.hotkeys {
        hotkeys::check(wanted)?;
    }
    desk.change_settings(change).await
}
