//! Deleting what has been kept long enough.

use super::{Recordings, store, sweep};
use crate::compliance::audit;
use sea_orm::DbErr;
use seatline_contract::{
    id::{AgentId, RecordingId},
    time::UnixMs,
};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How often expired recordings are looked for; far within the day that the law gives.
const EVERY: Duration = Duration::from_secs(3_600);

/// Who acts when nobody does: the centre itself.
pub(super) const CENTRE: AgentId = AgentId(Uuid::nil());

/// Deletes what has been kept long enough, now and every hour until stopped. What that cuts off is
/// gone on with at the next start, as after a crash.
pub(crate) async fn keep_retention(recordings: Recordings, stop: CancellationToken) {
    let mut hours = tokio::time::interval(EVERY);
    while stop.run_until_cancelled(hours.tick()).await.is_some() {
        let deleted = stop.run_until_cancelled(delete_expired(&recordings));
        if let Some(Err(error)) = deleted.await {
            tracing::error!(%error, "expired recordings are still there");
        }
    }
}

/// Deletes all whose time is up; how many. One whose file can not be destroyed keeps no other from
/// being deleted, and is tried again the next time.
///
/// # Errors
/// Those of the database; the next time goes on.
pub(super) async fn delete_expired(recordings: &Recordings) -> Result<u64, DbErr> {
    let now = recordings.0.clock.now();
    let mut deleted = 0;
    for id in store::expired(recordings.0.store.db(), now).await? {
        deleted += u64::from(delete(recordings, RecordingId(id), now).await?);
    }
    Ok(deleted)
}

/// Deletes one; false if it is held since it was found, or its file can not be destroyed. From the
/// moment the row is marked nobody can hold or hear the recording any more. Its row names the file
/// until that is gone: a row without a file is deleted at the next try, a file without a row would
/// be found by nobody. Nobody waits for the disk to write: the file is destroyed in between.
async fn delete(recordings: &Recordings, id: RecordingId, now: UnixMs) -> Result<bool, DbErr> {
    let db = recordings.0.store.db();
    if !store::mark_deleted(db, id, now).await? {
        return Ok(false);
    }
    let Some(row) = store::find(db, id).await? else {
        return Ok(false);
    };
    let path = recordings.0.folder.join(&row.path);
    if let Err(error) = sweep::blocking(move || sweep::destroy(&path)).await {
        tracing::error!(recording = %id, %error, "a recording's file could not be destroyed");
        return Ok(false);
    }
    let transaction = recordings.0.store.begin().await?;
    let why = format!("class {} expired", row.class);
    let object = id.to_string();
    audit::record(&transaction, now, CENTRE, "recording.delete", &object, &why).await?;
    store::forget_file(&transaction, id).await?;
    transaction.commit().await?;
    metrics::counter!("seatline_recordings_deleted_total").increment(1);
    Ok(true)
}
