//! Writing a ticket.

use super::{entity::ticket, publish, view};
use crate::{
    App, catalog, crm,
    http::{ApiFailure, Json, field},
    identity::{Signed, person},
    store::{counter, search::search_text, text},
};
use axum::{extract::State, http::StatusCode};
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel};
use seatline_contract::{
    error::{ApiError, Code},
    id::AgentId,
    ticket::{NewTicket, Ticket, TicketState},
    time::UnixMs,
};

/// Longest subject, in characters.
pub(super) const LONGEST_SUBJECT: usize = 200;
/// Longest description or comment, in characters.
pub(super) const LONGEST_TEXT: usize = 20_000;

/// Writes a ticket. Writing the same one again is a success.
#[utoipa::path(
    post, path = "/api/v1/tickets", tag = "tickets", request_body = NewTicket,
    responses(
        (status = 201, body = Ticket),
        (status = 409, body = ApiError, description = "the id is another ticket's"),
        (status = 422, body = ApiError),
    ),
)]
pub(super) async fn create_ticket(
    State(app): State<App>,
    signed: Signed,
    Json(request): Json<NewTicket>,
) -> Result<(StatusCode, Json<Ticket>), ApiFailure> {
    let model = add_ticket(&app, &request, signed.agent(), app.clock.now()).await?;
    if let Some(contact) = request.contact {
        app.calls
            .ticket_written(&signed.person, contact, request.id);
    }
    let ticket = view::show(&app, model).await?;
    publish(&app, &ticket.summary, [signed.agent()]);
    Ok((StatusCode::CREATED, Json(ticket)))
}

/// Stores a new ticket, and gives it its reference.
///
/// # Errors
/// [`Code::InvalidField`]; [`Code::Conflict`] if the id is another ticket's.
pub(super) async fn add_ticket(
    app: &App,
    request: &NewTicket,
    author: AgentId,
    now: UnixMs,
) -> Result<ticket::Model, ApiFailure> {
    let subject = field::required("subject", &request.subject, LONGEST_SUBJECT)?;
    let description = field::text("description", &request.description, LONGEST_TEXT)?;
    let choices = catalog::choices(&app.store).await?;
    if !choices
        .ticket_types
        .iter()
        .any(|choice| choice.id == request.ticket_type)
    {
        return Err(ApiFailure::field("ticket_type", "not in the catalogue"));
    }
    let transaction = app.store.begin().await?;
    let former = ticket::Entity::find_by_id(request.id.0)
        .one(&transaction)
        .await?;
    if let Some(former) = former {
        let same = former.author == author.0
            && former.contact == request.contact.map(|id| id.0)
            && former.customer == request.customer.map(|id| id.0)
            && former.ticket_type == request.ticket_type
            && former.subject == subject
            && former.description == description;
        return if same {
            Ok(former)
        } else {
            Err(Code::Conflict.into())
        };
    }
    if let Some(customer) = request.customer
        && !crm::exists(&transaction, customer).await?
    {
        return Err(ApiFailure::field("customer", "no such customer"));
    }
    if let Some(assignee) = request.assignee {
        check_assignee(&transaction, assignee).await?;
    }
    let number = counter::next(&transaction, "ticket", 20_001).await?;
    let reference = format!("TK-{number}");
    let model = ticket::Model {
        id: request.id.0,
        search: search_text(&[&subject, &reference]),
        reference,
        subject,
        ticket_type: request.ticket_type.clone(),
        priority: text::name_of(&request.priority)?,
        state: text::name_of(&TicketState::Open)?,
        description,
        customer: request.customer.map(|id| id.0),
        contact: request.contact.map(|id| id.0),
        assignee: request.assignee.map(|id| id.0),
        author: author.0,
        created: now.0,
        updated: now.0,
    };
    let row = model.clone().into_active_model().reset_all();
    ticket::Entity::insert(row)
        .exec_without_returning(&transaction)
        .await?;
    transaction.commit().await?;
    metrics::counter!("seatline_tickets_total").increment(1);
    Ok(model)
}

/// Refuses to give a ticket to somebody who is not there.
pub(super) async fn check_assignee<C: ConnectionTrait>(
    db: &C,
    assignee: AgentId,
) -> Result<(), ApiFailure> {
    let found = person::find(db, assignee).await?;
    if found.is_some_and(|person| !person.disabled) {
        Ok(())
    } else {
        Err(ApiFailure::field("assignee", "no such person"))
    }
}
