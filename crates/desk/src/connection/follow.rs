//! Follows the centre's events over any number of connections, and shows them.

use super::{
    backoff::Backoff,
    client::Client,
    mirror::{Mirror, News, Outcome},
    socket::{End, EventSocket},
};
use crate::{
    board::{Board, computer_now},
    failure::{Failure, FailureCode},
    live::Live,
    view::Connection,
};
use seatline_contract::{
    error::{ApiError, Code},
    event::{ServerFrame, SignOutReason, Snapshot},
    time::UnixMs,
};
use std::sync::Arc;
use tokio::sync::mpsc;

/// A clock this far off makes times look wrong and certificates fail.
const CLOCK_WRONG_MS: i64 = 60_000;

/// Differences below this are the network's, not the clock's.
const CLOCK_NOISE_MS: i64 = 250;

/// What the follower tells the rest of the engine.
#[derive(Debug)]
pub(crate) enum Told {
    /// A first or new connection shows the state again.
    Online,
    /// The connection is lost; the next try follows.
    Offline,
    /// The state shown has changed.
    Changed,
    /// Something happened.
    News(News),
    /// The session is over, unless the agent signs in again; the follower has ended.
    SessionOver,
}

/// Follows until the session is over. Dropped, it closes its connection.
pub(crate) async fn follow(
    client: Arc<Client>,
    board: Arc<Board>,
    live: Arc<Live>,
    told: mpsc::UnboundedSender<Told>,
) {
    let mut mirror = Mirror::default();
    let mut backoff = Backoff::default();
    let mut lost_since: Option<UnixMs> = None;
    loop {
        let mut stopping = false;
        let ended = match EventSocket::open(&client).await {
            Ok(socket) => {
                let mut first = true;
                let take = |frame: ServerFrame| {
                    let snapshot = matches!(frame, ServerFrame::Snapshot { .. });
                    let outcome = mirror.take(frame);
                    show(&board, mirror.state(), &outcome);
                    if snapshot && std::mem::take(&mut first) {
                        backoff.reset();
                        lost_since = None;
                        board.change(|view| view.connection = Connection::Online);
                        tell(&told, Told::Online);
                    }
                    if outcome.changed {
                        tell(&told, Told::Changed);
                    }
                    for news in outcome.news {
                        stopping |=
                            matches!(news, News::SignedOut(SignOutReason::CentreStopping, _));
                        tell(&told, Told::News(news));
                    }
                    outcome.resync
                };
                socket.run(&client, &board, live.wanted(), take).await
            }
            Err(failure) if failure.code == FailureCode::Centre(Code::SessionEnded) => {
                End::SessionOver
            }
            Err(failure) => End::Lost(failure),
        };
        let failure = match ended {
            End::Lost(failure) => failure,
            // The session waits for the centre to come back.
            End::SessionOver if stopping => ApiError::new(Code::Unavailable).into(),
            End::SessionOver => {
                tell(&told, Told::SessionOver);
                return;
            }
        };
        tracing::info!(%failure, "the event socket is lost");
        let wait = backoff.next(rand::random());
        report_lost(&board, &mut lost_since, backoff.attempts(), &failure);
        tell(&told, Told::Offline);
        tokio::time::sleep(wait).await;
    }
}

fn tell(told: &mpsc::UnboundedSender<Told>, what: Told) {
    // Without a listener the engine is shutting down, and the follower with it.
    let _ = told.send(what);
}

fn report_lost(board: &Board, since: &mut Option<UnixMs>, attempt: u32, failure: &Failure) {
    let since = *since.get_or_insert_with(|| board.centre_now());
    board.change(|view| {
        view.connection = Connection::Reconnecting {
            since,
            attempt,
            reason: failure.code,
        };
    });
}

fn show(board: &Board, state: Option<&Snapshot>, outcome: &Outcome) {
    let offset = outcome.now.map(|now| now.since(computer_now()));
    board.change(|view| {
        if let Some(offset) = offset {
            if (offset - view.clock_offset_ms).abs() > CLOCK_NOISE_MS {
                view.clock_offset_ms = offset;
            }
            view.clock_wrong = view.clock_offset_ms.abs() > CLOCK_WRONG_MS;
        }
        if let Some(state) = state.filter(|_| outcome.changed) {
            view.me = Some(state.me.clone());
            view.presence = Some(state.presence.clone());
            view.contacts.clone_from(&state.contacts);
            view.queues.clone_from(&state.queues);
            view.catalog = Some(state.catalog.clone());
            view.offer.clone_from(&state.offer);
            view.watching.clone_from(&state.watching);
            view.parked.clone_from(&state.parked);
            view.callbacks.clone_from(&state.callbacks);
            view.helps.clone_from(&state.helps);
            view.alarms.clone_from(&state.alarms);
        }
        if outcome.news.contains(&News::RecordChanged) {
            view.revision = view.revision.wrapping_add(1);
        }
    });
}
