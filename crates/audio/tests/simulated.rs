//! The whole headset on simulated devices: what a call hears and plays, and what happens when
//! devices come and go.

use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use seatline_audio::sim::{LineRecord, Simulation, TestLine, amplitude_at, tone};
use seatline_audio::{
    Direction, Failure, Frame, Headset, HeadsetEvent, Line, OpenError, Processing, RingPattern,
};

const PATIENCE: Duration = Duration::from_secs(20);
const MICROPHONE_HZ: f32 = 440.0;
const FAR_END_HZ: f32 = 1_250.0;

struct Desk {
    simulation: Simulation,
    headset: Headset,
    events: Receiver<HeadsetEvent>,
}

fn desk() -> Desk {
    let simulation = Simulation::new(tone(MICROPHONE_HZ, 0.5));
    let (sender, events) = mpsc::channel();
    let headset = simulation
        .headset(Processing::OFF, move |event| {
            let _ = sender.send(event);
        })
        .expect("a simulated headset always opens");
    Desk {
        simulation,
        headset,
        events,
    }
}

impl Desk {
    fn call(&self) -> LineRecord {
        let (line, record) = TestLine::record(tone(FAR_END_HZ, 0.5));
        self.headset.connect(line).expect("both devices are there");
        record
    }

    fn wait_for(&self, wanted: impl Fn(&HeadsetEvent) -> bool) -> HeadsetEvent {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let event = self
                .events
                .recv_timeout(left)
                .expect("the event never came");
            if wanted(&event) {
                return event;
            }
        }
    }

    fn played_lately(&self) -> Vec<f32> {
        let played = self.simulation.played();
        played[played.len().saturating_sub(9_600)..].to_vec()
    }
}

fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn hears(record: &mut LineRecord, hz: f32) -> bool {
    amplitude_at(record.heard_lately(Duration::from_millis(200)), hz) > 0.4
}

#[test]
fn who_only_listens_needs_no_microphone_until_it_is_used() {
    let desk = desk();
    desk.simulation.unplug(Direction::Input);
    let (line, mut record) = TestLine::record(tone(FAR_END_HZ, 0.5));
    desk.headset.listen(line).expect("the speaker is there");
    wait_until("the far end is played", || {
        amplitude_at(&desk.played_lately(), FAR_END_HZ) > 0.4
    });
    assert!(!desk.simulation.is_open(Direction::Input));
    assert!(record.captured_frames() > 0, "the line got no silence");
    assert!(!hears(&mut record, MICROPHONE_HZ));

    assert_eq!(
        desk.headset.use_microphone(true),
        Err(OpenError::NoDevice(Direction::Input))
    );
    desk.simulation.plug(Direction::Input);
    wait_until("the microphone is heard", || {
        hears(&mut record, MICROPHONE_HZ)
    });
    desk.headset
        .use_microphone(false)
        .expect("closing needs nothing");
    assert!(!desk.simulation.is_open(Direction::Input));
    wait_until("the microphone is heard no more", || {
        !hears(&mut record, MICROPHONE_HZ)
    });
}

#[test]
fn both_ways_are_heard_by_content() {
    let desk = desk();
    let mut record = desk.call();
    wait_until("the microphone is heard", || {
        hears(&mut record, MICROPHONE_HZ)
    });
    wait_until("the far end is played", || {
        amplitude_at(&desk.played_lately(), FAR_END_HZ) > 0.4
    });
    wait_until("the meters show both tones", || {
        let levels = desk.headset.levels();
        [levels.microphone_dbfs, levels.speaker_dbfs]
            .iter()
            .all(|level| (level + 9.0).abs() < 1.5)
    });
}

#[test]
fn the_microphone_is_closed_when_nobody_needs_it() {
    let desk = desk();
    desk.wait_for(|event| matches!(event, HeadsetEvent::DevicesChanged(all) if all.len() == 2));
    assert!(!desk.simulation.is_open(Direction::Input));

    desk.headset.monitor(true).expect("the microphone is there");
    assert!(desk.simulation.is_open(Direction::Input));
    assert!(!desk.simulation.is_open(Direction::Output));
    wait_until("the meter moves", || {
        desk.headset.levels().microphone_dbfs > -12.0
    });

    let record = desk.call();
    desk.headset.monitor(false).expect("nothing to open");
    assert!(
        desk.simulation.is_open(Direction::Input),
        "the call still needs it"
    );
    desk.headset.disconnect();
    assert!(record.is_dropped());
    assert!(!desk.simulation.is_open(Direction::Input));
    assert!(!desk.simulation.is_open(Direction::Output));
    wait_until("the meter falls", || {
        desk.headset.levels().microphone_dbfs < -99.0
    });
}

#[test]
fn mute_silences_the_line_but_not_the_meter() {
    let desk = desk();
    let mut record = desk.call();
    wait_until("the microphone is heard", || {
        hears(&mut record, MICROPHONE_HZ)
    });
    desk.headset.set_muted(true);
    wait_until("the line hears silence", || {
        record
            .heard_lately(Duration::from_millis(200))
            .iter()
            .all(|sample| *sample == 0.0)
    });
    wait_until("the meter shows it all the same", || {
        desk.headset.levels().microphone_dbfs > -12.0
    });
    desk.headset.set_muted(false);
    wait_until("the microphone is heard again", || {
        hears(&mut record, MICROPHONE_HZ)
    });
}

#[test]
fn a_headset_pulled_out_in_a_call_goes_silent_and_comes_back() {
    let desk = desk();
    let mut record = desk.call();
    wait_until("the microphone is heard", || {
        hears(&mut record, MICROPHONE_HZ)
    });

    desk.simulation.unplug(Direction::Input);
    desk.simulation.unplug(Direction::Output);
    for _ in 0..2 {
        desk.wait_for(|event| matches!(event, HeadsetEvent::DeviceLost { .. }));
    }
    let frames = record.captured_frames();
    wait_until("the line is still served", || {
        record.captured_frames() > frames + 20
    });
    assert!(
        record
            .heard_lately(Duration::from_millis(200))
            .iter()
            .all(|it| *it == 0.0)
    );

    desk.simulation.plug(Direction::Input);
    desk.simulation.plug(Direction::Output);
    for _ in 0..2 {
        desk.wait_for(|event| matches!(event, HeadsetEvent::Recovered { .. }));
    }
    wait_until("the microphone is heard again", || {
        hears(&mut record, MICROPHONE_HZ)
    });
    wait_until("the far end is played again", || {
        amplitude_at(&desk.played_lately(), FAR_END_HZ) > 0.4
    });
}

#[test]
fn a_device_that_works_goes_on_while_none_can_be_listed() {
    let desk = desk();
    let mut record = desk.call();
    desk.simulation.set_silent(true);
    // The loss of one has the devices looked at, and then more often.
    desk.simulation.unplug(Direction::Input);
    desk.wait_for(|event| matches!(event, HeadsetEvent::DeviceLost { .. }));
    let frames = record.captured_frames();
    wait_until("the devices have been looked at again", || {
        record.captured_frames() > frames + 50
    });
    assert!(desk.simulation.is_open(Direction::Output));

    desk.simulation.plug(Direction::Input);
    desk.simulation.set_silent(false);
    desk.wait_for(|event| match event {
        HeadsetEvent::DeviceLost { direction, .. } => panic!("the {direction} was given up"),
        HeadsetEvent::Recovered { direction, .. } => *direction == Direction::Input,
        _ => false,
    });
    wait_until("the microphone is heard again", || {
        hears(&mut record, MICROPHONE_HZ)
    });
}

#[test]
fn a_device_taken_by_another_program_is_said_and_retried() {
    let desk = desk();
    desk.simulation.set_busy(Direction::Input, true);
    let (line, mut record) = TestLine::record(tone(FAR_END_HZ, 0.5));
    let error = desk
        .headset
        .connect(line)
        .expect_err("the microphone is busy");
    assert!(matches!(
        error,
        OpenError::DeviceBusy {
            direction: Direction::Input,
            ..
        }
    ));
    wait_until("the far end is played all the same", || {
        amplitude_at(&desk.played_lately(), FAR_END_HZ) > 0.4
    });
    assert!(record.captured_frames() > 0, "the line is served");

    desk.simulation.set_busy(Direction::Input, false);
    desk.wait_for(|event| {
        matches!(
            event,
            HeadsetEvent::Recovered {
                direction: Direction::Input,
                ..
            }
        )
    });
    wait_until("the microphone is heard", || {
        hears(&mut record, MICROPHONE_HZ)
    });
}

#[test]
fn a_call_without_any_device_is_served_with_silence() {
    let desk = desk();
    desk.simulation.unplug(Direction::Input);
    desk.simulation.unplug(Direction::Output);
    let (line, record) = TestLine::record(tone(FAR_END_HZ, 0.5));
    let error = desk.headset.connect(line).expect_err("there is no device");
    assert_eq!(error, OpenError::NoDevice(Direction::Input));
    wait_until("the line is served", || {
        record.captured_frames() > 25 && record.rendered_frames() > 25
    });
}

struct BrokenLine;

impl Line for BrokenLine {
    fn capture(&mut self, _frame: &Frame) {
        panic!("a broken line");
    }

    fn render(&mut self, _frame: &mut Frame) {}
}

#[test]
fn a_line_that_panics_does_not_take_the_headset_with_it() {
    let desk = desk();
    desk.headset
        .connect(Box::new(BrokenLine))
        .expect("both devices are there");
    let event = desk.wait_for(|event| matches!(event, HeadsetEvent::Failed(_)));
    assert_eq!(event, HeadsetEvent::Failed(Failure::Line));
    let mut record = desk.call();
    wait_until("the next call works", || hears(&mut record, MICROPHONE_HZ));
}

#[test]
fn the_ring_sounds_until_it_is_stopped() {
    let desk = desk();
    let ringer = desk
        .simulation
        .ring(RingPattern::STANDARD)
        .expect("the speaker is there");
    wait_until("the ring is heard", || {
        desk.simulation
            .played()
            .iter()
            .any(|sample| sample.abs() > 0.2)
    });
    ringer.stop();
    assert!(!desk.simulation.is_open(Direction::Output));
}
