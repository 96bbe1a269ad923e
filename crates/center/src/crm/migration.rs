//! Tables of customers.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, boolean, integer, pk_uuid, string, string_uniq, text, uuid},
};

pub(crate) fn migration() -> impl MigrationTrait {
    Customers
}

struct Customers;

impl MigrationName for Customers {
    fn name(&self) -> &str {
        "m0004_customers"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Customers {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let customers = Table::create()
            .table("customers")
            .col(pk_uuid("id"))
            .col(string_uniq("reference"))
            .col(string("name"))
            .col(string("company"))
            .col(string("title"))
            .col(string("email"))
            .col(string("wechat"))
            .col(text("tags"))
            .col(boolean("vip"))
            .col(text("note"))
            .col(text("search"))
            .col(big_integer("created"))
            .col(big_integer("updated"))
            .to_owned();
        manager.create_table(customers).await?;
        let by_change = Index::create()
            .name("customers_updated")
            .table("customers")
            .col("updated")
            .to_owned();
        manager.create_index(by_change).await?;
        let numbers = Table::create()
            .table("customer_numbers")
            .col(uuid("customer"))
            .col(integer("position"))
            .col(string("number"))
            .primary_key(Index::create().col("customer").col("position"))
            .foreign_key(
                ForeignKey::create()
                    .from("customer_numbers", "customer")
                    .to("customers", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(numbers).await?;
        let by_number = Index::create()
            .name("customer_numbers_number")
            .table("customer_numbers")
            .col("number")
            .to_owned();
        manager.create_index(by_number).await
    }
}
