//! An agent asks for help.
//!
//! ```text
//!   asked ──┬── a supervisor writes about it, or coaches ──► answered
//!           ├── taken back                                      │
//!           └── the call ends, or leaves the agent ◄────────────┘ ──► gone
//! ```

use super::Supervision;
use crate::{
    App, catalog,
    compliance::audit,
    http::{ApiFailure, Json, Path, field},
    identity::Signed,
};
use axum::{extract::State, http::StatusCode};
use sea_orm::DbErr;
use seatline_contract::{
    contact::Contact,
    error::{ApiError, Code},
    event::Change,
    id::{AgentId, ContactId},
    identity::{Person, Role},
    supervision::{AskHelp, Help},
};
use std::collections::HashMap;

/// Longest words of one's own, in characters.
const LONGEST_TEXT: usize = 500;

/// A request for help of an agent in a call.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) agent: AgentId,
    pub(super) help: Help,
}

impl Supervision {
    /// The help that the agent of a contact asks for, or has got.
    #[must_use]
    pub fn help_of(&self, contact: ContactId) -> Option<Help> {
        let asked = self.helps.lock();
        asked.get(&contact).map(|asked| asked.help.clone())
    }

    /// All requests of live contacts.
    pub(super) fn helps(&self) -> HashMap<ContactId, Help> {
        let asked = self.helps.lock();
        asked
            .iter()
            .map(|(contact, asked)| (*contact, asked.help.clone()))
            .collect()
    }
}

/// Asks for help in one's call. Asking again asks anew.
#[utoipa::path(
    put, path = "/api/v1/contacts/{id}/help", tag = "supervision", request_body = AskHelp,
    params(("id" = ContactId, Path)),
    responses(
        (status = 204),
        (status = 404, body = ApiError, description = "not in a call of one's own"),
        (status = 422, body = ApiError),
    ),
)]
pub(super) async fn ask_help(
    State(app): State<App>,
    signed: Signed,
    Path(contact): Path<ContactId>,
    Json(request): Json<AskHelp>,
) -> Result<StatusCode, ApiFailure> {
    let text = field::text("text", &request.text, LONGEST_TEXT)?;
    let reasons = catalog::choices(&app.store).await?.help_reasons;
    if !reasons.iter().any(|reason| reason.id == request.reason) {
        return Err(ApiFailure::field("reason", "not in the catalogue"));
    }
    let agent = signed.agent();
    if app.calls.talker(contact) != Some(agent) {
        return Err(Code::NotFound.into());
    }
    let now = app.clock.now();
    let object = contact.to_string();
    let db = app.store.db();
    audit::record(db, now, agent, "help_asked", &object, &request.reason).await?;
    let help = Help {
        reason: request.reason,
        text,
        since: now,
        answered_by: None,
    };
    let asked = Asked { agent, help };
    app.supervision.helps.lock().insert(contact, asked);
    // The call may have ended meanwhile; then nobody else takes the request away.
    if app.calls.talker(contact) != Some(agent) {
        app.supervision.helps.lock().remove(&contact);
        return Err(Code::NotFound.into());
    }
    app.calls.tell_anew(contact);
    let roster = app.supervision.roster();
    for supervisor in roster.supervisors_of(agent) {
        let reader = roster.person(supervisor);
        let shown = reader.and_then(|reader| app.calls.show_live(contact, reader));
        if let Some(contact) = shown {
            app.hub.publish(supervisor, Change::Help { contact });
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Takes one's request back. One that is not there is gone already.
#[utoipa::path(
    delete, path = "/api/v1/contacts/{id}/help", tag = "supervision",
    params(("id" = ContactId, Path)),
    responses((status = 204)),
)]
pub(super) async fn take_help_back(
    State(app): State<App>,
    signed: Signed,
    Path(contact): Path<ContactId>,
) -> Result<StatusCode, ApiFailure> {
    let agent = signed.agent();
    let theirs = |asked: &Asked| asked.agent == agent;
    if !app
        .supervision
        .helps
        .lock()
        .get(&contact)
        .is_some_and(theirs)
    {
        return Ok(StatusCode::NO_CONTENT);
    }
    let (now, object) = (app.clock.now(), contact.to_string());
    audit::record(app.store.db(), now, agent, "help_taken_back", &object, "").await?;
    app.supervision.helps.lock().remove(&contact);
    app.calls.tell_anew(contact);
    tell_gone(&app, agent, contact);
    Ok(StatusCode::NO_CONTENT)
}

/// A supervisor has written about a contact, or coaches its agent: an open request of that agent
/// is answered. Anything else changes nothing.
///
/// # Errors
/// Those of the database; the request is then still open.
pub(crate) async fn answered_by(
    app: &App,
    supervisor: &Person,
    contact: ContactId,
) -> Result<(), DbErr> {
    let open = |asked: &Asked| asked.help.answered_by.is_none();
    let asked = app.supervision.helps.lock().get(&contact).cloned();
    let Some(asked) = asked.filter(open) else {
        return Ok(());
    };
    if asked.agent == supervisor.id || !app.supervision.roster().may_steer(supervisor, asked.agent)
    {
        return Ok(());
    }
    let object = contact.to_string();
    let (now, detail) = (app.clock.now(), asked.agent.to_string());
    let db = app.store.db();
    audit::record(db, now, supervisor.id, "help_answered", &object, &detail).await?;
    {
        let mut helps = app.supervision.helps.lock();
        let Some(asked) = helps.get_mut(&contact).filter(|asked| open(asked)) else {
            return Ok(());
        };
        asked.help.answered_by = Some(supervisor.name.clone());
    }
    app.calls.tell_anew(contact);
    tell_gone(app, asked.agent, contact);
    Ok(())
}

/// What nobody has answered yet of the agents whose requests this supervisor hears, the oldest
/// first, for a snapshot.
pub(crate) fn open_helps(app: &App, reader: &Person) -> Vec<Contact> {
    if reader.role == Role::Agent {
        return Vec::new();
    }
    let mut open: Vec<(ContactId, Asked)> = {
        let helps = app.supervision.helps.lock();
        let open = helps
            .iter()
            .filter(|(_, asked)| asked.help.answered_by.is_none());
        open.map(|(contact, asked)| (*contact, asked.clone()))
            .collect()
    };
    let roster = app.supervision.roster();
    open.retain(|(_, asked)| roster.supervisors_of(asked.agent).contains(&reader.id));
    open.sort_by_key(|(_, asked)| asked.help.since);
    open.iter()
        .filter_map(|(contact, _)| app.calls.show_live(*contact, reader))
        .collect()
}

/// A contact has a new state: where its agent no longer talks in it, the request is pointless. The
/// calls are asked, because what is being stored may be older than the request.
pub(super) fn review(app: &App, contact: ContactId) {
    let asked = app.supervision.helps.lock().get(&contact).cloned();
    let Some(asked) = asked else {
        return;
    };
    if app.calls.talker(contact) != Some(asked.agent) {
        app.supervision.helps.lock().remove(&contact);
        tell_gone(app, asked.agent, contact);
    }
}

fn tell_gone(app: &App, agent: AgentId, contact: ContactId) {
    let supervisors = app.supervision.roster().supervisors_of(agent);
    app.hub
        .publish_to(supervisors, &Change::HelpGone { contact });
}
