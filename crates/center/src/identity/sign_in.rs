//! Signing in and out.

use super::{
    Signed, line_user,
    lockout::Locked,
    password, people, person,
    session::{self, Begun},
    signed::bearer,
    tenant,
};
use crate::{
    App,
    compliance::audit,
    http::{ApiFailure, Json},
};
use axum::{
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode},
};
use seatline_contract::{
    error::{ApiError, Code},
    event::SignOutReason,
    id::{AgentId, SessionId},
    identity::{Line, Role, Session, SignIn},
    secret::Secret,
    sso::Passwords,
};
use std::net::{IpAddr, SocketAddr};

/// Path of SIP over WebSocket.
pub(crate) const SIP_PATH: &str = "/sip";
/// How much longer a session lives at a time while its agent is in a call, in milliseconds.
const LONGER_MS: i64 = 5 * 60_000;
/// How long before its end it is given that, in milliseconds: no request is to be refused between.
const AHEAD_MS: i64 = 60_000;

/// Signs in.
///
/// A wrong password and an unknown login look the same and take the same time. A computer that is
/// set up for another tenant is turned away before the password is looked at.
#[utoipa::path(
    post, path = "/api/v1/sessions", tag = "identity", request_body = SignIn, security(()),
    responses(
        (status = 201, body = Session),
        (status = 401, body = ApiError, description = "`wrong_credentials`"),
        (status = 403, body = ApiError, description = "`account_disabled`, `wrong_tenant`, `password_not_allowed`"),
        (status = 409, body = ApiError, description = "`signed_in_elsewhere`"),
        (status = 423, body = ApiError, description = "`account_locked`"),
        (status = 429, body = ApiError, description = "`too_many_requests`"),
    ),
)]
pub(super) async fn sign_in(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Json(request): Json<SignIn>,
) -> Result<(StatusCode, Json<Session>), ApiFailure> {
    tenant::check(&app, request.tenant.as_deref())?;
    let passwords = app.config.sso.as_ref().map(|sso| sso.passwords);
    if passwords == Some(Passwords::Nobody) {
        return Err(Code::PasswordNotAllowed.into());
    }
    let login = request.login.trim().to_lowercase();
    if login.chars().count() > people::LONGEST_LOGIN {
        // Nobody's, and too large to be remembered.
        return Err(Code::WrongCredentials.into());
    }
    refuse_locked(&app, &login, peer.ip())?;
    let found = person::find_by_login(app.store.db(), &login).await?;
    let hash = found.as_ref().map(|person| person.password.clone());
    let may_try = || refuse_locked(&app, &login, peer.ip());
    let fits = password::verify(request.password, hash, may_try).await?;
    let Some(found) = found.filter(|_| fits) else {
        let now = app.clock.now();
        app.identity.lockout.lock().failed(&login, peer.ip(), now);
        metrics::counter!("seatline_sign_in_failures_total").increment(1);
        return Err(Code::WrongCredentials.into());
    };
    app.identity.lockout.lock().succeeded(&login);
    // Only after the password, so that a guess does not tell who administrates.
    if passwords == Some(Passwords::Administrators)
        && person::view(&found)?.role != Role::Administrator
    {
        return Err(Code::PasswordNotAllowed.into());
    }
    let how = Entrance {
        device: request.device.trim(),
        take_over: request.take_over,
        source: peer.ip(),
        way: "",
    };
    Ok((StatusCode::CREATED, Json(enter(&app, &found, &how).await?)))
}

/// How somebody comes in who has proved who they are.
pub(super) struct Entrance<'a> {
    /// Name of the computer.
    pub(super) device: &'a str,
    /// Ends a session elsewhere.
    pub(super) take_over: bool,
    /// Where the desk is.
    pub(super) source: IpAddr,
    /// What the audit says of the way in; empty for a password.
    pub(super) way: &'a str,
}

/// Begins the session of somebody who has proved who they are.
///
/// # Errors
/// [`Code::AccountDisabled`], [`Code::SignedInElsewhere`], those of the database.
pub(super) async fn enter(
    app: &App,
    found: &person::entity::Model,
    how: &Entrance<'_>,
) -> Result<Session, ApiFailure> {
    if found.disabled {
        return Err(Code::AccountDisabled.into());
    }
    let agent = AgentId(found.id);
    let now = app.clock.now();
    let expires = now.plus(i64::from(app.config.session_hours) * 3_600_000);
    let transaction = app.store.begin().await?;
    let begun = session::begin(&transaction, agent, how.device, how.take_over, now, expires)
        .await?
        .ok_or(Code::SignedInElsewhere)?;
    let source = how.source.to_string();
    audit::record(&transaction, now, agent, "sign_in", how.way, &source).await?;
    transaction.commit().await?;
    let Begun {
        id,
        token,
        replaced,
    } = begun;
    let secret = app.identity.lines.open(agent, id);
    if let Some(replaced) = replaced {
        app.hub.sign_out(agent, replaced, SignOutReason::TakenOver);
        app.supervision.forget_session(agent);
        app.calls.desk_replaced(agent);
    }
    Ok(Session {
        id,
        token,
        me: person::view(found)?,
        line: line_of(app, agent, secret),
        now,
        expires,
        seal: Some(seal_of(app, agent)),
        desk: app.config.desk.clone(),
    })
}

/// The session of the token sent, as at sign-in: for a desk that was restarted.
#[utoipa::path(
    get, path = "/api/v1/sessions/current", tag = "identity",
    responses((status = 200, body = Session), (status = 401, body = ApiError)),
)]
pub(super) async fn current_session(
    State(app): State<App>,
    signed: Signed,
    headers: HeaderMap,
) -> Result<Json<Session>, ApiFailure> {
    let agent = signed.agent();
    let secret = app
        .identity
        .line_secret(&line_user(agent))
        .ok_or(Code::SessionEnded)?;
    Ok(Json(Session {
        id: signed.session,
        token: bearer(&headers).ok_or(Code::SessionEnded)?,
        line: line_of(&app, agent, secret),
        now: app.clock.now(),
        expires: signed.expires,
        seal: Some(seal_of(&app, agent)),
        desk: app.config.desk.clone(),
        me: signed.person,
    }))
}

/// Signs out.
#[utoipa::path(
    delete, path = "/api/v1/sessions/current", tag = "identity",
    responses((status = 204), (status = 401, body = ApiError)),
)]
pub(super) async fn sign_out(
    State(app): State<App>,
    signed: Signed,
) -> Result<StatusCode, ApiFailure> {
    let (db, now, agent) = (app.store.db(), app.clock.now(), signed.agent());
    audit::record(db, now, agent, "sign_out", "", "").await?;
    end_session(&app, agent, Some(signed.session), None, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends an agent's session, tells the desk why, perhaps in words, and closes the line. With `only`,
/// ends just that one.
///
/// # Errors
/// Those of the database.
pub(crate) async fn end_session(
    app: &App,
    agent: AgentId,
    only: Option<SessionId>,
    reason: Option<SignOutReason>,
    note: Option<String>,
) -> Result<(), ApiFailure> {
    if !session::end(app.store.db(), agent, only).await? {
        return Ok(());
    }
    app.identity.lines.close(agent);
    match reason {
        Some(reason) => app.hub.sign_out_agent(agent, reason, note),
        None => app.hub.forget(agent),
    }
    app.supervision.forget_session(agent);
    app.calls.desk_lost(agent);
    app.calls.signed_out(agent);
    Ok(())
}

/// Ends the sessions whose time is up. A desk hangs up when its session ends, so that those of
/// agents in a call live until the call is over.
///
/// # Errors
/// Those of the database.
pub(crate) async fn end_expired(app: &App) -> Result<(), ApiFailure> {
    let (db, now) = (app.store.db(), app.clock.now());
    for session in session::expired(db, now.plus(AHEAD_MS)).await? {
        let (agent, id) = (AgentId(session.agent), SessionId(session.id));
        if app.calls.is_talking(agent) {
            session::prolong(db, id, now.plus(LONGER_MS)).await?;
        } else if session.expires <= now.0 {
            end_session(app, agent, Some(id), Some(SignOutReason::Expired), None).await?;
        }
    }
    Ok(())
}

/// What a desk locks its disk with: the same at each sign-in of a person, however they sign in.
fn seal_of(app: &App, agent: AgentId) -> Secret {
    Secret::new(app.key.derive("seal", &[agent.0.as_bytes()]))
}

fn line_of(app: &App, agent: AgentId, secret: Secret) -> Line {
    Line {
        path: SIP_PATH.to_owned(),
        user: line_user(agent),
        realm: app.config.sip.realm.clone(),
        secret,
    }
}

pub(super) fn refuse_locked(app: &App, login: &str, address: IpAddr) -> Result<(), ApiFailure> {
    let locked = app
        .identity
        .lockout
        .lock()
        .check(login, address, app.clock.now());
    match locked {
        Ok(()) => Ok(()),
        Err(Locked::Login(seconds)) => {
            Err(ApiFailure::from(Code::AccountLocked).retry_after(seconds))
        }
        Err(Locked::Address(seconds)) => {
            Err(ApiFailure::from(Code::TooManyRequests).retry_after(seconds))
        }
    }
}
