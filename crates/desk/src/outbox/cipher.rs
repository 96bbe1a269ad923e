//! Sealing what lies on disk, and keeping the key to it.

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{Aead, KeyInit, Payload},
};
use argon2::Argon2;
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use seatline_contract::secret::Secret;
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::Zeroizing;

/// Bytes of a nonce.
const NONCE: usize = 12;

/// What a wrapped key is bound to, so that it cannot pass for anything else.
const WRAP_CONTEXT: &[u8] = b"seatline outbox key";

/// The key to one outbox.
#[derive(Clone)]
pub(crate) struct Key(Zeroizing<[u8; 32]>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// What was sealed does not open: another key, another place, or changed bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sealed data does not open")]
pub(crate) struct Unopenable;

/// A key locked with a sign-in's password, safe to lie in a file.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WrappedKey {
    /// Salt of Argon2id, base64.
    salt: String,
    /// The sealed key, base64.
    sealed: String,
}

impl Key {
    /// A new key.
    pub(crate) fn random() -> Self {
        Self(Zeroizing::new(rand::random()))
    }

    /// The key as text, for the keyring.
    pub(crate) fn to_secret(&self) -> Secret {
        Secret::new(BASE64.encode(&self.0[..]))
    }

    /// The key from the keyring's text.
    pub(crate) fn from_secret(secret: &Secret) -> Option<Self> {
        let bytes = Zeroizing::new(BASE64.decode(secret.expose()).ok()?);
        Some(Self(Zeroizing::new(bytes.as_slice().try_into().ok()?)))
    }

    /// Seals content for one place; it opens nowhere else.
    pub(crate) fn seal(&self, content: &[u8], place: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE] = rand::random();
        let payload = Payload {
            msg: content,
            aad: place,
        };
        let sealed = Aes256Gcm::new((&*self.0).into())
            .encrypt(Nonce::from_slice(&nonce), payload)
            .expect("AES-GCM takes any content below 64 GiB");
        [nonce.as_slice(), &sealed].concat()
    }

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    /// [`Unopenable`].
    pub(crate) fn open(&self, sealed: &[u8], place: &[u8]) -> Result<Vec<u8>, Unopenable> {
        let (nonce, msg) = sealed.split_at_checked(NONCE).ok_or(Unopenable)?;
        Aes256Gcm::new((&*self.0).into())
            .decrypt(Nonce::from_slice(nonce), Payload { msg, aad: place })
            .map_err(|_| Unopenable)
    }

    /// Locks the key with a password. Takes some tens of milliseconds, on purpose.
    pub(crate) fn wrap(&self, login: &str, password: &Secret) -> WrappedKey {
        let salt: [u8; 16] = rand::random();
        let lock = Self::derive(&salt, login, password);
        WrappedKey {
            salt: BASE64.encode(salt),
            sealed: BASE64.encode(lock.seal(&self.0[..], WRAP_CONTEXT)),
        }
    }

    /// Unlocks a key.
    ///
    /// # Errors
    /// [`Unopenable`] with another login or password.
    pub(crate) fn unwrap(
        wrapped: &WrappedKey,
        login: &str,
        password: &Secret,
    ) -> Result<Self, Unopenable> {
        let salt = BASE64.decode(&wrapped.salt).map_err(|_| Unopenable)?;
        let sealed = BASE64.decode(&wrapped.sealed).map_err(|_| Unopenable)?;
        let lock = Self::derive(salt.get(..16).ok_or(Unopenable)?, login, password);
        let bytes = Zeroizing::new(lock.open(&sealed, WRAP_CONTEXT)?);
        let key = bytes.as_slice().try_into().map_err(|_| Unopenable)?;
        Ok(Self(Zeroizing::new(key)))
    }

    fn derive(salt: &[u8], login: &str, password: &Secret) -> Self {
        let known = Zeroizing::new(format!("{login}\0{}", password.expose()));
        let mut key = Zeroizing::new([0; 32]);
        Argon2::default()
            .hash_password_into(known.as_bytes(), salt, &mut *key)
            .expect("the lengths of salt and key are fixed and valid");
        Self(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_content_opens_only_with_its_key_in_its_place() {
        let key = Key::random();
        let sealed = key.seal(b"text", b"drafts/1");
        assert_eq!(key.open(&sealed, b"drafts/1").unwrap(), b"text");
        assert_eq!(key.open(&sealed, b"drafts/2"), Err(Unopenable));
        assert_eq!(Key::random().open(&sealed, b"drafts/1"), Err(Unopenable));
        let mut changed = sealed.clone();
        changed[20] ^= 1;
        assert_eq!(key.open(&changed, b"drafts/1"), Err(Unopenable));
        assert_eq!(key.open(&sealed[..5], b"drafts/1"), Err(Unopenable));
        assert!(!sealed.windows(4).any(|bytes| bytes == b"text"));
    }

    #[test]
    fn a_wrapped_key_needs_login_and_password() {
        let key = Key::random();
        let password = Secret::new("correct horse");
        let wrapped = key.wrap("emma", &password);
        let again = Key::unwrap(&wrapped, "emma", &password).unwrap();
        assert_eq!(*again.0, *key.0);
        assert!(Key::unwrap(&wrapped, "emma", &Secret::new("wrong")).is_err());
        assert!(Key::unwrap(&wrapped, "liuyang", &password).is_err());
    }

    #[test]
    fn the_keyring_text_gives_the_same_key() {
        let key = Key::random();
        let again = Key::from_secret(&key.to_secret()).unwrap();
        assert_eq!(*again.0, *key.0);
        assert!(Key::from_secret(&Secret::new("short")).is_none());
    }
}
