//! Changing a customer, without undoing what somebody else changed meanwhile.

use super::{create::append_numbers, entity::customer, fields, find, view};
use crate::{
    App,
    compliance::audit,
    http::{ApiFailure, Json, Path, field},
    identity::{Signed, person},
    store::{search::search_text, text},
};
use axum::extract::State;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use seatline_contract::{
    customer::{Customer, EditCustomer},
    error::{ApiError, Code},
    event::Change,
    id::CustomerId,
};

/// Changes a customer; absent fields stay.
#[utoipa::path(
    patch, path = "/api/v1/customers/{id}", tag = "customers", request_body = EditCustomer,
    params(("id" = CustomerId, Path)),
    responses(
        (status = 200, body = Customer),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "changed meanwhile; read it again"),
        (status = 422, body = ApiError),
    ),
)]
pub(super) async fn edit_customer(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<CustomerId>,
    Json(request): Json<EditCustomer>,
) -> Result<Json<Customer>, ApiFailure> {
    // The database is written by one at a time: what can be checked before is.
    let checked = check(&request)?;
    let mut added = fields::numbers("add_numbers", &request.add_numbers)?;
    let transaction = app.store.begin().await?;
    let former = customer::Entity::find_by_id(id.0)
        .one(&transaction)
        .await?
        .ok_or(Code::NotFound)?;
    if request
        .expected
        .is_some_and(|seen| seen.0 != former.updated)
    {
        return Err(Code::Conflict.into());
    }
    let mut model = former.clone();
    for (field, value) in [
        (&mut model.name, checked.name),
        (&mut model.company, checked.company),
        (&mut model.title, checked.title),
        (&mut model.email, checked.email),
        (&mut model.wechat, checked.wechat),
        (&mut model.tags, checked.tags),
        (&mut model.note, checked.note),
    ] {
        if let Some(value) = value {
            *field = value;
        }
    }
    model.vip = request.vip.unwrap_or(model.vip);
    model.search = search_text(&[
        &model.name,
        &model.company,
        &model.reference,
        &model.email,
        &model.wechat,
    ]);
    // Later than before in any case, so that two changes in one millisecond are told apart.
    model.updated = app.clock.now().0.max(former.updated + 1);

    let held = find::numbers(&transaction, id).await?;
    added.retain(|number| !held.contains(number));
    if held.len() + added.len() > fields::MOST_NUMBERS {
        return Err(ApiFailure::field("add_numbers", "more than 20 in all"));
    }
    let number_added = !added.is_empty();
    append_numbers(&transaction, id, held.len(), added).await?;
    model
        .clone()
        .into_active_model()
        .reset_all()
        .update(&transaction)
        .await?;
    let changed = changes(&former, &model, number_added);
    if !changed.is_empty() {
        let (now, object) = (app.clock.now(), id.to_string());
        let (who, changed) = (signed.agent(), changed.join(", "));
        audit::record(
            &transaction,
            now,
            who,
            "customer_changed",
            &object,
            &changed,
        )
        .await?;
    }
    transaction.commit().await?;
    publish(&app, &model).await?;
    let customer = view::show_one(&app, model, signed.sees_numbers(&app)).await?;
    Ok(Json(customer))
}

/// Fields of a customer as they are stored; those that stay are `None`.
struct Checked {
    name: Option<String>,
    company: Option<String>,
    title: Option<String>,
    email: Option<String>,
    wechat: Option<String>,
    tags: Option<String>,
    note: Option<String>,
}

fn check(request: &EditCustomer) -> Result<Checked, ApiFailure> {
    let text = |field: &str, value: &Option<String>, longest| {
        let value = value.as_ref();
        let checked = value.map(|value| field::text(field, value, longest));
        checked.transpose()
    };
    let name = request.name.as_ref();
    let tags = request.tags.as_ref();
    Ok(Checked {
        name: name
            .map(|name| field::required("name", name, 100))
            .transpose()?,
        company: text("company", &request.company, 200)?,
        title: text("title", &request.title, 100)?,
        email: request.email.as_deref().map(fields::email).transpose()?,
        wechat: text("wechat", &request.wechat, 100)?,
        tags: tags
            .map(|tags| Ok::<_, ApiFailure>(text::to_json(&fields::tags(tags)?)?))
            .transpose()?,
        note: text("note", &request.note, 4000)?,
    })
}

/// Which fields changed, for the record. What they hold stays where it can be deleted.
fn changes(
    former: &customer::Model,
    now: &customer::Model,
    number_added: bool,
) -> Vec<&'static str> {
    let fields = [
        ("name", former.name != now.name),
        ("company", former.company != now.company),
        ("title", former.title != now.title),
        ("email", former.email != now.email),
        ("wechat", former.wechat != now.wechat),
        ("tags", former.tags != now.tags),
        ("note", former.note != now.note),
        ("vip", former.vip != now.vip),
        ("numbers", number_added),
    ];
    let changed = fields.into_iter().filter(|(_, changed)| *changed);
    changed.map(|(field, _)| field).collect()
}

/// Tells the agents who talk with the customer, each as they may see it.
async fn publish(app: &App, model: &customer::Model) -> Result<(), ApiFailure> {
    for agent in app.calls.agents_with(CustomerId(model.id)) {
        let Some(person) = person::find(app.store.db(), agent).await? else {
            continue;
        };
        let in_full = app.shows_numbers_to(person::view(&person)?.role);
        let customer = view::show_one(app, model.clone(), in_full).await?;
        app.hub.publish(agent, Change::Customer { customer });
    }
    Ok(())
}
