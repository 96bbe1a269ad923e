//! What is kept of a contact.

use seatline_contract::{
    contact::{Channel, Contact, ContactState, Direction, EndedBy},
    customer::NumberView,
    id::{AgentId, ContactId, CustomerId, QueueId, TicketId},
    secret::PhoneNumber,
    time::UnixMs,
};

/// One contact as it is stored. Names are those of its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Which.
    pub id: ContactId,
    /// Who began it.
    pub direction: Direction,
    /// Where it stands.
    pub state: ContactState,
    /// The queue it came through.
    pub queue: Option<QueueId>,
    /// That queue's name.
    pub queue_name: Option<String>,
    /// The number the customer called.
    pub called: Option<PhoneNumber>,
    /// The customer's number; none if hidden.
    pub number: Option<PhoneNumber>,
    /// The customer, if known.
    pub customer: Option<CustomerId>,
    /// The customer's name, if known; of an internal call that of the colleague called.
    pub customer_name: Option<String>,
    /// The agent who has or had it.
    pub agent: Option<AgentId>,
    /// That agent's name.
    pub agent_name: Option<String>,
    /// When it arrived or was dialled.
    pub created: UnixMs,
    /// When agent and customer were connected.
    pub connected: Option<UnixMs>,
    /// When the conversation ended.
    pub ended: Option<UnixMs>,
    /// Who ended it.
    pub ended_by: Option<EndedBy>,
    /// Status or words of its end.
    pub end_reason: Option<String>,
    /// When wrap-up ends by itself.
    pub wrap_up_deadline: Option<UnixMs>,
    /// Whether wrap-up needs a disposition.
    pub disposition_required: bool,
    /// The disposition chosen.
    pub disposition: Option<String>,
    /// The agent's note.
    pub note: String,
    /// Number of this state; each write is one more than the last.
    pub version: i64,
}

impl Record {
    /// A contact that has just begun.
    #[must_use]
    pub fn new(id: ContactId, direction: Direction, now: UnixMs) -> Self {
        Self {
            id,
            direction,
            state: match direction {
                Direction::Inbound => ContactState::Queued,
                Direction::Outbound | Direction::Internal => ContactState::Dialing,
            },
            queue: None,
            queue_name: None,
            called: None,
            number: None,
            customer: None,
            customer_name: None,
            agent: None,
            agent_name: None,
            created: now,
            connected: None,
            ended: None,
            ended_by: None,
            end_reason: None,
            wrap_up_deadline: None,
            disposition_required: false,
            disposition: None,
            note: String::new(),
            version: 0,
        }
    }

    /// The contact as the wire has it, with its number as the reader may see it.
    #[must_use]
    pub fn view(&self, number: NumberView, tickets: Vec<TicketId>) -> Contact {
        Contact {
            id: self.id,
            channel: Channel::Voice,
            direction: self.direction,
            state: self.state,
            queue: self.queue,
            queue_name: self.queue_name.clone(),
            number,
            customer: self.customer,
            customer_name: self.customer_name.clone(),
            agent: self.agent,
            agent_name: self.agent_name.clone(),
            created: self.created,
            connected: self.connected,
            ended: self.ended,
            ended_by: self.ended_by,
            end_reason: self.end_reason.clone(),
            wrap_up_deadline: self.wrap_up_deadline,
            disposition_required: self.disposition_required,
            disposition: self.disposition.clone(),
            note: self.note.clone(),
            tickets,
            call: None,
        }
    }
}
