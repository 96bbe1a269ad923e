//! Deleting what has been kept long enough.

use super::{Recordings, store, sweep};
use crate::compliance::audit;
use sea_orm::DbErr;
use seatline_contract::id::{AgentId, RecordingId};
use std::io;
use thiserror::Error;
use uuid::Uuid;

/// Recordings deleted before others get a turn.
const BATCH: u64 = 100;

/// Who acts when nobody does: the centre itself.
pub(super) const CENTRE: AgentId = AgentId(Uuid::nil());

/// Why not all that was due is deleted. The next hour tries again.
#[derive(Debug, Error)]
pub(super) enum RetentionError {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// A file could not be destroyed.
    #[error("a recording's file could not be destroyed: {0}")]
    File(#[from] io::Error),
}

/// Deletes all whose time is up; how many. The row says so only once the file is gone: a row
/// without a file is deleted at the next try, a file without a row would be found by nobody. From
/// the moment the row is marked nobody can hold the recording any more.
///
/// # Errors
/// See [`RetentionError`].
pub(super) async fn delete_expired(recordings: &Recordings) -> Result<u64, RetentionError> {
    let mut deleted = 0;
    loop {
        let now = recordings.0.clock.now();
        let due = store::expired(recordings.0.store.db(), now, BATCH).await?;
        if due.is_empty() {
            return Ok(deleted);
        }
        for row in due {
            let path = recordings.0.folder.join(&row.path);
            let id = RecordingId(row.id);
            let transaction = recordings.0.store.begin().await?;
            if !store::mark_deleted(&transaction, id).await? {
                // Somebody holds it since it was found.
                continue;
            }
            sweep::blocking(move || sweep::destroy(&path)).await?;
            audit::record(
                &transaction,
                now,
                CENTRE,
                "recording.delete",
                &id.to_string(),
                &format!("class {} expired", row.class),
            )
            .await?;
            transaction.commit().await?;
            metrics::counter!("seatline_recordings_deleted_total").increment(1);
            deleted += 1;
        }
    }
}
