//! The windows: the main one, with its compact form, and the incoming-call card.
//!
//! None of them owns anything. Each draws itself from the engine's view when it is loaded, so it
//! may be closed, reloaded or crash in mid-call.

mod card;
mod main;
mod origin;

pub use main::WindowMode;

use main::Form;

use seatline_desk::view::{DeskView, Theme};
use std::path::{Path, PathBuf};
use tauri::{
    AppHandle, Manager, WebviewUrl, WebviewWindowBuilder, Window, WindowEvent, Wry,
    plugin::TauriPlugin,
    webview::{NewWindowResponse, PermissionResponse},
};
use tauri_plugin_window_state::StateFlags;

/// Label of the main window.
pub const MAIN: &str = "main";

/// Label of the incoming-call card.
pub const CARD: &str = "card";

/// What is remembered of the main window between two starts.
const REMEMBERED: StateFlags = StateFlags::SIZE
    .union(StateFlags::POSITION)
    .union(StateFlags::MAXIMIZED);

/// Remembers place and size of the main window, in the data folder if one is named.
#[must_use]
pub fn state_plugin(data_dir: Option<&Path>) -> TauriPlugin<Wry> {
    let mut builder = tauri_plugin_window_state::Builder::new()
        .with_state_flags(REMEMBERED)
        .with_denylist(&[CARD]);
    // Relative to the system's folder for settings unless it is absolute.
    if let Some(file) = data_dir.and_then(|folder| std::path::absolute(folder).ok()) {
        builder = builder.with_filename(file.join("window.json").to_string_lossy());
    }
    builder.build()
}

/// Where pages keep what they keep.
struct Folder(PathBuf);

/// Opens the main window. The card follows once somebody is signed in.
///
/// # Errors
/// When the system gives no window.
pub fn open(app: &AppHandle, data_dir: &Path) -> tauri::Result<()> {
    app.manage(Folder(data_dir.join("webview")));
    app.manage(Form::default());
    main::open(app)
}

/// What both windows have in common: they show a page of the program's own and nothing else.
fn builder<'a>(
    app: &'a AppHandle,
    label: &str,
    page: &str,
) -> WebviewWindowBuilder<'a, Wry, AppHandle> {
    WebviewWindowBuilder::new(app, label, WebviewUrl::App(page.into()))
        .title("Seatline")
        .data_directory(app.state::<Folder>().0.clone())
        .on_navigation(origin::is_own)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_permission_request(|_, _| PermissionResponse::Deny)
}

/// Brings the windows in step with the view.
pub fn show_view(app: &AppHandle, before: Option<&DeskView>, now: &DeskView) {
    let theme = now.settings.theme;
    if before.is_none_or(|before| before.settings.theme != theme) {
        app.set_theme(match theme {
            Theme::System => None,
            Theme::Light => Some(tauri::Theme::Light),
            Theme::Dark => Some(tauri::Theme::Dark),
        });
    }
    let signed_in = |view: &DeskView| view.me.is_some();
    if signed_in(now) && !before.is_some_and(signed_in) {
        card::open_once(app);
    }
    card::show_offer(app, before, now);
}

/// Brings the main window to the front.
pub fn show_main(app: &AppHandle) {
    main::show(app);
}

/// Whether the main window has the person's attention.
#[must_use]
pub fn main_is_looked_at(app: &AppHandle) -> bool {
    app.get_webview_window(MAIN)
        .is_some_and(|window| window.is_focused().unwrap_or(false))
}

/// The main window's form.
#[must_use]
pub fn mode(app: &AppHandle) -> WindowMode {
    main::mode(app)
}

/// Makes the main window the call bar alone, or whole again.
pub fn set_mode(app: &AppHandle, mode: WindowMode) {
    if let Err(error) = main::set_mode(app, mode) {
        tracing::warn!(%error, "the window keeps its form");
    }
    update_card(app);
}

/// Closing a window only hides it: calls go on, and the tray brings it back.
pub fn on_event(window: &Window, event: &WindowEvent) {
    let app = window.app_handle();
    match event {
        WindowEvent::CloseRequested { api, .. } => {
            api.prevent_close();
            hide(app, window);
        }
        WindowEvent::Focused(_) if window.label() == MAIN => update_card(app),
        _ => {}
    }
}

fn hide(app: &AppHandle, window: &Window) {
    if window.label() == MAIN && !crate::tray::is_open(app) {
        crate::exit::request(app);
        return;
    }
    if let Err(error) = window.hide() {
        tracing::warn!(%error, "a window cannot be hidden");
    }
    update_card(app);
}

/// The card follows what becomes of the main window.
fn update_card(app: &AppHandle) {
    if let Some(view) = crate::engine::view(app) {
        card::update(app, &view);
    }
}

/// Loads a page anew when its process has died. Windows' web view offers that by itself.
#[cfg(target_os = "linux")]
fn revive_after_crash(window: &tauri::WebviewWindow) -> tauri::Result<()> {
    use webkit2gtk::WebViewExt;

    window.with_webview(|view| {
        view.inner().connect_web_process_terminated(|view, reason| {
            tracing::warn!(?reason, "the page's process ended; it is loaded again");
            view.reload();
        });
    })
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "on Linux it can fail")]
fn revive_after_crash(_: &tauri::WebviewWindow) -> tauri::Result<()> {
    Ok(())
}

/// The same for macOS, where the toolkit tells the program instead of the window.
#[cfg(target_os = "macos")]
pub fn revive_webview(webview: &tauri::Webview) {
    tracing::warn!("the page's process ended; it is loaded again");
    if let Err(error) = webview.reload() {
        tracing::error!(%error, "the page stays blank");
    }
}
