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
            commands::control::ask_help,
            commands::control::complete_transfer,
            commands::control::consult,
            commands::control::drop_party,
            commands::control::edit_party,
            commands::control::leave,
            commands::control::merge,
            commands::control::park,
            commands::control::past_legs,
            commands::control::pick_up,
            commands::control::swap,
            commands::control::transfer,
            commands::control::withdraw_help,
            commands::customer::create_customer,
            commands::customer::customer_card,
            commands::customer::edit_customer,
            commands::customer::reveal_numbers,
            commands::customer::search_customers,
            commands::customer::timeline,
            commands::directory::address_book,
            commands::directory::callbacks,
            commands::directory::close_callback,
            commands::directory::remove_entry,
            commands::directory::save_callback,
            commands::directory::save_entry,
            commands::directory::show_live,
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
            commands::recording::calibration,
            commands::recording::create_score_form,
            commands::recording::edit_recording,
            commands::recording::hear_recording,
            commands::recording::pause_recording,
            commands::recording::queues,
            commands::recording::recording,
            commands::recording::recordings,
            commands::recording::reply_to_scorecard,
            commands::recording::resume_recording,
            commands::recording::save_scorecard,
            commands::recording::score_forms,
            commands::recording::scorecards,
            commands::recording::start_recording,
            commands::recording::stop_recording,
            commands::rules::call_rules,
            commands::rules::edit_queue,
            commands::rules::recording_policy,
            commands::rules::set_call_policy,
            commands::rules::set_recording_policy,
            commands::session::cancel_sso,
            commands::session::check_centre,
            commands::session::open_sso_page,
            commands::session::remembered,
            commands::session::set_up_centre,
            commands::session::sign_in,
            commands::session::sign_in_sso,
            commands::session::sign_out,
            commands::session::view,
            commands::settings::change_settings,
            commands::supervise::conversation,
            commands::supervise::follow_agent,
            commands::supervise::force_presence,
            commands::supervise::force_sign_out,
            commands::supervise::remove_team,
            commands::supervise::save_team,
            commands::supervise::send_message,
            commands::supervise::stop_watching,
            commands::supervise::take_over,
            commands::supervise::teams,
            commands::supervise::watch_contact,
            commands::ticket::comment_ticket,
            commands::ticket::create_ticket,
            commands::ticket::discard_draft,
            commands::ticket::edit_ticket,
            commands::ticket::save_draft,
            commands::ticket::ticket,
            commands::ticket::tickets,
            commands::update::check_update,
            commands::update::install_update,
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
            events::LiveChanged,
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
