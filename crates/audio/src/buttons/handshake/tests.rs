use super::*;

const FREE: Lamps = Lamps {
    off_hook: false,
    ring: false,
    mute: false,
    hold: false,
};
const RINGS: Lamps = Lamps { ring: true, ..FREE };
const TALKS: Lamps = Lamps {
    off_hook: true,
    ..FREE
};
const MUTED: Lamps = Lamps {
    mute: true,
    ..TALKS
};
const HELD: Lamps = Lamps {
    hold: true,
    ..TALKS
};
const KNOCKED: Lamps = Lamps {
    ring: true,
    ..TALKS
};

/// A headset on virtual time.
struct Bench {
    handshake: Handshake,
    now: Instant,
    hook: Manner,
    mute: Manner,
}

impl Bench {
    fn new(lamps: Lamps, hook: Manner, mute: Manner) -> Self {
        let now = Instant::now();
        Self {
            handshake: Handshake::new(lamps, hook == Manner::State, now),
            now,
            hook,
            mute,
        }
    }

    /// In the manner of most: the hook is a state, the others are pressed.
    fn usual(lamps: Lamps) -> Self {
        Self::new(lamps, Manner::State, Manner::Pulse)
    }

    fn wait(&mut self, ms: u64) -> Option<Act> {
        self.now += Duration::from_millis(ms);
        self.handshake.tick(self.now)
    }

    fn show(&mut self, lamps: Lamps) -> Option<Act> {
        self.handshake.show(lamps, self.now)
    }

    fn key(&mut self, key: Key, on: bool) -> Option<Act> {
        let manner = match key {
            Key::Hook => self.hook,
            Key::Mute => self.mute,
            Key::Flash | Key::Hold | Key::Drop | Key::Reject => Manner::Pulse,
        };
        let change = Change { key, manner, on };
        self.handshake.change(change, self.now)
    }

    /// Presses and lets go of a key.
    fn press(&mut self, key: Key) -> Option<Act> {
        let act = self.key(key, true);
        self.now += Duration::from_millis(80);
        assert_eq!(self.key(key, false), None);
        act
    }
}

fn press(press: Press) -> Option<Act> {
    Some(Act::Press(press))
}

#[test]
fn every_key_in_every_state_does_what_the_table_says() {
    let revert = Some(Act::LightAnew);
    let table = [
        (
            Key::Hook,
            [
                revert,
                press(Press::Answer),
                press(Press::HangUp),
                press(Press::HangUp),
            ],
        ),
        (
            Key::Mute,
            [
                revert,
                revert,
                press(Press::Mute(true)),
                press(Press::Mute(true)),
            ],
        ),
        (
            Key::Flash,
            [revert, revert, press(Press::Hold), press(Press::Hold)],
        ),
        (
            Key::Hold,
            [revert, revert, press(Press::Hold), press(Press::Hold)],
        ),
        (
            Key::Drop,
            [
                revert,
                press(Press::Reject),
                press(Press::HangUp),
                press(Press::HangUp),
            ],
        ),
        (
            Key::Reject,
            [revert, press(Press::Reject), revert, press(Press::Reject)],
        ),
    ];
    for (key, row) in table {
        for (lamps, expected) in [FREE, RINGS, TALKS, KNOCKED].into_iter().zip(row) {
            let mut bench = Bench::new(lamps, Manner::Pulse, Manner::Pulse);
            assert_eq!(bench.press(key), expected, "{key:?} with {lamps:?}");
        }
    }
}

#[test]
fn a_call_answered_and_ended_by_the_hook() {
    let mut bench = Bench::usual(FREE);
    assert_eq!(bench.show(RINGS), Some(Act::Light));
    assert_eq!(bench.key(Key::Hook, true), press(Press::Answer));
    bench.wait(200);
    assert_eq!(bench.show(TALKS), Some(Act::Light));
    assert_eq!(bench.wait(10_000), None, "it agrees already");
    assert_eq!(bench.key(Key::Hook, false), press(Press::HangUp));
    assert_eq!(bench.show(FREE), Some(Act::Light));
    assert_eq!(bench.wait(10_000), None);
}

#[test]
fn a_hook_that_follows_the_window_asks_for_nothing() {
    let mut bench = Bench::usual(FREE);
    bench.show(TALKS);
    bench.wait(50);
    assert_eq!(bench.key(Key::Hook, true), None, "answered in the window");
    bench.wait(5_000);
    bench.show(FREE);
    bench.wait(50);
    assert_eq!(bench.key(Key::Hook, false), None, "ended in the window");
    assert_eq!(bench.wait(5_000), None);
}

#[test]
fn the_end_of_one_call_never_hangs_up_the_next() {
    let mut bench = Bench::usual(FREE);
    bench.show(TALKS);
    bench.wait(50);
    bench.key(Key::Hook, true);
    bench.wait(5_000);
    // The customer hangs up, and the next call is answered by itself before the headset follows.
    bench.show(FREE);
    bench.wait(30);
    bench.show(TALKS);
    bench.wait(500);
    assert_eq!(
        bench.key(Key::Hook, false),
        Some(Act::LightAnew),
        "it speaks of before"
    );
    bench.wait(50);
    assert_eq!(bench.key(Key::Hook, true), None);
    bench.wait(5_000);
    assert_eq!(
        bench.key(Key::Hook, false),
        press(Press::HangUp),
        "a person"
    );
}

#[test]
fn hanging_up_twice_hangs_up_once_and_answers_nothing() {
    let mut bench = Bench::new(TALKS, Manner::Pulse, Manner::Pulse);
    assert_eq!(bench.press(Key::Hook), press(Press::HangUp));
    assert_eq!(bench.press(Key::Hook), None, "asked already");
    // The next call rings at once, while the finger is still on the key.
    bench.show(RINGS);
    assert_eq!(bench.press(Key::Hook), Some(Act::LightAnew));
    bench.wait(400);
    assert_eq!(bench.press(Key::Hook), press(Press::Answer));
}

#[test]
fn mute_has_its_answer_or_is_undone() {
    let mut bench = Bench::usual(TALKS);
    bench.key(Key::Hook, true);
    assert_eq!(bench.press(Key::Mute), press(Press::Mute(true)));
    assert_eq!(bench.show(MUTED), Some(Act::Light));
    assert_eq!(bench.wait(3_000), None, "answered");
    assert_eq!(bench.press(Key::Mute), press(Press::Mute(false)));
    // The desk does not do it: the microphone is muted elsewhere too.
    assert_eq!(bench.wait(500), None);
    assert_eq!(bench.wait(600), Some(Act::LightAnew));
    assert_eq!(bench.handshake.lamps(), MUTED);
    assert_eq!(bench.wait(3_000), None, "once");
}

#[test]
fn two_quick_presses_of_mute_come_back_to_where_they_were() {
    let mut bench = Bench::usual(TALKS);
    assert_eq!(bench.press(Key::Mute), press(Press::Mute(true)));
    assert_eq!(bench.press(Key::Mute), press(Press::Mute(false)));
    bench.show(MUTED);
    bench.show(TALKS);
    assert_eq!(bench.press(Key::Mute), press(Press::Mute(true)));
}

#[test]
fn mute_while_it_rings_and_after_the_call_is_undone() {
    let mut bench = Bench::usual(RINGS);
    assert_eq!(bench.press(Key::Mute), Some(Act::LightAnew));
    bench.show(TALKS);
    bench.press(Key::Mute);
    bench.show(MUTED);
    // Nothing is left over from the last call.
    assert_eq!(bench.show(FREE), Some(Act::Light));
    assert_eq!(bench.press(Key::Mute), Some(Act::LightAnew));
}

#[test]
fn a_mute_that_is_a_state_follows_and_leads() {
    let mut bench = Bench::new(TALKS, Manner::State, Manner::State);
    assert_eq!(bench.key(Key::Mute, true), press(Press::Mute(true)));
    bench.show(MUTED);
    bench.wait(2_000);
    bench.show(TALKS);
    assert_eq!(bench.key(Key::Mute, false), None, "it follows the window");
    bench.show(MUTED);
    assert_eq!(bench.key(Key::Mute, true), None);
    assert_eq!(bench.key(Key::Mute, false), press(Press::Mute(false)));
}

#[test]
fn a_mute_that_may_spring_back_is_told_by_how_long_it_stays() {
    let mut springs = Bench::new(TALKS, Manner::State, Manner::Unsaid);
    assert_eq!(springs.press(Key::Mute), press(Press::Mute(true)));
    springs.show(MUTED);
    assert_eq!(springs.press(Key::Mute), press(Press::Mute(false)));

    let mut stays = Bench::new(TALKS, Manner::State, Manner::Unsaid);
    assert_eq!(stays.key(Key::Mute, true), press(Press::Mute(true)));
    stays.show(MUTED);
    stays.wait(20_000);
    assert_eq!(stays.key(Key::Mute, false), press(Press::Mute(false)));
}

#[test]
fn a_headset_plugged_in_in_mid_call_joins_it() {
    let mut bench = Bench::usual(HELD);
    assert_eq!(bench.handshake.lamps(), HELD);
    bench.wait(100);
    assert_eq!(bench.key(Key::Hook, true), None, "it follows");
    assert_eq!(bench.press(Key::Flash), press(Press::Hold));
    bench.show(TALKS);
    bench.wait(1_000);
    assert_eq!(bench.key(Key::Hook, false), press(Press::HangUp));
}

#[test]
fn a_headset_that_never_follows_is_reminded_and_then_understood() {
    let mut bench = Bench::usual(FREE);
    let mut hook = false;
    for _ in 0..2 {
        bench.show(TALKS);
        assert_eq!(bench.wait(2_000), Some(Act::LightAnew), "reminded");
        assert_eq!(bench.wait(2_000), None);
        assert_eq!(bench.wait(60_000), None, "and left in peace");
        bench.show(FREE);
        bench.wait(10_000);
    }
    // It has only its own count of presses, so each change of it is a person.
    for _ in 0..3 {
        bench.show(RINGS);
        bench.wait(1_000);
        hook = !hook;
        assert_eq!(bench.key(Key::Hook, hook), press(Press::Answer));
        bench.show(TALKS);
        bench.wait(5_000);
        hook = !hook;
        assert_eq!(bench.key(Key::Hook, hook), press(Press::HangUp));
        bench.show(FREE);
        bench.wait(5_000);
    }
    // Also where the window answered, and its hook comes to equal the lamp.
    bench.show(TALKS);
    bench.wait(5_000);
    bench.wait(5_000);
    assert_eq!(bench.key(Key::Hook, !hook), press(Press::HangUp));
}

#[test]
fn an_answer_that_fails_puts_the_hook_back() {
    let mut bench = Bench::usual(RINGS);
    assert_eq!(bench.key(Key::Hook, true), press(Press::Answer));
    assert_eq!(bench.wait(3_000), None, "devices take their time");
    assert_eq!(bench.wait(1_000), Some(Act::LightAnew));
    assert_eq!(bench.key(Key::Hook, false), None, "it reverts");
    assert_eq!(bench.key(Key::Hook, true), press(Press::Answer), "again");
}

#[test]
fn a_hook_that_falls_back_unanswered_hangs_nothing_up() {
    // Some wait two seconds for the lamp and then go back on the hook.
    let mut bench = Bench::usual(RINGS);
    assert_eq!(bench.key(Key::Hook, true), press(Press::Answer));
    bench.wait(2_000);
    bench.show(TALKS);
    bench.wait(20);
    assert_eq!(bench.key(Key::Hook, false), Some(Act::LightAnew));
}

#[test]
fn no_sequence_asks_for_what_cannot_be() {
    let seed = 0x0B_2F_20;
    println!("seed {seed:#x}");
    let mut dice: u64 = seed;
    let mut roll = |below: u64| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        dice % below
    };
    let manners = [Manner::State, Manner::Pulse, Manner::Unsaid];
    let keys = [
        Key::Hook,
        Key::Mute,
        Key::Flash,
        Key::Hold,
        Key::Drop,
        Key::Reject,
    ];
    let views = [FREE, RINGS, TALKS, MUTED, HELD, KNOCKED];
    let mut presses = 0;
    for _ in 0..300 {
        let (hook, mute) = (manners[roll(2) as usize], manners[roll(3) as usize]);
        let mut bench = Bench::new(views[roll(6) as usize], hook, mute);
        for _ in 0..200 {
            bench.wait(roll(1_500));
            let lamps = bench.handshake.lamps();
            let act = match roll(3) {
                0 => bench.show(views[roll(6) as usize]),
                _ => bench.key(keys[roll(6) as usize], roll(2) == 0),
            };
            if let Some(Act::Press(press)) = act {
                presses += 1;
                let fits = match press {
                    Press::Answer => lamps.ring && !lamps.off_hook,
                    Press::Reject => lamps.ring,
                    Press::HangUp | Press::Mute(_) | Press::Hold => lamps.off_hook,
                };
                assert!(fits, "{press:?} with {lamps:?}");
            }
        }
        // Left alone it comes to rest.
        for _ in 0..4 {
            bench.wait(5_000);
        }
        assert_eq!(bench.wait(5_000), None);
    }
    assert!(presses > 1_000, "{presses}");
}
