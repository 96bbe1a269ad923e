//! What a sign-in leaves in the keyring.

use super::core::Core;
use crate::{
    secrets::SecretError,
    view::{Keyring, NoticeCode},
};
use seatline_contract::secret::Secret;
use tokio::task::spawn_blocking;

/// Name of the password in the keyring.
pub(super) const PASSWORD: &str = "password";
/// Name of the session's token in the keyring, which brings a killed desk back in.
pub(crate) const TOKEN: &str = "session";

impl Core {
    /// Keeps password, if there is one, and token, or forgets them if the person did not ask for it.
    pub(super) async fn remember(&self, remember: bool, password: Option<Secret>, token: &Secret) {
        if !remember {
            self.forget(PASSWORD).await;
            self.forget(TOKEN).await;
            return;
        }
        let secrets = self.config.secrets.clone();
        let token = token.clone();
        let kept = self
            .with_secrets(move || {
                match password {
                    Some(password) => secrets.save(PASSWORD, &password)?,
                    None => secrets.forget(PASSWORD)?,
                }
                secrets.save(TOKEN, &token)
            })
            .await;
        if kept.is_none() {
            self.board
                .change(|view| view.keyring = Keyring::SessionOnly);
            self.board.tell(NoticeCode::SessionOnly, None);
        }
    }

    /// A kept secret, if there is one.
    pub(super) async fn load(&self, name: &'static str) -> Option<Secret> {
        let secrets = self.config.secrets.clone();
        self.with_secrets(move || secrets.load(name))
            .await
            .flatten()
    }

    /// Forgets a secret.
    pub(super) async fn forget(&self, name: &'static str) {
        let secrets = self.config.secrets.clone();
        self.with_secrets(move || secrets.forget(name)).await;
    }

    /// A keyring may ask the person and block for as long.
    async fn with_secrets<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, SecretError> + Send + 'static,
    ) -> Option<T> {
        match spawn_blocking(work).await {
            Ok(Ok(value)) => Some(value),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the keyring failed");
                None
            }
            Err(error) => {
                tracing::error!(%error, "the keyring broke");
                None
            }
        }
    }
}
