//! The thread that ticks every 20 ms.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use audio_thread_priority::{
    demote_current_thread_from_real_time, promote_current_thread_to_real_time,
};
use rtrb::{Consumer, Producer, RingBuffer};

use crate::engine::{Engine, Part, Shared, TICK};
use crate::{FRAME, Line, SAMPLE_RATE};

/// Parts under way to the worker, or back; there are never more than a few.
const PARTS: usize = 64;

/// How far the worker may fall behind before it gives up to catch up (suspend, debugger).
const FORGIVE_AFTER: Duration = Duration::from_millis(200);

/// How long to wait for the worker to hand a part back; it does so once per tick.
const HAND_BACK: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
struct Wanted {
    running: AtomicBool,
    ended: AtomicBool,
}

/// The control thread's side of the worker.
pub(crate) struct Worker {
    parts: Producer<Part>,
    waste: Consumer<Part>,
    wanted: Arc<Wanted>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    pub(crate) fn start(shared: Arc<Shared>) -> std::io::Result<Self> {
        let (parts, inbox) = RingBuffer::new(PARTS);
        let (outbox, waste) = RingBuffer::new(PARTS);
        let wanted = Arc::new(Wanted::default());
        let orders = wanted.clone();
        let thread = std::thread::Builder::new()
            .name("headset-audio".into())
            .spawn(move || {
                in_real_time(|| run(&orders, &shared, inbox, outbox));
            })?;
        Ok(Self {
            parts,
            waste,
            wanted,
            thread: Some(thread),
        })
    }

    /// Lets the worker tick, or rest.
    pub(crate) fn set_running(&mut self, running: bool) {
        self.wanted.running.store(running, Ordering::Release);
        self.wake();
        self.discard();
    }

    /// Puts a part into the engine within the next tick.
    pub(crate) fn put(&mut self, part: Part) {
        self.discard();
        if let Err(rtrb::PushError::Full(part)) = self.parts.push(part) {
            // The worker has not ticked for long: the machine is stuck. Wait for it once.
            tracing::warn!("the audio worker does not answer");
            std::thread::sleep(TICK);
            let _ = self.parts.push(part);
        }
        self.wake();
    }

    /// Takes the line out and waits until the worker has let go of it.
    pub(crate) fn take_line(&mut self) -> Option<Box<dyn Line>> {
        self.put(Part::Line(None));
        let deadline = Instant::now() + HAND_BACK;
        while Instant::now() < deadline {
            while let Ok(part) = self.waste.pop() {
                if let Part::Line(line) = part {
                    return line;
                }
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        tracing::warn!("the audio worker did not hand the line back in time");
        None
    }

    /// Drops what the worker has handed back.
    pub(crate) fn discard(&mut self) {
        while let Ok(part) = self.waste.pop() {
            drop(part);
        }
    }

    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.wanted.ended.store(true, Ordering::Release);
        self.wake();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Works ahead of everything that is not sound, where the system grants that: on macOS and Windows
/// always, on Linux if the person's limit for real-time priorities allows it. Without it the
/// worker is late when the machine is busy, which its rings are there for.
fn in_real_time(work: impl FnOnce()) {
    let granted = promote_current_thread_to_real_time(FRAME as u32, SAMPLE_RATE);
    if let Err(error) = &granted {
        tracing::info!(%error, "the audio worker runs at usual priority");
    }
    work();
    if let Ok(handle) = granted {
        // The thread ends here; its priority with it.
        let _ = demote_current_thread_from_real_time(handle);
    }
}

fn run(wanted: &Wanted, shared: &Shared, mut inbox: Consumer<Part>, mut outbox: Producer<Part>) {
    let mut engine = Engine::default();
    let mut next = Instant::now();
    while !wanted.ended.load(Ordering::Acquire) {
        while let Ok(part) = inbox.pop() {
            // Should the way back be full, the part is dropped here rather than kept for ever.
            let _ = outbox.push(engine.swap(part));
        }
        if !wanted.running.load(Ordering::Acquire) {
            shared.microphone.reset();
            shared.speaker.reset();
            std::thread::park();
            next = Instant::now();
            continue;
        }
        if let Some(broken) = engine.tick(shared) {
            let _ = outbox.push(Part::Line(Some(broken)));
        }
        next += TICK;
        let now = Instant::now();
        match next.checked_duration_since(now) {
            Some(early) => std::thread::sleep(early),
            None if now - next > FORGIVE_AFTER => next = now,
            None => {}
        }
    }
}
