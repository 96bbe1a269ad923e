//! The board, and what is new on it. Pure: two states of it give the change between them.

use crate::{
    calls::{AgentLook, CallLook, Look, QueueLook},
    supervision::{Figures, Roster},
};
use seatline_contract::{
    customer::NumberView,
    id::{AgentId, ContactId, QueueId},
    identity::Role,
    presence::Presence,
    secret::PhoneNumber,
    supervision::{BoardAgent, BoardCall, BoardChange, BoardQueue, Help, LineQuality},
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The board at one moment, the same for all readers.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Board {
    pub(super) queues: BTreeMap<QueueId, BoardQueue>,
    pub(super) agents: BTreeMap<AgentId, BoardAgent>,
    pub(super) calls: BTreeMap<ContactId, BoardCall>,
}

/// What differs from reader to reader.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Personal {
    /// Whom the reader may watch and steer.
    pub(super) mine: BTreeSet<AgentId>,
    /// Whom the reader follows.
    pub(super) followed: BTreeSet<AgentId>,
}

/// What a board is made of, beside the calls.
pub(super) struct Beside<'a> {
    pub(super) roster: &'a Roster,
    pub(super) figures: &'a Figures,
    pub(super) quality: &'a HashMap<AgentId, (ContactId, LineQuality)>,
    pub(super) helps: &'a HashMap<ContactId, Help>,
}

impl Board {
    /// Puts a board together. `show` makes a number what supervisors see of it.
    pub(super) fn build(
        look: Look,
        beside: &Beside<'_>,
        mut show: impl FnMut(ContactId, Option<&PhoneNumber>) -> NumberView,
    ) -> Self {
        let serving: BTreeSet<AgentId> = look
            .queues
            .iter()
            .flat_map(|queue| queue.agents.iter().copied())
            .collect();
        let agents = beside
            .roster
            .people()
            .iter()
            .filter(|person| person.role == Role::Agent || serving.contains(&person.id))
            .filter_map(|person| {
                let AgentLook {
                    presence, contact, ..
                } = look.agents.get(&person.id)?;
                let quality = beside.quality.get(&person.id);
                let row = BoardAgent {
                    person: person.clone(),
                    team: beside.roster.team_name(person.id).map(str::to_owned),
                    presence: presence.clone(),
                    contact: *contact,
                    quality: quality
                        .filter(|(call, _)| Some(*call) == *contact)
                        .map(|(_, quality)| *quality),
                    handled: beside.figures.handled(person.id),
                    followed: false,
                    mine: false,
                };
                Some((person.id, row))
            })
            .collect();
        let queue = |queue: QueueLook| count(queue, &look.agents, beside.figures);
        let queues = look.queues.into_iter().map(queue).collect();
        let mut call = |call: CallLook| {
            let number = show(call.contact, call.number.as_ref());
            let help = beside.helps.get(&call.contact).cloned();
            (call.contact, row(call, number, help))
        };
        let calls = look.calls.into_iter().map(&mut call).collect();
        Self {
            queues,
            agents,
            calls,
        }
    }

    /// All of it, queues and agents by name, calls by age.
    pub(super) fn whole(&self) -> BoardChange {
        let mut whole = BoardChange {
            all: true,
            queues: self.queues.values().cloned().collect(),
            agents: self.agents.values().cloned().collect(),
            calls: self.calls.values().cloned().collect(),
            over: Vec::new(),
        };
        whole.queues.sort_by(|a, b| a.queue.name.cmp(&b.queue.name));
        whole
            .agents
            .sort_by(|a, b| a.person.name.cmp(&b.person.name));
        whole.calls.sort_by_key(|call| call.created);
        whole
    }

    /// What is new since an earlier board; `None` if nothing is. As a change can not say that a
    /// queue or an agent is gone, all is said anew then.
    pub(super) fn since(&self, before: &Self) -> Option<BoardChange> {
        let gone = before.queues.keys().any(|id| !self.queues.contains_key(id))
            || before.agents.keys().any(|id| !self.agents.contains_key(id));
        if gone {
            return Some(self.whole());
        }
        let over = before
            .calls
            .keys()
            .filter(|id| !self.calls.contains_key(id));
        let change = BoardChange {
            all: false,
            queues: news(&before.queues, &self.queues),
            agents: news(&before.agents, &self.agents),
            calls: news(&before.calls, &self.calls),
            over: over.copied().collect(),
        };
        (change != BoardChange::default()).then_some(change)
    }

    /// The change as one reader gets it: with what concerns them alone, and with the rows in which
    /// only that has changed.
    pub(super) fn personalise(
        &self,
        change: Option<BoardChange>,
        before: &Personal,
        now: &Personal,
    ) -> Option<BoardChange> {
        let mut change = change.unwrap_or_default();
        if !change.all {
            let mine = before.mine.symmetric_difference(&now.mine);
            let followed = before.followed.symmetric_difference(&now.followed);
            let differing: BTreeSet<AgentId> = mine.chain(followed).copied().collect();
            for agent in differing {
                let said = change.agents.iter().any(|row| row.person.id == agent);
                if !said && let Some(row) = self.agents.get(&agent) {
                    change.agents.push(row.clone());
                }
            }
        }
        for row in &mut change.agents {
            row.mine = now.mine.contains(&row.person.id);
            row.followed = now.followed.contains(&row.person.id);
        }
        (change != BoardChange::default()).then_some(change)
    }
}

fn news<Id: Ord, Row: Clone + PartialEq>(
    before: &BTreeMap<Id, Row>,
    now: &BTreeMap<Id, Row>,
) -> Vec<Row> {
    now.iter()
        .filter(|(id, row)| before.get(id) != Some(row))
        .map(|(_, row)| row.clone())
        .collect()
}

fn count(
    look: QueueLook,
    agents: &HashMap<AgentId, AgentLook>,
    figures: &Figures,
) -> (QueueId, BoardQueue) {
    let id = look.queue.id;
    let day = figures.of_queue(id);
    let mut row = BoardQueue {
        queue: look.queue,
        ready: 0,
        busy: 0,
        signed_in: 0,
        answered: day.answered,
        abandoned: day.abandoned,
        service_level: day.service_level(),
        within_s: figures.within_s(id),
    };
    let seen = look.agents.iter().filter_map(|agent| agents.get(agent));
    for agent in seen {
        match agent.presence.presence {
            Presence::Offline => continue,
            Presence::Ready => row.ready += 1,
            Presence::Busy | Presence::WrapUp => row.busy += 1,
            Presence::NotReady { .. } | Presence::OnBreak | Presence::Offered => {}
        }
        row.signed_in += 1;
    }
    (id, row)
}

fn row(call: CallLook, number: NumberView, help: Option<Help>) -> BoardCall {
    BoardCall {
        contact: call.contact,
        direction: call.direction,
        state: call.state,
        queue: call.queue,
        queue_name: call.queue_name,
        agent: call.agent,
        agent_name: call.agent_name,
        customer_name: call.customer_name,
        number,
        created: call.created,
        connected: call.connected,
        parties: call.parties,
        watchers: call.watchers,
        help,
        recording: call.recording,
    }
}

#[cfg(test)]
mod tests;
