//! Commenting on a ticket.

use super::{create::LONGEST_TEXT, entity::comment, find::find, publish, view};
use crate::{
    App,
    http::{ApiFailure, Json, Path, field},
    identity::Signed,
};
use axum::{extract::State, http::StatusCode};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use seatline_contract::{
    error::{ApiError, Code},
    id::TicketId,
    ticket::{NewComment, Ticket},
};

/// Comments on a ticket, in any state of it. Writing the same comment again is a success.
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/comments", tag = "tickets", request_body = NewComment,
    params(("id" = TicketId, Path)),
    responses(
        (status = 201, body = Ticket),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "the id is another comment's"),
        (status = 422, body = ApiError),
    ),
)]
pub(super) async fn create_comment(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<TicketId>,
    Json(request): Json<NewComment>,
) -> Result<(StatusCode, Json<Ticket>), ApiFailure> {
    let text = field::required("text", &request.text, LONGEST_TEXT)?;
    let now = app.clock.now().0;
    let transaction = app.store.begin().await?;
    let mut model = find(&transaction, id).await?;
    let former = comment::Entity::find_by_id(request.id.0)
        .one(&transaction)
        .await?;
    match former {
        Some(former) if former.ticket == id.0 && former.text == text => {
            let ticket = view::show(&app, model).await?;
            return Ok((StatusCode::CREATED, Json(ticket)));
        }
        Some(_) => return Err(Code::Conflict.into()),
        None => {}
    }
    let row = comment::Model {
        id: request.id.0,
        ticket: id.0,
        author: signed.agent().0,
        text,
        at: now,
    };
    comment::Entity::insert(row.into_active_model().reset_all())
        .exec_without_returning(&transaction)
        .await?;
    model.updated = now.max(model.updated + 1);
    model
        .clone()
        .into_active_model()
        .reset_all()
        .update(&transaction)
        .await?;
    transaction.commit().await?;
    let concerned = [model.author.into(), signed.agent()];
    let ticket = view::show(&app, model).await?;
    publish(&app, &ticket.summary, concerned);
    Ok((StatusCode::CREATED, Json(ticket)))
}
