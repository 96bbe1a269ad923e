//! The master keys of recordings, which are kept outside the database.
//!
//! ```text
//!   key file ──► master key (by id) ─┬─ wraps ──► data key of one recording ──► seals its entries
//!                                    └─ signs ──► markers and the end
//! ```
//!
//! The file holds one key a line, `id` and 64 hexadecimal digits. The last one is used for new
//! recordings; the others open what was made with them, so a line is removed only when nothing
//! made with it is to be heard any more.

use crate::key::create_private;
use hmac::{Hmac, Mac};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand::{SecureRandom, SystemRandom},
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use seatline_contract::id::{ContactId, RecordingId};
use sha2::Sha256;
use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};
use thiserror::Error;
use zeroize::Zeroizing;

/// Bytes of a key.
pub(super) const KEY: usize = 32;

/// Bytes of a signature.
pub(super) const SIGNATURE: usize = 64;

/// Why the key file was refused. It is unchanged in every case.
#[derive(Debug, Error)]
pub enum KeyError {
    /// It cannot be read or made; check its path and its owner.
    #[error("the key file {} cannot be used: {source}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others than its owner can read it; `chmod 600` it, and rotate the key if they may have.
    #[error("the key file {} can be read by others than its owner: chmod 600 it", .0.display())]
    Exposed(PathBuf),
    /// A line is not an id and 64 hexadecimal digits, or an id is there twice.
    #[error("line {line} of the key file {} is not an id and 64 hexadecimal digits", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
    /// The system has no randomness to give.
    #[error("the system gives no random numbers")]
    NoRandomness,
}

/// A key that seals: with a fresh nonce each time, which is put before what it seals.
#[derive(Clone)]
pub(super) struct Sealer(Arc<LessSafeKey>);

/// Something sealed does not open: it was altered, or the key is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("what is sealed does not open with this key")]
pub(super) struct Unopened;

impl Sealer {
    pub(super) fn new(key: &[u8; KEY]) -> Self {
        let Ok(key) = UnboundKey::new(&AES_256_GCM, key) else {
            unreachable!("the key has the cipher's length");
        };
        Self(Arc::new(LessSafeKey::new(key)))
    }

    /// Appends nonce, ciphertext and tag of `body` to `out`.
    pub(super) fn seal(
        &self,
        bound_to: &[u8],
        body: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Unopened> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| Unopened)?;
        out.extend_from_slice(&nonce);
        let begin = out.len();
        out.extend_from_slice(body);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self
            .0
            .seal_in_place_separate_tag(nonce, Aad::from(bound_to), &mut out[begin..])
            .map_err(|_| Unopened)?;
        out.extend_from_slice(tag.as_ref());
        Ok(())
    }

    /// Opens what [`Sealer::seal`] made.
    pub(super) fn open(&self, bound_to: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unopened> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN).ok_or(Unopened)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unopened)?;
        let mut body = sealed.to_vec();
        let length = self
            .0
            .open_in_place(nonce, Aad::from(bound_to), &mut body)
            .map_err(|_| Unopened)?
            .len();
        body.truncate(length);
        Ok(body)
    }
}

/// One master key.
pub(super) struct MasterKey {
    pub(super) id: String,
    wrapper: Sealer,
    signer: Ed25519KeyPair,
}

impl MasterKey {
    fn new(id: &str, secret: &[u8; KEY]) -> Result<Self, KeyError> {
        let seed = derive(secret, b"sign markers");
        Ok(Self {
            id: id.to_owned(),
            wrapper: Sealer::new(&derive(secret, b"wrap data keys")),
            signer: Ed25519KeyPair::from_seed_unchecked(&*seed)
                .map_err(|_| KeyError::NoRandomness)?,
        })
    }

    /// A new data key and its wrapped form, which only opens for that recording of that contact.
    pub(super) fn make_data_key(
        &self,
        recording: RecordingId,
        contact: ContactId,
    ) -> Result<(Sealer, String), Unopened> {
        let mut key = Zeroizing::new([0; KEY]);
        SystemRandom::new().fill(&mut *key).map_err(|_| Unopened)?;
        let mut wrapped = Vec::new();
        self.wrapper
            .seal(&bind(recording, contact), &*key, &mut wrapped)?;
        Ok((Sealer::new(&key), hex::encode(wrapped)))
    }

    /// Opens a wrapped data key.
    pub(super) fn open_data_key(
        &self,
        recording: RecordingId,
        contact: ContactId,
        wrapped: &str,
    ) -> Result<Sealer, Unopened> {
        let wrapped = hex::decode(wrapped).map_err(|_| Unopened)?;
        let key = Zeroizing::new(self.wrapper.open(&bind(recording, contact), &wrapped)?);
        let key = Zeroizing::new(<[u8; KEY]>::try_from(&key[..]).map_err(|_| Unopened)?);
        Ok(Sealer::new(&key))
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE] {
        let mut signature = [0; SIGNATURE];
        signature.copy_from_slice(self.signer.sign(message).as_ref());
        signature
    }

    pub(super) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.signer.public_key())
            .verify(message, signature)
            .is_ok()
    }
}

/// All master keys. Clones share them.
#[derive(Clone)]
pub struct Keyring(Arc<Vec<MasterKey>>);

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyring({} keys)", self.0.len())
    }
}

impl Keyring {
    /// Reads the key file, or makes it with one key (readable by its owner only).
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn open(file: &Path) -> Result<Self, KeyError> {
        let unusable = |source| KeyError::Unusable {
            path: file.to_owned(),
            source,
        };
        let text = match std::fs::read_to_string(file) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let line = make_line("1")?;
                let mut made = create_private(file).map_err(unusable)?;
                made.write_all(line.as_bytes()).map_err(unusable)?;
                made.sync_all().map_err(unusable)?;
                line
            }
            Err(error) => return Err(unusable(error)),
        };
        refuse_exposed(file)?;
        Self::parse(file, &text)
    }

    fn parse(file: &Path, text: &str) -> Result<Self, KeyError> {
        let mut keys: Vec<MasterKey> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let malformed = || KeyError::Malformed {
                path: file.to_owned(),
                line: index + 1,
            };
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (id, digits) = line.split_once(' ').ok_or_else(malformed)?;
            let mut secret = Zeroizing::new([0; KEY]);
            hex::decode_to_slice(digits.trim(), &mut *secret).map_err(|_| malformed())?;
            if keys.iter().any(|key| key.id == id) {
                return Err(malformed());
            }
            keys.push(MasterKey::new(id, &secret)?);
        }
        if keys.is_empty() {
            return Err(KeyError::Malformed {
                path: file.to_owned(),
                line: 1,
            });
        }
        Ok(Self(Arc::new(keys)))
    }

    /// Adds a new key to the file, which new recordings use from the next start on. Returns its id.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn rotate(file: &Path) -> Result<String, KeyError> {
        let keys = Self::open(file)?;
        let mut number = keys.0.len() + 1;
        while keys.find(&number.to_string()).is_some() {
            number += 1;
        }
        let id = number.to_string();
        let line = make_line(&id)?;
        let append = || -> io::Result<()> {
            let mut opened = OpenOptions::new().append(true).open(file)?;
            opened.write_all(format!("\n{}", &*line).as_bytes())?;
            opened.sync_all()
        };
        append().map_err(|source| KeyError::Unusable {
            path: file.to_owned(),
            source,
        })?;
        Ok(id)
    }

    /// The key of new recordings.
    pub(super) fn newest(&self) -> &MasterKey {
        let Some(newest) = self.0.last() else {
            unreachable!("a keyring without keys is refused when it is read");
        };
        newest
    }

    pub(super) fn find(&self, id: &str) -> Option<&MasterKey> {
        self.0.iter().find(|key| key.id == id)
    }
}

fn make_line(id: &str) -> Result<Zeroizing<String>, KeyError> {
    let mut secret = Zeroizing::new([0; KEY]);
    SystemRandom::new()
        .fill(&mut *secret)
        .map_err(|_| KeyError::NoRandomness)?;
    let digits = Zeroizing::new(hex::encode(secret.as_slice()));
    Ok(Zeroizing::new(format!("{id} {}\n", &*digits)))
}

#[cfg(unix)]
fn refuse_exposed(file: &Path) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(file).map_or(0, |found| found.permissions().mode());
    if mode & 0o077 == 0 {
        Ok(())
    } else {
        Err(KeyError::Exposed(file.to_owned()))
    }
}

#[cfg(not(unix))]
fn refuse_exposed(_: &Path) -> Result<(), KeyError> {
    Ok(())
}

fn bind(recording: RecordingId, contact: ContactId) -> [u8; 32] {
    let mut bound = [0; 32];
    bound[..16].copy_from_slice(recording.0.as_bytes());
    bound[16..].copy_from_slice(contact.0.as_bytes());
    bound
}

fn derive(secret: &[u8; KEY], purpose: &[u8]) -> Zeroizing<[u8; KEY]> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        unreachable!("HMAC takes keys of any length");
    };
    mac.update(purpose);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_rotated_key_is_used_and_the_old_one_still_opens() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("recordings.keys");
        let ids = (RecordingId(Uuid::new_v4()), ContactId(Uuid::new_v4()));
        let first = Keyring::open(&file).unwrap();
        let (sealer, wrapped) = first.newest().make_data_key(ids.0, ids.1).unwrap();
        let mut sealed = Vec::new();
        sealer.seal(b"bound", b"voice", &mut sealed).unwrap();

        let id = Keyring::rotate(&file).unwrap();
        let both = Keyring::open(&file).unwrap();
        assert_eq!(both.newest().id, id);
        let old = both.find(&first.newest().id).unwrap();
        let opened = old.open_data_key(ids.0, ids.1, &wrapped).unwrap();
        assert_eq!(opened.open(b"bound", &sealed).unwrap(), b"voice");
        assert!(opened.open(b"other", &sealed).is_err());
        let newest = both.newest();
        assert!(newest.open_data_key(ids.0, ids.1, &wrapped).is_err());
        let other = RecordingId(Uuid::new_v4());
        assert!(old.open_data_key(other, ids.1, &wrapped).is_err());
        let signature = old.sign(b"said");
        assert!(old.has_signed(b"said", &signature));
        assert!(!newest.has_signed(b"said", &signature));
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("k");
        Keyring::open(&file).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Keyring::open(&file), Err(KeyError::Exposed(_))));
    }

    #[test]
    fn a_broken_line_is_named() {
        for text in ["", "1 00", "1", "# nothing\n"] {
            let refused = Keyring::parse(Path::new("k"), text);
            assert!(matches!(refused, Err(KeyError::Malformed { line: 1, .. })));
        }
    }
}
