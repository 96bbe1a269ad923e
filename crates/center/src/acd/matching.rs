//! Bringing contacts and agents together, and the lists that make it cheap.

use super::{
    Acd, Effect, IllegalMove, Purpose,
    agent::Agent,
    queue::{Line, Place},
};
use seatline_contract::{
    id::{AgentId, ContactId, OfferId, QueueId},
    presence::PresenceState,
    time::UnixMs,
};

impl Acd {
    /// Reserves agents for contacts until one or the other runs out, the longest wait first.
    pub(super) fn match_all(&mut self, now: UnixMs) {
        while let Some((queue, place, agent)) = self.next_match(now) {
            let contact = place.contact;
            let Some(line) = self.queues.get_mut(&queue) else {
                return;
            };
            line.waiting.remove(&place);
            line.offered.insert(contact, place.arrived);
            let offer = (self.make_offer)();
            let reserved = self
                .contacts
                .get_mut(&contact)
                .and_then(|entry| entry.match_with(offer, agent, queue));
            let Some(purpose) = reserved else {
                // Only a fault of this core lists a contact that does not wait; it leaves the list.
                tracing::error!(%contact, "a contact was listed as waiting but did not wait");
                if let Some(line) = self.queues.get_mut(&queue) {
                    line.offered.remove(&contact);
                }
                continue;
            };
            if let Err(illegal) = self.propose(now, offer, contact, agent, purpose) {
                tracing::error!(%agent, %illegal, "an agent was listed as idle but was not");
            }
        }
    }

    /// Tells that an agent is reserved for a contact that has been set aside for them.
    pub(super) fn propose(
        &mut self,
        now: UnixMs,
        offer: OfferId,
        contact: ContactId,
        agent: AgentId,
        purpose: Purpose,
    ) -> Result<(), IllegalMove> {
        self.offers.insert(offer, contact);
        self.set_alarm(contact);
        self.effects.push(Effect::Reserve {
            offer,
            contact,
            agent,
            purpose,
        });
        let offered = self.agent(now, agent).offer(contact);
        self.settle(now, agent);
        offered
    }

    fn next_match(&self, now: UnixMs) -> Option<(QueueId, Place, AgentId)> {
        self.queues
            .iter()
            .filter_map(|(queue, line)| {
                let (_, agent) = line.idle.first()?;
                let place = self.first_rested(line, now)?;
                Some((*queue, place, *agent))
            })
            .min_by_key(|(_, place, _)| *place)
    }

    fn first_rested(&self, line: &Line, now: UnixMs) -> Option<Place> {
        line.waiting
            .iter()
            .find(|place| {
                self.contacts
                    .get(&place.contact)
                    .is_some_and(|entry| entry.rests_until <= now)
            })
            .copied()
    }

    pub(super) fn agent(&mut self, now: UnixMs, agent: AgentId) -> &mut Agent {
        self.agents.entry(agent).or_insert_with(|| Agent::new(now))
    }

    /// Tells what changed about an agent, and lists them as idle or not.
    pub(super) fn settle(&mut self, now: UnixMs, id: AgentId) {
        let admitted = self.agent(now, id).admitted.take();
        if let Some(contact) = admitted
            && let Some(offer) = self.admit(contact)
        {
            self.effects.push(Effect::Admit {
                offer,
                contact,
                agent: id,
            });
        }
        let agent = self.agent(now, id);
        let before = agent.listed;
        let after = agent.is_available().then_some(agent.idle_since);
        agent.listed = after;
        let presence = agent.true_presence();
        let changed = presence != agent.told.presence;
        if changed || agent.choice != agent.told.next {
            agent.told = PresenceState {
                since: if changed { now } else { agent.told.since },
                presence,
                next: agent.choice.clone(),
            };
            self.effects.push(Effect::Presence(id));
        }
        if before == after {
            return;
        }
        for line in self.queues.values_mut() {
            if let Some(since) = before {
                line.idle.remove(&(since, id));
            }
            if let Some(since) = after
                && line.set_up.agents.contains(&id)
            {
                line.idle.insert((since, id));
            }
        }
    }

    pub(super) fn set_alarm(&mut self, contact: ContactId) {
        let Some(entry) = self.contacts.get_mut(&contact) else {
            return;
        };
        if let Some(at) = entry.alarm.take() {
            self.alarms.remove(&(at, contact));
        }
        entry.alarm = entry.deadline();
        if let Some(at) = entry.alarm {
            self.alarms.insert((at, contact));
        }
    }
}
