//! One recording on the writing thread.

use super::{
    Order, RETRY,
    channel::Heard,
    frames::RATE,
    inbox::{Inbox, Item, Source},
    take::Take,
};
use crate::recording::{
    journal::{Closing, Journal, Kind},
    keys::Keyring,
};
use seatline_contract::{
    id::{AgentId, ContactId, RecordingId},
    recording::{Mark, Marker, PauseReason, ResumeCause},
    time::UnixMs,
};
use std::{
    collections::VecDeque,
    io,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// How long sound waits at most before it is written, on top of the thread's rhythm.
const CUT_EVERY: Duration = Duration::from_millis(700);

/// What became of a recording.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::recording) struct Outcome {
    /// Closed in order, with all that was heard.
    pub(in crate::recording) complete: bool,
    pub(in crate::recording) duration_ms: u32,
    pub(in crate::recording) bytes: u64,
    pub(in crate::recording) entries: u32,
    /// The chain's last value.
    pub(in crate::recording) head: [u8; 32],
    /// Packets that were not taken in time.
    pub(in crate::recording) lost: u64,
    /// Packets that came too late or were no sound.
    pub(in crate::recording) refused: u64,
}

/// An entry that is not in the file yet.
type Pending = (Kind, UnixMs, Vec<u8>);

/// A party that is listened to.
struct Party {
    id: u64,
    track: u8,
    source: Box<dyn Source>,
}

pub(super) struct Live {
    recording: RecordingId,
    contact: ContactId,
    started: UnixMs,
    path: PathBuf,
    keys: Keyring,
    inbox: Arc<Inbox>,
    parties: Vec<Party>,
    /// Packets lost by parties that have left.
    lost: u64,
    take: Take,
    journal: Option<Journal>,
    pending: VecDeque<Pending>,
    /// Who paused, if somebody did.
    asked_pause: bool,
    /// Since when the disk refuses.
    failing: Option<Instant>,
    tried: Instant,
    cut: Instant,
    unsynced: bool,
    was_cut: bool,
    ended: Option<u32>,
    done: Option<oneshot::Sender<Outcome>>,
}

impl Live {
    pub(super) fn begin(order: Order, keys: Keyring) -> Self {
        let begun = order.inbox.begun;
        Self {
            take: Take::begin(order.recording.0.as_u128() as u32),
            recording: order.recording,
            contact: order.contact,
            started: order.started,
            path: order.path,
            keys,
            inbox: order.inbox,
            parties: Vec::with_capacity(2),
            lost: 0,
            journal: None,
            pending: VecDeque::new(),
            asked_pause: false,
            failing: None,
            tried: begun,
            cut: begun,
            unsynced: false,
            was_cut: false,
            ended: None,
            done: Some(order.done),
        }
    }

    /// The centre is stopping.
    pub(super) fn close(&self) {
        self.inbox.close();
    }

    /// Whether its disk takes no writes.
    pub(super) fn is_failing(&self) -> bool {
        self.failing.is_some()
    }

    /// Takes what waits and writes what is due.
    pub(super) fn work(&mut self, now: Instant) {
        let mut voices = Vec::new();
        for party in &mut self.parties {
            while let Some((at, heard)) = party.source.try_next() {
                voices.push((at, party.track, heard));
            }
        }
        voices.sort_by_key(|(at, ..)| *at);
        let mut voices = voices.into_iter().peekable();
        for (at, item) in self.inbox.take() {
            while let Some(voice) = voices.next_if(|(arrival, ..)| *arrival < at) {
                self.hear(voice);
            }
            self.obey(at, item);
        }
        voices.for_each(|voice| self.hear(voice));
        if self.ended.is_none() {
            let position = self.position(now);
            self.take.advance(position);
            if now.duration_since(self.cut) >= CUT_EVERY && self.failing.is_none() {
                self.cut = now;
                self.collect(position);
            }
        }
        self.write(now);
    }

    fn hear(&mut self, (at, track, heard): (Instant, u8, Heard)) {
        if self.ended.is_none() {
            self.take.hear(track, heard, self.position(at));
        }
    }

    fn obey(&mut self, at: Instant, item: Item) {
        if self.ended.is_some() {
            return;
        }
        let position = self.position(at);
        match item {
            Item::Join(id, side, source) => match self.take.open(side) {
                Some(track) => self.parties.push(Party { id, track, source }),
                None => tracing::error!(contact = %self.contact, "too many parties to record"),
            },
            Item::Leave(id) => {
                for party in self.parties.extract_if(.., |party| party.id == id) {
                    self.lost += party.source.lost();
                    self.take.end(party.track, position);
                }
            }
            Item::Mark(mark) => self.mark(position, mark),
            Item::Pause(by, reason) => {
                self.asked_pause = true;
                self.pause(position, by, reason);
            }
            Item::Resume(by, cause) => {
                self.asked_pause = false;
                // While the disk refuses, the gap goes on; what ends it then is the disk.
                if self.failing.is_none() {
                    self.resume(position, by, cause);
                }
            }
            Item::Close => self.finish(position),
        }
    }

    fn pause(&mut self, position: u64, by: Option<AgentId>, reason: PauseReason) {
        self.take.pause(position);
        self.mark(position, Mark::Paused { by, reason });
    }

    fn resume(&mut self, position: u64, by: Option<AgentId>, cause: ResumeCause) {
        if let Some(gap) = self.take.resume(position) {
            let gap_ms = milliseconds(gap);
            self.mark(position, Mark::Resumed { by, cause, gap_ms });
        }
    }

    fn mark(&mut self, position: u64, mark: Mark) {
        self.collect(position);
        let at_ms = milliseconds(position);
        // A marker is plain data with string keys, which always has a JSON form.
        if let Ok(body) = serde_json::to_vec(&Marker { at_ms, mark }) {
            let at = self.started.plus(at_ms.into());
            self.pending.push_back((Kind::Marker, at, body));
        }
    }

    fn finish(&mut self, position: u64) {
        self.take.finish(position);
        self.collect(position);
        let duration_ms = milliseconds(position);
        self.ended = Some(duration_ms);
        let closing = Closing {
            complete: !self.was_cut && self.failing.is_none() && self.lost() == 0,
            duration_ms,
        };
        if let Ok(body) = serde_json::to_vec(&closing) {
            let at = self.started.plus(duration_ms.into());
            self.pending.push_back((Kind::Closing, at, body));
        }
    }

    /// Makes entries of the pages that are ready.
    fn collect(&mut self, position: u64) {
        let at = self.started.plus(milliseconds(position).into());
        let pending = &mut self.pending;
        self.take.cut(|side, track, pages| {
            pending.push_back((Kind::Voice(side, track), at, pages));
        });
    }

    fn write(&mut self, now: Instant) {
        if self.pending.is_empty() && self.failing.is_none() {
            return;
        }
        let last_try = self.ended.is_some();
        if self.failing.is_some() && !last_try && now.duration_since(self.tried) < RETRY {
            return;
        }
        self.tried = now;
        match self.try_write() {
            Ok(()) => self.storage_back(now),
            Err(error) => self.storage_failed(now, &error),
        }
    }

    fn try_write(&mut self) -> io::Result<()> {
        if self.journal.is_none() {
            let journal = Journal::create(
                &self.path,
                &self.keys,
                self.recording,
                self.contact,
                self.started,
            )?;
            self.journal = Some(journal);
        }
        let Some(journal) = &mut self.journal else {
            return Ok(());
        };
        while let Some((kind, at, body)) = self.pending.front() {
            journal.append(*kind, *at, body)?;
            self.pending.pop_front();
            self.unsynced = true;
        }
        Ok(())
    }

    fn storage_failed(&mut self, now: Instant, error: &io::Error) {
        if self.failing.is_none() {
            metrics::counter!("seatline_recording_storage_failures_total").increment(1);
            tracing::error!(contact = %self.contact, %error, "a recording cannot be written");
            self.failing = Some(now);
            self.was_cut = true;
            if self.ended.is_none() && !self.asked_pause {
                self.pause(self.position(now), None, PauseReason::StorageFailed);
            }
        }
    }

    fn storage_back(&mut self, now: Instant) {
        if self.failing.take().is_some() {
            tracing::warn!(contact = %self.contact, "the recording can be written again");
            if self.ended.is_none() && !self.asked_pause {
                self.resume(self.position(now), None, ResumeCause::StorageBack);
            }
        }
    }

    /// Waits until what was written is on the disk.
    pub(super) fn sync(&mut self) {
        let Some(journal) = self.journal.as_ref().filter(|_| self.unsynced) else {
            return;
        };
        match journal.sync() {
            Ok(()) => self.unsynced = false,
            Err(error) => self.storage_failed(Instant::now(), &error),
        }
    }

    /// Tells how it ended, once it has. True if it is over.
    pub(super) fn hand_over(&mut self) -> bool {
        let Some(duration_ms) = self.ended else {
            return false;
        };
        let (entries, head) = self.journal.as_ref().map_or((0, [0; 32]), Journal::head);
        let outcome = Outcome {
            complete: self.pending.is_empty()
                && !self.unsynced
                && !self.was_cut
                && self.lost() == 0,
            duration_ms,
            bytes: self.journal.as_ref().map_or(0, Journal::length),
            entries,
            head,
            lost: self.lost(),
            refused: self.take.refused(),
        };
        if let Some(done) = self.done.take() {
            // The centre may be stopping; the sweep finds what nobody heard of.
            let _ = done.send(outcome);
        }
        true
    }

    fn lost(&self) -> u64 {
        let now: u64 = self.parties.iter().map(|party| party.source.lost()).sum();
        self.lost + now
    }

    /// Where a moment lies on the timeline, in samples.
    fn position(&self, at: Instant) -> u64 {
        let passed = at.saturating_duration_since(self.inbox.begun);
        u64::try_from(passed.as_micros()).unwrap_or(u64::MAX) * (RATE / 1_000) / 1_000
    }
}

fn milliseconds(samples: u64) -> u32 {
    u32::try_from(samples * 1_000 / RATE).unwrap_or(u32::MAX)
}
