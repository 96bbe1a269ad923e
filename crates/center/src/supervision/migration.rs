//! Tables of teams and messages, and the indexes that the day's figures and conversations are
//! found by.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, boolean, pk_uuid, string_uniq, text, uuid, uuid_null},
};

pub(crate) fn migrations() -> [Box<dyn MigrationTrait>; 3] {
    [
        Box::new(Supervision),
        Box::new(ServiceLevels),
        Box::new(Conversations),
    ]
}

struct Supervision;

impl MigrationName for Supervision {
    fn name(&self) -> &str {
        "m0020_supervision"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Supervision {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let teams = Table::create()
            .table("teams")
            .col(pk_uuid("id"))
            .col(string_uniq("name"))
            .to_owned();
        manager.create_table(teams).await?;
        let gone_with = |column: &'static str, table: &'static str| {
            ForeignKey::create()
                .from("team_members", column)
                .to(table, "id")
                .on_delete(ForeignKeyAction::Cascade)
                .to_owned()
        };
        let members = Table::create()
            .table("team_members")
            .col(uuid("team"))
            .col(uuid("person"))
            .col(boolean("leads"))
            .primary_key(Index::create().col("team").col("person").col("leads"))
            .foreign_key(&mut gone_with("team", "teams"))
            .foreign_key(&mut gone_with("person", "people"))
            .to_owned();
        manager.create_table(members).await?;
        let messages = Table::create()
            .table("messages")
            .col(pk_uuid("id"))
            .col(uuid("sender"))
            .col(uuid("recipient"))
            .col(text("text"))
            .col(uuid_null("contact"))
            .col(big_integer("at"))
            .to_owned();
        manager.create_table(messages).await?;
        let by_age = Index::create()
            .name("contacts_created")
            .table("contacts")
            .col("created")
            .to_owned();
        manager.create_index(by_age).await
    }
}

/// A table of its own, so that queues stay the business of calls.
struct ServiceLevels;

impl MigrationName for ServiceLevels {
    fn name(&self) -> &str {
        "m0022_service_levels"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for ServiceLevels {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let levels = Table::create()
            .table("service_levels")
            .col(pk_uuid("queue"))
            .col(big_integer("within_s"))
            .foreign_key(
                ForeignKey::create()
                    .from("service_levels", "queue")
                    .to("queues", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(levels).await
    }
}

/// Conversations are read from their end.
struct Conversations;

impl MigrationName for Conversations {
    fn name(&self) -> &str {
        "m0023_conversations"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Conversations {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let by_people = Index::create()
            .name("messages_between")
            .table("messages")
            .col("sender")
            .col("recipient")
            .col("at")
            .to_owned();
        manager.create_index(by_people).await
    }
}
