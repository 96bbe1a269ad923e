//! Listing tickets.

use super::{entity::ticket, find::open_names, view};
use crate::{
    App,
    http::{ApiFailure, Json, Query},
    identity::Signed,
    store::search::containing,
};
use axum::extract::State;
use sea_orm::{EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, entity::prelude::*};
use seatline_contract::{
    error::ApiError,
    ticket::{TicketFilter, TicketPage},
};

/// Tickets on a page.
const PAGE: u64 = 100;
/// Longest text looked for, in characters.
const LONGEST_PHRASE: usize = 200;

/// Tickets, the latest change first.
#[utoipa::path(
    get, path = "/api/v1/tickets", tag = "tickets", params(TicketFilter),
    responses(
        (status = 200, body = TicketPage),
        (status = 422, body = ApiError, description = "`q` is longer than 200 characters"),
    ),
)]
pub(super) async fn list_tickets(
    State(app): State<App>,
    _signed: Signed,
    Query(filter): Query<TicketFilter>,
) -> Result<Json<TicketPage>, ApiFailure> {
    let mut query = ticket::Entity::find();
    match filter.open {
        Some(true) => query = query.filter(ticket::Column::State.is_in(open_names()?)),
        Some(false) => query = query.filter(ticket::Column::State.is_not_in(open_names()?)),
        None => {}
    }
    if let Some(assignee) = filter.assignee {
        query = query.filter(ticket::Column::Assignee.eq(assignee.0));
    }
    if let Some(customer) = filter.customer {
        query = query.filter(ticket::Column::Customer.eq(customer.0));
    }
    let phrase = filter.q.unwrap_or_default();
    if phrase.chars().count() > LONGEST_PHRASE {
        return Err(ApiFailure::field("q", "longer than 200 characters"));
    }
    for word in phrase.to_lowercase().split_whitespace() {
        let has_word = Expr::col(ticket::Column::Search).like(containing(word).anywhere());
        query = query.filter(has_word);
    }
    let mut models = query
        .order_by_desc(ticket::Column::Updated)
        .limit(PAGE + 1)
        .all(app.store.db())
        .await?;
    let more = models.len() as u64 > PAGE;
    models.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
    Ok(Json(TicketPage {
        tickets: view::summarise(&app, &models).await?,
        more,
    }))
}
