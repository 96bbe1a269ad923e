//! One tick of 20 ms: play, capture, clean, meter. Never waits; allocates nothing of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rtrb::{Consumer, Producer, RingBuffer};

use crate::backend::{CaptureSink, RenderSource};
use crate::drift::{Burst, Drift, Verdict};
use crate::levels::Meter;
use crate::processing::Processor;
use crate::resample::{BadRate, CaptureResampler, RenderResampler};
use crate::{FRAME, Frame, Line};

/// The time of one tick.
pub(crate) const TICK: Duration = Duration::from_millis(20);

/// Samples a ring holds: more than a second at 48 kHz.
const RING: usize = 1 << 16;

/// What a microphone's ring keeps in reserve: the worker may come this much early.
const CAPTURE_HEADROOM: Duration = Duration::from_millis(4);
/// What a speaker's ring keeps in reserve: the worker may come this much late.
const RENDER_HEADROOM: Duration = Duration::from_millis(10);

/// What a device callback counts and tells, without waiting.
#[derive(Debug)]
pub(crate) struct StreamClock {
    opened: Instant,
    callbacks: AtomicU64,
    latency_us: AtomicU64,
    called_us: AtomicU64,
    longest_away_us: AtomicU64,
}

impl StreamClock {
    fn new() -> Self {
        Self {
            opened: Instant::now(),
            callbacks: AtomicU64::new(0),
            latency_us: AtomicU64::new(0),
            called_us: AtomicU64::new(0),
            longest_away_us: AtomicU64::new(0),
        }
    }

    fn stamp(&self, latency: Duration) {
        let now = micros(self.opened.elapsed());
        let before = self.called_us.swap(now, Ordering::Relaxed);
        if self.callbacks.fetch_add(1, Ordering::Relaxed) > 0 {
            self.longest_away_us
                .fetch_max(now.saturating_sub(before), Ordering::Relaxed);
        }
        self.latency_us.store(micros(latency), Ordering::Relaxed);
    }

    /// How long ago the device called, in seconds.
    fn away(&self) -> f64 {
        let called = self.called_us.load(Ordering::Relaxed);
        seconds(micros(self.opened.elapsed()).saturating_sub(called))
    }

    /// The longest time between two calls since this was last asked, in seconds.
    fn take_longest_away(&self) -> f64 {
        seconds(self.longest_away_us.swap(0, Ordering::Relaxed))
    }

    /// How often the device has called so far; a stream that stands still is dead.
    pub(crate) fn callbacks(&self) -> u64 {
        self.callbacks.load(Ordering::Relaxed)
    }

    fn latency(&self) -> Duration {
        Duration::from_micros(self.latency_us.load(Ordering::Relaxed))
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}

/// The device's end of a microphone's ring.
pub(crate) struct CaptureTap {
    ring: Producer<f32>,
    clock: Arc<StreamClock>,
}

impl CaptureSink for CaptureTap {
    fn take(&mut self, samples: &[f32], latency: Duration) {
        self.clock.stamp(latency);
        // A full ring means that the worker stands still; what does not fit is lost anyway.
        let _ = self.ring.push_partial_slice(samples);
    }
}

/// The device's end of a speaker's ring.
pub(crate) struct RenderTap {
    ring: Consumer<f32>,
    clock: Arc<StreamClock>,
}

impl RenderSource for RenderTap {
    fn fill(&mut self, samples: &mut [f32], _rate: u32, latency: Duration) {
        self.clock.stamp(latency);
        let (_, missing) = self.ring.pop_partial_slice(samples);
        missing.fill(0.0);
    }
}

/// The worker's end of a microphone's ring.
pub(crate) struct Capture {
    ring: Consumer<f32>,
    clock: Arc<StreamClock>,
    resampler: CaptureResampler,
    drift: Drift,
    burst: Burst,
    rate: f64,
    flowing: bool,
}

/// The worker's end of a microphone's ring, before the device's rate is known.
pub(crate) struct CaptureEnd {
    ring: Consumer<f32>,
    clock: Arc<StreamClock>,
}

/// Makes both ends of a ring for a microphone.
pub(crate) fn capture_ring() -> (CaptureTap, CaptureEnd) {
    let (producer, consumer) = RingBuffer::new(RING);
    let clock = Arc::new(StreamClock::new());
    (
        CaptureTap {
            ring: producer,
            clock: clock.clone(),
        },
        CaptureEnd {
            ring: consumer,
            clock,
        },
    )
}

impl CaptureEnd {
    pub(crate) fn clock(&self) -> Arc<StreamClock> {
        self.clock.clone()
    }

    /// Completes the end for a device of `rate` Hz.
    pub(crate) fn at(self, rate: u32) -> Result<Box<Capture>, BadRate> {
        Ok(Box::new(Capture {
            ring: self.ring,
            clock: self.clock,
            resampler: CaptureResampler::new(rate)?,
            drift: Drift::new(CAPTURE_HEADROOM),
            burst: Burst::new(),
            rate: rate.into(),
            flowing: false,
        }))
    }
}

impl Capture {
    /// Fills the next frame: silence when the device has not delivered enough.
    fn pull(&mut self, frame: &mut Frame) {
        let fill = self.ring.slots();
        let needs = self.resampler.needs();
        if fill < needs {
            if std::mem::take(&mut self.flowing) {
                self.drift.underrun();
            }
            frame.fill(0.0);
            return;
        }
        self.flowing = true;
        let burst = self.burst.observe(self.clock.take_longest_away(), TICK);
        let coming = self.clock.away().min(burst) - burst;
        match self
            .drift
            .observe((fill - needs) as f64 / self.rate + coming, TICK)
        {
            Verdict::Bend(ratio) => self.resampler.bend(ratio),
            Verdict::Cut(seconds) => {
                let excess = ((seconds * self.rate) as usize).min(fill - needs);
                if let Ok(chunk) = self.ring.read_chunk(excess) {
                    chunk.commit_all();
                }
            }
        }
        let ring = &mut self.ring;
        self.resampler.pull(frame, |input| {
            let (_, missing) = ring.pop_partial_slice(input);
            missing.fill(0.0);
        });
    }

    /// How old the sound is that is pulled now.
    fn delay(&self) -> Duration {
        let waiting = self.ring.slots() as f64 / self.rate;
        self.clock.latency() + Duration::from_secs_f64(waiting)
    }
}

/// The worker's end of a speaker's ring.
pub(crate) struct Render {
    ring: Producer<f32>,
    clock: Arc<StreamClock>,
    resampler: RenderResampler,
    drift: Drift,
    burst: Burst,
    rate: f64,
    flowing: bool,
}

/// The worker's end of a speaker's ring, before the device's rate is known.
pub(crate) struct RenderEnd {
    ring: Producer<f32>,
    clock: Arc<StreamClock>,
}

/// Makes both ends of a ring for a speaker.
pub(crate) fn render_ring() -> (RenderTap, RenderEnd) {
    let (producer, consumer) = RingBuffer::new(RING);
    let clock = Arc::new(StreamClock::new());
    (
        RenderTap {
            ring: consumer,
            clock: clock.clone(),
        },
        RenderEnd {
            ring: producer,
            clock,
        },
    )
}

impl RenderEnd {
    pub(crate) fn clock(&self) -> Arc<StreamClock> {
        self.clock.clone()
    }

    /// Completes the end for a device of `rate` Hz.
    pub(crate) fn at(self, rate: u32) -> Result<Box<Render>, BadRate> {
        Ok(Box::new(Render {
            ring: self.ring,
            clock: self.clock,
            resampler: RenderResampler::new(rate)?,
            drift: Drift::new(RENDER_HEADROOM),
            burst: Burst::new(),
            rate: rate.into(),
            flowing: false,
        }))
    }
}

impl Render {
    /// Hands the next frame to the device.
    fn push(&mut self, frame: &Frame) {
        let fill = self.waiting();
        if fill == 0 {
            if std::mem::replace(&mut self.flowing, true) {
                self.drift.underrun();
            }
            self.pad();
        } else {
            let burst = self.burst.observe(self.clock.take_longest_away(), TICK);
            let going = self.clock.away().min(burst);
            match self.drift.observe(fill as f64 / self.rate - going, TICK) {
                Verdict::Bend(ratio) => self.resampler.bend(ratio),
                // The device stood still and the ring is too full: this frame is left out.
                Verdict::Cut(_) => return,
            }
        }
        let samples = self.resampler.push(frame);
        // A full ring means that the device stands still; what does not fit is lost anyway.
        let _ = self.ring.push_partial_slice(samples);
    }

    /// Builds up the reserve with silence.
    fn pad(&mut self) {
        let silence = ((self.drift.target() + self.burst.usual()) * self.rate) as usize;
        if let Ok(chunk) = self.ring.write_chunk(silence) {
            chunk.commit_all();
        }
    }

    fn waiting(&self) -> usize {
        RING - self.ring.slots()
    }

    /// How long it takes until sound pushed now is heard.
    fn delay(&self) -> Duration {
        self.clock.latency() + Duration::from_secs_f64(self.waiting() as f64 / self.rate)
    }
}

/// What the worker and the rest of the headset share; never locked.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// The line receives silence while set.
    pub(crate) muted: AtomicBool,
    /// The microphone itself is muted and gives silence.
    pub(crate) device_muted: AtomicBool,
    /// Set when the processing has panicked and is bypassed.
    pub(crate) processing_failed: AtomicBool,
    /// Set when the line has panicked and was disconnected.
    pub(crate) line_failed: AtomicBool,
    /// The microphone's meter.
    pub(crate) microphone: Meter,
    /// The speaker's meter.
    pub(crate) speaker: Meter,
}

/// A part of the engine to be put in, or the one that was taken out.
pub(crate) enum Part {
    /// What the headset is connected to.
    Line(Option<Box<dyn Line>>),
    /// The microphone.
    Capture(Option<Box<Capture>>),
    /// The speaker.
    Render(Option<Box<Render>>),
    /// Echo, noise and gain.
    Processor(Option<Box<Processor>>),
}

/// The processing core. Everything it uses is made elsewhere and swapped in.
#[derive(Default)]
pub(crate) struct Engine {
    line: Option<Box<dyn Line>>,
    capture: Option<Box<Capture>>,
    render: Option<Box<Render>>,
    processor: Option<Box<Processor>>,
}

impl Engine {
    /// Puts a part in and gives the one it replaces, to be dropped off this thread.
    pub(crate) fn swap(&mut self, part: Part) -> Part {
        match part {
            Part::Line(new) => Part::Line(std::mem::replace(&mut self.line, new)),
            Part::Capture(new) => Part::Capture(std::mem::replace(&mut self.capture, new)),
            Part::Render(new) => Part::Render(std::mem::replace(&mut self.render, new)),
            Part::Processor(new) => Part::Processor(std::mem::replace(&mut self.processor, new)),
        }
    }

    /// Does 20 ms of work. Gives a line that panicked, so that it is dropped off this thread.
    pub(crate) fn tick(&mut self, shared: &Shared) -> Option<Box<dyn Line>> {
        let mut frame: Frame = [0.0; FRAME];
        let mut broken = self.with_line(|line| line.render(&mut frame));
        if broken.is_some() {
            frame.fill(0.0);
        }
        shared.speaker.update(&frame);
        let mut delay = Duration::ZERO;
        if let Some(render) = &mut self.render {
            delay += render.delay();
            render.push(&frame);
        }
        self.process(shared, |processor| processor.hear(&frame));

        if let Some(capture) = &mut self.capture {
            delay += capture.delay();
            capture.pull(&mut frame);
            self.process(shared, |processor| processor.clean(&mut frame, delay));
        } else {
            frame.fill(0.0);
        }
        shared.microphone.update(&frame);
        if shared.muted.load(Ordering::Relaxed) {
            frame.fill(0.0);
        }
        broken = broken.or(self.with_line(|line| line.capture(&frame)));
        if broken.is_some() {
            shared.line_failed.store(true, Ordering::Release);
        }
        broken
    }

    fn process(
        &mut self,
        shared: &Shared,
        work: impl FnOnce(&mut Processor) -> Result<(), crate::processing::Panicked>,
    ) {
        if let Some(processor) = &mut self.processor
            && !shared.processing_failed.load(Ordering::Relaxed)
            && work(processor).is_err()
        {
            shared.processing_failed.store(true, Ordering::Release);
        }
    }

    /// Calls the line; takes it out and gives it if it panics.
    fn with_line(&mut self, call: impl FnOnce(&mut dyn Line)) -> Option<Box<dyn Line>> {
        let line = self.line.as_deref_mut()?;
        // A line that panicked is never called again.
        match catch_unwind(AssertUnwindSafe(|| call(line))) {
            Ok(()) => None,
            Err(_) => self.line.take(),
        }
    }
}
