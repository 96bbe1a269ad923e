//! Who waits, and who may serve them.

use seatline_contract::{
    id::{AgentId, ContactId},
    time::UnixMs,
};
use std::collections::{BTreeMap, BTreeSet};

use super::contact::Terms;

/// How a queue is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSetUp {
    /// What is agreed for its contacts.
    pub terms: Terms,
    /// Who serves it.
    pub agents: BTreeSet<AgentId>,
}

/// A contact's place in a queue: first come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) arrived: UnixMs,
    pub(super) order: u64,
    pub(super) contact: ContactId,
}

/// One queue.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) set_up: QueueSetUp,
    /// In the order they came, offers do not change it.
    pub(super) waiting: BTreeSet<Place>,
    /// Contacts offered to agents but not answered; they still wait in the customers' eyes.
    pub(super) offered: BTreeMap<ContactId, UnixMs>,
    /// Available agents, the longest idle first.
    pub(super) idle: BTreeSet<(UnixMs, AgentId)>,
}

impl Line {
    pub(super) fn new(set_up: QueueSetUp) -> Self {
        Self {
            set_up,
            waiting: BTreeSet::new(),
            offered: BTreeMap::new(),
            idle: BTreeSet::new(),
        }
    }

    /// How many customers wait, and since when the first of them does.
    pub(super) fn length(&self) -> (u32, Option<UnixMs>) {
        let count = self.waiting.len() + self.offered.len();
        let waiting = self.waiting.first().map(|place| place.arrived);
        let longest = self.offered.values().copied().chain(waiting).min();
        (u32::try_from(count).unwrap_or(u32::MAX), longest)
    }
}
