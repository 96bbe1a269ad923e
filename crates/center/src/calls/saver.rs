//! Writes contacts down, one after the other, and keeps at it.
//!
//! A call does not wait for the disk and does not end because the disk is full: what could not be
//! written is tried again until it can.

use super::{Record, Surroundings, kept::Kept, surroundings::LateNotes};
use crate::store::is_full;
use sea_orm::DbErr;
use seatline_contract::id::ContactId;
use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};

/// Pause before what failed is tried again.
const RETRY: Duration = Duration::from_secs(1);

type Answer = oneshot::Sender<Result<bool, DbErr>>;

pub(super) enum Job {
    /// A new state of a contact. The answer is false if somebody else changed it.
    Save(Box<Record>, Option<Answer>),
    /// Notes of a closed contact.
    Notes(LateNotes, Answer),
    /// What is kept beside the record.
    Keep(Kept),
    /// A contact is done: nothing more will come of it.
    Forget(ContactId),
    /// Asks whether a contact's latest state is stored.
    IsStored(ContactId, oneshot::Sender<Stored>),
    /// Answered when everything before it is written, or was tried and failed.
    Flush(oneshot::Sender<()>),
}

/// Whether what was sent has been stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    /// It has.
    Yes,
    /// Not yet: the disk is full.
    Full,
    /// Not yet, for another reason.
    Failing,
}

struct Saver {
    surroundings: Arc<dyn Surroundings>,
    /// Version of each live contact that is stored.
    stored: HashMap<ContactId, i64>,
    /// States that could not be stored yet.
    owed: BTreeMap<ContactId, (Record, Stored)>,
    /// Contacts that are done, and not stored yet.
    done: HashSet<ContactId>,
    /// What could not be kept yet, in order.
    kept: VecDeque<Kept>,
}

pub(super) async fn run(
    surroundings: Arc<dyn Surroundings>,
    mut jobs: mpsc::UnboundedReceiver<Job>,
) {
    let mut saver = Saver {
        surroundings,
        stored: HashMap::new(),
        owed: BTreeMap::new(),
        done: HashSet::new(),
        kept: VecDeque::new(),
    };
    loop {
        let job = if saver.owed.is_empty() && saver.kept.is_empty() {
            jobs.recv().await
        } else {
            match tokio::time::timeout(RETRY, jobs.recv()).await {
                Ok(job) => job,
                Err(_) => {
                    saver.pay().await;
                    continue;
                }
            }
        };
        match job {
            Some(Job::Save(record, answer)) => {
                let saved = saver.save(*record).await;
                if let Some(answer) = answer {
                    // The one who asked may have gone; the state is stored all the same.
                    let _ = answer.send(saved);
                }
            }
            Some(Job::Notes(notes, answer)) => {
                let _ = answer.send(saver.surroundings.save_late_notes(&notes).await);
            }
            Some(Job::Keep(kept)) => {
                saver.kept.push_back(kept);
                saver.keep().await;
            }
            Some(Job::Forget(contact)) => saver.forget(contact),
            Some(Job::IsStored(contact, answer)) => {
                let owes_notes = saver
                    .kept
                    .iter()
                    .any(|kept| matches!(kept, Kept::Notes(notes) if notes.contact == contact));
                let rest = match owes_notes {
                    true => Stored::Failing,
                    false => Stored::Yes,
                };
                let owed = saver.owed.get(&contact);
                let _ = answer.send(owed.map_or(rest, |(_, why)| *why));
            }
            Some(Job::Flush(done)) => {
                saver.pay().await;
                let _ = done.send(());
            }
            None => {
                saver.pay().await;
                return;
            }
        }
    }
}

impl Saver {
    async fn save(&mut self, record: Record) -> Result<bool, DbErr> {
        let id = record.id;
        let expected = self.stored.get(&id).copied().unwrap_or(0);
        let mut saved = self.surroundings.save(&record, expected).await;
        if matches!(saved, Ok(false)) && self.owed.contains_key(&id) {
            saved = self.save_after_all(&record, expected).await;
        }
        match saved {
            Ok(true) => {
                self.owed.remove(&id);
                if self.done.remove(&id) {
                    self.stored.remove(&id);
                } else {
                    self.stored.insert(id, record.version);
                }
                Ok(true)
            }
            Ok(false) => {
                metrics::counter!("seatline_contact_conflicts_total").increment(1);
                tracing::error!(contact = %id, "a contact was changed by somebody else");
                Ok(false)
            }
            Err(error) => {
                metrics::counter!("seatline_contact_write_failures_total").increment(1);
                tracing::error!(contact = %id, %error, "a contact could not be written yet");
                let why = if is_full(&error) {
                    Stored::Full
                } else {
                    Stored::Failing
                };
                self.owed.insert(id, (record, why));
                Err(error)
            }
        }
    }

    /// Saves over an earlier state that was said to have failed and is stored all the same.
    async fn save_after_all(&self, record: &Record, expected: i64) -> Result<bool, DbErr> {
        let stored = self.surroundings.stored_version(record.id).await?;
        if !(expected + 1..=record.version).contains(&stored) {
            return Ok(false);
        }
        self.surroundings.save(record, stored).await
    }

    /// Writes down what is kept, until something can not be.
    async fn keep(&mut self) {
        while let Some(kept) = self.kept.pop_front() {
            if let Err(error) = self.surroundings.keep(&kept).await {
                tracing::error!(%error, "a part of a contact could not be written yet");
                self.kept.push_front(kept);
                return;
            }
        }
    }

    fn forget(&mut self, contact: ContactId) {
        if self.owed.contains_key(&contact) {
            self.done.insert(contact);
        } else {
            self.stored.remove(&contact);
        }
    }

    async fn pay(&mut self) {
        self.keep().await;
        let owed: Vec<Record> = self
            .owed
            .values()
            .map(|(record, _)| record.clone())
            .collect();
        for record in owed {
            if self.save(record).await.is_err() {
                return;
            }
        }
    }
}
