//! Whose outbox it is, where it lies, and how its key is found.
//!
//! The key is random. It lies in the keyring, and beside the outbox locked (Argon2id) with what the
//! agent's sign-ins bring: the password, and the seal that the centre gives each of them. So without
//! a keyring, or after one was lost, the next sign-in still opens what was written, whether it is
//! with the old password, a new one, or a single sign-on.

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

/// What a sign-in brings to lock the key with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Locks {
    /// The password, where there is one.
    pub(crate) password: Option<Secret>,
    /// What the centre gives each sign-in of this person.
    pub(crate) seal: Option<Secret>,
}

impl Locks {
    /// Each with the file of the key that is locked with it.
    fn each<'a>(&'a self, directory: &Path) -> impl Iterator<Item = (PathBuf, &'a Secret)> {
        let password = self.password.as_ref().map(|it| (PASSWORD_FILE, it));
        let seal = self.seal.as_ref().map(|it| (SEAL_FILE, it));
        let directory = directory.to_owned();
        [password, seal]
            .into_iter()
            .flatten()
            .map(move |(file, lock)| (directory.join(file), lock))
    }

    fn is_empty(&self) -> bool {
        self.password.is_none() && self.seal.is_none()
    }
}

/// The key, locked with the password.
const PASSWORD_FILE: &str = "outbox.key";
/// The key, locked with the seal.
const SEAL_FILE: &str = "outbox.seal";

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
    /// be unlocked without a sign-in.
    ///
    /// # Errors
    /// [`DeskCode::DiskFull`], [`DeskCode::StorageFailed`].
    pub(crate) fn open(
        &self,
        data_dir: &Path,
        secrets: &dyn SecretStore,
        locks: &Locks,
    ) -> Result<Option<Opened>, Failure> {
        let directory = self.directory(data_dir);
        fs::create_dir_all(&directory).map_err(|error| storage(&directory, &error))?;
        let file = directory.join("outbox.redb");
        let existing = fs::metadata(&file).is_ok_and(|it| it.len() > 0);

        let mut keys: Vec<Key> = self.keyring_key(secrets).into_iter().collect();
        keys.extend(
            locks
                .each(&directory)
                .filter_map(|(file, lock)| self.locked_key(&file, lock)),
        );
        if keys.is_empty() && locks.is_empty() {
            // A key kept nowhere would lose what it seals.
            return Ok(None);
        }
        if keys.is_empty() && !existing {
            keys.push(Key::random());
        }
        for key in keys {
            match Store::open(&file, key.clone()) {
                Ok((store, book)) => {
                    self.keep_key(&directory, secrets, &key, locks)?;
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
        if locks.is_empty() && key_file_exists(&directory) {
            // The keyring's key is outdated, a sign-in may still open the file.
            return Ok(None);
        }
        let aside = set_aside(&file).map_err(|error| storage(&file, &error))?;
        let key = Key::random();
        let (store, book) = Store::open(&file, key.clone())
            .map_err(|error| Failure::from(error).about(file.display().to_string()))?;
        self.keep_key(&directory, secrets, &key, locks)?;
        Ok(Some(Opened {
            store,
            book,
            aside: Some(aside),
        }))
    }

    /// Locks the keyring's key with what a sign-in brings too, if it is not yet.
    ///
    /// # Errors
    /// [`DeskCode::DiskFull`], [`DeskCode::StorageFailed`].
    pub(crate) fn lock_key(
        &self,
        data_dir: &Path,
        secrets: &dyn SecretStore,
        locks: &Locks,
    ) -> Result<(), Failure> {
        match self.keyring_key(secrets) {
            Some(key) => self.keep_key(&self.directory(data_dir), secrets, &key, locks),
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

    fn locked_key(&self, file: &Path, lock: &Secret) -> Option<Key> {
        let bytes = fs::read(file).ok()?;
        let wrapped: WrappedKey = serde_json::from_slice(&bytes).ok()?;
        Key::unwrap(&wrapped, &self.login, lock).ok()
    }

    /// Keeps the key in every place that can take it.
    fn keep_key(
        &self,
        directory: &Path,
        secrets: &dyn SecretStore,
        key: &Key,
        locks: &Locks,
    ) -> Result<(), Failure> {
        if let Err(error) = secrets.save(&self.secret_name(), &key.to_secret()) {
            tracing::warn!(%error, "the outbox's key is not in the keyring");
        }
        for (file, lock) in locks.each(directory) {
            let locked = self.locked_key(&file, lock);
            if locked.is_some_and(|it| it.to_secret() == key.to_secret()) {
                continue;
            }
            let wrapped = serde_json::to_vec(&key.wrap(&self.login, lock))
                .map_err(|error| Failure::new(DeskCode::Internal).detail(error.to_string()))?;
            replace_file(&file, &wrapped).map_err(|error| storage(&file, &error))?;
        }
        Ok(())
    }
}

fn key_file_exists(directory: &Path) -> bool {
    [PASSWORD_FILE, SEAL_FILE]
        .iter()
        .any(|file| directory.join(file).exists())
}

/// Moves a file that cannot be opened, with its locked keys, out of the way.
fn set_aside(file: &Path) -> io::Result<PathBuf> {
    let suffix = format!("{}.aside", computer_now().0);
    let aside = file.with_extension(format!("redb.{suffix}"));
    fs::rename(file, &aside)?;
    for name in [PASSWORD_FILE, SEAL_FILE] {
        let key = file.with_file_name(name);
        if key.exists() {
            fs::rename(&key, file.with_file_name(format!("{name}.{suffix}")))?;
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::MemoryStore;

    fn locks(password: Option<&str>, seal: Option<&str>) -> Locks {
        Locks {
            password: password.map(Secret::new),
            seal: seal.map(Secret::new),
        }
    }

    #[test]
    fn any_way_of_signing_in_opens_what_another_one_wrote() {
        let folder = tempfile::tempdir().unwrap();
        let account = Account::new("https://center", "emma");
        // Each with a keyring that has forgotten everything.
        let open = |locks: &Locks| {
            let opened = account.open(folder.path(), &MemoryStore::default(), locks);
            opened.unwrap().map(|opened| opened.aside)
        };
        let (here, gone) = (Some(None), None);
        assert_eq!(open(&locks(Some("old password"), Some("seal"))), here);
        assert_eq!(open(&locks(None, Some("seal"))), here, "single sign-on");
        assert_eq!(open(&locks(Some("new password"), Some("seal"))), here);
        assert_eq!(open(&locks(Some("new password"), None)), here);
        assert_eq!(open(&locks(None, None)), gone, "nobody signs in");
        let Some(Some(_)) = open(&locks(None, Some("another"))) else {
            panic!("a stranger opens nothing");
        };
    }
}
