//! Within how many seconds the contacts of a queue shall be answered.

use super::{Supervision, entity::level};
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel};
use seatline_contract::id::QueueId;
use std::collections::HashMap;

impl Supervision {
    /// Sets it for a queue, from the next answered contact on.
    pub(crate) fn set_level(&self, queue: QueueId, within_s: u32) {
        self.figures.lock().set_within(queue, within_s);
    }
}

/// Stores it for a new queue. Call [`Supervision::set_level`] after the transaction.
///
/// # Errors
/// Those of the database.
pub(crate) async fn add_level<C: ConnectionTrait>(
    db: &C,
    queue: QueueId,
    within_s: u32,
) -> Result<(), DbErr> {
    let row = level::Model {
        queue: queue.0,
        within_s: i64::from(within_s),
    };
    level::Entity::insert(row.into_active_model().reset_all())
        .exec_without_returning(db)
        .await
        .map(|_| ())
}

/// All that are stored.
pub(super) async fn read_levels<C: ConnectionTrait>(
    db: &C,
) -> Result<HashMap<QueueId, u32>, DbErr> {
    let rows = level::Entity::find().all(db).await?;
    let level = |row: level::Model| Some((QueueId(row.queue), u32::try_from(row.within_s).ok()?));
    Ok(rows.into_iter().filter_map(level).collect())
}
