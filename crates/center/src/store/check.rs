//! What is looked at before a database is touched.

use sea_orm::sqlx::{Connection, Row, SqliteConnection, query, sqlite::SqliteConnectOptions};
use std::{
    fs::{File, OpenOptions},
    io::Read,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// The first bytes of every SQLite file.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Why the database was not opened. The file is unchanged in every case.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another centre has it open; stop that one or give this one its own `data_dir`.
    #[error("{} is in use by another centre: stop it, or give this one its own data_dir", .0.display())]
    Locked(PathBuf),
    /// The file or its folder cannot be written; check owner and permissions.
    #[error("{} cannot be written: {detail}; check who owns the file and its folder", file.display())]
    Unwritable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        detail: String,
    },
    /// The file is not an SQLite database; nothing was changed.
    #[error("{} is not a Seatline database; it was left untouched. Move it away or name another file with `database`", .0.display())]
    NotADatabase(PathBuf),
    /// The file is damaged; restore a backup.
    #[error("{} is damaged ({detail}); it was left untouched. Restore a backup, or move it away to begin anew", file.display())]
    Corrupt {
        /// The file.
        file: PathBuf,
        /// The first fault found.
        detail: String,
    },
    /// The file is sound but could not be opened or brought up to date.
    #[error("{} cannot be used: {detail}", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// What the database says.
        detail: String,
    },
}

/// Takes the lock file beside the database, so that only one centre has it.
pub(super) fn lock(file: &Path) -> Result<File, OpenError> {
    let unwritable = |error: &dyn std::fmt::Display| OpenError::Unwritable {
        file: file.to_owned(),
        detail: error.to_string(),
    };
    if let Some(folder) = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).map_err(|error| unwritable(&error))?;
    }
    if file.exists() {
        OpenOptions::new()
            .append(true)
            .open(file)
            .map_err(|error| unwritable(&error))?;
    }
    let mut name = file.as_os_str().to_owned();
    name.push(".lock");
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name)
        .map_err(|error| unwritable(&error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => Err(OpenError::Locked(file.to_owned())),
        Err(std::fs::TryLockError::Error(error)) => Err(unwritable(&error)),
    }
}

/// Refuses a file that is not a sound database, without writing to it.
pub(super) async fn inspect(file: &Path) -> Result<(), OpenError> {
    if !has_magic(file)? {
        return Ok(());
    }
    let corrupt = |detail: String| OpenError::Corrupt {
        file: file.to_owned(),
        detail,
    };
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options)
        .await
        .map_err(|error| corrupt(error.to_string()))?;
    let verdict = query("PRAGMA quick_check(1)")
        .fetch_one(&mut connection)
        .await
        .and_then(|row| row.try_get::<String, _>(0));
    let closed = connection.close().await;
    match verdict {
        Ok(verdict) if verdict == "ok" => closed.map_err(|error| corrupt(error.to_string())),
        Ok(verdict) => Err(corrupt(verdict)),
        Err(error) => Err(corrupt(error.to_string())),
    }
}

/// True if there is a database, false if there is no file or an empty one.
fn has_magic(file: &Path) -> Result<bool, OpenError> {
    let mut opened = match File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => {
            return Err(OpenError::Unwritable {
                file: file.to_owned(),
                detail: error.to_string(),
            });
        }
    };
    let mut head = Vec::with_capacity(MAGIC.len());
    let read = opened
        .by_ref()
        .take(MAGIC.len() as u64)
        .read_to_end(&mut head);
    match read {
        Ok(0) => Ok(false),
        Ok(_) if head == MAGIC => Ok(true),
        _ => Err(OpenError::NotADatabase(file.to_owned())),
    }
}
