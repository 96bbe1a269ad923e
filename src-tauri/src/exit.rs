//! tmp
/// x
pub fn quit(_: &tauri::AppHandle) {}
