//! The main window, and its compact form: the call bar alone, over all other windows.

use super::{MAIN, builder, revive_after_crash};
use crate::events::WindowModeChanged;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tauri::{
    AppHandle, LogicalSize, Manager, PhysicalPosition, PhysicalSize, WebviewWindow, window::Color,
};
use tauri_specta::Event;

/// Width and height at first start.
const USUAL: LogicalSize<f64> = LogicalSize::new(1280.0, 800.0);

/// Everything is legible down to this size.
const LEAST: LogicalSize<f64> = LogicalSize::new(960.0, 600.0);

/// The call bar alone.
const BAR: LogicalSize<f64> = LogicalSize::new(520.0, 64.0);

/// Seen for the moment before the page is drawn.
const BACKGROUND: Color = Color(0xf4, 0xf5, 0xf7, 0xff);

/// The main window's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum WindowMode {
    /// Everything.
    Full,
    /// The call bar alone, over all other windows.
    Compact,
}

/// Which form the main window has.
#[derive(Default)]
pub(super) struct Form {
    /// While compact: what it was before.
    full: Mutex<Option<Bounds>>,
}

#[derive(Debug, Clone, Copy)]
struct Bounds {
    position: PhysicalPosition<i32>,
    size: PhysicalSize<u32>,
    maximized: bool,
}

pub(super) fn open(app: &AppHandle) -> tauri::Result<()> {
    let window = builder(app, MAIN, "index.html")
        .inner_size(USUAL.width, USUAL.height)
        .min_inner_size(LEAST.width, LEAST.height)
        .background_color(BACKGROUND)
        .center()
        .build()?;
    revive_after_crash(&window)?;
    // It may have been closed while it was the call bar alone.
    let size = window
        .inner_size()?
        .to_logical::<f64>(window.scale_factor()?);
    if size.width < LEAST.width || size.height < LEAST.height {
        window.set_size(USUAL)?;
    }
    Ok(())
}

pub(super) fn show(app: &AppHandle) {
    let Some(window) = app.get_webview_window(MAIN) else {
        return;
    };
    let shown = window
        .show()
        .and_then(|()| window.unminimize())
        .and_then(|()| window.set_focus());
    if let Err(error) = shown {
        tracing::warn!(%error, "the main window cannot be shown");
    }
}

pub(super) fn mode(app: &AppHandle) -> WindowMode {
    match *app.state::<Form>().full.lock() {
        Some(_) => WindowMode::Compact,
        None => WindowMode::Full,
    }
}

pub(super) fn set_mode(app: &AppHandle, mode: WindowMode) -> tauri::Result<()> {
    let form = app.state::<Form>();
    let Some(window) = app.get_webview_window(MAIN) else {
        return Ok(());
    };
    let mut full = form.full.lock();
    match (mode, *full) {
        (WindowMode::Compact, None) => {
            *full = Some(Bounds::of(&window)?);
            shrink(&window)?;
        }
        (WindowMode::Full, Some(bounds)) => {
            *full = None;
            restore(&window, bounds)?;
        }
        (WindowMode::Compact, Some(_)) | (WindowMode::Full, None) => return Ok(()),
    }
    drop(full);
    WindowModeChanged(mode).emit(app)
}

impl Bounds {
    fn of(window: &WebviewWindow) -> tauri::Result<Self> {
        Ok(Self {
            position: window.outer_position()?,
            size: window.inner_size()?,
            maximized: window.is_maximized()?,
        })
    }
}

fn shrink(window: &WebviewWindow) -> tauri::Result<()> {
    window.unmaximize()?;
    window.set_decorations(false)?;
    window.set_always_on_top(true)?;
    window.set_min_size(Some(BAR))?;
    window.set_size(BAR)?;
    // Window managers that ignore the size asked for keep to the greatest one.
    window.set_max_size(Some(BAR))
}

fn restore(window: &WebviewWindow, bounds: Bounds) -> tauri::Result<()> {
    window.set_max_size(None::<LogicalSize<f64>>)?;
    window.set_always_on_top(false)?;
    window.set_decorations(true)?;
    window.set_size(bounds.size)?;
    window.set_position(bounds.position)?;
    window.set_min_size(Some(LEAST))?;
    if bounds.maximized {
        window.maximize()?;
    }
    Ok(())
}
