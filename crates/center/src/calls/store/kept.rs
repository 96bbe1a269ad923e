//! Legs of contacts, and notes of those who handed them over.

use super::entity::{contact_leg, contact_notes};
use crate::{
    calls::kept::{FormerNotes, Leg},
    store::text,
};
use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryOrder, entity::prelude::*,
    sea_query::OnConflict,
};
use seatline_contract::{
    id::{AgentId, ContactId},
    secret::PhoneNumber,
    time::UnixMs,
};

/// Writes a leg that is over.
pub(in crate::calls) async fn add_leg<C: ConnectionTrait>(db: &C, leg: &Leg) -> Result<(), DbErr> {
    let row = contact_leg::Model {
        id: Uuid::now_v7(),
        contact: leg.contact.0,
        role: text::name_of(&leg.role)?,
        watch: leg.watch.as_ref().map(text::name_of).transpose()?,
        agent: leg.agent.map(|agent| agent.0),
        name: leg.name.clone(),
        number: leg.number.as_ref().map(|number| number.expose().to_owned()),
        began: leg.began.0,
        connected: leg.connected.map(|at| at.0),
        ended: leg.ended.0,
        end_kind: text::name_of(&leg.end)?,
        note: leg.note.clone(),
    };
    contact_leg::Entity::insert(row.into_active_model().reset_all())
        .exec_without_returning(db)
        .await
        .map(|_| ())
}

/// All legs of a contact that are over, in the order they began.
pub(in crate::calls) async fn legs_of<C: ConnectionTrait>(
    db: &C,
    contact: ContactId,
) -> Result<Vec<Leg>, DbErr> {
    let rows = contact_leg::Entity::find()
        .filter(contact_leg::Column::Contact.eq(contact.0))
        .order_by_asc(contact_leg::Column::Began)
        .order_by_asc(contact_leg::Column::Id)
        .all(db)
        .await?;
    let leg = |row: contact_leg::Model| {
        Ok(Leg {
            contact,
            role: text::from_name(&row.role)?,
            watch: row.watch.as_deref().map(text::from_name).transpose()?,
            agent: row.agent.map(AgentId),
            name: row.name,
            number: row.number.map(PhoneNumber::new),
            began: UnixMs(row.began),
            connected: row.connected.map(UnixMs),
            ended: UnixMs(row.ended),
            end: text::from_name(&row.end_kind)?,
            note: row.note,
        })
    };
    rows.into_iter().map(leg).collect()
}

/// Writes an agent's notes on a contact that others went on with, in place of earlier ones.
pub(in crate::calls) async fn save_notes<C: ConnectionTrait>(
    db: &C,
    notes: &FormerNotes,
) -> Result<(), DbErr> {
    use contact_notes::Column;
    let row = contact_notes::Model {
        contact: notes.contact.0,
        agent: notes.agent.0,
        agent_name: notes.name.clone(),
        disposition: notes.disposition.clone(),
        note: notes.note.clone(),
        ended: notes.ended.0,
    };
    let replace = OnConflict::columns([Column::Contact, Column::Agent])
        .update_columns([
            Column::AgentName,
            Column::Disposition,
            Column::Note,
            Column::Ended,
        ])
        .to_owned();
    contact_notes::Entity::insert(row.into_active_model().reset_all())
        .on_conflict(replace)
        .exec_without_returning(db)
        .await
        .map(|_| ())
}
