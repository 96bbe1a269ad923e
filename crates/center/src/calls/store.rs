//! Contacts and queues in the database.

mod entity;
mod kept;
mod migration;

pub(super) use entity::call_policy;
pub(super) use kept::{add_leg, legs_of, save_notes};
pub(crate) use migration::{legs_migration, migration, policies_migration};

use super::{Leg, QueueInfo, Record, surroundings::LateNotes};
use crate::{
    App,
    acd::{QueueSetUp, Terms},
    compliance::number::Number,
    http::ApiFailure,
    store::{is_conflict, text},
    supervision::Facts,
    tickets,
};
use entity::{contact, contact_notes, queue, queue_agent, queue_number};
use sea_orm::{
    ActiveValue::NotSet, Condition, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel,
    QueryOrder, QuerySelect, QueryTrait, entity::prelude::*,
};
use seatline_contract::{
    contact::{Contact, ContactState, Direction, EndedBy},
    customer::{NumberKind, NumberView},
    error::Code,
    id::{AgentId, ContactId, CustomerId, QueueId},
    identity::Role,
    party::PartyRole,
    secret::PhoneNumber,
    time::UnixMs,
};

fn model(record: &Record) -> Result<contact::Model, DbErr> {
    let exposed = |number: &Option<PhoneNumber>| number.as_ref().map(|n| n.expose().to_owned());
    Ok(contact::Model {
        id: record.id.0,
        channel: "voice".to_owned(),
        direction: text::name_of(&record.direction)?,
        state: text::name_of(&record.state)?,
        queue: record.queue.map(|queue| queue.0),
        queue_name: record.queue_name.clone(),
        called: exposed(&record.called),
        number: exposed(&record.number),
        customer: record.customer.map(|customer| customer.0),
        customer_name: record.customer_name.clone(),
        agent: record.agent.map(|agent| agent.0),
        agent_name: record.agent_name.clone(),
        created: record.created.0,
        connected: record.connected.map(|at| at.0),
        ended: record.ended.map(|at| at.0),
        ended_by: record.ended_by.as_ref().map(text::name_of).transpose()?,
        end_reason: record.end_reason.clone(),
        wrap_up_deadline: record.wrap_up_deadline.map(|at| at.0),
        disposition_required: record.disposition_required,
        disposition: record.disposition.clone(),
        note: record.note.clone(),
        version: record.version,
    })
}

fn record(model: contact::Model) -> Result<Record, DbErr> {
    Ok(Record {
        id: ContactId(model.id),
        direction: text::from_name(&model.direction)?,
        state: text::from_name(&model.state)?,
        queue: model.queue.map(QueueId),
        queue_name: model.queue_name,
        called: model.called.map(PhoneNumber::new),
        number: model.number.map(PhoneNumber::new),
        customer: model.customer.map(CustomerId),
        customer_name: model.customer_name,
        agent: model.agent.map(AgentId),
        agent_name: model.agent_name,
        created: UnixMs(model.created),
        connected: model.connected.map(UnixMs),
        ended: model.ended.map(UnixMs),
        ended_by: model.ended_by.as_deref().map(text::from_name).transpose()?,
        end_reason: model.end_reason,
        wrap_up_deadline: model.wrap_up_deadline.map(UnixMs),
        disposition_required: model.disposition_required,
        disposition: model.disposition,
        note: model.note,
        version: model.version,
    })
}

/// Stores a record if the stored one still has that version (0: there is none).
pub(super) async fn save<C: ConnectionTrait>(
    db: &C,
    record: &Record,
    expected: i64,
) -> Result<bool, DbErr> {
    let mut active = model(record)?.into_active_model().reset_all();
    if expected == 0 {
        let inserted = contact::Entity::insert(active)
            .exec_without_returning(db)
            .await;
        return match inserted {
            Ok(_) => Ok(true),
            Err(error) if is_conflict(&error) => Ok(false),
            Err(error) => Err(error),
        };
    }
    active.id = NotSet;
    let updated = contact::Entity::update_many()
        .set(active)
        .filter(contact::Column::Id.eq(record.id.0))
        .filter(contact::Column::Version.eq(expected))
        .exec(db)
        .await?;
    Ok(updated.rows_affected == 1)
}

/// Stores notes of a contact that is closed, if this agent had it, last or before others.
pub(super) async fn save_late_notes<C: ConnectionTrait>(
    db: &C,
    notes: &LateNotes,
) -> Result<bool, DbErr> {
    let updated = contact::Entity::update_many()
        .col_expr(
            contact::Column::Disposition,
            Expr::value(notes.disposition.clone()),
        )
        .col_expr(contact::Column::Note, Expr::value(notes.note.clone()))
        .filter(contact::Column::Id.eq(notes.contact.0))
        .filter(contact::Column::Agent.eq(notes.agent.0))
        .exec(db)
        .await?;
    let former = contact_notes::Entity::update_many()
        .col_expr(
            contact_notes::Column::Disposition,
            Expr::value(notes.disposition.clone()),
        )
        .col_expr(contact_notes::Column::Note, Expr::value(notes.note.clone()))
        .filter(contact_notes::Column::Contact.eq(notes.contact.0))
        .filter(contact_notes::Column::Agent.eq(notes.agent.0))
        .exec(db)
        .await?;
    Ok(updated.rows_affected + former.rows_affected > 0)
}

/// Gives a contact that is over to a customer, if this agent had it or `anyone` may.
pub(super) async fn link<C: ConnectionTrait>(
    db: &C,
    contact: ContactId,
    customer: CustomerId,
    name: &str,
    whose: Option<&[AgentId]>,
) -> Result<bool, DbErr> {
    let mut update = contact::Entity::update_many()
        .col_expr(contact::Column::Customer, Expr::value(customer.0))
        .col_expr(contact::Column::CustomerName, Expr::value(name))
        .filter(contact::Column::Id.eq(contact.0));
    if let Some(agents) = whose {
        let agents = agents.iter().map(|agent| agent.0);
        update = update.filter(contact::Column::Agent.is_in(agents));
    }
    Ok(update.exec(db).await?.rows_affected == 1)
}

/// Ends what an earlier run of the centre left open.
pub(super) async fn close_leftovers<C: ConnectionTrait>(db: &C, now: UnixMs) -> Result<(), DbErr> {
    let moves = [
        (
            &[ContactState::Queued, ContactState::Offered][..],
            ContactState::Abandoned,
        ),
        (&[ContactState::Dialing], ContactState::Failed),
        (
            &[
                ContactState::Connected,
                ContactState::Held,
                ContactState::Parked,
                ContactState::WrapUp,
            ],
            ContactState::Closed,
        ),
    ];
    for (open, last) in moves {
        let open: Vec<String> = open.iter().map(text::name_of).collect::<Result<_, _>>()?;
        let unended = contact::Column::Ended.is_null();
        contact::Entity::update_many()
            .col_expr(contact::Column::Ended, Expr::value(now.0))
            .col_expr(
                contact::Column::EndedBy,
                Expr::value(text::name_of(&EndedBy::Centre)?),
            )
            .col_expr(
                contact::Column::EndReason,
                Expr::value("the centre was restarted"),
            )
            .filter(contact::Column::State.is_in(open.clone()))
            .filter(unended)
            .exec(db)
            .await?;
        contact::Entity::update_many()
            .col_expr(contact::Column::State, Expr::value(text::name_of(&last)?))
            .col_expr(
                contact::Column::WrapUpDeadline,
                Expr::value(Option::<i64>::None),
            )
            .filter(contact::Column::State.is_in(open))
            .exec(db)
            .await?;
    }
    Ok(())
}

/// Writes a contact of the past, for demonstrations and imports.
///
/// # Errors
/// Those of the database.
pub async fn add_past<C: ConnectionTrait>(db: &C, past: &Record) -> Result<(), DbErr> {
    let mut past = past.clone();
    past.version = 1;
    contact::Entity::insert(model(&past)?.into_active_model().reset_all())
        .exec_without_returning(db)
        .await
        .map(|_| ())
}

/// Adds a queue. Tell [`super::Calls::set_queue`] after the transaction.
///
/// # Errors
/// Those of the database; a name or number in use is a conflict.
pub async fn add_queue<C: ConnectionTrait>(db: &C, info: &QueueInfo) -> Result<(), DbErr> {
    let terms = info.set_up.terms;
    let row = queue::Model {
        id: info.id.0,
        name: info.name.clone(),
        ring_ms: terms.ring_ms,
        wrap_up_ms: terms.wrap_up_ms,
        disposition_required: terms.disposition_required,
        auto_answer: info.auto_answer,
    };
    queue::Entity::insert(row.into_active_model().reset_all())
        .exec_without_returning(db)
        .await?;
    for number in &info.numbers {
        let row = queue_number::Model {
            number: number.clone(),
            queue: info.id.0,
        };
        queue_number::Entity::insert(row.into_active_model().reset_all())
            .exec_without_returning(db)
            .await?;
    }
    for agent in &info.set_up.agents {
        let row = queue_agent::Model {
            queue: info.id.0,
            agent: agent.0,
        };
        queue_agent::Entity::insert(row.into_active_model().reset_all())
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

/// Says whether a queue's contacts answer themselves. False if there is no such queue.
pub(super) async fn set_auto_answer<C: ConnectionTrait>(
    db: &C,
    queue: QueueId,
    auto_answer: bool,
) -> Result<bool, DbErr> {
    let updated = queue::Entity::update_many()
        .col_expr(queue::Column::AutoAnswer, Expr::value(auto_answer))
        .filter(queue::Column::Id.eq(queue.0))
        .exec(db)
        .await?;
    Ok(updated.rows_affected == 1)
}

/// All queues, by name.
pub(super) async fn queues<C: ConnectionTrait>(db: &C) -> Result<Vec<QueueInfo>, DbErr> {
    let numbers = queue_number::Entity::find().all(db).await?;
    let agents = queue_agent::Entity::find().all(db).await?;
    let rows = queue::Entity::find()
        .order_by_asc(queue::Column::Name)
        .all(db)
        .await?;
    let info = |row: queue::Model| QueueInfo {
        id: QueueId(row.id),
        name: row.name,
        numbers: numbers
            .iter()
            .filter(|number| number.queue == row.id)
            .map(|number| number.number.clone())
            .collect(),
        set_up: QueueSetUp {
            terms: Terms {
                ring_ms: row.ring_ms,
                wrap_up_ms: row.wrap_up_ms,
                disposition_required: row.disposition_required,
            },
            agents: agents
                .iter()
                .filter(|agent| agent.queue == row.id)
                .map(|agent| AgentId(agent.agent))
                .collect(),
        },
        auto_answer: row.auto_answer,
    };
    Ok(rows.into_iter().map(info).collect())
}

/// One contact.
pub(super) async fn find<C: ConnectionTrait>(
    db: &C,
    contact: ContactId,
) -> Result<Option<Record>, DbErr> {
    let found = contact::Entity::find_by_id(contact.0).one(db).await?;
    found.map(record).transpose()
}

/// An agent's contacts that began before a point in time, the latest first.
pub(super) async fn contacts_of_agent<C: ConnectionTrait>(
    db: &C,
    agent: AgentId,
    before: UnixMs,
    limit: u64,
) -> Result<Vec<Record>, DbErr> {
    let handed_over = contact_notes::Entity::find()
        .select_only()
        .column(contact_notes::Column::Contact)
        .filter(contact_notes::Column::Agent.eq(agent.0))
        .into_query();
    let theirs = Condition::any()
        .add(contact::Column::Agent.eq(agent.0))
        .add(contact::Column::Id.in_subquery(handed_over));
    let found = contact::Entity::find()
        .filter(theirs)
        .filter(contact::Column::Created.lt(before.0))
        .order_by_desc(contact::Column::Created)
        .limit(limit)
        .all(db)
        .await?;
    found.into_iter().map(record).collect()
}

/// What is to be known of the contacts that began since a point in time, to count them.
///
/// # Errors
/// Those of the database.
pub(crate) async fn stored_since<C: ConnectionTrait>(
    db: &C,
    from: UnixMs,
) -> Result<Vec<Facts>, DbErr> {
    use contact::Column;
    type Row = (
        Uuid,
        String,
        String,
        Option<Uuid>,
        Option<Uuid>,
        i64,
        Option<i64>,
        Option<i64>,
    );
    let rows: Vec<Row> = contact::Entity::find()
        .select_only()
        .columns([
            Column::Id,
            Column::Direction,
            Column::State,
            Column::Queue,
            Column::Agent,
            Column::Created,
            Column::Connected,
            Column::Ended,
        ])
        .filter(Column::Created.gte(from.0))
        .into_tuple()
        .all(db)
        .await?;
    let facts = |(id, direction, state, queue, agent, created, connected, ended): Row| {
        Ok(Facts {
            contact: ContactId(id),
            direction: text::from_name(&direction)?,
            state: text::from_name(&state)?,
            queue: queue.map(QueueId),
            agent: agent.map(AgentId),
            created: UnixMs(created),
            connected: connected.map(UnixMs),
            ended: ended.map(UnixMs),
        })
    };
    rows.into_iter().map(facts).collect()
}

/// Stored contacts as somebody of that role may see them, with the tickets written from them.
pub(super) async fn view(
    app: &App,
    records: &[Record],
    role: Role,
) -> Result<Vec<Contact>, ApiFailure> {
    let ids = records.iter().map(|record| record.id);
    let mut tickets = tickets::of_contacts(app.store.db(), ids).await?;
    let shown = records.iter().map(|record| {
        let number = record.number.as_ref().map_or("", PhoneNumber::expose);
        let in_full = app.shows_numbers_to(role);
        let number = match record.direction {
            // A colleague has no number, and hides none.
            Direction::Internal => NumberView {
                display: String::new(),
                full: None,
                kind: NumberKind::Internal,
                region: None,
            },
            Direction::Inbound | Direction::Outbound => {
                Number::classify(number).view(in_full, app.config.language)
            }
        };
        record.view(number, tickets.remove(&record.id).unwrap_or_default())
    });
    Ok(shown.collect())
}

/// These contacts as somebody of that role may see them, in no order.
pub(crate) async fn contacts_among(
    app: &App,
    ids: Vec<ContactId>,
    role: Role,
) -> Result<Vec<Contact>, ApiFailure> {
    let found = contact::Entity::find()
        .filter(contact::Column::Id.is_in(ids.into_iter().map(|id| id.0)))
        .all(app.store.db())
        .await?;
    let records: Vec<Record> = found.into_iter().map(record).collect::<Result<_, _>>()?;
    view(app, &records, role).await
}

/// All agents who have or had a contact.
pub(crate) async fn agents_of(app: &App, id: ContactId) -> Result<Vec<AgentId>, DbErr> {
    let db = app.store.db();
    let last = find(db, id).await?.and_then(|record| record.agent);
    let legs = legs_of(db, id).await?.into_iter();
    let had = |leg: &Leg| leg.role == PartyRole::Agent && leg.connected.is_some();
    Ok(legs
        .filter(had)
        .filter_map(|leg| leg.agent)
        .chain(last)
        .collect())
}

/// One stored contact as somebody of that role may see it.
///
/// # Errors
/// [`Code::NotFound`], or those of the database.
pub(super) async fn show(app: &App, id: ContactId, role: Role) -> Result<Contact, ApiFailure> {
    let record = find(app.store.db(), id).await?.ok_or(Code::NotFound)?;
    let shown = view(app, &[record], role).await?;
    shown
        .into_iter()
        .next()
        .ok_or_else(|| Code::NotFound.into())
}

/// The customer's contacts as somebody of that role may see them, the latest first.
///
/// # Errors
/// Those of the database.
pub async fn contacts_of(
    app: &App,
    customer: CustomerId,
    role: Role,
    limit: u64,
) -> Result<Vec<Contact>, ApiFailure> {
    let found = contact::Entity::find()
        .filter(contact::Column::Customer.eq(customer.0))
        .order_by_desc(contact::Column::Created)
        .limit(limit)
        .all(app.store.db())
        .await?;
    let records: Vec<Record> = found.into_iter().map(record).collect::<Result<_, _>>()?;
    view(app, &records, role).await
}

/// The other side's number of a contact, in full, unless it is hidden.
///
/// # Errors
/// [`Code::NotFound`] if there is no such contact, or those of the database.
pub async fn number_of(app: &App, contact: ContactId) -> Result<Option<PhoneNumber>, ApiFailure> {
    let found = find(app.store.db(), contact).await?;
    Ok(found.ok_or(Code::NotFound)?.number)
}

#[cfg(test)]
mod tests;
