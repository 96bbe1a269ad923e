//! The driver: opens, closes and watches the devices, and swaps parts of the engine.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use super::slot::{Slot, Step, Target};
use super::worker::Worker;
use super::{Failure, HeadsetEvent, Selection, WATCH_EVERY};
use crate::Line;
use crate::backend::{Backend, OnFailure, OnMuted, OpenStream};
use crate::device::{Device, Direction};
use crate::engine::{Part, Shared, StreamClock, capture_ring, render_ring};
use crate::error::OpenError;
use crate::processing::{Processing, Processor};
use crate::resample::BadRate;

/// How often to look while a device is lost, so that it is back soon after it returns.
const WATCH_LOST_EVERY: Duration = Duration::from_millis(500);

/// How often the worker's flags are read.
const CHECK_EVERY: Duration = Duration::from_millis(250);

/// A stream whose device has not called for this long is dead.
const STALLED_AFTER: Duration = Duration::from_secs(4);

/// What the headset's handle and the streams ask for.
pub(crate) enum Command {
    /// The line, and whether the microphone is needed.
    Connect(Box<dyn Line>, bool, Sender<Result<(), OpenError>>),
    UseMicrophone(bool, Sender<Result<(), OpenError>>),
    Disconnect(Sender<()>),
    Switch(Selection, Sender<Result<(), OpenError>>),
    Monitor(bool, Sender<Result<(), OpenError>>),
    Process(Processing),
    DeviceMuted {
        generation: u64,
        muted: bool,
    },
    StreamFailed {
        direction: Direction,
        generation: u64,
        reason: String,
    },
    End,
}

/// A stream that runs.
struct Live {
    generation: u64,
    clock: Arc<StreamClock>,
    seen: u64,
    seen_at: Instant,
    _stream: OpenStream,
}

/// One direction.
struct Side {
    slot: Slot,
    live: Option<Live>,
}

impl Side {
    fn new(direction: Direction) -> Self {
        Self {
            slot: Slot::new(direction),
            live: None,
        }
    }

    /// Whether the device has stopped calling.
    fn is_stalled(&mut self, now: Instant) -> bool {
        let Some(live) = &mut self.live else {
            return false;
        };
        let calls = live.clock.callbacks();
        if calls != live.seen {
            live.seen = calls;
            live.seen_at = now;
        }
        now.duration_since(live.seen_at) > STALLED_AFTER
    }
}

pub(crate) struct Control {
    backend: Box<dyn Backend>,
    worker: Worker,
    shared: Arc<Shared>,
    outbox: Sender<Command>,
    events: Box<dyn Fn(HeadsetEvent) + Send>,
    selection: Selection,
    microphone: Side,
    speaker: Side,
    devices: Vec<Device>,
    generation: u64,
    connected: bool,
    /// The connected line is spoken to, not only heard.
    talking: bool,
    monitored: bool,
    bypass_told: bool,
}

impl Control {
    pub(crate) fn new(
        backend: Box<dyn Backend>,
        mut worker: Worker,
        shared: Arc<Shared>,
        outbox: Sender<Command>,
        selection: Selection,
        processing: Processing,
        events: Box<dyn Fn(HeadsetEvent) + Send>,
    ) -> Self {
        worker.put(Part::Processor(Processor::new(processing)));
        Self {
            backend,
            worker,
            shared,
            outbox,
            events,
            selection,
            microphone: Side::new(Direction::Input),
            speaker: Side::new(Direction::Output),
            devices: Vec::new(),
            generation: 0,
            connected: false,
            talking: false,
            monitored: false,
            bypass_told: false,
        }
    }

    /// Serves commands and watches, until told to end.
    pub(crate) fn run(mut self, inbox: &Receiver<Command>) {
        self.watch();
        let mut watched = Instant::now();
        loop {
            match inbox.recv_timeout(CHECK_EVERY) {
                Ok(Command::End) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(command) => self.serve(command),
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.check();
            let lost = self.microphone.slot.is_lost() || self.speaker.slot.is_lost();
            let every = if lost { WATCH_LOST_EVERY } else { WATCH_EVERY };
            if watched.elapsed() >= every {
                self.watch();
                watched = Instant::now();
            }
            self.worker.discard();
        }
    }

    fn serve(&mut self, command: Command) {
        match command {
            Command::Connect(line, microphone, reply) => {
                self.connected = true;
                self.talking = microphone;
                self.worker.put(Part::Line(Some(line)));
                // Whoever asked may have gone; the work is done all the same.
                let _ = reply.send(self.adjust());
            }
            Command::Disconnect(reply) => {
                self.connected = false;
                drop(self.worker.take_line());
                let _ = self.adjust();
                let _ = reply.send(());
            }
            Command::UseMicrophone(on, reply) => {
                self.talking = on;
                let _ = reply.send(self.adjust());
            }
            Command::Switch(selection, reply) => {
                let _ = reply.send(self.switch(&selection));
            }
            Command::Monitor(on, reply) => {
                self.monitored = on;
                let _ = reply.send(self.adjust());
            }
            Command::Process(processing) => {
                self.worker.put(Part::Processor(Processor::new(processing)));
                self.shared
                    .processing_failed
                    .store(false, Ordering::Release);
                self.bypass_told = false;
            }
            Command::DeviceMuted { generation, muted } => {
                let live = self.microphone.live.as_ref();
                if live.is_some_and(|live| live.generation == generation) {
                    self.shared.device_muted.store(muted, Ordering::Relaxed);
                    self.tell(HeadsetEvent::Muted(muted));
                }
            }
            Command::StreamFailed {
                direction,
                generation,
                reason,
            } => {
                let current = self
                    .side(direction)
                    .live
                    .as_ref()
                    .map(|live| live.generation);
                if current == Some(generation) {
                    tracing::warn!(%direction, reason, "a stream has ended by itself");
                    self.lose(direction);
                    self.watch();
                }
            }
            Command::End => {}
        }
    }

    fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Input => &mut self.microphone,
            Direction::Output => &mut self.speaker,
        }
    }

    fn is_wanted(&self, direction: Direction) -> bool {
        match direction {
            Direction::Input => (self.connected && self.talking) || self.monitored,
            Direction::Output => self.connected,
        }
    }

    /// Opens what is wanted and closes what is not. Gives the first error.
    fn adjust(&mut self) -> Result<(), OpenError> {
        self.worker.set_running(self.connected || self.monitored);
        let mut result = Ok(());
        for direction in [Direction::Input, Direction::Output] {
            if !self.is_wanted(direction) {
                self.close(direction);
            } else if self.side(direction).slot.is_closed() {
                result = result.and(self.open_chosen(direction));
            }
        }
        result
    }

    /// Opens the chosen device, or waits for it if that fails.
    fn open_chosen(&mut self, direction: Direction) -> Result<(), OpenError> {
        let mut target = match self.selection.of(direction) {
            None => Target::Default,
            Some(id) => Target::Device {
                id: id.clone(),
                name: id.to_string(),
            },
        };
        let opened = match self.resolve(direction, &target) {
            Ok(device) => {
                target = Target::Device {
                    id: device.id.clone(),
                    name: device.name.clone(),
                };
                self.start(&device)
            }
            Err(error) => Err(error),
        };
        if opened.is_err() {
            self.side(direction).slot.failed(target, Instant::now());
        }
        opened
    }

    /// Finds the device that is meant, as the system knows it now.
    fn resolve(&mut self, direction: Direction, target: &Target) -> Result<Device, OpenError> {
        self.list()?;
        let mut mine = self
            .devices
            .iter()
            .filter(|device| device.direction == direction);
        match target {
            Target::Default => mine
                .clone()
                .find(|device| device.is_default)
                .or_else(|| mine.next())
                .cloned()
                .ok_or(OpenError::NoDevice(direction)),
            Target::Device { id, name } => match mine.clone().find(|device| device.id == *id) {
                Some(device) => Ok(device.clone()),
                None if mine.next().is_none() => Err(OpenError::NoDevice(direction)),
                None => Err(OpenError::DeviceGone {
                    direction,
                    name: name.clone(),
                }),
            },
        }
    }

    /// Opens a device and puts it into the engine in place of the one before.
    fn start(&mut self, device: &Device) -> Result<(), OpenError> {
        self.generation += 1;
        let direction = device.direction;
        let on_failure = report_failure(self.outbox.clone(), direction, self.generation);
        let bad_rate = |error: BadRate| OpenError::Unsupported {
            direction,
            name: device.name.clone(),
            reason: error.to_string(),
        };
        let (stream, clock, part) = match direction {
            Direction::Input => {
                let (tap, end) = capture_ring();
                let clock = end.clock();
                let on_muted = report_muted(self.outbox.clone(), self.generation);
                let stream =
                    self.backend
                        .open_input(device, Box::new(tap), on_failure, on_muted)?;
                let capture = end.at(stream.rate).map_err(bad_rate)?;
                (stream, clock, Part::Capture(Some(capture)))
            }
            Direction::Output => {
                let (tap, end) = render_ring();
                let clock = end.clock();
                let stream = self
                    .backend
                    .open_output(device, Box::new(tap), on_failure)?;
                let render = end.at(stream.rate).map_err(bad_rate)?;
                (stream, clock, Part::Render(Some(render)))
            }
        };
        tracing::info!(%direction, device = device.name, rate = stream.rate, "device opened");
        self.worker.put(part);
        if direction == Direction::Input {
            self.shared.device_muted.store(false, Ordering::Relaxed);
        }
        let live = Live {
            generation: self.generation,
            clock,
            seen: 0,
            seen_at: Instant::now(),
            _stream: stream,
        };
        let side = self.side(direction);
        side.live = Some(live);
        if side.slot.opened(device.clone()) {
            self.tell(HeadsetEvent::Recovered {
                direction,
                name: device.name.clone(),
            });
        }
        Ok(())
    }

    fn switch(&mut self, selection: &Selection) -> Result<(), OpenError> {
        let mut result = Ok(());
        for direction in [Direction::Input, Direction::Output] {
            let chosen = selection.of(direction).cloned();
            let outcome = self.switch_one(direction, chosen.as_ref());
            if outcome.is_ok() {
                match direction {
                    Direction::Input => self.selection.microphone = chosen,
                    Direction::Output => self.selection.speaker = chosen,
                }
            }
            result = result.and(outcome);
        }
        result
    }

    fn switch_one(
        &mut self,
        direction: Direction,
        chosen: Option<&crate::DeviceId>,
    ) -> Result<(), OpenError> {
        if !self.is_wanted(direction) {
            return Ok(());
        }
        let target = match chosen {
            None => Target::Default,
            Some(id) => Target::Device {
                id: id.clone(),
                name: id.to_string(),
            },
        };
        let device = self.resolve(direction, &target)?;
        let current = self.side(direction).slot.running();
        if current.is_some_and(|current| current.id == device.id) {
            return Ok(());
        }
        self.start(&device)
    }

    fn close(&mut self, direction: Direction) {
        let side = self.side(direction);
        side.slot.close();
        if direction == Direction::Input {
            self.shared.device_muted.store(false, Ordering::Relaxed);
        }
        let side = self.side(direction);
        if side.live.take().is_some() {
            self.worker.put(empty(direction));
        }
    }

    fn lose(&mut self, direction: Direction) {
        match self.side(direction).slot.lost(Instant::now()) {
            Ok(device) => {
                self.side(direction).live = None;
                if direction == Direction::Input {
                    self.shared.device_muted.store(false, Ordering::Relaxed);
                }
                self.worker.put(empty(direction));
                self.tell(HeadsetEvent::DeviceLost {
                    direction,
                    name: device.name,
                });
            }
            Err(error) => tracing::debug!(%error, "a loss was told twice"),
        }
    }

    /// Lists the devices, tells if they have changed, and follows up on both directions.
    fn watch(&mut self) {
        let listed = self.list();
        if let Err(error) = &listed {
            tracing::debug!(%error, "the devices could not be listed");
            self.devices.clear();
        }
        let now = Instant::now();
        for direction in [Direction::Input, Direction::Output] {
            // Not listed is not gone: a stream that runs tells of its own end.
            if listed.is_err() && self.side(direction).slot.running().is_some() {
                continue;
            }
            let devices = std::mem::take(&mut self.devices);
            let mut step = self.side(direction).slot.look(&devices, now);
            if step == Some(Step::Gone) {
                self.lose(direction);
                step = None;
            }
            self.devices = devices;
            if let Some(Step::Open { device, returned }) = step {
                self.reopen(&device, returned);
            }
        }
    }

    fn reopen(&mut self, device: &Device, returned: bool) {
        let (direction, name) = (device.direction, device.name.clone());
        if returned {
            self.tell(HeadsetEvent::DeviceReturned {
                direction,
                name: name.clone(),
            });
        }
        if let Err(error) = self.start(device) {
            let target = Target::Device {
                id: device.id.clone(),
                name,
            };
            self.side(direction).slot.failed(target, Instant::now());
            self.tell(HeadsetEvent::Failed(Failure::Open(error)));
        }
    }

    fn list(&mut self) -> Result<(), OpenError> {
        let devices = self.backend.devices()?;
        if devices != self.devices {
            self.devices.clone_from(&devices);
            self.tell(HeadsetEvent::DevicesChanged(devices));
        }
        Ok(())
    }

    /// Looks for what the worker and the streams cannot tell by themselves.
    fn check(&mut self) {
        if self.shared.line_failed.swap(false, Ordering::AcqRel) {
            self.connected = false;
            let _ = self.adjust();
            self.tell(HeadsetEvent::Failed(Failure::Line));
        }
        // The flag stays set, because it is what bypasses the processing.
        if self.shared.processing_failed.load(Ordering::Acquire) && !self.bypass_told {
            self.bypass_told = true;
            self.tell(HeadsetEvent::Failed(Failure::Processing));
        }
        let now = Instant::now();
        for direction in [Direction::Input, Direction::Output] {
            if self.side(direction).is_stalled(now) {
                tracing::warn!(%direction, "the device has stopped calling");
                self.lose(direction);
                self.watch();
            }
        }
    }

    fn tell(&self, event: HeadsetEvent) {
        (self.events)(event);
    }
}

fn empty(direction: Direction) -> Part {
    match direction {
        Direction::Input => Part::Capture(None),
        Direction::Output => Part::Render(None),
    }
}

fn report_muted(outbox: Sender<Command>, generation: u64) -> OnMuted {
    Box::new(move |muted| {
        // Without a control thread the headset has ended.
        let _ = outbox.send(Command::DeviceMuted { generation, muted });
    })
}

fn report_failure(outbox: Sender<Command>, direction: Direction, generation: u64) -> OnFailure {
    Box::new(move |reason| {
        // Nobody listens once the headset has ended, and the stream ends with it.
        let _ = outbox.send(Command::StreamFailed {
            direction,
            generation,
            reason,
        });
    })
}
