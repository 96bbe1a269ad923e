//! Identifiers. All are UUIDs, written as lower-case text.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "typescript", derive(specta::Type))]
        #[serde(transparent)]
        pub struct $name(
            pub Uuid,
        );

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(Self(Uuid::parse_str(text)?))
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )+};
}

id! {
    /// A person who signs in: agent, supervisor or administrator.
    AgentId,
    /// One conversation with a customer.
    ContactId,
    /// One contact put before one agent.
    OfferId,
    /// A customer's record.
    CustomerId,
    /// A ticket.
    TicketId,
    /// A comment on a ticket.
    CommentId,
    /// A queue.
    QueueId,
    /// One participant of a call.
    PartyId,
    /// A team of agents with their supervisors.
    TeamId,
    /// Words from one person to another.
    MessageId,
    /// An entry of the address book.
    EntryId,
    /// A promise to call back.
    CallbackId,
    /// One signed-in desk.
    SessionId,
    /// The recording of one contact's call.
    RecordingId,
    /// A form to score calls with.
    ScoreFormId,
    /// One person's scoring of one recording.
    ScorecardId,
    /// A write, named before its first try so that a repeat is recognised.
    WriteId,
}
