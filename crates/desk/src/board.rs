//! The one view that every part of the engine writes to and windows watch.

use crate::{
    failure::FailureCode,
    view::{DeskView, Keyring, Notice, NoticeCode, Settings},
};
use parking_lot::Mutex;
use seatline_contract::{party::PartyEnd, supervision::Message, time::UnixMs};
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};
use tokio::sync::watch;

/// Notices kept; older ones give way.
const MOST_NOTICES: usize = 20;

/// Messages kept; older ones give way.
const MOST_MESSAGES: usize = 100;

/// Holds the current view and publishes each change of it.
pub(crate) struct Board {
    view: watch::Sender<Arc<DeskView>>,
    next_notice: Mutex<u32>,
}

impl Board {
    pub(crate) fn new(settings: Settings, keyring: Keyring) -> Self {
        let view = DeskView::signed_out(settings, keyring);
        Self {
            view: watch::Sender::new(Arc::new(view)),
            next_notice: Mutex::new(1),
        }
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Arc<DeskView>> {
        self.view.subscribe()
    }

    pub(crate) fn view(&self) -> Arc<DeskView> {
        self.view.borrow().clone()
    }

    /// Changes the view; watchers are woken only if something is different afterwards.
    pub(crate) fn change(&self, change: impl FnOnce(&mut DeskView)) {
        self.view.send_if_modified(|view| {
            let mut next = DeskView::clone(view);
            change(&mut next);
            let changed = next != **view;
            if changed {
                *view = Arc::new(next);
            }
            changed
        });
    }

    /// Tells the agent something. The same thing told twice shows once, as the latest.
    pub(crate) fn tell(&self, code: NoticeCode, detail: Option<String>) {
        self.tell_more(code, detail, None, None);
    }

    /// As [`Board::tell`], with somebody's own words or why a party left.
    pub(crate) fn tell_more(
        &self,
        code: NoticeCode,
        detail: Option<String>,
        text: Option<String>,
        end: Option<PartyEnd>,
    ) {
        let id = {
            let mut next = self.next_notice.lock();
            *next += 1;
            *next - 1
        };
        self.change(|view| {
            view.notices
                .retain(|notice| notice.code != code || notice.detail != detail);
            view.notices.push(Notice {
                id,
                code,
                detail,
                text,
                end,
            });
            let excess = view.notices.len().saturating_sub(MOST_NOTICES);
            view.notices.drain(..excess);
        });
    }

    /// Tells that the centre can not write recordings, or can again.
    pub(crate) fn tell_alarm(&self, failing: bool) {
        let (told, over) = match failing {
            true => (NoticeCode::RecordingsFailing, NoticeCode::RecordingsBack),
            false => (NoticeCode::RecordingsBack, NoticeCode::RecordingsFailing),
        };
        self.forget(over);
        self.tell(told, None);
    }

    /// Takes a notice back that is not true any more.
    pub(crate) fn forget(&self, code: NoticeCode) {
        self.change(|view| view.notices.retain(|notice| notice.code != code));
    }

    /// Keeps what somebody wrote, and tells of it.
    pub(crate) fn receive(&self, message: Message) {
        let (name, text) = (message.from_name.clone(), message.text.clone());
        self.change(|view| {
            view.messages.push(message);
            let excess = view.messages.len().saturating_sub(MOST_MESSAGES);
            view.messages.drain(..excess);
        });
        self.tell_more(NoticeCode::MessageReceived, Some(name), Some(text), None);
    }

    /// Names what is wrong with the devices, or that nothing is.
    pub(crate) fn report_headset(&self, problem: Option<(FailureCode, Option<String>)>) {
        self.change(|view| {
            (view.headset.problem, view.headset.problem_device) = match problem {
                Some((code, device)) => (Some(code), device),
                None => (None, None),
            };
        });
    }

    /// The centre's time, as far as it is known.
    pub(crate) fn centre_now(&self) -> UnixMs {
        computer_now().plus(self.view.borrow().clock_offset_ms)
    }
}

/// This computer's time.
pub(crate) fn computer_now() -> UnixMs {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    UnixMs(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings;

    fn board() -> Board {
        Board::new(settings::default(), Keyring::SessionOnly)
    }

    #[test]
    fn watchers_sleep_through_changes_that_change_nothing() {
        let board = board();
        let mut watch = board.watch();
        watch.mark_unchanged();
        board.change(|view| view.dial_request = None);
        assert!(!watch.has_changed().unwrap());
        board.change(|view| view.clock_wrong = true);
        assert!(watch.has_changed().unwrap());
    }

    #[test]
    fn a_repeated_notice_shows_once() {
        let board = board();
        board.tell(NoticeCode::BadLink, None);
        board.tell(NoticeCode::DiskFull, None);
        board.tell(NoticeCode::BadLink, None);
        let notices = &board.view().notices;
        assert_eq!(notices.len(), 2);
        assert_eq!(notices[1].code, NoticeCode::BadLink);
        assert_ne!(notices[0].id, notices[1].id);
    }
}
