//! All migrations in the order they were made. One never changes after it has been released.

use sea_orm_migration::prelude::*;

pub(super) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut all: Vec<Box<dyn MigrationTrait>> = vec![
            Box::new(Base),
            Box::new(crate::identity::migration()),
            Box::new(crate::compliance::audit::migration()),
            Box::new(crate::crm::migration()),
            Box::new(crate::tickets::migration()),
            Box::new(crate::calls::migration()),
            Box::new(crate::directory::migration()),
            Box::new(crate::recording::migration()),
            Box::new(crate::recording::score_migration()),
        ];
        all.extend(crate::supervision::migrations());
        all.push(Box::new(crate::calls::legs_migration()));
        all.push(Box::new(crate::calls::policies_migration()));
        all
    }
}

/// Tables of no single subject: settings, counters, choices and writes already done.
struct Base;

impl MigrationName for Base {
    fn name(&self) -> &str {
        "m0001_base"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Base {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        use sea_orm_migration::schema::{big_integer, integer_null, string, text, text_null, uuid};
        let setting = Table::create()
            .table("settings")
            .col(string("name").primary_key())
            .col(text("value"))
            .to_owned();
        manager.create_table(setting).await?;
        let counter = Table::create()
            .table("counters")
            .col(string("name").primary_key())
            .col(big_integer("value"))
            .to_owned();
        manager.create_table(counter).await?;
        let write = Table::create()
            .table("writes")
            .col(uuid("agent"))
            .col(uuid("key"))
            .col(string("fingerprint"))
            .col(integer_null("status"))
            .col(text_null("answer"))
            .col(big_integer("at"))
            .primary_key(Index::create().col("agent").col("key"))
            .to_owned();
        manager.create_table(write).await?;
        let by_age = Index::create()
            .name("writes_at")
            .table("writes")
            .col("at")
            .to_owned();
        manager.create_index(by_age).await
    }
}
