//! Tickets of the past, for demonstrations and imports.

use super::{
    create::add_ticket,
    entity::{comment, ticket},
};
use crate::{App, http::ApiFailure, store::text};
use sea_orm::{ActiveModelTrait, EntityTrait, Set, entity::prelude::Uuid};
use seatline_contract::{
    id::AgentId,
    ticket::{NewTicket, TicketState},
    time::UnixMs,
};

/// A ticket with what became of it.
pub(crate) struct Past {
    pub(crate) ticket: NewTicket,
    pub(crate) author: AgentId,
    pub(crate) created: UnixMs,
    /// Where it stands now.
    pub(crate) state: TicketState,
    /// Who wrote what, and when; the oldest first.
    pub(crate) comments: Vec<(AgentId, String, UnixMs)>,
}

/// Stores it.
///
/// # Errors
/// Those of a new ticket.
pub(crate) async fn add_past(app: &App, past: Past) -> Result<(), ApiFailure> {
    let model = add_ticket(app, &past.ticket, past.author, past.created).await?;
    let updated = past.comments.last().map_or(past.created, |&(_, _, at)| at);
    let transaction = app.store.begin().await?;
    let change = ticket::ActiveModel {
        id: Set(model.id),
        state: Set(text::name_of(&past.state)?),
        updated: Set(updated.0),
        ..Default::default()
    };
    change.update(&transaction).await?;
    for (author, text, at) in past.comments {
        let row = comment::ActiveModel {
            id: Set(Uuid::new_v4()),
            ticket: Set(model.id),
            author: Set(author.0),
            text: Set(text),
            at: Set(at.0),
        };
        comment::Entity::insert(row)
            .exec_without_returning(&transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}
