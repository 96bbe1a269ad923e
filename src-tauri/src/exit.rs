//! How the program ends. Closing a window never does: calls go on without one.

use crate::{closing, engine, events::QuitRequested, notify, windows};
use seatline_desk::Desk;
use std::time::Duration;
use tauri::{AppHandle, Manager, async_runtime};
use tauri_specta::Event;

/// How long the engine may take to hang up and sign off.
const PATIENCE: Duration = Duration::from_secs(3);

/// The person wants to quit. While a call is up the window asks first.
pub fn request(app: &AppHandle) {
    if engine::view(app).is_some_and(|view| view.call.is_some()) {
        windows::show_main(app);
        if QuitRequested.emit_to(app, windows::MAIN).is_ok() {
            return;
        }
    }
    leave(app);
}

/// The person quits: an update they agreed to install then is begun first.
pub fn leave(app: &AppHandle) {
    let app = app.clone();
    let desk = app.try_state::<Desk>().map(|desk| desk.inner().clone());
    async_runtime::spawn(async move {
        if let Some(desk) = desk {
            desk.begin_agreed_update().await;
        }
        quit(&app);
    });
}

/// Ends the program in good order when the system or a terminal asks.
pub fn on_signal(app: &AppHandle) {
    let app = app.clone();
    async_runtime::spawn(async move {
        match asked_to_end().await {
            Ok(()) => quit(&app),
            Err(error) => tracing::warn!(%error, "signals are not listened to"),
        }
    });
}

/// Ends the program before its file is replaced, once no call is up; then it is said first.
pub fn on_upgrade(app: &AppHandle) {
    let app = app.clone();
    async_runtime::spawn(async move {
        closing::asked().await;
        tracing::info!("an installer asks the program to end");
        let desk = app.try_state::<Desk>().map(|desk| desk.inner().clone());
        if let Some(desk) = desk {
            if !closing::is_quiet(&desk.view()) {
                notify::tell_of_upgrade(&app, &desk.view());
            }
            closing::until_quiet(&desk).await;
        }
        quit(&app);
    });
}

/// Waits until the system or a terminal asks the program to end.
///
/// # Errors
/// When signals cannot be listened to.
#[cfg(unix)]
pub async fn asked_to_end() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}

/// Waits until the system or a terminal asks the program to end.
///
/// # Errors
/// When signals cannot be listened to.
#[cfg(not(unix))]
pub async fn asked_to_end() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

/// Ends calls, signs off and ends the program.
pub fn quit(app: &AppHandle) {
    let app = app.clone();
    let desk = app.try_state::<Desk>().map(|desk| desk.inner().clone());
    async_runtime::spawn(async move {
        if let Some(desk) = desk {
            shut_down(&desk).await;
        }
        app.exit(0);
    });
}

/// Ends calls and signs off, as far as that takes no longer than it may.
pub async fn shut_down(desk: &Desk) {
    let stopped = tokio::time::timeout(PATIENCE, desk.shutdown()).await;
    if stopped.is_err() {
        tracing::warn!("the engine did not stop in time");
    }
}
