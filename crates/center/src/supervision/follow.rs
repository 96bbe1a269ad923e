//! Following an agent: joining each of their next calls by itself.

use super::Supervision;
use crate::{
    App,
    calls::Record,
    compliance::audit,
    http::{ApiFailure, Json, Path},
    identity::Signed,
    store::text,
};
use axum::{extract::State, http::StatusCode};
use seatline_contract::{
    contact::{ContactState, Direction},
    error::ApiError,
    id::{AgentId, ContactId},
    supervision::{Follow, WatchMode},
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Who follows whom, and who talks in which contact, so that each connection is noticed once.
#[derive(Debug, Default)]
pub(super) struct Following {
    wishes: HashMap<AgentId, BTreeMap<AgentId, WatchMode>>,
    talking: HashMap<ContactId, AgentId>,
}

impl Following {
    /// Notes what a contact is now. Returns who wants to join it, and how, when an agent has just
    /// been connected.
    fn note(&mut self, record: &Record) -> Vec<(AgentId, WatchMode)> {
        let talker = match record.state {
            ContactState::Connected | ContactState::Held if record.ended.is_none() => record.agent,
            _ => None,
        };
        // What colleagues say to each other is listened to by who asks for it, not by itself.
        let talker = talker.filter(|_| record.direction != Direction::Internal);
        let Some(agent) = talker else {
            self.talking.remove(&record.id);
            return Vec::new();
        };
        if self.talking.insert(record.id, agent) == Some(agent) {
            return Vec::new();
        }
        let wish = |(supervisor, agents): (&AgentId, &BTreeMap<AgentId, WatchMode>)| {
            Some((*supervisor, *agents.get(&agent)?))
        };
        self.wishes.iter().filter_map(wish).collect()
    }
}

impl Supervision {
    /// Whom a supervisor follows.
    pub(super) fn followed_by(&self, supervisor: AgentId) -> BTreeSet<AgentId> {
        let following = self.following.lock();
        let wishes = following.wishes.get(&supervisor);
        wishes
            .map(|agents| agents.keys().copied().collect())
            .unwrap_or_default()
    }

    /// A session ended, and with it what it wished.
    pub(crate) fn forget_session(&self, supervisor: AgentId) {
        self.following.lock().wishes.remove(&supervisor);
    }
}

/// Joins each next call of an agent by itself, or no longer (supervisors of the team). Kept until
/// the supervisor's session ends.
#[utoipa::path(
    put, path = "/api/v1/people/{id}/follow", tag = "supervision", request_body = Follow,
    params(("id" = AgentId, Path)),
    responses(
        (status = 204),
        (status = 403, body = ApiError, description = "not of one's teams"),
        (status = 404, body = ApiError),
    ),
)]
pub(super) async fn follow_agent(
    State(app): State<App>,
    signed: Signed,
    Path(agent): Path<AgentId>,
    Json(request): Json<Follow>,
) -> Result<StatusCode, ApiFailure> {
    app.supervision
        .roster()
        .require_steer(&signed.person, agent)?;
    let action = if request.follow {
        "agent_followed"
    } else {
        "agent_unfollowed"
    };
    let (now, who, object) = (app.clock.now(), signed.agent(), agent.to_string());
    let mode = text::name_of(&request.mode)?;
    audit::record(app.store.db(), now, who, action, &object, &mode).await?;
    let mut following = app.supervision.following.lock();
    let wishes = following.wishes.entry(signed.agent()).or_default();
    if request.follow {
        wishes.insert(agent, request.mode);
    } else {
        wishes.remove(&agent);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// A contact has a new state: lets those who follow its agent join.
pub(super) fn join_followers(app: &App, record: &Record) {
    let joining = app.supervision.following.lock().note(record);
    let roster = app.supervision.roster();
    for (supervisor, mode) in joining {
        let reader = roster.person(supervisor);
        let Some(reader) = reader.filter(|reader| {
            record
                .agent
                .is_some_and(|agent| roster.may_steer(reader, agent))
        }) else {
            continue;
        };
        if let Err(failure) = app.calls.join(reader, record.id, mode) {
            tracing::info!(?failure, contact = %record.id, "a follower could not join");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seatline_contract::time::UnixMs;
    use uuid::Uuid;

    #[test]
    fn a_follower_joins_each_next_call_once() {
        let [supervisor, agent, other] = [1, 2, 3].map(|n| AgentId(Uuid::from_u128(n)));
        let mut following = Following::default();
        let mut record = Record::new(ContactId(Uuid::from_u128(9)), Direction::Inbound, UnixMs(0));
        record.agent = Some(agent);
        record.state = ContactState::Connected;
        // A call that is under way when the following begins is not the next one.
        assert_eq!(following.note(&record), []);
        let wishes = following.wishes.entry(supervisor).or_default();
        wishes.insert(agent, WatchMode::Coach);
        record.state = ContactState::Held;
        assert_eq!(following.note(&record), []);
        record.state = ContactState::WrapUp;
        assert_eq!(following.note(&record), []);

        record.id = ContactId(Uuid::from_u128(10));
        record.state = ContactState::Offered;
        assert_eq!(following.note(&record), []);
        record.state = ContactState::Connected;
        assert_eq!(following.note(&record), [(supervisor, WatchMode::Coach)]);
        assert_eq!(following.note(&record), []);
        // It goes to somebody else, and comes back.
        record.agent = Some(other);
        assert_eq!(following.note(&record), []);
        record.agent = Some(agent);
        assert_eq!(following.note(&record), [(supervisor, WatchMode::Coach)]);
    }
}
