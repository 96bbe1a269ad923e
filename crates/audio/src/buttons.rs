//! The keys and lamps on the headset itself, as USB and Bluetooth headsets of every make offer
//! them: HID usage page 0x0B (telephony) for keys, 0x08 (LEDs) for lamps.
//!
//! ```text
//!  headset ─input report─▶ descriptor + report ─▶ handshake ─▶ ButtonEvent::Pressed
//!          ◀─output report─ report ◀───────────── handshake ◀─ Buttons::show
//! ```
//!
//! The host is the truth: a key only asks, and the lamps say what became of it. [`descriptor`],
//! [`report`], [`handshake`] and [`belongs`] are pure; one thread watches which headsets there are
//! and one more for each headset in use reads and writes it. None of them meets the audio path.

mod belongs;
mod descriptor;
mod driver;
mod handshake;
mod hid;
pub(crate) mod port;
mod report;
#[cfg(test)]
mod samples;

use std::sync::mpsc::{self, Sender};
use std::thread::JoinHandle;

use crate::device::Device;
use crate::error::OpenError;

use driver::{Order, Watcher};
use hid::SystemPort;
use port::{Port, Refusal};

/// What the headset's lamps say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lamps {
    /// A call is up: answered, being made or held.
    pub off_hook: bool,
    /// Somebody rings, or knocks during a call.
    pub ring: bool,
    /// The microphone is off.
    pub mute: bool,
    /// The call is held.
    pub hold: bool,
}

/// What a key asks for. What becomes of it is told by [`Buttons::show`]; if nothing does, the
/// headset goes back to what the lamps said before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Press {
    /// Answer what rings.
    Answer,
    /// End the call.
    HangUp,
    /// Decline what rings or knocks.
    Reject,
    /// Turn the microphone off (`true`) or on.
    Mute(bool),
    /// Hold or resume; take what knocks.
    Hold,
}

/// Whether the keys of a headset can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// They work.
    Works,
    /// They are left alone: another headset is chosen.
    NotChosen,
    /// The system does not let this program use them.
    Forbidden,
    /// Another program has them for itself.
    Taken,
    /// They answer with an error; what the system said.
    Failed(String),
}

/// A headset with keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ButtonDevice {
    /// The product's name.
    pub name: String,
    /// Whether its keys can be used.
    pub access: Access,
}

/// What the keys tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ButtonEvent {
    /// Somebody pressed a key.
    Pressed(Press),
    /// The headsets with keys have changed; these are all of them now.
    Devices(Vec<ButtonDevice>),
}

/// Why headsets with keys could not be looked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the headsets' keys could not be looked for: {0}")]
pub struct ButtonsError(pub String);

/// The keys and lamps of whatever headsets there are. Dropping it puts the lamps out.
#[derive(Debug)]
pub struct Buttons {
    orders: Sender<Order>,
    watcher: Option<JoinHandle<()>>,
}

impl Buttons {
    /// Starts to watch for headsets with keys. Succeeds without any.
    ///
    /// `events` is called on threads of the keys' own and must return soon.
    ///
    /// # Errors
    /// [`OpenError::Ended`] when the system refuses a thread.
    pub fn open(events: impl Fn(ButtonEvent) + Send + Sync + 'static) -> Result<Self, OpenError> {
        Self::open_on(|| Box::new(SystemPort::new()), events)
    }

    /// As [`Buttons::open`], on another port, which is made on the thread that uses it.
    pub(crate) fn open_on(
        port: impl FnOnce() -> Box<dyn Port> + Send + 'static,
        events: impl Fn(ButtonEvent) + Send + Sync + 'static,
    ) -> Result<Self, OpenError> {
        let (orders, inbox) = mpsc::channel();
        let outbox = orders.clone();
        let watcher = std::thread::Builder::new()
            .name("headset-buttons".into())
            .spawn(move || Watcher::new(port(), outbox, events).run(&inbox))
            .map_err(|_| OpenError::Ended)?;
        Ok(Self {
            orders,
            watcher: Some(watcher),
        })
    }

    /// Says how things stand: the lamps follow, and a key that asked for it has its answer.
    pub fn show(&self, lamps: Lamps) {
        // Without a watcher there is no lamp.
        let _ = self.orders.send(Order::Show(lamps));
    }

    /// Names the sound devices in use. Headsets that one of them belongs to are used then, else
    /// all there are.
    pub fn follow(&self, devices: Vec<Device>) {
        // Without a watcher there is no headset.
        let _ = self.orders.send(Order::Follow(devices));
    }
}

impl Drop for Buttons {
    fn drop(&mut self) {
        // A watcher that has ended needs no order.
        let _ = self.orders.send(Order::End);
        if let Some(watcher) = self.watcher.take()
            && watcher.thread().id() != std::thread::current().id()
        {
            let _ = watcher.join();
        }
    }
}

/// Every headset with keys that is there now, tried out for a moment.
///
/// # Errors
/// [`ButtonsError`] when the system does not say.
pub fn list_buttons() -> Result<Vec<ButtonDevice>, ButtonsError> {
    look(&mut SystemPort::new())
}

/// Tries every headset of a port. One that has none of the keys is left out.
pub(crate) fn look(port: &mut dyn Port) -> Result<Vec<ButtonDevice>, ButtonsError> {
    let found = port.list().map_err(ButtonsError)?;
    let mut devices = Vec::new();
    for headset in found {
        let access = match driver::enter(port, &headset) {
            Ok(None) => continue,
            Ok(Some(_)) => Access::Works,
            Err(refusal) => refusal.into(),
        };
        add(
            &mut devices,
            ButtonDevice {
                name: headset.name,
                access,
            },
        );
    }
    Ok(devices)
}

/// Adds a headset, once: some systems list its parts one by one.
fn add(devices: &mut Vec<ButtonDevice>, device: ButtonDevice) {
    if !devices.contains(&device) {
        devices.push(device);
    }
}

impl From<Refusal> for Access {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Forbidden => Self::Forbidden,
            Refusal::Taken => Self::Taken,
            Refusal::Failed(reason) => Self::Failed(reason),
        }
    }
}
