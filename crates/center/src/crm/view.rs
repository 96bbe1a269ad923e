//! Customers as somebody may see them.

use super::entity::{customer, number};
use crate::{App, compliance::number::Number, store::text};
use sea_orm::{DbErr, EntityTrait, QueryOrder, entity::prelude::*};
use seatline_contract::{
    customer::{Customer, NumberView},
    id::CustomerId,
    time::UnixMs,
};
use std::collections::HashMap;

/// The customers as they are shown, with numbers in full or masked.
pub(super) async fn show(
    app: &App,
    models: Vec<customer::Model>,
    in_full: bool,
) -> Result<Vec<Customer>, DbErr> {
    let mut numbers = numbers_of(app, models.iter().map(|model| model.id), in_full).await?;
    models
        .into_iter()
        .map(|model| {
            Ok(Customer {
                id: CustomerId(model.id),
                numbers: numbers.remove(&model.id).unwrap_or_default(),
                tags: text::from_json(&model.tags)?,
                reference: model.reference,
                name: model.name,
                company: model.company,
                title: model.title,
                email: model.email,
                wechat: model.wechat,
                vip: model.vip,
                note: model.note,
                created: UnixMs(model.created),
                updated: UnixMs(model.updated),
            })
        })
        .collect()
}

/// One customer as it is shown.
pub(super) async fn show_one(
    app: &App,
    model: customer::Model,
    in_full: bool,
) -> Result<Customer, DbErr> {
    show(app, vec![model], in_full)
        .await?
        .pop()
        .ok_or_else(|| DbErr::RecordNotFound("customer".into()))
}

async fn numbers_of(
    app: &App,
    customers: impl Iterator<Item = Uuid>,
    in_full: bool,
) -> Result<HashMap<Uuid, Vec<NumberView>>, DbErr> {
    let mut all: HashMap<Uuid, Vec<NumberView>> = HashMap::new();
    let rows = number::Entity::find()
        .filter(number::Column::Customer.is_in(customers))
        .order_by_asc(number::Column::Position)
        .all(app.store.db())
        .await?;
    for row in rows {
        let view = Number::classify(&row.number).view(in_full, app.config.language);
        all.entry(row.customer).or_default().push(view);
    }
    Ok(all)
}
