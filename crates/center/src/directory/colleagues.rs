//! Colleagues and what they do now.

use crate::{
    App,
    http::{ApiFailure, Json},
    identity::Signed,
};
use axum::extract::State;
use seatline_contract::directory::Colleague;

/// Everybody who is not disabled, with their team and what they do now. While the event socket
/// watches the directory, changes come there.
#[utoipa::path(
    get, path = "/api/v1/directory", tag = "directory",
    responses((status = 200, body = Vec<Colleague>)),
)]
pub(super) async fn list_colleagues(
    State(app): State<App>,
    _signed: Signed,
) -> Result<Json<Vec<Colleague>>, ApiFailure> {
    let roster = app.supervision.roster();
    let seen = app.calls.with_presence(roster.people().to_vec())?;
    let colleagues = seen.into_iter().map(|seen| Colleague {
        callable: app.calls.is_callable(seen.person.id),
        team: roster.team_name(seen.person.id).map(str::to_owned),
        person: seen.person,
        presence: seen.presence,
        since: seen.since,
    });
    Ok(Json(colleagues.collect()))
}
