//! Telling the few database failures apart that mean something to a caller.

use sea_orm::{DbErr, RuntimeErr, SqlErr, sqlx};

/// SQLite's `SQLITE_FULL`.
const SQLITE_FULL: i32 = 13;
/// PostgreSQL's `disk_full`.
const POSTGRES_FULL: &str = "53100";

/// True if the disk, or the limit set for the database, is full.
#[must_use]
pub fn is_full(error: &DbErr) -> bool {
    let (DbErr::Conn(RuntimeErr::SqlxError(inner))
    | DbErr::Exec(RuntimeErr::SqlxError(inner))
    | DbErr::Query(RuntimeErr::SqlxError(inner))) = error
    else {
        return false;
    };
    let sqlx::Error::Database(inner) = inner.as_ref() else {
        return false;
    };
    inner.code().is_some_and(|code| {
        code == POSTGRES_FULL
            || code
                .parse::<i32>()
                .is_ok_and(|extended| extended & 0xff == SQLITE_FULL)
    })
}

/// True if a row with the same unique value exists already.
#[must_use]
pub fn is_conflict(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}
