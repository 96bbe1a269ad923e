//! Reading a recording's file and finding what is wrong with it.

use super::{CHAIN, Chain, Closing, HEAD, Header, Journal, Kind, LARGEST, MAGIC, SEAL};
use super::{digest, message};
use crate::recording::keys::{Keyring, SIGNATURE, Sealer};
use seatline_contract::{recording::Marker, time::UnixMs};
use std::{
    fs::{File, OpenOptions},
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::Path,
};
use thiserror::Error;

/// Why a file does not open as a recording.
#[derive(Debug, Error)]
pub(in crate::recording) enum OpenError {
    /// The system does not give it.
    #[error("the file cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// It is something else, or its header was cut or altered.
    #[error("the file is no recording")]
    NotARecording,
    /// Its master key is not in the key file; put the line back.
    #[error("master key {0} is not in the key file")]
    UnknownKey(String),
}

/// The first thing that is wrong with a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("entry {entry} {kind}")]
pub(in crate::recording) struct Fault {
    /// Number of the entry, counted from 0.
    pub(in crate::recording) entry: u32,
    /// What is wrong with it.
    pub(in crate::recording) kind: FaultKind,
}

/// What is wrong with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(in crate::recording) enum FaultKind {
    /// The file ends in its midst.
    #[error("is cut off")]
    Cut,
    /// It does not follow from the entries before it: something was altered, moved, added or
    /// taken out here.
    #[error("does not follow from those before it")]
    Altered,
    /// Its signature is not the centre's.
    #[error("is not signed by this centre")]
    Forged,
    /// It is missing: the file ends without a closing, or elsewhere than the database says.
    #[error("is missing")]
    Missing,
    /// Something follows the closing.
    #[error("was added after the end")]
    Added,
}

/// One entry, opened.
#[derive(Debug, Clone)]
pub(in crate::recording) struct Entry {
    pub(in crate::recording) kind: Kind,
    pub(in crate::recording) at: UnixMs,
    /// What it says, without its signature.
    pub(in crate::recording) body: Vec<u8>,
}

impl Entry {
    /// The marker it holds, if it is one.
    pub(in crate::recording) fn marker(&self) -> Option<Marker> {
        match self.kind {
            Kind::Marker => serde_json::from_slice(&self.body).ok(),
            Kind::Voice(..) | Kind::Closing => None,
        }
    }

    /// The closing it holds, if it is one.
    pub(in crate::recording) fn closing(&self) -> Option<Closing> {
        match self.kind {
            Kind::Closing => serde_json::from_slice(&self.body).ok(),
            Kind::Voice(..) | Kind::Marker => None,
        }
    }
}

/// Reads entry after entry and checks each.
pub(in crate::recording) struct Reader {
    input: BufReader<File>,
    header: Header,
    keys: Keyring,
    sealer: Sealer,
    chain: Chain,
    number: u32,
    length: u64,
    closed: bool,
}

impl Reader {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub(in crate::recording) fn open(path: &Path, keys: &Keyring) -> Result<Self, OpenError> {
        let mut input = BufReader::new(File::open(path)?);
        let mut start = [0; MAGIC.len() + 4];
        read_whole(&mut input, &mut start)?;
        let (magic, length) = start.split_at(MAGIC.len());
        let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize;
        if magic != MAGIC || length > LARGEST {
            return Err(OpenError::NotARecording);
        }
        let mut json = vec![0; length];
        read_whole(&mut input, &mut json)?;
        let header: Header = serde_json::from_slice(&json).map_err(|_| OpenError::NotARecording)?;
        let master = keys
            .find(&header.key)
            .ok_or_else(|| OpenError::UnknownKey(header.key.clone()))?;
        let sealer = master
            .open_data_key(header.recording, header.contact, &header.wrapped)
            .map_err(|_| OpenError::NotARecording)?;
        Ok(Self {
            input,
            chain: digest(&[&start, &json]),
            length: (start.len() + json.len()) as u64,
            header,
            keys: keys.clone(),
            sealer,
            number: 0,
            closed: false,
        })
    }

    pub(in crate::recording) fn header(&self) -> &Header {
        &self.header
    }

    /// The next entry; `None` at the end of the file.
    ///
    /// # Errors
    /// The first fault. What was read before it is sound.
    pub(in crate::recording) fn next(&mut self) -> Result<Option<Entry>, Fault> {
        let number = self.number;
        let fault = |kind| Fault {
            entry: number,
            kind,
        };
        let Some(entry) = self.take_entry().map_err(fault)? else {
            return Ok(None);
        };
        if self.closed {
            return Err(fault(FaultKind::Added));
        }
        let altered = || fault(FaultKind::Altered);
        let (said, chain) = entry.split_at(entry.len() - CHAIN);
        if digest(&[&self.chain, said]) != chain {
            return Err(altered());
        }
        let (head, sealed) = said.split_at(4 + HEAD);
        let kind = Kind::from_code(head[4]).ok_or_else(altered)?;
        let bytes = |at: usize| head.get(at..).and_then(|rest| rest.first_chunk());
        if bytes(5).map(|number| u32::from_le_bytes(*number)) != Some(number) {
            return Err(altered());
        }
        let at = head.last_chunk().map(|at| UnixMs(i64::from_le_bytes(*at)));
        let at = at.ok_or_else(altered)?;
        let bound_to = [&self.chain[..], head].concat();
        let mut body = self.sealer.open(&bound_to, sealed).map_err(|_| altered())?;
        if kind.is_signed() {
            let forged = || fault(FaultKind::Forged);
            let (signature, said) = body.split_at_checked(SIGNATURE).ok_or_else(forged)?;
            let message = message(&self.chain, kind, at, said);
            let master = self.keys.find(&self.header.key).ok_or_else(forged)?;
            if !master.has_signed(&message, signature) {
                return Err(forged());
            }
            body.drain(..SIGNATURE);
        }
        self.chain.copy_from_slice(chain);
        self.number += 1;
        self.length += entry.len() as u64;
        self.closed = kind == Kind::Closing;
        Ok(Some(Entry { kind, at, body }))
    }

    /// The entry's bytes from its length to its chain value.
    fn take_entry(&mut self) -> Result<Option<Vec<u8>>, FaultKind> {
        let mut entry = vec![0; 4];
        let mut got = 0;
        while got < 4 {
            match self.input.read(&mut entry[got..]) {
                Ok(0) if got == 0 => return Ok(None),
                Ok(0) => return Err(FaultKind::Cut),
                Ok(more) => got += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(FaultKind::Cut),
            }
        }
        let length = u32::from_le_bytes([entry[0], entry[1], entry[2], entry[3]]) as usize;
        if !(HEAD + SEAL + CHAIN..=LARGEST).contains(&length) {
            return Err(FaultKind::Altered);
        }
        entry.resize(4 + length, 0);
        match self.input.read_exact(&mut entry[4..]) {
            Ok(()) => Ok(Some(entry)),
            Err(_) => Err(FaultKind::Cut),
        }
    }

    /// Entries read, and the chain's latest value.
    pub(in crate::recording) fn head(&self) -> (u32, Chain) {
        (self.number, self.chain)
    }

    /// Bytes up to the end of the last sound entry.
    pub(in crate::recording) fn length(&self) -> u64 {
        self.length
    }

    /// Whether the closing was read.
    pub(in crate::recording) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Cuts off what follows the last entry read, and goes on writing there.
    ///
    /// # Errors
    /// Those of the file system.
    pub(in crate::recording) fn carry_on(self, path: &Path) -> io::Result<Journal> {
        let mut file = OpenOptions::new().write(true).open(path)?;
        file.set_len(self.length)?;
        file.seek(SeekFrom::Start(self.length))?;
        Ok(Journal {
            file,
            keys: self.keys,
            key: self.header.key,
            sealer: self.sealer,
            chain: self.chain,
            number: self.number,
            length: self.length,
            entry: Vec::new(),
        })
    }
}

fn read_whole(input: &mut impl Read, bytes: &mut [u8]) -> Result<(), OpenError> {
    input.read_exact(bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => OpenError::NotARecording,
        _ => OpenError::Unreadable(error),
    })
}
