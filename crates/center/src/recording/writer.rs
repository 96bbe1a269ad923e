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
//! recording is paused and tried again; the call goes on. A disk that failed is taken for failing
//! until it has taken a trial write, whether or not anything is being recorded.

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
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// The thread's rhythm.
const TICK: Duration = Duration::from_millis(200);

/// Pause before a disk that failed is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Bytes of a trial write.
const TRIAL: usize = 64 * 1024;

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
    failing: Arc<AtomicBool>,
}

impl Writer {
    /// Starts the thread, which writes below `folder` and calls `failed` with true when the disk
    /// takes no more writes, and with false when it does again.
    ///
    /// # Errors
    /// Those of the system.
    pub(super) fn start(
        keys: Keyring,
        folder: PathBuf,
        failed: impl Fn(bool) + Send + 'static,
    ) -> io::Result<Self> {
        let (orders, taken) = mpsc::channel();
        let failing = Arc::new(AtomicBool::new(false));
        let storage = Storage {
            folder,
            failing: failing.clone(),
            tried: Instant::now(),
            failed: Box::new(failed),
        };
        let thread = std::thread::Builder::new()
            .name("recordings".into())
            .spawn(move || run(&keys, &taken, storage))?;
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

    /// Whether the disk takes no writes now.
    pub(super) fn is_failing(&self) -> bool {
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

/// Whether the disk takes writes.
struct Storage {
    folder: PathBuf,
    failing: Arc<AtomicBool>,
    tried: Instant,
    failed: Box<dyn Fn(bool) + Send>,
}

impl Storage {
    /// Learns that some recordings, or none, cannot be written.
    fn review(&mut self, now: Instant, failures: usize) {
        let was = self.failing.load(Ordering::Relaxed);
        let is = match (was, failures) {
            (_, 1..) => true,
            (false, 0) => false,
            (true, 0) if now.duration_since(self.tried) < RETRY => true,
            (true, 0) => {
                self.tried = now;
                try_storage(&self.folder).is_err()
            }
        };
        // Whoever is told finds the figure already so.
        metrics::gauge!("seatline_recording_storage_failing").set(u8::from(is));
        if was != is {
            self.failing.store(is, Ordering::Relaxed);
            (self.failed)(is);
        }
    }
}

/// Writes as much as some seconds of a call and takes it away again.
fn try_storage(folder: &Path) -> io::Result<()> {
    let path = folder.join("trial");
    let written =
        std::fs::write(&path, [0; TRIAL]).and_then(|()| std::fs::File::open(&path)?.sync_all());
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => written,
    }
}

fn run(keys: &Keyring, orders: &mpsc::Receiver<Order>, mut storage: Storage) {
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
        let gauge = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        metrics::gauge!("seatline_recordings_live").set(gauge(live.len()));
        metrics::gauge!("seatline_recordings_failing").set(gauge(failures));
        storage.review(Instant::now(), failures);
    }
}

#[cfg(test)]
mod tests;
