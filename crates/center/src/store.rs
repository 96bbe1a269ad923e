//! The database: opening it safely, its schema, and what every subject needs of it.
//!
//! Each subject keeps its own tables in its own folder and lists its migration in
//! [`migration`]. The schema uses nothing that only SQLite has, so that the same code can run on
//! PostgreSQL.

mod check;
pub(crate) mod counter;
mod failure;
mod migration;
pub(crate) mod search;
pub(crate) mod setting;
pub(crate) mod text;

pub use check::OpenError;
pub use failure::{is_conflict, is_full};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode,
    SqlxSqliteConnector, TransactionOptions, TransactionTrait,
    sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use sea_orm_migration::MigratorTrait;
use std::{path::Path, sync::Arc, time::Duration};

/// Bytes of a database page; a MiB has 256 of them.
const PAGE_BYTES: u32 = 4096;

/// The centre's database. Clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    db: DatabaseConnection,
    lock: Arc<std::fs::File>,
}

impl Store {
    /// Opens the database file, makes it if there is none, and brings its schema up to date.
    /// The file is locked against a second centre for as long as the store lives.
    ///
    /// A file that is not a sound database is refused and left exactly as it is.
    ///
    /// # Errors
    /// See [`OpenError`]; each names the file.
    pub async fn open(file: &Path, max_mib: Option<u32>) -> Result<Self, OpenError> {
        let lock = check::lock(file)?;
        check::inspect(file).await?;
        let mut options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .page_size(PAGE_BYTES)
            .busy_timeout(Duration::from_secs(5));
        if let Some(mib) = max_mib {
            let pages = mib.saturating_mul(1024 * 1024 / PAGE_BYTES);
            options = options.pragma("max_page_count", pages.to_string());
        }
        let failed = |error: &dyn std::fmt::Display| OpenError::Unusable {
            file: file.to_owned(),
            detail: error.to_string(),
        };
        let pool = SqlitePoolOptions::new()
            .max_connections(8)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options)
            .await
            .map_err(|error| failed(&error))?;
        let db = SqlxSqliteConnector::from_sqlx_sqlite_pool(pool);
        migration::Migrator::up(&db, None)
            .await
            .map_err(|error| failed(&error))?;
        Ok(Self {
            db,
            lock: Arc::new(lock),
        })
    }

    /// The connection, for reading and for writes of a single statement.
    #[must_use]
    pub fn db(&self) -> &DatabaseConnection {
        &self.db
    }

    /// Begins a transaction that may write. On SQLite it takes the write lock at once, so that it
    /// never fails half-way because another one wrote first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        self.db
            .begin_with_options(TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..TransactionOptions::default()
            })
            .await
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn ping(&self) -> Result<(), DbErr> {
        self.db.execute_unprepared("SELECT 1").await.map(|_| ())
    }

    /// Finishes what is being written, closes the file and lets another centre have it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn close(&self) -> Result<(), DbErr> {
        self.db.clone().close().await?;
        self.lock
            .unlock()
            .map_err(|error| DbErr::Custom(format!("the lock was not released: {error}")))
    }
}
