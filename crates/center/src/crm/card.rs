//! A customer with what is worth knowing when the phone rings.

use super::{entity::customer, view};
use crate::{
    App, calls,
    http::{ApiFailure, Json, Path},
    identity::Signed,
    tickets,
};
use axum::extract::State;
use sea_orm::EntityTrait;
use seatline_contract::{
    customer::CustomerCard,
    error::{ApiError, Code},
    id::CustomerId,
    identity::Role,
};

/// Open tickets and contacts on a card at most.
const RECENT: u64 = 5;

/// The card of a customer as somebody of that role may see it.
///
/// # Errors
/// [`Code::NotFound`], or those of the database.
pub async fn card(app: &App, id: CustomerId, role: Role) -> Result<CustomerCard, ApiFailure> {
    let model = customer::Entity::find_by_id(id.0)
        .one(app.store.db())
        .await?
        .ok_or(Code::NotFound)?;
    Ok(CustomerCard {
        customer: view::show_one(app, model, app.shows_numbers_to(role)).await?,
        open_tickets: tickets::open_of(app, id, RECENT).await?,
        recent_contacts: calls::contacts_of(app, id, role, RECENT).await?,
    })
}

/// A customer with open tickets and latest contacts.
#[utoipa::path(
    get, path = "/api/v1/customers/{id}", tag = "customers",
    params(("id" = CustomerId, Path)),
    responses((status = 200, body = CustomerCard), (status = 404, body = ApiError)),
)]
pub(super) async fn read_customer(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<CustomerId>,
) -> Result<Json<CustomerCard>, ApiFailure> {
    Ok(Json(card(&app, id, signed.person.role).await?))
}
