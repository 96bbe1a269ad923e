//! Who makes a request.

use super::{person, session};
use crate::{App, http::ApiFailure};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header::AUTHORIZATION, request::Parts},
};
use seatline_contract::{
    error::Code,
    id::{AgentId, SessionId},
    identity::{Person, Role},
    secret::Secret,
    time::UnixMs,
};

/// The person behind a request or an event socket; as an extractor it refuses everybody else with
/// [`Code::SessionEnded`].
#[derive(Debug, Clone)]
pub struct Signed {
    /// Their session.
    pub session: SessionId,
    /// Who they are.
    pub person: Person,
    /// When the session ends whatever happens.
    pub expires: UnixMs,
}

impl Signed {
    /// Their id.
    #[must_use]
    pub fn agent(&self) -> AgentId {
        self.person.id
    }

    /// Refuses people of a lower role.
    ///
    /// # Errors
    /// [`Code::Forbidden`].
    pub fn require(&self, role: Role) -> Result<(), ApiFailure> {
        let rank = |role| match role {
            Role::Agent => 0,
            Role::Supervisor => 1,
            Role::Administrator => 2,
        };
        if rank(self.person.role) >= rank(role) {
            Ok(())
        } else {
            Err(Code::Forbidden.into())
        }
    }

    /// Whether this person may see numbers in full.
    #[must_use]
    pub fn sees_numbers(&self, app: &App) -> bool {
        app.shows_numbers_to(self.person.role)
    }
}

/// The bearer token of a request.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| Secret::new(token.trim()))
}

/// The person a token belongs to.
///
/// # Errors
/// [`Code::SessionEnded`] if the token is unknown, expired, or its owner disabled.
pub(crate) async fn find_signed(app: &App, token: Option<&Secret>) -> Result<Signed, ApiFailure> {
    let token = token.ok_or(Code::SessionEnded)?;
    let db = app.store.db();
    let session = session::find(db, token.expose(), app.clock.now())
        .await?
        .ok_or(Code::SessionEnded)?;
    let person = person::find(db, AgentId(session.agent))
        .await?
        .filter(|person| !person.disabled)
        .ok_or(Code::SessionEnded)?;
    Ok(Signed {
        session: SessionId(session.id),
        person: person::view(&person)?,
        expires: UnixMs(session.expires),
    })
}

impl FromRequestParts<App> for Signed {
    type Rejection = ApiFailure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiFailure> {
        if let Some(signed) = parts.extensions.get::<Self>() {
            return Ok(signed.clone());
        }
        let signed = find_signed(app, bearer(&parts.headers).as_ref()).await?;
        parts.extensions.insert(signed.clone());
        Ok(signed)
    }
}
