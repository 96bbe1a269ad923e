//! People in the database.

use crate::store::text;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryOrder, entity::prelude::*};
use seatline_contract::{
    id::AgentId,
    identity::{Person, Role},
};
use std::collections::HashMap;

pub(crate) mod entity {
    #![expect(
        unreachable_pub,
        reason = "the entity's derive makes public items of it"
    )]
    use sea_orm::entity::prelude::*;

    /// One person.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "people")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        #[sea_orm(unique)]
        pub login: String,
        pub name: String,
        pub role: String,
        pub password: String,
        pub disabled: bool,
        pub created: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A person as others see them.
pub(crate) fn view(model: &entity::Model) -> Result<Person, DbErr> {
    Ok(Person {
        id: AgentId(model.id),
        login: model.login.clone(),
        name: model.name.clone(),
        role: text::from_name::<Role>(&model.role)?,
    })
}

/// Everybody who is not disabled, by name.
pub(crate) async fn everybody<C: ConnectionTrait>(db: &C) -> Result<Vec<Person>, DbErr> {
    entity::Entity::find()
        .filter(entity::Column::Disabled.eq(false))
        .order_by_asc(entity::Column::Name)
        .all(db)
        .await?
        .iter()
        .map(view)
        .collect()
}

/// The person with that id, disabled or not.
pub(crate) async fn find<C: ConnectionTrait>(
    db: &C,
    id: AgentId,
) -> Result<Option<entity::Model>, DbErr> {
    entity::Entity::find_by_id(id.0).one(db).await
}

/// The person with that login, in any case.
pub(crate) async fn find_by_login<C: ConnectionTrait>(
    db: &C,
    login: &str,
) -> Result<Option<entity::Model>, DbErr> {
    entity::Entity::find()
        .filter(entity::Column::Login.eq(login.trim().to_lowercase()))
        .one(db)
        .await
}

/// Names of several people.
pub(crate) async fn names<C: ConnectionTrait>(
    db: &C,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, String>, DbErr> {
    let ids: Vec<Uuid> = ids.into_iter().collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = entity::Entity::find()
        .filter(entity::Column::Id.is_in(ids))
        .all(db)
        .await?;
    Ok(found
        .into_iter()
        .map(|person| (person.id, person.name))
        .collect())
}
