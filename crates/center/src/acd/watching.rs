//! Supervisors in other agents' conversations.

use super::{Acd, Effect, Refusal, agent::Engagement};
use seatline_contract::{
    id::{AgentId, ContactId},
    time::UnixMs,
};

impl Acd {
    pub(super) fn watch(
        &mut self,
        now: UnixMs,
        contact: ContactId,
        agent: AgentId,
    ) -> Result<(), Refusal> {
        let entry = self.entry(contact)?;
        if entry.stage.talker().is_none() {
            return Err(entry.refuse("be watched").into());
        }
        let watching = self.agent(now, agent);
        if watching.engagement != Engagement::Free {
            return Err(Refusal::Busy);
        }
        watching.engagement = Engagement::Watching(contact);
        self.entry(contact)?.watchers.insert(agent);
        self.settle(now, agent);
        Ok(())
    }

    pub(super) fn unwatch(&mut self, now: UnixMs, agent: AgentId) -> Result<(), Refusal> {
        let Engagement::Watching(contact) = self.agent(now, agent).engagement else {
            return Err(Refusal::NoContact);
        };
        self.agent(now, agent).release(contact)?;
        self.entry(contact)?.watchers.remove(&agent);
        self.effects.push(Effect::Unwatched { contact, agent });
        self.settle(now, agent);
        Ok(())
    }

    /// There is nothing to watch any more.
    pub(super) fn unwatch_all(&mut self, now: UnixMs, contact: ContactId) {
        let watchers = self
            .contacts
            .get_mut(&contact)
            .map(|entry| std::mem::take(&mut entry.watchers));
        for agent in watchers.unwrap_or_default() {
            if let Err(illegal) = self.agent(now, agent).release(contact) {
                tracing::error!(%agent, %illegal, "a supervisor was listed as watching but was not");
            }
            self.effects.push(Effect::Unwatched { contact, agent });
            self.settle(now, agent);
        }
    }
}
