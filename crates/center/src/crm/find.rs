//! Finding customers for the rest of the centre.

use super::entity::{customer, number};
use crate::{App, compliance::number::Number};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    entity::prelude::Uuid,
};
use seatline_contract::{id::CustomerId, secret::PhoneNumber};
use std::collections::HashMap;

/// A customer in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub id: CustomerId,
    /// Full name.
    pub name: String,
}

/// The customer who has that number; of several, the one last changed. Hidden, privacy and
/// internal numbers belong to nobody.
///
/// # Errors
/// Those of the database.
pub async fn find_by_number(app: &App, number: &Number) -> Result<Option<Found>, DbErr> {
    if !number.names_customer() {
        return Ok(None);
    }
    let owners = number::Entity::find()
        .select_only()
        .column(number::Column::Customer)
        .filter(number::Column::Number.eq(number.canonical().expose()))
        .into_tuple::<Uuid>()
        .all(app.store.db())
        .await?;
    if owners.is_empty() {
        return Ok(None);
    }
    let found = customer::Entity::find()
        .filter(customer::Column::Id.is_in(owners))
        .order_by_desc(customer::Column::Updated)
        .one(app.store.db())
        .await?;
    Ok(found.map(|customer| Found {
        id: CustomerId(customer.id),
        name: customer.name,
    }))
}

/// One of a customer's numbers, counted from 0, with whose it is.
///
/// # Errors
/// Those of the database.
pub async fn number_at(
    app: &App,
    id: CustomerId,
    index: usize,
) -> Result<Option<(PhoneNumber, Found)>, DbErr> {
    let numbers = numbers(app.store.db(), id).await?;
    let Some(number) = numbers.into_iter().nth(index) else {
        return Ok(None);
    };
    let owner = names(app.store.db(), [id.0]).await?.remove(&id.0);
    Ok(owner.map(|name| (PhoneNumber::new(number), Found { id, name })))
}

/// A customer's numbers, the main one first.
pub(super) async fn numbers<C: ConnectionTrait>(
    db: &C,
    id: CustomerId,
) -> Result<Vec<String>, DbErr> {
    number::Entity::find()
        .select_only()
        .column(number::Column::Number)
        .filter(number::Column::Customer.eq(id.0))
        .order_by_asc(number::Column::Position)
        .into_tuple()
        .all(db)
        .await
}

/// Whether there is any customer.
pub(crate) async fn any<C: ConnectionTrait>(db: &C) -> Result<bool, DbErr> {
    Ok(customer::Entity::find().one(db).await?.is_some())
}

/// Whether there is such a customer.
pub(crate) async fn exists<C: ConnectionTrait>(db: &C, id: CustomerId) -> Result<bool, DbErr> {
    Ok(!names(db, [id.0]).await?.is_empty())
}

/// Names of several customers.
pub(crate) async fn names<C: ConnectionTrait>(
    db: &C,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, String>, DbErr> {
    let ids: Vec<Uuid> = ids.into_iter().collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Uuid, String)> = customer::Entity::find()
        .select_only()
        .columns([customer::Column::Id, customer::Column::Name])
        .filter(customer::Column::Id.is_in(ids))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().collect())
}
