//! Whom an agent means.

use super::{Inner, surroundings::DialRefusal};
use crate::http::ApiFailure;
use seatline_contract::{
    error::Code,
    id::{AgentId, QueueId},
    party::Target,
    secret::PhoneNumber,
};

/// Somebody who can be reached.
pub(super) enum Found {
    Agent(AgentId),
    Queue(QueueId),
    Outside(Outside),
}

/// Somebody behind the trunk.
pub(super) struct Outside {
    pub(super) name: Option<String>,
    /// In the form numbers are stored in.
    pub(super) number: PhoneNumber,
    /// In the form the trunk wants.
    pub(super) dialled: PhoneNumber,
}

impl Inner {
    /// Finds whom an agent means, and their number if they are outside.
    pub(super) async fn find(&self, agent: AgentId, target: Target) -> Result<Found, ApiFailure> {
        let (name, number) = match target {
            Target::Agent { agent } => {
                self.meet(agent).await.ok_or(Code::ColleagueUnavailable)?;
                return Ok(Found::Agent(agent));
            }
            Target::Queue { queue } => {
                if !self.state.lock().queues.contains_key(&queue) {
                    return Err(Code::NotFound.into());
                }
                return Ok(Found::Queue(queue));
            }
            Target::Number { number } => (None, number),
            Target::Customer { customer, index } => {
                let index = usize::try_from(index).unwrap_or(usize::MAX);
                let found = self.surroundings.number_of(customer, index).await;
                let (number, known) = found.ok_or(Code::NotFound)?;
                (Some(known.name), number)
            }
            Target::Entry { entry } => {
                let found = self.surroundings.entry(agent, entry).await;
                let (number, name) = found.ok_or(Code::NotFound)?;
                (Some(name), number)
            }
        };
        let dialled = self.surroundings.check_dialled(&number);
        let dialled = dialled.map_err(|refusal| match refusal {
            DialRefusal::Unplayable => ApiFailure::from(Code::UnplayableNumber),
            DialRefusal::NotAllowed => Code::NumberNotAllowed.into(),
            DialRefusal::Unknown => Code::NotFound.into(),
        })?;
        let number = self.surroundings.normalise(&number).unwrap_or(number);
        let name = match name {
            Some(name) => Some(name),
            None => self
                .surroundings
                .identify(&number)
                .await
                .map(|known| known.name),
        };
        Ok(Found::Outside(Outside {
            name,
            number,
            dialled,
        }))
    }
}
