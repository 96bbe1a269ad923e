//! The typed line between shell and windows: which commands and events there are, and the
//! TypeScript that is generated from them.

use crate::{commands, events};
use specta_typescript::Typescript;
use std::path::Path;
use tauri::Wry;
use tauri_specta::{Builder, BuilderConfiguration, LanguageExt, collect_commands, collect_events};

/// First lines of the generated file.
const HEADER: &str =
    "// Generated from the shell's commands by `cargo dev codegen`. Do not edit.\n";

/// All commands and events.
#[must_use]
pub fn builder() -> Builder<Wry> {
    Builder::<Wry>::new()
        .commands(collect_commands![
            commands::call::answer,
            commands::call::decline,
            commands::call::dial,
            commands::call::dismiss_dial_request,
            commands::call::hang_up,
            commands::call::send_digits,
            commands::call::set_held,
            commands::call::set_muted,
            commands::customer::create_customer,
            commands::customer::customer_card,
            commands::customer::edit_customer,
            commands::customer::reveal_numbers,
            commands::customer::search_customers,
            commands::customer::timeline,
            commands::headset::refresh_devices,
            commands::headset::select_devices,
            commands::headset::set_meter,
            commands::headset::set_processing,
            commands::headset::test_ringer,
            commands::headset::test_speaker,
            commands::outbox::discard_write,
            commands::outbox::dismiss_notice,
            commands::outbox::retry_write,
            commands::presence::set_presence,
            commands::session::check_centre,
            commands::session::remembered,
            commands::session::sign_in,
            commands::session::sign_out,
            commands::session::view,
            commands::settings::save_settings,
            commands::ticket::comment_ticket,
            commands::ticket::create_ticket,
            commands::ticket::discard_draft,
            commands::ticket::edit_ticket,
            commands::ticket::save_draft,
            commands::ticket::ticket,
            commands::ticket::tickets,
            commands::window::quit,
            commands::window::set_window_mode,
            commands::window::show_main,
            commands::window::window_mode,
            commands::wrap_up::extend_wrap_up,
            commands::wrap_up::finish_wrap_up,
            commands::wrap_up::link_customer,
            commands::wrap_up::save_note,
        ])
        .events(collect_events![
            events::DeskViewChanged,
            events::LevelsChanged,
            events::QuitRequested,
            events::WindowModeChanged,
        ])
        // Types that differ between reading and writing only in optional fields stay one type.
        .disable_serde_phases()
}

/// Writes the TypeScript of all commands, events and their types.
///
/// # Errors
/// When a type has no TypeScript form, or the file cannot be written.
pub fn export(path: &Path) -> Result<(), specta_typescript::Error> {
    builder().export(Language, path)
}

/// TypeScript, with the one name changed that the window's toolkit keeps for itself.
struct Language;

impl LanguageExt for Language {
    type Error = specta_typescript::Error;

    fn export(self, configuration: &BuilderConfiguration, path: &Path) -> Result<(), Self::Error> {
        let mut configuration = configuration.clone();
        configuration.types.iter_mut(|named| {
            if named.name == "Channel" {
                named.name = "ContactChannel".into();
            }
        });
        LanguageExt::export(Typescript::default().header(HEADER), &configuration, path)
    }
}
