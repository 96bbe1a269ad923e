//! Finding customers by what people remember of them.

use super::{
    entity::{customer, number},
    view,
};
use crate::{
    App,
    compliance::number::{Number, narrow},
    http::{ApiFailure, Json, Query},
    identity::Signed,
    store::search::containing,
};
use axum::extract::State;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
    sea_query::{Expr, SelectStatement, SimpleExpr},
};
use seatline_contract::customer::CustomerPage;
use serde::Deserialize;

/// Customers on a page, unless asked otherwise.
const PAGE: u64 = 20;
/// Customers on a page at most.
const LARGEST_PAGE: u64 = 100;
/// Fewest digits that are looked for inside numbers.
const FEWEST_DIGITS: usize = 3;

/// What to look for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Words of name, company, reference, e-mail or WeChat id in Chinese, pinyin or its initials,
    /// or digits of a number. Those who see masked numbers find them by all digits or the last
    /// four. Empty: the customers last changed.
    #[serde(default)]
    q: String,
    /// How many at most (1–100).
    #[serde(default)]
    limit: Option<u64>,
}

/// Finds customers.
#[utoipa::path(
    get, path = "/api/v1/customers", tag = "customers", params(Wanted),
    responses((status = 200, body = CustomerPage)),
)]
pub(super) async fn search_customers(
    State(app): State<App>,
    signed: Signed,
    Query(wanted): Query<Wanted>,
) -> Result<Json<CustomerPage>, ApiFailure> {
    let limit = wanted.limit.unwrap_or(PAGE).clamp(1, LARGEST_PAGE);
    let in_full = signed.sees_numbers(&app);
    let phrase: String = wanted.q.trim().to_lowercase().chars().map(narrow).collect();
    if phrase.chars().count() > 200 {
        return Err(ApiFailure::field("q", "longer than 200 characters"));
    }
    let mut query = customer::Entity::find();
    if !phrase.is_empty() {
        let mut matching = Condition::any().add(has_words(&phrase));
        if let Some(owners) = owners_of(&phrase, in_full) {
            matching = matching.add(customer::Column::Id.in_subquery(owners));
        }
        let begins = Expr::col(customer::Column::Search).like(containing(&phrase).begins());
        let best_first: SimpleExpr = Expr::case(begins, 0).finally(1).into();
        query = query.filter(matching).order_by_asc(best_first);
    }
    let mut models = query
        .order_by_desc(customer::Column::Updated)
        .limit(limit + 1)
        .all(app.store.db())
        .await?;
    let more = models.len() as u64 > limit;
    models.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(Json(CustomerPage {
        customers: view::show(&app, models, in_full).await?,
        more,
    }))
}

/// Every word is somewhere in the customer's texts.
fn has_words(phrase: &str) -> Condition {
    phrase
        .split_whitespace()
        .fold(Condition::all(), |all, word| {
            all.add(Expr::col(customer::Column::Search).like(containing(word).anywhere()))
        })
}

/// Who has a number like that, if the phrase looks like one.
fn owners_of(phrase: &str, in_full: bool) -> Option<SelectStatement> {
    let digits: String = phrase.chars().filter(char::is_ascii_digit).collect();
    let number_like = |c: char| c.is_ascii_digit() || " +-()./".contains(c);
    if digits.len() < FEWEST_DIGITS || !phrase.chars().all(number_like) {
        return None;
    }
    let whole = Number::classify(phrase);
    let mut matching = Condition::any().add(number::Column::Number.eq(whole.canonical().expose()));
    if in_full {
        let inside = containing(digits.trim_start_matches('0'));
        matching = matching.add(Expr::col(number::Column::Number).like(inside.anywhere()));
    } else if digits.len() == 4 {
        matching = matching.add(Expr::col(number::Column::Number).like(containing(&digits).ends()));
    }
    let owners = number::Entity::find()
        .select_only()
        .column(number::Column::Customer)
        .filter(matching);
    Some(owners.into_query())
}
