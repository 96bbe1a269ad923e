//! Sign-in and what the windows draw themselves from.

use crate::engine;
use seatline_desk::{
    Desk,
    command::{CentreCheck, RememberedSignIn, SetUpRequest, SignInRequest},
    failure::Failure,
    view::DeskView,
};
use tauri::{AppHandle, Manager, State};

/// The state of everything, for a window that has just been loaded. Changes follow as
/// `DeskViewChanged` events. At a start it waits until the engine runs.
#[tauri::command]
#[specta::specta]
pub async fn view(app: AppHandle) -> DeskView {
    engine::ready(&app).await.view().as_ref().clone()
}

/// Says what answers at an address. A failure with a certificate that is not trusted carries
/// its SHA-256 fingerprint in `subject`; `trust` is the one the person has accepted.
///
/// # Errors
/// Why it is not a usable centre.
#[tauri::command]
#[specta::specta]
pub async fn check_centre(
    desk: State<'_, Desk>,
    url: String,
    trust: Option<String>,
) -> Result<CentreCheck, Failure> {
    desk.check_centre(url, trust).await
}

/// Makes the first administrator of a new centre.
///
/// # Errors
/// Why the centre, or the way to it, refused.
#[tauri::command]
#[specta::specta]
pub async fn set_up_centre(desk: State<'_, Desk>, request: SetUpRequest) -> Result<(), Failure> {
    desk.set_up_centre(request).await
}

/// The sign-in kept on this computer, to fill the form.
#[tauri::command]
#[specta::specta]
pub async fn remembered(app: AppHandle) -> Option<RememberedSignIn> {
    app.state::<Desk>().remembered().await
}

/// Signs in.
///
/// # Errors
/// Why the centre, or the way to it, refused.
#[tauri::command]
#[specta::specta]
pub async fn sign_in(desk: State<'_, Desk>, request: SignInRequest) -> Result<(), Failure> {
    desk.sign_in(request).await
}

/// Signs out. What is not yet sent is kept.
///
/// # Errors
/// When a call is up.
#[tauri::command]
#[specta::specta]
pub async fn sign_out(desk: State<'_, Desk>) -> Result<(), Failure> {
    desk.sign_out().await
}
