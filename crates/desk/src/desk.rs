//! The handle a window holds.

mod records;

use crate::{
    board::Board,
    command::{CentreCheck, DeviceSelection, DialTarget, RememberedSignIn, SignInRequest},
    failure::{DeskCode, Failure},
    policy::Policy,
    secrets::SecretStore,
    settings::SettingsFile,
    view::{DeskView, Levels, Processing, Settings},
};
use seatline_contract::{id::ContactId, presence::PresenceChoice};
use std::{path::PathBuf, sync::Arc};
use tokio::sync::watch;

/// How a [`Desk`] is set up.
#[derive(Clone)]
pub struct DeskConfig {
    /// Where settings and the outbox are kept; made if absent.
    pub data_dir: PathBuf,
    /// Where secrets are kept.
    pub secrets: Arc<dyn SecretStore>,
    /// The headset's sound system.
    pub sound: SoundSystem,
    /// The site's decisions.
    pub policy: Policy,
    /// Name of this computer, shown when the agent signs in elsewhere.
    pub device_name: String,
    /// Version of the program.
    pub version: String,
}

/// Where sound comes from and goes to.
#[derive(Clone)]
pub enum SoundSystem {
    /// The computer's devices.
    System,
    /// Simulated devices that count and record.
    Simulated(seatline_audio::sim::Simulation),
}

/// The agent's engine. Clones are the same desk.
#[derive(Clone)]
pub struct Desk {
    core: Arc<Core>,
}

struct Core {
    board: Arc<Board>,
    levels: watch::Sender<Levels>,
}

impl Desk {
    /// Starts the engine. Nobody is signed in; see [`Desk::resume`].
    ///
    /// # Errors
    /// [`DeskCode::StorageFailed`] or [`DeskCode::DiskFull`] naming what cannot be written.
    pub async fn start(config: DeskConfig) -> Result<Self, Failure> {
        let settings = SettingsFile::open(&config.data_dir)
            .map_err(|error| Failure::new(DeskCode::StorageFailed).detail(error.to_string()))?;
        let board = Arc::new(Board::new(settings.read().settings, config.secrets.kind()));
        Ok(Self {
            core: Arc::new(Core {
                board,
                levels: watch::Sender::new(Levels {
                    microphone_dbfs: -90.0,
                    speaker_dbfs: -90.0,
                }),
            }),
        })
    }

    /// What windows show, now and at every change.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Arc<DeskView>> {
        self.core.board.watch()
    }

    /// What windows show now.
    #[must_use]
    pub fn view(&self) -> Arc<DeskView> {
        self.core.board.view()
    }

    /// Levels of microphone and speaker, ten times a second while [`Desk::set_meter`] is on.
    #[must_use]
    pub fn levels(&self) -> watch::Receiver<Levels> {
        self.core.levels.subscribe()
    }

    /// Asks an address whether a centre is there.
    ///
    /// # Errors
    /// The connection's codes; [`DeskCode::CertificateUntrusted`] carries the certificate's
    /// SHA-256 fingerprint as its subject.
    pub async fn check_centre(&self, url: String) -> Result<CentreCheck, Failure> {
        unfinished()
    }

    /// The last sign-in, for the form.
    pub async fn remembered(&self) -> Option<RememberedSignIn> {
        None
    }

    /// Signs in as remembered, if it is. Without a network it keeps trying.
    ///
    /// # Errors
    /// Those of [`Desk::sign_in`] that trying again does not cure.
    pub async fn resume(&self) -> Result<bool, Failure> {
        unfinished()
    }

    /// Signs in.
    ///
    /// # Errors
    /// The centre's codes of sign-in, and the connection's codes.
    pub async fn sign_in(&self, request: SignInRequest) -> Result<(), Failure> {
        unfinished()
    }

    /// Signs out. Writes not yet sent stay on this computer until the next sign-in.
    ///
    /// # Errors
    /// [`DeskCode::AlreadyInCall`] while a call is up.
    pub async fn sign_out(&self) -> Result<(), Failure> {
        unfinished()
    }

    /// Chooses presence; while busy, what follows.
    ///
    /// # Errors
    /// The centre's codes, [`DeskCode::NotSignedIn`], [`DeskCode::CentreUnreachable`].
    pub async fn set_presence(&self, choice: PresenceChoice) -> Result<(), Failure> {
        unfinished()
    }

    /// Calls somebody.
    ///
    /// # Errors
    /// [`DeskCode::AlreadyInCall`], [`DeskCode::LineDown`], the devices' codes, and the centre's
    /// `unplayable_number`.
    pub async fn dial(&self, target: DialTarget) -> Result<(), Failure> {
        unfinished()
    }

    /// Answers what rings. If that fails for want of a device, it keeps ringing.
    ///
    /// # Errors
    /// [`DeskCode::NoCall`], [`DeskCode::WrongCallState`], the devices' codes.
    pub async fn answer(&self) -> Result<(), Failure> {
        unfinished()
    }

    /// Declines what rings.
    ///
    /// # Errors
    /// [`DeskCode::NoCall`], [`DeskCode::WrongCallState`].
    pub async fn decline(&self) -> Result<(), Failure> {
        unfinished()
    }

    /// Ends the call, in whatever state; declines one that rings.
    ///
    /// # Errors
    /// [`DeskCode::NoCall`].
    pub async fn hang_up(&self) -> Result<(), Failure> {
        unfinished()
    }

    /// Switches the microphone off or on for this call.
    ///
    /// # Errors
    /// [`DeskCode::NoCall`].
    pub async fn set_muted(&self, muted: bool) -> Result<(), Failure> {
        unfinished()
    }

    /// Holds or resumes.
    ///
    /// # Errors
    /// [`DeskCode::NoCall`], [`DeskCode::WrongCallState`], [`DeskCode::MediaFailed`].
    pub async fn set_held(&self, held: bool) -> Result<(), Failure> {
        unfinished()
    }

    /// Presses keys: `0`–`9`, `*`, `#`.
    ///
    /// # Errors
    /// [`DeskCode::NoCall`], [`DeskCode::WrongCallState`], the centre's `invalid_field`.
    pub async fn send_digits(&self, digits: String) -> Result<(), Failure> {
        unfinished()
    }

    /// Adds time to wrap-up.
    ///
    /// # Errors
    /// The centre's codes.
    pub async fn extend_wrap_up(&self, contact: ContactId, seconds: u32) -> Result<(), Failure> {
        unfinished()
    }

    /// Lists the devices anew.
    ///
    /// # Errors
    /// [`DeskCode::SoundFailed`].
    pub async fn refresh_devices(&self) -> Result<(), Failure> {
        unfinished()
    }

    /// Chooses devices, in mid-call too.
    ///
    /// # Errors
    /// The devices' codes; the devices before stay in use.
    pub async fn select_devices(&self, selection: DeviceSelection) -> Result<(), Failure> {
        unfinished()
    }

    /// Chooses what is done to the microphone's sound, in mid-call too.
    ///
    /// # Errors
    /// [`DeskCode::StorageFailed`].
    pub async fn set_processing(&self, processing: Processing) -> Result<(), Failure> {
        unfinished()
    }

    /// Plays a test tone on the speaker and returns when it has been heard.
    ///
    /// # Errors
    /// The devices' codes.
    pub async fn test_speaker(&self) -> Result<(), Failure> {
        unfinished()
    }

    /// Plays a test tone on the ringer and returns when it has been heard.
    ///
    /// # Errors
    /// The devices' codes.
    pub async fn test_ringer(&self) -> Result<(), Failure> {
        unfinished()
    }

    /// Measures levels, opening the microphone if need be, until switched off.
    ///
    /// # Errors
    /// The devices' codes.
    pub async fn set_meter(&self, on: bool) -> Result<(), Failure> {
        unfinished()
    }

    /// Saves the person's settings.
    ///
    /// # Errors
    /// [`DeskCode::StorageFailed`], [`DeskCode::DiskFull`].
    pub async fn save_settings(&self, settings: Settings) -> Result<(), Failure> {
        unfinished()
    }

    /// Takes a `tel:`, `sip:`, `callto:` or `seatline:` link: shows its number and waits for the
    /// agent's word. Anything else becomes a notice.
    pub async fn request_dial(&self, link: String) {
        let _ = link;
    }

    /// Forgets the number of a link.
    pub async fn dismiss_dial_request(&self) {
        self.core.board.change(|view| view.dial_request = None);
    }

    /// Takes a notice away.
    pub async fn dismiss_notice(&self, id: u32) {
        self.core
            .board
            .change(|view| view.notices.retain(|notice| notice.id != id));
    }

    /// Ends calls, signs off the line and closes the outbox. The session stays remembered.
    pub async fn shutdown(&self) {}
}

fn unfinished<T>() -> Result<T, Failure> {
    Err(Failure::new(DeskCode::Internal))
}
