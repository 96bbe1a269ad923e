//! Whom to call: colleagues, the address book, call-backs.

mod book;
mod callbacks;
mod colleagues;
mod entity;
mod migration;
mod target;

pub(crate) use book::number_of_entry;
pub(crate) use callbacks::{keep_callbacks, number_of_callback, open_callbacks};
pub(crate) use migration::migration;

use crate::App;
use tokio::sync::Notify;
use utoipa_axum::{router::OpenApiRouter, routes};

/// What the directory keeps in memory.
#[derive(Debug, Default)]
pub struct Directory {
    /// A call-back is new or was moved.
    callbacks_changed: Notify,
}

/// Routes of the directory.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(colleagues::list_colleagues))
        .routes(routes!(book::search_entries))
        .routes(routes!(book::set_entry, book::remove_entry))
        .routes(routes!(callbacks::list_callbacks))
        .routes(routes!(callbacks::set_callback))
        .routes(routes!(callbacks::close_callback))
}
