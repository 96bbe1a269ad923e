//! Numbers that only go up, for references people say aloud.

use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait, ExprTrait, Set, entity::prelude::*, sea_query::OnConflict,
};

mod entity {
    #![expect(
        unreachable_pub,
        reason = "the entity's derive makes public items of it"
    )]
    use sea_orm::entity::prelude::*;

    /// One counter.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "counters")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub value: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The next number of a counter; the first one is `first`. Call it inside the transaction that
/// uses the number, so that none is lost.
pub(crate) async fn next<C: ConnectionTrait>(db: &C, name: &str, first: i64) -> Result<i64, DbErr> {
    let fresh = entity::ActiveModel {
        name: Set(name.to_owned()),
        value: Set(first - 1),
    };
    entity::Entity::insert(fresh)
        .on_conflict(
            OnConflict::column(entity::Column::Name)
                .do_nothing()
                .to_owned(),
        )
        .exec_without_returning(db)
        .await?;
    entity::Entity::update_many()
        .col_expr(
            entity::Column::Value,
            Expr::col(entity::Column::Value).add(1),
        )
        .filter(entity::Column::Name.eq(name))
        .exec(db)
        .await?;
    let counter = entity::Entity::find_by_id(name.to_owned())
        .one(db)
        .await?
        .ok_or_else(|| DbErr::RecordNotFound(format!("counter {name}")))?;
    Ok(counter.value)
}
