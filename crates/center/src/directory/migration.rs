//! Tables of the address book and of call-backs.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, boolean, pk_uuid, string, text, uuid, uuid_null},
};

pub(crate) fn migration() -> impl MigrationTrait {
    Directory
}

struct Directory;

impl MigrationName for Directory {
    fn name(&self) -> &str {
        "m0021_directory"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Directory {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let of_person = |table: &'static str, column: &'static str| {
            ForeignKey::create()
                .from(table, column)
                .to("people", "id")
                .on_delete(ForeignKeyAction::Cascade)
                .to_owned()
        };
        let book = Table::create()
            .table("address_book")
            .col(pk_uuid("id"))
            .col(uuid("owner"))
            .col(string("name"))
            .col(string("number"))
            .col(text("note"))
            .col(boolean("shared"))
            .col(text("search"))
            .col(big_integer("updated"))
            .foreign_key(&mut of_person("address_book", "owner"))
            .to_owned();
        manager.create_table(book).await?;
        let callbacks = Table::create()
            .table("callbacks")
            .col(pk_uuid("id"))
            .col(uuid("agent"))
            .col(uuid_null("customer"))
            .col(string("number"))
            .col(boolean("known"))
            .col(big_integer("at"))
            .col(text("note"))
            .col(string("state"))
            .col(big_integer("updated"))
            .foreign_key(&mut of_person("callbacks", "agent"))
            .to_owned();
        manager.create_table(callbacks).await?;
        for (name, table, column, second) in [
            ("address_book_owner", "address_book", "owner", "name"),
            ("address_book_shared", "address_book", "shared", "name"),
            ("callbacks_agent", "callbacks", "agent", "at"),
            ("callbacks_state", "callbacks", "state", "at"),
        ] {
            let index = Index::create()
                .name(name)
                .table(table)
                .col(column)
                .col(second)
                .to_owned();
            manager.create_index(index).await?;
        }
        Ok(())
    }
}
