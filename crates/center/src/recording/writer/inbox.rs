//! What one recording is told, and where it hears.

use super::channel::Heard;
use parking_lot::Mutex;
use seatline_contract::{
    id::AgentId,
    recording::{Mark, PauseReason, ResumeCause, Side},
};
use seatline_media::{Content, Tap};
use std::{collections::VecDeque, time::Instant};

/// Where a party's voice comes from. It is bounded, and a call never waits for it.
pub(in crate::recording) trait Source: Send {
    /// The next packet, with its arrival, if there is one now.
    fn try_next(&mut self) -> Option<(Instant, Heard)>;

    /// Packets lost so far because they were not taken in time.
    fn lost(&self) -> u64;
}

impl Source for Tap {
    fn try_next(&mut self) -> Option<(Instant, Heard)> {
        loop {
            let said = Self::try_next(self)?;
            // A key is never written: it may be a digit of a card.
            if let Content::Voice { codec, payload } = said.content {
                let heard = Heard {
                    codec,
                    ssrc: said.ssrc,
                    timestamp: said.timestamp,
                    payload,
                };
                return Some((said.at, heard));
            }
        }
    }

    fn lost(&self) -> u64 {
        Self::lost(self)
    }
}

/// Something that happened, for the writing thread.
pub(super) enum Item {
    /// A party is in the conversation.
    Join(u64, Side, Box<dyn Source>),
    /// It is not any more.
    Leave(u64),
    Mark(Mark),
    Pause(Option<AgentId>, PauseReason),
    Resume(Option<AgentId>, ResumeCause),
    Close,
}

/// One recording's inbox. Nobody who puts something into it waits for the disk.
pub(in crate::recording) struct Inbox {
    items: Mutex<VecDeque<(Instant, Item)>>,
    pub(super) begun: Instant,
}

impl Inbox {
    /// The inbox of a recording that begins at `begun`.
    pub(in crate::recording) fn new(begun: Instant) -> Self {
        Self {
            items: Mutex::default(),
            begun,
        }
    }

    /// A party's voice is kept from now on, on a track of its own.
    pub(in crate::recording) fn join(&self, party: u64, side: Side, source: Box<dyn Source>) {
        self.put(Item::Join(party, side, source));
    }

    /// A party is gone.
    pub(in crate::recording) fn leave(&self, party: u64) {
        self.put(Item::Leave(party));
    }

    /// Marks something.
    pub(in crate::recording) fn mark(&self, mark: Mark) {
        self.put(Item::Mark(mark));
    }

    /// From now on nothing is kept.
    pub(in crate::recording) fn pause(&self, by: Option<AgentId>, reason: PauseReason) {
        self.put(Item::Pause(by, reason));
    }

    /// From now on it is kept again.
    pub(in crate::recording) fn resume(&self, by: Option<AgentId>, cause: ResumeCause) {
        self.put(Item::Resume(by, cause));
    }

    /// The recording is over.
    pub(in crate::recording) fn close(&self) {
        self.put(Item::Close);
    }

    fn put(&self, item: Item) {
        let mut items = self.items.lock();
        // Under the lock, so that the thread, which takes voices first, never takes one that
        // arrived after something it does not know of yet.
        items.push_back((Instant::now(), item));
    }

    #[cfg(test)]
    pub(super) fn put_at(&self, at: Instant, item: Item) {
        self.items.lock().push_back((at, item));
    }

    pub(super) fn take(&self) -> VecDeque<(Instant, Item)> {
        std::mem::take(&mut *self.items.lock())
    }
}
