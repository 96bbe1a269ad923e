//! A headset without hardware, and a line without a call: they count and record.
//!
//! Everything between the devices and the line is the real thing; only the sound system is
//! replaced. Time is real: a simulated device moves 20 ms of sound every 20 ms.

mod buttons;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rtrb::{Consumer, Producer, RingBuffer};

use crate::backend::{Backend, CaptureSink, OnFailure, OnMuted, OpenStream, RenderSource};
use crate::device::{Device, DeviceId, Direction};
use crate::engine::TICK;
use crate::error::{DeviceError, OpenError};
use crate::headset::{Headset, HeadsetEvent, Selection};
use crate::processing::Processing;
use crate::ring::RingPattern;
use crate::ringer::Ringer;
use crate::{FRAME, Frame, Line, SAMPLE_RATE};

pub use buttons::SimulatedButtons;

/// How much is kept of what was played or captured: the last minute.
const KEPT: usize = 60 * SAMPLE_RATE as usize;

/// The names under which the simulated devices are listed.
const MICROPHONE: &str = "simulated:microphone";
const SPEAKER: &str = "simulated:speaker";

/// A simulated microphone and speaker that can be unplugged and refuse to open.
#[derive(Clone)]
pub struct Simulation {
    stage: Arc<Stage>,
    buttons: SimulatedButtons,
}

/// Fills the next 20 ms.
type Voice = Box<dyn FnMut(&mut Frame) + Send>;

struct Stage {
    voice: Mutex<Voice>,
    played: Mutex<Vec<f32>>,
    microphone: Plug,
    speaker: Plug,
    silent: AtomicBool,
}

#[derive(Default)]
struct Plug {
    unplugged: AtomicBool,
    busy: AtomicBool,
    muted: AtomicBool,
    open: AtomicU64,
    frames: AtomicU64,
}

impl Stage {
    fn plug(&self, direction: Direction) -> &Plug {
        match direction {
            Direction::Input => &self.microphone,
            Direction::Output => &self.speaker,
        }
    }
}

impl Simulation {
    /// Makes devices whose microphone hears what `voice` fills, 20 ms at a time.
    pub fn new(voice: impl FnMut(&mut Frame) + Send + 'static) -> Self {
        Self {
            stage: Arc::new(Stage {
                voice: Mutex::new(Box::new(voice)),
                played: Mutex::new(Vec::new()),
                microphone: Plug::default(),
                speaker: Plug::default(),
                silent: AtomicBool::new(false),
            }),
            buttons: SimulatedButtons::default(),
        }
    }

    /// The keys and lamps on the headset, which has none until they are plugged in.
    pub fn buttons(&self) -> &SimulatedButtons {
        &self.buttons
    }

    /// Makes a headset on these devices.
    ///
    /// # Errors
    /// As [`Headset::open`].
    pub fn headset(
        &self,
        processing: Processing,
        events: impl Fn(HeadsetEvent) + Send + 'static,
    ) -> Result<Headset, OpenError> {
        let backend = Box::new(SimulatedBackend {
            stage: self.stage.clone(),
        });
        Headset::open_on(backend, Selection::default(), processing, Box::new(events))
    }

    /// Rings on the simulated speaker.
    ///
    /// # Errors
    /// As [`Ringer::start`].
    pub fn ring(&self, pattern: RingPattern) -> Result<Ringer, OpenError> {
        let mut backend = SimulatedBackend {
            stage: self.stage.clone(),
        };
        Ringer::start_on(&mut backend, None, pattern)
    }

    /// Pulls a device out: its streams fail and it is not listed any more.
    pub fn unplug(&self, direction: Direction) {
        self.stage
            .plug(direction)
            .unplugged
            .store(true, Ordering::SeqCst);
    }

    /// Puts a device back in.
    pub fn plug(&self, direction: Direction) {
        self.stage
            .plug(direction)
            .unplugged
            .store(false, Ordering::SeqCst);
    }

    /// Makes a device refuse to open, as if another program had it.
    pub fn set_busy(&self, direction: Direction, busy: bool) {
        self.stage
            .plug(direction)
            .busy
            .store(busy, Ordering::SeqCst);
    }

    /// Makes the sound system refuse to list devices; streams that run go on.
    pub fn set_silent(&self, silent: bool) {
        self.stage.silent.store(silent, Ordering::SeqCst);
    }

    /// Presses the microphone's own mute key: it gives silence from then on, or sound again.
    pub fn set_device_muted(&self, muted: bool) {
        self.stage.microphone.muted.store(muted, Ordering::SeqCst);
    }

    /// Whether the device is open: a closed microphone hears nothing.
    pub fn is_open(&self, direction: Direction) -> bool {
        self.stage.plug(direction).open.load(Ordering::SeqCst) > 0
    }

    /// How many frames of 20 ms the device has moved.
    pub fn frames(&self, direction: Direction) -> u64 {
        self.stage.plug(direction).frames.load(Ordering::SeqCst)
    }

    /// What was played in the last minute, at 48 kHz.
    pub fn played(&self) -> Vec<f32> {
        lock(&self.stage.played).clone()
    }
}

/// Gives a sine for [`Simulation::new`] or [`TestLine::record`].
pub fn tone(hz: f32, amplitude: f32) -> impl FnMut(&mut Frame) + Send + 'static {
    let mut phase = 0.0_f32;
    move |frame| {
        for sample in frame {
            *sample = amplitude * (std::f32::consts::TAU * phase).sin();
            phase = (phase + hz / SAMPLE_RATE as f32).fract();
        }
    }
}

/// How strongly `hz` is present in `samples` at 48 kHz: the amplitude of that sine (Goertzel).
pub fn amplitude_at(samples: &[f32], hz: f32) -> f32 {
    if samples.is_empty() {
        return 0.0;
    }
    let step = std::f64::consts::TAU * f64::from(hz) / f64::from(SAMPLE_RATE);
    let coefficient = 2.0 * step.cos();
    let (mut last, mut before) = (0.0, 0.0);
    for sample in samples {
        let now = f64::from(*sample) + coefficient * last - before;
        before = last;
        last = now;
    }
    let power = last * last + before * before - coefficient * last * before;
    (2.0 * power.max(0.0).sqrt() / samples.len() as f64) as f32
}

struct SimulatedBackend {
    stage: Arc<Stage>,
}

impl SimulatedBackend {
    fn admit(&self, device: &Device) -> Result<(), OpenError> {
        let plug = self.stage.plug(device.direction);
        let (direction, name) = (device.direction, device.name.clone());
        if plug.unplugged.load(Ordering::SeqCst) {
            return Err(OpenError::DeviceGone { direction, name });
        }
        if plug.busy.load(Ordering::SeqCst) {
            return Err(OpenError::DeviceBusy { direction, name });
        }
        Ok(())
    }

    fn run(
        &self,
        direction: Direction,
        on_failure: OnFailure,
        mut move_frame: impl FnMut(&Stage) + Send + 'static,
    ) -> OpenStream {
        let stage = self.stage.clone();
        let ended = Arc::new(AtomicBool::new(false));
        let end = ended.clone();
        stage.plug(direction).open.fetch_add(1, Ordering::SeqCst);
        let thread = std::thread::spawn(move || {
            let plug = stage.plug(direction);
            let mut on_failure = on_failure;
            let mut next = Instant::now();
            while !end.load(Ordering::Acquire) {
                if plug.unplugged.load(Ordering::SeqCst) {
                    on_failure("unplugged".into());
                    break;
                }
                move_frame(&stage);
                plug.frames.fetch_add(1, Ordering::SeqCst);
                next += TICK;
                std::thread::sleep(next.saturating_duration_since(Instant::now()));
            }
            plug.open.fetch_sub(1, Ordering::SeqCst);
        });
        OpenStream::new(
            SAMPLE_RATE,
            SimulatedStream {
                ended,
                thread: Some(thread),
            },
        )
    }
}

impl Backend for SimulatedBackend {
    fn devices(&mut self) -> Result<Vec<Device>, DeviceError> {
        if self.stage.silent.load(Ordering::SeqCst) {
            return Err(DeviceError::Unavailable("simulated".into()));
        }
        let device = |direction, id: &str, name: &str| Device {
            id: DeviceId::new(id),
            name: name.into(),
            direction,
            is_default: true,
            is_monitor: false,
        };
        let all = [
            device(Direction::Input, MICROPHONE, "Simulated microphone"),
            device(Direction::Output, SPEAKER, "Simulated speaker"),
        ];
        Ok(all
            .into_iter()
            .filter(|it| {
                !self
                    .stage
                    .plug(it.direction)
                    .unplugged
                    .load(Ordering::SeqCst)
            })
            .collect())
    }

    fn open_input(
        &mut self,
        device: &Device,
        mut sink: Box<dyn CaptureSink>,
        on_failure: OnFailure,
        mut on_muted: OnMuted,
    ) -> Result<OpenStream, OpenError> {
        self.admit(device)?;
        let mut muted = false;
        Ok(self.run(Direction::Input, on_failure, move |stage| {
            let mut frame = [0.0; FRAME];
            (lock(&stage.voice))(&mut frame);
            let now = stage.microphone.muted.load(Ordering::SeqCst);
            if now != muted {
                muted = now;
                on_muted(muted);
            }
            if muted {
                frame.fill(0.0);
            }
            sink.take(&frame, TICK);
        }))
    }

    fn open_output(
        &mut self,
        device: &Device,
        mut source: Box<dyn RenderSource>,
        on_failure: OnFailure,
    ) -> Result<OpenStream, OpenError> {
        self.admit(device)?;
        Ok(self.run(Direction::Output, on_failure, move |stage| {
            let mut frame = [0.0; FRAME];
            source.fill(&mut frame, SAMPLE_RATE, TICK);
            let mut played = lock(&stage.played);
            let excess = (played.len() + FRAME).saturating_sub(KEPT);
            played.drain(..excess);
            played.extend_from_slice(&frame);
        }))
    }
}

struct SimulatedStream {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for SimulatedStream {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A line that says what it is given and records what it hears.
pub struct TestLine {
    voice: Voice,
    heard: Producer<f32>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    captured: AtomicU64,
    rendered: AtomicU64,
    dropped: AtomicBool,
}

/// What a [`TestLine`] heard and counted.
pub struct LineRecord {
    heard: Consumer<f32>,
    kept: Vec<f32>,
    counts: Arc<Counts>,
}

impl TestLine {
    /// Makes a line that renders what `voice` fills, and its record.
    pub fn record(voice: impl FnMut(&mut Frame) + Send + 'static) -> (Box<dyn Line>, LineRecord) {
        let (producer, consumer) = RingBuffer::new(KEPT);
        let counts = Arc::new(Counts::default());
        let line = Self {
            voice: Box::new(voice),
            heard: producer,
            counts: counts.clone(),
        };
        (
            Box::new(line),
            LineRecord {
                heard: consumer,
                kept: Vec::new(),
                counts,
            },
        )
    }
}

impl Line for TestLine {
    fn capture(&mut self, frame: &Frame) {
        self.counts.captured.fetch_add(1, Ordering::Relaxed);
        // A record nobody reads for a minute keeps what it has.
        let _ = self.heard.push_partial_slice(frame);
    }

    fn render(&mut self, frame: &mut Frame) {
        self.counts.rendered.fetch_add(1, Ordering::Relaxed);
        (self.voice)(frame);
    }
}

impl Drop for TestLine {
    fn drop(&mut self) {
        self.counts.dropped.store(true, Ordering::Release);
    }
}

impl LineRecord {
    /// Everything captured so far, at 48 kHz; a minute at most between two calls.
    pub fn heard(&mut self) -> &[f32] {
        while let Ok(sample) = self.heard.pop() {
            self.kept.push(sample);
        }
        &self.kept
    }

    /// The last `duration` of what was captured, less if there is not as much.
    pub fn heard_lately(&mut self, duration: Duration) -> &[f32] {
        let samples = (duration.as_secs_f64() * f64::from(SAMPLE_RATE)) as usize;
        let heard = self.heard();
        &heard[heard.len().saturating_sub(samples)..]
    }

    /// How many frames the line was given to send.
    pub fn captured_frames(&self) -> u64 {
        self.counts.captured.load(Ordering::Relaxed)
    }

    /// How many frames the line was asked to fill.
    pub fn rendered_frames(&self) -> u64 {
        self.counts.rendered.load(Ordering::Relaxed)
    }

    /// Whether the line has been dropped.
    pub fn is_dropped(&self) -> bool {
        self.counts.dropped.load(Ordering::Acquire)
    }
}
