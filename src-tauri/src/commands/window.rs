//! The windows themselves.
#![expect(
    clippy::needless_pass_by_value,
    reason = "a command owns what the toolkit hands it"
)]

use crate::windows::{self, WindowMode};
use tauri::AppHandle;

/// The main window's form.
#[tauri::command]
#[specta::specta]
pub fn window_mode(app: AppHandle) -> WindowMode {
    windows::mode(&app)
}

/// Makes the main window the call bar alone, or whole again.
#[tauri::command]
#[specta::specta]
pub fn set_window_mode(app: AppHandle, mode: WindowMode) {
    windows::set_mode(&app, mode);
}

/// Brings the main window to the front.
#[tauri::command]
#[specta::specta]
pub fn show_main(app: AppHandle) {
    windows::show_main(&app);
}

/// Ends the program, also in mid-call; the window has asked.
#[tauri::command]
#[specta::specta]
pub fn quit(app: AppHandle) {
    crate::exit::leave(&app);
}
