//! People, their sign-in and their lines.
//!
//! ```text
//!   password ────────┐
//!   single sign-on ──┴──▶ session (one for each agent) ──▶ token   (API, events)
//!                                                     └──▶ secret  (SIP line)
//!   session ends by: sign-out · take-over · expiry · account disabled
//! ```
//!
//! The database keeps only the token's hash, the password's argon2id hash, and no line secret.

mod line;
mod lockout;
mod migration;
mod password;
mod people;
pub(crate) mod person;
mod session;
mod set_up;
mod sign_in;
mod signed;
mod sso;
mod tenant;

pub use line::{Lines, line_agent, line_user};
pub use signed::Signed;

pub(crate) use migration::migration;
pub(crate) use people::{Newcomer, add_person};
pub use set_up::spell_code;
pub(crate) use set_up::{needs_set_up, offer_set_up};
pub(crate) use sign_in::{SIP_PATH, end_expired, end_session};
pub(crate) use signed::find_signed;
pub(crate) use sso::{offer as sso_offer, pages as sso_pages};

use crate::{App, Config, key::Key};
use lockout::Lockout;
use parking_lot::Mutex;
use seatline_contract::{id::AgentId, secret::Secret};
use utoipa_axum::{router::OpenApiRouter, routes};

/// What identity keeps in memory.
#[derive(Debug)]
pub struct Identity {
    lines: Lines,
    lockout: Mutex<Lockout>,
    sso: Option<sso::Sso>,
}

impl Identity {
    /// Prepares it.
    ///
    /// # Errors
    /// Says which file of single sign-on cannot be used.
    pub(crate) fn new(config: &Config, key: Key) -> Result<Self, String> {
        Ok(Self {
            lines: Lines::new(key),
            lockout: Mutex::new(Lockout::new(config.lockout)),
            sso: config.sso.clone().map(sso::Sso::new).transpose()?,
        })
    }

    /// The digest secret of a SIP user, if that agent is signed in.
    #[must_use]
    pub fn line_secret(&self, user: &str) -> Option<Secret> {
        self.lines.secret(user)
    }
}

/// Opens the lines of sessions that outlived a restart.
///
/// # Errors
/// Those of the database.
pub(crate) async fn restore_lines(app: &App) -> Result<(), sea_orm::DbErr> {
    for seat in session::live(app.store.db(), app.clock.now()).await? {
        app.identity.lines.open(AgentId(seat.agent), seat.id.into());
    }
    Ok(())
}

/// Routes open to anyone.
pub(crate) fn open_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(set_up::set_up))
        .routes(routes!(sign_in::sign_in))
        .routes(routes!(sso::prove_sso, sso::begin_sso))
        .routes(routes!(sso::claim_sso))
        .routes(routes!(sso::cancel_sso))
}

/// Routes for those signed in.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(sign_in::current_session, sign_in::sign_out))
        .routes(routes!(people::list_people, people::create_person))
        .routes(routes!(people::disable_person))
        .routes(routes!(people::enable_person))
}
