//! Tables of forms and scorecards.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, big_integer_null, boolean, pk_uuid, string, text, text_null, uuid},
};

pub(crate) fn migration() -> impl MigrationTrait {
    Scores
}

struct Scores;

impl MigrationName for Scores {
    fn name(&self) -> &str {
        "m0031_scores"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Scores {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let forms = Table::create()
            .table("score_forms")
            .col(pk_uuid("id"))
            .col(string("name"))
            .col(text("questions"))
            .col(big_integer("created"))
            .to_owned();
        manager.create_table(forms).await?;
        let cards = Table::create()
            .table("scorecards")
            .col(pk_uuid("id"))
            .col(uuid("recording"))
            .col(uuid("form"))
            .col(uuid("author"))
            .col(text("answers"))
            .col(text("comments"))
            .col(big_integer_null("percent"))
            .col(boolean("done"))
            .col(big_integer("saved"))
            .col(text_null("reply"))
            .foreign_key(
                ForeignKey::create()
                    .from("scorecards", "recording")
                    .to("recordings", "id"),
            )
            .foreign_key(
                ForeignKey::create()
                    .from("scorecards", "form")
                    .to("score_forms", "id"),
            )
            .to_owned();
        manager.create_table(cards).await?;
        // One card for each person, recording and form.
        let one_each = Index::create()
            .name("scorecards_one_each")
            .table("scorecards")
            .col("recording")
            .col("form")
            .col("author")
            .unique()
            .to_owned();
        manager.create_index(one_each).await
    }
}
