//! The table of recordings.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, big_integer_null, boolean, pk_uuid, string, text, uuid},
};

pub(crate) fn migration() -> impl MigrationTrait {
    Recordings
}

struct Recordings;

impl MigrationName for Recordings {
    fn name(&self) -> &str {
        "m0030_recordings"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Recordings {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let recordings = Table::create()
            .table("recordings")
            .col(pk_uuid("id"))
            .col(uuid("contact"))
            .col(string("status"))
            .col(big_integer("started"))
            .col(big_integer_null("ended"))
            .col(big_integer("duration_ms"))
            .col(string("class"))
            .col(boolean("legal_hold"))
            .col(big_integer("expires"))
            .col(string("path"))
            .col(big_integer("bytes"))
            .col(big_integer("entries"))
            .col(string("head"))
            .col(boolean("sound"))
            .col(big_integer("peak_ms"))
            .col(text("customer_peaks"))
            .col(text("agent_peaks"))
            .col(text("markers"))
            .col(text("tags"))
            // Never a recording without its contact.
            .foreign_key(
                ForeignKey::create()
                    .from("recordings", "contact")
                    .to("contacts", "id")
                    .on_delete(ForeignKeyAction::Restrict),
            )
            .to_owned();
        manager.create_table(recordings).await?;
        for column in ["contact", "started", "status", "expires"] {
            let index = Index::create()
                .name(format!("recordings_{column}"))
                .table("recordings")
                .col(column)
                .to_owned();
            manager.create_index(index).await?;
        }
        Ok(())
    }
}
