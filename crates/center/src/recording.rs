//! Recordings of calls: made so that a crash costs two seconds, kept so that nobody hears them who
//! may not, and deleted when their time is up.
//!
//! | file | what lives there |
//! |---|---|
//! | `port` | what calls tell whoever records them |
//! | `rules`, `machine` | which calls, and whether now (pure) |
//! | `live` | the calls of now |
//! | `writer` | the one thread that writes |
//! | `journal`, `keys` | the file: sealed, chained, signed |
//! | `playback` | hearing and drawing it again |
//! | `sweep`, `retention` | after a crash; after the time is up |
//! | `links`, `routes` | who may hear it |
//! | `score` | what supervisors make of it |
//!
//! A row is written before its file and outlives it, and refers to a contact that exists.

mod journal;
mod keys;
mod links;
mod live;
mod machine;
mod playback;
mod port;
mod retention;
mod routes;
mod rules;
mod score;
mod store;
mod sweep;
#[cfg(test)]
mod tests;
mod verify;
mod writer;

pub use keys::{KeyError, Keyring};
pub use port::{Recorder, Unrecorded};

pub(crate) use retention::keep_retention;
pub(crate) use routes::routes;
pub(crate) use score::migration as score_migration;
pub(crate) use store::migration;

use crate::{App, clock::Clock, store::Store, switch::Switch};
use links::Links;
use live::Call;
use parking_lot::{Mutex, RwLock};
use sea_orm::DbErr;
use seatline_contract::{
    event::{Alarm, Change},
    id::{AgentId, ContactId, RecordingId},
    identity::Role,
    recording::RecordingPolicy,
    time::UnixMs,
};
use std::{
    collections::HashMap,
    fmt, io,
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};
use thiserror::Error;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use writer::{Outcome, Writer};

/// Recordings drawn at once: it costs processor time that calls need more.
const DRAWN_AT_ONCE: usize = 1;

/// All recordings. Clones are the same.
#[derive(Clone)]
pub struct Recordings(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    keys: Keyring,
    store: Store,
    clock: Clock,
    policy: RwLock<RecordingPolicy>,
    calls: Mutex<HashMap<ContactId, Call>>,
    tally: Mutex<Tally>,
    writer: Mutex<Writer>,
    switch: OnceLock<Arc<dyn Switch>>,
    links: Mutex<Links>,
    drawing: Semaphore,
    told: mpsc::UnboundedSender<Told>,
    /// Deadlines may have changed.
    wake: Notify,
    /// Recordings that are being closed.
    tasks: TaskTracker,
    stopping: CancellationToken,
}

/// What became of the recordings made since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Closed in order.
    pub complete: u64,
    /// Closed otherwise.
    pub truncated: u64,
    /// Packets that were not taken in time.
    pub lost: u64,
    /// Packets that came too late from the network or were no sound.
    pub refused: u64,
}

/// What others are told outside of any lock.
#[derive(Clone, Copy)]
enum Told {
    /// A call's recording stands elsewhere.
    Changed(ContactId),
    /// The customer is to be told that the call is recorded.
    Announce(ContactId),
    /// A pause is about to end.
    Resumes(AgentId, ContactId, UnixMs),
    /// The disk fails, or no longer, or the policy for when it does is another one.
    Storage,
}

/// What runs beside the front door.
pub struct Driver {
    recordings: Recordings,
    told: mpsc::UnboundedReceiver<Told>,
    /// What an earlier run of the centre left open.
    leftovers: Vec<store::Model>,
}

/// Why recordings cannot be made.
#[derive(Debug, Error)]
pub enum RecordingError {
    /// The key file was refused; the message names it.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The folder or the writing thread could not be made.
    #[error("recordings cannot be written to {}: {source}", folder.display())]
    Folder {
        /// The recordings' folder.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl Recordings {
    /// Opens folder and keys and starts the writing thread.
    ///
    /// # Errors
    /// See [`RecordingError`].
    pub async fn open(
        folder: PathBuf,
        key_file: &std::path::Path,
        store: Store,
        clock: Clock,
    ) -> Result<(Self, Driver), RecordingError> {
        let unusable = |source| RecordingError::Folder {
            folder: folder.clone(),
            source,
        };
        std::fs::create_dir_all(&folder).map_err(unusable)?;
        let keys = Keyring::open(key_file)?;
        let (told, listening) = mpsc::unbounded_channel();
        let warn = told.clone();
        let writer = Writer::start(keys.clone(), folder.clone(), move |_| {
            // Without a driver the centre is stopping, and nobody listens.
            let _ = warn.send(Told::Storage);
        });
        let writer = writer.map_err(unusable)?;
        let policy = store::policy(store.db()).await?;
        let leftovers = store::unfinished(store.db()).await?;
        let recordings = Self(Arc::new(Inner {
            folder,
            keys,
            store,
            clock,
            policy: RwLock::new(policy),
            calls: Mutex::default(),
            tally: Mutex::default(),
            writer: Mutex::new(writer),
            switch: OnceLock::new(),
            links: Mutex::default(),
            drawing: Semaphore::new(DRAWN_AT_ONCE),
            told,
            wake: Notify::new(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
        }));
        let driver = Driver {
            recordings: recordings.clone(),
            told: listening,
            leftovers,
        };
        Ok((recordings, driver))
    }

    /// Where voices are heard from now on. The first switch stays.
    pub fn attach(&self, switch: Arc<dyn Switch>) {
        if self.0.switch.set(switch).is_err() {
            tracing::error!("recordings have a switch already");
        }
    }

    /// What is recorded, for how long, and who may hear it.
    #[must_use]
    pub fn policy(&self) -> RecordingPolicy {
        self.0.policy.read().clone()
    }

    /// Sets the policy for calls that begin from now on.
    ///
    /// # Errors
    /// Those of the database; nothing changes.
    pub async fn set_policy(&self, policy: RecordingPolicy) -> Result<(), DbErr> {
        store::set_policy(self.0.store.db(), &policy).await?;
        *self.0.policy.write() = policy;
        self.tell(Told::Storage);
        Ok(())
    }

    /// What supervisors must know of now.
    #[must_use]
    pub fn alarms(&self) -> Vec<Alarm> {
        let refuses_calls = !self.policy().calls_without_storage;
        let failing = self.is_storage_failing();
        let alarm = failing.then_some(Alarm::RecordingStorage { refuses_calls });
        alarm.into_iter().collect()
    }

    /// What became of the recordings made since the start.
    #[must_use]
    pub fn tally(&self) -> Tally {
        *self.0.tally.lock()
    }

    /// Whether the disk takes no writes now.
    #[must_use]
    pub fn is_storage_failing(&self) -> bool {
        self.0.writer.lock().is_failing()
    }

    /// Ends what is being recorded and waits until it is closed. What is not drawn yet is drawn at
    /// the next start.
    pub async fn shutdown(&self) {
        self.0.stopping.cancel();
        self.end_all();
        self.0.tasks.close();
        self.0.tasks.wait().await;
        let recordings = self.clone();
        let stopped = sweep::blocking(move || {
            recordings.0.writer.lock().stop();
            Ok(())
        });
        if let Err(error) = stopped.await {
            tracing::error!(%error, "the recordings' thread did not stop");
        }
    }

    fn days_of(&self, class: &str) -> u32 {
        let policy = self.0.policy.read();
        let found = policy.classes.iter().find(|known| known.name == class);
        // A class that was removed meanwhile leaves what is longest.
        let longest = policy.classes.iter().map(|class| class.days).max();
        found.map(|class| class.days).or(longest).unwrap_or(180)
    }

    fn tell(&self, told: Told) {
        // Without a driver the centre is stopping, and nobody listens.
        let _ = self.0.told.send(told);
    }

    /// Makes sure that a recording's file is closed, and writes down how it ended.
    async fn close_row(
        &self,
        id: RecordingId,
        started: UnixMs,
        path: PathBuf,
    ) -> Result<Outcome, sweep::SweepError> {
        let keys = self.0.keys.clone();
        let outcome = sweep::blocking(move || sweep::close_file(&path, &keys)).await?;
        store::close(self.0.store.db(), id, started, &outcome).await?;
        Ok(outcome)
    }

    /// Draws a closed recording. One that is not drawn can still be heard.
    async fn draw(&self, id: RecordingId, path: PathBuf) {
        // The semaphore is never closed.
        let _turn = self.0.drawing.acquire().await;
        if self.0.stopping.is_cancelled() {
            return;
        }
        let keys = self.0.keys.clone();
        let drawn =
            sweep::blocking(move || playback::draw(&path, &keys).map_err(io::Error::other)).await;
        let stored = match drawn {
            Ok(waveform) => store::set_waveform(self.0.store.db(), id, &waveform)
                .await
                .map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = stored {
            tracing::error!(recording = %id, error, "a recording was not drawn");
        }
    }
}

impl Driver {
    /// Sweeps, then tells what is to be told and keeps the deadlines, until stopped.
    pub(crate) async fn run(mut self, app: App, stop: CancellationToken) {
        match sweep::sweep(&self.recordings, std::mem::take(&mut self.leftovers)).await {
            Ok(swept) if swept == sweep::Swept::default() => {}
            Ok(swept) => tracing::warn!(?swept, "recordings of an earlier run were closed"),
            Err(error) => tracing::error!(%error, "the recordings were not swept"),
        }
        loop {
            let deadline = self.recordings.tick();
            let alarm = async {
                match deadline {
                    Some(at) => {
                        let ms = at.since(self.recordings.0.clock.now()).max(0);
                        let ms = u64::try_from(ms).unwrap_or(0);
                        tokio::time::sleep(Duration::from_millis(ms)).await;
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                told = self.told.recv() => match told {
                    Some(told) => pass_on(&app, told),
                    None => return,
                },
                () = alarm => {}
                () = self.recordings.0.wake.notified() => {}
            }
        }
    }
}

fn pass_on(app: &App, told: Told) {
    match told {
        Told::Changed(contact) => app.calls.recording_changed(contact),
        Told::Announce(contact) => app.calls.announce_recording(contact),
        Told::Resumes(agent, contact, at) => {
            app.hub
                .publish(agent, Change::RecordingResumes { contact, at });
        }
        Told::Storage => {
            let roster = app.supervision.roster();
            let people = roster.people().iter();
            let told = people.filter(|person| person.role != Role::Agent);
            let alarms = app.recordings.alarms();
            app.hub
                .publish_to(told.map(|person| person.id), &Change::Alarms { alarms });
        }
    }
}

impl fmt::Debug for Recordings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recordings({} calls)", self.0.calls.lock().len())
    }
}
