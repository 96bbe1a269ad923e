//! Everything the agent writes, kept on this computer until the centre has it.
//!
//! A write is durable on disk, with its idempotency key, before its first try; it is removed when
//! the centre has answered. Killed in between, the next start sends it again under the same key,
//! which the centre answers without doing it twice. Drafts and notes being written live in the
//! same file.
//!
//! ```text
//!  draft ──create──▶ waiting ──sent──▶ delivered (gone)
//!    ▲                 │  ▲
//!    └──── refused ────┤  └─retry─┐
//!                      ▼          │
//!                    parked ──────┴─discard──▶ gone
//! ```

pub(crate) mod account;
mod book;
mod cipher;
mod schedule;
mod store;
#[cfg(test)]
mod torture;
pub(crate) mod write;

use crate::{
    board::Board,
    connection::client::Client,
    failure::{DeskCode, Failure, FailureCode},
    secrets::SecretStore,
    view::{self, NoteDraft, NoticeCode, TicketDraft},
};
use account::{Account, Locks, Opened};
use book::{Book, Step};
use parking_lot::Mutex;
use schedule::{Next, Schedule, Verdict};
use seatline_contract::{
    contact::WrapUp,
    error::{ApiError, Code},
    id::{ContactId, TicketId, WriteId},
};
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use store::Store;
use tokio::{
    sync::{Notify, oneshot},
    task::{JoinHandle, spawn_blocking},
    time::timeout,
};
use write::{Content, Refusal, Write};

/// The outbox of the agent who is signed in, or was last.
pub(crate) struct Outbox {
    shared: Arc<Shared>,
    sender: JoinHandle<()>,
}

struct Shared {
    board: Arc<Board>,
    data_dir: PathBuf,
    secrets: Arc<dyn SecretStore>,
    /// How long a command waits for the centre's word before the agent may go on.
    patience: Duration,
    /// Locked in turn, so that two saves of one draft keep their order.
    inner: Arc<tokio::sync::Mutex<Inner>>,
    client: Mutex<Option<Arc<Client>>>,
    wake: Notify,
}

#[derive(Default)]
struct Inner {
    open: Option<(Account, Store)>,
    book: Book,
    schedule: Schedule,
    /// Why the last try came to nothing.
    held_up: Option<FailureCode>,
    waiting: HashMap<WriteId, Waiting>,
}

/// Someone who waits for the centre's word.
type Waiting = oneshot::Sender<Result<(), Failure>>;

/// What became of a try, and who is to be told once it is shown.
struct Settled {
    verdict: Verdict,
    answer: Option<(Waiting, Result<(), Failure>)>,
}

impl Outbox {
    /// Starts with no account open.
    pub(crate) fn start(
        board: Arc<Board>,
        data_dir: PathBuf,
        secrets: Arc<dyn SecretStore>,
        patience: Duration,
    ) -> Self {
        let shared = Arc::new(Shared {
            board,
            data_dir,
            secrets,
            patience,
            inner: Arc::default(),
            client: Mutex::new(None),
            wake: Notify::new(),
        });
        let sender = tokio::spawn(send_all(shared.clone()));
        Self { shared, sender }
    }

    /// Opens an account's file, with the keyring's key or one locked with what the sign-in brings. A
    /// file that cannot be opened is set aside and the agent is told. Without a sign-in, a file
    /// whose key is not in the keyring stays closed.
    ///
    /// # Errors
    /// [`DeskCode::DiskFull`] or
    /// [`DeskCode::StorageFailed`].
    pub(crate) async fn open(&self, account: Account, locks: Locks) -> Result<(), Failure> {
        let shared = self.shared.clone();
        self.with(move |inner| {
            let known = inner.open.as_ref().is_some_and(|(it, _)| *it == account);
            if known {
                return account.lock_key(&shared.data_dir, &*shared.secrets, &locks);
            }
            inner.open = None;
            let opened = account.open(&shared.data_dir, &*shared.secrets, &locks)?;
            let Some(Opened { store, book, aside }) = opened else {
                return Ok(());
            };
            if let Some(file) = aside {
                shared
                    .board
                    .tell(NoticeCode::OutboxSetAside, Some(file.display().to_string()));
            }
            *inner = Inner {
                open: Some((account, store)),
                book,
                ..Inner::default()
            };
            Ok(())
        })
        .await
    }

    /// Sends through this centre from now on; `None` keeps everything here.
    pub(crate) async fn connect(&self, client: Option<Arc<Client>>) {
        *self.shared.client.lock() = client;
        self.shared.inner.lock().await.schedule.wake();
        self.shared.wake.notify_one();
    }

    /// Closes the file. Nothing is lost; what waits is sent after the next sign-in.
    pub(crate) async fn close(&self) {
        *self.shared.client.lock() = None;
        *self.shared.inner.lock().await = Inner::default();
        self.shared.publish(&Inner::default());
    }

    /// Keeps a ticket being written.
    ///
    /// # Errors
    /// The disk's codes.
    pub(crate) async fn save_draft(&self, draft: TicketDraft) -> Result<(), Failure> {
        self.commit(vec![Step::PutDraft(Box::new(draft))]).await
    }

    /// Throws a ticket being written away.
    ///
    /// # Errors
    /// The disk's codes.
    pub(crate) async fn discard_draft(&self, id: TicketId) -> Result<(), Failure> {
        self.commit(vec![Step::DropDraft(id)]).await
    }

    /// Keeps a note being written.
    ///
    /// # Errors
    /// The disk's codes.
    pub(crate) async fn save_note(&self, note: NoteDraft) -> Result<(), Failure> {
        self.commit(vec![Step::PutNote(Box::new(note))]).await
    }

    /// Sends what was typed for a contact that is gone, if it was not sent.
    pub(crate) async fn send_late_note(&self, contact: ContactId) {
        self.send_notes(move |book| book.send_late_note(contact))
            .await;
    }

    /// Sends what was typed before this sign-in for contacts that are not in hand any more.
    pub(crate) async fn send_left_notes(&self, held: Vec<ContactId>) {
        self.send_notes(move |book| book.send_left_notes(&held))
            .await;
    }

    async fn send_notes(&self, steps: impl FnOnce(&Book) -> Vec<Step> + Send + 'static) {
        let sent = self
            .with(move |inner| match steps(&inner.book) {
                steps if steps.is_empty() => Ok(()),
                steps => inner.commit(steps),
            })
            .await;
        if let Err(failure) = sent {
            tracing::warn!(%failure, "a late note waits on this computer");
        }
        self.shared.wake.notify_one();
    }

    /// Sends a draft as a ticket.
    ///
    /// # Errors
    /// The disk's codes, the centre's if it answers soon, `not_found` without such a draft.
    pub(crate) async fn create_ticket(&self, id: TicketId) -> Result<(), Failure> {
        self.submit(move |book| {
            let draft = book.drafts.get(&id).cloned();
            draft.map(|draft| Content::CreateTicket { draft })
        })
        .await
    }

    /// Sends a contact's note and ends its wrap-up.
    ///
    /// # Errors
    /// The disk's codes, and the centre's if it answers soon.
    pub(crate) async fn finish_wrap_up(&self, contact: ContactId) -> Result<(), Failure> {
        self.submit(move |book| {
            let note = book.notes.get(&contact);
            Some(Content::WrapUp {
                contact,
                wrap_up: WrapUp {
                    disposition: note.and_then(|note| note.disposition.clone()),
                    note: note.map(|note| note.note.clone()).unwrap_or_default(),
                    done: true,
                },
            })
        })
        .await
    }

    /// Sends any other write.
    ///
    /// # Errors
    /// The disk's codes, and the centre's if it answers soon.
    pub(crate) async fn write(&self, content: Content) -> Result<(), Failure> {
        self.submit(move |_| Some(content)).await
    }

    /// Sends a refused write once more.
    ///
    /// # Errors
    /// The centre's codes; `not_found` when there is no such write.
    pub(crate) async fn retry(&self, id: WriteId) -> Result<(), Failure> {
        let answer = self
            .with(move |inner| {
                let (key, steps) = inner.book.retry(id).ok_or_else(not_found)?;
                inner.commit(steps)?;
                Ok(inner.expect_answer(key))
            })
            .await?;
        self.wait_for(answer).await
    }

    /// Gives a refused write up.
    ///
    /// # Errors
    /// `not_found` when there is no such write.
    pub(crate) async fn discard(&self, id: WriteId) -> Result<(), Failure> {
        self.with(move |inner| {
            let steps = inner.book.discard(id).ok_or_else(not_found)?;
            inner.commit(steps)
        })
        .await
    }

    async fn submit(
        &self,
        content: impl FnOnce(&Book) -> Option<Content> + Send + 'static,
    ) -> Result<(), Failure> {
        let answer = self
            .with(move |inner| {
                let write = Write::new(content(&inner.book).ok_or_else(not_found)?);
                let key = write.id;
                inner.commit(inner.book.enqueue(write))?;
                Ok(inner.expect_answer(key))
            })
            .await?;
        self.wait_for(answer).await
    }

    async fn wait_for(
        &self,
        answer: oneshot::Receiver<Result<(), Failure>>,
    ) -> Result<(), Failure> {
        if self.shared.client.lock().is_none() {
            return Ok(());
        }
        self.shared.wake.notify_one();
        match timeout(self.shared.patience, answer).await {
            Ok(Ok(answer)) => answer,
            // It waits safely on disk.
            Ok(Err(_)) | Err(_) => Ok(()),
        }
    }

    async fn commit(&self, steps: Vec<Step>) -> Result<(), Failure> {
        self.with(move |inner| inner.commit(steps)).await
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Inner) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        self.shared.with(work).await
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.sender.abort();
    }
}

impl Inner {
    /// Makes steps durable, then true.
    fn commit(&mut self, steps: Vec<Step>) -> Result<(), Failure> {
        let Some((_, store)) = &mut self.open else {
            return Err(Failure::new(DeskCode::NotSignedIn));
        };
        store.commit(&steps)?;
        self.book.apply(steps);
        Ok(())
    }

    fn expect_answer(&mut self, key: WriteId) -> oneshot::Receiver<Result<(), Failure>> {
        let (sender, receiver) = oneshot::channel();
        self.waiting.insert(key, sender);
        receiver
    }

    /// Writes the outcome of a try down.
    fn settle(&mut self, id: WriteId, result: Result<(), Failure>) -> Result<Settled, Failure> {
        let waiting = self.waiting.remove(&id).filter(|it| !it.is_closed());
        let verdict = match &result {
            Ok(()) => {
                self.commit(self.book.delivered(id))?;
                self.schedule.succeeded(id);
                self.held_up = None;
                Verdict::Later
            }
            Err(failure) => {
                let now = Instant::now();
                let verdict = self.schedule.failed(id, failure, now, rand::random());
                self.held_up = (verdict == Verdict::Later).then_some(failure.code);
                if verdict == Verdict::Refused {
                    let refusal = Refusal {
                        code: failure.code,
                        field: failure.field.clone(),
                    };
                    self.commit(self.book.refused(id, refusal, waiting.is_some()))?;
                }
                verdict
            }
        };
        let answer = match verdict {
            Verdict::Refused => result,
            // What is tried again later is safe; nobody needs to wait for it.
            Verdict::Later | Verdict::SessionOver => Ok(()),
        };
        Ok(Settled {
            verdict,
            answer: waiting.map(|waiting| (waiting, answer)),
        })
    }
}

impl Shared {
    /// Works on the outbox where blocking is allowed, and shows what came of it.
    async fn with<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Inner) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let mut inner = self.inner.clone().lock_owned().await;
        let shared = self.clone();
        let done = spawn_blocking(move || {
            let result = work(&mut inner);
            shared.publish(&inner);
            result
        });
        let result = done.await.unwrap_or_else(|error| {
            Err(Failure::new(DeskCode::Internal).detail(error.to_string()))
        });
        if let Err(failure) = &result
            && failure.code == FailureCode::Desk(DeskCode::DiskFull)
        {
            self.board.tell(NoticeCode::DiskFull, None);
        }
        result
    }

    fn publish(&self, inner: &Inner) {
        let book = &inner.book;
        let mut drafts: Vec<_> = book.drafts.values().cloned().collect();
        drafts.sort_by_key(|draft| (draft.saved, draft.id));
        let notes = book.notes.values().cloned().collect();
        let outbox = view::Outbox {
            pending: u32::try_from(book.pending()).unwrap_or(u32::MAX),
            held_up: inner.held_up.filter(|_| book.pending() > 0),
            refused: book.parked(),
        };
        self.board.change(|view| {
            view.drafts = drafts;
            view.notes = notes;
            view.outbox = outbox;
        });
    }
}

/// The one sender: takes writes in order, one at a time.
async fn send_all(shared: Arc<Shared>) {
    loop {
        let client = shared.client.lock().clone();
        let next = match client {
            Some(_) => {
                let inner = shared.inner.lock().await;
                inner.schedule.next(&inner.book, Instant::now())
            }
            None => Next::Idle,
        };
        match (next, client) {
            (Next::Send(write), Some(client)) => send(&shared, &client, &write).await,
            (Next::Wait(until), _) => {
                tokio::select! {
                    () = tokio::time::sleep_until(until.into()) => {}
                    () = shared.wake.notified() => {}
                }
            }
            (Next::Idle | Next::Send(_), _) => shared.wake.notified().await,
        }
    }
}

async fn send(shared: &Arc<Shared>, client: &Arc<Client>, write: &Write) {
    let id = write.id;
    let result = match write.content.request() {
        Ok(request) => {
            client
                .deliver(request.method, &request.path, id, request.body)
                .await
        }
        Err(error) => Err(Failure::new(DeskCode::Internal).detail(error.to_string())),
    };
    let failed = result.clone().err();
    let settled = match shared.with(move |inner| inner.settle(id, result)).await {
        Ok(settled) => settled,
        Err(error) => {
            // The outcome is not on disk: the write is sent again, under the same key.
            tracing::error!(%error, "the outbox cannot be written");
            let mut inner = shared.inner.lock().await;
            inner.schedule.rest_all(Instant::now(), rand::random());
            return;
        }
    };
    let told = settled
        .answer
        .is_some_and(|(waiting, answer)| waiting.send(answer).is_ok());
    match settled.verdict {
        Verdict::Refused if !told => shared
            .board
            .tell(NoticeCode::WriteRefused, Some(write.content.title())),
        Verdict::SessionOver => {
            // Only if no newer session has come meanwhile.
            let mut current = shared.client.lock();
            if current.as_ref().is_some_and(|it| Arc::ptr_eq(it, client)) {
                *current = None;
            }
        }
        Verdict::Refused | Verdict::Later => {}
    }
    if let Some(failure) = failed {
        tracing::info!(what = write.content.what(), %failure, "a write was not taken");
    }
}

fn not_found() -> Failure {
    ApiError::new(Code::NotFound).into()
}
