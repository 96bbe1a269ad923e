//! Global hotkeys: they work whatever program has the keyboard.

use crate::engine;
use seatline_contract::error::Code;
use seatline_desk::{
    failure::{Failure, FailureCode},
    view::{CallState, DeskView, Hotkeys},
};
use tauri::{AppHandle, Wry, plugin::TauriPlugin};
use tauri_plugin_global_shortcut::{Builder, GlobalShortcutExt, Shortcut, ShortcutState};

/// What a hotkey stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Answers.
    Answer,
    /// Hangs up or declines.
    HangUp,
    /// Mutes and unmutes.
    Mute,
    /// Holds and resumes.
    Hold,
}

/// What is to be done with the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Answer.
    Answer,
    /// Hang up.
    HangUp,
    /// Turn the microphone off (`true`) or on.
    Mute(bool),
    /// Hold (`true`) or resume.
    Hold(bool),
}

/// The plugin that listens for hotkeys. Which ones follows with [`apply`].
pub fn plugin() -> TauriPlugin<Wry> {
    Builder::new().build()
}

/// Registers the hotkeys of the settings when they are new.
pub fn apply(app: &AppHandle, before: Option<&DeskView>, now: &DeskView) {
    let hotkeys = &now.settings.hotkeys;
    if before.is_some_and(|before| before.settings.hotkeys == *hotkeys) {
        return;
    }
    let registry = app.global_shortcut();
    if let Err(error) = registry.unregister_all() {
        tracing::warn!(%error, "old hotkeys stay");
    }
    for (key, field, spelling) in spellings(hotkeys) {
        if spelling.is_empty() {
            continue;
        }
        let registered = registry.on_shortcut(spelling, move |app, _, event| {
            if event.state == ShortcutState::Pressed {
                press(app, key);
            }
        });
        if let Err(error) = registered {
            tracing::warn!(%error, field, spelling, "a hotkey cannot be used");
        }
    }
}

/// Checks that hotkeys are spelled in a way the shell knows and that no two are the same.
///
/// # Errors
/// `invalid_field` with the field at fault, such as `hotkeys.mute`.
pub fn check(hotkeys: &Hotkeys) -> Result<(), Failure> {
    let mut taken: Vec<Shortcut> = Vec::new();
    for (_, field, spelling) in spellings(hotkeys) {
        if spelling.is_empty() {
            continue;
        }
        match spelling.parse::<Shortcut>() {
            Ok(shortcut) if !taken.contains(&shortcut) => taken.push(shortcut),
            Ok(_) => return Err(refuse(field, "used twice")),
            Err(_) => return Err(refuse(field, "not a key combination")),
        }
    }
    Ok(())
}

fn refuse(field: &str, why: &str) -> Failure {
    Failure {
        code: FailureCode::Centre(Code::InvalidField),
        field: Some(field.to_owned()),
        retry_after_s: None,
        subject: None,
        expected: None,
        detail: why.to_owned(),
    }
}

fn spellings(hotkeys: &Hotkeys) -> [(Key, &'static str, &str); 4] {
    [
        (Key::Answer, "hotkeys.answer", &hotkeys.answer),
        (Key::HangUp, "hotkeys.hang_up", &hotkeys.hang_up),
        (Key::Mute, "hotkeys.mute", &hotkeys.mute),
        (Key::Hold, "hotkeys.hold", &hotkeys.hold),
    ]
}

fn press(app: &AppHandle, key: Key) {
    if let Some(wish) = engine::view(app).and_then(|view| wish(key, &view)) {
        fulfil(app, wish);
    }
}

/// What a key means in this moment; nothing when there is no call it could act on.
#[must_use]
pub fn wish(key: Key, view: &DeskView) -> Option<Wish> {
    let Some(call) = &view.call else {
        // The person was told of the offer; its call comes over the other connection.
        return (key == Key::Answer && view.offer.is_some()).then_some(Wish::Answer);
    };
    match (key, call.state) {
        (Key::Answer, CallState::Ringing) => Some(Wish::Answer),
        (Key::HangUp, _) => Some(Wish::HangUp),
        (Key::Hold, CallState::Active) => Some(Wish::Hold(true)),
        (Key::Hold, CallState::Held) => Some(Wish::Hold(false)),
        (
            Key::Mute,
            CallState::Active | CallState::Held | CallState::Reconnecting | CallState::Connecting,
        ) => Some(Wish::Mute(!call.muted)),
        (
            Key::Answer,
            CallState::Connecting
            | CallState::Dialing
            | CallState::Active
            | CallState::Held
            | CallState::Reconnecting,
        )
        | (
            Key::Hold,
            CallState::Ringing
            | CallState::Connecting
            | CallState::Dialing
            | CallState::Reconnecting,
        )
        | (Key::Mute, CallState::Ringing | CallState::Dialing) => None,
    }
}

/// Hands a wish to the engine.
pub fn fulfil(app: &AppHandle, wish: Wish) {
    engine::act(app, move |desk| async move {
        match wish {
            Wish::Answer => desk.answer().await,
            Wish::HangUp => desk.hang_up().await,
            Wish::Mute(muted) => desk.set_muted(muted).await,
            Wish::Hold(held) => desk.set_held(held).await,
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn hotkeys(answer: &str, mute: &str) -> Hotkeys {
        Hotkeys {
            answer: answer.into(),
            hang_up: String::new(),
            mute: mute.into(),
            hold: String::new(),
        }
    }

    #[test]
    fn spelling_is_checked_and_the_field_named() {
        assert_eq!(check(&hotkeys("Ctrl+Shift+A", "Ctrl+Shift+M")), Ok(()));
        assert_eq!(check(&hotkeys("", "")), Ok(()));
        let wrong = check(&hotkeys("Ctrl+Shift+A", "Ctrl+Nonsense")).expect_err("misspelled");
        assert_eq!(wrong.field.as_deref(), Some("hotkeys.mute"));
        let twice = check(&hotkeys("Ctrl+Shift+A", "Shift+Ctrl+A")).expect_err("same keys");
        assert_eq!(twice.field.as_deref(), Some("hotkeys.mute"));
    }

    #[test]
    fn a_key_acts_only_where_it_can() {
        let idle = samples::signed_in();
        let ringing = samples::ringing();
        let offered = DeskView {
            call: None,
            ..samples::ringing()
        };
        let talking = samples::talking();
        let mut held = samples::talking();
        if let Some(call) = &mut held.call {
            call.state = CallState::Held;
            call.muted = true;
        }
        assert_eq!(wish(Key::Answer, &idle), None);
        assert_eq!(wish(Key::HangUp, &idle), None);
        assert_eq!(wish(Key::Answer, &offered), Some(Wish::Answer));
        assert_eq!(wish(Key::HangUp, &offered), None);
        assert_eq!(wish(Key::Mute, &offered), None);
        assert_eq!(wish(Key::Answer, &ringing), Some(Wish::Answer));
        assert_eq!(wish(Key::HangUp, &ringing), Some(Wish::HangUp));
        assert_eq!(wish(Key::Mute, &ringing), None);
        assert_eq!(wish(Key::Answer, &talking), None);
        assert_eq!(wish(Key::Mute, &talking), Some(Wish::Mute(true)));
        assert_eq!(wish(Key::Hold, &talking), Some(Wish::Hold(true)));
        assert_eq!(wish(Key::Mute, &held), Some(Wish::Mute(false)));
        assert_eq!(wish(Key::Hold, &held), Some(Wish::Hold(false)));
    }
}
