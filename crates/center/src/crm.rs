//! Customers: one record for each, found by number, name or company.

mod card;
mod create;
mod edit;
mod entity;
mod fields;
mod find;
mod migration;
mod reveal;
mod search;
mod timeline;
mod view;

pub use card::card;
pub(crate) use create::add_customer;
pub use find::{Found, find_by_number, number_at};

pub(crate) use find::{any, exists, names};
pub(crate) use migration::migration;

use crate::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes about customers.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(search::search_customers, create::create_customer))
        .routes(routes!(card::read_customer, edit::edit_customer))
        .routes(routes!(timeline::read_timeline))
        .routes(routes!(reveal::reveal_numbers))
}
