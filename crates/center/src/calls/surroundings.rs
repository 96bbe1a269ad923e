//! What calls need of the rest of the centre.

use super::{Record, kept::Kept};
use crate::recording::Recorder;
use async_trait::async_trait;
use sea_orm::DbErr;
use seatline_contract::{
    customer::{CustomerCard, NumberView},
    event::Change,
    id::{AgentId, CallbackId, ContactId, CustomerId, EntryId},
    identity::Person,
    secret::PhoneNumber,
    supervision::Help,
};

/// A customer found by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Which.
    pub id: CustomerId,
    /// The name to show.
    pub name: String,
}

/// Why a number was not dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DialRefusal {
    /// It is not a number that can be dialled.
    Unplayable,
    /// It is a number, but not one to be dialled from here, such as an emergency call.
    NotAllowed,
    /// The customer, or that number of theirs, does not exist.
    Unknown,
}

/// Notes written after the contact was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateNotes {
    /// The contact.
    pub contact: ContactId,
    /// Who writes; only the agent who had it may.
    pub agent: AgentId,
    /// The disposition chosen.
    pub disposition: Option<String>,
    /// The note.
    pub note: String,
}

/// The rest of the centre as calls see it.
#[async_trait]
pub trait Surroundings: Send + Sync + 'static {
    /// Stores a record, if the stored one still has version `expected` (0: there is none).
    /// False if it does not.
    ///
    /// # Errors
    /// Those of the database; nothing is stored.
    async fn save(&self, record: &Record, expected: i64) -> Result<bool, DbErr>;

    /// The version of the stored record; 0 if there is none.
    ///
    /// # Errors
    /// Those of the database.
    async fn stored_version(&self, contact: ContactId) -> Result<i64, DbErr>;

    /// Stores notes of a closed contact. False if this agent never had it.
    ///
    /// # Errors
    /// Those of the database; nothing is stored.
    async fn save_late_notes(&self, notes: &LateNotes) -> Result<bool, DbErr>;

    /// Who an agent is.
    async fn person(&self, agent: AgentId) -> Option<Person>;

    /// Whether an agent has a session. A line outlives it until it is unregistered.
    fn is_signed_in(&self, agent: AgentId) -> bool;

    /// The customer with that number.
    async fn identify(&self, number: &PhoneNumber) -> Option<Known>;

    /// The customer's name, if there is such a customer.
    async fn customer(&self, customer: CustomerId) -> Option<Known>;

    /// What to show of a customer when the phone rings.
    async fn card(&self, customer: CustomerId, reader: &Person) -> Option<CustomerCard>;

    /// One of a customer's numbers, counted from 0.
    async fn number_of(&self, customer: CustomerId, index: usize) -> Option<(PhoneNumber, Known)>;

    /// A number in the one form numbers are stored in; `None` if it is hidden.
    fn normalise(&self, number: &PhoneNumber) -> Option<PhoneNumber>;

    /// A dialled number in the form the trunk wants.
    ///
    /// # Errors
    /// Why it is not dialled.
    fn check_dialled(&self, number: &PhoneNumber) -> Result<PhoneNumber, DialRefusal>;

    /// A number as a reader may see it; `None` is a hidden number, and a reader not known yet sees
    /// the least.
    fn show(&self, number: Option<&PhoneNumber>, reader: Option<&Person>) -> NumberView;

    /// The help that a contact's agent asks for, or has got.
    fn help_of(&self, _contact: ContactId) -> Option<Help> {
        None
    }

    /// An entry of the address book as this agent may use it, with its name.
    async fn entry(&self, agent: AgentId, entry: EntryId) -> Option<(PhoneNumber, String)>;

    /// Whom this agent promised to call, and whose number it is if that is known.
    async fn callback(
        &self,
        agent: AgentId,
        callback: CallbackId,
    ) -> Option<(PhoneNumber, Option<Known>)>;

    /// Whether a supervisor may be in this agent's calls.
    fn may_steer(&self, supervisor: &Person, agent: AgentId) -> bool;

    /// Whether agents see supervisors who are in their calls.
    fn shows_watchers(&self) -> bool;

    /// Stores what is kept of a contact beside its record.
    ///
    /// # Errors
    /// Those of the database; nothing is stored.
    async fn keep(&self, kept: &Kept) -> Result<(), DbErr>;

    /// Who records calls.
    fn recorder(&self) -> &dyn Recorder;

    /// Tells an agent's desk.
    fn publish(&self, agent: AgentId, change: Change);
}
