//! The shell around the desk engine: windows, tray, hotkeys, links and notifications. It
//! converts and delegates; the engine decides.
//!
//! | module | what lives there |
//! |---|---|
//! | [`launch`] | flags and links of a start |
//! | [`check`], [`agent`] | starts without a window |
//! | [`engine`] | starts the desk engine and follows what it shows |
//! | [`commands`], [`events`], [`bindings`] | the typed line to the windows |
//! | [`windows`] | the main window, its compact form, and the incoming-call card |
//! | [`tray`], [`hotkeys`], [`notify`] | what is seen and heard without a window |
//! | [`system`] | what the system knows of the program: autostart, telephone links |
//! | [`updates`] | whose updates are trusted, and how they are installed |
//! | [`exit`], [`closing`] | how the program ends, by itself and before an upgrade |
//! | [`removal`] | takes away what desks have kept |
//! | [`display`] | what WebKit must be told first |
//! | [`journal`] | the log files |
//!
//! Deliberately absent: any rule about calls, any network access, any way for a web page to
//! reach files, programs or other sites.

pub mod agent;
pub mod bindings;
pub mod check;
pub mod closing;
pub mod commands;
pub mod display;
pub mod engine;
pub mod events;
pub mod exit;
pub mod hotkeys;
pub mod journal;
pub mod language;
pub mod launch;
pub mod notify;
pub mod removal;
#[cfg(test)]
mod samples;
pub mod system;
pub mod tray;
pub mod updates;
pub mod windows;

use anyhow::Context;
use launch::Launch;
use parking_lot::Mutex;
use seatline_desk::Desk;
use std::sync::Arc;
use tauri::{AppHandle, Manager, RunEvent, async_runtime};

/// Runs the program until the person quits. A second start hands its link to the first one and
/// ends.
///
/// # Errors
/// When the data folder cannot be used, or the system gives no windows.
pub fn run(launch: Launch) -> anyhow::Result<()> {
    choose_ciphers();
    let fault = Fault::default();
    let noted = fault.clone();
    let line = bindings::builder();
    let app = tauri::Builder::default()
        .manage(engine::Awaited::default())
        .plugin(tauri_plugin_single_instance::init(|app, arguments, _| {
            open_again(app, &arguments);
        }))
        .plugin(tauri_plugin_deep_link::init())
        .plugin(tauri_plugin_notification::init())
        .plugin(hotkeys::plugin())
        .plugin(windows::state_plugin(launch.data_dir.as_deref()))
        .invoke_handler(line.invoke_handler())
        .setup(move |app| {
            line.mount_events(app);
            let started = start(app.handle(), launch, &noted);
            if let Err(error) = started {
                // Returned from here it would end the program without a word to the person.
                give_up(app.handle(), &noted, error);
            }
            Ok(())
        })
        .on_window_event(windows::on_event);
    #[cfg(target_os = "macos")]
    let app = app.on_web_content_process_terminate(windows::revive_webview);
    let app = app
        .build(tauri::generate_context!())
        .context("the window system cannot be used")?;
    app.run_return(|app, event| on_run_event(app, &event));
    let fault = fault.lock().take();
    fault.map_or(Ok(()), Err)
}

/// Chooses the ciphers of TLS. Call it before there is any connection.
fn choose_ciphers() {
    // It fails only if a provider is there already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Why the program ends, if it cannot go on.
type Fault = Arc<Mutex<Option<anyhow::Error>>>;

fn give_up(app: &AppHandle, fault: &Fault, error: anyhow::Error) {
    *fault.lock() = Some(error);
    app.exit(1);
}

/// Puts the main window up. All else follows beside it, so that the window does not wait for a
/// keyring that asks the person something, nor for a sound server that does not answer.
fn start(app: &AppHandle, launch: Launch, fault: &Fault) -> anyhow::Result<()> {
    let data_dir = launch.data_folder()?;
    app.manage(journal::open(&data_dir)?);
    let version = app.package_info().version.to_string();
    tracing::info!(version, "starting");

    let (beside, fault, folder) = (app.clone(), fault.clone(), data_dir.clone());
    async_runtime::spawn(async move {
        let started = async_runtime::spawn(engine::start(folder, version)).await;
        match started.map_err(anyhow::Error::from).flatten() {
            Ok(desk) => {
                // A desk with a folder of its own is not the one the system knows.
                if launch.data_dir.is_none() {
                    system::follow(&beside, &desk);
                }
                accompany(&beside, desk, launch.link);
            }
            Err(error) => give_up(&beside, &fault, error),
        }
    });
    windows::open(app, &data_dir)?;
    exit::on_signal(app);
    exit::on_upgrade(app);
    launch::on_system_link(app);
    Ok(())
}

/// Sets up what goes with a running engine.
fn accompany(app: &AppHandle, desk: Desk, link: Option<String>) {
    engine::announce(app, &desk);
    let shower = app.clone();
    let shown = app.run_on_main_thread(move || {
        tray::open(&shower);
        notify::open(&shower);
        engine::follow(&shower, &desk);
        updates::follow(&shower, &desk);
        engine::sign_in_at_start(&desk);
        if let Some(link) = link {
            engine::request_dial(&shower, link);
        }
    });
    if let Err(error) = shown {
        tracing::info!(%error, "the program ended while it started");
    }
}

/// A second start shows the window of the first, with the link it was given.
fn open_again(app: &AppHandle, arguments: &[String]) {
    windows::show_main(app);
    if let Some(link) = launch::link_in(arguments) {
        engine::request_dial(app, link);
    }
}

/// A click in the dock shows the window again.
#[cfg(target_os = "macos")]
fn on_run_event(app: &AppHandle, event: &RunEvent) {
    if let RunEvent::Reopen { .. } = event {
        windows::show_main(app);
    }
}

#[cfg(not(target_os = "macos"))]
fn on_run_event(_: &AppHandle, _: &RunEvent) {}
