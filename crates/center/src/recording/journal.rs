//! One recording as a file: what was heard and what happened, each entry sealed and chained.
//!
//! ```text
//!   file   = magic, length u32, header (JSON: whose, by which key, the wrapped data key), entry*
//!   entry  = length u32 (of what follows), kind u8, number u32, time i64 (Unix ms),
//!            nonce 12, sealed body, tag 16, chain 32
//!   chain  = SHA-256(chain before, entry up to here); the first follows the header's
//!   sealed = AES-256-GCM, bound to the chain before and to the entry's own head
//!   body   = Ogg pages of one track · signature 64 and a marker · signature 64 and the closing
//! ```
//!
//! The file is its own manifest: an entry that was altered, moved, taken out or added breaks the
//! chain at that entry; one that was made without the key does not open; and without a signed
//! closing the file is known to be cut. Numbers are little-endian. What a power failure leaves
//! half-written at the end is cut off by the sweep.

mod read;

pub(super) use read::{Entry, FaultKind, OpenError, Reader};

#[cfg(test)]
use read::Fault;

use super::keys::{Keyring, Sealer, Unopened};
use ring::digest::{Context, SHA256};
use seatline_contract::{
    id::{ContactId, RecordingId},
    recording::Side,
    time::UnixMs,
};
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io::{self, Seek, SeekFrom, Write},
    path::Path,
};

const MAGIC: &[u8; 8] = b"SEATREC\x01";

/// Bytes of a chain value.
pub(super) const CHAIN: usize = 32;

/// Bytes of kind, number and time.
const HEAD: usize = 1 + 4 + 8;

/// Largest entry: far above a second of both sides, far below what memory must bear.
const LARGEST: usize = 4 * 1024 * 1024;

/// Bytes of nonce and tag.
const SEAL: usize = 12 + 16;

/// The chain's latest value.
pub(super) type Chain = [u8; CHAIN];

/// Whose recording a file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) recording: RecordingId,
    pub(super) contact: ContactId,
    pub(super) started: UnixMs,
    /// Id of the master key.
    pub(super) key: String,
    /// The data key as the master key wrapped it.
    pub(super) wrapped: String,
}

/// What an entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Ogg pages of one track, numbered below 64, and whose side it is on.
    Voice(Side, u8),
    /// A signed [`seatline_contract::recording::Marker`].
    Marker,
    /// A signed [`Closing`]; the last entry.
    Closing,
}

impl Kind {
    fn code(self) -> u8 {
        match self {
            Self::Marker => 0,
            Self::Closing => 1,
            Self::Voice(Side::Customer, track) => 0x80 | track,
            Self::Voice(Side::Agent, track) => 0xc0 | track,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Marker),
            1 => Some(Self::Closing),
            0x80..0xc0 => Some(Self::Voice(Side::Customer, code & 0x3f)),
            0xc0.. => Some(Self::Voice(Side::Agent, code & 0x3f)),
            _ => None,
        }
    }

    fn is_signed(self) -> bool {
        match self {
            Self::Voice(..) => false,
            Self::Marker | Self::Closing => true,
        }
    }
}

/// How a recording ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Closing {
    /// False if something may be missing at the end.
    pub(super) complete: bool,
    pub(super) duration_ms: u32,
}

/// A recording's file while it is written.
pub(super) struct Journal {
    file: File,
    keys: Keyring,
    key: String,
    sealer: Sealer,
    chain: Chain,
    number: u32,
    /// Length of what is whole.
    length: u64,
    entry: Vec<u8>,
}

impl Journal {
    /// Makes the file. It must not exist.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn create(
        path: &Path,
        keys: &Keyring,
        recording: RecordingId,
        contact: ContactId,
        started: UnixMs,
    ) -> io::Result<Self> {
        let master = keys.newest();
        let (sealer, wrapped) = master
            .make_data_key(recording, contact)
            .map_err(|_| no_randomness())?;
        let header = Header {
            recording,
            contact,
            started,
            key: master.id.clone(),
            wrapped,
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = crate::key::create_private(path)?;
        let bytes = write_header(&header)?;
        let made = file.write_all(&bytes).and_then(|()| file.sync_all());
        if let Err(error) = made.and_then(|()| sync_folder(path)) {
            // What is half there would be taken for a recording; a failing removal is found by
            // the sweep.
            let _ = std::fs::remove_file(path);
            return Err(error);
        }
        Ok(Self {
            file,
            keys: keys.clone(),
            key: header.key,
            sealer,
            chain: digest(&[&bytes]),
            number: 0,
            length: bytes.len() as u64,
            entry: Vec::with_capacity(16 * 1024),
        })
    }

    /// Adds an entry. After a failure the file is as before, as far as the disk allows, and the
    /// same entry can be added again.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn append(&mut self, kind: Kind, at: UnixMs, body: &[u8]) -> io::Result<()> {
        let signed;
        let body = if kind.is_signed() {
            let message = message(&self.chain, kind, at, body);
            let master = self.keys.find(&self.key).ok_or_else(no_randomness)?;
            signed = [&master.sign(&message), body].concat();
            &signed
        } else {
            body
        };
        let length = HEAD + SEAL + body.len() + CHAIN;
        let entry = &mut self.entry;
        entry.clear();
        entry.extend_from_slice(&(length as u32).to_le_bytes());
        entry.push(kind.code());
        entry.extend_from_slice(&self.number.to_le_bytes());
        entry.extend_from_slice(&at.0.to_le_bytes());
        let bound_to = [&self.chain[..], entry].concat();
        self.sealer
            .seal(&bound_to, body, entry)
            .map_err(|_: Unopened| no_randomness())?;
        let chain = digest(&[&self.chain, entry]);
        entry.extend_from_slice(&chain);
        if let Err(error) = self.file.write_all(&self.entry) {
            // Shortening needs no space; should it fail all the same, the sweep cuts.
            let _ = self.file.set_len(self.length);
            let _ = self.file.seek(SeekFrom::Start(self.length));
            return Err(error);
        }
        self.chain = chain;
        self.number += 1;
        self.length += self.entry.len() as u64;
        Ok(())
    }

    /// Waits until what was added is on the disk.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Bytes written.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Entries written, and the chain's latest value.
    pub(super) fn head(&self) -> (u32, Chain) {
        (self.number, self.chain)
    }
}

fn write_header(header: &Header) -> io::Result<Vec<u8>> {
    let json = serde_json::to_vec(header)?;
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&(json.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&json);
    Ok(bytes)
}

/// What is signed: the entry's place as well as what it says.
fn message(chain: &Chain, kind: Kind, at: UnixMs, body: &[u8]) -> Vec<u8> {
    [&chain[..], &[kind.code()], &at.0.to_le_bytes(), body].concat()
}

fn digest(parts: &[&[u8]]) -> Chain {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut chain = [0; CHAIN];
    chain.copy_from_slice(context.finish().as_ref());
    chain
}

fn no_randomness() -> io::Error {
    io::Error::other("the system gives no random numbers")
}

/// Makes a new file's name outlive a power failure.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
