//! Tables of contacts and queues.

use sea_orm_migration::{
    prelude::*,
    schema::{
        big_integer, big_integer_null, boolean, pk_uuid, string, string_null, string_uniq, text,
        uuid, uuid_null,
    },
};

pub(crate) fn migration() -> impl MigrationTrait {
    Contacts
}

/// Tables of who took part, and of notes of those who handed a contact over.
pub(crate) fn legs_migration() -> impl MigrationTrait {
    Legs
}

/// How calls reach each agent, and what answers itself.
pub(crate) fn policies_migration() -> impl MigrationTrait {
    Policies
}

struct Contacts;

impl MigrationName for Contacts {
    fn name(&self) -> &str {
        "m0010_contacts"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Contacts {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let contacts = Table::create()
            .table("contacts")
            .col(pk_uuid("id"))
            .col(string("channel"))
            .col(string("direction"))
            .col(string("state"))
            .col(uuid_null("queue"))
            .col(string_null("queue_name"))
            .col(string_null("called"))
            .col(string_null("number"))
            .col(uuid_null("customer"))
            .col(string_null("customer_name"))
            .col(uuid_null("agent"))
            .col(string_null("agent_name"))
            .col(big_integer("created"))
            .col(big_integer_null("connected"))
            .col(big_integer_null("ended"))
            .col(string_null("ended_by"))
            .col(string_null("end_reason"))
            .col(big_integer_null("wrap_up_deadline"))
            .col(boolean("disposition_required"))
            .col(string_null("disposition"))
            .col(text("note"))
            .col(big_integer("version"))
            .to_owned();
        manager.create_table(contacts).await?;
        for (name, column) in [
            ("contacts_customer", "customer"),
            ("contacts_agent", "agent"),
        ] {
            let index = Index::create()
                .name(name)
                .table("contacts")
                .col(column)
                .col("created")
                .to_owned();
            manager.create_index(index).await?;
        }
        let by_state = Index::create()
            .name("contacts_state")
            .table("contacts")
            .col("state")
            .to_owned();
        manager.create_index(by_state).await?;
        let queues = Table::create()
            .table("queues")
            .col(pk_uuid("id"))
            .col(string_uniq("name"))
            .col(big_integer("ring_ms"))
            .col(big_integer_null("wrap_up_ms"))
            .col(boolean("disposition_required"))
            .to_owned();
        manager.create_table(queues).await?;
        let numbers = Table::create()
            .table("queue_numbers")
            .col(string("number").primary_key())
            .col(uuid("queue"))
            .foreign_key(
                ForeignKey::create()
                    .from("queue_numbers", "queue")
                    .to("queues", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(numbers).await?;
        let agents = Table::create()
            .table("queue_agents")
            .col(uuid("queue"))
            .col(uuid("agent"))
            .primary_key(Index::create().col("queue").col("agent"))
            .foreign_key(
                ForeignKey::create()
                    .from("queue_agents", "queue")
                    .to("queues", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .foreign_key(
                ForeignKey::create()
                    .from("queue_agents", "agent")
                    .to("people", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(agents).await
    }
}

struct Legs;

impl MigrationName for Legs {
    fn name(&self) -> &str {
        "m0060_contact_legs"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Legs {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let legs = Table::create()
            .table("contact_legs")
            .col(pk_uuid("id"))
            .col(uuid("contact"))
            .col(string("role"))
            .col(string_null("watch"))
            .col(uuid_null("agent"))
            .col(string_null("name"))
            .col(string_null("number"))
            .col(big_integer("began"))
            .col(big_integer_null("connected"))
            .col(big_integer("ended"))
            .col(string("end_kind"))
            .col(text("note"))
            .to_owned();
        manager.create_table(legs).await?;
        let by_contact = Index::create()
            .name("contact_legs_contact")
            .table("contact_legs")
            .col("contact")
            .to_owned();
        manager.create_index(by_contact).await?;
        let notes = Table::create()
            .table("contact_notes")
            .col(uuid("contact"))
            .col(uuid("agent"))
            .col(string_null("agent_name"))
            .col(string_null("disposition"))
            .col(text("note"))
            .col(big_integer("ended"))
            .primary_key(Index::create().col("contact").col("agent"))
            .to_owned();
        manager.create_table(notes).await?;
        let by_agent = Index::create()
            .name("contact_notes_agent")
            .table("contact_notes")
            .col("agent")
            .to_owned();
        manager.create_index(by_agent).await
    }
}

struct Policies;

impl MigrationName for Policies {
    fn name(&self) -> &str {
        "m0070_call_policies"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Policies {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let queues = Table::alter()
            .table("queues")
            .add_column(boolean("auto_answer").default(false))
            .to_owned();
        manager.alter_table(queues).await?;
        let policies = Table::create()
            .table("call_policies")
            .col(pk_uuid("agent"))
            .col(boolean("auto_answer"))
            .col(boolean("call_waiting"))
            .foreign_key(
                ForeignKey::create()
                    .from("call_policies", "agent")
                    .to("people", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(policies).await
    }
}
