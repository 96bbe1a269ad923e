//! Signing in and out, and in again.
//!
//! ```text
//!  SignedOut ──sign_in, resume──▶ SigningIn ──snapshot──▶ Online ⇄ Reconnecting
//!      ▲                              │                     │
//!      └──────── refused ─────────────┘                     │
//!      └──── sign_out, taken over, disabled, expired ───────┘
//! ```
//!
//! A session outlives the loss of the network, a restart of the centre and, through its token in
//! the keyring, a crash of the desk. Once it has ended, a password signs in again; after a single
//! sign-on the person has to go through the browser again ([`super::sso`]).

use super::{
    core::Core,
    kept::{PASSWORD, TOKEN},
    listen::listen,
    manage,
};
use crate::{
    call::{Ask, LineConfig, Route},
    command::{RememberedSignIn, SignInRequest},
    connection::{backoff::Backoff, client::Client, follow::follow},
    failure::{DeskCode, Failure, FailureCode},
    live::Wanted,
    outbox::account::{Account, Locks},
    settings::LastSignIn,
    view::{self, Connection, NoticeCode},
};
use reqwest::Method;
use seatline_contract::{
    about::About,
    error::{ApiError, Code},
    identity::{Session, SignIn},
    secret::Secret,
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};

/// How long signing in waits for the first snapshot.
const SNAPSHOT: Duration = Duration::from_secs(10);
/// How often the line is probed.
const PROBE: Duration = Duration::from_secs(5);

/// A session while it runs.
pub(super) struct Running {
    way: Way,
    follower: JoinHandle<()>,
    listener: JoinHandle<()>,
}

/// How a session was come by, and can be again.
#[derive(Clone)]
pub(super) enum Way {
    /// With login and password.
    Password(SignIn),
    /// By single sign-on: not again without the person.
    Sso {
        /// Who it was.
        login: String,
    },
}

impl Way {
    fn login(&self) -> &str {
        match self {
            Self::Password(sign_in) => &sign_in.login,
            Self::Sso { login } => login,
        }
    }

    fn password(&self) -> Option<Secret> {
        match self {
            Self::Password(sign_in) => Some(sign_in.password.clone()),
            Self::Sso { .. } => None,
        }
    }
}

/// What signing in needs to know.
pub(super) struct Entry {
    pub(super) client: Arc<Client>,
    pub(super) about: About,
    pub(super) session: Session,
    pub(super) way: Way,
    pub(super) remember: bool,
    pub(super) trust: Option<String>,
}

impl Running {
    /// Stops following. Nothing is told to the centre.
    pub(super) fn stop(self) {
        self.follower.abort();
        self.listener.abort();
    }
}

impl Core {
    /// The last sign-in, or the policy's centre.
    pub(super) async fn remembered(&self) -> Option<RememberedSignIn> {
        let last = self.settings.read().last;
        let policy = self.policy();
        let centre = match (policy.forced_centre(), &last) {
            (Some(centre), _) => centre.to_owned(),
            (None, Some(last)) => last.centre.clone(),
            (None, None) => policy.centre()?.to_owned(),
        };
        // A kept password is good for the centre it was kept for, and for no other.
        let same = last.as_ref().is_some_and(|last| self.is_at(last));
        Some(RememberedSignIn {
            centre,
            by_sso: last.as_ref().is_some_and(|last| last.sso),
            login: last.map(|last| last.login).unwrap_or_default(),
            has_password: same && self.load(PASSWORD).await.is_some(),
            managed: policy.forced_centre().is_some(),
        })
    }

    /// Signs in as remembered: with the token of a session that was not ended, else with the
    /// password. Without a network it goes on trying and returns true.
    ///
    /// # Errors
    /// Those of signing in that trying again does not cure.
    pub(super) async fn resume(self: &Arc<Self>) -> Result<bool, Failure> {
        let last = self.settings.read().last;
        let Some(last) = last.filter(|last| last.open && self.is_at(last)) else {
            return Ok(false);
        };
        let Some(way) = self.way_back(&last).await else {
            return Ok(false);
        };
        let mut session = self.session.lock().await;
        if session.is_some() {
            return Ok(true);
        }
        let client = self.new_client(&last.centre, last.trust.as_deref())?;
        self.board
            .change(|view| view.connection = Connection::SigningIn);
        match self.reenter(&client, &way).await {
            Ok((about, resumed)) => {
                let entry = Entry {
                    client,
                    about,
                    session: resumed,
                    way,
                    remember: true,
                    trust: last.trust,
                };
                let shown = self.enter(entry, &mut session).await?;
                drop(session);
                wait(shown).await;
                Ok(true)
            }
            Err(failure) if is_passing(&failure) => {
                let account = Account::new(&last.centre, &last.login);
                let locks = Locks {
                    password: way.password(),
                    seal: None,
                };
                self.outbox.open(account, locks).await?;
                self.keep_trying(client, way, &failure, &mut session);
                Ok(true)
            }
            Err(failure) => {
                self.show_signed_out(Some(failure.code));
                Err(failure)
            }
        }
    }

    /// How to come back into the last session; `None` if nothing was kept for it.
    async fn way_back(&self, last: &LastSignIn) -> Option<Way> {
        let login = last.login.clone();
        if last.sso {
            return self.load(TOKEN).await.map(|_| Way::Sso { login });
        }
        Some(Way::Password(SignIn {
            login,
            password: self.load(PASSWORD).await?,
            device: self.config.device_name.clone(),
            take_over: false,
            tenant: self.policy().tenant().map(str::to_owned),
        }))
    }

    /// Signs in with what the person typed.
    ///
    /// # Errors
    /// The connection's codes and the centre's.
    pub(super) async fn sign_in(self: &Arc<Self>, request: SignInRequest) -> Result<(), Failure> {
        self.sso.cancel();
        self.admit(self.knock(request)).await
    }

    /// Shows that somebody signs in, and lets them in if the door opens.
    ///
    /// # Errors
    /// [`DeskCode::AlreadyInCall`], and those of the door.
    pub(super) async fn admit(
        self: &Arc<Self>,
        door: impl Future<Output = Result<Entry, Failure>>,
    ) -> Result<(), Failure> {
        if self.board.view().call.is_some() {
            return Err(Failure::new(DeskCode::AlreadyInCall));
        }
        let mut session = self.session.lock().await;
        if session.is_some() {
            self.leave(&mut session, None).await;
        }
        self.board
            .change(|view| view.connection = Connection::SigningIn);
        let entered = match door.await {
            Ok(entry) => self.enter(entry, &mut session).await,
            Err(failure) => Err(failure),
        };
        match entered {
            Ok(shown) => {
                drop(session);
                wait(shown).await;
                Ok(())
            }
            Err(failure) => {
                self.show_signed_out(None);
                Err(failure)
            }
        }
    }

    /// Signs out.
    ///
    /// # Errors
    /// [`DeskCode::AlreadyInCall`] while a call is up.
    pub(super) async fn sign_out(&self) -> Result<(), Failure> {
        if self.board.view().call.is_some() {
            return Err(Failure::new(DeskCode::AlreadyInCall));
        }
        let mut session = self.session.lock().await;
        if let Ok(client) = self.client() {
            let ended: Result<serde::de::IgnoredAny, Failure> = client
                .write(Method::DELETE, "/api/v1/sessions/current", &())
                .await;
            if let Err(failure) = ended {
                // The centre takes the desk for lost soon, and the session ends in time.
                tracing::info!(%failure, "the centre was not told of the sign-out");
            }
        }
        self.leave(&mut session, None).await;
        self.forget(TOKEN).await;
        self.keep(|kept| {
            if let Some(last) = &mut kept.last {
                last.open = false;
            }
        })
    }

    /// Asks the centre to let the person in.
    async fn knock(&self, request: SignInRequest) -> Result<Entry, Failure> {
        let address = self.address(&request.centre)?;
        let last = self.settings.read().last.filter(|last| {
            last.centre == address.to_string() && last.login == request.login.trim()
        });
        let password = match request.password {
            Some(password) => password,
            // A kept password goes nowhere but where it was kept for.
            None if last.is_some() => self
                .load(PASSWORD)
                .await
                .ok_or_else(|| Failure::from(wrong_credentials()))?,
            None => return Err(wrong_credentials().into()),
        };
        let trust = request.trust.or_else(|| self.accepted_for(&address));
        let client = self.new_client(&address.to_string(), trust.as_deref())?;
        let about = client.about().await?;
        let sign_in = SignIn {
            login: request.login.trim().to_owned(),
            password,
            device: self.config.device_name.clone(),
            take_over: request.take_over,
            tenant: self.policy().tenant().map(str::to_owned),
        };
        let session = open_session(&client, &sign_in)
            .await
            .map_err(|failure| self.name_tenants(failure, &about))?;
        Ok(Entry {
            client,
            about,
            session,
            way: Way::Password(sign_in),
            remember: request.remember,
            trust,
        })
    }

    /// Says both names where a tenant is the wrong one.
    pub(super) fn name_tenants(&self, failure: Failure, about: &About) -> Failure {
        if failure.code != FailureCode::Centre(Code::WrongTenant) {
            return failure;
        }
        Failure {
            subject: about.tenant.clone(),
            expected: self.policy().tenant().map(str::to_owned),
            ..failure
        }
    }

    /// Continues the kept session, or opens a new one with the password.
    async fn reenter(&self, client: &Arc<Client>, way: &Way) -> Result<(About, Session), Failure> {
        let about = client.about().await?;
        let token = match client.token() {
            Some(token) => Some(token),
            None => self.load(TOKEN).await,
        };
        if token.is_some() {
            client.set_token(token);
            match client.get("/api/v1/sessions/current").await {
                Ok(session) => return Ok((about, session)),
                Err(failure) if failure.code != FailureCode::Centre(Code::SessionEnded) => {
                    return Err(failure);
                }
                Err(_) => client.set_token(None),
            }
        }
        let session = match way {
            Way::Password(sign_in) => open_session(client, sign_in)
                .await
                .map_err(|failure| self.name_tenants(failure, &about))?,
            Way::Sso { .. } => return Err(session_ended().into()),
        };
        Ok((about, session))
    }

    /// Sets everything up for a session that the centre has opened. The receiver hears when the
    /// first snapshot is shown.
    async fn enter(
        self: &Arc<Self>,
        entry: Entry,
        running: &mut Option<Running>,
    ) -> Result<oneshot::Receiver<()>, Failure> {
        let Entry {
            client,
            about,
            session,
            way,
            remember,
            trust,
        } = entry;
        let address = client.address().clone();
        let account = Account::new(&address.to_string(), way.login());
        let locks = Locks {
            password: way.password(),
            seal: session.seal.clone(),
        };
        self.outbox.open(account, locks).await?;
        client.set_token(Some(session.token.clone()));
        *self.client.write() = Some(client.clone());
        self.board.change(|view| {
            view.centre = Some(view::Centre {
                url: address.to_string(),
                name: about.name,
                managed: self.policy().forced_centre().is_some(),
            });
            view.me = Some(session.me.clone());
        });
        self.keep(|kept| {
            kept.last = Some(LastSignIn {
                centre: address.to_string(),
                login: way.login().to_owned(),
                trust,
                open: remember,
                sso: matches!(way, Way::Sso { .. }),
            });
            kept.recommended.clone_from(&session.desk);
        })?;
        self.adopt(manage::read(&self.config.policy).await?);
        self.remember(remember, way.password(), &session.token)
            .await;
        self.register_line(&client, &session).await?;
        let (told, events) = mpsc::unbounded_channel();
        let (shown, first) = oneshot::channel();
        *running = Some(Running {
            way,
            follower: tokio::spawn(follow(
                client.clone(),
                self.board.clone(),
                self.live.clone(),
                told,
            )),
            listener: tokio::spawn(listen(Arc::downgrade(self), client, events, shown)),
        });
        Ok(first)
    }

    async fn register_line(&self, client: &Client, session: &Session) -> Result<(), Failure> {
        let address = client.address();
        let internal = |detail: String| Failure::new(DeskCode::Internal).detail(detail);
        let switch = match tokio::net::lookup_host((address.host(), address.port())).await {
            Ok(mut found) => found.next(),
            // Only the proxy may know the name.
            Err(_) if client.proxy().is_some() => None,
            Err(error) => return Err(client.explain(&error)),
        };
        let line = &session.line;
        let agent = seatline_sip::UserAgentConfig {
            url: format!("wss://{}{}", address.authority(), line.path),
            tls: client.tls(),
            proxy: client.proxy().cloned(),
            user: seatline_sip::Number::parse(&line.user)
                .map_err(|error| internal(error.to_string()))?,
            display_name: Some(session.me.name.clone()),
            secret: seatline_sip::Secret::password(line.secret.expose()),
            realm: line.realm.clone(),
            instance: self.settings.read().instance,
            user_agent: format!("Seatline/{}", self.config.version),
            probe_every: PROBE,
        };
        self.phone.tell(Ask::Register(Box::new(LineConfig {
            agent,
            route: Route {
                switch,
                ports: self.policy().media_ports(),
            },
        })));
        Ok(())
    }

    /// Ends the session on this side.
    async fn leave(&self, session: &mut Option<Running>, reason: Option<FailureCode>) {
        if let Some(running) = session.take() {
            running.stop();
        }
        // The phone refuses nothing here.
        let _ = self.phone.ask(Ask::SignOff).await;
        *self.client.write() = None;
        self.outbox.close().await;
        self.show_signed_out(reason);
    }

    fn show_signed_out(&self, reason: Option<FailureCode>) {
        self.board.change(|view| {
            view.connection = Connection::SignedOut { reason };
            view.me = None;
            view.presence = None;
            view.contacts.clear();
            view.queues.clear();
            view.catalog = None;
            view.offer = None;
            view.watching = None;
            view.parked.clear();
            view.callbacks.clear();
            view.helps.clear();
            view.alarms.clear();
            view.messages.clear();
        });
        self.live.want(Wanted::default());
    }

    /// The session ended by the centre's word.
    pub(super) async fn dismissed(&self, reason: FailureCode, note: Option<String>) {
        let mut session = self.session.lock().await;
        if session.is_none() {
            return;
        }
        self.leave(&mut session, Some(reason)).await;
        self.forget(TOKEN).await;
        self.board
            .tell_more(NoticeCode::SignedOut, None, note, None);
    }

    /// The token is not valid any more: signs in again as this session was come by.
    pub(super) async fn renew(self: Arc<Self>) {
        let mut session = self.session.lock().await;
        let Some(running) = session.take() else {
            return;
        };
        let Ok(client) = self.client() else {
            return;
        };
        let way = running.way.clone();
        running.stop();
        client.set_token(None);
        self.forget(TOKEN).await;
        let ended = Failure::from(session_ended());
        self.keep_trying(client, way, &ended, &mut session);
    }

    /// Signs in again and again until it works or cannot.
    fn keep_trying(
        self: &Arc<Self>,
        client: Arc<Client>,
        way: Way,
        failure: &Failure,
        session: &mut Option<Running>,
    ) {
        let since = self.board.centre_now();
        let show = move |core: &Self, attempt, reason| {
            core.board.change(|view| {
                view.connection = Connection::Reconnecting {
                    since,
                    attempt,
                    reason,
                };
            });
        };
        show(self, 1, failure.code);
        let core = Arc::downgrade(self);
        let again = way.clone();
        let listener = tokio::spawn(async move {
            let mut backoff = Backoff::default();
            loop {
                tokio::time::sleep(backoff.next(rand::random())).await;
                let Some(core) = core.upgrade() else {
                    return;
                };
                match core.reenter(&client, &again).await {
                    Ok((about, session)) => {
                        tokio::spawn(core.come_back(client, about, session, again));
                        return;
                    }
                    Err(failure) if is_passing(&failure) => {
                        show(&core, backoff.attempts() + 1, failure.code);
                    }
                    Err(failure) => {
                        tokio::spawn(async move { core.dismissed(failure.code, None).await });
                        return;
                    }
                }
            }
        });
        *session = Some(Running {
            way,
            follower: tokio::spawn(async {}),
            listener,
        });
    }

    async fn come_back(
        self: Arc<Self>,
        client: Arc<Client>,
        about: About,
        opened: Session,
        way: Way,
    ) {
        let mut session = self.session.lock().await;
        if session.is_none() {
            // The agent signed out meanwhile.
            return;
        }
        let last = self.settings.read().last;
        let entry = Entry {
            client,
            about,
            session: opened,
            way,
            remember: last.as_ref().is_some_and(|last| last.open),
            trust: last.and_then(|last| last.trust),
        };
        if let Err(failure) = self.enter(entry, &mut session).await {
            tracing::error!(%failure, "a session could not be set up again");
            self.leave(&mut session, Some(failure.code)).await;
        }
    }

    /// Whether the last sign-in was to the centre that would be used now.
    fn is_at(&self, last: &LastSignIn) -> bool {
        self.address(&last.centre)
            .is_ok_and(|address| address.to_string() == last.centre)
    }

    pub(super) fn new_client(
        &self,
        typed: &str,
        trust: Option<&str>,
    ) -> Result<Arc<Client>, Failure> {
        let client = Client::new(
            self.address(typed)?,
            &self.policy(),
            trust,
            &self.config.version,
        )?;
        Ok(Arc::new(client))
    }
}

/// Whether trying again may cure it.
pub(super) fn is_passing(failure: &Failure) -> bool {
    matches!(
        failure.code,
        FailureCode::Desk(
            DeskCode::CentreUnreachable | DeskCode::ProxyUnreachable | DeskCode::ProxyRefused
        ) | FailureCode::Centre(
            Code::Unavailable | Code::Internal | Code::TooManyRequests | Code::StorageFull
        )
    )
}

async fn open_session(client: &Client, sign_in: &SignIn) -> Result<Session, Failure> {
    client
        .write(Method::POST, "/api/v1/sessions", sign_in)
        .await
}

async fn wait(shown: oneshot::Receiver<()>) {
    // A snapshot that is late shows as a connection still being made.
    let _ = timeout(SNAPSHOT, shown).await;
}

fn wrong_credentials() -> ApiError {
    ApiError::new(Code::WrongCredentials)
}

fn session_ended() -> ApiError {
    ApiError::new(Code::SessionEnded)
}
