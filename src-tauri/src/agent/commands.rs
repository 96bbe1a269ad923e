//! Every command of the windows but those about windows, for lines of JSON.

use super::malformed;
use crate::hotkeys;
use base64::{Engine, prelude::BASE64_STANDARD};
use seatline_desk::{Desk, command::RememberedSignIn, failure::Failure, view::SettingsChange};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// Declares commands that ask the engine the same in the same words.
macro_rules! plain {
    ($($command:ident($($argument:ident),*);)*) => {
        /// Names of the commands that only delegate.
        #[cfg(test)]
        const PLAIN: &[&str] = &[$(stringify!($command)),*];

        async fn delegate(
            desk: &Desk,
            command: &str,
            mut arguments: Arguments,
        ) -> Result<Value, Failure> {
            match command {
                $(stringify!($command) => {
                    $(let $argument = arguments.take(stringify!($argument))?;)*
                    arguments.end()?;
                    // Boxed, because all of them would make one future as large as the largest.
                    Box::pin(desk.$command($($argument),*)).await.settle()
                })*
                _ => Err(malformed(format!("there is no command {command:?}"))),
            }
        }
    };
}

plain! {
    dial(target);
    answer();
    decline();
    hang_up();
    set_muted(muted);
    set_held(held);
    send_digits(digits);
    dismiss_dial_request();
    consult(contact, reach);
    transfer(contact, reach);
    complete_transfer(contact, completion);
    swap(contact);
    merge(contact);
    leave(contact);
    edit_party(contact, party, edit);
    drop_party(contact, party);
    park(contact);
    pick_up(slot);
    ask_help(contact, request);
    withdraw_help(contact);
    past_legs(contact);
    search_customers(query);
    customer_card(id);
    timeline(id);
    create_customer(customer);
    edit_customer(id, edit);
    reveal_numbers(id, reason);
    show_live(board, directory);
    address_book(text);
    save_entry(id, entry);
    remove_entry(id);
    save_callback(id, callback);
    close_callback(id, state);
    callbacks();
    refresh_devices();
    select_devices(selection);
    set_processing(processing);
    test_speaker();
    test_ringer();
    set_meter(on);
    retry_write(id);
    discard_write(id);
    dismiss_notice(id);
    set_presence(choice);
    pause_recording(contact, reason);
    resume_recording(contact);
    start_recording(contact);
    stop_recording(contact);
    queues();
    recordings(filter);
    recording(id);
    edit_recording(id, edit);
    score_forms();
    create_score_form(form);
    scorecards(recording);
    save_scorecard(recording, id, card);
    reply_to_scorecard(id, reply);
    calibration(recording, form);
    call_rules();
    set_call_policy(person, policy);
    edit_queue(queue, edit);
    recording_policy();
    set_recording_policy(policy);
    check_centre(url, trust);
    set_up_centre(request);
    remembered();
    sign_in(request);
    sign_out();
    check_update();
    install_update(when);
    watch_contact(contact, mode);
    stop_watching(contact);
    take_over(contact);
    follow_agent(agent, follow);
    force_presence(agent, forced);
    force_sign_out(agent, forced);
    send_message(person, text, contact);
    conversation(person, before);
    teams();
    save_team(id, team);
    remove_team(id);
    tickets(filter);
    ticket(id);
    save_draft(draft);
    discard_draft(id);
    create_ticket(draft);
    edit_ticket(id, edit);
    comment_ticket(id, text);
    save_note(note);
    finish_wrap_up(contact);
    extend_wrap_up(contact, seconds);
    link_customer(contact, customer);
}

/// Does what a line asks.
///
/// # Errors
/// `malformed_request` when there is no such command or an argument is not what it takes; else
/// as the command.
pub(super) async fn obey(
    desk: &Desk,
    command: &str,
    arguments: Map<String, Value>,
) -> Result<Value, Failure> {
    let mut arguments = Arguments(arguments);
    match command {
        "view" => {
            arguments.end()?;
            Ok(desk.view().as_ref()).settle()
        }
        // The page's address and code are in the view; whoever drives this opens it.
        "sign_in_sso" => {
            let request = arguments.take("request")?;
            arguments.end()?;
            Box::pin(desk.sign_in_sso(request, |_| Ok(())))
                .await
                .settle()
        }
        "cancel_sso" => {
            arguments.end()?;
            desk.cancel_sso();
            ().settle()
        }
        "hear_recording" => {
            let id = arguments.take("id")?;
            // As the windows spell it.
            let (from_ms, until_ms) = (arguments.take("fromMs")?, arguments.take("untilMs")?);
            arguments.end()?;
            let sound = desk.hear_recording(id, from_ms, until_ms).await?;
            Ok(BASE64_STANDARD.encode(sound)).settle()
        }
        "change_settings" => {
            let change: SettingsChange = arguments.take("change")?;
            arguments.end()?;
            if let Some(wanted) = &change.hotkeys {
                hotkeys::check(wanted)?;
            }
            desk.change_settings(change).await.settle()
        }
        _ => delegate(desk, command, arguments).await,
    }
}

/// The arguments of a command that are not read yet.
struct Arguments(Map<String, Value>);

impl Arguments {
    /// Reads an argument. One that is not there reads as `null`.
    fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, Failure> {
        let value = self.0.remove(name).unwrap_or_default();
        serde_json::from_value(value).map_err(|error| Failure {
            field: Some(name.to_owned()),
            ..malformed(error.to_string())
        })
    }

    /// There are no more.
    fn end(self) -> Result<(), Failure> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(Failure {
                field: Some(name.clone()),
                ..malformed("there is no such argument".into())
            }),
        }
    }
}

/// What a command gives, as JSON.
trait Settle {
    fn settle(self) -> Result<Value, Failure>;
}

impl<T: Serialize> Settle for Result<T, Failure> {
    fn settle(self) -> Result<Value, Failure> {
        serde_json::to_value(self?).map_err(|error| malformed(error.to_string()))
    }
}

impl Settle for () {
    fn settle(self) -> Result<Value, Failure> {
        Ok(Value::Null)
    }
}

impl Settle for Option<RememberedSignIn> {
    fn settle(self) -> Result<Value, Failure> {
        Ok(self).settle()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Those of [`obey`] itself.
    const OWN: [&str; 5] = [
        "view",
        "sign_in_sso",
        "cancel_sso",
        "hear_recording",
        "change_settings",
    ];
    /// Those that need a window.
    const OF_WINDOWS: [&str; 5] = [
        "window_mode",
        "set_window_mode",
        "show_main",
        "quit",
        "open_sso_page",
    ];

    #[test]
    fn every_command_of_the_windows_is_there() {
        let known: BTreeSet<&str> = PLAIN.iter().copied().chain(OWN).chain(OF_WINDOWS).collect();
        let wanted: BTreeSet<&str> = crate::commands::NAMES.iter().copied().collect();
        assert_eq!(known, wanted);
    }

    #[test]
    fn an_argument_that_does_not_fit_is_named() {
        let mut arguments = Arguments(Map::from_iter([("on".to_owned(), Value::from(3))]));
        let failure = arguments.take::<bool>("on").expect_err("no flag");
        assert_eq!(failure.field.as_deref(), Some("on"));
        let left = Arguments(Map::from_iter([("more".to_owned(), Value::Null)]));
        assert_eq!(
            left.end().expect_err("one too many").field.as_deref(),
            Some("more")
        );
    }
}
