//! Changing a ticket.

use super::{
    create::{LONGEST_SUBJECT, LONGEST_TEXT, check_assignee},
    entity::ticket,
    find::find,
    publish,
    state::check_move,
    view,
};
use crate::{
    App,
    compliance::audit,
    http::{ApiFailure, Json, Path, field},
    identity::Signed,
    store::{search::search_text, text},
};
use axum::extract::State;
use sea_orm::{ActiveModelTrait, IntoActiveModel};
use seatline_contract::{
    error::{ApiError, Code},
    id::{AgentId, TicketId},
    ticket::{EditTicket, Ticket, TicketState},
};

/// Changes a ticket; absent fields stay. A closed ticket does not change.
#[utoipa::path(
    patch, path = "/api/v1/tickets/{id}", tag = "tickets", request_body = EditTicket,
    params(("id" = TicketId, Path)),
    responses(
        (status = 200, body = Ticket),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "its state does not allow it"),
        (status = 422, body = ApiError),
    ),
)]
pub(super) async fn edit_ticket(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<TicketId>,
    Json(request): Json<EditTicket>,
) -> Result<Json<Ticket>, ApiFailure> {
    let transaction = app.store.begin().await?;
    let former = find(&transaction, id).await?;
    let from: TicketState = text::from_name(&former.state)?;
    let to = request.state.unwrap_or(from);
    check_move(from, to).map_err(|illegal| {
        ApiFailure::from(ApiError {
            field: Some("state".into()),
            ..ApiError::new(Code::Conflict).detail(illegal.to_string())
        })
    })?;
    if from == TicketState::Closed && request != EditTicket::default() {
        return Err(ApiFailure::from(Code::Conflict).detail("a closed ticket does not change"));
    }
    let mut model = former.clone();
    model.state = text::name_of(&to)?;
    if let Some(priority) = request.priority {
        model.priority = text::name_of(&priority)?;
    }
    if let Some(assignee) = request.assignee {
        check_assignee(&transaction, assignee).await?;
        model.assignee = Some(assignee.0);
    }
    if let Some(subject) = &request.subject {
        model.subject = field::required("subject", subject, LONGEST_SUBJECT)?;
        model.search = search_text(&[&model.subject, &model.reference]);
    }
    if let Some(description) = &request.description {
        model.description = field::text("description", description, LONGEST_TEXT)?;
    }
    model.updated = app.clock.now().0.max(former.updated + 1);
    model
        .clone()
        .into_active_model()
        .reset_all()
        .update(&transaction)
        .await?;
    let changed = changes(&former, &model);
    if !changed.is_empty() {
        let (now, object) = (app.clock.now(), id.to_string());
        let (who, changed) = (signed.agent(), changed.join(", "));
        audit::record(&transaction, now, who, "ticket_changed", &object, &changed).await?;
    }
    transaction.commit().await?;
    let concerned = [former.author.into(), signed.agent()]
        .into_iter()
        .chain(former.assignee.map(AgentId));
    let ticket = view::show(&app, model).await?;
    publish(&app, &ticket.summary, concerned);
    Ok(Json(ticket))
}

/// What became of a ticket, for the record: its moves, and of texts no more than that they changed.
fn changes(former: &ticket::Model, now: &ticket::Model) -> Vec<String> {
    let mut changes = Vec::new();
    for (field, from, to) in [
        ("state", &former.state, &now.state),
        ("priority", &former.priority, &now.priority),
    ] {
        if from != to {
            changes.push(format!("{field} {from} to {to}"));
        }
    }
    if let Some(assignee) = now.assignee.filter(|_| now.assignee != former.assignee) {
        changes.push(format!("assignee {assignee}"));
    }
    for (field, from, to) in [
        ("subject", &former.subject, &now.subject),
        ("description", &former.description, &now.description),
    ] {
        if from != to {
            changes.push(field.to_owned());
        }
    }
    changes
}
