//! Everything the engine is made of, started and stopped together.

use super::{
    DeskConfig, buttons, manage,
    session::Running,
    sso::SsoDesk,
    updates::{self, Updates},
};
use crate::{
    board::Board,
    call::{Ask, Phone},
    connection::{address::Address, client::Client},
    failure::{DeskCode, Failure, FailureCode},
    live::Live,
    outbox::{
        Outbox,
        account::{Account, Locks, storage},
    },
    policy::Policy,
    settings::{Kept, SettingsFile},
    sound::Sound,
    view::{Keyring, NoticeCode},
};
use parking_lot::{Mutex, RwLock};
use std::sync::Arc;
use tokio::task::JoinHandle;

pub(super) struct Core {
    pub(super) config: DeskConfig,
    pub(super) settings: SettingsFile,
    pub(super) board: Arc<Board>,
    pub(super) live: Arc<Live>,
    pub(super) sound: Arc<Sound>,
    pub(super) phone: Phone,
    pub(super) outbox: Outbox,
    /// Locked while signing in or out: one at a time.
    pub(super) session: tokio::sync::Mutex<Option<Running>>,
    pub(super) client: RwLock<Option<Arc<Client>>>,
    /// The single sign-on on its way, if there is one.
    pub(super) sso: SsoDesk,
    /// The site's decisions, as last read.
    pub(super) policy: RwLock<Arc<Policy>>,
    /// Looks for updates.
    pub(super) updates: Updates,
    /// Reads policies anew.
    warden: JoinHandle<()>,
    /// Serves the keys and lamps on the headset.
    keys: Mutex<Option<JoinHandle<()>>>,
}

impl Core {
    /// Starts every part. What the last agent wrote is shown at once if its key is in the
    /// keyring.
    ///
    /// # Errors
    /// [`DeskCode::StorageFailed`] or [`DeskCode::DiskFull`] naming what cannot be written; the
    /// first also when another program has this desk's files.
    pub(super) async fn start(config: DeskConfig) -> Result<Arc<Self>, Failure> {
        let settings = SettingsFile::open(&config.data_dir)
            .map_err(|error| storage(&config.data_dir, &error))?;
        let kept = settings.read();
        let keyring = config.secrets.kind();
        let site = manage::read(&config.policy).await?;
        let policy = site.with_centre(&kept.recommended);
        policy.log();
        let board = Arc::new(Board::new(policy.settings(&kept.settings), keyring));
        board.change(|view| {
            view.managed = policy.locked();
            view.sso_first = policy.sso_first();
            view.update = updates::at_start(&config, policy.updates());
        });
        updates::look_back(&config, &settings, &board);
        if keyring == Keyring::SessionOnly {
            board.tell(NoticeCode::SessionOnly, None);
        }
        let sound = Sound::start(
            config.sound.clone(),
            board.clone(),
            kept.devices,
            policy.processing(&kept.processing),
        )?;
        let keys = buttons::open(&config.sound)?;
        let phone = Phone::start(board.clone(), sound.clone());
        let outbox = Outbox::start(
            board.clone(),
            config.data_dir.clone(),
            config.secrets.clone(),
            config.patience,
        );
        if let Some(last) = &kept.last {
            let account = Account::new(&last.centre, &last.login);
            match outbox.open(account, Locks::default()).await {
                // It is said in a notice, and signing in tries again.
                Err(failure) if failure.code == FailureCode::Desk(DeskCode::DiskFull) => {}
                opened => opened?,
            }
        }
        let shown = Arc::downgrade(&board);
        Ok(Arc::new_cyclic(|core| Self {
            keys: Mutex::new(Some(tokio::spawn(buttons::serve(
                core.clone(),
                shown,
                keys,
            )))),
            updates: Updates::start(core.clone(), &config, board.clone()),
            config,
            settings,
            board,
            live: Arc::new(Live::new()),
            sound,
            phone,
            outbox,
            session: tokio::sync::Mutex::new(None),
            client: RwLock::new(None),
            sso: SsoDesk::default(),
            policy: RwLock::new(Arc::new(policy)),
            warden: tokio::spawn(manage::follow(core.clone())),
        }))
    }

    /// The centre signed in to.
    ///
    /// # Errors
    /// [`DeskCode::NotSignedIn`].
    pub(super) fn client(&self) -> Result<Arc<Client>, Failure> {
        let client = self.client.read().clone();
        client.ok_or_else(|| Failure::new(DeskCode::NotSignedIn))
    }

    /// Keeps a choice of the person's.
    ///
    /// # Errors
    /// [`DeskCode::StorageFailed`], [`DeskCode::DiskFull`].
    pub(super) fn keep(&self, change: impl FnOnce(&mut Kept)) -> Result<(), Failure> {
        self.settings
            .change(change)
            .map_err(|error| storage(&self.config.data_dir, &error))
    }

    /// The address to use: the policy's, else the person's.
    ///
    /// # Errors
    /// [`DeskCode::BadAddress`].
    pub(super) fn address(&self, typed: &str) -> Result<Address, Failure> {
        Address::parse(self.policy().forced_centre().unwrap_or(typed))
    }

    /// Ends calls, signs the line off and closes the outbox.
    pub(super) async fn shut_down(&self) {
        self.warden.abort();
        self.sso.cancel();
        self.updates.stop();
        let mut session = self.session.lock().await;
        if let Some(running) = session.take() {
            running.stop();
        }
        // The phone refuses nothing here.
        let _ = self.phone.ask(Ask::SignOff).await;
        *self.client.write() = None;
        let keys = self.keys.lock().take();
        if let Some(keys) = keys {
            keys.abort();
            // Ended on purpose; waited for, because the lamps go out with it.
            let _ = keys.await;
        }
        self.outbox.close().await;
    }
}
