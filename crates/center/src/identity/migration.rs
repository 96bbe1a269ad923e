//! Tables of people and sessions.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, boolean, pk_uuid, string, string_uniq, uuid, uuid_uniq},
};

pub(crate) fn migration() -> impl MigrationTrait {
    Identity
}

struct Identity;

impl MigrationName for Identity {
    fn name(&self) -> &str {
        "m0002_identity"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Identity {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let people = Table::create()
            .table("people")
            .col(pk_uuid("id"))
            .col(string_uniq("login"))
            .col(string("name"))
            .col(string("role"))
            .col(string("password"))
            .col(boolean("disabled"))
            .col(big_integer("created"))
            .to_owned();
        manager.create_table(people).await?;
        let sessions = Table::create()
            .table("sessions")
            .col(uuid("agent").primary_key())
            .col(uuid_uniq("id"))
            .col(string_uniq("token"))
            .col(string("device"))
            .col(big_integer("created"))
            .col(big_integer("expires"))
            .foreign_key(
                ForeignKey::create()
                    .from("sessions", "agent")
                    .to("people", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(sessions).await
    }
}
