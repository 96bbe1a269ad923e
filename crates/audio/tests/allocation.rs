//! Once a call runs, its 20 ms worker allocates nothing of its own. The echo and noise library
//! does, about a hundred small blocks per tick, so it is off here.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use seatline_audio::sim::{Simulation, tone};
use seatline_audio::{Frame, Line, Processing};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: passes everything to the system's allocator; the counter is plain thread-local data.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc`, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count();
        // SAFETY: the pointer came from the same allocator with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn count() {
    // A thread that ends has no counter any more.
    let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Reports how often the worker's thread has allocated so far.
struct Watching {
    frames: Arc<AtomicU64>,
    allocations: Arc<AtomicU64>,
}

impl Line for Watching {
    fn capture(&mut self, _frame: &Frame) {
        self.allocations
            .store(ALLOCATIONS.with(Cell::get), Ordering::SeqCst);
        self.frames.fetch_add(1, Ordering::SeqCst);
    }

    fn render(&mut self, frame: &mut Frame) {
        frame.fill(0.1);
    }
}

#[test]
fn the_running_worker_allocates_nothing() {
    let simulation = Simulation::new(tone(440.0, 0.5));
    let headset = simulation
        .headset(Processing::OFF, |_| {})
        .expect("it always opens");
    let (frames, allocations) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let line = Watching {
        frames: frames.clone(),
        allocations: allocations.clone(),
    };
    headset
        .connect(Box::new(line))
        .expect("both devices are there");
    let wait_for = |wanted: u64| {
        let deadline = Instant::now() + Duration::from_secs(30);
        while frames.load(Ordering::SeqCst) < wanted {
            assert!(Instant::now() < deadline, "the worker does not tick");
            std::thread::sleep(Duration::from_millis(5));
        }
        allocations.load(Ordering::SeqCst)
    };
    let settled = wait_for(50);
    assert_eq!(wait_for(100), settled);
}
