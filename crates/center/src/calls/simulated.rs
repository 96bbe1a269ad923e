//! Surroundings in memory, which count and record.

use super::{
    Record,
    kept::Kept,
    surroundings::{DialRefusal, Known, LateNotes, Surroundings},
};
use crate::recording::{Recorder, Unrecorded};
use async_trait::async_trait;
use parking_lot::Mutex;
use sea_orm::DbErr;
use seatline_contract::{
    customer::{CustomerCard, NumberKind, NumberView},
    event::Change,
    id::{AgentId, CallbackId, ContactId, CustomerId, EntryId},
    identity::{Person, Role},
    secret::PhoneNumber,
};
use std::collections::{HashMap, HashSet};
use tokio::sync::watch;

/// A centre without a database and without desks.
#[derive(Default)]
pub struct SimulatedSurroundings {
    records: Mutex<HashMap<ContactId, Record>>,
    customers: Mutex<HashMap<String, Known>>,
    published: Mutex<Vec<(AgentId, Change)>>,
    signed_out: Mutex<HashSet<AgentId>>,
    failing: Mutex<bool>,
    losing: Mutex<bool>,
    hides_watchers: Mutex<bool>,
    not_steered: Mutex<HashSet<AgentId>>,
    kept: Mutex<Vec<Kept>>,
    count: watch::Sender<usize>,
}

impl SimulatedSurroundings {
    /// Makes a customer known by number.
    pub fn know(&self, number: &str, customer: Known) {
        self.customers.lock().insert(number.to_owned(), customer);
    }

    /// Ends an agent's session.
    pub fn sign_out(&self, agent: AgentId) {
        self.signed_out.lock().insert(agent);
    }

    /// From now on no supervisor may steer that agent.
    pub fn forbid_steering(&self, agent: AgentId) {
        self.not_steered.lock().insert(agent);
    }

    /// From now on every write fails, or none does.
    pub fn fail_writes(&self, failing: bool) {
        *self.failing.lock() = failing;
    }

    /// From now on every record that is stored is said to have failed, or none is.
    pub fn lose_answers(&self, losing: bool) {
        *self.losing.lock() = losing;
    }

    /// What is stored of a contact.
    pub fn stored(&self, contact: ContactId) -> Option<Record> {
        self.records.lock().get(&contact).cloned()
    }

    /// All that is stored.
    pub fn all_stored(&self) -> Vec<Record> {
        self.records.lock().values().cloned().collect()
    }

    /// From now on agents do not see supervisors in their calls.
    pub fn hide_watchers(&self) {
        *self.hides_watchers.lock() = true;
    }

    /// What was kept beside the records, in order.
    pub fn kept(&self) -> Vec<Kept> {
        self.kept.lock().clone()
    }

    /// All that was told so far, in order.
    pub fn published(&self) -> Vec<(AgentId, Change)> {
        self.published.lock().clone()
    }

    /// Waits until `wanted` picks something told or stored, and returns what that gave.
    pub async fn wait_for<T>(&self, mut wanted: impl FnMut(&Self) -> Option<T>) -> T {
        let mut count = self.count.subscribe();
        loop {
            if let Some(found) = wanted(self) {
                return found;
            }
            // The sender lives in `self`, so the channel is open.
            let _ = count.changed().await;
        }
    }

    fn changed(&self) {
        self.count.send_modify(|count| *count += 1);
    }
}

#[async_trait]
impl Surroundings for SimulatedSurroundings {
    async fn save(&self, record: &Record, expected: i64) -> Result<bool, DbErr> {
        if *self.failing.lock() {
            return Err(DbErr::Custom("told to fail".to_owned()));
        }
        let mut records = self.records.lock();
        let stored = records.get(&record.id).map_or(0, |stored| stored.version);
        if stored != expected {
            return Ok(false);
        }
        records.insert(record.id, record.clone());
        drop(records);
        self.changed();
        match *self.losing.lock() {
            true => Err(DbErr::Custom("told to lose the answer".to_owned())),
            false => Ok(true),
        }
    }

    async fn stored_version(&self, contact: ContactId) -> Result<i64, DbErr> {
        Ok(self.stored(contact).map_or(0, |record| record.version))
    }

    async fn save_late_notes(&self, notes: &LateNotes) -> Result<bool, DbErr> {
        let mut records = self.records.lock();
        let Some(record) = records.get_mut(&notes.contact) else {
            return Ok(false);
        };
        if record.agent != Some(notes.agent) {
            let had_it = |kept: &Kept| {
                matches!(kept, Kept::Notes(former)
                    if (former.contact, former.agent) == (notes.contact, notes.agent))
            };
            return Ok(self.kept.lock().iter().any(had_it));
        }
        record.disposition.clone_from(&notes.disposition);
        record.note.clone_from(&notes.note);
        Ok(true)
    }

    async fn person(&self, agent: AgentId) -> Option<Person> {
        Some(Person {
            id: agent,
            login: format!("agent-{agent}"),
            name: "An agent".to_owned(),
            role: Role::Agent,
        })
    }

    fn is_signed_in(&self, agent: AgentId) -> bool {
        !self.signed_out.lock().contains(&agent)
    }

    async fn identify(&self, number: &PhoneNumber) -> Option<Known> {
        self.customers.lock().get(number.expose()).cloned()
    }

    async fn customer(&self, customer: CustomerId) -> Option<Known> {
        let customers = self.customers.lock();
        customers
            .values()
            .find(|known| known.id == customer)
            .cloned()
    }

    async fn card(&self, _customer: CustomerId, _reader: &Person) -> Option<CustomerCard> {
        None
    }

    async fn number_of(&self, customer: CustomerId, index: usize) -> Option<(PhoneNumber, Known)> {
        let customers = self.customers.lock();
        let (number, known) = customers
            .iter()
            .filter(|(_, known)| known.id == customer)
            .nth(index)?;
        Some((PhoneNumber::new(number), known.clone()))
    }

    fn normalise(&self, number: &PhoneNumber) -> Option<PhoneNumber> {
        Some(number.clone()).filter(|number| !number.expose().is_empty())
    }

    fn check_dialled(&self, number: &PhoneNumber) -> Result<PhoneNumber, DialRefusal> {
        let digits = number.expose().trim_start_matches('+');
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(DialRefusal::Unplayable);
        }
        Ok(number.clone())
    }

    fn show(&self, number: Option<&PhoneNumber>, _reader: Option<&Person>) -> NumberView {
        NumberView {
            display: number.map_or("", PhoneNumber::expose).to_owned(),
            full: number.cloned(),
            kind: NumberKind::Unknown,
            region: None,
        }
    }

    async fn entry(&self, _agent: AgentId, _entry: EntryId) -> Option<(PhoneNumber, String)> {
        None
    }

    async fn callback(
        &self,
        _agent: AgentId,
        _callback: CallbackId,
    ) -> Option<(PhoneNumber, Option<Known>)> {
        None
    }

    fn may_steer(&self, supervisor: &Person, agent: AgentId) -> bool {
        supervisor.role != Role::Agent && !self.not_steered.lock().contains(&agent)
    }

    fn shows_watchers(&self) -> bool {
        !*self.hides_watchers.lock()
    }

    async fn keep(&self, kept: &Kept) -> Result<(), DbErr> {
        if *self.failing.lock() {
            return Err(DbErr::Custom("told to fail".to_owned()));
        }
        self.kept.lock().push(kept.clone());
        self.changed();
        Ok(())
    }

    fn recorder(&self) -> &dyn Recorder {
        &Unrecorded
    }

    fn publish(&self, agent: AgentId, change: Change) {
        self.published.lock().push((agent, change));
        self.changed();
    }
}
