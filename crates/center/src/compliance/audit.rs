//! The record of who did what, which nobody can edit through the centre.

use sea_orm::{ConnectionTrait, DbErr, EntityTrait, Set};
use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, pk_uuid, string, text, uuid},
};
use seatline_contract::{id::AgentId, time::UnixMs};
use uuid::Uuid;

mod entity {
    #![expect(
        unreachable_pub,
        reason = "the entity's derive makes public items of it"
    )]
    use sea_orm::entity::prelude::*;

    /// One act.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub at: i64,
        pub agent: Uuid,
        pub action: String,
        pub object: String,
        pub detail: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Records an act. `object` says on what, `detail` why or from where. Call it in the act's own
/// transaction, so that neither is without the other.
pub(crate) async fn record<C: ConnectionTrait>(
    db: &C,
    at: UnixMs,
    agent: AgentId,
    action: &str,
    object: &str,
    detail: &str,
) -> Result<(), DbErr> {
    let act = entity::ActiveModel {
        id: Set(Uuid::now_v7()),
        at: Set(at.0),
        agent: Set(agent.0),
        action: Set(action.to_owned()),
        object: Set(object.to_owned()),
        detail: Set(detail.to_owned()),
    };
    entity::Entity::insert(act)
        .exec_without_returning(db)
        .await
        .map(|_| ())
}

pub(crate) fn migration() -> impl MigrationTrait {
    Audit
}

struct Audit;

impl MigrationName for Audit {
    fn name(&self) -> &str {
        "m0003_audit"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Audit {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let audit = Table::create()
            .table("audit")
            .col(pk_uuid("id"))
            .col(big_integer("at"))
            .col(uuid("agent"))
            .col(string("action"))
            .col(string("object"))
            .col(text("detail"))
            .to_owned();
        manager.create_table(audit).await?;
        let by_time = Index::create()
            .name("audit_at")
            .table("audit")
            .col("at")
            .to_owned();
        manager.create_index(by_time).await
    }
}
