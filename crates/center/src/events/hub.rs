//! Who listens, and what they are told.

use crate::{App, clock::Clock, identity};
use parking_lot::Mutex;
use seatline_contract::{
    event::{Change, ServerFrame, SignOutReason},
    id::{AgentId, SessionId},
    time::UnixMs,
};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Frames that wait for a slow desk at most; one that falls further behind is cut off and comes
/// back for a snapshot.
const BACKLOG: usize = 512;

/// Hands changes to desks. Clones share the listeners.
#[derive(Clone)]
pub struct Hub {
    desks: Arc<Mutex<HashMap<AgentId, Desk>>>,
    connections: Arc<AtomicU64>,
    clock: Clock,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hub({} desks)", self.desks.lock().len())
    }
}

struct Desk {
    session: SessionId,
    seq: u64,
    /// Number of the connection, so that an old one's end does not end a new one.
    connection: u64,
    sender: Option<mpsc::Sender<ServerFrame>>,
    last_heard: UnixMs,
}

/// A desk's end of the hub.
pub(super) struct Attached {
    pub(super) connection: u64,
    /// Changes after this number follow on `frames`.
    pub(super) seq: u64,
    pub(super) frames: mpsc::Receiver<ServerFrame>,
}

impl Hub {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            desks: Arc::default(),
            connections: Arc::default(),
            clock,
        }
    }

    /// Tells one agent's desk of a change, if it listens. Store the change first.
    pub fn publish(&self, agent: AgentId, change: Change) {
        let now = self.clock.now();
        if let Some(desk) = self.desks.lock().get_mut(&agent) {
            desk.send(now, change);
        }
    }

    /// Tells one connection of changes, if it is still the desk's and keeps up. False if not; then
    /// it was told nothing.
    pub(crate) fn publish_on(&self, agent: AgentId, connection: u64, changes: Vec<Change>) -> bool {
        let now = self.clock.now();
        let mut desks = self.desks.lock();
        let Some(desk) = desks
            .get_mut(&agent)
            .filter(|desk| desk.connection == connection)
        else {
            return false;
        };
        let room = desk.sender.as_ref().map_or(0, mpsc::Sender::capacity);
        if room < BACKLOG / 2 + changes.len() {
            return false;
        }
        for change in changes {
            desk.send(now, change);
        }
        true
    }

    /// Whether one agent's desk listens now.
    #[must_use]
    pub fn listens(&self, agent: AgentId) -> bool {
        let desks = self.desks.lock();
        desks.get(&agent).is_some_and(|desk| desk.sender.is_some())
    }

    /// Tells several agents' desks of a change.
    pub fn publish_to(&self, agents: impl IntoIterator<Item = AgentId>, change: &Change) {
        let now = self.clock.now();
        let mut desks = self.desks.lock();
        for agent in agents {
            if let Some(desk) = desks.get_mut(&agent) {
                desk.send(now, change.clone());
            }
        }
    }

    /// Tells every desk of a change.
    pub fn publish_all(&self, change: &Change) {
        let now = self.clock.now();
        for desk in self.desks.lock().values_mut() {
            desk.send(now, change.clone());
        }
    }

    /// How many desks listen.
    #[must_use]
    pub fn listening(&self) -> u32 {
        let desks = self.desks.lock();
        desks
            .values()
            .map(|desk| u32::from(desk.sender.is_some()))
            .sum()
    }

    /// Ends one session's connection and says why; a later session's stays.
    pub(crate) fn sign_out(&self, agent: AgentId, session: SessionId, reason: SignOutReason) {
        let mut desks = self.desks.lock();
        if desks
            .get(&agent)
            .is_some_and(|desk| desk.session == session)
            && let Some(desk) = desks.remove(&agent)
        {
            desk.end(reason, None);
        }
    }

    /// Ends the agent's connection, whichever session it is of, and says why, perhaps in words.
    pub(crate) fn sign_out_agent(
        &self,
        agent: AgentId,
        reason: SignOutReason,
        note: Option<String>,
    ) {
        if let Some(desk) = self.desks.lock().remove(&agent) {
            desk.end(reason, note);
        }
    }

    /// Ends the agent's connection without a word: the desk signed out itself.
    pub(crate) fn forget(&self, agent: AgentId) {
        self.desks.lock().remove(&agent);
    }

    /// Ends all connections and says why.
    pub(crate) fn sign_out_all(&self, reason: SignOutReason) {
        for (_, desk) in self.desks.lock().drain() {
            desk.end(reason, None);
        }
    }

    /// Begins to collect changes for a desk that has just said who it is. An earlier connection
    /// of the same session ends.
    pub(super) fn attach(&self, agent: AgentId, session: SessionId) -> Attached {
        let now = self.clock.now();
        let (sender, frames) = mpsc::channel(BACKLOG);
        let mut desks = self.desks.lock();
        let desk = desks.entry(agent).or_insert(Desk {
            session,
            seq: 0,
            connection: 0,
            sender: None,
            last_heard: now,
        });
        desk.session = session;
        desk.connection = self.connections.fetch_add(1, Ordering::Relaxed);
        desk.last_heard = now;
        desk.sender = Some(sender);
        Attached {
            connection: desk.connection,
            seq: desk.seq,
            frames,
        }
    }

    /// Notes that the desk is alive. False if this connection is no longer the desk's.
    pub(super) fn heard(&self, agent: AgentId, connection: u64) -> bool {
        let now = self.clock.now();
        let mut desks = self.desks.lock();
        match desks.get_mut(&agent) {
            Some(desk) if desk.connection == connection => {
                desk.last_heard = now;
                true
            }
            _ => false,
        }
    }

    /// Notes that a connection ended; the desk may come back until it is taken for lost.
    pub(super) fn detach(&self, agent: AgentId, connection: u64) {
        if let Some(desk) = self.desks.lock().get_mut(&agent)
            && desk.connection == connection
        {
            desk.sender = None;
        }
    }

    /// Removes the desks that were silent for too long.
    fn take_silent(&self, lost_after_ms: i64) -> Vec<AgentId> {
        let now = self.clock.now();
        let mut silent = Vec::new();
        self.desks.lock().retain(|agent, desk| {
            let heard = now.since(desk.last_heard) <= lost_after_ms;
            if !heard {
                silent.push(*agent);
            }
            heard
        });
        silent
    }
}

impl Desk {
    fn send(&mut self, now: UnixMs, change: Change) {
        self.seq += 1;
        let Some(sender) = &self.sender else {
            return;
        };
        let frame = ServerFrame::Delta {
            seq: self.seq,
            now,
            change: Box::new(change),
        };
        if sender.try_send(frame).is_err() {
            metrics::counter!("seatline_slow_desks_total").increment(1);
            self.sender = None;
        }
    }

    fn end(self, reason: SignOutReason, note: Option<String>) {
        if let Some(sender) = &self.sender {
            // A desk too slow to take it learns from the closed connection.
            let _ = sender.try_send(ServerFrame::SignedOut { reason, note });
        }
    }
}

/// Takes silent desks for lost and ends expired sessions, until stopped.
pub(crate) async fn watch_desks(app: App, stop: CancellationToken) {
    let lost_after = app.config.events.lost_after_ms;
    let every = (lost_after / 15).clamp(20, 1000);
    // A look earlier, so that a lost desk is noticed in time and not at the first look after.
    let silent_for = lost_after.saturating_sub(every);
    let mut tick = tokio::time::interval(Duration::from_millis(every.into()));
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        for agent in app.hub.take_silent(silent_for.into()) {
            tracing::info!(%agent, "a desk was lost");
            app.calls.desk_lost(agent);
        }
        if let Err(failure) = identity::end_expired(&app).await {
            tracing::warn!(?failure, "expired sessions could not be ended");
        }
        metrics::gauge!("seatline_desks").set(app.hub.listening());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seatline_contract::presence::{Presence, PresenceChoice, PresenceState};
    use std::sync::atomic::AtomicI64;
    use uuid::Uuid;

    fn presence() -> Change {
        Change::Presence {
            presence: PresenceState {
                presence: Presence::Ready,
                since: UnixMs(0),
                next: PresenceChoice::Ready,
            },
        }
    }

    fn hub() -> (Hub, Arc<AtomicI64>) {
        let time = Arc::new(AtomicI64::new(0));
        let hands = Arc::clone(&time);
        let clock = Clock::from_fn(move || UnixMs(hands.load(Ordering::Relaxed)));
        (Hub::new(clock), time)
    }

    fn ids() -> (AgentId, SessionId) {
        (Uuid::new_v4().into(), Uuid::new_v4().into())
    }

    #[test]
    fn changes_are_numbered_without_gaps_from_the_attached_number() {
        let (hub, _) = hub();
        let (agent, session) = ids();
        let first = hub.attach(agent, session);
        hub.publish(agent, presence());
        drop(first);
        let mut second = hub.attach(agent, session);
        hub.publish(agent, presence());
        assert_eq!(second.seq, 1);
        let Ok(ServerFrame::Delta { seq, .. }) = second.frames.try_recv() else {
            panic!("no delta");
        };
        assert_eq!(seq, 2);
    }

    #[test]
    fn a_desk_that_reads_too_slowly_is_cut_off_and_not_waited_for() {
        let (hub, _) = hub();
        let (agent, session) = ids();
        let mut desk = hub.attach(agent, session);
        for _ in 0..=BACKLOG {
            hub.publish(agent, presence());
        }
        let mut received = 0;
        while desk.frames.try_recv().is_ok() {
            received += 1;
        }
        assert_eq!(received, BACKLOG);
        assert!(desk.frames.is_closed());
        assert_eq!(hub.listening(), 0);
    }

    #[test]
    fn silence_loses_a_desk_once_and_a_new_connection_saves_it() {
        let (hub, time) = hub();
        let (agent, session) = ids();
        let first = hub.attach(agent, session);
        time.store(14_000, Ordering::Relaxed);
        hub.detach(agent, first.connection);
        assert!(hub.take_silent(15_000).is_empty());
        let second = hub.attach(agent, session);
        time.store(20_000, Ordering::Relaxed);
        assert!(!hub.heard(agent, first.connection));
        assert!(hub.take_silent(15_000).is_empty());
        time.store(30_000, Ordering::Relaxed);
        assert_eq!(hub.take_silent(15_000), [agent]);
        assert!(hub.take_silent(15_000).is_empty());
        assert!(!hub.heard(agent, second.connection));
    }

    #[test]
    fn signing_out_one_session_leaves_a_later_one_alone() {
        let (hub, _) = hub();
        let (agent, old) = ids();
        let new: SessionId = Uuid::new_v4().into();
        hub.attach(agent, old);
        let mut desk = hub.attach(agent, new);
        hub.sign_out(agent, old, SignOutReason::TakenOver);
        assert!(desk.frames.try_recv().is_err());
        assert_eq!(hub.listening(), 1);
        hub.sign_out(agent, new, SignOutReason::TakenOver);
        assert!(matches!(
            desk.frames.try_recv(),
            Ok(ServerFrame::SignedOut { .. })
        ));
    }
}
