//! Contacts now and in the past.

use super::super::{Leg, Surroundings, centre::Centre, store};
use crate::{
    App,
    compliance::{audit, number::Number},
    http::{ApiFailure, Json, Path, Query},
    identity::Signed,
};
use axum::{extract::State, http::StatusCode};
use seatline_contract::{
    contact::{Contact, ContactFilter, ContactPage, LinkCustomer},
    error::{ApiError, Code},
    id::ContactId,
    identity::Role,
    party::PastLeg,
    time::UnixMs,
};

/// Contacts on a page.
const PAGE: u32 = 50;

/// One's own contacts, the latest first.
#[utoipa::path(
    get, path = "/api/v1/contacts", tag = "calls",
    params(
        ("before" = Option<i64>, Query, description = "only those that began before"),
        ("limit" = Option<u32>, Query, description = "how many, at most 200"),
    ),
    responses((status = 200, body = ContactPage)),
)]
pub(super) async fn list_contacts(
    State(app): State<App>,
    signed: Signed,
    Query(filter): Query<ContactFilter>,
) -> Result<Json<ContactPage>, ApiFailure> {
    let limit = u64::from(filter.limit.unwrap_or(PAGE).clamp(1, 200));
    let before = filter.before.unwrap_or(UnixMs(i64::MAX));
    let mut found =
        store::contacts_of_agent(app.store.db(), signed.agent(), before, limit + 1).await?;
    let more = found.len() as u64 > limit;
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let contacts = store::view(&app, &found, signed.person.role).await?;
    Ok(Json(ContactPage { contacts, more }))
}

/// One contact.
#[utoipa::path(
    get, path = "/api/v1/contacts/{id}", tag = "calls", params(("id" = ContactId, Path)),
    responses((status = 200, body = Contact), (status = 404, body = ApiError)),
)]
pub(super) async fn read_contact(
    State(app): State<App>,
    signed: Signed,
    Path(contact): Path<ContactId>,
) -> Result<Json<Contact>, ApiFailure> {
    Ok(Json(store::show(&app, contact, signed.person.role).await?))
}

/// Everybody who took part in a contact, in the order they came.
#[utoipa::path(
    get, path = "/api/v1/contacts/{id}/legs", tag = "calls", params(("id" = ContactId, Path)),
    responses((status = 200, body = Vec<PastLeg>), (status = 404, body = ApiError)),
)]
pub(super) async fn list_legs(
    State(app): State<App>,
    signed: Signed,
    Path(contact): Path<ContactId>,
) -> Result<Json<Vec<PastLeg>>, ApiFailure> {
    let role = signed.person.role;
    let db = app.store.db();
    store::find(db, contact).await?.ok_or(Code::NotFound)?;
    let view = |leg: Leg| PastLeg {
        number: leg.number.map(|number| {
            let number = Number::classify(number.expose());
            number.view(app.shows_numbers_to(role), app.config.language)
        }),
        role: leg.role,
        watch: leg.watch,
        name: leg.name,
        began: leg.began,
        connected: leg.connected,
        ended: Some(leg.ended),
        end: Some(leg.end),
        note: leg.note,
    };
    // Whether supervisors were there is shown to agents as it was during the call.
    let shows_watchers = role != Role::Agent || app.config.supervision.visible;
    let legs = store::legs_of(db, contact).await?.into_iter();
    let legs = legs.filter(|leg| shows_watchers || leg.watch.is_none());
    Ok(Json(legs.map(view).collect()))
}

/// Gives a contact to a customer.
#[utoipa::path(
    put, path = "/api/v1/contacts/{id}/customer", tag = "calls", request_body = LinkCustomer,
    params(("id" = ContactId, Path)),
    responses((status = 200, body = Contact), (status = 404, body = ApiError)),
)]
pub(super) async fn link_customer(
    State(app): State<App>,
    signed: Signed,
    Path(contact): Path<ContactId>,
    Json(request): Json<LinkCustomer>,
) -> Result<Json<Contact>, ApiFailure> {
    let customer = Centre(app.clone()).customer(request.customer).await;
    let customer = customer.ok_or_else(|| {
        ApiFailure::from(ApiError {
            field: Some("customer".into()),
            ..ApiError::new(Code::NotFound)
        })
    })?;
    let inner = app.calls.running()?;
    let linked = inner
        .link(&signed.person, contact, customer.clone())
        .await?;
    if let Some(contact) = linked {
        return Ok(Json(contact));
    }
    let steered = app.supervision.roster().steered_by(&signed.person);
    let whose = steered.map(|mut agents| {
        agents.push(signed.agent());
        agents
    });
    let transaction = app.store.begin().await?;
    let (name, whose) = (&customer.name, whose.as_deref());
    if !store::link(&transaction, contact, customer.id, name, whose).await? {
        return Err(Code::NotFound.into());
    }
    let (now, who) = (app.clock.now(), signed.agent());
    let (object, detail) = (format!("contact {contact}"), customer.id.to_string());
    audit::record(&transaction, now, who, "contact_linked", &object, &detail).await?;
    transaction.commit().await?;
    Ok(Json(store::show(&app, contact, signed.person.role).await?))
}

/// Ends a contact's call: one's own, or as a supervisor one that nobody has yet or an agent of
/// theirs has.
#[utoipa::path(
    post, path = "/api/v1/contacts/{id}/hang-up", tag = "calls",
    params(("id" = ContactId, Path)),
    responses(
        (status = 204),
        (status = 403, body = ApiError, description = "not of one's teams"),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "the call is over"),
    ),
)]
pub(super) async fn hang_up(
    State(app): State<App>,
    signed: Signed,
    Path(contact): Path<ContactId>,
) -> Result<StatusCode, ApiFailure> {
    let anyone = signed.person.role != Role::Agent;
    if anyone
        && let Some(agent) = app.calls.talker(contact)
        && agent != signed.agent()
    {
        app.supervision
            .roster()
            .require_steer(&signed.person, agent)?;
    }
    app.calls
        .running()?
        .hang_up(signed.agent(), contact, anyone)?;
    Ok(StatusCode::NO_CONTENT)
}
