//! When updates are looked for, and when they are installed.

use super::{DeskConfig, core::Core};
use crate::{
    board::Board,
    failure::{DeskCode, Failure, FailureCode},
    settings::SettingsFile,
    update::{Agreed, Course, Found, Store, Trouble, Update, UpdateState, Waiting},
    view::{Connection, DeskView, NoticeCode},
};
use semver::Version;
use std::{
    fs::File,
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
    loop {
        let view = views.borrow_and_update().clone();
        if let Some(held) = keeper.follow(&view).await {
            drop(wishes);
            return hold(held).await;
        }
        let due = keeper.due(&view);
        let is_due = async {
            match due {
                Some(due) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        let looks = tokio::select! {
            changed = views.changed() => match changed {
                Ok(()) => false,
                Err(_) => return,
            },
            wish = wishes.recv() => match wish {
                Some(Wish::Look(asked)) => {
                    keeper.look(Some(asked)).await;
                    continue;
                }
                Some(Wish::Leave(begun)) => {
                    let view = keeper.board.view();
                    let held = keeper.leave(&view).await;
                    // Who waited may have gone.
                    let _ = begun.send(());
                    if let Some(held) = held {
                        drop(wishes);
                        return hold(held).await;
                    }
                    false
                }
                None => return,
            },
            () = is_due => true,
        };
        if looks {
            keeper.look(None).await;
        }
    }
}

/// Holds the file until the program ends, so that nobody changes it while its installation begins.
async fn hold(_held: File) {
    std::future::pending::<()>().await;
}

/// Who looks for updates.
struct Keeper {
    core: Weak<Core>,
    board: Arc<Board>,
    course: Course,
    /// What is ready.
    waiting: Option<Waiting>,
    /// Since when somebody is signed in, and when after that the centre was asked last.
    session: Option<(Instant, Option<Duration>)>,
    /// Spreads the first time.
    luck: f64,
}

impl Keeper {
    /// Follows sign-in, policy and the person's word; gives the file when its installation has
    /// begun.
    async fn follow(&mut self, view: &DeskView) -> Option<File> {
        match view.connection {
            Connection::SignedOut { .. } => self.session = None,
            Connection::Online => {
                self.session.get_or_insert((Instant::now(), None));
            }
            Connection::SigningIn | Connection::Reconnecting { .. } => {}
        }
        match &view.update.state {
            UpdateState::Ready {
                agreed: Some(Agreed::Now),
                ..
            } if is_free(view) => self.install().await,
            UpdateState::Off if self.waiting.take().is_some() => {
                self.board.forget(NoticeCode::UpdateReady);
                self.course.store.keep_only(None);
                None
            }
            _ => None,
        }
    }

    /// When the centre is asked next.
    fn due(&self, view: &DeskView) -> Option<Instant> {
        let (since, last) = self.session?;
        let may = view.update.state.is_on() && view.connection == Connection::Online;
        may.then(|| since + self.course.config.pace.due(last, self.luck))
    }

    /// The person quits.
    async fn leave(&mut self, view: &DeskView) -> Option<File> {
        let agreed = matches!(
            view.update.state,
            UpdateState::Ready {
                agreed: Some(_),
                ..
            }
        );
        if agreed && view.call.is_none() && view.watching.is_none() {
            self.install().await
        } else {
            None
        }
    }

    /// Asks the centre, and shows what comes of it. Signing out, and a policy that wants no
    /// updates, put an end to it.
    async fn look(&mut self, asked: Option<oneshot::Sender<()>>) {
        if let Some((since, last)) = &mut self.session {
            *last = Some(since.elapsed());
        }
        let Some(client) = self.core.upgrade().and_then(|core| core.client().ok()) else {
            return;
        };
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
            let is_unwanted = |view: &Arc<DeskView>| {
                !view.update.state.is_on()
                    || matches!(view.connection, Connection::SignedOut { .. })
            };
            // What is given locks the view, which is to change next: it must not leave this block.
            drop(views.wait_for(is_unwanted).await);
        };
        let outcome = tokio::select! {
            outcome = self.course.run(&client, show) => outcome,
            () = unwanted => {
                let ready = self.waiting.as_ref();
                let ready = ready.map(|waiting| waiting.package.url.as_str());
                self.course.store.keep_only(ready);
                show(before);
                return;
            }
        };
        match outcome {
            Ok(found) => self.take(found, &before),
            // What is here already does not need the centre any more.
            Err(trouble) if self.waiting.is_some() && is_away(trouble.failure.code) => {
                show(before);
            }
            Err(trouble) => self.fail(trouble),
        }
    }

    fn take(&mut self, found: Found, before: &UpdateState) {
        // What went wrong before has passed.
        self.board.forget(NoticeCode::UpdateFailed);
        match found {
            Found::Nothing => {
                self.waiting = None;
                self.board.forget(NoticeCode::UpdateReady);
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
        self.waiting = None;
        self.board.forget(NoticeCode::UpdateReady);
        let code = failure.code;
        // That the centre is away is said elsewhere, and passes.
        if !is_away(code) {
            tell_failure(&self.board, version.clone(), code);
        }
        show(&self.board, UpdateState::Failed { version, code });
    }

    /// Begins to install what is ready, once more verified.
    async fn install(&mut self) -> Option<File> {
        let waiting = self.waiting.take()?;
        match self.begin(&waiting).await {
            Ok(held) => {
                self.board.forget(NoticeCode::UpdateReady);
                let version = waiting.version;
                tracing::info!(version, "the update is being installed");
                show(&self.board, UpdateState::Installing { version });
                Some(held)
            }
            Err(failure) => {
                self.course.store.keep_only(None);
                self.fail(Trouble {
                    version: Some(waiting.version),
                    failure,
                });
                None
            }
        }
    }

    async fn begin(&self, waiting: &Waiting) -> Result<File, Failure> {
        let held = self.course.verify(waiting).await?;
        let core = self.core.upgrade();
        let core = core.ok_or_else(|| Failure::new(DeskCode::Internal))?;
        core.keep(|kept| kept.updating = Some(waiting.version.clone()))?;
        let file = self.course.store.place(&waiting.package.url);
        let installer = self.course.config.installer.clone();
        let begun = tokio::task::spawn_blocking(move || installer.begin(&file)).await;
        let begun =
            begun.map_err(|error| Failure::new(DeskCode::Internal).detail(error.to_string()));
        let refused = match begun {
            Ok(Ok(())) => return Ok(held),
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

/// Nobody is on the line, and nothing waits for the agent.
fn is_free(view: &DeskView) -> bool {
    view.call.is_none()
        && view.offer.is_none()
        && view.watching.is_none()
        && view.contacts.is_empty()
}
