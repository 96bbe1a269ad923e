//! The one thread that writes recordings.
//!
//! ```text
//!   taps of the legs (bounded) ─────────────────┐
//!   inbox: who joins and leaves, pause, markers ─┤ every 200 ms
//!                                                ▼
//!     take: timeline, pages ──► journal: seal, write ──► fdatasync of all
//! ```
//!
//! Nothing but this thread touches a recording's file, and nothing waits for it: a disk that
//! stalls fills taps, and a leg that floods fills only its own. While a disk is full the
//! recording is paused and tried again; the call goes on.

mod channel;
mod frames;
mod inbox;
mod live;
mod narrow;
mod ogg;
mod take;

pub(super) use frames::{RATE, length as packet_length};
pub(super) use inbox::{Inbox, Source};
pub(super) use live::Outcome;
pub(super) use ogg::{PRE_SKIP, Pages, take_page};

use super::keys::Keyring;
use live::Live;
use seatline_contract::{
    id::{ContactId, RecordingId},
    time::UnixMs,
};
use std::{
    io,
    panic::AssertUnwindSafe,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// The thread's rhythm.
const TICK: Duration = Duration::from_millis(200);

/// A recording to be written.
pub(super) struct Order {
    pub(super) recording: RecordingId,
    pub(super) contact: ContactId,
    pub(super) started: UnixMs,
    pub(super) path: PathBuf,
    pub(super) inbox: Arc<Inbox>,
    /// Told once, when the file is closed.
    pub(super) done: oneshot::Sender<Outcome>,
}

/// Handle to the thread. Dropping it closes what is being written and ends the thread.
pub(super) struct Writer {
    orders: Option<mpsc::Sender<Order>>,
    thread: Option<JoinHandle<()>>,
    failing: Arc<AtomicUsize>,
}

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    /// Those of the system.
    pub(super) fn start(keys: Keyring) -> io::Result<Self> {
        let (orders, taken) = mpsc::channel();
        let failing = Arc::new(AtomicUsize::new(0));
        let told = failing.clone();
        let thread = std::thread::Builder::new()
            .name("recordings".into())
            .spawn(move || run(&keys, &taken, &told))?;
        Ok(Self {
            orders: Some(orders),
            thread: Some(thread),
            failing,
        })
    }

    /// Begins a recording. One the thread cannot take is dropped, and with it `done`.
    pub(super) fn begin(&self, order: Order) {
        if let Some(orders) = &self.orders {
            // A thread that is gone drops the order, which tells the one who waits.
            let _ = orders.send(order);
        }
    }

    /// Recordings whose disk takes no writes now.
    pub(super) fn failing(&self) -> usize {
        self.failing.load(Ordering::Relaxed)
    }

    /// Closes all that is being written and waits for it.
    pub(super) fn stop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the recordings failed");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(keys: &Keyring, orders: &mpsc::Receiver<Order>, failing: &AtomicUsize) {
    let mut live: Vec<Live> = Vec::new();
    let mut next = Instant::now() + TICK;
    let mut open = true;
    while open || !live.is_empty() {
        let wait = next.saturating_duration_since(Instant::now());
        match orders.recv_timeout(wait) {
            Ok(order) => {
                live.push(Live::begin(order, keys.clone()));
                continue;
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                open = false;
                live.iter().for_each(Live::close);
            }
        }
        next = Instant::now() + TICK;
        // A fault in one recording must not end the others.
        live.retain_mut(|recording| {
            let now = Instant::now();
            let worked = std::panic::catch_unwind(AssertUnwindSafe(|| recording.work(now)));
            if worked.is_err() {
                metrics::counter!("seatline_faults_total").increment(1);
                tracing::error!("a recording failed; the others go on");
            }
            worked.is_ok()
        });
        let begun = Instant::now();
        live.iter_mut().for_each(Live::sync);
        metrics::histogram!("seatline_recording_sync_seconds").record(begun.elapsed());
        live.retain_mut(|recording| !recording.hand_over());
        let failures = live
            .iter()
            .filter(|recording| recording.is_failing())
            .count();
        failing.store(failures, Ordering::Relaxed);
        let gauge = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        metrics::gauge!("seatline_recordings_live").set(gauge(live.len()));
        metrics::gauge!("seatline_recordings_failing").set(gauge(failures));
    }
}

#[cfg(test)]
mod tests;
