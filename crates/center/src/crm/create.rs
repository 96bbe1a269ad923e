//! Making a customer.

use super::{
    entity::{customer, number},
    fields, view,
};
use crate::{
    App, calls,
    http::{ApiFailure, Json, field},
    identity::Signed,
    store::{counter, search::search_text, text},
};
use axum::{extract::State, http::StatusCode};
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, Set};
use seatline_contract::{
    customer::{Customer, NewCustomer},
    error::{ApiError, Code},
    id::CustomerId,
    secret::PhoneNumber,
    time::UnixMs,
};

/// Makes a customer. Making the same one again is a success.
#[utoipa::path(
    post, path = "/api/v1/customers", tag = "customers", request_body = NewCustomer,
    responses(
        (status = 201, body = Customer),
        (status = 409, body = ApiError, description = "the id is another customer's"),
        (status = 422, body = ApiError),
    ),
)]
pub(super) async fn create_customer(
    State(app): State<App>,
    signed: Signed,
    Json(mut request): Json<NewCustomer>,
) -> Result<(StatusCode, Json<Customer>), ApiFailure> {
    if let Some(contact) = request.number_from {
        let number = calls::number_of(&app, contact).await.map_err(|failure| {
            if failure.error().code == Code::NotFound {
                ApiFailure::field("number_from", "no such contact")
            } else {
                failure
            }
        })?;
        // Nobody is to be kept from writing down a customer by a number that is hidden, or a
        // stand-in of the carrier's.
        let is_somebodys =
            |it: &PhoneNumber| fields::numbers("number_from", std::slice::from_ref(it)).is_ok();
        let number = number.filter(is_somebodys);
        request.numbers.splice(0..0, number);
    }
    let model = add_customer(&app, &request, app.clock.now()).await?;
    let customer = view::show_one(&app, model, signed.sees_numbers(&app)).await?;
    Ok((StatusCode::CREATED, Json(customer)))
}

/// Stores a new customer, and gives it its reference.
///
/// # Errors
/// [`Code::InvalidField`]; [`Code::Conflict`] if the id is another customer's.
pub(crate) async fn add_customer(
    app: &App,
    request: &NewCustomer,
    now: UnixMs,
) -> Result<customer::Model, ApiFailure> {
    let name = field::required("name", &request.name, 100)?;
    let company = field::text("company", &request.company, 200)?;
    let title = field::text("title", &request.title, 100)?;
    let email = fields::email(&request.email)?;
    let wechat = field::text("wechat", &request.wechat, 100)?;
    let note = field::text("note", &request.note, 4000)?;
    let tags = text::to_json(&fields::tags(&request.tags)?)?;
    let numbers = fields::numbers("numbers", &request.numbers)?;
    let transaction = app.store.begin().await?;
    let former = customer::Entity::find_by_id(request.id.0)
        .one(&transaction)
        .await?;
    if let Some(former) = former {
        let same = former.name == name
            && former.company == company
            && former.title == title
            && former.email == email
            && former.wechat == wechat
            && former.note == note;
        return if same {
            Ok(former)
        } else {
            Err(Code::Conflict.into())
        };
    }
    let reference = counter::next(&transaction, "customer", 100_001).await?;
    let reference = format!("C-{reference}");
    let model = customer::Model {
        id: request.id.0,
        search: search_text(&[&name, &company, &reference, &email, &wechat]),
        reference,
        name,
        company,
        title,
        email,
        wechat,
        tags,
        vip: request.vip,
        note,
        created: now.0,
        updated: now.0,
    };
    let row = model.clone().into_active_model().reset_all();
    customer::Entity::insert(row)
        .exec_without_returning(&transaction)
        .await?;
    append_numbers(&transaction, request.id, 0, numbers).await?;
    transaction.commit().await?;
    Ok(model)
}

/// Stores numbers after those a customer has.
pub(super) async fn append_numbers<C: ConnectionTrait>(
    db: &C,
    customer: CustomerId,
    first: usize,
    numbers: Vec<String>,
) -> Result<(), DbErr> {
    for (offset, number) in numbers.into_iter().enumerate() {
        let position =
            i32::try_from(first + offset).map_err(|_| DbErr::Type("too many numbers".into()))?;
        let row = number::ActiveModel {
            customer: Set(customer.0),
            position: Set(position),
            number: Set(number),
        };
        number::Entity::insert(row)
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}
