//! Updates of the program.

use seatline_desk::{Desk, failure::Failure, update::Agreed};
use tauri::State;

/// Asks the centre for updates now; what comes of it is in the view.
///
/// # Errors
/// When nobody is signed in, or updates are off.
#[tauri::command]
#[specta::specta]
pub async fn check_update(desk: State<'_, Desk>) -> Result<(), Failure> {
    desk.check_update().await
}

/// Agrees to the update that is ready; once it begins the program ends.
///
/// # Errors
/// When none is ready.
#[tauri::command]
#[specta::specta]
pub async fn install_update(desk: State<'_, Desk>, when: Agreed) -> Result<(), Failure> {
    desk.install_update(when).await
}
