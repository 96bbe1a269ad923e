//! What each input does. Every function checks first and changes after, so that a refusal changes
//! nothing.

use super::{
    Acd, Ask, Effect, Input, Purpose, Refusal,
    agent::{DECLINED, Engagement, MISSED, SIGNED_IN, not_ready},
    contact::{Entry, Stage, Terms},
    queue::{Line, Place, QueueSetUp},
};
use seatline_contract::{
    contact::OfferEnd,
    id::{AgentId, ContactId, QueueId},
    presence::PresenceChoice,
    time::UnixMs,
};

/// What is agreed for a call dialled by an agent who serves no queue.
const OUTBOUND: Terms = Terms {
    ring_ms: 60_000,
    wrap_up_ms: Some(60_000),
    disposition_required: false,
};

impl Acd {
    pub(super) fn take(&mut self, now: UnixMs, input: Input) -> Result<(), Refusal> {
        match input {
            Input::QueueSet { queue, set_up } => self.set_queue(now, queue, set_up),
            Input::DeskOnline(agent) => {
                self.agent(now, agent).desk = true;
                self.settle(now, agent);
            }
            Input::DeskLost(agent) => {
                self.agent(now, agent).desk = false;
                self.cut_off(now, agent)?;
            }
            Input::SignedOut(agent) => {
                let signing_out = self.agent(now, agent);
                signing_out.desk = false;
                signing_out.choice = not_ready(SIGNED_IN);
                self.cut_off(now, agent)?;
            }
            Input::LineUp(agent) => {
                self.agent(now, agent).line = true;
                self.settle(now, agent);
            }
            Input::LineDown(agent) => {
                self.agent(now, agent).line = false;
                self.cut_off(now, agent)?;
            }
            Input::MayWait(agent, may_wait) => self.agent(now, agent).may_wait = may_wait,
            Input::Choose(agent, choice) => self.choose(now, agent, choice),
            Input::Arrived { contact, queue } => self.arrive(now, contact, queue)?,
            Input::Confirmed(offer) => self.confirm(now, offer)?,
            Input::NotConfirmed(offer) => self.rest(now, offer)?,
            Input::Accepted(offer) => self.accept(now, offer)?,
            Input::Declined(offer) => {
                self.withdraw(now, offer, OfferEnd::Declined, Some(DECLINED))?;
            }
            Input::RingFailed(offer) => {
                self.withdraw(now, offer, OfferEnd::LineLost, Some(MISSED))?;
            }
            Input::NotRung(offer) => self.put_off(now, offer)?,
            Input::Dialed { contact, agent } => self.dial(now, contact, agent)?,
            Input::Called {
                contact,
                agent,
                colleague,
            } => self.call(now, contact, agent, colleague)?,
            Input::Answered(contact) => {
                self.entry(contact)?.answer()?;
                self.effects.push(Effect::Contact(contact));
            }
            Input::Hold { contact, held } => {
                self.entry(contact)?.hold(held)?;
                self.effects.push(Effect::Contact(contact));
            }
            Input::Ended(contact) => self.end(now, contact)?,
            Input::Consult { contact, aim } => self.consult(now, contact, aim)?,
            Input::Unconsult(contact) => self.unconsult(now, contact)?,
            Input::Left { contact, agent } => self.part(now, contact, agent)?,
            Input::Lead { contact, agent } => self.lead(contact, agent)?,
            Input::HandOver { contact, to } => self.hand_over(now, contact, to)?,
            Input::Transfer { contact, aim } => self.transfer(now, contact, aim)?,
            Input::LeaveToAsked(contact) => self.leave_to_asked(now, contact)?,
            Input::Forward(contact) => {
                self.leave(now, contact, |by| Stage::Forwarded { by })?;
            }
            Input::ForwardFailed(contact) => self.fail_forward(now, contact)?,
            Input::Park { contact, ms } => {
                let until = now.plus(ms);
                self.leave(now, contact, |by| Stage::Parked { by, until })?;
            }
            Input::Unpark(contact) => self.unpark(now, contact)?,
            Input::PickUp { contact, agent } => self.pick_up(now, contact, agent)?,
            Input::Watch { contact, agent } => self.watch(now, contact, agent)?,
            Input::Unwatch(agent) => self.unwatch(now, agent)?,
            Input::WrapUp {
                contact,
                agent,
                disposed,
                done,
            } => self.take_notes(now, contact, agent, disposed, done)?,
            Input::Extend { contact, agent, ms } => self.extend(now, contact, agent, ms)?,
            Input::Tick => self.tick(now)?,
        }
        Ok(())
    }

    fn set_queue(&mut self, now: UnixMs, queue: QueueId, set_up: QueueSetUp) {
        let line = self
            .queues
            .entry(queue)
            .or_insert_with(|| Line::new(set_up.clone()));
        line.set_up = set_up;
        line.idle.clear();
        for agent in line.set_up.agents.clone() {
            let listed = self.agent(now, agent).listed;
            if let (Some(since), Some(line)) = (listed, self.queues.get_mut(&queue)) {
                line.idle.insert((since, agent));
            }
        }
        self.effects.push(Effect::Queue(queue));
    }

    fn choose(&mut self, now: UnixMs, agent: AgentId, choice: PresenceChoice) {
        let choosing = self.agent(now, agent);
        if choice == PresenceChoice::Ready && choosing.choice != PresenceChoice::Ready {
            choosing.idle_since = now;
        }
        choosing.choice = choice;
        self.settle(now, agent);
    }

    fn arrive(&mut self, now: UnixMs, contact: ContactId, queue: QueueId) -> Result<(), Refusal> {
        let line = self.queues.get_mut(&queue).ok_or(Refusal::NoQueue)?;
        if self.contacts.contains_key(&contact) {
            return Err(Refusal::Known);
        }
        let order = self.arrivals;
        self.arrivals += 1;
        let terms = line.set_up.terms;
        line.waiting.insert(Place {
            arrived: now,
            order,
            contact,
        });
        let mut entry = Entry::new(Stage::Queued, terms, now);
        entry.queue = Some(queue);
        entry.order = order;
        self.contacts.insert(contact, entry);
        self.effects.push(Effect::Contact(contact));
        self.effects.push(Effect::Queue(queue));
        Ok(())
    }

    fn dial(&mut self, now: UnixMs, contact: ContactId, agent: AgentId) -> Result<(), Refusal> {
        if self.contacts.contains_key(&contact) {
            return Err(Refusal::Known);
        }
        if self.agent(now, agent).engagement != Engagement::Free {
            return Err(Refusal::Busy);
        }
        let first = self.queues_of(agent).next();
        let terms = first
            .and_then(|queue| self.queues.get(&queue))
            .map_or(OUTBOUND, |line| line.set_up.terms);
        self.agent(now, agent).talk(contact)?;
        self.contacts
            .insert(contact, Entry::new(Stage::Dialing { agent }, terms, now));
        self.effects.push(Effect::Contact(contact));
        self.settle(now, agent);
        Ok(())
    }

    fn call(
        &mut self,
        now: UnixMs,
        contact: ContactId,
        agent: AgentId,
        colleague: AgentId,
    ) -> Result<(), Refusal> {
        if self.contacts.contains_key(&contact) {
            return Err(Refusal::Known);
        }
        if self.agent(now, agent).engagement != Engagement::Free {
            return Err(Refusal::Busy);
        }
        if agent == colleague || !self.can_be_called(colleague, contact) {
            return Err(Refusal::Unavailable);
        }
        let offer = (self.make_offer)();
        let mut entry = Entry::new(Stage::Dialing { agent }, OUTBOUND, now);
        entry.internal = true;
        entry.ask = Some(Ask::Reserved {
            offer,
            agent: colleague,
            queue: None,
        });
        self.agent(now, agent).talk(contact)?;
        self.contacts.insert(contact, entry);
        self.effects.push(Effect::Contact(contact));
        self.propose(now, offer, contact, colleague, Purpose::Consult)?;
        self.settle(now, agent);
        Ok(())
    }

    pub(super) fn end(&mut self, now: UnixMs, contact: ContactId) -> Result<(), Refusal> {
        let entry = self.entry(contact)?;
        let before = entry.stage.clone();
        let purpose = entry.purpose;
        let agent = entry.end(now)?;
        let after = entry.stage.clone();
        let colleagues = std::mem::take(&mut entry.colleagues);
        if entry.ask.is_some() {
            self.unconsult(now, contact)?;
        }
        self.leave_queue(contact);
        self.set_alarm(contact);
        if let Some(agent) = agent {
            self.agent(now, agent).release(contact)?;
            if let Stage::Reserved { offer, .. } | Stage::Offered { offer, .. } = before {
                self.offers.remove(&offer);
                self.effects.push(Effect::OfferOver {
                    offer,
                    contact,
                    agent,
                    end: OfferEnd::CallerGone,
                    purpose,
                });
            }
            if matches!(after, Stage::WrapUp { .. }) {
                self.agent(now, agent).wrap_ups.insert(contact);
            }
        }
        for colleague in colleagues {
            self.agent(now, colleague).release(contact)?;
            self.agent(now, colleague).idle_since = now;
            self.release_from(contact, colleague);
            self.settle(now, colleague);
        }
        self.unwatch_all(now, contact);
        self.effects.push(Effect::Contact(contact));
        if let Some(agent) = agent {
            if matches!(after, Stage::Failed | Stage::Closed) {
                self.agent(now, agent).idle_since = now;
                self.effects.push(Effect::Released { contact, agent });
            }
            self.settle(now, agent);
        }
        Ok(())
    }

    pub(super) fn entry(&mut self, contact: ContactId) -> Result<&mut Entry, Refusal> {
        self.contacts.get_mut(&contact).ok_or(Refusal::NoContact)
    }

    /// Takes the contact out of the queue it waits in, or the one a colleague is sought in.
    pub(super) fn leave_queue(&mut self, contact: ContactId) {
        let Some(entry) = self.contacts.get(&contact) else {
            return;
        };
        let place = entry.place(contact);
        let sought = entry.ask.and_then(|ask| ask.queue());
        for queue in [entry.queue, sought].into_iter().flatten() {
            if let Some(line) = self.queues.get_mut(&queue)
                && (line.waiting.remove(&place) | line.offered.remove(&contact).is_some())
            {
                self.effects.push(Effect::Queue(queue));
            }
        }
    }
}
