//! Routes about scoring.

use super::{super::routes::find_for, percent, range, spread, store};
use crate::{
    App,
    http::{ApiFailure, Json, Path, field},
    identity::Signed,
    store::is_conflict,
};
use axum::{extract::State, http::StatusCode};
use seatline_contract::{
    error::{ApiError, Code},
    id::{ContactId, RecordingId, ScoreFormId, ScorecardId},
    identity::Role,
    score::{
        Calibration, NewScoreForm, PinnedComment, ReplyToScorecard, SaveScorecard, ScoreAnswer,
        ScoreForm, ScoreQuestion, ScoreReply, Scorecard,
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Questions of a form, and comments of a card, at most.
const MOST: usize = 200;

/// Longest comment, in characters.
const LONGEST: usize = 2_000;

/// Routes about scoring.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_forms, add_form))
        .routes(routes!(list_cards))
        .routes(routes!(save_card))
        .routes(routes!(reply_to_card))
        .routes(routes!(calibrate))
}

/// All forms, the latest first.
#[utoipa::path(
    get, path = "/api/v1/score-forms", tag = "scoring",
    responses((status = 200, body = Vec<ScoreForm>)),
)]
async fn list_forms(
    State(app): State<App>,
    _signed: Signed,
) -> Result<Json<Vec<ScoreForm>>, ApiFailure> {
    Ok(Json(store::forms(app.store.db()).await?))
}

/// Adds a form (supervisors).
#[utoipa::path(
    post, path = "/api/v1/score-forms", tag = "scoring", request_body = NewScoreForm,
    responses(
        (status = 201, body = ScoreForm),
        (status = 403, body = ApiError),
        (status = 422, body = ApiError),
    ),
)]
async fn add_form(
    State(app): State<App>,
    signed: Signed,
    Json(mut request): Json<NewScoreForm>,
) -> Result<(StatusCode, Json<ScoreForm>), ApiFailure> {
    signed.require(Role::Supervisor)?;
    request.name = field::required("name", &request.name, 100)?;
    if request.questions.is_empty() || request.questions.len() > MOST {
        return Err(ApiFailure::field("questions", "1 to 200"));
    }
    let mut seen = Vec::new();
    for (index, question) in request.questions.iter_mut().enumerate() {
        let name = |part: &str| format!("questions.{index}.{part}");
        question.id = field::required(&name("id"), &question.id, 40)?;
        question.text = field::required(&name("text"), &question.text, 500)?;
        if seen.contains(&question.id) {
            return Err(ApiFailure::field(name("id"), "used twice"));
        }
        seen.push(question.id.clone());
        if !(1..=100).contains(&question.weight) {
            return Err(ApiFailure::field(name("weight"), "1 to 100"));
        }
        if !(1..=10).contains(&question.most) {
            return Err(ApiFailure::field(name("most"), "1 to 10"));
        }
    }
    let now = app.clock.now();
    store::add_form(app.store.db(), &request, now).await?;
    let NewScoreForm {
        id,
        name,
        questions,
    } = request;
    let form = ScoreForm {
        id,
        name,
        questions,
        created: now,
    };
    Ok((StatusCode::CREATED, Json(form)))
}

/// Scorecards of a recording: all for supervisors who may hear it, the finished ones for the
/// call's agent.
#[utoipa::path(
    get, path = "/api/v1/recordings/{id}/scorecards", tag = "scoring",
    params(("id" = RecordingId, Path)),
    responses((status = 200, body = Vec<Scorecard>), (status = 404, body = ApiError)),
)]
async fn list_cards(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<RecordingId>,
) -> Result<Json<Vec<Scorecard>>, ApiFailure> {
    find_for(&app, &signed, id).await?;
    let mut cards = store::cards(app.store.db(), id).await?;
    if signed.person.role == Role::Agent {
        cards.retain(|card| card.done);
    }
    Ok(Json(cards))
}

/// Saves one's own scoring of a recording (supervisors).
#[utoipa::path(
    put, path = "/api/v1/recordings/{id}/scorecards/{card}", tag = "scoring",
    request_body = SaveScorecard,
    params(("id" = RecordingId, Path), ("card" = ScorecardId, Path)),
    responses(
        (status = 200, body = Scorecard),
        (status = 403, body = ApiError),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "finished, or somebody else's"),
        (status = 422, body = ApiError),
    ),
)]
async fn save_card(
    State(app): State<App>,
    signed: Signed,
    Path((recording, id)): Path<(RecordingId, ScorecardId)>,
    Json(mut request): Json<SaveScorecard>,
) -> Result<Json<Scorecard>, ApiFailure> {
    signed.require(Role::Supervisor)?;
    find_for(&app, &signed, recording).await?;
    let db = app.store.db();
    let form = store::form(db, request.form)
        .await?
        .ok_or_else(|| ApiFailure::field("form", "no such form"))?;
    check_answers(&form.questions, &mut request.answers, request.done)?;
    check_comments(&mut request.comments)?;
    let saving = store::Saving {
        id,
        recording,
        author: signed.agent(),
        card: &request,
        percent: percent(&form.questions, &request.answers),
        now: app.clock.now(),
    };
    match store::save(db, &saving).await {
        Ok(true) => {}
        Ok(false) => return Err(Code::Conflict.into()),
        Err(error) if is_conflict(&error) => {
            return Err(ApiFailure::from(Code::Conflict).detail("scored by this person before"));
        }
        Err(error) => return Err(error.into()),
    }
    let saved = store::card(db, id).await?.ok_or(Code::NotFound)?;
    Ok(Json(saved))
}

fn check_answers(
    questions: &[ScoreQuestion],
    answers: &mut [ScoreAnswer],
    done: bool,
) -> Result<(), ApiFailure> {
    let mut seen: Vec<&str> = Vec::new();
    for (index, answer) in answers.iter_mut().enumerate() {
        let name = |part: &str| format!("answers.{index}.{part}");
        let question = questions
            .iter()
            .find(|question| question.id == answer.question)
            .ok_or_else(|| ApiFailure::field(name("question"), "no such question"))?;
        if seen.contains(&question.id.as_str()) {
            return Err(ApiFailure::field(name("question"), "answered twice"));
        }
        seen.push(&question.id);
        if answer.points.is_some_and(|points| points > question.most) {
            return Err(ApiFailure::field(name("points"), "more than there are"));
        }
        answer.note = field::text(&name("note"), &answer.note, LONGEST)?;
    }
    if done && seen.len() < questions.len() {
        return Err(ApiFailure::field(
            "answers",
            "some questions are not answered",
        ));
    }
    Ok(())
}

fn check_comments(comments: &mut [PinnedComment]) -> Result<(), ApiFailure> {
    if comments.len() > MOST {
        return Err(ApiFailure::field("comments", "more than 200"));
    }
    for (index, comment) in comments.iter_mut().enumerate() {
        let name = format!("comments.{index}.text");
        comment.text = field::required(&name, &comment.text, LONGEST)?;
    }
    comments.sort_by_key(|comment| comment.at_ms);
    Ok(())
}

/// Answers a finished scorecard of one's own call, once.
#[utoipa::path(
    post, path = "/api/v1/scorecards/{id}/reply", tag = "scoring",
    request_body = ReplyToScorecard, params(("id" = ScorecardId, Path)),
    responses(
        (status = 200, body = Scorecard),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "answered before"),
    ),
)]
async fn reply_to_card(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<ScorecardId>,
    Json(request): Json<ReplyToScorecard>,
) -> Result<Json<Scorecard>, ApiFailure> {
    let db = app.store.db();
    let card = store::card(db, id)
        .await?
        .filter(|card| card.done)
        .ok_or(Code::NotFound)?;
    let (row, _) = find_for(&app, &signed, card.recording).await?;
    let agents = crate::calls::agents_of(&app, ContactId(row.contact)).await?;
    if !agents.contains(&signed.agent()) {
        return Err(Code::NotFound.into());
    }
    let reply = ScoreReply {
        kind: request.kind,
        text: field::text("text", &request.text, LONGEST)?,
        at: app.clock.now(),
    };
    if !store::reply(db, id, &reply).await? {
        return Err(ApiFailure::from(Code::Conflict).detail("answered before"));
    }
    let card = store::card(db, id).await?.ok_or(Code::NotFound)?;
    Ok(Json(card))
}

/// Finished scorings of a recording with one form, beside each other (supervisors).
#[utoipa::path(
    get, path = "/api/v1/recordings/{id}/calibration/{form}", tag = "scoring",
    params(("id" = RecordingId, Path), ("form" = ScoreFormId, Path)),
    responses(
        (status = 200, body = Calibration),
        (status = 403, body = ApiError),
        (status = 404, body = ApiError),
    ),
)]
async fn calibrate(
    State(app): State<App>,
    signed: Signed,
    Path((recording, form)): Path<(RecordingId, ScoreFormId)>,
) -> Result<Json<Calibration>, ApiFailure> {
    signed.require(Role::Supervisor)?;
    find_for(&app, &signed, recording).await?;
    let db = app.store.db();
    let form = store::form(db, form).await?.ok_or(Code::NotFound)?;
    let mut cards = store::cards(db, recording).await?;
    cards.retain(|card| card.done && card.form == form.id);
    Ok(Json(Calibration {
        form: form.id,
        questions: spread(&form.questions, &cards),
        spread_percent: range(cards.iter().filter_map(|card| card.percent)),
        cards,
    }))
}
