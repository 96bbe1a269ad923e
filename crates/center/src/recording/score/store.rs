//! Forms and scorecards in the database.

use super::entity::{card, form};
use crate::{identity::person, store::text};
use sea_orm::{
    ConnectionTrait, DbErr, IntoActiveModel, QueryOrder, Set, entity::prelude::*,
    sea_query::OnConflict,
};
use seatline_contract::{
    id::{AgentId, RecordingId, ScoreFormId, ScorecardId},
    score::{NewScoreForm, SaveScorecard, ScoreForm, ScoreReply, Scorecard},
    time::UnixMs,
};

fn view_form(model: form::Model) -> Result<ScoreForm, DbErr> {
    Ok(ScoreForm {
        id: ScoreFormId(model.id),
        name: model.name,
        questions: text::from_json(&model.questions)?,
        created: UnixMs(model.created),
    })
}

/// Adds a form.
pub(super) async fn add_form<C: ConnectionTrait>(
    db: &C,
    form: &NewScoreForm,
    now: UnixMs,
) -> Result<(), DbErr> {
    let model = form::Model {
        id: form.id.0,
        name: form.name.clone(),
        questions: text::to_json(&form.questions)?,
        created: now.0,
    };
    form::Entity::insert(model.into_active_model().reset_all())
        .exec_without_returning(db)
        .await
        .map(|_| ())
}

/// All forms, the latest first.
pub(super) async fn forms<C: ConnectionTrait>(db: &C) -> Result<Vec<ScoreForm>, DbErr> {
    let found = form::Entity::find()
        .order_by_desc(form::Column::Created)
        .all(db)
        .await?;
    found.into_iter().map(view_form).collect()
}

/// One form.
pub(super) async fn form<C: ConnectionTrait>(
    db: &C,
    id: ScoreFormId,
) -> Result<Option<ScoreForm>, DbErr> {
    let found = form::Entity::find_by_id(id.0).one(db).await?;
    found.map(view_form).transpose()
}

/// What is to be saved of a card.
pub(super) struct Saving<'a> {
    pub(super) id: ScorecardId,
    pub(super) recording: RecordingId,
    pub(super) author: AgentId,
    pub(super) card: &'a SaveScorecard,
    pub(super) percent: Option<u32>,
    pub(super) now: UnixMs,
}

/// Saves a card anew or for the first time. False if it is finished or somebody else's.
pub(super) async fn save<C: ConnectionTrait>(db: &C, saving: &Saving<'_>) -> Result<bool, DbErr> {
    let model = card::Model {
        id: saving.id.0,
        recording: saving.recording.0,
        form: saving.card.form.0,
        author: saving.author.0,
        answers: text::to_json(&saving.card.answers)?,
        comments: text::to_json(&saving.card.comments)?,
        percent: saving.percent.map(i64::from),
        done: saving.card.done,
        saved: saving.now.0,
        reply: None,
    };
    let fresh = model.clone().into_active_model().reset_all();
    let inserted = card::Entity::insert(fresh)
        .on_conflict(OnConflict::column(card::Column::Id).do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    if inserted == 1 {
        return Ok(true);
    }
    let change = card::ActiveModel {
        answers: Set(model.answers),
        comments: Set(model.comments),
        percent: Set(model.percent),
        done: Set(model.done),
        saved: Set(model.saved),
        ..Default::default()
    };
    let updated = card::Entity::update_many()
        .set(change)
        .filter(card::Column::Id.eq(model.id))
        .filter(card::Column::Recording.eq(model.recording))
        .filter(card::Column::Form.eq(model.form))
        .filter(card::Column::Author.eq(model.author))
        .filter(card::Column::Done.eq(false))
        .exec(db)
        .await?;
    Ok(updated.rows_affected == 1)
}

/// Writes down an agent's reply to a finished card that has none. False if it cannot have one.
pub(super) async fn reply<C: ConnectionTrait>(
    db: &C,
    id: ScorecardId,
    reply: &ScoreReply,
) -> Result<bool, DbErr> {
    let updated = card::Entity::update_many()
        .col_expr(card::Column::Reply, Expr::value(text::to_json(reply)?))
        .filter(card::Column::Id.eq(id.0))
        .filter(card::Column::Done.eq(true))
        .filter(card::Column::Reply.is_null())
        .exec(db)
        .await?;
    Ok(updated.rows_affected == 1)
}

/// One card.
pub(super) async fn card<C: ConnectionTrait>(
    db: &C,
    id: ScorecardId,
) -> Result<Option<Scorecard>, DbErr> {
    let found = card::Entity::find_by_id(id.0).all(db).await?;
    Ok(view(db, found).await?.pop())
}

/// Whether a recording has a finished card.
pub(super) async fn has_finished<C: ConnectionTrait>(
    db: &C,
    recording: RecordingId,
) -> Result<bool, DbErr> {
    let found = card::Entity::find()
        .filter(card::Column::Recording.eq(recording.0))
        .filter(card::Column::Done.eq(true))
        .one(db)
        .await?;
    Ok(found.is_some())
}

/// Cards of a recording, the oldest first.
pub(super) async fn cards<C: ConnectionTrait>(
    db: &C,
    recording: RecordingId,
) -> Result<Vec<Scorecard>, DbErr> {
    let found = card::Entity::find()
        .filter(card::Column::Recording.eq(recording.0))
        .order_by_asc(card::Column::Saved)
        .all(db)
        .await?;
    view(db, found).await
}

async fn view<C: ConnectionTrait>(
    db: &C,
    models: Vec<card::Model>,
) -> Result<Vec<Scorecard>, DbErr> {
    let names = person::names(db, models.iter().map(|model| model.author)).await?;
    let one = |model: card::Model| {
        let reply = model.reply.as_deref().map(text::from_json).transpose()?;
        Ok(Scorecard {
            id: ScorecardId(model.id),
            recording: RecordingId(model.recording),
            form: ScoreFormId(model.form),
            author: AgentId(model.author),
            author_name: names.get(&model.author).cloned().unwrap_or_default(),
            answers: text::from_json(&model.answers)?,
            comments: text::from_json(&model.comments)?,
            percent: model
                .percent
                .and_then(|percent| u32::try_from(percent).ok()),
            done: model.done,
            saved: UnixMs(model.saved),
            reply,
        })
    };
    models.into_iter().map(one).collect()
}
