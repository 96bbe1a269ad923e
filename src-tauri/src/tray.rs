//! The icon beside the clock: presence and call at a glance, and the few things one does without
//! a window.

mod face;

use crate::{engine, exit, hotkeys, language::Tongue, windows};
use face::{Action, Face, Icon, Item};
use parking_lot::Mutex;
use seatline_contract::presence::PresenceChoice;
use seatline_desk::view::DeskView;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tauri::{
    AppHandle, Manager, Wry,
    image::Image,
    include_image,
    menu::{Menu, MenuBuilder, MenuItem},
    tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent},
};

/// The tray as last shown.
struct Tray {
    icon: TrayIcon,
    shown: Mutex<Option<Face>>,
}

/// Puts the icon up. Some Linux desktops have no place for one; the program works without.
pub fn open(app: &AppHandle) {
    // Where the system's tray library is missing, the toolkit panics instead of failing.
    let built = catch_unwind(AssertUnwindSafe(|| build(app)));
    match built {
        Ok(Ok(icon)) => {
            app.manage(Tray {
                icon,
                shown: Mutex::new(None),
            });
        }
        Ok(Err(error)) => tracing::warn!(%error, "no tray icon"),
        Err(_) => tracing::warn!("no tray icon: the system lacks the library for it"),
    }
}

/// Whether there is a tray to hide the window in.
#[must_use]
pub fn is_open(app: &AppHandle) -> bool {
    app.try_state::<Tray>().is_some()
}

fn build(app: &AppHandle) -> tauri::Result<TrayIcon> {
    TrayIconBuilder::with_id("seatline")
        .icon(image(Icon::Offline))
        .tooltip("Seatline")
        .show_menu_on_left_click(false)
        .on_menu_event(|app, event| {
            if let Some(action) = Action::of_id(event.id().as_ref()) {
                perform(app, action);
            }
        })
        .on_tray_icon_event(|icon, event| {
            if let TrayIconEvent::Click {
                button: MouseButton::Left,
                button_state: MouseButtonState::Up,
                ..
            } = event
            {
                windows::show_main(icon.app_handle());
            }
        })
        .build(app)
}

/// Brings icon, tooltip and menu up to date.
pub fn show(app: &AppHandle, view: &DeskView) {
    let Some(tray) = app.try_state::<Tray>() else {
        return;
    };
    let face = Face::of(view, Tongue::of(view.settings.language));
    let mut shown = tray.shown.lock();
    if shown.as_ref() == Some(&face) {
        return;
    }
    if let Err(error) = draw(app, &tray.icon, shown.as_ref(), &face) {
        tracing::warn!(%error, "the tray is out of date");
    }
    *shown = Some(face);
}

fn draw(app: &AppHandle, icon: &TrayIcon, before: Option<&Face>, face: &Face) -> tauri::Result<()> {
    if before.is_none_or(|before| before.icon != face.icon) {
        icon.set_icon(Some(image(face.icon)))?;
    }
    if before.is_none_or(|before| before.tooltip != face.tooltip) {
        icon.set_tooltip(Some(&face.tooltip))?;
    }
    if before.is_none_or(|before| before.items != face.items) {
        icon.set_menu(Some(menu(app, &face.items)?))?;
    }
    Ok(())
}

fn menu(app: &AppHandle, items: &[Item]) -> tauri::Result<Menu<Wry>> {
    let mut menu = MenuBuilder::new(app);
    for item in items {
        menu = match item {
            Item::Line => menu.separator(),
            Item::Act {
                action,
                text,
                enabled,
            } => menu.item(&MenuItem::with_id(
                app,
                action.id(),
                text,
                *enabled,
                None::<&str>,
            )?),
        };
    }
    menu.build()
}

fn image(icon: Icon) -> Image<'static> {
    match icon {
        Icon::Offline => include_image!("../icons/tray/offline.png"),
        Icon::Ready => include_image!("../icons/tray/ready.png"),
        Icon::NotReady => include_image!("../icons/tray/not-ready.png"),
        Icon::Ringing => include_image!("../icons/tray/ringing.png"),
        Icon::InCall => include_image!("../icons/tray/in-call.png"),
    }
}

fn perform(app: &AppHandle, action: Action) {
    match action {
        Action::Show => windows::show_main(app),
        Action::Ready => choose(app, PresenceChoice::Ready),
        Action::OnBreak => choose(app, PresenceChoice::OnBreak),
        Action::NotReady(reason) => choose(app, PresenceChoice::NotReady { reason }),
        Action::Call(wish) => hotkeys::fulfil(app, wish),
        Action::Quit => exit::request(app),
    }
}

fn choose(app: &AppHandle, choice: PresenceChoice) {
    engine::act(app, |desk| async move { desk.set_presence(choice).await });
}
