//! Single values the centre keeps, by name.

use sea_orm::{ConnectionTrait, DbErr, EntityTrait, Set, sea_query::OnConflict};

mod entity {
    #![expect(
        unreachable_pub,
        reason = "the entity's derive makes public items of it"
    )]
    use sea_orm::entity::prelude::*;

    /// One value.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "settings")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub value: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The value of a setting.
pub(crate) async fn get<C: ConnectionTrait>(db: &C, name: &str) -> Result<Option<String>, DbErr> {
    let found = entity::Entity::find_by_id(name.to_owned()).one(db).await?;
    Ok(found.map(|setting| setting.value))
}

/// Sets a setting.
pub(crate) async fn put<C: ConnectionTrait>(db: &C, name: &str, value: &str) -> Result<(), DbErr> {
    let setting = entity::ActiveModel {
        name: Set(name.to_owned()),
        value: Set(value.to_owned()),
    };
    entity::Entity::insert(setting)
        .on_conflict(
            OnConflict::column(entity::Column::Name)
                .update_column(entity::Column::Value)
                .to_owned(),
        )
        .exec_without_returning(db)
        .await
        .map(|_| ())
}

/// Removes a setting. True if there was one, for exactly one of several callers.
pub(crate) async fn take<C: ConnectionTrait>(
    db: &C,
    name: &str,
    value: &str,
) -> Result<bool, DbErr> {
    use sea_orm::{ColumnTrait, QueryFilter};
    let removed = entity::Entity::delete_many()
        .filter(entity::Column::Name.eq(name))
        .filter(entity::Column::Value.eq(value))
        .exec(db)
        .await?;
    Ok(removed.rows_affected == 1)
}
