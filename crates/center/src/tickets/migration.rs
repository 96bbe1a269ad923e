//! Tables of tickets and their comments.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, pk_uuid, string, string_uniq, text, uuid, uuid_null},
};

pub(crate) fn migration() -> impl MigrationTrait {
    Tickets
}

struct Tickets;

impl MigrationName for Tickets {
    fn name(&self) -> &str {
        "m0005_tickets"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Tickets {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tickets = Table::create()
            .table("tickets")
            .col(pk_uuid("id"))
            .col(string_uniq("reference"))
            .col(string("subject"))
            .col(string("ticket_type"))
            .col(string("priority"))
            .col(string("state"))
            .col(text("description"))
            .col(uuid_null("customer"))
            .col(uuid_null("contact"))
            .col(uuid_null("assignee"))
            .col(uuid("author"))
            .col(text("search"))
            .col(big_integer("created"))
            .col(big_integer("updated"))
            .foreign_key(
                ForeignKey::create()
                    .from("tickets", "customer")
                    .to("customers", "id"),
            )
            .to_owned();
        manager.create_table(tickets).await?;
        for column in ["updated", "customer", "assignee", "contact"] {
            let index = Index::create()
                .name(format!("tickets_{column}"))
                .table("tickets")
                .col(column)
                .to_owned();
            manager.create_index(index).await?;
        }
        let comments = Table::create()
            .table("comments")
            .col(pk_uuid("id"))
            .col(uuid("ticket"))
            .col(uuid("author"))
            .col(text("text"))
            .col(big_integer("at"))
            .foreign_key(
                ForeignKey::create()
                    .from("comments", "ticket")
                    .to("tickets", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(comments).await?;
        let by_ticket = Index::create()
            .name("comments_ticket")
            .table("comments")
            .col("ticket")
            .to_owned();
        manager.create_index(by_ticket).await
    }
}
