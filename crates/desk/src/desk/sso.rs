//! Single sign-on: the person goes through their own browser, the desk waits and claims the session.
//!
//! ```text
//!  begin ──▶ the page opens, its code is shown ──▶ claim every second ──▶ a session
//!                                                     │       │
//!                          given up, timed out ◀──────┘       └──▶ signed in elsewhere: asks, and
//!                                                                  claims again without a browser
//! ```
//!
//! What claims the session never leaves this process. The desk listens on no port.

use super::{
    core::Core,
    session::{Entry, Way, is_passing},
};
use crate::{
    command::SsoRequest,
    connection::client::Client,
    failure::{DeskCode, Failure, FailureCode},
    view::SsoWaiting,
};
use parking_lot::Mutex;
use reqwest::Method;
use seatline_contract::{
    about::About,
    error::Code,
    identity::Session,
    secret::Secret,
    sso::{BeginSso, ClaimSso, SsoAnswer, SsoBegun},
};
use serde::de::IgnoredAny;
use std::{
    future::ready,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// How often the centre is asked.
const EVERY: Duration = Duration::from_secs(1);
/// How long the desk waits for a centre that does not answer any more. One that does says itself
/// when it is over.
const PATIENCE: Duration = Duration::from_secs(5 * 60 + 10);

/// The single sign-on on its way.
#[derive(Default)]
pub(super) struct SsoDesk {
    /// Dropped, it gives the one on its way up.
    waiting: Mutex<Option<oneshot::Sender<()>>>,
    /// One that was through, but for a session elsewhere.
    through: Mutex<Option<Through>>,
}

/// Somebody who went through the browser.
struct Through {
    centre: String,
    claim: Secret,
}

impl SsoDesk {
    /// Gives up what is on its way.
    pub(super) fn cancel(&self) {
        *self.waiting.lock() = None;
        *self.through.lock() = None;
    }

    fn take_through(&self, centre: &str) -> Option<Secret> {
        let through = self.through.lock().take()?;
        (through.centre == centre).then_some(through.claim)
    }
}

impl Core {
    /// Signs in by single sign-on.
    ///
    /// # Errors
    /// As [`super::Desk::sign_in_sso`].
    pub(super) async fn sign_in_sso(
        self: &Arc<Self>,
        request: SsoRequest,
        open: impl FnOnce(&str) -> Result<(), Failure> + Send,
    ) -> Result<(), Failure> {
        if self.board.view().call.is_some() {
            return Err(Failure::new(DeskCode::AlreadyInCall));
        }
        // Nothing is locked while a person is in their browser.
        let entry = self.go_through_browser(request, open).await?;
        self.admit(ready(Ok(entry))).await
    }

    async fn go_through_browser(
        &self,
        request: SsoRequest,
        open: impl FnOnce(&str) -> Result<(), Failure> + Send,
    ) -> Result<Entry, Failure> {
        let address = self.address(&request.centre)?;
        let trust = request.trust.or_else(|| self.accepted_for(&address));
        let client = self.new_client(&address.to_string(), trust.as_deref())?;
        let through = self.sso.take_through(&address.to_string());
        let (give_up, given_up) = oneshot::channel();
        // One that is on its way already is given up by it.
        *self.sso.waiting.lock() = Some(give_up);
        let about = client.about().await?;
        let claim = match through.filter(|_| request.take_over) {
            Some(claim) => claim,
            None => self.begin(&client, &about, open).await?,
        };
        let ask = ClaimSso {
            claim,
            take_over: request.take_over,
        };
        let session = self.wait_for_session(&client, ask, given_up).await?;
        Ok(Entry {
            client,
            about,
            way: Way::Sso {
                login: session.me.login.clone(),
            },
            session,
            remember: request.remember,
            trust,
        })
    }

    /// Begins at the centre, shows the code, and has the page opened.
    async fn begin(
        &self,
        client: &Arc<Client>,
        about: &About,
        open: impl FnOnce(&str) -> Result<(), Failure> + Send,
    ) -> Result<Secret, Failure> {
        let begin = BeginSso {
            device: self.config.device_name.clone(),
            tenant: self.policy().tenant().map(str::to_owned),
        };
        let begun: SsoBegun = client
            .write(Method::POST, "/api/v1/sso", &begin)
            .await
            .map_err(|failure| self.name_tenants(failure, about))?;
        // The system opens whatever it is given, programs included.
        if !begun.address.starts_with("https://") {
            return Err(Failure::new(DeskCode::Internal).detail("the page is no https address"));
        }
        self.board.change(|view| {
            view.sso = Some(SsoWaiting {
                address: begun.address.clone(),
                code: begun.code.clone(),
                opened: false,
                expires: begun.expires,
            });
        });
        if let Err(failure) = open(&begun.address) {
            self.give_up(client.clone(), begun.claim);
            return Err(failure);
        }
        Ok(begun.claim)
    }

    /// Asks for the session until it is there, or is not to be had.
    async fn wait_for_session(
        &self,
        client: &Arc<Client>,
        ask: ClaimSso,
        mut given_up: oneshot::Receiver<()>,
    ) -> Result<Session, Failure> {
        let begun = Instant::now();
        let outcome = loop {
            let answer: Result<SsoAnswer, Failure> =
                client.write(Method::POST, "/api/v1/sso/claim", &ask).await;
            match answer {
                Ok(SsoAnswer {
                    session: Some(session),
                    ..
                }) => break Ok(session),
                Ok(answer) => self.show_opened(answer.opened),
                // The network comes back, and so does a centre.
                Err(failure) if is_passing(&failure) && begun.elapsed() < PATIENCE => {}
                Err(failure) => break Err(failure),
            }
            tokio::select! {
                _ = &mut given_up => {
                    self.give_up(client.clone(), ask.claim);
                    return Err(Failure::new(DeskCode::SsoCancelled));
                }
                () = tokio::time::sleep(EVERY) => {}
            }
        };
        if let Err(failure) = &outcome
            && failure.code == FailureCode::Centre(Code::SignedInElsewhere)
        {
            *self.sso.through.lock() = Some(Through {
                centre: client.address().to_string(),
                claim: ask.claim,
            });
        }
        self.board.change(|view| view.sso = None);
        outcome
    }

    fn show_opened(&self, opened: bool) {
        let shown = self.board.view().sso.as_ref().map(|sso| sso.opened);
        if shown.is_some_and(|shown| shown != opened) {
            self.board.change(|view| {
                if let Some(sso) = &mut view.sso {
                    sso.opened = opened;
                }
            });
        }
    }

    /// Whoever is still in the browser gets nowhere. The person at the desk may begin anew at once,
    /// and does not wait until the centre has been told.
    fn give_up(&self, client: Arc<Client>, claim: Secret) {
        self.board.change(|view| view.sso = None);
        let ask = ClaimSso {
            claim,
            take_over: false,
        };
        tokio::spawn(async move {
            let told: Result<IgnoredAny, Failure> =
                client.write(Method::POST, "/api/v1/sso/cancel", &ask).await;
            if let Err(failure) = told {
                tracing::info!(%failure, "the centre was not told of it; it ends in five minutes");
            }
        });
    }
}
