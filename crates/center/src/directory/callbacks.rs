//! Promises to call back.
//!
//! ```text
//!            its time comes
//!   Waiting ────────────────► Due ──┬── done ──► Done
//!    │  ▲ ◄──────── moved ─────┘    └── given up ──► Cancelled
//!    │  └ moved                     (both also from Waiting, and final)
//! ```
//!
//! The times are kept in the database. One task knows the next of them and says when it has come,
//! to desks that listen at once and to others in their next snapshot.

use super::{entity::callback, target};
use crate::{
    App,
    compliance::number::Number,
    crm,
    http::{ApiFailure, Json, Path, field},
    identity::Signed,
    store::text,
};
use axum::{extract::State, http::StatusCode};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use seatline_contract::{
    directory::{Callback, CallbackState, SetCallback},
    error::{ApiError, Code},
    event::Change,
    id::{AgentId, CallbackId, CustomerId},
    identity::Role,
    secret::PhoneNumber,
    time::UnixMs,
};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Longest note, in characters.
const LONGEST_NOTE: usize = 2_000;
/// How far in the past a time may lie: the desk's clock and the way here, in milliseconds.
const LATE_MS: i64 = 60_000;
/// How far ahead a time may lie, in milliseconds.
const FARTHEST_MS: i64 = 366 * 24 * 3_600_000;
/// Call-backs in one answer at most.
const MOST: u64 = 500;
/// How often the clock is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// One's own call-backs, those of the past too, the latest first; at most 500.
#[utoipa::path(
    get, path = "/api/v1/callbacks", tag = "directory",
    responses((status = 200, body = Vec<Callback>)),
)]
pub(super) async fn list_callbacks(
    State(app): State<App>,
    signed: Signed,
) -> Result<Json<Vec<Callback>>, ApiFailure> {
    let found = callback::Entity::find()
        .filter(callback::Column::Agent.eq(signed.agent().0))
        .order_by_desc(callback::Column::At)
        .limit(MOST)
        .all(app.store.db())
        .await?;
    Ok(Json(view(&app, found, signed.person.role).await?))
}

/// Makes a call-back of one's own, or moves it.
#[utoipa::path(
    put, path = "/api/v1/callbacks/{id}", tag = "directory", request_body = SetCallback,
    params(("id" = CallbackId, Path)),
    responses(
        (status = 200, body = Callback),
        (status = 404, body = ApiError, description = "no such customer, number or entry"),
        (status = 409, body = ApiError, description = "it is done or given up, or somebody else's"),
        (status = 422, body = ApiError, description = "`invalid_field` or `unplayable_number`"),
    ),
)]
pub(super) async fn set_callback(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<CallbackId>,
    Json(request): Json<SetCallback>,
) -> Result<Json<Callback>, ApiFailure> {
    let note = field::text("note", &request.note, LONGEST_NOTE)?;
    let now = app.clock.now();
    let ahead = request.at.since(now);
    if !(-LATE_MS..=FARTHEST_MS).contains(&ahead) {
        return Err(ApiFailure::field(
            "at",
            "in the past, or more than a year ahead",
        ));
    }
    let reached = match &request.to {
        Some(to) => Some(target::reach(&app, signed.agent(), to).await?),
        None => None,
    };
    let state = if ahead > 0 {
        CallbackState::Waiting
    } else {
        CallbackState::Due
    };
    let transaction = app.store.begin().await?;
    let former = callback::Entity::find_by_id(id.0).one(&transaction).await?;
    if let Some(former) = &former
        && (former.agent != signed.agent().0 || is_closed(state_of(former)?))
    {
        return Err(Code::Conflict.into());
    }
    let (number, customer, known) = match (reached, &former) {
        (Some(reached), _) => {
            let number = reached.number.canonical().expose().to_owned();
            (number, reached.customer.map(|id| id.0), reached.known)
        }
        (None, Some(former)) => (former.number.clone(), former.customer, former.known),
        (None, None) => return Err(ApiFailure::field("to", "whom to call is missing")),
    };
    let model = callback::Model {
        id: id.0,
        agent: signed.agent().0,
        customer,
        number,
        known,
        at: request.at.0,
        note,
        state: text::name_of(&state)?,
        updated: now.0,
    };
    let row = model.clone().into_active_model().reset_all();
    if former.is_some() {
        callback::Entity::update(row).exec(&transaction).await?;
    } else {
        callback::Entity::insert(row)
            .exec_without_returning(&transaction)
            .await?;
    }
    transaction.commit().await?;
    app.directory.callbacks_changed.notify_one();
    tell(&app, model, &signed).await.map(Json)
}

/// Says that a call-back was made, or is given up. Saying the same again is a success.
#[utoipa::path(
    put, path = "/api/v1/callbacks/{id}/state", tag = "directory", request_body = CallbackState,
    params(("id" = CallbackId, Path)),
    responses(
        (status = 204),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "it ended otherwise"),
        (status = 422, body = ApiError, description = "only `done` and `cancelled` can be said"),
    ),
)]
pub(super) async fn close_callback(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<CallbackId>,
    Json(state): Json<CallbackState>,
) -> Result<StatusCode, ApiFailure> {
    if !is_closed(state) {
        return Err(ApiFailure::field("state", "only done and cancelled"));
    }
    let transaction = app.store.begin().await?;
    let found = callback::Entity::find_by_id(id.0)
        .filter(callback::Column::Agent.eq(signed.agent().0))
        .one(&transaction)
        .await?;
    let mut model = found.ok_or(Code::NotFound)?;
    let former = state_of(&model)?;
    if former == state {
        return Ok(StatusCode::NO_CONTENT);
    }
    if is_closed(former) {
        return Err(Code::Conflict.into());
    }
    model.state = text::name_of(&state)?;
    model.updated = app.clock.now().0;
    let row = model.clone().into_active_model().reset_all();
    callback::Entity::update(row).exec(&transaction).await?;
    transaction.commit().await?;
    tell(&app, model, &signed).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An agent's call-backs that wait or are due, the next first, for a snapshot.
///
/// # Errors
/// Those of the database.
pub(crate) async fn open_callbacks(
    app: &App,
    signed: &Signed,
) -> Result<Vec<Callback>, ApiFailure> {
    let open = [CallbackState::Waiting, CallbackState::Due];
    let open: Vec<String> = open.iter().map(text::name_of).collect::<Result<_, _>>()?;
    let found = callback::Entity::find()
        .filter(callback::Column::Agent.eq(signed.agent().0))
        .filter(callback::Column::State.is_in(open))
        .order_by_asc(callback::Column::At)
        .limit(MOST)
        .all(app.store.db())
        .await?;
    Ok(view(app, found, signed.person.role).await?)
}

/// Whom an agent promised to call.
///
/// # Errors
/// Those of the database.
pub(crate) async fn number_of_callback(
    app: &App,
    agent: AgentId,
    id: CallbackId,
) -> Result<Option<(PhoneNumber, Option<CustomerId>)>, DbErr> {
    let found = callback::Entity::find_by_id(id.0)
        .filter(callback::Column::Agent.eq(agent.0))
        .one(app.store.db())
        .await?;
    Ok(found.map(|model| {
        let customer = model.customer.map(CustomerId);
        (PhoneNumber::new(model.number), customer)
    }))
}

/// Says of each call-back when its time has come, until stopped.
pub(crate) async fn keep_callbacks(app: App, stop: CancellationToken) {
    let mut next = Next::Unknown;
    loop {
        let now = app.clock.now();
        let look = match next {
            Next::Unknown => true,
            Next::At(at) => at <= now,
            Next::Never => false,
        };
        if look {
            next = match raise_due(&app, now).await {
                Ok(Some(at)) => Next::At(at),
                Ok(None) => Next::Never,
                Err(error) => {
                    tracing::warn!(%error, "call-backs could not be looked at; tried again");
                    Next::Unknown
                }
            };
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = app.directory.callbacks_changed.notified() => next = Next::Unknown,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// When the next call-back is due.
enum Next {
    /// To be asked of the database.
    Unknown,
    At(UnixMs),
    Never,
}

/// Raises what is due; returns when the next one is.
async fn raise_due(app: &App, now: UnixMs) -> Result<Option<UnixMs>, DbErr> {
    let (db, waiting) = (app.store.db(), text::name_of(&CallbackState::Waiting)?);
    let due = callback::Entity::find()
        .filter(callback::Column::State.eq(&waiting))
        .filter(callback::Column::At.lte(now.0))
        .all(db)
        .await?;
    let roster = app.supervision.roster();
    for mut model in due {
        if !set_due(db, &model, now).await? {
            continue;
        }
        model.state = text::name_of(&CallbackState::Due)?;
        let agent = AgentId(model.agent);
        let role = roster
            .person(agent)
            .map_or(Role::Agent, |person| person.role);
        for callback in view(app, vec![model], role).await? {
            app.hub.publish(agent, Change::Callback { callback });
        }
    }
    let next = callback::Entity::find()
        .filter(callback::Column::State.eq(&waiting))
        .order_by_asc(callback::Column::At)
        .one(db)
        .await?;
    Ok(next.map(|model| UnixMs(model.at)))
}

/// True unless it was moved or closed meanwhile.
async fn set_due<C: ConnectionTrait>(
    db: &C,
    model: &callback::Model,
    now: UnixMs,
) -> Result<bool, DbErr> {
    let due = text::name_of(&CallbackState::Due)?;
    let updated = callback::Entity::update_many()
        .col_expr(callback::Column::State, Expr::value(due))
        .col_expr(callback::Column::Updated, Expr::value(now.0))
        .filter(callback::Column::Id.eq(model.id))
        .filter(callback::Column::State.eq(&model.state))
        .filter(callback::Column::At.eq(model.at))
        .exec(db)
        .await?;
    Ok(updated.rows_affected == 1)
}

fn state_of(model: &callback::Model) -> Result<CallbackState, DbErr> {
    text::from_name(&model.state)
}

fn is_closed(state: CallbackState) -> bool {
    match state {
        CallbackState::Done | CallbackState::Cancelled => true,
        CallbackState::Waiting | CallbackState::Due => false,
    }
}

/// Tells the agent's desk what a call-back is now.
async fn tell(app: &App, model: callback::Model, signed: &Signed) -> Result<Callback, ApiFailure> {
    let shown = view(app, vec![model], signed.person.role).await?;
    let callback = shown.into_iter().next().ok_or(Code::Internal)?;
    let change = Change::Callback {
        callback: callback.clone(),
    };
    app.hub.publish(signed.agent(), change);
    Ok(callback)
}

/// Call-backs as an agent of that role may see their own.
async fn view(app: &App, models: Vec<callback::Model>, role: Role) -> Result<Vec<Callback>, DbErr> {
    let customers = models.iter().filter_map(|model| model.customer);
    let names = crm::names(app.store.db(), customers).await?;
    let show = |model: callback::Model| {
        let in_full = model.known || app.shows_numbers_to(role);
        Ok(Callback {
            id: CallbackId(model.id),
            agent: AgentId(model.agent),
            customer: model.customer.map(CustomerId),
            customer_name: model.customer.and_then(|id| names.get(&id).cloned()),
            number: Number::classify(&model.number).view(in_full, app.config.language),
            at: UnixMs(model.at),
            state: state_of(&model)?,
            note: model.note,
        })
    };
    models.into_iter().map(show).collect()
}
