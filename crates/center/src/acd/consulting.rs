//! Colleagues wanted beside a conversation.

use super::{Acd, Aim, Ask, Effect, Purpose, Refusal};
use seatline_contract::{
    contact::OfferEnd,
    id::{AgentId, ContactId},
    time::UnixMs,
};

impl Acd {
    pub(super) fn consult(
        &mut self,
        now: UnixMs,
        contact: ContactId,
        aim: Aim,
    ) -> Result<(), Refusal> {
        let entry = self.entry(contact)?;
        let free = entry.ask.is_none();
        let Some(_) = entry.stage.talker().filter(|_| free) else {
            return Err(entry.refuse("be talked over").into());
        };
        let place = entry.place(contact);
        match aim {
            Aim::Agent(agent) => {
                // Whoever is in the conversation already is not free.
                if !self.can_be_called(agent, contact) {
                    return Err(Refusal::Unavailable);
                }
                let offer = (self.make_offer)();
                self.entry(contact)?.ask = Some(Ask::Reserved {
                    offer,
                    agent,
                    queue: None,
                });
                self.propose(now, offer, contact, agent, Purpose::Consult)?;
            }
            Aim::Queue(queue) => {
                let line = self.queues.get_mut(&queue).ok_or(Refusal::NoQueue)?;
                line.waiting.insert(place);
                self.entry(contact)?.ask = Some(Ask::Sought { queue });
                self.set_alarm(contact);
                self.effects.push(Effect::Queue(queue));
            }
        }
        Ok(())
    }

    /// The colleague is wanted no more.
    pub(super) fn unconsult(&mut self, now: UnixMs, contact: ContactId) -> Result<(), Refusal> {
        let entry = self.entry(contact)?;
        let Some(ask) = entry.ask else {
            return Err(entry.refuse("be asked for no more").into());
        };
        self.leave_queue(contact);
        self.entry(contact)?.ask = None;
        self.set_alarm(contact);
        if let Some((offer, agent)) = ask.offer() {
            self.offers.remove(&offer);
            self.agent(now, agent).release(contact)?;
            self.effects.push(Effect::OfferOver {
                offer,
                contact,
                agent,
                end: OfferEnd::CallerGone,
                purpose: Purpose::Consult,
            });
            self.settle(now, agent);
        }
        Ok(())
    }

    /// The colleague asked does not come: one wanted in a queue is sought on, one wanted in person
    /// is wanted no more.
    pub(super) fn ask_on(&mut self, contact: ContactId) {
        let Some(entry) = self.contacts.get_mut(&contact) else {
            return;
        };
        let place = entry.place(contact);
        let queue = entry.ask.and_then(|ask| ask.queue());
        entry.ask = queue.map(|queue| Ask::Sought { queue });
        if let Some(line) = queue.and_then(|queue| self.queues.get_mut(&queue)) {
            line.offered.remove(&contact);
            line.waiting.insert(place);
        }
    }

    /// A colleague left the conversation.
    pub(super) fn part(
        &mut self,
        now: UnixMs,
        contact: ContactId,
        agent: AgentId,
    ) -> Result<(), Refusal> {
        let entry = self.entry(contact)?;
        if !entry.colleagues.remove(&agent) {
            return Err(entry.refuse("be left by who is not in it").into());
        }
        self.agent(now, agent).release(contact)?;
        self.agent(now, agent).idle_since = now;
        self.release_from(contact, agent);
        self.settle(now, agent);
        Ok(())
    }

    /// A colleague of a call between colleagues leads it from now on; who led it stays in it.
    pub(super) fn lead(&mut self, contact: ContactId, agent: AgentId) -> Result<(), Refusal> {
        let entry = self.entry(contact)?;
        if !entry.internal || !entry.colleagues.contains(&agent) {
            return Err(entry.refuse("be led by that agent").into());
        }
        let former = entry.hand_over(agent)?;
        entry.colleagues.remove(&agent);
        entry.colleagues.insert(former);
        self.effects.push(Effect::Contact(contact));
        Ok(())
    }

    /// The contact is no longer an agent's, unless they have notes on it to finish.
    pub(super) fn release_from(&mut self, contact: ContactId, agent: AgentId) {
        let held = self.contacts.get(&contact);
        self.effects
            .push(match held.is_some_and(|entry| entry.is_held_by(agent)) {
                true => Effect::WrapUp { contact, agent },
                false => Effect::Released { contact, agent },
            });
    }
}
