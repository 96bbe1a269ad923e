//! The keys and lamps of a simulated headset, through the threads that serve them.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use seatline_audio::sim::{SimulatedButtons, Simulation, tone};
use seatline_audio::{Access, ButtonEvent, Buttons, Lamps, Press};

const PATIENCE: Duration = Duration::from_secs(20);
/// A hook that moves sooner after its lamp still speaks of before.
const SETTLED: Duration = Duration::from_millis(400);

const RINGS: Lamps = Lamps {
    off_hook: false,
    ring: true,
    mute: false,
    hold: false,
};
const TALKS: Lamps = Lamps {
    off_hook: true,
    ring: false,
    mute: false,
    hold: false,
};
const MUTED: Lamps = Lamps {
    mute: true,
    ..TALKS
};

struct Desk {
    headset: SimulatedButtons,
    buttons: Buttons,
    events: Receiver<ButtonEvent>,
}

fn desk() -> Desk {
    let simulation = Simulation::new(tone(440.0, 0.5));
    let headset = simulation.buttons().clone();
    let (sender, events) = mpsc::channel();
    let told = move |event| {
        // A test that has ended listens no more.
        let _ = sender.send(event);
    };
    let buttons = headset.open(told).unwrap();
    Desk {
        headset,
        buttons,
        events,
    }
}

impl Desk {
    /// The next key; what is said of headsets is passed over.
    fn pressed(&self) -> Press {
        loop {
            match self.events.recv_timeout(PATIENCE).unwrap() {
                ButtonEvent::Pressed(press) => return press,
                ButtonEvent::Devices(_) => {}
            }
        }
    }

    /// Waits until the one headset is said to be like this; none for none.
    fn seen(&self, access: Option<&Access>) {
        loop {
            if let ButtonEvent::Devices(devices) = self.events.recv_timeout(PATIENCE).unwrap()
                && devices.first().map(|it| &it.access) == access
            {
                return;
            }
        }
    }

    fn lit(&self, lamps: Lamps) {
        let deadline = Instant::now() + PATIENCE;
        while self.headset.lamps() != lamps {
            assert!(Instant::now() < deadline, "{:?}", self.headset.lamps());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn keys_ask_and_lamps_answer() {
    let desk = desk();
    desk.seen(None);
    desk.headset.plug();
    desk.seen(Some(&Access::Works));
    desk.buttons.show(RINGS);
    desk.lit(RINGS);
    desk.headset.press_hook();
    assert_eq!(desk.pressed(), Press::Answer);
    desk.buttons.show(TALKS);
    desk.lit(TALKS);
    desk.headset.press_mute();
    assert_eq!(desk.pressed(), Press::Mute(true));
    desk.buttons.show(MUTED);
    desk.lit(MUTED);
    desk.headset.press_flash();
    assert_eq!(desk.pressed(), Press::Hold);
    std::thread::sleep(SETTLED);
    desk.headset.press_hook();
    assert_eq!(desk.pressed(), Press::HangUp);
    // Whoever uses it next finds nothing of this call.
    drop(desk.buttons);
    assert_eq!(desk.headset.lamps(), Lamps::default());
    assert!(!desk.headset.is_off_hook());
}

#[test]
fn a_key_that_nobody_answers_is_undone() {
    let desk = desk();
    desk.headset.plug();
    desk.seen(Some(&Access::Works));
    desk.buttons.show(RINGS);
    desk.lit(RINGS);
    let before = desk.headset.written();
    desk.headset.press_hook();
    assert_eq!(desk.pressed(), Press::Answer);
    assert!(desk.headset.is_off_hook());
    let deadline = Instant::now() + PATIENCE;
    while desk.headset.is_off_hook() {
        assert!(Instant::now() < deadline, "it stays off the hook");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(desk.headset.written(), before + 1, "written anew, once");
    assert_eq!(desk.headset.lamps(), RINGS);
}

#[test]
fn a_headset_pulled_out_in_mid_call_joins_it_again() {
    let desk = desk();
    desk.headset.plug();
    desk.seen(Some(&Access::Works));
    desk.buttons.show(MUTED);
    desk.lit(MUTED);
    desk.headset.unplug();
    desk.seen(None);
    desk.buttons.show(TALKS);
    desk.headset.plug();
    desk.seen(Some(&Access::Works));
    desk.lit(TALKS);
    assert!(desk.headset.is_off_hook(), "it follows the lamp");
    desk.headset.press_drop();
    assert_eq!(desk.pressed(), Press::HangUp);
}

#[test]
fn a_headset_that_may_not_be_used_is_told_why_and_taken_up_when_it_may() {
    let desk = desk();
    desk.headset.forbid(true);
    desk.headset.plug();
    desk.seen(Some(&Access::Forbidden));
    desk.headset.take(true);
    desk.seen(Some(&Access::Taken));
    desk.headset.take(false);
    desk.seen(Some(&Access::Works));
    desk.buttons.show(RINGS);
    desk.lit(RINGS);
}
