//! Sign-in and the people who do it.

use crate::{
    id::{AgentId, SessionId},
    secret::Secret,
    time::UnixMs,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Handles contacts.
    Agent,
    /// Also sees the board and helps in calls.
    Supervisor,
    /// Also configures the centre.
    Administrator,
}

/// A person as others see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Person {
    /// Who.
    pub id: AgentId,
    /// The login name.
    pub login: String,
    /// The name shown.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// Body of `POST /api/v1/setup`: makes the first administrator.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct SetUp {
    /// The one-time code the centre printed at its first start.
    #[serde(serialize_with = "crate::secret::reveal")]
    pub code: Secret,
    /// Login of the administrator.
    pub login: String,
    /// Name shown.
    pub name: String,
    /// Password, 12 characters or more.
    #[serde(serialize_with = "crate::secret::reveal")]
    pub password: Secret,
}

/// Body of `POST /api/v1/people` (administrators).
#[derive(Debug, Clone, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct NewPerson {
    /// Login, unique.
    pub login: String,
    /// Name shown.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// First password, 12 characters or more.
    #[serde(serialize_with = "crate::secret::reveal")]
    pub password: Secret,
}

/// Body of `POST /api/v1/sessions`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct SignIn {
    /// Login name.
    pub login: String,
    /// Password.
    #[serde(serialize_with = "crate::secret::reveal")]
    pub password: Secret,
    /// Name of the computer, shown when the agent signs in elsewhere.
    pub device: String,
    /// Ends a session of the same agent elsewhere. Without it such a session is an error.
    #[serde(default)]
    pub take_over: bool,
    /// The tenant the computer is set up for, if it is for one.
    #[serde(default)]
    pub tenant: Option<String>,
}

/// Answer of `POST /api/v1/sessions`, and the end of a single sign-on.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Session {
    /// The session.
    pub id: SessionId,
    /// Bearer token of the API and the event socket.
    #[serde(serialize_with = "crate::secret::reveal")]
    pub token: Secret,
    /// Who signed in.
    pub me: Person,
    /// How to register the line.
    pub line: Line,
    /// The centre's clock at sign-in.
    pub now: UnixMs,
    /// When the session ends whatever happens.
    pub expires: UnixMs,
    /// The same at each of this person's sign-ins, and told to nobody else: what the desk keeps on
    /// its disk can be locked with it.
    #[serde(default, serialize_with = "crate::secret::reveal_some")]
    pub seal: Option<Secret>,
    /// What the centre recommends for settings of its desks, by their names in policies.
    #[serde(default)]
    pub desk: BTreeMap<String, Recommended>,
}

/// A value that is recommended for a setting of the desk, as a policy's file would hold it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(untagged)]
pub enum Recommended {
    /// Yes or no.
    Flag(bool),
    /// Anything else.
    Text(String),
}

/// How the desk registers with the switch. The secret is made for this session only.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Line {
    /// Path of SIP over WebSocket on the centre's own port, such as `/sip`.
    pub path: String,
    /// SIP user part.
    pub user: String,
    /// Digest realm.
    pub realm: String,
    /// Digest secret (SHA-256, RFC 8760).
    #[serde(serialize_with = "crate::secret::reveal")]
    pub secret: Secret,
}
