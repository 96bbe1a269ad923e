//! Recordings in the database: a row before its file, and one that outlives it.

mod entity;
mod migration;

pub(crate) use migration::migration;

pub(super) use entity::recording::{Column, Entity, Model};

use super::{playback::Waveform, writer::Outcome};
use crate::store::{setting, text};
use sea_orm::{
    Condition, ConnectionTrait, DbErr, IntoActiveModel, QueryOrder, QuerySelect, Set,
    entity::prelude::*,
    sea_query::{ExprTrait, Query},
};
use seatline_contract::{
    id::{AgentId, ContactId, RecordingId},
    party::PartyRole,
    recording::{Marker, RecordingFilter, RecordingPolicy, RecordingStatus},
    time::UnixMs,
};

const POLICY: &str = "recording.policy";

const DAY_MS: i64 = 24 * 3_600_000;

/// The policy set last.
pub(super) async fn policy<C: ConnectionTrait>(db: &C) -> Result<RecordingPolicy, DbErr> {
    match setting::get(db, POLICY).await? {
        Some(json) => text::from_json(&json),
        None => Ok(RecordingPolicy::default()),
    }
}

/// Sets the policy.
pub(super) async fn set_policy<C: ConnectionTrait>(
    db: &C,
    policy: &RecordingPolicy,
) -> Result<(), DbErr> {
    setting::put(db, POLICY, &text::to_json(policy)?).await
}

/// A recording that is about to be written.
pub(super) struct Beginning<'a> {
    pub(super) id: RecordingId,
    pub(super) contact: ContactId,
    pub(super) started: UnixMs,
    pub(super) class: &'a str,
    pub(super) days: u32,
    pub(super) path: &'a str,
}

/// Adds the row of a recording, before there is a file.
pub(super) async fn begin<C: ConnectionTrait>(
    db: &C,
    beginning: &Beginning<'_>,
) -> Result<(), DbErr> {
    let model = Model {
        id: beginning.id.0,
        contact: beginning.contact.0,
        status: text::name_of(&RecordingStatus::Recording)?,
        started: beginning.started.0,
        ended: None,
        duration_ms: 0,
        class: beginning.class.to_owned(),
        legal_hold: false,
        expires: beginning.started.plus(i64::from(beginning.days) * DAY_MS).0,
        path: beginning.path.to_owned(),
        bytes: 0,
        entries: 0,
        head: String::new(),
        sound: false,
        peak_ms: 0,
        customer_peaks: String::new(),
        agent_peaks: String::new(),
        markers: "[]".to_owned(),
        tags: String::new(),
    };
    Entity::insert(model.into_active_model().reset_all())
        .exec_without_returning(db)
        .await
        .map(|_| ())
}

/// Changes one recording if it is such a one; whether it is.
async fn update<C: ConnectionTrait>(
    db: &C,
    id: RecordingId,
    change: entity::recording::ActiveModel,
    only: Condition,
) -> Result<bool, DbErr> {
    let updated = Entity::update_many()
        .set(change)
        .filter(Column::Id.eq(id.0))
        .filter(only)
        .exec(db)
        .await?;
    Ok(updated.rows_affected == 1)
}

/// Writes down how a recording ended. One that is not being recorded any more stays as it is.
pub(super) async fn close<C: ConnectionTrait>(
    db: &C,
    id: RecordingId,
    started: UnixMs,
    outcome: &Outcome,
) -> Result<(), DbErr> {
    let status = if outcome.complete {
        RecordingStatus::Complete
    } else {
        RecordingStatus::Truncated
    };
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let change = entity::recording::ActiveModel {
        status: Set(text::name_of(&status)?),
        ended: Set(Some(started.plus(outcome.duration_ms.into()).0)),
        duration_ms: Set(outcome.duration_ms.into()),
        bytes: Set(number(outcome.bytes)),
        entries: Set(outcome.entries.into()),
        head: Set(hex::encode(outcome.head)),
        ..Default::default()
    };
    let recording = Column::Status.eq(text::name_of(&RecordingStatus::Recording)?);
    let only = Condition::all().add(recording);
    update(db, id, change, only).await.map(|_| ())
}

/// Writes down what a recording looks like.
pub(super) async fn set_waveform<C: ConnectionTrait>(
    db: &C,
    id: RecordingId,
    waveform: &Waveform,
) -> Result<(), DbErr> {
    let change = entity::recording::ActiveModel {
        sound: Set(waveform.sound),
        peak_ms: Set(waveform.peak_ms.into()),
        customer_peaks: Set(hex::encode(&waveform.customer)),
        agent_peaks: Set(hex::encode(&waveform.agent)),
        markers: Set(text::to_json(&waveform.markers)?),
        ..Default::default()
    };
    update(db, id, change, Condition::all()).await.map(|_| ())
}

/// One recording.
pub(super) async fn find<C: ConnectionTrait>(
    db: &C,
    id: RecordingId,
) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id.0).one(db).await
}

/// Those that are being recorded, or were when the centre last ended.
pub(super) async fn unfinished<C: ConnectionTrait>(db: &C) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::Status.eq(text::name_of(&RecordingStatus::Recording)?))
        .all(db)
        .await
}

/// Those that are closed and have sound, but were not drawn.
pub(super) async fn undrawn<C: ConnectionTrait>(db: &C) -> Result<Vec<Model>, DbErr> {
    let closed = [RecordingStatus::Complete, RecordingStatus::Truncated];
    let closed: Vec<String> = closed.iter().map(text::name_of).collect::<Result<_, _>>()?;
    Entity::find()
        .filter(Column::Status.is_in(closed))
        .filter(Column::Bytes.gt(0))
        .filter(Column::PeakMs.eq(0))
        .all(db)
        .await
}

/// Which of these recordings there are.
pub(super) async fn known<C: ConnectionTrait>(db: &C, ids: Vec<Uuid>) -> Result<Vec<Uuid>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Id.is_in(ids))
        .into_tuple()
        .all(db)
        .await
}

/// Those whose time is up and that nothing holds, and those marked as deleted whose file is not
/// known to be gone.
fn due(now: UnixMs) -> Result<Condition, DbErr> {
    let kept = [RecordingStatus::Complete, RecordingStatus::Truncated];
    let kept: Vec<String> = kept.iter().map(text::name_of).collect::<Result<_, _>>()?;
    let expired = Condition::all()
        .add(Column::Status.is_in(kept))
        .add(Column::LegalHold.eq(false))
        .add(Column::Expires.lte(now.0));
    let marked = Condition::all()
        .add(Column::Status.eq(text::name_of(&RecordingStatus::Deleted)?))
        .add(Column::Path.ne(""));
    Ok(Condition::any().add(expired).add(marked))
}

/// Those to be deleted, the oldest first.
pub(super) async fn expired<C: ConnectionTrait>(db: &C, now: UnixMs) -> Result<Vec<Uuid>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(due(now)?)
        .order_by_asc(Column::Expires)
        .into_tuple()
        .all(db)
        .await
}

/// Marks a recording as deleted, and forgets what could be seen of its sound. False if a hold
/// came in between. It keeps its path until [`forget_file`].
pub(super) async fn mark_deleted<C: ConnectionTrait>(
    db: &C,
    id: RecordingId,
    now: UnixMs,
) -> Result<bool, DbErr> {
    let change = entity::recording::ActiveModel {
        status: Set(text::name_of(&RecordingStatus::Deleted)?),
        customer_peaks: Set(String::new()),
        agent_peaks: Set(String::new()),
        ..Default::default()
    };
    update(db, id, change, due(now)?).await
}

/// Writes down that the file of a deleted recording is gone.
pub(super) async fn forget_file<C: ConnectionTrait>(db: &C, id: RecordingId) -> Result<(), DbErr> {
    let change = entity::recording::ActiveModel {
        path: Set(String::new()),
        ..Default::default()
    };
    update(db, id, change, Condition::all()).await.map(|_| ())
}

/// Sets tags or the hold; what is `None` stays.
pub(super) async fn edit<C: ConnectionTrait>(
    db: &C,
    id: RecordingId,
    tags: Option<&[String]>,
    legal_hold: Option<bool>,
) -> Result<(), DbErr> {
    let mut change = <entity::recording::ActiveModel as ActiveModelTrait>::default();
    if let Some(tags) = tags {
        change.tags = Set(write_tags(tags));
    }
    if let Some(hold) = legal_hold {
        change.legal_hold = Set(hold);
    }
    update(db, id, change, Condition::all()).await.map(|_| ())
}

fn write_tags(tags: &[String]) -> String {
    tags.iter()
        .fold(String::from("\n"), |text, tag| text + tag + "\n")
}

/// A recording's tags.
pub(super) fn tags(model: &Model) -> Vec<String> {
    model
        .tags
        .split_terminator('\n')
        .skip(1)
        .map(str::to_owned)
        .collect()
}

/// A recording's markers.
pub(super) fn markers(model: &Model) -> Result<Vec<Marker>, DbErr> {
    text::from_json(&model.markers)
}

/// Which recordings somebody may find at all.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    /// Of calls that these had; `None` is everybody.
    pub(super) agents: Option<Vec<AgentId>>,
    /// Of those the scored ones only.
    pub(super) scored_only: bool,
}

/// Of contacts that one of these agents has or had.
fn of_agents(agents: &[AgentId]) -> Result<Condition, DbErr> {
    let ids = || agents.iter().map(|agent| agent.0);
    let now = Query::select()
        .column("id")
        .from("contacts")
        .and_where(Expr::col("agent").is_in(ids()))
        .to_owned();
    let before = Query::select()
        .column("contact")
        .from("contact_legs")
        .and_where(Expr::col("agent").is_in(ids()))
        .and_where(Expr::col("role").eq(text::name_of(&PartyRole::Agent)?))
        .and_where(Expr::col("connected").is_not_null())
        .to_owned();
    let contact = Column::Contact;
    Ok(Condition::any()
        .add(contact.in_subquery(now))
        .add(contact.in_subquery(before)))
}

/// Those that a filter picks and a scope allows, the latest first.
pub(super) async fn search<C: ConnectionTrait>(
    db: &C,
    filter: &RecordingFilter,
    scope: &Scope,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find();
    if let Some(agents) = &scope.agents {
        query = query.filter(of_agents(agents)?);
    }
    if scope.scored_only {
        let scored = Query::select()
            .column("recording")
            .from("scorecards")
            .and_where(Expr::col("done").eq(true))
            .to_owned();
        query = query.filter(Column::Id.in_subquery(scored));
    }
    let of_contacts = |column: &'static str, value: Uuid| {
        Column::Contact.in_subquery(
            Query::select()
                .column("id")
                .from("contacts")
                .and_where(Expr::col(column).eq(value))
                .to_owned(),
        )
    };
    if let Some(contact) = filter.contact {
        query = query.filter(Column::Contact.eq(contact.0));
    }
    if let Some(customer) = filter.customer {
        query = query.filter(of_contacts("customer", customer.0));
    }
    if let Some(agent) = filter.agent {
        query = query.filter(of_agents(&[agent])?);
    }
    if let Some(queue) = filter.queue {
        query = query.filter(of_contacts("queue", queue.0));
    }
    if let Some(from) = filter.from {
        query = query.filter(Column::Started.gte(from.0));
    }
    if let Some(until) = filter.until {
        query = query.filter(Column::Started.lt(until.0));
    }
    if let Some(shortest) = filter.shortest_ms {
        query = query.filter(Column::DurationMs.gte(i64::from(shortest)));
    }
    if let Some(longest) = filter.longest_ms {
        query = query.filter(Column::DurationMs.lte(i64::from(longest)));
    }
    if let Some(tag) = &filter.tag {
        let tag = crate::store::search::containing(&format!("\n{tag}\n"));
        query = query.filter(Expr::col(Column::Tags).like(tag.anywhere()));
    }
    query
        .order_by_desc(Column::Started)
        .limit(limit)
        .all(db)
        .await
}
