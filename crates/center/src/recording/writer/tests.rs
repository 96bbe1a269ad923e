//! Whole recordings on virtual time, judged by what ffmpeg hears.

use super::{
    Order,
    channel::Heard,
    inbox::{Inbox, Item, Source},
    live::{Live, Outcome},
};
use crate::recording::{journal::Reader, keys::Keyring, playback};
use seatline_contract::{
    id::{ContactId, RecordingId},
    recording::{Mark, PauseReason, ResumeCause, Side},
    time::UnixMs,
};
use seatline_media::{
    Codec,
    sim::{level_at, loudness, sine},
};
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::sync::oneshot;
use uuid::Uuid;

const RATE: usize = 48_000;
const CUSTOMER_TONE: f32 = 440.0;
const AGENT_TONE: f32 = 700.0;
/// Spoken by both during a pause.
const SECRET_TONE: f32 = 1_500.0;

/// A voice that says a tone for ever, in 20 ms packets.
struct Voice {
    codec: Codec,
    encoder: opus::Encoder,
    spoken: u32,
    /// A second of the tone spoken last.
    tone: (f32, Vec<f32>),
}

impl Voice {
    fn new(codec: Codec) -> Self {
        let application = opus::Application::Voip;
        let channels = opus::Channels::Mono;
        Self {
            codec,
            encoder: opus::Encoder::new(48_000, channels, application).unwrap(),
            spoken: 0,
            tone: (0.0, Vec::new()),
        }
    }

    fn say(&mut self, tone: f32) -> Heard {
        let number = self.spoken;
        self.spoken += 1;
        let (rate, ticks) = match self.codec {
            Codec::Opus => (48_000, 960),
            Codec::Pcma | Codec::Pcmu => (8_000, 160),
        };
        if self.tone.0 != tone || self.tone.1.is_empty() {
            self.tone = (tone, sine(tone, 0.5, rate, rate as usize));
        }
        let begin = (number * ticks % rate) as usize;
        let frame = &self.tone.1[begin..begin + ticks as usize];
        let payload = match self.codec {
            Codec::Opus => self.encoder.encode_vec_float(frame, 1_000).unwrap(),
            Codec::Pcma | Codec::Pcmu => frame.iter().map(|sample| a_law(*sample)).collect(),
        };
        Heard {
            codec: self.codec,
            ssrc: 9,
            timestamp: number.wrapping_mul(ticks).wrapping_add(4_000_000_000),
            payload: payload.into(),
        }
    }
}

/// A-law (ITU-T G.711) of a sample.
fn a_law(sample: f32) -> u8 {
    let (sign, magnitude) = match (sample * 32_767.0) as i32 {
        linear @ 0.. => (0x80, linear),
        linear => (0, -linear - 1),
    };
    let code = match magnitude >> 8 {
        0 => magnitude >> 4,
        high => {
            let exponent = high.ilog2() as i32 + 1;
            exponent << 4 | magnitude >> (exponent + 3) & 15
        }
    };
    (sign | code as u8) ^ 0x55
}

/// A leg that gives what it is given, up to as many packets as a real one.
struct Pipe {
    packets: mpsc::Receiver<(Instant, Heard)>,
    lost: Arc<AtomicU64>,
}

struct Mouth {
    packets: mpsc::SyncSender<(Instant, Heard)>,
    lost: Arc<AtomicU64>,
}

fn pipe() -> (Mouth, Pipe) {
    let (packets, heard) = mpsc::sync_channel(500);
    let lost = Arc::new(AtomicU64::new(0));
    let mouth = Mouth {
        packets,
        lost: lost.clone(),
    };
    (
        mouth,
        Pipe {
            packets: heard,
            lost,
        },
    )
}

impl Mouth {
    fn say(&self, at: Instant, heard: Heard) {
        if self.packets.try_send((at, heard)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Source for Pipe {
    fn try_next(&mut self) -> Option<(Instant, Heard)> {
        self.packets.try_recv().ok()
    }

    fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

struct Scene {
    folder: TempDir,
    keys: Keyring,
    path: PathBuf,
    inbox: Arc<Inbox>,
    live: Live,
    done: oneshot::Receiver<Outcome>,
    begun: Instant,
    /// 20 ms passed.
    passed: u32,
    voices: [Voice; 2],
    mouths: [Mouth; 2],
}

impl Scene {
    fn begin() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("a.rec");
        Self::begin_at(folder, path)
    }

    fn begin_at(folder: TempDir, path: PathBuf) -> Self {
        let keys = Keyring::open(&folder.path().join("keys")).unwrap();
        let begun = Instant::now();
        let inbox = Arc::new(Inbox::new(begun));
        let ((customer, left), (agent, right)) = (pipe(), pipe());
        inbox.put_at(begun, Item::Join(0, Side::Customer, Box::new(left)));
        inbox.put_at(begun, Item::Join(1, Side::Agent, Box::new(right)));
        let (done, outcome) = oneshot::channel();
        let order = Order {
            recording: RecordingId(Uuid::new_v4()),
            contact: ContactId(Uuid::new_v4()),
            started: UnixMs(1_000_000),
            path: path.clone(),
            inbox: inbox.clone(),
            done,
        };
        Self {
            live: Live::begin(order, keys.clone()),
            folder,
            keys,
            path,
            inbox,
            done: outcome,
            begun,
            passed: 0,
            voices: [Voice::new(Codec::Opus), Voice::new(Codec::Pcma)],
            mouths: [customer, agent],
        }
    }

    fn now(&self) -> Instant {
        self.begun + Duration::from_millis(20) * self.passed
    }

    /// Both speak for a while; packets reach the recorder 30 ms later.
    fn talk(&mut self, time: Duration, tones: [f32; 2]) {
        for _ in 0..time.as_millis() / 20 {
            let at = self.now() + Duration::from_millis(30);
            let spoken = self.voices.iter_mut().zip(tones);
            for ((voice, tone), mouth) in spoken.zip(&self.mouths) {
                mouth.say(at, voice.say(tone));
            }
            self.passed += 1;
            if self.passed.is_multiple_of(10) {
                let now = self.now();
                self.live.work(now);
                self.live.sync();
            }
        }
    }

    fn speak(&mut self, time: Duration) {
        self.talk(time, [CUSTOMER_TONE, AGENT_TONE]);
    }

    fn put(&self, item: Item) {
        self.inbox.put_at(self.now(), item);
    }

    fn close(&mut self) -> Outcome {
        self.put(Item::Close);
        self.live.work(self.now());
        self.live.sync();
        assert!(self.live.hand_over());
        self.done.try_recv().unwrap()
    }

    fn export(&self, track: u8) -> Vec<f32> {
        decode(&playback::export(&self.path, &self.keys, track).unwrap())
    }
}

/// What ffmpeg hears in a file, at 48 kHz. It must not complain.
fn decode(file: &[u8]) -> Vec<f32> {
    let mut ffmpeg = Command::new("ffmpeg")
        .args(["-v", "warning", "-f", "ogg", "-i", "pipe:0"])
        .args(["-f", "f32le", "-ar", "48000", "-ac", "1", "pipe:1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("ffmpeg is missing: apt-get install ffmpeg");
    let mut input = ffmpeg.stdin.take().unwrap();
    let file = file.to_vec();
    let feed = std::thread::spawn(move || input.write_all(&file));
    let output = ffmpeg.wait_with_output().unwrap();
    feed.join().unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
    let samples = output.stdout.chunks_exact(4);
    samples
        .map(|sample| f32::from_le_bytes(sample.try_into().unwrap()))
        .collect()
}

fn second(sound: &[f32], second: f32) -> &[f32] {
    let begin = (second * RATE as f32) as usize;
    &sound[begin..begin + RATE / 2]
}

fn hears(sound: &[f32], tone: f32) -> bool {
    level_at(sound, tone, RATE as u32) > 0.3
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn both_sides_play_in_ffmpeg_and_a_pause_is_silence_of_its_length() {
    let mut scene = Scene::begin();
    scene.speak(seconds(4));
    scene.put(Item::Pause(None, PauseReason::SensitiveField));
    scene.talk(seconds(3), [SECRET_TONE; 2]);
    scene.put(Item::Resume(None, ResumeCause::Asked));
    scene.speak(seconds(4));
    let outcome = scene.close();
    assert!(outcome.complete, "{outcome:?}");
    assert_eq!((outcome.duration_ms, outcome.lost), (11_000, 0));
    for (side, tone) in [(0, CUSTOMER_TONE), (1, AGENT_TONE)] {
        let sound = scene.export(side);
        let expected = 11 * RATE;
        assert!(
            sound.len().abs_diff(expected) < RATE / 20,
            "{}",
            sound.len()
        );
        for at in [1.0, 3.0, 7.3, 10.0] {
            let level = level_at(second(&sound, at), tone, RATE as u32);
            assert!(level > 0.3, "{side:?} at {at}: {level}");
        }
        for at in [4.1, 5.5, 6.4] {
            let loudness = loudness(second(&sound, at));
            assert!(loudness < 0.001, "{side:?} at {at}: {loudness}");
        }
        for window in sound.chunks_exact(RATE / 10) {
            assert!(level_at(window, SECRET_TONE, RATE as u32) < 0.05);
        }
    }
    let waveform = playback::draw(&scene.path, &scene.keys).unwrap();
    assert!(waveform.sound);
    let gap: Vec<u32> = waveform.markers.iter().map(|marker| marker.at_ms).collect();
    assert_eq!(gap, [4_000, 7_000]);
    let resumed = &waveform.markers[1].mark;
    assert!(matches!(resumed, Mark::Resumed { gap_ms: 3_000, .. }));
    let at = |ms: u32| waveform.customer[(ms / waveform.peak_ms) as usize];
    assert!(at(1_000) > 90 && at(5_000) == 0 && at(9_000) > 90);

    let mut played = Vec::new();
    let mut from = playback::Playback::open(&scene.path, &scene.keys, 7_500).unwrap();
    while let Some(piece) = from.next() {
        played.extend(piece);
    }
    let frames = played.len() / 2;
    let expected = playback::PLAYED as usize * 7 / 2;
    assert!(frames.abs_diff(expected) < 600, "{frames}");
    for (channel, tone) in [CUSTOMER_TONE, AGENT_TONE].into_iter().enumerate() {
        let side: Vec<f32> = played
            .chunks_exact(2)
            .map(|pair| f32::from(pair[channel]) / 32_768.0)
            .collect();
        assert!(level_at(&side[8_000..24_000], tone, playback::PLAYED) > 0.3);
    }
}

#[test]
fn cut_at_any_byte_it_plays_and_at_most_two_seconds_are_lost() {
    let mut scene = Scene::begin();
    let mut saved = Vec::new();
    for _ in 0..20 {
        scene.speak(Duration::from_millis(500));
        let length = std::fs::metadata(&scene.path).map_or(0, |file| file.len());
        saved.push((length, scene.passed as usize * 960));
    }
    let whole = std::fs::read(&scene.path).unwrap();
    for cut in (1_000..whole.len()).step_by(whole.len() / 23) {
        std::fs::write(&scene.path, &whole[..cut]).unwrap();
        let mut reader = Reader::open(&scene.path, &scene.keys).unwrap();
        while let Ok(Some(_)) = reader.next() {}
        assert!(!reader.is_closed());
        let spoken = saved.iter().rev().find(|(length, _)| *length <= cut as u64);
        let spoken = spoken.map_or(0, |(_, spoken)| *spoken);
        for side in [0, 1] {
            let stream = playback::export(&scene.path, &scene.keys, side).unwrap();
            let played = if stream.is_empty() {
                0
            } else {
                decode(&stream).len()
            };
            assert!(
                played + 2 * RATE >= spoken,
                "{side:?}: {played} of {spoken}"
            );
        }
    }
}

#[test]
fn a_side_that_is_silent_for_long_stays_aligned() {
    let mut scene = Scene::begin();
    scene.speak(seconds(1));
    for _ in 0..60 * 50 {
        let at = scene.now();
        let heard = scene.voices[0].say(CUSTOMER_TONE);
        scene.voices[1].spoken += 1;
        scene.mouths[0].say(at, heard);
        scene.passed += 1;
        if scene.passed.is_multiple_of(10) {
            scene.live.work(scene.now());
        }
    }
    scene.speak(seconds(2));
    scene.close();
    let mut playback = playback::Playback::open(&scene.path, &scene.keys, 0).unwrap();
    let mut agent = Vec::new();
    while let Some(piece) = playback.next() {
        agent.extend(
            piece
                .chunks_exact(2)
                .map(|pair| f32::from(pair[1]) / 32_768.0),
        );
    }
    let rate = playback::PLAYED as usize;
    assert!(
        agent.len().abs_diff(63 * rate) < rate / 20,
        "{}",
        agent.len()
    );
    let at = |second: f32| {
        let begin = (second * rate as f32) as usize;
        level_at(&agent[begin..begin + rate / 2], AGENT_TONE, rate as u32)
    };
    let levels = [0.3, 30.0, 61.3].map(at);
    assert!(
        levels[0] > 0.3 && levels[1] < 0.01 && levels[2] > 0.3,
        "{levels:?}"
    );
}

#[test]
fn one_flooded_leg_costs_no_other_recording_a_packet() {
    let mut quiet = Scene::begin();
    let mut flooded = Scene::begin();
    for _ in 0..30 {
        let at = flooded.now();
        let heard = flooded.voices[0].say(AGENT_TONE);
        for _ in 0..5_000 {
            flooded.mouths[0].say(at, heard.clone());
        }
        flooded.passed += 10;
        flooded.live.work(flooded.now());
        quiet.speak(Duration::from_millis(200));
    }
    assert!(flooded.mouths[0].lost.load(Ordering::Relaxed) > 0);
    let outcome = quiet.close();
    assert_eq!(
        (outcome.lost, outcome.refused, outcome.complete),
        (0, 0, true)
    );
    let sound = quiet.export(0);
    for window in sound[RATE / 10..].chunks_exact(RATE / 2) {
        assert!(hears(window, CUSTOMER_TONE));
    }
    assert!(std::fs::metadata(&flooded.path).unwrap().len() < 2_000_000);
}

/// Mounts a small disk; needs to be root, as in a container or a private namespace.
#[cfg(target_os = "linux")]
fn mount_small(folder: &Path) -> bool {
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]);
    mount
        .arg(folder)
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_pauses_the_recording_until_there_is_room() {
    // A namespace of its own, so that the mount is gone with the process.
    const INSIDE: &str = "SEATLINE_TEST_PRIVATE_MOUNTS";
    if std::env::var_os(INSIDE).is_none() {
        let status = Command::new("unshare")
            .args(["--mount", "--map-root-user", "--"])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture"])
            .arg("recording::writer::tests::a_full_disk_pauses_the_recording_until_there_is_room")
            .env(INSIDE, "1")
            .status()
            .expect("unshare is missing: apt-get install util-linux");
        assert!(status.success());
        return;
    }
    let folder = TempDir::new().unwrap();
    let disk = folder.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    assert!(mount_small(&disk), "a small disk cannot be mounted");
    let filler = disk.join("filler");
    std::fs::write(&filler, vec![1; 32 * 1024]).unwrap();
    let mut scene = Scene::begin_at(folder, disk.join("a.rec"));
    scene.speak(seconds(8));
    assert!(scene.live.is_failing(), "the disk is not full");
    scene.talk(seconds(4), [SECRET_TONE; 2]);
    std::fs::remove_file(&filler).unwrap();
    scene.speak(seconds(3));
    assert!(!scene.live.is_failing());
    let outcome = scene.close();
    assert!(!outcome.complete && outcome.bytes > 0, "{outcome:?}");
    let waveform = playback::draw(&scene.path, &scene.keys).unwrap();
    assert!(waveform.sound, "the chain is whole");
    let marks: Vec<&Mark> = waveform.markers.iter().map(|marker| &marker.mark).collect();
    assert!(
        matches!(
            marks[..],
            [
                Mark::Paused {
                    by: None,
                    reason: PauseReason::StorageFailed
                },
                Mark::Resumed {
                    cause: ResumeCause::StorageBack,
                    ..
                },
            ]
        ),
        "{marks:?}"
    );
    let sound = scene.export(0);
    assert!(sound.len().abs_diff(15 * RATE) < RATE / 20);
    assert!(hears(second(&sound, 1.0), CUSTOMER_TONE));
    assert!(hears(second(&sound, 14.4), CUSTOMER_TONE));
    drop(scene.folder);
}

#[test]
fn another_agent_gets_a_track_of_their_own_on_the_same_side() {
    let mut scene = Scene::begin();
    scene.speak(seconds(3));
    let (mouth, source) = pipe();
    scene.put(Item::Leave(1));
    scene.put(Item::Join(2, Side::Agent, Box::new(source)));
    scene.mouths[1] = mouth;
    scene.voices[1] = Voice::new(Codec::Opus);
    scene.talk(seconds(3), [CUSTOMER_TONE, SECRET_TONE]);
    assert!(scene.close().complete);
    let first = scene.export(1);
    assert!(
        first.len().abs_diff(3 * RATE) < RATE / 20,
        "{}",
        first.len()
    );
    let second_agent = scene.export(2);
    assert!(second_agent.len().abs_diff(6 * RATE) < RATE / 20);
    assert!(loudness(second(&second_agent, 1.0)) < 0.001);
    assert!(hears(second(&second_agent, 4.0), SECRET_TONE));
    let mut playback = playback::Playback::open(&scene.path, &scene.keys, 0).unwrap();
    let mut right = Vec::new();
    while let Some(piece) = playback.next() {
        right.extend(
            piece
                .chunks_exact(2)
                .map(|pair| f32::from(pair[1]) / 32_768.0),
        );
    }
    let rate = playback::PLAYED as usize;
    assert!(
        right.len().abs_diff(6 * rate) < rate / 20,
        "{}",
        right.len()
    );
    for (at, tone) in [(1, AGENT_TONE), (5, SECRET_TONE)] {
        let level = level_at(&right[at * rate..at * rate + rate / 2], tone, rate as u32);
        assert!(level > 0.3, "{level} at {at}");
    }
}
