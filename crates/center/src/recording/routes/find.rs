//! Looking recordings up.

use super::{super::store, Access, find_for};
use crate::{
    App, calls,
    http::{ApiFailure, Json, Path, Query},
    identity::Signed,
    store::text,
};
use axum::extract::State;
use seatline_contract::{
    contact::Contact,
    error::{ApiError, Code},
    id::{ContactId, RecordingId},
    identity::Role,
    recording::{Recording, RecordingFilter, RecordingPage, RecordingSummary},
    time::UnixMs,
};
use std::collections::HashMap;

/// Recordings on a page.
const PAGE: u32 = 50;

/// Recordings, the latest first. Supervisors find those of agents they may steer; agents their
/// own, as far as the policy lets them hear those or they were scored.
#[utoipa::path(
    get, path = "/api/v1/recordings", tag = "recordings", params(RecordingFilter),
    responses((status = 200, body = RecordingPage)),
)]
pub(super) async fn list_recordings(
    State(app): State<App>,
    signed: Signed,
    Query(filter): Query<RecordingFilter>,
) -> Result<Json<RecordingPage>, ApiFailure> {
    let own = signed.person.role == Role::Agent;
    let scope = store::Scope {
        agents: match own {
            true => Some(vec![signed.agent()]),
            false => app.supervision.roster().steered_by(&signed.person),
        },
        scored_only: own && !app.recordings.policy().agents_hear_own,
    };
    let limit = u64::from(filter.limit.unwrap_or(PAGE).clamp(1, 200));
    let mut rows = store::search(app.store.db(), &filter, &scope, limit + 1).await?;
    let more = rows.len() as u64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(Json(RecordingPage {
        recordings: summarise(&app, &rows, signed.person.role).await?,
        more,
    }))
}

/// One recording with its markers and its waveform.
#[utoipa::path(
    get, path = "/api/v1/recordings/{id}", tag = "recordings",
    params(("id" = RecordingId, Path)),
    responses((status = 200, body = Recording), (status = 404, body = ApiError)),
)]
pub(super) async fn read_recording(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<RecordingId>,
) -> Result<Json<Recording>, ApiFailure> {
    let (row, access) = find_for(&app, &signed, id).await?;
    Ok(Json(show(&app, &row, access, signed.person.role).await?))
}

/// A recording with all that the player shows.
pub(super) async fn show(
    app: &App,
    row: &store::Model,
    access: Access,
    role: Role,
) -> Result<Recording, ApiFailure> {
    let summary = summarise(app, std::slice::from_ref(row), role)
        .await?
        .pop()
        .ok_or(Code::NotFound)?;
    let peaks = |digits: &str| hex::decode(digits).map_err(|_| Code::Internal);
    Ok(Recording {
        summary,
        markers: store::markers(row)?,
        customer_peaks: peaks(&row.customer_peaks)?,
        agent_peaks: peaks(&row.agent_peaks)?,
        peak_ms: u32::try_from(row.peak_ms).unwrap_or(0),
        sound: row.sound,
        may_hear: access == Access::Hear,
    })
}

async fn summarise(
    app: &App,
    rows: &[store::Model],
    role: Role,
) -> Result<Vec<RecordingSummary>, ApiFailure> {
    let contacts = rows.iter().map(|row| ContactId(row.contact)).collect();
    let contacts = calls::contacts_among(app, contacts, role).await?;
    let contacts: HashMap<ContactId, Contact> = contacts
        .into_iter()
        .map(|contact| (contact.id, contact))
        .collect();
    rows.iter()
        .map(|row| {
            let contact = contacts
                .get(&ContactId(row.contact))
                .ok_or(Code::NotFound)?;
            Ok(RecordingSummary {
                id: RecordingId(row.id),
                contact: contact.id,
                status: text::from_name(&row.status)?,
                started: UnixMs(row.started),
                duration_ms: u32::try_from(row.duration_ms).unwrap_or(0),
                agent: contact.agent,
                agent_name: contact.agent_name.clone(),
                customer: contact.customer,
                customer_name: contact.customer_name.clone(),
                number: contact.number.clone(),
                queue: contact.queue,
                queue_name: contact.queue_name.clone(),
                tags: store::tags(row),
                legal_hold: row.legal_hold,
                expires: (!row.legal_hold).then_some(UnixMs(row.expires)),
            })
        })
        .collect()
}
