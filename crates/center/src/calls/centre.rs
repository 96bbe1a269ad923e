//! The rest of the centre, as calls use it.

use super::{
    Record,
    kept::Kept,
    store,
    surroundings::{DialRefusal, Known, LateNotes, Surroundings},
};
use crate::{
    App,
    compliance::{audit, number::Number},
    crm, directory,
    identity::{line_user, person},
    recording::Recorder,
    supervision,
};
use async_trait::async_trait;
use sea_orm::DbErr;
use seatline_contract::{
    customer::{CustomerCard, NumberKind, NumberView},
    event::Change,
    id::{AgentId, CallbackId, ContactId, CustomerId, EntryId},
    identity::{Person, Role},
    secret::PhoneNumber,
    supervision::Help,
};

/// The real surroundings.
pub(super) struct Centre(pub(super) App);

/// A failing database makes a caller unknown; the call goes on.
fn or_unknown<T>(found: Result<Option<T>, DbErr>) -> Option<T> {
    found.unwrap_or_else(|error| {
        tracing::error!(%error, "a look-up for a call failed");
        None
    })
}

fn known(found: crm::Found) -> Known {
    Known {
        id: found.id,
        name: found.name,
    }
}

#[async_trait]
impl Surroundings for Centre {
    async fn save(&self, record: &Record, expected: i64) -> Result<bool, DbErr> {
        supervision::saw(&self.0, record);
        store::save(self.0.store.db(), record, expected).await
    }

    async fn stored_version(&self, contact: ContactId) -> Result<i64, DbErr> {
        let found = store::find(self.0.store.db(), contact).await?;
        Ok(found.map_or(0, |record| record.version))
    }

    async fn save_late_notes(&self, notes: &LateNotes) -> Result<bool, DbErr> {
        store::save_late_notes(self.0.store.db(), notes).await
    }

    async fn person(&self, agent: AgentId) -> Option<Person> {
        let found = person::find(self.0.store.db(), agent).await;
        or_unknown(found.and_then(|found| found.as_ref().map(person::view).transpose()))
    }

    fn is_signed_in(&self, agent: AgentId) -> bool {
        let line = line_user(agent);
        self.0.identity.line_secret(&line).is_some()
    }

    async fn identify(&self, number: &PhoneNumber) -> Option<Known> {
        let number = Number::classify(number.expose());
        or_unknown(crm::find_by_number(&self.0, &number).await).map(known)
    }

    async fn customer(&self, customer: CustomerId) -> Option<Known> {
        let names = crm::names(self.0.store.db(), [customer.0]).await;
        let name = or_unknown(names.map(|mut names| names.remove(&customer.0)))?;
        Some(Known { id: customer, name })
    }

    async fn card(&self, customer: CustomerId, reader: &Person) -> Option<CustomerCard> {
        match crm::card(&self.0, customer, reader.role).await {
            Ok(card) => Some(card),
            Err(failure) => {
                tracing::error!(?failure, "a customer's card could not be read");
                None
            }
        }
    }

    async fn number_of(&self, customer: CustomerId, index: usize) -> Option<(PhoneNumber, Known)> {
        or_unknown(crm::number_at(&self.0, customer, index).await)
            .map(|(number, found)| (number, known(found)))
    }

    fn normalise(&self, number: &PhoneNumber) -> Option<PhoneNumber> {
        let canonical = Number::classify(number.expose()).canonical().clone();
        Some(canonical).filter(|number| !number.expose().is_empty())
    }

    fn check_dialled(&self, number: &PhoneNumber) -> Result<PhoneNumber, DialRefusal> {
        let number = Number::classify(number.expose());
        match number.kind() {
            NumberKind::Emergency => Err(DialRefusal::NotAllowed),
            _ if number.is_dialable() => Ok(number.canonical().clone()),
            _ => Err(DialRefusal::Unplayable),
        }
    }

    fn show(&self, number: Option<&PhoneNumber>, reader: Option<&Person>) -> NumberView {
        let in_full = self
            .0
            .shows_numbers_to(reader.map_or(Role::Agent, |reader| reader.role));
        let number = Number::classify(number.map_or("", PhoneNumber::expose));
        number.view(in_full, self.0.config.language)
    }

    fn help_of(&self, contact: ContactId) -> Option<Help> {
        self.0.supervision.help_of(contact)
    }

    async fn entry(&self, agent: AgentId, entry: EntryId) -> Option<(PhoneNumber, String)> {
        let found = directory::number_of_entry(&self.0, agent, entry).await;
        or_unknown(found).map(|listed| (listed.number, listed.name))
    }

    async fn callback(
        &self,
        agent: AgentId,
        callback: CallbackId,
    ) -> Option<(PhoneNumber, Option<Known>)> {
        let found = directory::number_of_callback(&self.0, agent, callback).await;
        let (number, customer) = or_unknown(found)?;
        let known = match customer {
            Some(customer) => self.customer(customer).await,
            None => None,
        };
        Some((number, known))
    }

    fn may_steer(&self, supervisor: &Person, agent: AgentId) -> bool {
        self.0.supervision.roster().may_steer(supervisor, agent)
    }

    fn shows_watchers(&self) -> bool {
        self.0.config.supervision.visible
    }

    async fn keep(&self, kept: &Kept) -> Result<(), DbErr> {
        let db = self.0.store.db();
        match kept {
            Kept::Leg(leg) => store::add_leg(db, leg).await,
            Kept::Notes(notes) => store::save_notes(db, notes).await,
            Kept::Act(act) => {
                let object = format!("contact {}", act.contact);
                audit::record(db, act.at, act.actor, act.action, &object, &act.detail).await
            }
        }
    }

    fn recorder(&self) -> &dyn Recorder {
        &self.0.recordings
    }

    fn publish(&self, agent: AgentId, change: Change) {
        self.0.hub.publish(agent, change);
    }
}
