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
    id::{AgentId, ContactId, RecordingId},
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
        .routes(routes!(hear::listen))
        .merge(super::score::routes())
        .routes(routes!(live::pause_recording))
        .routes(routes!(live::resume_recording))
        .routes(routes!(live::start_recording))
        .routes(routes!(live::stop_recording))
}

/// What somebody may do with a recording they may know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Hear it and all that is said about it.
    Hear,
    /// Read how it was scored, as its agent.
    Read,
}

/// One recording, if this person may know of it: administrators of all; supervisors of those whose
/// agents they may steer; agents of their own calls where the policy allows it, or once it is
/// scored.
///
/// # Errors
/// [`Code::NotFound`], or those of the database.
pub(super) async fn find_for(
    app: &App,
    signed: &Signed,
    id: RecordingId,
) -> Result<(Model, Access), ApiFailure> {
    let found = store::find(app.store.db(), id).await?;
    let row = found.ok_or(Code::NotFound)?;
    let agents = crate::calls::agents_of(app, ContactId(row.contact)).await?;
    let roster = app.supervision.roster();
    let may = |agent: &AgentId| roster.may_steer(&signed.person, *agent);
    let access = match signed.person.role {
        Role::Administrator => Some(Access::Hear),
        Role::Supervisor => agents.iter().any(may).then_some(Access::Hear),
        Role::Agent if !agents.contains(&signed.agent()) => None,
        Role::Agent if app.recordings.policy().agents_hear_own => Some(Access::Hear),
        Role::Agent => {
            let scored = super::score::is_scored(app, id).await?;
            scored.then_some(Access::Read)
        }
    };
    Ok((row, access.ok_or(Code::NotFound)?))
}

/// One recording, if this person may hear it.
///
/// # Errors
/// As [`find_for`]; one that may only be read of is not found either.
async fn find_to_hear(app: &App, signed: &Signed, id: RecordingId) -> Result<Model, ApiFailure> {
    match find_for(app, signed, id).await? {
        (row, Access::Hear) => Ok(row),
        (_, Access::Read) => Err(Code::NotFound.into()),
    }
}

/// Whether there is sound to hear.
fn has_sound(row: &Model) -> Result<bool, sea_orm::DbErr> {
    let status: RecordingStatus = crate::store::text::from_name(&row.status)?;
    Ok(match status {
        RecordingStatus::Complete | RecordingStatus::Truncated => row.bytes > 0,
        RecordingStatus::Recording | RecordingStatus::Deleted => false,
    })
}
