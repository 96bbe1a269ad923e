//! The headset as others see it: a handle whose work is done by two threads.

mod control;
mod slot;
mod worker;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Line;
use crate::backend::{Backend, SystemBackend};
use crate::device::{Device, DeviceId, Direction};
use crate::engine::Shared;
use crate::error::OpenError;
use crate::levels::Levels;
use crate::processing::Processing;

use control::{Command, Control};
use worker::Worker;

/// How often the system's devices are listed to notice changes.
const WATCH_EVERY: Duration = Duration::from_secs(2);

/// Which devices to use; the system's default where none is chosen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Selection {
    /// The microphone.
    pub microphone: Option<DeviceId>,
    /// The speaker or earpiece.
    pub speaker: Option<DeviceId>,
}

impl Selection {
    fn of(&self, direction: Direction) -> Option<&DeviceId> {
        match direction {
            Direction::Input => self.microphone.as_ref(),
            Direction::Output => self.speaker.as_ref(),
        }
    }
}

/// What the headset tells while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeadsetEvent {
    /// A device in use has gone. That direction is silent now; no other device is taken.
    DeviceLost {
        /// Microphone or speaker.
        direction: Direction,
        /// The device's name.
        name: String,
    },
    /// The lost device is there again; it is being opened.
    DeviceReturned {
        /// Microphone or speaker.
        direction: Direction,
        /// The device's name.
        name: String,
    },
    /// Sound runs again after a loss or a failed start.
    Recovered {
        /// Microphone or speaker.
        direction: Direction,
        /// The device's name.
        name: String,
    },
    /// The microphone itself was muted, by a key of its own or in the system, or is heard again.
    Muted(bool),
    /// The devices of the system have changed; these are all of them now.
    DevicesChanged(Vec<Device>),
    /// Something broke; the call goes on as said at the failure.
    Failed(Failure),
}

/// What broke inside the headset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Echo, noise and gain processing broke and is bypassed until it is set anew.
    #[error("the processing of the microphone's sound broke; it is bypassed")]
    Processing,
    /// The connected line panicked and was disconnected.
    #[error("the line broke and was disconnected")]
    Line,
    /// A device could not be opened; it is tried again by itself.
    #[error(transparent)]
    Open(OpenError),
}

/// One microphone and one speaker, connected to at most one [`Line`].
///
/// The devices are open only while a line is connected (both, or the speaker alone) or the level is monitored (the
/// microphone); otherwise the microphone is really off. Dropping the headset ends everything.
#[derive(Debug)]
pub struct Headset {
    commands: Sender<Command>,
    shared: Arc<Shared>,
    control: Option<JoinHandle<()>>,
}

impl Headset {
    /// Makes a headset on the system's devices and starts to watch them. Opens none yet, and
    /// succeeds without any: a missing device is told by [`Headset::connect`].
    ///
    /// `events` is called on the headset's control thread: it must return soon and must not call
    /// the headset, which would wait for itself. The first
    /// event is always [`HeadsetEvent::DevicesChanged`], unless no sound system answers.
    ///
    /// # Errors
    /// [`OpenError::Ended`] when the system refuses to start a thread.
    pub fn open(
        selection: Selection,
        processing: Processing,
        events: impl Fn(HeadsetEvent) + Send + 'static,
    ) -> Result<Self, OpenError> {
        Self::open_on(
            Box::new(SystemBackend::new()),
            selection,
            processing,
            Box::new(events),
        )
    }

    pub(crate) fn open_on(
        backend: Box<dyn Backend>,
        selection: Selection,
        processing: Processing,
        events: Box<dyn Fn(HeadsetEvent) + Send>,
    ) -> Result<Self, OpenError> {
        let shared = Arc::new(Shared::default());
        let (commands, inbox) = mpsc::channel();
        let worker = Worker::start(shared.clone()).map_err(|_| OpenError::Ended)?;
        let outbox = commands.clone();
        let state = shared.clone();
        let control = std::thread::Builder::new()
            .name("headset-control".into())
            .spawn(move || {
                Control::new(
                    backend, worker, state, outbox, selection, processing, events,
                )
                .run(&inbox);
            })
            .map_err(|_| OpenError::Ended)?;
        Ok(Self {
            commands,
            shared,
            control: Some(control),
        })
    }

    /// Connects a line in place of the one before, and opens the devices. Blocks until they
    /// run, which takes some tens of milliseconds and at worst a few seconds.
    ///
    /// The line is connected in any case: it is served with silence until the devices run.
    ///
    /// # Errors
    /// A device could not be opened. It is opened by itself when it becomes possible, told by
    /// [`HeadsetEvent::Recovered`].
    pub fn connect(&self, line: Box<dyn Line>) -> Result<(), OpenError> {
        self.ask(|reply| Command::Connect(line, true, reply))?
    }

    /// As [`Headset::connect`], with the speaker only: the line receives silence, and no
    /// microphone need be there. See [`Headset::use_microphone`].
    ///
    /// # Errors
    /// The speaker could not be opened; as at [`Headset::connect`].
    pub fn listen(&self, line: Box<dyn Line>) -> Result<(), OpenError> {
        self.ask(|reply| Command::Connect(line, false, reply))?
    }

    /// Opens the microphone for the connected line, or closes it.
    ///
    /// # Errors
    /// The microphone could not be opened. It is opened by itself when it becomes possible, told
    /// by [`HeadsetEvent::Recovered`].
    pub fn use_microphone(&self, on: bool) -> Result<(), OpenError> {
        self.ask(|reply| Command::UseMicrophone(on, reply))?
    }

    /// Disconnects the line; once this returns it is not called any more and is dropped. The
    /// devices are closed unless monitored.
    pub fn disconnect(&self) {
        // A headset that has ended has no line.
        let _ = self.ask(Command::Disconnect);
    }

    /// Changes to other devices, in mid-call too: the line stays connected and hears a gap of
    /// a few frames at most. A device that is not to change is left alone.
    ///
    /// # Errors
    /// A new device could not be opened; the one before stays in use.
    pub fn switch(&self, selection: Selection) -> Result<(), OpenError> {
        self.ask(|reply| Command::Switch(selection, reply))?
    }

    /// Keeps the microphone open for its level without a line, for choosing a device.
    ///
    /// # Errors
    /// The microphone could not be opened; it is tried again while monitoring stays on.
    pub fn monitor(&self, on: bool) -> Result<(), OpenError> {
        self.ask(|reply| Command::Monitor(on, reply))?
    }

    /// Changes what is done to the microphone's sound, in mid-call too.
    pub fn set_processing(&self, processing: Processing) {
        // A headset that has ended processes nothing.
        let _ = self.commands.send(Command::Process(processing));
    }

    /// Mutes the microphone: from the next tick on the line receives silence. The meter goes
    /// on, so that the agent can be told when speaking while muted.
    pub fn set_muted(&self, muted: bool) {
        self.shared.muted.store(muted, Ordering::Relaxed);
    }

    /// Whether the microphone is muted.
    pub fn is_muted(&self) -> bool {
        self.shared.muted.load(Ordering::Relaxed)
    }

    /// Whether the open microphone is muted at the device, which only the device can undo.
    pub fn is_device_muted(&self) -> bool {
        self.shared.device_muted.load(Ordering::Relaxed)
    }

    /// How loud both directions are now. Never waits.
    pub fn levels(&self) -> Levels {
        Levels {
            microphone_dbfs: self.shared.microphone.read(),
            speaker_dbfs: self.shared.speaker.read(),
        }
    }

    fn ask<T>(&self, command: impl FnOnce(Sender<T>) -> Command) -> Result<T, OpenError> {
        let (reply, answer) = mpsc::channel();
        self.commands
            .send(command(reply))
            .map_err(|_| OpenError::Ended)?;
        answer.recv().map_err(|_| OpenError::Ended)
    }
}

impl Drop for Headset {
    fn drop(&mut self) {
        let _ = self.commands.send(Command::End);
        if let Some(control) = self.control.take()
            && control.thread().id() != std::thread::current().id()
        {
            let _ = control.join();
        }
    }
}
