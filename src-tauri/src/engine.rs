//! Starts the desk engine and follows what it shows: at every change the windows, the tray, the
//! call card, the hotkeys and notifications are brought up to date.

use crate::{
    events::{DeskViewChanged, LevelsChanged, LiveChanged},
    hotkeys, notify, tray, updates, windows,
};
use seatline_desk::{Desk, DeskConfig, SoundSystem, failure::Failure, policy, secrets};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tauri::{AppHandle, Manager, async_runtime};
use tauri_specta::Event;
use tokio::sync::SetOnce;
#[cfg(debug_assertions)]
use {
    seatline_contract::{presence::PresenceChoice, secret::Secret},
    seatline_desk::{
        command::SignInRequest,
        view::{DeskView, Line},
    },
};

/// The engine, which comes up while the windows are being made.
#[derive(Default)]
pub struct Awaited(SetOnce<Desk>);

/// The engine once it runs. Whoever may ask before the first view has been seen waits here.
pub async fn ready(app: &AppHandle) -> Desk {
    app.state::<Awaited>().0.wait().await.clone()
}

/// Lets everybody have the engine.
pub fn announce(app: &AppHandle, desk: &Desk) {
    app.manage(desk.clone());
    // It is announced once.
    let _ = app.state::<Awaited>().0.set(desk.clone());
}

/// Starts the engine with the system's sound and, if it is there, its keyring.
///
/// # Errors
/// When the data folder cannot be used.
pub async fn start(data_dir: PathBuf, version: String) -> anyhow::Result<Desk> {
    // The keyring may ask the person to unlock it.
    let secrets = tokio::task::spawn_blocking(secrets::open_best).await?;
    let desk = Desk::start(DeskConfig {
        data_dir: data_dir.clone(),
        secrets,
        sound: SoundSystem::System,
        policy: Arc::new(policy::of_system),
        device_name: device_name(),
        version,
        updates: updates::config(),
        patience: DeskConfig::PATIENCE,
    })
    .await;
    desk.map_err(|failure| {
        let place = failure
            .subject
            .unwrap_or_else(|| data_dir.display().to_string());
        anyhow::anyhow!("cannot use {place}: {:?} {}", failure.code, failure.detail)
    })
}

fn device_name() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}

/// Keeps everything that is seen in step with the engine, for as long as it runs.
pub fn follow(app: &AppHandle, desk: &Desk) {
    let (seer, mut views) = (app.clone(), desk.watch());
    async_runtime::spawn(async move {
        let mut before = None;
        loop {
            let view = views.borrow_and_update().clone();
            tray::show(&seer, &view);
            windows::show_view(&seer, before.as_deref(), &view);
            notify::tell(&seer, before.as_deref(), &view);
            hotkeys::apply(&seer, before.as_deref(), &view);
            if let Err(error) = DeskViewChanged(view.as_ref().clone()).emit(&seer) {
                tracing::warn!(%error, "a window was not told of a change");
            }
            before = Some(view);
            if views.changed().await.is_err() {
                break;
            }
        }
    });

    let (hearer, mut levels) = (app.clone(), desk.levels());
    async_runtime::spawn(async move {
        while levels.changed().await.is_ok() {
            let now = levels.borrow_and_update().clone();
            if let Err(error) = LevelsChanged(now).emit_to(&hearer, windows::MAIN) {
                tracing::debug!(%error, "the meter was not told of a level");
            }
        }
    });

    let (watcher, mut live) = (app.clone(), desk.live());
    async_runtime::spawn(async move {
        while live.changed().await.is_ok() {
            let now = live.borrow_and_update().as_ref().clone();
            if let Err(error) = LiveChanged(now).emit_to(&watcher, windows::MAIN) {
                tracing::debug!(%error, "the window was not told of the board");
            }
            tokio::time::sleep(LIVE).await;
        }
    });
}

/// How often the lists that change every second are told at most.
const LIVE: Duration = Duration::from_millis(250);

/// Signs in as remembered.
pub fn sign_in_at_start(desk: &Desk) {
    let desk = desk.clone();
    async_runtime::spawn(async move {
        let result = match open_demo(&desk).await {
            Some(result) => result,
            None => desk.resume().await.map(|_| ()),
        };
        if let Err(failure) = result {
            // The window shows it; the person signs in by hand.
            tracing::info!(code = ?failure.code, "no sign-in at start");
        }
    });
}

/// The demonstration opens the program signed in and takes calls as soon as the line is up, so
/// that a customer rings by itself; only builds for development know how.
#[cfg(debug_assertions)]
async fn open_demo(desk: &Desk) -> Option<Result<(), Failure>> {
    let given = std::env::var("SEATLINE_DEMO_SIGN_IN").ok()?;
    let (login, password) = given.split_once(':')?;
    let request = SignInRequest {
        centre: desk.remembered().await?.centre,
        login: login.into(),
        password: Some(Secret::new(password)),
        remember: false,
        take_over: true,
        trust: None,
    };
    if let Err(failure) = desk.sign_in(request).await {
        return Some(Err(failure));
    }
    let is_up = |view: &Arc<DeskView>| view.line == Line::Up;
    // Fails only when the engine ends first.
    desk.watch().wait_for(is_up).await.ok()?;
    Some(desk.set_presence(PresenceChoice::Ready).await)
}

#[cfg(not(debug_assertions))]
async fn open_demo(_desk: &Desk) -> Option<Result<(), Failure>> {
    None
}

/// Puts the number of a link before the agent.
pub fn request_dial(app: &AppHandle, link: String) {
    let app = app.clone();
    async_runtime::spawn(async move { ready(&app).await.request_dial(link).await });
}

/// Lets the engine do something that nobody waits for, such as a hotkey's wish.
pub fn act<F>(app: &AppHandle, wish: impl FnOnce(Desk) -> F + Send + 'static)
where
    F: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let app = app.clone();
    async_runtime::spawn(async move {
        if let Err(failure) = wish(ready(&app).await).await {
            tracing::info!(code = ?failure.code, "a wish could not be fulfilled");
        }
    });
}

/// What the engine shows now.
#[must_use]
pub fn view(app: &AppHandle) -> Option<Arc<seatline_desk::view::DeskView>> {
    app.try_state::<Desk>().map(|desk| desk.view())
}
