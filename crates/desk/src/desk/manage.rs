//! What the site's IT decides, beside what the person chooses.

use super::core::Core;
use crate::{
    failure::{DeskCode, Failure},
    policy::{Policy, ReadPolicy, Setting},
    settings::Kept,
    view::{Processing, SettingsChange},
};
use std::{
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::task::spawn_blocking;

/// How often policies are read anew.
const EVERY: Duration = Duration::from_secs(5);

/// Reads the site's decisions.
///
/// # Errors
/// [`DeskCode::Internal`] when reading panics.
pub(super) async fn read(policy: &ReadPolicy) -> Result<Policy, Failure> {
    let policy = policy.clone();
    spawn_blocking(move || policy())
        .await
        .map_err(|error| Failure::new(DeskCode::Internal).detail(error.to_string()))
}

/// Reads the decisions again and again for as long as the engine runs.
pub(super) async fn follow(core: Weak<Core>) {
    loop {
        tokio::time::sleep(EVERY).await;
        let Some(reader) = core.upgrade().map(|core| core.config.policy.clone()) else {
            return;
        };
        let read = read(&reader).await;
        let Some(core) = core.upgrade() else {
            return;
        };
        match read {
            Ok(policy) => core.adopt(policy),
            Err(failure) => tracing::error!(%failure, "the policies could not be read"),
        }
    }
}

impl Core {
    /// The site's decisions, as last read.
    pub(super) fn policy(&self) -> Arc<Policy> {
        self.policy.read().clone()
    }

    /// Lets new decisions of the site hold, and what the centre recommends beside them.
    pub(super) fn adopt(&self, site: Policy) {
        let policy = site.with_centre(&self.settings.read().recommended);
        if *self.policy() == policy {
            return;
        }
        policy.log();
        *self.policy.write() = Arc::new(policy);
        self.show();
    }

    /// Keeps what the person chooses of the settings.
    ///
    /// # Errors
    /// [`DeskCode::Managed`] naming what policy decides; nothing is kept then. The storage's
    /// codes.
    pub(super) fn choose_settings(&self, change: &SettingsChange) -> Result<(), Failure> {
        let shown = self.board.view().settings.clone();
        self.choose(|kept| kept.settings.take(&shown, change))
    }

    /// Keeps what the person chooses of the processing.
    ///
    /// # Errors
    /// As [`Core::choose_settings`].
    pub(super) fn choose_processing(&self, wanted: Processing) -> Result<(), Failure> {
        let shown = self.board.view().headset.processing;
        self.choose(|kept| kept.processing.take(shown, wanted))
    }

    fn choose(&self, take: impl Fn(&mut Kept) -> Vec<Setting>) -> Result<(), Failure> {
        let taken = take(&mut self.settings.read());
        let policy = self.policy();
        if let Some(locked) = taken.into_iter().find(|setting| policy.locks(*setting)) {
            return Err(Failure {
                field: Some(locked.name().to_owned()),
                ..Failure::new(DeskCode::Managed)
            });
        }
        self.keep(|kept| {
            take(kept);
        })?;
        self.show();
        Ok(())
    }

    /// Shows what policy and person together say.
    fn show(&self) {
        loop {
            let (policy, kept) = (self.policy(), self.settings.read());
            self.put_up(&policy, &kept);
            // Whoever has decided or chosen meanwhile may have shown it already, and this has put
            // older values in its place.
            if (self.policy(), self.settings.read()) == (policy, kept) {
                return;
            }
        }
    }

    fn put_up(&self, policy: &Policy, kept: &Kept) {
        self.board.change(|view| {
            view.settings = policy.settings(&kept.settings);
            view.managed = policy.locked();
            view.sso_first = policy.sso_first();
            let state = view.update.state.clone();
            view.update.state = state.decided(policy.updates());
        });
        let processing = policy.processing(&kept.processing);
        if self.board.view().headset.processing != processing {
            self.sound.process(processing);
        }
    }
}
