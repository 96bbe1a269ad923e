//! The agent's presence.

use seatline_contract::presence::PresenceChoice;
use seatline_desk::{Desk, failure::Failure};
use tauri::State;

/// Chooses a presence. While busy it is what follows.
///
/// # Errors
/// Why the centre refused.
#[tauri::command]
#[specta::specta]
pub async fn set_presence(desk: State<'_, Desk>, choice: PresenceChoice) -> Result<(), Failure> {
    desk.set_presence(choice).await
}
