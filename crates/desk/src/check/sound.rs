//! Which sound devices there are, and whether a tone played on the speaker comes in at the
//! microphone.

use super::{Fact, Finding, Item, Outcome, Reason};
use crate::{command::DeviceSelection, sound};
use seatline_audio::{
    Device, Direction, FRAME, Frame, Headset, Line, Processing, SAMPLE_RATE, list_devices,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// The tone, in hertz: a whole number of periods in each frame.
const TONE: f32 = 1_000.0;
/// Its amplitude, for a person to bear with a headset on.
const AMPLITUDE: f32 = 0.2;
/// For how many frames it is played: two seconds.
const FRAMES: u32 = 100;
/// How long the devices may take for it.
const PATIENCE: Duration = Duration::from_secs(10);
/// Frames in which the tone must stand out to count as heard: a fifth of a second.
const ENOUGH: u32 = 10;
/// What is softer is no tone but the room, dBFS.
const FLOOR: f32 = -60.0;
/// How much of a frame's power must be the tone's.
const SHARE: f32 = 0.5;

/// Lists the devices and plays the tone.
pub(super) fn look(chosen: &DeviceSelection) -> Vec<Finding> {
    let devices = match list_devices() {
        Ok(devices) => devices,
        Err(error) => {
            let failure = sound::failure(&error.into());
            let skipped = Finding::new(Item::Tone, Outcome::Skipped);
            return vec![Finding::failed(Item::Devices, failure), skipped];
        }
    };
    let found = judge(&devices);
    let tone = if found.outcome == Outcome::Failed {
        Finding::new(Item::Tone, Outcome::Skipped)
    } else {
        play(chosen)
    };
    vec![found, tone]
}

fn judge(devices: &[Device]) -> Finding {
    let names = |direction| {
        let those = devices
            .iter()
            .filter(|device| device.direction == direction && !device.is_monitor);
        let names: Vec<&str> = those.map(|device| device.name.as_str()).collect();
        names.join("; ")
    };
    let (microphones, speakers) = (names(Direction::Input), names(Direction::Output));
    let finding = if microphones.is_empty() {
        Finding::new(Item::Devices, Outcome::Failed).because(Reason::NoMicrophone)
    } else if speakers.is_empty() {
        Finding::new(Item::Devices, Outcome::Failed).because(Reason::NoSpeaker)
    } else {
        Finding::new(Item::Devices, Outcome::Passed)
    };
    finding
        .with(Fact::Microphones, microphones)
        .with(Fact::Speakers, speakers)
}

fn play(chosen: &DeviceSelection) -> Finding {
    let untouched = Processing {
        echo: false,
        noise: false,
        gain: false,
    };
    let ear = Arc::new(Ear::default());
    let probe = Box::new(Probe {
        played: 0,
        ear: ear.clone(),
    });
    let connected = Headset::open(sound::selection(chosen), untouched, drop)
        .and_then(|headset| headset.connect(probe).map(|()| headset));
    let headset = match connected {
        Ok(headset) => headset,
        Err(error) => return Finding::failed(Item::Tone, sound::failure(&error)),
    };
    let deadline = Instant::now() + PATIENCE;
    while ear.frames.load(Ordering::Relaxed) < FRAMES && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(20));
    }
    headset.disconnect();
    let loudest = f32::from_bits(ear.loudest.load(Ordering::Relaxed));
    if ear.heard.load(Ordering::Relaxed) >= ENOUGH {
        Finding::new(Item::Tone, Outcome::Passed).with(Fact::HeardDbfs, format!("{loudest:.1}"))
    } else {
        Finding::new(Item::Tone, Outcome::Warned).because(Reason::NotHeard)
    }
}

/// What the microphone has heard so far.
struct Ear {
    /// Since the tone began.
    frames: AtomicU32,
    heard: AtomicU32,
    loudest: AtomicU32,
}

impl Default for Ear {
    fn default() -> Self {
        Self {
            frames: AtomicU32::new(0),
            heard: AtomicU32::new(0),
            loudest: AtomicU32::new(f32::NEG_INFINITY.to_bits()),
        }
    }
}

/// Plays the tone and listens for it.
struct Probe {
    played: u32,
    ear: Arc<Ear>,
}

impl Line for Probe {
    fn capture(&mut self, frame: &Frame) {
        // A speaker may begin long after the microphone, and the tone with it.
        if self.played > 0 {
            self.ear.frames.fetch_add(1, Ordering::Relaxed);
        }
        let (tone, all) = powers(frame);
        let level = 10.0 * tone.max(f32::MIN_POSITIVE).log10();
        if level < FLOOR || tone < SHARE * all {
            return;
        }
        self.ear.heard.fetch_add(1, Ordering::Relaxed);
        let loudest = f32::from_bits(self.ear.loudest.load(Ordering::Relaxed)).max(level);
        self.ear.loudest.store(loudest.to_bits(), Ordering::Relaxed);
    }

    fn render(&mut self, frame: &mut Frame) {
        // It swells and fades over one frame, so that it does not click.
        let first = self.played == 0;
        let last = self.played + 1 == FRAMES;
        if self.played < FRAMES {
            for (index, sample) in frame.iter_mut().enumerate() {
                let into = index as f32 / FRAME as f32;
                let envelope = match (first, last) {
                    (true, _) => into,
                    (_, true) => 1.0 - into,
                    (false, false) => 1.0,
                };
                *sample = AMPLITUDE * envelope * angle(index).sin();
            }
        }
        self.played = self.played.saturating_add(1);
    }
}

fn angle(index: usize) -> f32 {
    std::f32::consts::TAU * TONE * index as f32 / SAMPLE_RATE as f32
}

/// Mean power of the tone in a frame, and of everything.
fn powers(frame: &Frame) -> (f32, f32) {
    let (mut sine, mut cosine, mut all) = (0.0, 0.0, 0.0);
    for (index, sample) in frame.iter().enumerate() {
        let (sin, cos) = angle(index).sin_cos();
        sine += sample * sin;
        cosine += sample * cos;
        all += sample * sample;
    }
    let length = FRAME as f32;
    let tone = 2.0 * (sine * sine + cosine * cosine) / (length * length);
    (tone, all / length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(frames: impl Iterator<Item = Frame>) -> u32 {
        let ear = Arc::new(Ear::default());
        let mut probe = Probe {
            played: 0,
            ear: ear.clone(),
        };
        frames.for_each(|frame| probe.capture(&frame));
        ear.heard.load(Ordering::Relaxed)
    }

    #[test]
    fn the_probe_hears_its_own_tone_and_nothing_else() {
        let mut voice = Probe {
            played: 0,
            ear: Arc::default(),
        };
        let own = (0..50).map(|_| {
            let mut frame = [0.0; FRAME];
            voice.render(&mut frame);
            // Far away, and out of step with the frames.
            frame.rotate_left(300);
            frame.map(|sample| sample * 0.02)
        });
        assert!(heard(own) >= 48);
        let silence = std::iter::repeat_n([0.0; FRAME], 50);
        assert_eq!(heard(silence), 0);
        let hum = std::iter::repeat_n(
            std::array::from_fn(|index| 0.3 * (angle(index) * 0.25).sin()),
            50,
        );
        assert_eq!(heard(hum), 0);
        let faint = std::iter::repeat_n(std::array::from_fn(|index| 1e-4 * angle(index).sin()), 50);
        assert_eq!(heard(faint), 0);
    }
}
