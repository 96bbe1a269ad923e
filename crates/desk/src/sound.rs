//! The agent's headset and ringer, joined to whatever call there is.

use crate::{
    SoundSystem,
    board::Board,
    command::DeviceSelection,
    failure::{DeskCode, Failure, FailureCode},
    view::{self, Levels, NoticeCode, Processing},
};
use parking_lot::Mutex;
use seatline_audio::{
    Device, DeviceId, Direction, Headset, HeadsetEvent, Line, OpenError, RingPattern, Ringer,
    Selection, list_devices, play_test_tone,
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    task::{JoinHandle, spawn_blocking},
};

/// How often levels are told while they are metered.
const METER: Duration = Duration::from_millis(100);

/// What a call needs of the headset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Microphone and speaker.
    Talk,
    /// The speaker.
    Listen,
}

/// One headset, opened only while a call or a meter needs it.
pub(crate) struct Sound {
    system: SoundSystem,
    board: Arc<Board>,
    headset: Arc<Headset>,
    /// The call on the headset, locked while one is put on or taken off.
    on_headset: Arc<Mutex<Option<u64>>>,
    chosen: Mutex<DeviceSelection>,
    ringing: watch::Sender<bool>,
    /// What the headset's own key said last.
    key: watch::Sender<bool>,
    levels: Arc<watch::Sender<Levels>>,
    meter: Mutex<Option<JoinHandle<()>>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Sound {
    /// Starts to watch the devices; opens none.
    ///
    /// # Errors
    /// [`DeskCode::SoundFailed`] when the system refuses a thread.
    pub(crate) fn start(
        system: SoundSystem,
        board: Arc<Board>,
        chosen: DeviceSelection,
        processing: Processing,
    ) -> Result<Arc<Self>, Failure> {
        let (told, events) = mpsc::unbounded_channel();
        let tell = move |event| {
            // Without a listener the engine has ended.
            let _ = told.send(event);
        };
        let headset = match &system {
            SoundSystem::System => Headset::open(selection(&chosen), convert(processing), tell),
            SoundSystem::Simulated(simulation) => simulation.headset(convert(processing), tell),
        }
        .map_err(|error| failure(&error))?;
        board.change(|view| {
            view.headset.processing = processing;
            view.headset.microphone.clone_from(&chosen.microphone);
            view.headset.speaker.clone_from(&chosen.speaker);
            view.headset.ringer.clone_from(&chosen.ringer);
        });
        let (ringing, ring_wanted) = watch::channel(false);
        let key = watch::Sender::new(false);
        let mut sound = Self {
            system,
            board: board.clone(),
            headset: Arc::new(headset),
            on_headset: Arc::default(),
            chosen: Mutex::new(chosen),
            ringing,
            key: key.clone(),
            levels: Arc::new(watch::Sender::new(Levels {
                microphone_dbfs: -90.0,
                speaker_dbfs: -90.0,
            })),
            meter: Mutex::new(None),
            tasks: vec![tokio::spawn(report(board, key, events))],
        };
        let sound = Arc::new_cyclic(|this: &std::sync::Weak<Self>| {
            sound
                .tasks
                .push(tokio::spawn(ring(this.clone(), ring_wanted)));
            sound
        });
        Ok(sound)
    }

    /// Levels while they are metered.
    pub(crate) fn levels(&self) -> watch::Receiver<Levels> {
        self.levels.subscribe()
    }

    /// Connects a call to the headset, to the speaker alone if it is only listened to. Calls are
    /// numbered in their order: one that is over never takes the headset from a later one.
    ///
    /// # Errors
    /// The devices' codes; then this call is not connected. [`DeskCode::NoCall`] if a later one is.
    pub(crate) async fn connect(
        &self,
        call: u64,
        line: Box<dyn Line>,
        use_of: Use,
    ) -> Result<(), Failure> {
        let (headset, on_headset) = (self.headset.clone(), self.on_headset.clone());
        let connected = self
            .blocking(move || {
                let mut on_headset = on_headset.lock();
                if on_headset.is_some_and(|later| later > call) {
                    return Ok(false);
                }
                let connected = match use_of {
                    Use::Talk => headset.connect(line),
                    Use::Listen => headset.listen(line),
                };
                *on_headset = connected.is_ok().then_some(call);
                if connected.is_err() {
                    headset.disconnect();
                }
                connected.map(|()| true)
            })
            .await;
        if let Ok(false) = connected {
            return Err(Failure::new(DeskCode::NoCall));
        }
        self.note_problem(connected.as_ref().err());
        connected.map(|_| ()).map_err(|error| failure(&error))
    }

    /// Opens or closes the microphone of the connected call.
    ///
    /// # Errors
    /// The devices' codes; the call goes on.
    pub(crate) async fn use_for(&self, use_of: Use) -> Result<(), Failure> {
        let headset = self.headset.clone();
        let changed = self
            .blocking(move || headset.use_microphone(use_of == Use::Talk))
            .await;
        self.note_problem(changed.as_ref().err());
        changed.map_err(|error| failure(&error))
    }

    /// Takes a call off the headset, if it is on it, which closes the devices.
    pub(crate) async fn disconnect(&self, call: u64) {
        let (headset, on_headset) = (self.headset.clone(), self.on_headset.clone());
        // A headset that has ended has no call.
        let _ = self
            .blocking(move || {
                let mut on_headset = on_headset.lock();
                if *on_headset == Some(call) {
                    headset.disconnect();
                    *on_headset = None;
                }
                Ok(())
            })
            .await;
    }

    /// Switches the microphone off or on.
    pub(crate) fn set_muted(&self, muted: bool) {
        self.headset.set_muted(muted);
    }

    /// Whether the microphone is muted at the headset.
    pub(crate) fn is_muted_at_headset(&self) -> bool {
        self.headset.is_device_muted()
    }

    /// What the headset's own mute key says, each time it is pressed.
    pub(crate) fn mute_key(&self) -> watch::Receiver<bool> {
        self.key.subscribe()
    }

    /// Rings, or stops ringing.
    pub(crate) fn ring(&self, on: bool) {
        self.ringing.send_if_modified(|now| {
            let changed = *now != on;
            *now = on;
            changed
        });
    }

    /// Chooses devices.
    ///
    /// # Errors
    /// The devices' codes; those before stay in use.
    pub(crate) async fn select(&self, wanted: DeviceSelection) -> Result<(), Failure> {
        let headset = self.headset.clone();
        let selection = selection(&wanted);
        let switched = self.blocking(move || headset.switch(selection)).await;
        self.note_problem(switched.as_ref().err());
        switched.map_err(|error| failure(&error))?;
        self.board.change(|view| {
            view.headset.microphone.clone_from(&wanted.microphone);
            view.headset.speaker.clone_from(&wanted.speaker);
            view.headset.ringer.clone_from(&wanted.ringer);
        });
        *self.chosen.lock() = wanted;
        Ok(())
    }

    /// Changes what is done to the microphone's sound.
    pub(crate) fn process(&self, processing: Processing) {
        self.headset.set_processing(convert(processing));
        self.board
            .change(|view| view.headset.processing = processing);
    }

    /// Lists the devices anew.
    ///
    /// # Errors
    /// [`DeskCode::SoundFailed`].
    pub(crate) async fn refresh(&self) -> Result<(), Failure> {
        if let SoundSystem::Simulated(_) = self.system {
            // Simulated devices tell of themselves.
            return Ok(());
        }
        let devices = self
            .blocking(|| list_devices().map_err(OpenError::from))
            .await
            .map_err(|error| failure(&error))?;
        self.board
            .change(|view| view.headset.devices = devices.into_iter().map(show).collect());
        Ok(())
    }

    /// Plays a test tone on the speaker (`false`) or the ringer (`true`) until its end.
    ///
    /// # Errors
    /// The devices' codes.
    pub(crate) async fn test(&self, ringer: bool) -> Result<(), Failure> {
        let device = {
            let chosen = self.chosen.lock();
            let device = if ringer {
                &chosen.ringer
            } else {
                &chosen.speaker
            };
            device.clone().map(DeviceId::new)
        };
        let played = match self.system.clone() {
            SoundSystem::System => self.blocking(move || play_test_tone(device.as_ref())).await,
            SoundSystem::Simulated(simulation) => {
                self.blocking(move || simulation.ring(RingPattern::default()).map(Ringer::stop))
                    .await
            }
        };
        played.map_err(|error| failure(&error))
    }

    /// Meters levels, opening the microphone if no call has.
    ///
    /// # Errors
    /// The devices' codes.
    pub(crate) async fn meter(&self, on: bool) -> Result<(), Failure> {
        if let Some(task) = self.meter.lock().take() {
            task.abort();
        }
        let headset = self.headset.clone();
        let monitored = self.blocking(move || headset.monitor(on)).await;
        if on {
            self.note_problem(monitored.as_ref().err());
            let (headset, levels) = (self.headset.clone(), self.levels.clone());
            let task = tokio::spawn(async move {
                let mut tick = tokio::time::interval(METER);
                loop {
                    tick.tick().await;
                    let now = headset.levels();
                    levels.send_replace(Levels {
                        microphone_dbfs: now.microphone_dbfs.max(-90.0),
                        speaker_dbfs: now.speaker_dbfs.max(-90.0),
                    });
                }
            });
            if let Some(other) = self.meter.lock().replace(task) {
                other.abort();
            }
        }
        monitored.map_err(|error| failure(&error))
    }

    fn note_problem(&self, error: Option<&OpenError>) {
        self.board.report_headset(error.map(|error| {
            let failure = failure(error);
            (failure.code, failure.subject)
        }));
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, OpenError> + Send + 'static,
    ) -> Result<T, OpenError> {
        spawn_blocking(work).await.unwrap_or(Err(OpenError::Ended))
    }
}

impl Drop for Sound {
    fn drop(&mut self) {
        for task in self.tasks.drain(..).chain(self.meter.lock().take()) {
            task.abort();
        }
    }
}

/// Shows what the headset tells.
async fn report(
    board: Arc<Board>,
    key: watch::Sender<bool>,
    mut events: mpsc::UnboundedReceiver<HeadsetEvent>,
) {
    while let Some(event) = events.recv().await {
        match event {
            HeadsetEvent::DevicesChanged(devices) => {
                board.change(|view| view.headset.devices = devices.into_iter().map(show).collect());
            }
            HeadsetEvent::DeviceLost { name, .. } => {
                let gone = FailureCode::Desk(DeskCode::DeviceGone);
                board.report_headset(Some((gone, Some(name.clone()))));
                board.tell(NoticeCode::DeviceLost, Some(name));
            }
            HeadsetEvent::DeviceReturned { name, .. } => {
                board.tell(NoticeCode::DeviceReturned, Some(name));
            }
            HeadsetEvent::Muted(muted) => {
                key.send_replace(muted);
            }
            HeadsetEvent::Recovered { .. } => board.report_headset(None),
            HeadsetEvent::Failed(seatline_audio::Failure::Processing) => {
                board.tell(NoticeCode::ProcessingBypassed, None);
            }
            HeadsetEvent::Failed(seatline_audio::Failure::Line) => {
                tracing::error!("the call was thrown off the headset");
            }
            HeadsetEvent::Failed(seatline_audio::Failure::Open(error)) => {
                let failure = failure(&error);
                board.report_headset(Some((failure.code, failure.subject)));
            }
        }
    }
}

/// Keeps the ringer as wanted, one step at a time: opening a device may take a while.
async fn ring(sound: std::sync::Weak<Sound>, mut wanted: watch::Receiver<bool>) {
    let mut ringer: Option<Ringer> = None;
    while wanted.changed().await.is_ok() {
        let on = *wanted.borrow_and_update();
        if on == ringer.is_some() {
            continue;
        }
        if let Some(running) = ringer.take() {
            // A thread that panics has stopped ringing too.
            let _ = spawn_blocking(move || running.stop()).await;
        }
        let Some(sound) = sound.upgrade().filter(|_| on) else {
            continue;
        };
        let device = sound.chosen.lock().ringer.clone().map(DeviceId::new);
        let started = match sound.system.clone() {
            SoundSystem::System => {
                sound
                    .blocking(move || Ringer::start(device.as_ref(), RingPattern::default()))
                    .await
            }
            SoundSystem::Simulated(simulation) => {
                sound
                    .blocking(move || simulation.ring(RingPattern::default()))
                    .await
            }
        };
        match started {
            Ok(running) => ringer = Some(running),
            // The window shows the call all the same.
            Err(error) => tracing::warn!(%error, "the ringer cannot be used"),
        }
    }
}

pub(crate) fn selection(chosen: &DeviceSelection) -> Selection {
    Selection {
        microphone: chosen.microphone.clone().map(DeviceId::new),
        speaker: chosen.speaker.clone().map(DeviceId::new),
    }
}

fn convert(processing: Processing) -> seatline_audio::Processing {
    seatline_audio::Processing {
        echo: processing.echo,
        noise: processing.noise,
        gain: processing.gain,
    }
}

fn show(device: Device) -> view::Device {
    view::Device {
        id: device.id.as_str().into(),
        name: device.name,
        input: device.direction == Direction::Input,
        is_default: device.is_default,
    }
}

/// What a device's refusal means to the agent.
pub(crate) fn failure(error: &OpenError) -> Failure {
    let (code, name) = match error {
        OpenError::NoDevice(Direction::Input) => (DeskCode::NoMicrophone, None),
        OpenError::NoDevice(Direction::Output) => (DeskCode::NoSpeaker, None),
        OpenError::DeviceGone { name, .. } => (DeskCode::DeviceGone, Some(name)),
        OpenError::DeviceBusy { name, .. } => (DeskCode::DeviceTaken, Some(name)),
        OpenError::PermissionDenied {
            direction: Direction::Input,
            name,
        } => (DeskCode::MicrophoneForbidden, Some(name)),
        OpenError::PermissionDenied { name, .. }
        | OpenError::Unsupported { name, .. }
        | OpenError::Backend { name, .. } => (DeskCode::SoundFailed, Some(name)),
        OpenError::Devices(_) | OpenError::Ended => (DeskCode::SoundFailed, None),
    };
    let failure = Failure::new(code).detail(error.to_string());
    match name {
        Some(name) => failure.about(name),
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{settings, view::Keyring};
    use seatline_audio::sim::{Simulation, TestLine, tone};

    #[tokio::test]
    async fn a_call_that_is_over_leaves_the_headset_to_the_next() {
        let simulation = Simulation::new(tone(440.0, 0.5));
        let sound = Sound::start(
            SoundSystem::Simulated(simulation.clone()),
            Arc::new(Board::new(settings::default(), Keyring::SessionOnly)),
            DeviceSelection::default(),
            Processing {
                echo: false,
                noise: false,
                gain: false,
            },
        )
        .unwrap();
        let (line, next) = TestLine::record(tone(440.0, 0.5));
        sound.connect(2, line, Use::Talk).await.unwrap();
        sound.disconnect(1).await;
        let (line, late) = TestLine::record(tone(440.0, 0.5));
        let refused = sound.connect(1, line, Use::Listen).await.unwrap_err();
        assert_eq!(refused.code, FailureCode::Desk(DeskCode::NoCall));
        assert!(late.is_dropped() && !next.is_dropped());
        assert!(simulation.is_open(Direction::Input));

        sound.disconnect(2).await;
        assert!(next.is_dropped());
        assert!(!simulation.is_open(Direction::Input));
    }
}
