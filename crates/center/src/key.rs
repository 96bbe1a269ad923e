//! The centre's own key, from which everything it must be able to make again is derived.

use hmac::{Hmac, Mac};
use rand::RngCore;
use sha2::Sha256;
use std::{
    fs::{File, OpenOptions},
    io::{ErrorKind, Read, Write},
    path::Path,
};

const LENGTH: usize = 32;

/// A secret of this installation. It never leaves the centre and is never printed.
#[derive(Clone)]
pub struct Key([u8; LENGTH]);

impl Key {
    /// Reads the key file, or makes it (readable by its owner only).
    ///
    /// # Errors
    /// Those of the file system; a file of the wrong length is refused rather than replaced.
    pub(crate) fn open(file: &Path) -> std::io::Result<Self> {
        let mut key = [0; LENGTH];
        match File::open(file) {
            Ok(mut opened) => {
                let wrong = || {
                    std::io::Error::new(ErrorKind::InvalidData, "not a key of a Seatline centre")
                };
                opened.read_exact(&mut key).map_err(|_| wrong())?;
                if opened.read(&mut [0])? != 0 {
                    return Err(wrong());
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                rand::rng().fill_bytes(&mut key);
                let mut made = create_private(file)?;
                made.write_all(&key)?;
                made.sync_all()?;
            }
            Err(error) => return Err(error),
        }
        Ok(Self(key))
    }

    /// A key known beforehand.
    #[must_use]
    pub fn from_bytes(bytes: [u8; LENGTH]) -> Self {
        Self(bytes)
    }

    /// A value only this centre can make, as 64 hexadecimal digits. `purpose` keeps the values of
    /// different uses apart.
    #[must_use]
    pub(crate) fn derive(&self, purpose: &str, input: &[&[u8]]) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            unreachable!("HMAC takes keys of any length");
        };
        let mut absorb = |part: &[u8]| {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        };
        absorb(purpose.as_bytes());
        for part in input {
            absorb(part);
        }
        hex::encode(mac.finalize().into_bytes())
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

/// Makes a file only its owner can read; fails if it exists.
pub(crate) fn create_private(file: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_a_broken_one_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("k");
        let first = Key::open(&file).unwrap().derive("a", &[b"b"]);
        assert_eq!(Key::open(&file).unwrap().derive("a", &[b"b"]), first);
        assert_ne!(Key::open(&file).unwrap().derive("ab", &[b""]), first);
        std::fs::write(&file, b"short").unwrap();
        assert!(Key::open(&file).is_err());
        assert_eq!(std::fs::read(&file).unwrap(), b"short");
    }
}
