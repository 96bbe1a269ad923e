//! The threads: one watches which headsets there are, and one for each headset in use reads its
//! keys and writes its lamps.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::belongs::choose;
use super::descriptor::{self, Key, Layout, Manner, Read};
use super::handshake::{Act, Handshake};
use super::port::{Found, HidDevice, Port, Refusal};
use super::report::{self, Decoder};
use super::{Access, ButtonDevice, ButtonEvent, Lamps, add};
use crate::device::Device;

/// How often headsets are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// How long a headset is waited for before the orders are looked at.
const READ_FOR: Duration = Duration::from_millis(100);
/// Longest input report that is read.
const LONGEST: usize = 4096 + 1;

/// What the watcher is told.
pub(super) enum Order {
    /// How things stand.
    Show(Lamps),
    /// The sound devices in use.
    Follow(Vec<Device>),
    /// The headset with this path is gone, and the number of its reader.
    Gone(String, u64),
    /// Put the lamps out and end.
    End,
}

type Tell = Arc<dyn Fn(ButtonEvent) + Send + Sync>;

/// An open headset with a use for its keys.
pub(super) type Entered = (Box<dyn HidDevice>, Layout);

/// Opens a headset and reads what it has; none without a key that is of use.
pub(super) fn enter(port: &mut dyn Port, found: &Found) -> Result<Option<Entered>, Refusal> {
    let mut device = port.open(found)?;
    let descriptor = device.descriptor().map_err(Refusal::Failed)?;
    let layout = descriptor::parse(&descriptor).map_err(|bad| Refusal::Failed(bad.to_string()))?;
    Ok(layout.is_useful().then_some((device, layout)))
}

/// A headset in use.
struct Reader {
    number: u64,
    path: String,
    orders: Sender<Lamps>,
    thread: JoinHandle<()>,
}

/// Keeps readers for the headsets that are to be used.
pub(super) struct Watcher {
    port: Box<dyn Port>,
    outbox: Sender<Order>,
    tell: Tell,
    lamps: Lamps,
    devices: Vec<Device>,
    readers: Vec<Reader>,
    /// Headsets without a key that is of use, by path.
    useless: HashSet<String>,
    /// Headsets that could not be used, so that each is logged once.
    refused: HashSet<String>,
    told: Option<Vec<ButtonDevice>>,
    readers_made: u64,
}

impl Watcher {
    pub(super) fn new(
        port: Box<dyn Port>,
        outbox: Sender<Order>,
        tell: impl Fn(ButtonEvent) + Send + Sync + 'static,
    ) -> Self {
        Self {
            port,
            outbox,
            tell: Arc::new(tell),
            lamps: Lamps::default(),
            devices: Vec::new(),
            readers: Vec::new(),
            useless: HashSet::new(),
            refused: HashSet::new(),
            told: None,
            readers_made: 0,
        }
    }

    pub(super) fn run(mut self, inbox: &Receiver<Order>) {
        self.look();
        let mut looked = Instant::now();
        loop {
            let left = LOOK_EVERY.saturating_sub(looked.elapsed());
            match inbox.recv_timeout(left) {
                Ok(Order::Show(lamps)) => {
                    self.lamps = lamps;
                    for reader in &self.readers {
                        // One that has ended says so by itself.
                        let _ = reader.orders.send(lamps);
                    }
                }
                Ok(Order::Follow(devices)) => {
                    if devices != self.devices {
                        self.devices = devices;
                        self.look();
                        looked = Instant::now();
                    }
                }
                Ok(Order::Gone(path, number)) => {
                    self.readers
                        .retain(|it| it.path != path || it.number != number);
                    self.look();
                    looked = Instant::now();
                }
                Ok(Order::End) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    self.look();
                    looked = Instant::now();
                }
            }
        }
        for reader in self.readers.drain(..) {
            leave(reader);
        }
    }

    /// Looks which headsets there are, and uses those that are to be used.
    fn look(&mut self) {
        let found = self.port.list().unwrap_or_else(|error| {
            tracing::debug!(error, "the headsets' keys could not be looked for");
            Vec::new()
        });
        let is_there = |path: &String| found.iter().any(|it| it.path == *path);
        self.useless.retain(is_there);
        self.refused.retain(is_there);
        let useful: Vec<Found> = found
            .into_iter()
            .filter(|it| !self.useless.contains(&it.path))
            .collect();
        let chosen: HashSet<String> = choose(&useful, &self.devices)
            .into_iter()
            .map(|it| it.path.clone())
            .collect();
        let (kept, dropped): (Vec<_>, Vec<_>) = self
            .readers
            .drain(..)
            .partition(|it| chosen.contains(&it.path));
        self.readers = kept;
        dropped.into_iter().for_each(leave);
        let mut devices = Vec::new();
        for headset in useful {
            let access = if !chosen.contains(&headset.path) {
                Access::NotChosen
            } else if self.readers.iter().any(|it| it.path == headset.path) {
                Access::Works
            } else {
                match self.begin(&headset) {
                    Ok(true) => Access::Works,
                    Ok(false) => continue,
                    Err(refusal) => {
                        if self.refused.insert(headset.path.clone()) {
                            tracing::warn!(
                                headset = headset.name,
                                ?refusal,
                                "the headset's keys cannot be used"
                            );
                        }
                        refusal.into()
                    }
                }
            };
            add(
                &mut devices,
                ButtonDevice {
                    name: headset.name,
                    access,
                },
            );
        }
        if self.told.as_ref() != Some(&devices) {
            self.told = Some(devices.clone());
            (self.tell)(ButtonEvent::Devices(devices));
        }
    }

    /// Begins to use a headset. Tells whether it is of use.
    fn begin(&mut self, found: &Found) -> Result<bool, Refusal> {
        let Some((device, layout)) = enter(self.port.as_mut(), found)? else {
            self.useless.insert(found.path.clone());
            return Ok(false);
        };
        self.readers_made += 1;
        let number = self.readers_made;
        let (orders, inbox) = mpsc::channel();
        let (tell, outbox) = (self.tell.clone(), self.outbox.clone());
        let (path, name) = (found.path.clone(), found.name.clone());
        let lamps = self.lamps;
        let thread = std::thread::Builder::new()
            .name("headset-keys".into())
            .spawn(move || {
                let mut headset = Headset::new(device, layout, lamps, tell);
                if let Err(error) = headset.serve(&inbox) {
                    tracing::info!(headset = name, error, "the headset's keys are gone");
                    // Without a watcher nobody looks for it either.
                    let _ = outbox.send(Order::Gone(path, number));
                }
            })
            .map_err(|error| Refusal::Failed(error.to_string()))?;
        tracing::info!(headset = found.name, "the headset's keys are in use");
        self.refused.remove(&found.path);
        self.readers.push(Reader {
            number,
            path: found.path.clone(),
            orders,
            thread,
        });
        Ok(true)
    }
}

/// Lets a reader put the lamps out and end.
fn leave(reader: Reader) {
    drop(reader.orders);
    // One that panicked uses nothing any more.
    let _ = reader.thread.join();
}

/// A headset at work.
struct Headset {
    device: Box<dyn HidDevice>,
    decoder: Decoder,
    handshake: Handshake,
    /// The output reports as they were last written.
    written: Vec<Vec<u8>>,
    tell: Tell,
    dark: bool,
}

impl Headset {
    fn new(device: Box<dyn HidDevice>, layout: Layout, lamps: Lamps, tell: Tell) -> Self {
        let stateful = layout
            .keys
            .iter()
            .any(|(_, read)| *read == Read::Key(Key::Hook, Manner::State));
        Self {
            device,
            decoder: Decoder::new(layout),
            handshake: Handshake::new(lamps, stateful, Instant::now()),
            written: Vec::new(),
            tell,
            dark: false,
        }
    }

    /// Serves it until it is not to be used any more. An error means that it is gone.
    fn serve(&mut self, orders: &Receiver<Lamps>) -> Result<(), String> {
        self.light(self.handshake.lamps(), true);
        let mut report = vec![0; LONGEST];
        loop {
            loop {
                match orders.try_recv() {
                    Ok(lamps) => {
                        let act = self.handshake.show(lamps, Instant::now());
                        self.act(act);
                    }
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => {
                        // Nothing of this call is left for whoever uses it next.
                        self.light(Lamps::default(), true);
                        return Ok(());
                    }
                }
            }
            let length = self.device.read(&mut report, READ_FOR)?;
            let now = Instant::now();
            if length > 0 {
                for change in self.decoder.read(&report[..length]) {
                    let act = self.handshake.change(change, now);
                    self.act(act);
                }
            }
            let act = self.handshake.tick(now);
            self.act(act);
        }
    }

    fn act(&mut self, act: Option<Act>) {
        match act {
            Some(Act::Press(press)) => (self.tell)(ButtonEvent::Pressed(press)),
            Some(Act::Light) => self.light(self.handshake.lamps(), false),
            Some(Act::LightAnew) => self.light(self.handshake.lamps(), true),
            None => {}
        }
    }

    /// Writes the reports that are new, or all. A headset that takes none still has its keys.
    fn light(&mut self, lamps: Lamps, anew: bool) {
        let reports = report::write(self.decoder.layout(), lamps);
        for report in &reports {
            if !anew && self.written.contains(report) {
                continue;
            }
            if let Err(error) = self.device.write(report)
                && !std::mem::replace(&mut self.dark, true)
            {
                tracing::warn!(error, "the headset's lamps cannot be set");
            }
        }
        self.written = reports;
    }
}
