//! tmp
use serde::{Deserialize, Serialize};
use tauri::AppHandle;
/// The main window's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum WindowMode {
    /// Everything.
    Full,
    /// The call bar alone, over all other windows.
    Compact,
}
/// x
pub fn mode(_: &AppHandle) -> WindowMode {
    WindowMode::Full
}
/// x
pub fn set_mode(_: &AppHandle, _: WindowMode) {}
/// x
pub fn show_main(_: &AppHandle) {}
