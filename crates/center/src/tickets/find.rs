//! Finding tickets, for their readers and for customers' cards.

use super::{
    entity::{comment, ticket},
    state, view,
};
use crate::{
    App,
    http::{ApiFailure, Json, Path},
    identity::{Signed, person},
    store::text,
};
use axum::extract::State;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryOrder, QuerySelect, entity::prelude::*};
use seatline_contract::{
    customer::TimelineEntry,
    error::{ApiError, Code},
    id::{ContactId, CustomerId, TicketId},
    ticket::{Ticket, TicketSummary},
    time::UnixMs,
};
use std::collections::HashMap;

/// One ticket.
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}", tag = "tickets",
    params(("id" = TicketId, Path)),
    responses((status = 200, body = Ticket), (status = 404, body = ApiError)),
)]
pub(super) async fn read_ticket(
    State(app): State<App>,
    _signed: Signed,
    Path(id): Path<TicketId>,
) -> Result<Json<Ticket>, ApiFailure> {
    let model = find(app.store.db(), id).await?;
    Ok(Json(view::show(&app, model).await?))
}

/// The stored ticket.
pub(super) async fn find<C: ConnectionTrait>(
    db: &C,
    id: TicketId,
) -> Result<ticket::Model, ApiFailure> {
    ticket::Entity::find_by_id(id.0)
        .one(db)
        .await?
        .ok_or_else(|| Code::NotFound.into())
}

/// A customer's open tickets, the latest change first.
pub(crate) async fn open_of(
    app: &App,
    customer: CustomerId,
    limit: u64,
) -> Result<Vec<TicketSummary>, DbErr> {
    let models = ticket::Entity::find()
        .filter(ticket::Column::Customer.eq(customer.0))
        .filter(ticket::Column::State.is_in(open_names()?))
        .order_by_desc(ticket::Column::Updated)
        .limit(limit)
        .all(app.store.db())
        .await?;
    view::summarise(app, &models).await
}

/// Tickets written from each of several contacts, the oldest first.
pub(crate) async fn of_contacts<C: ConnectionTrait>(
    db: &C,
    contacts: impl IntoIterator<Item = ContactId>,
) -> Result<HashMap<ContactId, Vec<TicketId>>, DbErr> {
    let contacts: Vec<Uuid> = contacts.into_iter().map(|contact| contact.0).collect();
    let mut found: HashMap<ContactId, Vec<TicketId>> = HashMap::new();
    if contacts.is_empty() {
        return Ok(found);
    }
    let rows: Vec<(Option<Uuid>, Uuid)> = ticket::Entity::find()
        .select_only()
        .columns([ticket::Column::Contact, ticket::Column::Id])
        .filter(ticket::Column::Contact.is_in(contacts))
        .order_by_asc(ticket::Column::Created)
        .into_tuple()
        .all(db)
        .await?;
    for (contact, ticket) in rows {
        if let Some(contact) = contact {
            let tickets = found.entry(ContactId(contact)).or_default();
            tickets.push(TicketId(ticket));
        }
    }
    Ok(found)
}

/// A customer's latest tickets and comments, for the timeline.
pub(crate) async fn history_of(
    app: &App,
    customer: CustomerId,
    limit: u64,
) -> Result<Vec<TimelineEntry>, DbErr> {
    let db = app.store.db();
    let models = ticket::Entity::find()
        .filter(ticket::Column::Customer.eq(customer.0))
        .order_by_desc(ticket::Column::Created)
        .limit(limit)
        .all(db)
        .await?;
    let references: HashMap<Uuid, String> = models
        .iter()
        .map(|model| (model.id, model.reference.clone()))
        .collect();
    let comments = comment::Entity::find()
        .filter(comment::Column::Ticket.is_in(references.keys().copied()))
        .order_by_desc(comment::Column::At)
        .limit(limit)
        .all(db)
        .await?;
    let names = person::names(db, comments.iter().map(|comment| comment.author)).await?;
    let mut entries: Vec<TimelineEntry> = view::summarise(app, &models)
        .await?
        .into_iter()
        .map(|ticket| TimelineEntry::Ticket { ticket })
        .collect();
    entries.extend(comments.into_iter().map(|comment| TimelineEntry::Comment {
        ticket: TicketId(comment.ticket),
        reference: references.get(&comment.ticket).cloned().unwrap_or_default(),
        author: names.get(&comment.author).cloned().unwrap_or_default(),
        text: comment.text,
        at: UnixMs(comment.at),
    }));
    Ok(entries)
}

/// Stored names of the open states.
pub(super) fn open_names() -> Result<Vec<String>, DbErr> {
    state::OPEN.iter().map(text::name_of).collect()
}
