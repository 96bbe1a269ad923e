//! A step of the mixer allocates nothing, whatever changes.

use seatline_media::FRAME;
use seatline_media::mix::{Mixer, Seat, Seats};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

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

#[test]
fn a_step_allocates_nothing() {
    let mut mixer = Mixer::new();
    let seats: Vec<Seat> = (0..8).map(|_| mixer.join().unwrap()).collect();
    let sounds = vec![[0.3; FRAME]; seats.len()];
    for turn in 0..40_usize {
        let row: Seats = seats
            .iter()
            .copied()
            .filter(|seat| (seat.index() + turn) % 3 > 0)
            .collect();
        mixer.hear(seats[turn % 8], row);
        mixer.mute(seats[turn % 5], turn % 2 == 0);
        let before = ALLOCATIONS.with(Cell::get);
        let mixes = mixer.step(&sounds).len();
        assert_eq!(ALLOCATIONS.with(Cell::get), before, "turn {turn}");
        assert!(mixes > 0);
    }
}
