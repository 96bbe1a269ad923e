//! Everything that happened with a customer, in one list.

use super::find;
use crate::{
    App, calls,
    http::{ApiFailure, Json, Path},
    identity::Signed,
    tickets,
};
use axum::extract::State;
use seatline_contract::{
    customer::{Timeline, TimelineEntry},
    error::{ApiError, Code},
    id::CustomerId,
    time::UnixMs,
};

/// Entries at most.
const LONGEST: usize = 100;

/// Contacts, tickets and comments of a customer, the latest first.
#[utoipa::path(
    get, path = "/api/v1/customers/{id}/timeline", tag = "customers",
    params(("id" = CustomerId, Path)),
    responses((status = 200, body = Timeline), (status = 404, body = ApiError)),
)]
pub(super) async fn read_timeline(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<CustomerId>,
) -> Result<Json<Timeline>, ApiFailure> {
    if !find::exists(app.store.db(), id).await? {
        return Err(Code::NotFound.into());
    }
    let one_more = LONGEST as u64 + 1;
    let mut entries = tickets::history_of(&app, id, one_more).await?;
    let contacts = calls::contacts_of(&app, id, signed.person.role, one_more).await?;
    entries.extend(
        contacts
            .into_iter()
            .map(|contact| TimelineEntry::Contact { contact }),
    );
    entries.sort_by_key(|entry| std::cmp::Reverse(time_of(entry)));
    let more = entries.len() > LONGEST;
    entries.truncate(LONGEST);
    Ok(Json(Timeline { entries, more }))
}

fn time_of(entry: &TimelineEntry) -> UnixMs {
    match entry {
        TimelineEntry::Contact { contact } => contact.created,
        TimelineEntry::Ticket { ticket } => ticket.created,
        TimelineEntry::Comment { at, .. } => *at,
    }
}
