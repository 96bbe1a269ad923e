//! Offers: confirmed, rung, answered, taken back.

use super::{
    Acd, Ask, Effect, Purpose, Refusal, Stage,
    agent::{Engagement, not_ready},
    contact::DIRECTED_RING_MS,
};
use seatline_contract::{
    contact::OfferEnd,
    id::{AgentId, ContactId, OfferId},
    time::UnixMs,
};

/// How long a contact rests after it could not be offered by no fault of an agent's, in
/// milliseconds.
const REST_MS: i64 = 1_000;

impl Acd {
    pub(super) fn confirm(&mut self, now: UnixMs, offer: OfferId) -> Result<(), Refusal> {
        let contact = self.offered(offer)?;
        let entry = self.entry(contact)?;
        let (agent, deadline, purpose) = if entry.is_asked_by(offer) {
            let Some(Ask::Reserved { agent, queue, .. }) = entry.ask else {
                return Err(Refusal::OfferOver);
            };
            let ring_ms = match queue {
                Some(_) => entry.terms.ring_ms,
                None => DIRECTED_RING_MS,
            };
            let deadline = now.plus(ring_ms);
            entry.ask = Some(Ask::Offered {
                offer,
                agent,
                queue,
                deadline,
            });
            (agent, deadline, Purpose::Consult)
        } else {
            let (agent, deadline) = entry.confirm(now)?;
            (agent, deadline, entry.purpose)
        };
        self.set_alarm(contact);
        self.effects.push(Effect::Ring {
            offer,
            contact,
            agent,
            deadline,
            purpose,
        });
        Ok(())
    }

    pub(super) fn rest(&mut self, now: UnixMs, offer: OfferId) -> Result<(), Refusal> {
        let contact = self.offered(offer)?;
        let entry = self.entry(contact)?;
        let reserved = match entry.ask {
            Some(Ask::Reserved { offer: asked, .. }) if asked == offer => true,
            _ => {
                matches!(entry.stage, Stage::Reserved { offer: set_aside, .. } if set_aside == offer)
            }
        };
        if !reserved {
            return Err(Refusal::OfferOver);
        }
        self.put_off(now, offer)
    }

    /// Takes an offer back by no fault of the agent's; the contact rests before it is offered again.
    pub(super) fn put_off(&mut self, now: UnixMs, offer: OfferId) -> Result<(), Refusal> {
        let contact = self.offered(offer)?;
        self.entry(contact)?.rests_until = now.plus(REST_MS);
        self.withdraw(now, offer, OfferEnd::LineLost, None)
    }

    pub(super) fn accept(&mut self, now: UnixMs, offer: OfferId) -> Result<(), Refusal> {
        let contact = self.offered(offer)?;
        if self.knocks(contact) {
            return Err(Refusal::Busy);
        }
        let entry = self.entry(contact)?;
        let (agent, purpose) = if entry.is_asked_by(offer) {
            let Some(Ask::Offered { agent, .. }) = entry.ask else {
                return Err(Refusal::OfferOver);
            };
            (agent, Purpose::Consult)
        } else {
            let purpose = entry.purpose;
            (entry.accept()?, purpose)
        };
        self.offers.remove(&offer);
        self.leave_queue(contact);
        if purpose == Purpose::Consult {
            let entry = self.entry(contact)?;
            entry.ask = None;
            entry.colleagues.insert(agent);
            if matches!(entry.stage, Stage::Dialing { .. }) {
                entry.answer()?;
            }
        } else {
            self.resume_notes(now, contact, agent);
        }
        self.set_alarm(contact);
        self.agent(now, agent).talk(contact)?;
        self.effects.push(Effect::OfferOver {
            offer,
            contact,
            agent,
            end: OfferEnd::Accepted,
            purpose,
        });
        self.effects.push(Effect::Contact(contact));
        self.settle(now, agent);
        Ok(())
    }

    /// Takes an offer back from its agent; the contact goes where its purpose says. An agent at
    /// fault for one from a queue is set not ready, for this reason.
    pub(super) fn withdraw(
        &mut self,
        now: UnixMs,
        offer: OfferId,
        end: OfferEnd,
        fault: Option<&str>,
    ) -> Result<(), Refusal> {
        let contact = self.offered(offer)?;
        let entry = self.entry(contact)?;
        let asked = entry.ask.filter(|_| entry.is_asked_by(offer));
        let (agent, purpose) = match (asked.and_then(|ask| ask.offer()), &entry.stage) {
            (Some((_, agent)), _) => (agent, Purpose::Consult),
            (None, Stage::Reserved { agent, .. } | Stage::Offered { agent, .. }) => {
                (*agent, entry.purpose)
            }
            (None, _) => return Err(Refusal::OfferOver),
        };
        let from_queue = purpose == Purpose::Serve || asked.is_some_and(|a| a.queue().is_some());
        self.offers.remove(&offer);
        let losing = self.agent(now, agent);
        losing.release(contact)?;
        if let Some(reason) = fault.filter(|_| from_queue) {
            losing.choice = not_ready(reason);
        }
        self.effects.push(Effect::OfferOver {
            offer,
            contact,
            agent,
            end,
            purpose,
        });
        match purpose {
            Purpose::Consult => self.ask_on(contact),
            Purpose::Serve => self.wait(contact)?,
            Purpose::Transfer { from } => self.send_back(now, contact, from)?,
            Purpose::Return => self.send_home(now, contact)?,
            Purpose::PickUp { .. } => {
                self.entry(contact)?.park_again()?;
                self.effects.push(Effect::Contact(contact));
            }
        }
        self.set_alarm(contact);
        self.settle(now, agent);
        Ok(())
    }

    /// The desk or its line is gone: what rings there goes back, a conversation goes on.
    pub(super) fn cut_off(&mut self, now: UnixMs, agent: AgentId) -> Result<(), Refusal> {
        let cut_off = self.agent(now, agent);
        let offered = match cut_off.engagement {
            Engagement::Offered(contact) => Some(contact),
            Engagement::Free | Engagement::Talking(_) | Engagement::Watching(_) => cut_off.knocking,
        };
        if let Some(contact) = offered {
            let entry = self.entry(contact)?;
            let asked = entry.ask.and_then(|ask| ask.offer());
            let offer = match (asked.filter(|(_, to)| *to == agent), &entry.stage) {
                (Some((offer, _)), _) => Some(offer),
                (None, Stage::Reserved { offer, .. } | Stage::Offered { offer, .. }) => {
                    Some(*offer)
                }
                (None, _) => None,
            };
            if let Some(offer) = offer {
                return self.withdraw(now, offer, OfferEnd::LineLost, None);
            }
        }
        self.settle(now, agent);
        Ok(())
    }

    /// Whether a contact waits for its agent to end the present conversation.
    fn knocks(&self, contact: ContactId) -> bool {
        let entry = self.contacts.get(&contact);
        let put_before = entry.and_then(|entry| {
            let asked = entry.ask.and_then(|ask| ask.offer());
            asked.map(|(_, agent)| agent).or(entry.stage.agent())
        });
        put_before.is_some_and(|agent| self.is_knocking(agent, contact))
    }

    /// The offer that knocked until now and may ring, if it was told already.
    pub(super) fn admit(&self, contact: ContactId) -> Option<OfferId> {
        let entry = self.contacts.get(&contact)?;
        match (entry.ask, &entry.stage) {
            (Some(Ask::Offered { offer, .. }), _) => Some(offer),
            (None, Stage::Offered { offer, .. }) => Some(*offer),
            _ => None,
        }
    }

    fn offered(&self, offer: OfferId) -> Result<ContactId, Refusal> {
        self.offers.get(&offer).copied().ok_or(Refusal::OfferOver)
    }
}
