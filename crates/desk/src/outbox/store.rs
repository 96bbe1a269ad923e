//! The outbox on disk: one file, every value sealed, every commit durable.

use super::{
    book::{Book, Step},
    cipher::Key,
};
use crate::failure::{DeskCode, Failure};
use redb::{Database, DatabaseError, ReadableDatabase, ReadableTable, TableDefinition};
use seatline_contract::id::{ContactId, TicketId};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};
use uuid::Uuid;

type Table = TableDefinition<'static, &'static [u8], &'static [u8]>;
const WRITES: Table = TableDefinition::new("writes");
const DRAFTS: Table = TableDefinition::new("drafts");
const NOTES: Table = TableDefinition::new("notes");
const META: Table = TableDefinition::new("meta");

/// Under this key lies a value that proves the key to be the right one.
const PROOF: &[u8] = b"proof";

/// Memory for the file's pages; an outbox is small.
const CACHE: usize = 1 << 20;

/// Why the outbox cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The disk is full. Nothing was changed; it works again once there is room.
    #[error("the disk is full")]
    Full,
    /// The file cannot be understood: set it aside.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// The file was sealed with another key: find it, or set the file aside.
    #[error("the file belongs to another key")]
    WrongKey,
    /// Another program has the file, or the disk fails. Nothing was changed.
    #[error("the file cannot be used: {0}")]
    Failed(String),
}

type Open = Box<dyn Fn() -> Result<Database, DatabaseError> + Send>;

/// One outbox file.
pub(crate) struct Store {
    open: Open,
    key: Key,
    /// Absent after a fault, until the file was opened anew.
    database: Option<Database>,
}

impl Store {
    /// Opens or makes the file and reads all of it.
    ///
    /// # Errors
    /// Every [`StoreError`].
    pub(crate) fn open(path: &Path, key: Key) -> Result<(Self, Book), StoreError> {
        let path = path.to_owned();
        Self::open_with(
            Box::new(move || Database::builder().set_cache_size(CACHE).create(&path)),
            key,
        )
    }

    fn open_with(open: Open, key: Key) -> Result<(Self, Book), StoreError> {
        let mut store = Self {
            open,
            key,
            database: None,
        };
        // A damaged file may break the library's own assumptions.
        let book = catch_unwind(AssertUnwindSafe(|| store.read()))
            .unwrap_or_else(|_| Err(StoreError::Damaged("unreadable pages".into())))?;
        Ok((store, book))
    }

    /// Makes the steps durable, all or none.
    ///
    /// # Errors
    /// [`StoreError::Full`], [`StoreError::Failed`], [`StoreError::Damaged`].
    pub(crate) fn commit(&mut self, steps: &[Step]) -> Result<(), StoreError> {
        let written = self.try_commit(steps);
        if written.is_err() {
            // After a fault the library wants its file opened anew.
            self.close();
        }
        written
    }

    /// Closing writes too, and may meet the same damage as reading.
    fn close(&mut self) {
        if let Some(database) = self.database.take()
            && catch_unwind(AssertUnwindSafe(|| drop(database))).is_err()
        {
            tracing::error!("the outbox could not be closed in order");
        }
    }

    fn try_commit(&mut self, steps: &[Step]) -> Result<(), StoreError> {
        let key = self.key.clone();
        let transaction = self.database()?.begin_write().map_err(classify)?;
        for step in steps {
            match step {
                Step::PutWrite(place, write) => {
                    put(&transaction, &key, WRITES, &place.to_be_bytes(), write)?;
                }
                Step::DropWrite(place) => remove(&transaction, WRITES, &place.to_be_bytes())?,
                Step::PutDraft(draft) => {
                    put(&transaction, &key, DRAFTS, draft.id.0.as_bytes(), draft)?;
                }
                Step::DropDraft(id) => remove(&transaction, DRAFTS, id.0.as_bytes())?,
                Step::PutNote(note) => {
                    put(&transaction, &key, NOTES, note.contact.0.as_bytes(), note)?;
                }
                Step::DropNote(contact) => remove(&transaction, NOTES, contact.0.as_bytes())?,
            }
        }
        transaction.commit().map_err(classify)
    }

    fn database(&mut self) -> Result<&Database, StoreError> {
        let database = match self.database.take() {
            Some(database) => database,
            None => (self.open)().map_err(classify)?,
        };
        Ok(self.database.insert(database))
    }

    fn read(&mut self) -> Result<Book, StoreError> {
        let key = self.key.clone();
        let database = self.database()?;
        prove(database, &key)?;
        let transaction = database.begin_read().map_err(classify)?;
        let mut book = Book::default();
        each(&transaction, &key, WRITES, |place, write| {
            let place = place.try_into().map(u64::from_be_bytes).ok()?;
            book.writes.insert(place, write);
            Some(())
        })?;
        each(&transaction, &key, DRAFTS, |id, draft| {
            book.drafts
                .insert(TicketId(Uuid::from_slice(id).ok()?), draft);
            Some(())
        })?;
        each(&transaction, &key, NOTES, |id, note| {
            book.notes
                .insert(ContactId(Uuid::from_slice(id).ok()?), note);
            Some(())
        })?;
        Ok(book)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}

/// Proves the key right, or marks a new file with it.
fn prove(database: &Database, key: &Key) -> Result<(), StoreError> {
    let transaction = database.begin_write().map_err(classify)?;
    {
        for table in [WRITES, DRAFTS, NOTES] {
            transaction.open_table(table).map_err(classify)?;
        }
        let mut meta = transaction.open_table(META).map_err(classify)?;
        let kept = meta
            .get(PROOF)
            .map_err(classify)?
            .map(|proof| proof.value().to_vec());
        match kept {
            Some(proof) => {
                key.open(&proof, PROOF).map_err(|_| StoreError::WrongKey)?;
            }
            None => {
                let proof = key.seal(PROOF, PROOF);
                meta.insert(PROOF, proof.as_slice()).map_err(classify)?;
            }
        }
    }
    transaction.commit().map_err(classify)
}

fn put(
    transaction: &redb::WriteTransaction,
    key: &Key,
    table: Table,
    id: &[u8],
    value: &impl Serialize,
) -> Result<(), StoreError> {
    let plain = serde_json::to_vec(value).map_err(|error| StoreError::Failed(error.to_string()))?;
    let sealed = key.seal(&plain, &place(table, id));
    let mut table = transaction.open_table(table).map_err(classify)?;
    table.insert(id, sealed.as_slice()).map_err(classify)?;
    Ok(())
}

fn remove(transaction: &redb::WriteTransaction, table: Table, id: &[u8]) -> Result<(), StoreError> {
    let mut table = transaction.open_table(table).map_err(classify)?;
    table.remove(id).map_err(classify)?;
    Ok(())
}

fn each<T: DeserializeOwned>(
    transaction: &redb::ReadTransaction,
    key: &Key,
    table: Table,
    mut take: impl FnMut(&[u8], T) -> Option<()>,
) -> Result<(), StoreError> {
    let rows = transaction.open_table(table).map_err(classify)?;
    for row in rows.iter().map_err(classify)? {
        let (id, sealed) = row.map_err(classify)?;
        let plain = key
            .open(sealed.value(), &place(table, id.value()))
            .map_err(|error| StoreError::Damaged(error.to_string()))?;
        let value = serde_json::from_slice(&plain)
            .map_err(|error| StoreError::Damaged(error.to_string()))?;
        take(id.value(), value).ok_or_else(|| StoreError::Damaged("a key is malformed".into()))?;
    }
    Ok(())
}

/// Where a value lies: it opens nowhere else.
fn place(table: Table, id: &[u8]) -> Vec<u8> {
    use redb::TableHandle;
    [table.name().as_bytes(), b"/", id].concat()
}

fn classify(error: impl Into<redb::Error>) -> StoreError {
    let error = error.into();
    match &error {
        redb::Error::Io(cause) => match cause.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => StoreError::Full,
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                StoreError::Damaged(error.to_string())
            }
            _ => StoreError::Failed(error.to_string()),
        },
        redb::Error::Corrupted(_)
        | redb::Error::UpgradeRequired(_)
        | redb::Error::TableTypeMismatch { .. }
        | redb::Error::TableIsMultimap(_)
        | redb::Error::RepairAborted => StoreError::Damaged(error.to_string()),
        _ => StoreError::Failed(error.to_string()),
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::Full => DeskCode::DiskFull,
            StoreError::Damaged(_) | StoreError::WrongKey | StoreError::Failed(_) => {
                DeskCode::StorageFailed
            }
        };
        Self::new(code).detail(error.to_string())
    }
}

#[cfg(test)]
pub(super) mod tests;
