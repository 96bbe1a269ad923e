//! Routes about contacts, presence and queues, one file for each subject.

mod contacts;
mod control;
mod line;
mod policy;
mod presence;
mod queues;
mod watch;
mod wrap_up;

pub(crate) use line::open_line;

use crate::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes about contacts, presence and queues.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(presence::set_presence))
        .routes(routes!(presence::decline_offer))
        .routes(routes!(presence::take_offer))
        .routes(routes!(wrap_up::save_wrap_up))
        .routes(routes!(wrap_up::extend_wrap_up))
        .routes(routes!(contacts::list_contacts))
        .routes(routes!(contacts::read_contact))
        .routes(routes!(contacts::list_legs))
        .routes(routes!(contacts::link_customer))
        .routes(routes!(contacts::hang_up))
        .routes(routes!(queues::list_queues, queues::create_queue))
        .routes(routes!(queues::edit_queue))
        .routes(routes!(policy::read_call_rules))
        .routes(routes!(policy::read_call_policy, policy::set_call_policy))
        .routes(routes!(control::consult))
        .routes(routes!(control::transfer))
        .routes(routes!(control::complete_transfer))
        .routes(routes!(control::swap))
        .routes(routes!(control::merge))
        .routes(routes!(control::leave))
        .routes(routes!(control::edit_party, control::drop_party))
        .routes(routes!(control::park))
        .routes(routes!(control::pick_up))
        .routes(routes!(watch::watch, watch::stop_watching))
        .routes(routes!(watch::take_over))
}
