//! What the shell tells its windows without being asked.

use seatline_desk::view::{DeskView, Levels, LiveView};
use serde::{Deserialize, Serialize};

/// The state of everything, after a change.
#[derive(Debug, Clone, Serialize, Deserialize, specta::Type, tauri_specta::Event)]
pub struct DeskViewChanged(pub DeskView);

/// Sound levels, ten times a second while the meter is on.
#[derive(Debug, Clone, Serialize, Deserialize, specta::Type, tauri_specta::Event)]
pub struct LevelsChanged(pub Levels);

/// The board and the colleagues, after a change, at most four times a second.
#[derive(Debug, Clone, Serialize, Deserialize, specta::Type, tauri_specta::Event)]
pub struct LiveChanged(pub LiveView);

/// The main window became the call bar alone, or whole again.
#[derive(Debug, Clone, Serialize, Deserialize, specta::Type, tauri_specta::Event)]
pub struct WindowModeChanged(pub crate::windows::WindowMode);

/// The person wants to quit while a call is up; ask, then call `quit`.
#[derive(Debug, Clone, Serialize, Deserialize, specta::Type, tauri_specta::Event)]
pub struct QuitRequested;
