//! Whose outbox it is, where it lies, and how its key is found.
//!
//! The key is random. It lies in the keyring, and beside the outbox locked with the agent's login
//! and password (Argon2id), so that without a keyring, or after one was lost, the next sign-in
//! still opens what was written.

use super::{
    book::Book,
    cipher::{Key, WrappedKey},
    store::{Store, StoreError},
};
use crate::{
    board::computer_now,
    failure::{DeskCode, Failure},
    secrets::SecretStore,
    settings::replace_file,
};
use seatline_contract::secret::Secret;
use sha2::{Digest, Sha256};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// One agent at one centre.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    centre: String,
    login: String,
}

/// An outbox ready to use.
pub(crate) struct Opened {
    /// The file.
    pub(crate) store: Store,
    /// What is in it.
    pub(crate) book: Book,
    /// An older file that could not be opened, set aside under this name.
    pub(crate) aside: Option<PathBuf>,
}

impl Account {
    /// An agent at a centre; logins do not differ by case.
    pub(crate) fn new(centre: &str, login: &str) -> Self {
        Self {
            centre: centre.into(),
            login: login.trim().to_lowercase(),
        }
    }

    fn name(&self) -> String {
        let digest = Sha256::digest(format!("{}\n{}", self.centre, self.login));
        crate::connection::trust::hex(&digest[..8])
    }

    fn directory(&self, data_dir: &Path) -> PathBuf {
        data_dir.join("accounts").join(self.name())
    }

    fn secret_name(&self) -> String {
        format!("outbox-{}", self.name())
    }

    /// Opens the outbox. `None`: there is one, but its key is neither in the keyring nor can it
    /// be unlocked without a password.
    ///
    /// # Errors
    /// [`DeskCode::DiskFull`], [`DeskCode::StorageFailed`].
    pub(crate) fn open(
        &self,
        data_dir: &Path,
        secrets: &dyn SecretStore,
        password: Option<&Secret>,
    ) -> Result<Option<Opened>, Failure> {
        let directory = self.directory(data_dir);
        fs::create_dir_all(&directory).map_err(|error| storage(&directory, &error))?;
        let file = directory.join("outbox.redb");
        let existing = fs::metadata(&file).is_ok_and(|it| it.len() > 0);

        let mut keys: Vec<Key> = self.keyring_key(secrets).into_iter().collect();
        keys.extend(password.and_then(|password| self.locked_key(&directory, password)));
        if keys.is_empty() && password.is_none() {
            // A key kept nowhere would lose what it seals.
            return Ok(None);
        }
        if keys.is_empty() && !existing {
            keys.push(Key::random());
        }
        for key in keys {
            match Store::open(&file, key.clone()) {
                Ok((store, book)) => {
                    self.keep_key(&directory, secrets, &key, password)?;
                    return Ok(Some(Opened {
                        store,
                        book,
                        aside: None,
                    }));
                }
                Err(StoreError::WrongKey) => {}
                Err(StoreError::Damaged(detail)) => {
                    tracing::error!(detail, "the outbox is damaged and is set aside");
                    break;
                }
                Err(error) => return Err(Failure::from(error).about(file.display().to_string())),
            }
        }
        if password.is_none() && self.key_file_exists(&directory) {
            // The keyring's key is outdated, the password may still open the file.
            return Ok(None);
        }
        let aside = set_aside(&file).map_err(|error| storage(&file, &error))?;
        let key = Key::random();
        let (store, book) = Store::open(&file, key.clone())
            .map_err(|error| Failure::from(error).about(file.display().to_string()))?;
        self.keep_key(&directory, secrets, &key, password)?;
        Ok(Some(Opened {
            store,
            book,
            aside: Some(aside),
        }))
    }

    /// Locks the keyring's key with the password too, if it is not yet.
    ///
    /// # Errors
    /// [`DeskCode::DiskFull`], [`DeskCode::StorageFailed`].
    pub(crate) fn lock_key(
        &self,
        data_dir: &Path,
        secrets: &dyn SecretStore,
        password: &Secret,
    ) -> Result<(), Failure> {
        match self.keyring_key(secrets) {
            Some(key) => self.keep_key(&self.directory(data_dir), secrets, &key, Some(password)),
            None => Ok(()),
        }
    }

    fn keyring_key(&self, secrets: &dyn SecretStore) -> Option<Key> {
        match secrets.load(&self.secret_name()) {
            Ok(secret) => secret.as_ref().and_then(Key::from_secret),
            Err(error) => {
                tracing::warn!(%error, "the outbox's key cannot be read from the keyring");
                None
            }
        }
    }

    fn locked_key(&self, directory: &Path, password: &Secret) -> Option<Key> {
        let bytes = fs::read(key_file(directory)).ok()?;
        let wrapped: WrappedKey = serde_json::from_slice(&bytes).ok()?;
        Key::unwrap(&wrapped, &self.login, password).ok()
    }

    fn key_file_exists(&self, directory: &Path) -> bool {
        key_file(directory).exists()
    }

    /// Keeps the key in every place that can take it.
    fn keep_key(
        &self,
        directory: &Path,
        secrets: &dyn SecretStore,
        key: &Key,
        password: Option<&Secret>,
    ) -> Result<(), Failure> {
        if let Err(error) = secrets.save(&self.secret_name(), &key.to_secret()) {
            tracing::warn!(%error, "the outbox's key is not in the keyring");
        }
        let Some(password) = password else {
            return Ok(());
        };
        let locked = self.locked_key(directory, password);
        if locked.is_some_and(|it| it.to_secret() == key.to_secret()) {
            return Ok(());
        }
        let wrapped = serde_json::to_vec(&key.wrap(&self.login, password))
            .map_err(|error| Failure::new(DeskCode::Internal).detail(error.to_string()))?;
        let file = key_file(directory);
        replace_file(&file, &wrapped).map_err(|error| storage(&file, &error))
    }
}

fn key_file(directory: &Path) -> PathBuf {
    directory.join("outbox.key")
}

/// Moves a file that cannot be opened, with its locked key, out of the way.
fn set_aside(file: &Path) -> io::Result<PathBuf> {
    let suffix = format!("{}.aside", computer_now().0);
    let aside = file.with_extension(format!("redb.{suffix}"));
    fs::rename(file, &aside)?;
    let key = file.with_extension("key");
    if key.exists() {
        fs::rename(&key, file.with_extension(format!("key.{suffix}")))?;
    }
    Ok(aside)
}

/// What a failed access to a file means.
pub(crate) fn storage(path: &Path, error: &io::Error) -> Failure {
    let code = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => DeskCode::DiskFull,
        _ => DeskCode::StorageFailed,
    };
    Failure::new(code)
        .about(path.display().to_string())
        .detail(error.to_string())
}
