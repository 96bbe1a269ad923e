//! Who watches what, over which connection.

use super::board::Personal;
use parking_lot::Mutex;
use seatline_contract::id::AgentId;
use std::collections::{BTreeSet, HashMap};
use tokio::sync::Notify;

/// Those who asked to be told more than their own state.
#[derive(Debug, Default)]
pub(super) struct Watchers {
    all: Mutex<HashMap<AgentId, Watcher>>,
    /// Somebody began to watch, or wants it anew.
    news: Notify,
}

/// One of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Watcher {
    pub(super) connection: u64,
    /// Counts its wishes, so that what was told before one is not taken for an answer to it.
    wish: u64,
    pub(super) board: bool,
    pub(super) directory: bool,
    /// What the reader's board says of the reader's own; `None` until it was told all.
    pub(super) told: Option<Personal>,
    /// Colleagues of whom the reader is to be told; `None` until it was told of recent changes.
    pub(super) owed: Option<BTreeSet<AgentId>>,
}

impl Watcher {
    fn renew(&mut self) {
        self.wish += 1;
        self.told = None;
        self.owed = None;
    }
}

impl Watchers {
    /// What a desk wants to be told from now on.
    pub(super) fn set(&self, agent: AgentId, connection: u64, board: bool, directory: bool) {
        let mut all = self.all.lock();
        if !board && !directory {
            all.remove(&agent);
            return;
        }
        let before = all
            .remove(&agent)
            .filter(|watcher| watcher.connection == connection)
            .unwrap_or_default();
        let watcher = Watcher {
            connection,
            wish: before.wish + 1,
            board,
            directory,
            told: before.told.filter(|_| board),
            owed: before.owed.filter(|_| directory),
        };
        all.insert(agent, watcher);
        drop(all);
        self.news.notify_one();
    }

    /// The desk may have missed something; it is told all again.
    pub(super) fn renew(&self, agent: AgentId, connection: u64) {
        if let Some(watcher) = self.all.lock().get_mut(&agent)
            && watcher.connection == connection
        {
            watcher.renew();
        }
        self.news.notify_one();
    }

    /// All of them are told all again.
    pub(super) fn renew_all(&self) {
        for watcher in self.all.lock().values_mut() {
            watcher.renew();
        }
    }

    /// The connection ended.
    pub(super) fn end(&self, agent: AgentId, connection: u64) {
        let mut all = self.all.lock();
        if all
            .get(&agent)
            .is_some_and(|watcher| watcher.connection == connection)
        {
            all.remove(&agent);
        }
    }

    /// All of them now.
    pub(super) fn now(&self) -> Vec<(AgentId, Watcher)> {
        let all = self.all.lock();
        all.iter()
            .map(|(agent, watcher)| (*agent, watcher.clone()))
            .collect()
    }

    /// Notes what a watcher was told, unless it has wished anew meanwhile.
    pub(super) fn note(&self, agent: AgentId, after: Watcher) {
        if let Some(watcher) = self.all.lock().get_mut(&agent)
            && (watcher.connection, watcher.wish) == (after.connection, after.wish)
        {
            *watcher = after;
        }
    }

    /// Whether nobody watches.
    pub(super) fn are_gone(&self) -> bool {
        self.all.lock().is_empty()
    }

    /// Waits until somebody begins.
    pub(super) async fn begin(&self) {
        self.news.notified().await;
    }
}
