//! Sound devices.

use seatline_desk::{Desk, command::DeviceSelection, failure::Failure, view::Processing};
use tauri::State;

/// Looks for devices again.
///
/// # Errors
/// When the sound system fails.
#[tauri::command]
#[specta::specta]
pub async fn refresh_devices(desk: State<'_, Desk>) -> Result<(), Failure> {
    desk.refresh_devices().await
}

/// Chooses devices; a live call moves to them.
///
/// # Errors
/// Why a device cannot be opened.
#[tauri::command]
#[specta::specta]
pub async fn select_devices(
    desk: State<'_, Desk>,
    selection: DeviceSelection,
) -> Result<(), Failure> {
    desk.select_devices(selection).await
}

/// Turns echo cancellation, noise suppression and gain on or off.
///
/// # Errors
/// When the choice cannot be kept.
#[tauri::command]
#[specta::specta]
pub async fn set_processing(desk: State<'_, Desk>, processing: Processing) -> Result<(), Failure> {
    desk.set_processing(processing).await
}

/// Plays a short sound on the speaker.
///
/// # Errors
/// Why the device cannot be opened.
#[tauri::command]
#[specta::specta]
pub async fn test_speaker(desk: State<'_, Desk>) -> Result<(), Failure> {
    desk.test_speaker().await
}

/// Plays a short sound on the ringer.
///
/// # Errors
/// Why the device cannot be opened.
#[tauri::command]
#[specta::specta]
pub async fn test_ringer(desk: State<'_, Desk>) -> Result<(), Failure> {
    desk.test_ringer().await
}

/// Starts or stops the level meter; levels follow as `LevelsChanged` events.
///
/// # Errors
/// Why the microphone cannot be opened.
#[tauri::command]
#[specta::specta]
pub async fn set_meter(desk: State<'_, Desk>, on: bool) -> Result<(), Failure> {
    desk.set_meter(on).await
}
