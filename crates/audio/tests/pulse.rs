//! The headset on a real sound server, proved by what is heard.
#![cfg(target_os = "linux")]

#[path = "support/pulse.rs"]
mod pulse;

use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use pulse::{Microphone, NullSink, PATIENCE, take_server, unique, wait_until};
use seatline_audio::sim::{LineRecord, TestLine, amplitude_at, tone};
use seatline_audio::{
    Device, DeviceId, Direction, Headset, HeadsetEvent, OpenError, Processing, RingPattern, Ringer,
    Selection, list_devices, play_test_tone,
};

const FAR_END_HZ: f32 = 1_250.0;

fn open(microphone: &DeviceId, speaker: &DeviceId) -> (Headset, Receiver<HeadsetEvent>) {
    let selection = Selection {
        microphone: Some(microphone.clone()),
        speaker: Some(speaker.clone()),
    };
    let (sender, events) = mpsc::channel();
    let headset = Headset::open(selection, Processing::OFF, move |event| {
        let _ = sender.send(event);
    })
    .expect("threads can be started");
    (headset, events)
}

fn wait_for(events: &Receiver<HeadsetEvent>, mut wanted: impl FnMut(&HeadsetEvent) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let event = events.recv_timeout(left).expect("the event never came");
        if wanted(&event) {
            return;
        }
    }
}

fn hears(record: &mut LineRecord, hz: f32) -> bool {
    amplitude_at(record.heard_lately(Duration::from_millis(200)), hz) > 0.4
}

/// The longest stretch, in ms, in which neither of two tones sounds.
fn longest_gap_ms(samples: &[f32], hz: [f32; 2]) -> usize {
    const STEP: usize = 480;
    let (mut longest, mut current) = (0, 0);
    for part in samples.chunks_exact(STEP) {
        let sounds = hz.iter().any(|hz| amplitude_at(part, *hz) > 0.2);
        current = if sounds { 0 } else { current + 10 };
        longest = longest.max(current);
    }
    longest
}

#[test]
fn what_is_said_is_captured_and_what_is_rendered_is_heard() {
    let _turn = take_server();
    for (rate, channels) in [(48_000, 1), (44_100, 2), (16_000, 1)] {
        let microphone = Microphone::plug(&unique("mic"), rate, channels, 440.0);
        let speaker = NullSink::plug(&unique("ear"), rate, channels);
        let ear = speaker.listen();
        let (headset, _events) = open(&microphone.id(), &speaker.id());
        let (line, mut record) = TestLine::record(tone(FAR_END_HZ, 0.5));
        headset.connect(line).expect("both devices are there");
        wait_until("the microphone is heard", || hears(&mut record, 440.0));
        wait_until("the far end is heard", || {
            amplitude_at(&ear.lately(), FAR_END_HZ) > 0.4
        });
        headset.disconnect();
        wait_until("the speaker is silent after the call", || {
            amplitude_at(&ear.lately(), FAR_END_HZ) < 0.001
        });
    }
}

#[test]
fn the_microphone_s_own_mute_is_told_both_ways_and_at_the_next_opening() {
    let _turn = take_server();
    let microphone = Microphone::plug(&unique("mic"), 48_000, 1, 440.0);
    let speaker = NullSink::plug(&unique("ear"), 48_000, 1);
    let (headset, events) = open(&microphone.id(), &speaker.id());
    let (line, mut record) = TestLine::record(tone(FAR_END_HZ, 0.5));
    headset.connect(line).expect("both devices are there");
    wait_until("the microphone is heard", || hears(&mut record, 440.0));
    assert!(!headset.is_device_muted());

    microphone.set_muted(true);
    wait_for(&events, |event| *event == HeadsetEvent::Muted(true));
    assert!(headset.is_device_muted());
    wait_until("nothing is heard", || !hears(&mut record, 440.0));
    microphone.set_muted(false);
    wait_for(&events, |event| *event == HeadsetEvent::Muted(false));
    wait_until("the microphone is heard again", || {
        hears(&mut record, 440.0)
    });

    // Muted between two calls, the next one learns of it.
    headset.disconnect();
    microphone.set_muted(true);
    let (line, _record) = TestLine::record(tone(FAR_END_HZ, 0.5));
    headset.connect(line).expect("both devices are there");
    wait_for(&events, |event| *event == HeadsetEvent::Muted(true));
}

#[test]
fn devices_are_listed_with_lasting_ids() {
    let _turn = take_server();
    let microphone = Microphone::plug(&unique("mic"), 48_000, 1, 440.0);
    let speaker = NullSink::plug(&unique("ear"), 48_000, 2);
    let devices = list_devices().expect("the server answers");
    let find = |id: &DeviceId| -> Device {
        devices
            .iter()
            .find(|device| device.id == *id)
            .expect("the device is listed")
            .clone()
    };
    assert_eq!(find(&microphone.id()).direction, Direction::Input);
    assert!(!find(&microphone.id()).is_monitor);
    assert_eq!(find(&speaker.id()).direction, Direction::Output);
    let monitor = DeviceId::new(format!("{}.monitor", speaker.id()));
    assert!(find(&monitor).is_monitor);
}

#[test]
fn changing_devices_in_a_call_leaves_a_gap_of_at_most_100_ms() {
    const TONES: [f32; 2] = [440.0, 700.0];
    let _turn = take_server();
    let microphones = [
        Microphone::plug(&unique("mic"), 48_000, 1, TONES[0]),
        Microphone::plug(&unique("mic"), 44_100, 2, TONES[1]),
    ];
    let speakers = [
        NullSink::plug(&unique("ear"), 48_000, 2),
        NullSink::plug(&unique("ear"), 44_100, 2),
    ];
    let ears = [speakers[0].listen(), speakers[1].listen()];
    let (headset, _events) = open(&microphones[0].id(), &speakers[0].id());
    let (line, mut record) = TestLine::record(tone(FAR_END_HZ, 0.5));
    headset.connect(line).expect("both devices are there");
    wait_until("the first microphone is heard", || {
        hears(&mut record, 440.0)
    });
    wait_until("the first speaker plays", || {
        amplitude_at(&ears[0].lately(), FAR_END_HZ) > 0.4
    });

    let mut gap_to = |new: usize| {
        let before = record.heard().len();
        headset
            .switch(Selection {
                microphone: Some(microphones[new].id()),
                speaker: Some(speakers[new].id()),
            })
            .expect("both new devices are there");
        wait_until("the new microphone is heard", || {
            hears(&mut record, TONES[new])
        });
        wait_until("the new speaker plays", || {
            amplitude_at(&ears[new].lately(), FAR_END_HZ) > 0.4
        });
        wait_until("the old speaker is silent", || {
            amplitude_at(&ears[1 - new].lately(), FAR_END_HZ) < 0.001
        });
        assert!(!record.is_dropped(), "the line stays connected");
        longest_gap_ms(&record.heard()[before..], TONES)
    };
    // A gap of ours comes every time; one of a busy machine does not.
    for attempt in 1.. {
        let gap = gap_to(1);
        println!("attempt {attempt}: a gap of {gap} ms");
        if gap <= 100 {
            break;
        }
        assert!(attempt < 8, "a gap of {gap} ms");
        gap_to(0);
    }

    let away = DeviceId::new("pulseaudio:not_there");
    let error = headset
        .switch(Selection {
            microphone: Some(away),
            speaker: Some(speakers[1].id()),
        })
        .expect_err("there is no such microphone");
    assert!(matches!(
        error,
        OpenError::DeviceGone {
            direction: Direction::Input,
            ..
        }
    ));
    let frames = record.captured_frames();
    wait_until("the call goes on", || {
        record.captured_frames() > frames + 20
    });
    wait_until("the microphone in use stays", || hears(&mut record, 700.0));
}

#[test]
fn a_headset_pulled_out_never_lets_the_loudspeaker_speak() {
    let _turn = take_server();
    let loudspeaker = NullSink::plug(&unique("loudspeaker"), 48_000, 2);
    loudspeaker.make_default();
    let room = loudspeaker.listen();
    let (microphone_name, speaker_name) = (unique("mic"), unique("ear"));
    let microphone = Microphone::plug(&microphone_name, 48_000, 1, 440.0);
    let speaker = NullSink::plug(&speaker_name, 48_000, 2);
    let (headset, events) = open(&microphone.id(), &speaker.id());
    let (line, mut record) = TestLine::record(tone(FAR_END_HZ, 0.5));
    headset.connect(line).expect("both devices are there");
    wait_until("the microphone is heard", || hears(&mut record, 440.0));

    drop(speaker);
    drop(microphone);
    let mut lost = Vec::new();
    wait_for(&events, |event| {
        if let HeadsetEvent::DeviceLost { direction, .. } = event {
            lost.push(*direction);
        }
        lost.contains(&Direction::Input) && lost.contains(&Direction::Output)
    });
    let frames = record.captured_frames();
    wait_until("the line is served with silence", || {
        record.captured_frames() > frames + 50
    });
    assert!(
        record
            .heard_lately(Duration::from_millis(500))
            .iter()
            .all(|it| *it == 0.0)
    );

    let microphone = Microphone::plug(&microphone_name, 48_000, 1, 440.0);
    let speaker = NullSink::plug(&speaker_name, 48_000, 2);
    let ear = speaker.listen();
    wait_until("the microphone is heard again", || {
        hears(&mut record, 440.0)
    });
    wait_until("the far end is heard again", || {
        amplitude_at(&ear.lately(), FAR_END_HZ) > 0.4
    });

    let overheard = room
        .everything()
        .chunks_exact(960)
        .filter(|part| amplitude_at(part, FAR_END_HZ) > 0.001)
        .count();
    assert_eq!(
        overheard,
        0,
        "{} ms of the customer came out of the loudspeaker",
        overheard * 20
    );
    drop(microphone);
}

#[test]
fn the_ringer_and_the_test_tone_are_heard_on_the_chosen_device() {
    let _turn = take_server();
    let speaker = NullSink::plug(&unique("bell"), 48_000, 2);
    let ear = speaker.listen();
    let ringer = Ringer::start(Some(&speaker.id()), RingPattern::STANDARD).expect("it is there");
    wait_until("the ring is heard", || {
        let lately = ear.lately();
        amplitude_at(&lately, 660.0) > 0.05 && amplitude_at(&lately, 880.0) > 0.05
    });
    ringer.stop();
    wait_until("the ring is over", || {
        ear.lately().iter().all(|sample| sample.abs() < 1e-4)
    });
    let before = ear.everything().len();
    play_test_tone(Some(&speaker.id())).expect("it is there");
    for note in [523.25, 659.25, 783.99] {
        wait_until("every note is heard", || {
            let heard = ear.everything();
            heard[before..]
                .chunks_exact(4_800)
                .any(|part| amplitude_at(part, note) > 0.2)
        });
    }
}
