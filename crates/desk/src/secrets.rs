//! Where secrets are kept between two starts.

use crate::view::Keyring;
use keyring_core::Error as KeyringError;
use parking_lot::Mutex;
use seatline_contract::secret::Secret;
use std::collections::HashMap;

/// The service name of every entry in the system's keyring.
const SERVICE: &str = "cn.seatline.desk";

/// The longest secret every system's keyring takes, in UTF-16 code units (Windows' limit).
const LONGEST: usize = 1_280;

/// Why a secret could not be kept or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// There is no keyring, or the person did not unlock it. Offer a sign-in for this session.
    #[error("the keyring cannot be used: {0}")]
    Unavailable(String),
    /// The secret is longer than some system's keyring takes.
    #[error("the secret is longer than {LONGEST} characters")]
    TooLong,
}

/// Keeps secrets under a name. Calls may block for as long as the person takes to unlock the
/// keyring: call it from a thread that may wait.
pub trait SecretStore: Send + Sync {
    /// Which sort it is, to be shown.
    fn kind(&self) -> Keyring;

    /// The secret kept under this name, if there is one.
    ///
    /// # Errors
    /// [`SecretError::Unavailable`].
    fn load(&self, name: &str) -> Result<Option<Secret>, SecretError>;

    /// Keeps a secret. If it fails, what was kept under this name before is gone too, so that no
    /// outdated secret is used later.
    ///
    /// # Errors
    /// Every [`SecretError`].
    fn save(&self, name: &str, secret: &Secret) -> Result<(), SecretError>;

    /// Forgets a secret; it is no error if there is none.
    ///
    /// # Errors
    /// [`SecretError::Unavailable`].
    fn forget(&self, name: &str) -> Result<(), SecretError>;
}

/// The system's keyring: Credential Manager, Keychain or Secret Service.
#[derive(Debug)]
pub struct KeyringStore(());

impl KeyringStore {
    /// Opens the keyring and proves that it takes and gives secrets, by an entry `proof` that
    /// stays. Blocks while the person is asked to unlock it.
    ///
    /// # Errors
    /// [`SecretError::Unavailable`]: use a [`MemoryStore`] and say so.
    pub fn open() -> Result<Self, SecretError> {
        if let Err(error) = keyring::Entry::store_status() {
            return Err(SecretError::Unavailable(error.to_string()));
        }
        let store = Self(());
        let proof = Secret::new("seatline");
        store.save("proof", &proof)?;
        match store.load("proof")? {
            Some(kept) if kept == proof => Ok(store),
            _ => Err(SecretError::Unavailable(
                "what was kept did not come back".into(),
            )),
        }
    }
}

impl KeyringStore {
    /// Writes, reads and deletes an entry of its own, which is gone afterwards.
    ///
    /// # Errors
    /// [`SecretError::Unavailable`] when one of the three does not do what it says.
    pub fn prove(&self) -> Result<(), SecretError> {
        // Two programs may try it at once.
        let name = format!("check-{}", std::process::id());
        let proof = Secret::new("seatline");
        let kept = self.save(&name, &proof).and_then(|()| self.load(&name));
        let forgotten = self.forget(&name);
        let kept = kept?;
        forgotten?;
        let left = self.load(&name)?;
        match (kept, left) {
            (Some(kept), None) if kept == proof => Ok(()),
            _ => Err(SecretError::Unavailable(
                "what was kept did not come back, or stayed".into(),
            )),
        }
    }
}

/// Forgets every secret this program has kept in the person's keyring.
///
/// # Errors
/// [`SecretError::Unavailable`].
pub fn forget_all() -> Result<(), SecretError> {
    if let Err(error) = keyring::Entry::store_status() {
        return Err(SecretError::Unavailable(error.to_string()));
    }
    // Windows joins the name of an entry and its service's, and finds by pattern only.
    let pattern = format!("\\.{}$", SERVICE.replace('.', "\\."));
    let ours = if cfg!(windows) {
        ("pattern", pattern.as_str())
    } else {
        ("service", SERVICE)
    };
    let entries = keyring_core::Entry::search(&HashMap::from([ours]));
    for entry in entries.map_err(|error| unavailable(&error))? {
        match entry.delete_credential() {
            Ok(()) | Err(KeyringError::NoEntry) => {}
            Err(error) => return Err(unavailable(&error)),
        }
    }
    Ok(())
}

/// The system's keyring if it can be used, else memory for this session only.
#[must_use]
pub fn open_best() -> std::sync::Arc<dyn SecretStore> {
    match KeyringStore::open() {
        Ok(store) => std::sync::Arc::new(store),
        Err(error) => {
            tracing::warn!(%error, "no keyring; sign-in is kept for this session only");
            std::sync::Arc::new(MemoryStore::default())
        }
    }
}

impl SecretStore for KeyringStore {
    fn kind(&self) -> Keyring {
        Keyring::System
    }

    fn load(&self, name: &str) -> Result<Option<Secret>, SecretError> {
        match entry(name)?.get_password() {
            Ok(secret) => Ok(Some(Secret::new(secret))),
            Err(KeyringError::NoEntry) => Ok(None),
            Err(error) => Err(unavailable(&error)),
        }
    }

    fn save(&self, name: &str, secret: &Secret) -> Result<(), SecretError> {
        let kept = if secret.expose().encode_utf16().count() > LONGEST {
            Err(SecretError::TooLong)
        } else {
            entry(name)?
                .set_password(secret.expose())
                .map_err(|error| unavailable(&error))
        };
        if kept.is_err() {
            // The first error says more than a second one would.
            let _ = self.forget(name);
        }
        kept
    }

    fn forget(&self, name: &str) -> Result<(), SecretError> {
        match entry(name)?.delete_credential() {
            Ok(()) | Err(KeyringError::NoEntry) => Ok(()),
            Err(error) => Err(unavailable(&error)),
        }
    }
}

fn entry(name: &str) -> Result<keyring::Entry, SecretError> {
    keyring::Entry::new(SERVICE, name).map_err(|error| unavailable(&error))
}

fn unavailable(error: &KeyringError) -> SecretError {
    SecretError::Unavailable(error.to_string())
}

/// Keeps secrets in memory: gone when the program ends.
#[derive(Default)]
pub struct MemoryStore {
    secrets: Mutex<HashMap<String, Secret>>,
}

impl SecretStore for MemoryStore {
    fn kind(&self) -> Keyring {
        Keyring::SessionOnly
    }

    fn load(&self, name: &str) -> Result<Option<Secret>, SecretError> {
        Ok(self.secrets.lock().get(name).cloned())
    }

    fn save(&self, name: &str, secret: &Secret) -> Result<(), SecretError> {
        self.secrets.lock().insert(name.into(), secret.clone());
        Ok(())
    }

    fn forget(&self, name: &str) -> Result<(), SecretError> {
        self.secrets.lock().remove(name);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_keeps_replaces_and_forgets() {
        let store = MemoryStore::default();
        assert_eq!(store.load("a"), Ok(None));
        store.save("a", &Secret::new("1")).unwrap();
        store.save("a", &Secret::new("2")).unwrap();
        assert_eq!(store.load("a"), Ok(Some(Secret::new("2"))));
        store.forget("a").unwrap();
        store.forget("a").unwrap();
        assert_eq!(store.load("a"), Ok(None));
    }
}
