//! Words between agents and their supervisors.

use super::{answered_by, entity::message};
use crate::{
    App,
    compliance::audit,
    http::{ApiFailure, Json, Path, Query, field},
    identity::Signed,
};
use axum::{extract::State, http::StatusCode};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
};
use seatline_contract::{
    error::{ApiError, Code},
    event::Change,
    id::{AgentId, ContactId, MessageId},
    supervision::{Message, MessageFilter, MessagePage, NewMessage},
    time::UnixMs,
};

/// Longest message, in characters.
const LONGEST_TEXT: usize = 1_000;
/// Messages on a page.
const PAGE: u32 = 50;

/// What somebody and oneself wrote to each other: the latest, or those before a given one.
#[utoipa::path(
    get, path = "/api/v1/people/{id}/messages", tag = "supervision",
    params(
        ("id" = AgentId, Path),
        ("before" = Option<MessageId>, Query, description = "only those before this one"),
        ("limit" = Option<u32>, Query, description = "how many, at most 200"),
    ),
    responses((status = 200, body = MessagePage), (status = 404, body = ApiError)),
)]
pub(super) async fn list_messages(
    State(app): State<App>,
    signed: Signed,
    Path(other): Path<AgentId>,
    Query(filter): Query<MessageFilter>,
) -> Result<Json<MessagePage>, ApiFailure> {
    use message::Column::{At, Id, Recipient, Sender};
    let roster = app.supervision.roster();
    let person = roster.person(other).ok_or(Code::NotFound)?;
    let own = signed.agent();
    let from_to = |from: AgentId, to: AgentId| {
        Condition::all()
            .add(Sender.eq(from.0))
            .add(Recipient.eq(to.0))
    };
    let between = Condition::any()
        .add(from_to(own, other))
        .add(from_to(other, own));
    let mut find = message::Entity::find().filter(between.clone());
    if let Some(before) = filter.before {
        let last = message::Entity::find_by_id(before.0).filter(between);
        let last = last.one(app.store.db()).await?.ok_or(Code::NotFound)?;
        let same_time = Condition::all().add(At.eq(last.at)).add(Id.lt(last.id));
        find = find.filter(Condition::any().add(At.lt(last.at)).add(same_time));
    }
    let limit = u64::from(filter.limit.unwrap_or(PAGE).clamp(1, 200));
    let mut found = find
        .order_by_desc(At)
        .order_by_desc(Id)
        .limit(limit + 1)
        .all(app.store.db())
        .await?;
    let more = found.len() as u64 > limit;
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let messages = found.into_iter().rev().map(|model| {
        let name = match model.sender == own.0 {
            true => &signed.person.name,
            false => &person.name,
        };
        view(model, name)
    });
    let messages = messages.collect();
    Ok(Json(MessagePage { messages, more }))
}

/// Writes to somebody: a supervisor to agents they may steer, an agent to those who may steer
/// them. About a contact with an open request for help it answers that request. Writing the same
/// message again is a success.
#[utoipa::path(
    post, path = "/api/v1/people/{id}/messages", tag = "supervision", request_body = NewMessage,
    params(("id" = AgentId, Path)),
    responses(
        (status = 201, body = Message),
        (status = 403, body = ApiError, description = "neither may steer the other"),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "`colleague_unavailable` if nobody listens \
            there, `conflict` if the id is another message's"),
        (status = 422, body = ApiError),
    ),
)]
pub(super) async fn send_message(
    State(app): State<App>,
    signed: Signed,
    Path(recipient): Path<AgentId>,
    Json(request): Json<NewMessage>,
) -> Result<(StatusCode, Json<Message>), ApiFailure> {
    let text = field::required("text", &request.text, LONGEST_TEXT)?;
    let sender = &signed.person;
    let roster = app.supervision.roster();
    let reader = roster.person(recipient).ok_or(Code::NotFound)?;
    let steers = roster.may_steer(sender, recipient);
    if sender.id == recipient || !(steers || roster.may_steer(reader, sender.id)) {
        return Err(Code::Forbidden.into());
    }
    let now = app.clock.now();
    let model = message::Model {
        id: request.id.0,
        sender: sender.id.0,
        recipient: recipient.0,
        text,
        contact: request.contact.map(|contact| contact.0),
        at: now.0,
    };
    let transaction = app.store.begin().await?;
    let former = message::Entity::find_by_id(model.id)
        .one(&transaction)
        .await?;
    if let Some(former) = former {
        let same = message::Model {
            at: former.at,
            ..model
        } == former;
        return if same {
            Ok((StatusCode::CREATED, Json(view(former, &sender.name))))
        } else {
            Err(Code::Conflict.into())
        };
    }
    // A message nobody gets is worse than one that was not sent.
    if !app.hub.listens(recipient) {
        return Err(Code::ColleagueUnavailable.into());
    }
    message::Entity::insert(model.clone().into_active_model().reset_all())
        .exec_without_returning(&transaction)
        .await?;
    let object = recipient.to_string();
    let about = request.contact.map(|contact| contact.to_string());
    let about = about.unwrap_or_default();
    audit::record(
        &transaction,
        now,
        sender.id,
        "message_sent",
        &object,
        &about,
    )
    .await?;
    transaction.commit().await?;
    let message = view(model, &sender.name);
    let change = Change::Message {
        message: message.clone(),
    };
    app.hub.publish(recipient, change);
    if let Some(contact) = request.contact
        && steers
        && app.calls.talker(contact) == Some(recipient)
    {
        answered_by(&app, sender, contact).await?;
    }
    Ok((StatusCode::CREATED, Json(message)))
}

fn view(model: message::Model, from_name: &str) -> Message {
    Message {
        id: MessageId(model.id),
        from: AgentId(model.sender),
        from_name: from_name.to_owned(),
        to: AgentId(model.recipient),
        text: model.text,
        contact: model.contact.map(ContactId),
        at: UnixMs(model.at),
    }
}
