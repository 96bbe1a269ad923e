//! The address book: one's own entries, and those everybody shares.

use super::{entity::entry, target};
use crate::{
    App,
    compliance::{audit, number::Number},
    http::{ApiFailure, Json, Path, Query, field},
    identity::Signed,
    store::search::{containing, search_text},
};
use axum::{extract::State, http::StatusCode};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, ExprTrait,
    IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use seatline_contract::{
    directory::{Entry, SetEntry},
    error::{ApiError, Code},
    id::{AgentId, EntryId},
    identity::Role,
    secret::PhoneNumber,
    time::UnixMs,
};
use serde::Deserialize;

/// Longest name, in characters.
const LONGEST_NAME: usize = 100;
/// Longest note, in characters.
const LONGEST_NOTE: usize = 2_000;
/// Entries in one answer at most.
const MOST: u64 = 500;
/// Fewest digits that are looked for inside numbers.
const FEWEST_DIGITS: usize = 3;

/// What to look for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Words of name or note in Chinese, pinyin or its initials, or digits of a number the reader
    /// may see. Empty: all.
    #[serde(default)]
    q: String,
}

/// One's own entries and the shared ones, by name; at most 500.
#[utoipa::path(
    get, path = "/api/v1/address-book", tag = "directory", params(Wanted),
    responses((status = 200, body = Vec<Entry>), (status = 422, body = ApiError)),
)]
pub(super) async fn search_entries(
    State(app): State<App>,
    signed: Signed,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Vec<Entry>>, ApiFailure> {
    let phrase = field::text("q", &wanted.q, 200)?.to_lowercase();
    let mut query = entry::Entity::find().filter(visible_to(signed.agent()));
    if !phrase.is_empty() {
        let in_full = signed.sees_numbers(&app);
        query = query.filter(matching(&phrase, signed.agent(), in_full));
    }
    let found = query
        .order_by_asc(entry::Column::Name)
        .order_by_asc(entry::Column::Id)
        .limit(MOST)
        .all(app.store.db())
        .await?;
    let entries = found.into_iter().map(|model| view(&app, &signed, model));
    Ok(Json(entries.collect()))
}

fn visible_to(reader: AgentId) -> Condition {
    Condition::any()
        .add(entry::Column::Owner.eq(reader.0))
        .add(entry::Column::Shared.eq(true))
}

/// Entries with all words in them, or with a number like that if the reader may see it.
fn matching(phrase: &str, reader: AgentId, in_full: bool) -> Condition {
    let words = phrase
        .split_whitespace()
        .fold(Condition::all(), |all, word| {
            all.add(Expr::col(entry::Column::Search).like(containing(word).anywhere()))
        });
    let digits: String = phrase.chars().filter(char::is_ascii_digit).collect();
    let number_like = |c: char| c.is_ascii_digit() || " +-()./".contains(c);
    if digits.len() < FEWEST_DIGITS || !phrase.chars().all(number_like) {
        return words;
    }
    let inside = containing(digits.trim_start_matches('0')).anywhere();
    let mut seen = Condition::all().add(Expr::col(entry::Column::Number).like(inside));
    if !in_full {
        seen = seen.add(entry::Column::Owner.eq(reader.0));
    }
    let whole = Number::classify(phrase);
    Condition::any()
        .add(words)
        .add(seen)
        .add(entry::Column::Number.eq(whole.canonical().expose()))
}

/// An entry as its reader may see it: numbers of their own in full, shared ones as all numbers.
fn view(app: &App, reader: &Signed, model: entry::Model) -> Entry {
    let in_full = model.owner == reader.agent().0 || reader.sees_numbers(app);
    Entry {
        id: EntryId(model.id),
        number: Number::classify(&model.number).view(in_full, app.config.language),
        name: model.name,
        note: model.note,
        shared: model.shared,
        updated: UnixMs(model.updated),
    }
}

/// Makes or changes an entry. Shared ones are made and changed by supervisors.
#[utoipa::path(
    put, path = "/api/v1/address-book/{id}", tag = "directory", request_body = SetEntry,
    params(("id" = EntryId, Path)),
    responses(
        (status = 200, body = Entry),
        (status = 403, body = ApiError, description = "shared, and not a supervisor"),
        (status = 409, body = ApiError, description = "the id is of somebody else's entry"),
        (status = 422, body = ApiError, description = "`invalid_field` or `unplayable_number`"),
    ),
)]
pub(super) async fn set_entry(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<EntryId>,
    Json(request): Json<SetEntry>,
) -> Result<Json<Entry>, ApiFailure> {
    let name = field::required("name", &request.name, LONGEST_NAME)?;
    let note = field::text("note", &request.note, LONGEST_NOTE)?;
    let number = target::dialable("number", &request.number)?;
    let transaction = app.store.begin().await?;
    let former = entry::Entity::find_by_id(id.0).one(&transaction).await?;
    let concerns_all = request.shared || former.as_ref().is_some_and(|former| former.shared);
    if concerns_all {
        signed.require(Role::Supervisor)?;
    }
    let owner = match &former {
        Some(former) if !former.shared && former.owner != signed.agent().0 => {
            return Err(Code::Conflict.into());
        }
        // A shared entry stays its maker's; taken back, it is of who took it back.
        Some(former) if request.shared => former.owner,
        Some(_) | None => signed.agent().0,
    };
    let now = app.clock.now();
    let model = entry::Model {
        id: id.0,
        owner,
        search: search_text(&[&name, &note]),
        name,
        number: number.canonical().expose().to_owned(),
        note,
        shared: request.shared,
        updated: now.0,
    };
    let row = model.clone().into_active_model().reset_all();
    match former {
        Some(_) => {
            entry::Entity::update(row).exec(&transaction).await?;
        }
        None => {
            entry::Entity::insert(row)
                .exec_without_returning(&transaction)
                .await?;
        }
    }
    if concerns_all {
        let (who, object) = (signed.agent(), id.to_string());
        audit::record(&transaction, now, who, "shared_entry_set", &object, "").await?;
    }
    transaction.commit().await?;
    Ok(Json(view(&app, &signed, model)))
}

/// Takes an entry away. One that is not there, or not for this person's eyes, is gone already.
#[utoipa::path(
    delete, path = "/api/v1/address-book/{id}", tag = "directory",
    params(("id" = EntryId, Path)),
    responses((status = 204), (status = 403, body = ApiError)),
)]
pub(super) async fn remove_entry(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<EntryId>,
) -> Result<StatusCode, ApiFailure> {
    let transaction = app.store.begin().await?;
    let found = visible(&transaction, signed.agent(), id).await?;
    let Some(found) = found else {
        return Ok(StatusCode::NO_CONTENT);
    };
    if found.shared {
        signed.require(Role::Supervisor)?;
        let (now, who, object) = (app.clock.now(), signed.agent(), id.to_string());
        audit::record(&transaction, now, who, "shared_entry_removed", &object, "").await?;
    }
    entry::Entity::delete_by_id(id.0).exec(&transaction).await?;
    transaction.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn visible<C: ConnectionTrait>(
    db: &C,
    reader: AgentId,
    id: EntryId,
) -> Result<Option<entry::Model>, DbErr> {
    entry::Entity::find_by_id(id.0)
        .filter(visible_to(reader))
        .one(db)
        .await
}

/// Number and name of an entry that somebody may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    /// The number in its canonical spelling.
    pub(crate) number: PhoneNumber,
    /// The name shown.
    pub(crate) name: String,
    /// It is of the caller's own entry, so they know the number.
    pub(crate) own: bool,
}

/// The number of an entry, if that person may see the entry.
///
/// # Errors
/// Those of the database.
pub(crate) async fn number_of_entry(
    app: &App,
    caller: AgentId,
    id: EntryId,
) -> Result<Option<Listed>, DbErr> {
    let found = visible(app.store.db(), caller, id).await?;
    Ok(found.map(|model| Listed {
        number: PhoneNumber::new(model.number),
        name: model.name,
        own: model.owner == caller.0,
    }))
}
