//! When updates are looked for, and when they are installed.

use super::{DeskConfig, core::Core};
use crate::{
    board::Board,
    connection::client::Client,
    failure::{DeskCode, Failure, FailureCode},
    settings::SettingsFile,
    update::{Agreed, Course, Found, Store, Trouble, Update, UpdateState, Waiting},
    view::{Connection, DeskView, NoticeCode},
};
use semver::Version;
use std::{
    pin::pin,
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::Instant,
};

/// How long quitting waits for an installation to begin.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is asked of the one who looks for updates.
enum Wish {
    /// Ask the centre now; answered once it is being asked.
    Look(oneshot::Sender<()>),
    /// The person quits.
    Leave(oneshot::Sender<()>),
}

/// Looks for updates while the engine runs.
pub(super) struct Updates {
    wishes: mpsc::UnboundedSender<Wish>,
    keeper: Option<JoinHandle<()>>,
}

impl Updates {
    /// Begins, in a program that has a key for updates.
    pub(super) fn start(core: Weak<Core>, desk: &DeskConfig, board: Arc<Board>) -> Self {
        let (wishes, asked) = mpsc::unbounded_channel();
        let keeper = desk.updates.clone().map(|config| {
            let keeper = Keeper {
                course: Course {
                    store: Store::new(&desk.data_dir),
                    config,
                    own: desk.version.clone(),
                },
                core,
                board,
                waiting: None,
                is_tidy: false,
                session: None,
                luck: rand::random(),
            };
            tokio::spawn(keep(keeper, asked))
        });
        Self { wishes, keeper }
    }

    pub(super) fn stop(&self) {
        if let Some(keeper) = &self.keeper {
            keeper.abort();
        }
    }

    /// Asks the centre now.
    ///
    /// # Errors
    /// [`DeskCode::NoUpdate`] where updates are off, or one is being installed.
    pub(super) async fn look(&self, view: &DeskView) -> Result<(), Failure> {
        match view.update.state {
            UpdateState::Keyless | UpdateState::Off | UpdateState::Installing { .. } => {
                return Err(Failure::new(DeskCode::NoUpdate));
            }
            UpdateState::Checking | UpdateState::Downloading { .. } => return Ok(()),
            UpdateState::Current { .. }
            | UpdateState::Told { .. }
            | UpdateState::Ready { .. }
            | UpdateState::Failed { .. } => {}
        }
        let (asked, waits) = oneshot::channel();
        if self.wishes.send(Wish::Look(asked)).is_ok() {
            // Without an answer the engine is ending.
            let _ = waits.await;
        }
        Ok(())
    }

    /// Begins what was agreed to for now.
    pub(super) async fn leave(&self) {
        let (begun, waits) = oneshot::channel();
        if self.wishes.send(Wish::Leave(begun)).is_ok() {
            // Whatever it is, the person wants to quit.
            let _ = tokio::time::timeout(PATIENCE, waits).await;
        }
    }
}

/// What is shown before anybody has asked.
pub(super) fn at_start(config: &DeskConfig, wanted: bool) -> Update {
    let state = match config.updates {
        None => UpdateState::Keyless,
        Some(_) => UpdateState::Off.decided(wanted),
    };
    Update {
        version: config.version.clone(),
        state,
    }
}

/// Says what came of an update that an earlier run of the program began.
pub(super) fn look_back(config: &DeskConfig, settings: &SettingsFile, board: &Board) {
    let Some(begun) = settings.read().updating else {
        return;
    };
    let is_there = match (Version::parse(&config.version), Version::parse(&begun)) {
        (Ok(own), Ok(begun)) => own >= begun,
        _ => false,
    };
    if is_there {
        Store::new(&config.data_dir).drop_logs();
        board.tell(NoticeCode::UpdateDone, Some(config.version.clone()));
    } else {
        let code = FailureCode::Desk(DeskCode::UpdateNotInstalled);
        tell_failure(board, Some(begun), code);
    }
    if let Err(error) = settings.change(|kept| kept.updating = None) {
        // It is said again at the next start.
        tracing::warn!(%error, "what came of an update is not kept");
    }
}

/// Looks for updates until the engine ends.
async fn keep(mut keeper: Keeper, mut wishes: mpsc::UnboundedReceiver<Wish>) {
    let mut views = keeper.board.watch();
    keeper.course.store.drop_partial();
    loop {
        let view = views.borrow_and_update().clone();
        if keeper.follow(&view).await {
            return;
        }
        let due = keeper.due(&view);
        let is_due = async {
            match due {
                Some(due) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        let wish = tokio::select! {
            changed = views.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return,
            },
            wish = wishes.recv() => match wish {
                Some(wish) => Some(wish),
                None => return,
            },
            () = is_due => None,
        };
        let leaves = match wish {
            Some(Wish::Leave(begun)) => Some(begun),
            Some(Wish::Look(asked)) => keeper.look(Some(asked), &mut wishes).await,
            None => keeper.look(None, &mut wishes).await,
        };
        if let Some(begun) = leaves {
            let installs = keeper.install(may_begin_at_the_end).await;
            // Who waited may have gone.
            let _ = begun.send(());
            if installs {
                return;
            }
        }
    }
}

/// Who looks for updates.
struct Keeper {
    core: Weak<Core>,
    board: Arc<Board>,
    course: Course,
    /// What is ready.
    waiting: Option<Waiting>,
    /// Nothing lies in the folder that is not wanted.
    is_tidy: bool,
    session: Option<Session>,
    /// Spreads the first time.
    luck: f64,
}

/// Somebody is signed in.
struct Session {
    client: Weak<Client>,
    since: Instant,
    /// How long after `since` the centre was asked last.
    asked: Option<Duration>,
}

impl Keeper {
    /// Follows sign-in, policy and the person's word; tells whether an installation has begun.
    async fn follow(&mut self, view: &DeskView) -> bool {
        match view.connection {
            Connection::SignedOut { .. } => self.session = None,
            Connection::Online => self.note_session(),
            Connection::SigningIn | Connection::Reconnecting { .. } => {}
        }
        if view.update.state == UpdateState::Off {
            if self.waiting.take().is_some() {
                self.board.forget(NoticeCode::UpdateReady);
            }
            if !self.is_tidy {
                self.is_tidy = self.course.store.keep_only(None);
            }
        }
        may_begin(view) && self.install(may_begin).await
    }

    fn note_session(&mut self) {
        let Some(client) = self.client() else {
            return;
        };
        let client = Arc::downgrade(&client);
        let is_known = |session: &Session| session.client.ptr_eq(&client);
        if !self.session.as_ref().is_some_and(is_known) {
            self.session = Some(Session {
                client,
                since: Instant::now(),
                asked: None,
            });
        }
    }

    fn client(&self) -> Option<Arc<Client>> {
        self.core.upgrade()?.client().ok()
    }

    /// When the centre is asked next.
    fn due(&self, view: &DeskView) -> Option<Instant> {
        let session = self.session.as_ref()?;
        let may = view.update.state.is_on() && view.connection == Connection::Online;
        let pace = self.course.config.pace;
        may.then(|| session.since + pace.due(session.asked, self.luck))
    }

    /// Asks the centre, and shows what comes of it. Signing out, a policy that wants no updates,
    /// and a person who quits put an end to it; the last is given back.
    async fn look(
        &mut self,
        asked: Option<oneshot::Sender<()>>,
        wishes: &mut mpsc::UnboundedReceiver<Wish>,
    ) -> Option<oneshot::Sender<()>> {
        if let Some(session) = &mut self.session {
            session.asked = Some(session.since.elapsed());
        }
        let client = self.client()?;
        self.is_tidy = false;
        let before = self.board.view().update.state.clone();
        let board = &self.board;
        let show = |state| show(board, state);
        show(UpdateState::Checking);
        if let Some(asked) = asked {
            // Who asked may have gone.
            let _ = asked.send(());
        }
        let mut views = board.watch();
        let unwanted = async {
            loop {
                let view = views.borrow_and_update().clone();
                let is_signed_out = matches!(view.connection, Connection::SignedOut { .. });
                let is_same = self.client().is_some_and(|now| Arc::ptr_eq(&now, &client));
                let is_on = view.update.state.is_on();
                if is_signed_out || !is_same || !is_on || views.changed().await.is_err() {
                    return;
                }
            }
        };
        let outcome = {
            let (mut run, mut unwanted) = (pin!(self.course.run(&client, show)), pin!(unwanted));
            loop {
                tokio::select! {
                    outcome = &mut run => break Ok(outcome),
                    () = &mut unwanted => break Err(None),
                    wish = wishes.recv() => match wish {
                        Some(Wish::Look(asked)) => {
                            // Who asked may have gone.
                            let _ = asked.send(());
                        }
                        Some(Wish::Leave(begun)) => break Err(Some(begun)),
                        None => break Err(None),
                    },
                }
            }
        };
        match outcome {
            Ok(Ok(found)) => self.take(found, &before),
            // What is here already does not need the centre any more.
            Ok(Err(trouble)) if self.waiting.is_some() && is_away(trouble.failure.code) => {
                self.resume(before);
            }
            Ok(Err(trouble)) => self.fail(trouble),
            Err(leaves) => {
                self.resume(before);
                return leaves;
            }
        }
        None
    }

    /// Goes on with what is here, as if nothing had been asked.
    fn resume(&self, before: UpdateState) {
        let ready = self.waiting.as_ref();
        let ready = ready.map(|waiting| waiting.package.url.as_str());
        self.course.store.keep_only(ready);
        show(&self.board, before);
    }

    /// Has nothing any more.
    fn drop_ready(&mut self) {
        self.waiting = None;
        self.course.store.keep_only(None);
        self.board.forget(NoticeCode::UpdateReady);
    }

    fn take(&mut self, found: Found, before: &UpdateState) {
        // What went wrong before has passed.
        self.board.forget(NoticeCode::UpdateFailed);
        match found {
            Found::Nothing => {
                self.drop_ready();
                show(&self.board, UpdateState::Current { asked: true });
            }
            Found::Told(version) => {
                if before.newer() != Some(&version) {
                    self.board
                        .tell(NoticeCode::UpdateTold, Some(version.clone()));
                }
                show(&self.board, UpdateState::Told { version });
            }
            Found::Ready(waiting) => {
                let version = waiting.version.clone();
                let agreed = match before {
                    UpdateState::Ready {
                        version: same,
                        agreed,
                    } if *same == version => *agreed,
                    _ => None,
                };
                self.course.store.keep_only(Some(&waiting.package.url));
                self.waiting = Some(waiting);
                self.board.forget(NoticeCode::UpdateReady);
                if agreed.is_none() {
                    self.board
                        .tell(NoticeCode::UpdateReady, Some(version.clone()));
                }
                show(&self.board, UpdateState::Ready { version, agreed });
            }
        }
    }

    fn fail(&mut self, Trouble { version, failure }: Trouble) {
        tracing::warn!(%failure, version, "no update");
        self.drop_ready();
        let code = failure.code;
        // That the centre is away is said elsewhere, and passes.
        if !is_away(code) {
            tell_failure(&self.board, version.clone(), code);
        }
        show(&self.board, UpdateState::Failed { version, code });
    }

    /// Begins to install what is ready, once more verified, while the view allows it.
    async fn install(&mut self, may: fn(&DeskView) -> bool) -> bool {
        let Some(waiting) = self.waiting.clone() else {
            return false;
        };
        match self.begin(&waiting, may).await {
            Ok(true) => {
                self.board.forget(NoticeCode::UpdateReady);
                let version = waiting.version;
                tracing::info!(version, "the update is being installed");
                // Whatever policy says now, it has begun.
                self.board
                    .change(|view| view.update.state = UpdateState::Installing { version });
                true
            }
            Ok(false) => false,
            Err(failure) => {
                self.fail(Trouble {
                    version: Some(waiting.version),
                    failure,
                });
                false
            }
        }
    }

    /// Tells whether it has begun, which it has not where the view does not allow it.
    async fn begin(&self, waiting: &Waiting, may: fn(&DeskView) -> bool) -> Result<bool, Failure> {
        if !may(&self.board.view()) {
            return Ok(false);
        }
        let held = self.course.verify(waiting).await?;
        // Meanwhile somebody may have called, and policy changed.
        if !may(&self.board.view()) {
            return Ok(false);
        }
        self.course.store.drop_logs();
        let core = self.core.upgrade();
        let core = core.ok_or_else(|| Failure::new(DeskCode::Internal))?;
        core.keep(|kept| kept.updating = Some(waiting.version.clone()))?;
        let file = self.course.store.place(&waiting.package.url);
        let installer = self.course.config.installer.clone();
        let begun = tokio::task::spawn_blocking(move || installer.begin(&file)).await;
        let begun =
            begun.map_err(|error| Failure::new(DeskCode::Internal).detail(error.to_string()));
        let refused = match begun {
            Ok(Ok(())) => {
                // Held until the program ends, so that nobody changes it while its installation
                // begins.
                std::mem::forget(held);
                return Ok(true);
            }
            Ok(Err(error)) => Failure::new(DeskCode::UpdateNotInstalled).detail(error.to_string()),
            Err(failure) => failure,
        };
        core.keep(|kept| kept.updating = None)?;
        Err(refused)
    }
}

impl Core {
    /// Notes that the person wants the update that is ready.
    ///
    /// # Errors
    /// [`DeskCode::NoUpdate`] when none is.
    pub(super) fn agree_to_update(&self, when: Agreed) -> Result<(), Failure> {
        let mut done = false;
        self.board.change(|view| {
            if let UpdateState::Ready { agreed, .. } = &mut view.update.state {
                *agreed = Some(when);
                done = true;
            }
        });
        if !done {
            return Err(Failure::new(DeskCode::NoUpdate));
        }
        self.board.forget(NoticeCode::UpdateReady);
        Ok(())
    }
}

/// Shows a state, unless policy has switched updates off meanwhile.
fn show(board: &Board, state: UpdateState) {
    board.change(|view| {
        if view.update.state.is_on() {
            view.update.state = state;
        }
    });
}

fn tell_failure(board: &Board, version: Option<String>, code: FailureCode) {
    let code = serde_json::to_value(code).ok();
    let code = code.and_then(|code| code.as_str().map(str::to_owned));
    board.tell_more(NoticeCode::UpdateFailed, version, code, None);
}

/// Whether the centre is only away.
fn is_away(code: FailureCode) -> bool {
    use seatline_contract::error::Code;
    matches!(
        code,
        FailureCode::Desk(
            DeskCode::CentreUnreachable | DeskCode::ProxyUnreachable | DeskCode::ProxyRefused
        ) | FailureCode::Centre(Code::Unavailable | Code::SessionEnded)
    )
}

/// The person wants it now, nobody is on the line, and nothing waits for the agent.
fn may_begin(view: &DeskView) -> bool {
    let is_wanted = matches!(
        view.update.state,
        UpdateState::Ready {
            agreed: Some(Agreed::Now),
            ..
        }
    );
    is_wanted
        && view.call.is_none()
        && view.offer.is_none()
        && view.watching.is_none()
        && view.contacts.is_empty()
}

/// The person wants it, and quits with nobody on the line.
fn may_begin_at_the_end(view: &DeskView) -> bool {
    let is_wanted = matches!(
        view.update.state,
        UpdateState::Ready {
            agreed: Some(_),
            ..
        }
    );
    is_wanted && view.call.is_none() && view.offer.is_none() && view.watching.is_none()
}
