//! Which write is sent next, and when. Pure: the time comes as an argument.

use super::{book::Book, write::Write};
use crate::{
    connection::backoff::Backoff,
    failure::{DeskCode, Failure, FailureCode},
};
use seatline_contract::{error::Code, id::WriteId};
use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

/// Faults of the centre a write may meet before the agent is asked.
const MOST_FAULTS: u32 = 10;

/// Decides what to send.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    /// Until when nothing is sent at all.
    pause: Option<Instant>,
    backoff: Backoff,
    /// Writes the centre could not take just then.
    resting: HashMap<WriteId, Rest>,
}

#[derive(Debug)]
struct Rest {
    until: Instant,
    faults: u32,
    backoff: Backoff,
}

/// What to do now.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Next {
    /// Send this write.
    Send(Box<Write>),
    /// Nothing before this time.
    Wait(Instant),
    /// Nothing until something changes.
    Idle,
}

/// What a failed try means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Try again later; the schedule knows when.
    Later,
    /// Nothing can be sent in this session.
    SessionOver,
    /// The centre will never take it.
    Refused,
}

impl Schedule {
    /// The next write in order whose record, and the record it names, have nothing before them.
    pub(crate) fn next(&self, book: &Book, now: Instant) -> Next {
        if let Some(pause) = self.pause.filter(|pause| *pause > now) {
            return if book.pending() == 0 {
                Next::Idle
            } else {
                Next::Wait(pause)
            };
        }
        let mut blocked = HashSet::new();
        let mut earliest: Option<Instant> = None;
        for write in book.writes.values() {
            if write.refusal.is_some() {
                // Nothing can be done to a record that was never made.
                if write.creates() {
                    blocked.insert(write.record.as_str());
                }
                continue;
            }
            let free = !blocked.contains(write.record.as_str())
                && !write
                    .needs
                    .as_deref()
                    .is_some_and(|record| blocked.contains(record));
            blocked.insert(write.record.as_str());
            if !free {
                continue;
            }
            match self.resting.get(&write.id) {
                Some(rest) if rest.until > now => {
                    earliest = Some(earliest.map_or(rest.until, |it| it.min(rest.until)));
                }
                _ => return Next::Send(Box::new(write.clone())),
            }
        }
        earliest.map_or(Next::Idle, Next::Wait)
    }

    /// It went through: the centre is there.
    pub(crate) fn succeeded(&mut self, id: WriteId) {
        self.resting.remove(&id);
        self.wake();
    }

    /// A new connection: waiting makes no sense any more.
    pub(crate) fn wake(&mut self) {
        self.backoff.reset();
        self.pause = None;
    }

    /// The disk refused: nothing is sent for a while.
    pub(crate) fn rest_all(&mut self, now: Instant, chance: f64) {
        self.pause = Some(now + self.backoff.next(chance));
    }

    /// Judges a failed try. `chance` in `0.0..1.0` spreads the next one.
    pub(crate) fn failed(
        &mut self,
        id: WriteId,
        failure: &Failure,
        now: Instant,
        chance: f64,
    ) -> Verdict {
        let asked = failure
            .retry_after_s
            .map(|seconds| Duration::from_secs(seconds.into()));
        match failure.code {
            FailureCode::Desk(DeskCode::Internal) => Verdict::Refused,
            // The network, or something that is no centre at the moment.
            FailureCode::Desk(_) => {
                self.pause = Some(now + self.backoff.next(chance));
                Verdict::Later
            }
            FailureCode::Centre(Code::Unavailable | Code::StorageFull | Code::TooManyRequests) => {
                let wait = self.backoff.next(chance);
                self.pause = Some(now + asked.unwrap_or(wait));
                Verdict::Later
            }
            FailureCode::Centre(Code::SessionEnded) => Verdict::SessionOver,
            // The same write is being worked on: its first try did arrive.
            FailureCode::Centre(Code::Conflict) if asked.is_some() => {
                self.rest(id, now, asked, chance);
                Verdict::Later
            }
            FailureCode::Centre(Code::Internal) => {
                if self.rest(id, now, asked, chance) < MOST_FAULTS {
                    return Verdict::Later;
                }
                self.resting.remove(&id);
                Verdict::Refused
            }
            FailureCode::Centre(_) => {
                self.resting.remove(&id);
                Verdict::Refused
            }
        }
    }

    fn rest(&mut self, id: WriteId, now: Instant, asked: Option<Duration>, chance: f64) -> u32 {
        let rest = self.resting.entry(id).or_insert_with(|| Rest {
            until: now,
            faults: 0,
            backoff: Backoff::default(),
        });
        let wait = rest.backoff.next(chance);
        rest.until = now + asked.unwrap_or(wait);
        rest.faults += 1;
        rest.faults
    }
}
