//! The system's notifications: of an incoming call, for when the main window is not looked at, and
//! of an upgrade that waits for the call's end.

use crate::{language::Tongue, windows};
use seatline_desk::view::DeskView;
use tauri::AppHandle;
use tauri_plugin_notification::NotificationExt;

/// A notification's two lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Who calls.
    pub title: String,
    /// Through which queue.
    pub body: String,
}

/// The notification of a call; there is one at a time.
const INCOMING: i32 = 1;

/// The notification of an upgrade.
const UPGRADE: i32 = 2;

/// A click on a notification shows the main window.
pub fn open(app: &AppHandle) {
    let shower = app.clone();
    let listening = app
        .notification()
        .on_action(move |_| windows::show_main(&shower));
    if let Err(error) = listening {
        tracing::info!(%error, "notifications cannot be clicked");
    }
}

/// Tells of a call that has just begun to ring, and takes it back when it no longer does.
pub fn tell(app: &AppHandle, before: Option<&DeskView>, now: &DeskView) {
    if before.is_some_and(|view| view.offer.is_some()) && now.offer.is_none() {
        if let Err(error) = app.notification().remove_active(vec![INCOMING]) {
            tracing::info!(%error, "a notification stays");
        }
        return;
    }
    let Some(notification) = incoming(before, now, Tongue::of(now.settings.language)) else {
        return;
    };
    if windows::main_is_looked_at(app) {
        return;
    }
    show(app, INCOMING, notification);
}

/// Tells that the program ends after the call, whatever the person wants to be told of.
pub fn tell_of_upgrade(app: &AppHandle, now: &DeskView) {
    let tongue = Tongue::of(now.settings.language);
    let title = tongue.say("Seatline 即将升级", "Seatline is about to be upgraded");
    let body = tongue.say("通话结束后会自动关闭", "It closes when this call has ended");
    let notification = Notification {
        title: title.into(),
        body: body.into(),
    };
    show(app, UPGRADE, notification);
}

fn show(app: &AppHandle, id: i32, notification: Notification) {
    let shown = app
        .notification()
        .builder()
        .id(id)
        .title(notification.title)
        .body(notification.body)
        .show();
    if let Err(error) = shown {
        tracing::info!(%error, "the system shows no notification");
    }
}

/// The notification a change asks for, if any.
#[must_use]
pub fn incoming(before: Option<&DeskView>, now: &DeskView, tongue: Tongue) -> Option<Notification> {
    let offer = now.offer.as_ref().filter(|_| now.settings.notify)?;
    let known = before.and_then(|view| view.offer.as_ref());
    if known.is_some_and(|known| known.id == offer.id) {
        return None;
    }
    let number = &offer.contact.number.display;
    let caller = offer.contact.customer_name.as_ref().unwrap_or(number);
    let queue = offer.contact.queue_name.as_deref().unwrap_or_default();
    Some(Notification {
        title: format!("{} · {caller}", tongue.say("来电", "Incoming call")),
        body: if caller == number || number.is_empty() {
            queue.to_owned()
        } else if queue.is_empty() {
            number.clone()
        } else {
            format!("{number} · {queue}")
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn a_new_offer_is_told_once() {
        let (quiet, ringing) = (samples::signed_in(), samples::ringing());
        let told = incoming(Some(&quiet), &ringing, Tongue::En).expect("an offer is new");
        assert_eq!(told.title, "Incoming call · 王芳");
        assert_eq!(told.body, "138****5678 · 售后");
        assert_eq!(incoming(Some(&ringing), &ringing, Tongue::En), None);
        assert_eq!(incoming(Some(&ringing), &quiet, Tongue::En), None);
    }

    #[test]
    fn an_unknown_caller_is_told_by_number() {
        let mut ringing = samples::ringing();
        if let Some(offer) = &mut ringing.offer {
            offer.contact.customer_name = None;
        }
        let told = incoming(None, &ringing, Tongue::Zh).expect("an offer is new");
        assert_eq!(told.title, "来电 · 138****5678");
        assert_eq!(told.body, "售后");
    }

    #[test]
    fn nothing_is_told_against_the_persons_wish() {
        let mut ringing = samples::ringing();
        ringing.settings.notify = false;
        assert_eq!(incoming(None, &ringing, Tongue::Zh), None);
    }
}
