//! Tickets as they are shown, with names in place of ids.

use super::entity::{comment, ticket};
use crate::{App, crm, identity::person, store::text};
use sea_orm::{DbErr, EntityTrait, QueryOrder, entity::prelude::*};
use seatline_contract::{
    id::{AgentId, CommentId, ContactId, CustomerId, TicketId},
    ticket::{Comment, Ticket, TicketSummary},
    time::UnixMs,
};

/// Tickets as a list shows them.
pub(super) async fn summarise(
    app: &App,
    models: &[ticket::Model],
) -> Result<Vec<TicketSummary>, DbErr> {
    let db = app.store.db();
    let customers = crm::names(db, models.iter().filter_map(|model| model.customer)).await?;
    let people = person::names(db, models.iter().filter_map(|model| model.assignee)).await?;
    models
        .iter()
        .map(|model| {
            Ok(TicketSummary {
                id: TicketId(model.id),
                reference: model.reference.clone(),
                subject: model.subject.clone(),
                ticket_type: model.ticket_type.clone(),
                priority: text::from_name(&model.priority)?,
                state: text::from_name(&model.state)?,
                customer: model.customer.map(CustomerId),
                customer_name: model.customer.and_then(|id| customers.get(&id).cloned()),
                assignee: model.assignee.map(AgentId),
                assignee_name: model.assignee.and_then(|id| people.get(&id).cloned()),
                created: UnixMs(model.created),
                updated: UnixMs(model.updated),
            })
        })
        .collect()
}

/// One ticket with all of its text.
pub(super) async fn show(app: &App, model: ticket::Model) -> Result<Ticket, DbErr> {
    let db = app.store.db();
    let comments = comment::Entity::find()
        .filter(comment::Column::Ticket.eq(model.id))
        .order_by_asc(comment::Column::At)
        .all(db)
        .await?;
    let authors = comments.iter().map(|comment| comment.author);
    let names = person::names(db, authors.chain([model.author])).await?;
    let name = |id: &Uuid| names.get(id).cloned().unwrap_or_default();
    let summary = summarise(app, std::slice::from_ref(&model))
        .await?
        .pop()
        .ok_or_else(|| DbErr::RecordNotFound("ticket".into()))?;
    Ok(Ticket {
        summary,
        author_name: name(&model.author),
        comments: comments
            .iter()
            .map(|comment| Comment {
                id: CommentId(comment.id),
                author_name: name(&comment.author),
                text: comment.text.clone(),
                at: UnixMs(comment.at),
            })
            .collect(),
        description: model.description,
        contact: model.contact.map(ContactId),
    })
}
