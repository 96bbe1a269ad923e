//! The incoming-call card: over everything, at the corner of the screen, and never with the
//! keyboard. The agent goes on typing wherever they type.

use super::{CARD, MAIN, WindowMode, builder, revive_after_crash};
use seatline_desk::view::DeskView;
use tauri::{
    AppHandle, LogicalSize, Manager, PhysicalPosition, PhysicalSize, WebviewWindow, async_runtime,
};

/// Width and height.
const SIZE: LogicalSize<f64> = LogicalSize::new(380.0, 248.0);

/// Distance to the edges of the screen.
const MARGIN: f64 = 16.0;

/// Makes the card, hidden, unless it is there. That takes a while, so nobody waits for it.
pub(super) fn open_once(app: &AppHandle) {
    if app.get_webview_window(CARD).is_some() {
        return;
    }
    let app = app.clone();
    async_runtime::spawn_blocking(move || match open(&app) {
        // A call may have been offered meanwhile.
        Ok(()) => super::update_card(&app),
        Err(error) => tracing::error!(%error, "there is no call card"),
    });
}

fn open(app: &AppHandle) -> tauri::Result<()> {
    let card = builder(app, CARD, "card.html")
        .inner_size(SIZE.width, SIZE.height)
        .decorations(false)
        .resizable(false)
        .always_on_top(true)
        .visible_on_all_workspaces(true)
        .skip_taskbar(true)
        .focused(false)
        .focusable(false)
        .accept_first_mouse(true)
        .visible(false)
        .build()?;
    revive_after_crash(&card)
}

/// Follows the offer.
pub(super) fn show_offer(app: &AppHandle, before: Option<&DeskView>, now: &DeskView) {
    let offered = |view: &DeskView| view.offer.as_ref().map(|offer| offer.id);
    if before.and_then(offered) != offered(now) {
        update(app, now);
    }
}

/// Shows the card while a call is offered, unless the agent looks at the main window, which shows
/// the same.
pub(super) fn update(app: &AppHandle, view: &DeskView) {
    let Some(card) = app.get_webview_window(CARD) else {
        return;
    };
    let wanted = is_wanted(
        view.offer.is_some(),
        super::main_is_looked_at(app),
        super::mode(app),
    );
    let done = match (wanted, card.is_visible().unwrap_or(false)) {
        (true, false) => place(app, &card).and_then(|()| card.show()),
        (false, true) => card.hide(),
        (true, true) | (false, false) => Ok(()),
    };
    if let Err(error) = done {
        tracing::warn!(%error, "the call card is out of date");
    }
}

fn is_wanted(offered: bool, main_is_looked_at: bool, mode: WindowMode) -> bool {
    offered && !(main_is_looked_at && mode == WindowMode::Full)
}

/// Puts the card on the screen the agent works on.
fn place(app: &AppHandle, card: &WebviewWindow) -> tauri::Result<()> {
    let main_screen = match app.get_webview_window(MAIN) {
        Some(main) => main.current_monitor()?,
        None => None,
    };
    let screen = match main_screen {
        Some(screen) => Some(screen),
        None => card.primary_monitor()?,
    };
    let Some(screen) = screen else {
        return Ok(());
    };
    let area = screen.work_area();
    card.set_position(corner(area.position, area.size, screen.scale_factor()))
}

/// The card's place at the bottom right of an area.
fn corner(
    origin: PhysicalPosition<i32>,
    area: PhysicalSize<u32>,
    scale: f64,
) -> PhysicalPosition<i32> {
    let size = SIZE.to_physical::<u32>(scale);
    let margin = LogicalSize::new(MARGIN, MARGIN).to_physical::<u32>(scale);
    let along = |start: i32, length: u32, card: u32, margin: u32| {
        let room = length.saturating_sub(card).saturating_sub(margin);
        start.saturating_add_unsigned(room)
    };
    PhysicalPosition::new(
        along(origin.x, area.width, size.width, margin.width),
        along(origin.y, area.height, size.height, margin.height),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_card_is_there_when_the_main_window_does_not_serve() {
        assert!(is_wanted(true, false, WindowMode::Full));
        assert!(is_wanted(true, false, WindowMode::Compact));
        assert!(is_wanted(true, true, WindowMode::Compact));
        assert!(!is_wanted(true, true, WindowMode::Full));
        assert!(!is_wanted(false, false, WindowMode::Full));
        assert!(!is_wanted(false, false, WindowMode::Compact));
    }

    #[test]
    fn the_card_sits_in_the_corner_of_its_screen() {
        let full_hd = corner((0, 0).into(), (1920, 1040).into(), 1.0);
        assert_eq!(full_hd, PhysicalPosition::new(1524, 776));
        let left_screen = corner((-2560, -200).into(), (2560, 1440).into(), 2.0);
        assert_eq!(left_screen, PhysicalPosition::new(-792, 712));
        let tiny = corner((10, 20).into(), (200, 100).into(), 1.0);
        assert_eq!(tiny, PhysicalPosition::new(10, 20));
    }
}
