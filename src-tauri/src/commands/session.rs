//! Sign-in and what the windows draw themselves from.

use crate::{engine, system::browser};
use seatline_desk::{
    Desk,
    command::{CentreCheck, RememberedSignIn, SetUpRequest, SignInRequest, SsoRequest},
    failure::{DeskCode, Failure},
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

/// Signs in by single sign-on, in the person's own browser; the view shows the code meanwhile.
///
/// # Errors
/// When it is given up, no browser opens, or the centre, or the way to it, refused.
#[tauri::command]
#[specta::specta]
pub async fn sign_in_sso(desk: State<'_, Desk>, request: SsoRequest) -> Result<(), Failure> {
    desk.sign_in_sso(request, browser::open).await
}

/// Opens the page of the single sign-on that is on its way once more.
///
/// # Errors
/// When there is none, or no browser opens.
#[tauri::command]
#[specta::specta]
pub async fn open_sso_page(desk: State<'_, Desk>) -> Result<(), Failure> {
    let view = desk.view();
    let waiting = view.sso.as_ref();
    let waiting = waiting.ok_or_else(|| Failure::new(DeskCode::SsoCancelled))?;
    browser::open(&waiting.address)
}

/// Gives up the single sign-on that is on its way.
#[tauri::command]
#[specta::specta]
pub async fn cancel_sso(app: AppHandle) {
    app.state::<Desk>().cancel_sso();
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
