//! Sessions in the database: at most one for each agent, by primary key.

use crate::store::is_conflict;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::RngCore;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, Set, entity::prelude::*};
use seatline_contract::{
    id::{AgentId, SessionId},
    secret::Secret,
    time::UnixMs,
};
use sha2::{Digest, Sha256};

pub(crate) mod entity {
    #![expect(
        unreachable_pub,
        reason = "the entity's derive makes public items of it"
    )]
    use sea_orm::entity::prelude::*;

    /// One signed-in desk.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sessions")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub agent: Uuid,
        #[sea_orm(unique)]
        pub id: Uuid,
        #[sea_orm(unique)]
        pub token: String,
        pub device: String,
        pub created: i64,
        pub expires: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A session just begun, with the only copy of its token.
pub(crate) struct Begun {
    pub(crate) id: SessionId,
    pub(crate) token: Secret,
    /// The session it took the place of, if that one had not expired.
    pub(crate) replaced: Option<SessionId>,
}

/// Begins a session. `None` if the agent has a live one and `take_over` is not set.
pub(crate) async fn begin<C: ConnectionTrait>(
    db: &C,
    agent: AgentId,
    device: &str,
    take_over: bool,
    now: UnixMs,
    expires: UnixMs,
) -> Result<Option<Begun>, DbErr> {
    let former = entity::Entity::find_by_id(agent.0)
        .one(db)
        .await?
        .filter(|former| former.expires > now.0);
    if former.is_some() && !take_over {
        return Ok(None);
    }
    entity::Entity::delete_by_id(agent.0).exec(db).await?;
    let token = new_token();
    let id = SessionId(Uuid::new_v4());
    let session = entity::ActiveModel {
        agent: Set(agent.0),
        id: Set(id.0),
        token: Set(hash_of(token.expose())),
        device: Set(device.to_owned()),
        created: Set(now.0),
        expires: Set(expires.0),
    };
    match entity::Entity::insert(session)
        .exec_without_returning(db)
        .await
    {
        Ok(_) => Ok(Some(Begun {
            id,
            token,
            replaced: former.map(|former| former.id.into()),
        })),
        Err(error) if is_conflict(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The live session of a token.
pub(crate) async fn find<C: ConnectionTrait>(
    db: &C,
    token: &str,
    now: UnixMs,
) -> Result<Option<entity::Model>, DbErr> {
    entity::Entity::find()
        .filter(entity::Column::Token.eq(hash_of(token)))
        .filter(entity::Column::Expires.gt(now.0))
        .one(db)
        .await
}

/// All sessions that have not expired.
pub(crate) async fn live<C: ConnectionTrait>(
    db: &C,
    now: UnixMs,
) -> Result<Vec<entity::Model>, DbErr> {
    entity::Entity::find()
        .filter(entity::Column::Expires.gt(now.0))
        .all(db)
        .await
}

/// Lets a session live until then.
pub(crate) async fn prolong<C: ConnectionTrait>(
    db: &C,
    session: SessionId,
    expires: UnixMs,
) -> Result<(), DbErr> {
    entity::Entity::update_many()
        .col_expr(entity::Column::Expires, Expr::value(expires.0))
        .filter(entity::Column::Id.eq(session.0))
        .exec(db)
        .await
        .map(|_| ())
}

/// All sessions whose time is up by then.
pub(crate) async fn expired<C: ConnectionTrait>(
    db: &C,
    now: UnixMs,
) -> Result<Vec<entity::Model>, DbErr> {
    entity::Entity::find()
        .filter(entity::Column::Expires.lte(now.0))
        .all(db)
        .await
}

/// Ends an agent's session; with `only`, ends just that one. True if one ended.
pub(crate) async fn end<C: ConnectionTrait>(
    db: &C,
    agent: AgentId,
    only: Option<SessionId>,
) -> Result<bool, DbErr> {
    let mut ending = entity::Entity::delete_many().filter(entity::Column::Agent.eq(agent.0));
    if let Some(session) = only {
        ending = ending.filter(entity::Column::Id.eq(session.0));
    }
    Ok(ending.exec(db).await?.rows_affected > 0)
}

fn new_token() -> Secret {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    Secret::new(URL_SAFE_NO_PAD.encode(bytes))
}

pub(crate) fn hash_of(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}
