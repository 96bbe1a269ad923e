//! What follows from the centre's events.

use super::core::Core;
use crate::{
    board::Board,
    call::Ask,
    connection::{client::Client, follow::Told, mirror::News},
    failure::FailureCode,
    view::{self, NoticeCode},
};
use seatline_contract::{contact::OfferEnd, error::Code, event::SignOutReason, time::UnixMs};
use std::{
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};

/// Passes what the follower tells on to the other parts.
pub(super) async fn listen(
    core: Weak<Core>,
    client: Arc<Client>,
    mut told: mpsc::UnboundedReceiver<Told>,
    shown: oneshot::Sender<()>,
) {
    let mut shown = Some(shown);
    while let Some(what) = told.recv().await {
        let Some(core) = core.upgrade() else {
            return;
        };
        match what {
            Told::Online => {
                core.outbox.connect(Some(client.clone())).await;
                if let Some(shown) = shown.take() {
                    // Whoever signed in may not wait any more.
                    let _ = shown.send(());
                } else if matches!(core.board.view().line, view::Line::Connecting) {
                    // The network is back: the line need not wait for its own next try.
                    core.phone.tell(Ask::Reconnect);
                }
            }
            Told::Offline => core.outbox.connect(None).await,
            Told::Changed => core.phone.tell(Ask::CentreChanged),
            Told::News(News::OfferGone(_, Some(OfferEnd::Missed))) => {
                core.board.tell(NoticeCode::OfferMissed, None);
            }
            Told::News(News::OfferGone(_, Some(OfferEnd::CallerGone))) => {
                core.board.tell(NoticeCode::CallerGone, None);
            }
            Told::News(News::ContactGone(contact)) => core.outbox.send_late_note(contact).await,
            Told::News(News::InHand(held)) => core.outbox.send_left_notes(held).await,
            Told::News(News::Digit(contact, digit)) => {
                core.phone.tell(Ask::CustomerPressed(contact, digit));
            }
            Told::News(News::SignedOut(reason, note)) => {
                if let Some(code) = dismissal(reason) {
                    tokio::spawn(async move { core.dismissed(code, note).await });
                    return;
                }
            }
            Told::News(News::PartyGone { name, end }) => {
                let board = &core.board;
                board.tell_more(NoticeCode::PartyGone, Some(name), None, Some(end));
            }
            Told::News(News::Message(message)) => core.board.receive(message),
            Told::News(News::Forced { by_name, reason }) => {
                let board = &core.board;
                board.tell_more(
                    NoticeCode::PresenceForced,
                    Some(by_name),
                    Some(reason),
                    None,
                );
            }
            Told::News(News::CallbackDue(id)) => {
                core.board
                    .tell(NoticeCode::CallbackDue, Some(id.to_string()));
            }
            Told::News(News::Help) => core.board.tell(NoticeCode::HelpWanted, None),
            Told::News(News::RecordingResumes(at)) => warn_of_recording(core.board.clone(), at),
            Told::News(News::Alarms(failing)) => core.board.tell_alarm(failing),
            Told::News(News::Colleague(colleague)) => core.live.meet(colleague),
            Told::News(News::Board(change)) => core.live.take(change),
            Told::News(News::Offered(_) | News::OfferGone(..) | News::RecordChanged) => {}
            Told::SessionOver => {
                tokio::spawn(core.renew());
                return;
            }
        }
    }
}

/// Says that a pause ends soon, until it has ended.
fn warn_of_recording(board: Arc<Board>, at: UnixMs) {
    let here = at.plus(-board.view().clock_offset_ms);
    board.tell(NoticeCode::RecordingResumes, Some(here.0.to_string()));
    let left = u64::try_from(at.since(board.centre_now())).unwrap_or(0);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(left)).await;
        board.forget(NoticeCode::RecordingResumes);
    });
}

/// What ends a session for good; a centre that stops comes back.
fn dismissal(reason: SignOutReason) -> Option<FailureCode> {
    let code = match reason {
        SignOutReason::TakenOver => Code::SignedInElsewhere,
        SignOutReason::Disabled => Code::AccountDisabled,
        SignOutReason::Expired | SignOutReason::Supervisor => Code::SessionEnded,
        SignOutReason::CentreStopping => return None,
    };
    Some(FailureCode::Centre(code))
}
