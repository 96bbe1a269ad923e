//! The shell around the desk engine: windows, tray, hotkeys, links and notifications. It
//! converts and delegates; the engine decides.
//!
//! | module | what lives there |
//! |---|---|
//! | [`launch`] | flags and links of a start |
//! | [`engine`] | starts the desk engine and follows what it shows |
//! | [`commands`], [`events`], [`bindings`] | the typed line to the windows |
//! | [`windows`] | the main window, its compact form, and the incoming-call card |
//! | [`tray`], [`hotkeys`], [`notify`] | what is seen and heard without a window |
//! | [`exit`] | how the program ends |
//! | [`display`] | what WebKit must be told first |
//! | [`journal`] | the log files |
//!
//! Deliberately absent: any rule about calls, any network access, any way for a web page to
//! reach files, programs or other sites.

pub mod bindings;
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
#[cfg(test)]
mod samples;
pub mod tray;
pub mod windows;

use anyhow::Context;
use launch::Launch;
use parking_lot::Mutex;
use std::{path::Path, sync::Arc};
use tauri::{AppHandle, Manager, RunEvent};

/// Runs the program until the person quits. A second start hands its link to the first one and
/// ends.
///
/// # Errors
/// When the data folder cannot be used, or the system gives no windows.
pub fn run(launch: Launch) -> anyhow::Result<()> {
    // It fails only if a provider is there already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();

    let outcome: Arc<Mutex<Option<anyhow::Error>>> = Arc::default();
    let fault = outcome.clone();
    let line = bindings::builder();
    let app = tauri::Builder::default()
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
            if let Err(error) = start(app.handle(), &launch) {
                // An error here would end the program without a word to the person.
                *fault.lock() = Some(error);
                app.handle().exit(1);
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
    match outcome.lock().take() {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

fn start(app: &AppHandle, launch: &Launch) -> anyhow::Result<()> {
    let data_dir = match &launch.data_dir {
        Some(folder) => folder.clone(),
        None => app.path().app_local_data_dir()?,
    };
    make_private(&data_dir)
        .with_context(|| format!("cannot make the data folder {}", data_dir.display()))?;
    app.manage(journal::open(&data_dir)?);
    tracing::info!(version = %app.package_info().version, "starting");

    // The engine opens the keyring while the windows are being made.
    let desk = tauri::async_runtime::spawn(engine::start(app.clone(), data_dir.clone()));
    app.manage(windows::Form::default());
    windows::open(app, &data_dir)?;
    tray::open(app);
    notify::open(app);
    let desk = tauri::async_runtime::block_on(desk)??;
    app.manage(desk.clone());
    engine::follow(app, &desk);
    engine::sign_in_at_start(&desk);

    exit::on_signal(app);
    launch::on_system_link(app);
    if let Some(link) = launch.link.clone() {
        engine::request_dial(app, link);
    }
    Ok(())
}

/// Makes a folder that only this person can read; on Windows the profile's own rights do that.
fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
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
