//! People: added by administrators, watched by supervisors.

use super::{Signed, password, person};
use crate::{
    App,
    compliance::audit,
    http::{ApiFailure, Json, Path},
    store::{is_conflict, text},
};
use axum::{extract::State, http::StatusCode};
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel, entity::prelude::*};
use seatline_contract::{
    error::{ApiError, Code},
    event::SignOutReason,
    id::AgentId,
    identity::{NewPerson, Person, Role},
    presence::PersonPresence,
    secret::Secret,
    time::UnixMs,
};

/// A person whose fields were checked and whose password is hashed.
pub(crate) struct Newcomer {
    login: String,
    name: String,
    role: Role,
    password: String,
}

/// Longest login, in characters.
pub(super) const LONGEST_LOGIN: usize = 64;

impl Newcomer {
    /// Checks the fields and hashes the password.
    ///
    /// # Errors
    /// [`Code::InvalidField`] naming the field.
    pub(crate) async fn check(
        login: &str,
        name: &str,
        role: Role,
        password: Secret,
    ) -> Result<Self, ApiFailure> {
        let login = login.trim().to_lowercase();
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
        if login.is_empty() || login.chars().count() > LONGEST_LOGIN || !login.chars().all(plain) {
            return Err(ApiFailure::field(
                "login",
                "1 to 64 letters, digits or . - _ @",
            ));
        }
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 100 {
            return Err(ApiFailure::field("name", "1 to 100 characters"));
        }
        password::check_rules(&password, &login, "password")?;
        Ok(Self {
            password: password::hash(password).await?,
            name: name.to_owned(),
            login,
            role,
        })
    }
}

/// Adds a person.
///
/// # Errors
/// [`Code::Conflict`] with field `login` if it is taken.
pub(crate) async fn add_person<C: ConnectionTrait>(
    db: &C,
    newcomer: Newcomer,
    now: UnixMs,
) -> Result<Person, ApiFailure> {
    let model = person::entity::Model {
        id: Uuid::new_v4(),
        login: newcomer.login,
        name: newcomer.name,
        role: text::name_of(&newcomer.role)?,
        password: newcomer.password,
        disabled: false,
        created: now.0,
    };
    person::entity::Entity::insert(model.clone().into_active_model().reset_all())
        .exec_without_returning(db)
        .await
        .map_err(|error| {
            if is_conflict(&error) {
                ApiError {
                    field: Some("login".into()),
                    ..ApiError::new(Code::Conflict).detail("the login is taken")
                }
                .into()
            } else {
                ApiFailure::from(error)
            }
        })?;
    Ok(person::view(&model)?)
}

/// Everybody who is not disabled, and what they do now (supervisors).
#[utoipa::path(
    get, path = "/api/v1/people", tag = "identity",
    responses((status = 200, body = Vec<PersonPresence>), (status = 403, body = ApiError)),
)]
pub(super) async fn list_people(
    State(app): State<App>,
    signed: Signed,
) -> Result<Json<Vec<PersonPresence>>, ApiFailure> {
    signed.require(Role::Supervisor)?;
    let people = person::everybody(app.store.db()).await?;
    Ok(Json(app.calls.with_presence(people)?))
}

/// Adds a person (administrators).
#[utoipa::path(
    post, path = "/api/v1/people", tag = "identity", request_body = NewPerson,
    responses(
        (status = 201, body = Person),
        (status = 403, body = ApiError),
        (status = 409, body = ApiError, description = "the login is taken"),
        (status = 422, body = ApiError),
    ),
)]
pub(super) async fn create_person(
    State(app): State<App>,
    signed: Signed,
    Json(request): Json<NewPerson>,
) -> Result<(StatusCode, Json<Person>), ApiFailure> {
    signed.require(Role::Administrator)?;
    let newcomer = Newcomer::check(
        &request.login,
        &request.name,
        request.role,
        request.password,
    )
    .await?;
    let now = app.clock.now();
    let transaction = app.store.begin().await?;
    let person = add_person(&transaction, newcomer, now).await?;
    let object = person.id.to_string();
    audit::record(
        &transaction,
        now,
        signed.agent(),
        "person_added",
        &object,
        "",
    )
    .await?;
    transaction.commit().await?;
    crate::catalog::publish(&app).await?;
    Ok((StatusCode::CREATED, Json(person)))
}

/// Disables an account and ends its session at once (administrators).
#[utoipa::path(
    put, path = "/api/v1/people/{id}/disabled", tag = "identity",
    params(("id" = AgentId, Path)),
    responses((status = 204), (status = 403, body = ApiError), (status = 404, body = ApiError)),
)]
pub(super) async fn disable_person(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<AgentId>,
) -> Result<StatusCode, ApiFailure> {
    signed.require(Role::Administrator)?;
    if id == signed.agent() {
        return Err(ApiFailure::from(Code::Conflict).detail("nobody can disable themselves"));
    }
    set_disabled(&app, &signed, id, true).await?;
    super::end_session(&app, id, None, Some(SignOutReason::Disabled), None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Enables an account again (administrators).
#[utoipa::path(
    put, path = "/api/v1/people/{id}/enabled", tag = "identity",
    params(("id" = AgentId, Path)),
    responses((status = 204), (status = 403, body = ApiError), (status = 404, body = ApiError)),
)]
pub(super) async fn enable_person(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<AgentId>,
) -> Result<StatusCode, ApiFailure> {
    set_disabled(&app, &signed, id, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_disabled(
    app: &App,
    signed: &Signed,
    id: AgentId,
    disabled: bool,
) -> Result<(), ApiFailure> {
    signed.require(Role::Administrator)?;
    let transaction = app.store.begin().await?;
    let changed = person::entity::Entity::update_many()
        .col_expr(person::entity::Column::Disabled, Expr::value(disabled))
        .filter(person::entity::Column::Id.eq(id.0))
        .exec(&transaction)
        .await?;
    if changed.rows_affected == 0 {
        return Err(Code::NotFound.into());
    }
    let action = if disabled {
        "person_disabled"
    } else {
        "person_enabled"
    };
    let now = app.clock.now();
    audit::record(
        &transaction,
        now,
        signed.agent(),
        action,
        &id.to_string(),
        "",
    )
    .await?;
    transaction.commit().await?;
    crate::catalog::publish(app).await
}
