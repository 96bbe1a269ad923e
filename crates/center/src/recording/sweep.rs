//! After a crash: every file finds its row, and every row its file.
//!
//! | row | file | becomes |
//! |---|---|---|
//! | recording | whole up to somewhere | closed there, truncated |
//! | recording | closed, the row not told | as the file says |
//! | recording | none, or unreadable | truncated, nothing of it is left |
//! | none | any | moved to `quarantine`, never deleted |

use super::{
    Recordings,
    journal::{Closing, Kind, OpenError, Reader},
    keys::Keyring,
    store,
    writer::Outcome,
};
use sea_orm::DbErr;
use seatline_contract::{id::RecordingId, time::UnixMs};
use std::{
    fs,
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};
use thiserror::Error;
use uuid::Uuid;

/// Folder below the recordings' own for files that nobody knows.
const QUARANTINE: &str = "quarantine";

/// How a recording's file ends.
pub(super) const EXTENSION: &str = "rec";

/// Files looked up in the database at once.
const BATCH: usize = 500;

/// A tail longer than this is more than a crash can have cut off, and is kept for whoever asks how.
const LONGEST_TAIL: u64 = 64 * 1024;

/// Why the sweep did not get to its end.
#[derive(Debug, Error)]
pub(super) enum SweepError {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// The recordings' folder cannot be read.
    #[error("the recordings' folder cannot be read: {0}")]
    Folder(#[from] io::Error),
}

/// What a sweep found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Swept {
    /// Recordings closed that a crash had left open.
    pub(super) closed: usize,
    /// Files moved away that no row knows.
    pub(super) quarantined: usize,
}

/// Closes what an earlier run of the centre left open, and moves away what nobody knows. A file
/// made meanwhile is no trouble: its row is older than itself. A recording that cannot be closed
/// keeps no other from being closed; the next start tries it again.
///
/// # Errors
/// See [`SweepError`]; what was done stays done, and a repeat goes on.
pub(super) async fn sweep(
    recordings: &Recordings,
    leftovers: Vec<store::Model>,
) -> Result<Swept, SweepError> {
    let mut swept = Swept::default();
    let db = recordings.0.store.db();
    for row in leftovers {
        let path = recordings.0.folder.join(&row.path);
        let id = RecordingId(row.id);
        match recordings.close_row(id, UnixMs(row.started), path).await {
            Ok(_) => swept.closed += 1,
            Err(error) => {
                tracing::error!(recording = %id, %error, "a recording could not be closed");
            }
        }
    }
    let undrawn = store::undrawn(db).await?;
    let drawing = recordings.clone();
    recordings.0.tasks.spawn(async move {
        for row in undrawn {
            let path = drawing.0.folder.join(&row.path);
            drawing.draw(RecordingId(row.id), path).await;
        }
    });
    let folder = recordings.0.folder.clone();
    let files = blocking(move || find_files(&folder)).await?;
    for batch in files.chunks(BATCH) {
        let ids = batch.iter().filter_map(|file| id_of(file)).collect();
        let known = store::known(db, ids).await?;
        for file in batch {
            if id_of(file).is_none_or(|id| !known.contains(&id)) {
                tracing::error!(file = %file.display(), "a recording that no contact has");
                quarantine(&recordings.0.folder, file)?;
                swept.quarantined += 1;
            }
        }
    }
    metrics::counter!("seatline_recordings_truncated_total").increment(swept.closed as u64);
    metrics::counter!("seatline_recordings_quarantined_total").increment(swept.quarantined as u64);
    Ok(swept)
}

/// Runs what waits for the disk.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}

/// Closes a file as truncated, unless it is closed. What cannot be read has no length.
pub(super) fn close_file(path: &Path, keys: &Keyring) -> io::Result<Outcome> {
    let mut reader = match Reader::open(path, keys) {
        Ok(reader) => reader,
        Err(OpenError::Unreadable(error)) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error);
        }
        Err(error) => {
            tracing::warn!(%error, "nothing is left of a recording");
            return Ok(Outcome::default());
        }
    };
    let mut last = reader.header().started;
    let started = last;
    let mut closing = None;
    let fault = loop {
        match reader.next() {
            Ok(Some(entry)) => {
                last = last.max(entry.at);
                closing = entry.closing().or(closing);
            }
            Ok(None) => break None,
            Err(fault) => break Some(fault),
        }
    };
    if let Some(fault) = fault {
        tracing::warn!(%fault, "a recording was cut off");
    }
    let (entries, head) = reader.head();
    let mut outcome = Outcome {
        complete: closing.is_some_and(|closing| closing.complete) && fault.is_none(),
        duration_ms: closing.map_or_else(
            || u32::try_from(last.since(started)).unwrap_or(0),
            |closing| closing.duration_ms,
        ),
        bytes: reader.length(),
        entries,
        head,
        ..Outcome::default()
    };
    if reader.is_closed() {
        return Ok(outcome);
    }
    keep_tail(path, reader.length())?;
    let mut journal = reader.carry_on(path)?;
    let body = serde_json::to_vec(&Closing {
        complete: false,
        duration_ms: outcome.duration_ms,
    })?;
    journal.append(Kind::Closing, last, &body)?;
    journal.sync()?;
    (outcome.entries, outcome.head) = journal.head();
    outcome.bytes = journal.length();
    Ok(outcome)
}

fn keep_tail(path: &Path, from: u64) -> io::Result<()> {
    let mut file = fs::File::open(path)?;
    let length = file.metadata()?.len();
    if length.saturating_sub(from) <= LONGEST_TAIL {
        return Ok(());
    }
    tracing::error!(file = %path.display(), "more than a crash can cut off is unreadable; it is kept");
    file.seek(SeekFrom::Start(from))?;
    io::copy(
        &mut file,
        &mut fs::File::create(path.with_extension("tail"))?,
    )
    .map(|_| ())
}

/// All recordings' files.
fn find_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let days = match fs::read_dir(folder) {
        Ok(days) => days,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(error),
    };
    for day in days {
        let day = day?;
        if !day.file_type()?.is_dir() || day.file_name() == QUARANTINE {
            continue;
        }
        for file in fs::read_dir(day.path())? {
            let file = file?.path();
            if file
                .extension()
                .is_some_and(|extension| extension == EXTENSION)
            {
                found.push(file);
            }
        }
    }
    Ok(found)
}

fn id_of(file: &Path) -> Option<Uuid> {
    Uuid::try_parse(file.file_stem()?.to_str()?).ok()
}

fn quarantine(folder: &Path, file: &Path) -> io::Result<()> {
    let aside = folder.join(QUARANTINE);
    fs::create_dir_all(&aside)?;
    let name = file.file_name().unwrap_or(file.as_os_str());
    fs::rename(file, aside.join(name))
}

/// Overwrites a file, its wrapped key first, and removes it. One that is gone is no error.
pub(super) fn destroy(path: &Path) -> io::Result<()> {
    const PIECE: usize = 64 * 1024;
    let mut file = match fs::OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut left = file.metadata()?.len();
    let zeros = vec![0; PIECE];
    file.seek(SeekFrom::Start(0))?;
    let mut first = true;
    while left > 0 {
        let piece = left.min(PIECE as u64);
        file.write_all(&zeros[..usize::try_from(piece).unwrap_or(PIECE)])?;
        left -= piece;
        if std::mem::take(&mut first) {
            // Without its key the rest is noise, whatever the disk remembers of it.
            file.sync_all()?;
        }
    }
    file.sync_all()?;
    drop(file);
    fs::remove_file(path)?;
    match fs::remove_file(path.with_extension("tail")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
