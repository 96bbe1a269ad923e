//! Routes about recordings, one file for each subject.

mod find;
mod hear;
mod keep;
mod live;
mod policy;

use super::store::{self, Model};
use crate::{App, http::ApiFailure, identity::Signed};
use seatline_contract::{
    error::Code,
    id::{ContactId, RecordingId},
    identity::Role,
    recording::RecordingStatus,
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes for those signed in.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(find::list_recordings))
        .routes(routes!(hear::export_track))
        .routes(routes!(policy::read_policy, policy::set_policy))
        .routes(routes!(find::read_recording, keep::edit_recording))
        .routes(routes!(keep::verify_recording))
        .routes(routes!(hear::make_link))
        .merge(super::score::routes())
        .routes(routes!(live::pause_recording))
        .routes(routes!(live::resume_recording))
        .routes(routes!(live::start_recording))
        .routes(routes!(live::stop_recording))
}

/// Routes that a link opens.
pub(crate) fn open_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(hear::listen))
}

/// One recording.
///
/// # Errors
/// [`Code::NotFound`], or those of the database.
pub(super) async fn find_row(app: &App, id: RecordingId) -> Result<Model, ApiFailure> {
    let found = store::find(app.store.db(), id).await?;
    found.ok_or_else(|| Code::NotFound.into())
}

/// One recording, if this person may know of it: supervisors of all, agents of their own calls
/// where the policy allows it.
///
/// # Errors
/// [`Code::NotFound`], or those of the database.
async fn find_for(app: &App, signed: &Signed, id: RecordingId) -> Result<Model, ApiFailure> {
    let row = find_row(app, id).await?;
    if signed.person.role == Role::Agent {
        let contact = ContactId(row.contact);
        let own = crate::calls::agent_of(app, contact).await? == Some(signed.agent());
        if !own || !app.recordings.policy().agents_hear_own {
            return Err(Code::NotFound.into());
        }
    }
    Ok(row)
}

/// Whether there is sound to hear.
fn has_sound(row: &Model) -> Result<bool, sea_orm::DbErr> {
    let status: RecordingStatus = crate::store::text::from_name(&row.status)?;
    Ok(match status {
        RecordingStatus::Complete | RecordingStatus::Truncated => row.bytes > 0,
        RecordingStatus::Recording | RecordingStatus::Deleted => false,
    })
}
