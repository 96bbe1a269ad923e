//! What the system knows of the program, in step with the settings: that it starts with the
//! computer, and that it opens telephone links; and the browser it opens pages with.

pub mod autostart;
pub(crate) mod browser;
mod links;

use seatline_desk::{Desk, view::Settings};
use tauri::{AppHandle, async_runtime};

/// What the settings say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wanted {
    autostart: bool,
    links: bool,
}

impl Wanted {
    fn of(settings: &Settings) -> Self {
        Self {
            autostart: settings.autostart,
            links: settings.link_handler,
        }
    }
}

/// Follows the settings for as long as the engine runs.
pub fn follow(app: &AppHandle, desk: &Desk) {
    let (app, mut views) = (app.clone(), desk.watch());
    async_runtime::spawn(async move {
        let mut told = None;
        loop {
            let wanted = Wanted::of(&views.borrow_and_update().settings);
            if told != Some(wanted) {
                told = Some(wanted);
                let app = app.clone();
                // Other programs are asked, and may take their time.
                let telling = async_runtime::spawn_blocking(move || tell(&app, wanted));
                if let Err(error) = telling.await {
                    tracing::error!(%error, "the system was not told of the settings");
                }
            }
            if views.changed().await.is_err() {
                break;
            }
        }
    });
}

fn tell(app: &AppHandle, wanted: Wanted) {
    if let Err(error) = autostart::set(wanted.autostart) {
        tracing::warn!(%error, "starting with the computer stays as it was");
    }
    if let Err(error) = links::set(app, wanted.links) {
        tracing::warn!(%error, "telephone links stay as they were");
    }
}

/// Takes away what a person's registry (`HKEY_CURRENT_USER`, or a key of `HKEY_USERS`) says of the
/// program.
///
/// # Errors
/// The first thing that stays, when all else has gone.
#[cfg(windows)]
pub(crate) fn forget(person: &windows_registry::Key) -> std::io::Result<()> {
    let links = links::forget(person);
    autostart::forget(person).and(links)
}
