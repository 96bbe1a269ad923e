//! The agents' lines: who may register with the switch, and with which secret.

use crate::key::Key;
use parking_lot::RwLock;
use seatline_contract::{
    id::{AgentId, SessionId},
    secret::Secret,
};
use std::collections::HashMap;
use uuid::Uuid;

/// The SIP user of an agent's line.
#[must_use]
pub fn line_user(agent: AgentId) -> String {
    format!("a-{}", agent.0.simple())
}

/// The agent of a SIP user.
#[must_use]
pub fn line_agent(user: &str) -> Option<AgentId> {
    let id = user.strip_prefix("a-").filter(|id| id.len() == 32)?;
    Uuid::try_parse(id).ok().map(AgentId)
}

/// Secrets of the lines of those signed in now.
///
/// A secret is derived from the session's id and a key that never leaves the centre: it ends with
/// the session, survives a restart, and is stored nowhere.
pub struct Lines {
    key: Key,
    open: RwLock<HashMap<AgentId, Secret>>,
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lines({})", self.open.read().len())
    }
}

impl Lines {
    pub(crate) fn new(key: Key) -> Self {
        Self {
            key,
            open: RwLock::default(),
        }
    }

    /// Opens the line of a session, in place of an earlier session's.
    pub(crate) fn open(&self, agent: AgentId, session: SessionId) -> Secret {
        let secret = Secret::new(self.key.derive("line", &[session.0.as_bytes()]));
        self.open.write().insert(agent, secret.clone());
        secret
    }

    /// Closes an agent's line.
    pub(crate) fn close(&self, agent: AgentId) {
        self.open.write().remove(&agent);
    }

    /// The secret of a SIP user who is signed in.
    #[must_use]
    pub fn secret(&self, user: &str) -> Option<Secret> {
        let agent = line_agent(user)?;
        self.open.read().get(&agent).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_agents_resolve_both_ways() {
        let agent = AgentId(Uuid::new_v4());
        assert_eq!(line_agent(&line_user(agent)), Some(agent));
        assert_eq!(line_agent("a-xyz"), None);
        assert_eq!(line_agent(&agent.to_string()), None);
    }

    #[test]
    fn a_secret_lives_as_long_as_its_session() {
        let lines = Lines::new(Key::from_bytes([7; 32]));
        let agent = AgentId(Uuid::new_v4());
        let first = lines.open(agent, SessionId(Uuid::new_v4()));
        let second = lines.open(agent, SessionId(Uuid::new_v4()));
        assert_ne!(first, second);
        assert_eq!(lines.secret(&line_user(agent)), Some(second));
        lines.close(agent);
        assert_eq!(lines.secret(&line_user(agent)), None);
    }
}
