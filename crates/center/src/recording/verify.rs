//! Whether a recording is what was written: for auditors.

use super::{
    journal::{FaultKind, OpenError, Reader},
    keys::Keyring,
    store::Model,
};
use seatline_contract::recording::Verification;
use std::path::Path;

/// Reads a whole recording, checks chain, seals and signatures, and compares with the database.
/// The first entry that is wrong is named.
///
/// # Errors
/// See [`OpenError`].
pub(super) fn verify(path: &Path, keys: &Keyring, row: &Model) -> Result<Verification, OpenError> {
    let mut reader = Reader::open(path, keys)?;
    let header = reader.header();
    if header.recording.0 != row.id || header.contact.0 != row.contact {
        return Err(OpenError::NotARecording);
    }
    let fault = loop {
        match reader.next() {
            Ok(Some(_)) => {}
            Ok(None) => break None,
            Err(fault) => break Some((fault.entry, fault.kind.to_string())),
        }
    };
    let (entries, head) = reader.head();
    let head = hex::encode(head);
    let complete = reader.is_closed() && i64::from(entries) == row.entries && head == row.head;
    let fault = fault.or_else(|| (!complete).then(|| (entries, FaultKind::Missing.to_string())));
    Ok(Verification {
        whole: fault.is_none(),
        entries,
        head,
        broken_entry: fault.as_ref().map(|(entry, _)| *entry),
        fault: fault.map(|(_, fault)| fault),
    })
}
