//! A contact goes from one agent to another, to a queue, outside, or waits parked.

use super::{Acd, Aim, Ask, Effect, Entry, Purpose, Refusal, Stage};
use seatline_contract::{
    id::{AgentId, ContactId},
    time::UnixMs,
};

impl Acd {
    /// A colleague or supervisor in the conversation becomes its agent.
    pub(super) fn hand_over(
        &mut self,
        now: UnixMs,
        contact: ContactId,
        to: AgentId,
    ) -> Result<(), Refusal> {
        let entry = self.entry(contact)?;
        if !entry.colleagues.contains(&to) && !entry.watchers.contains(&to) {
            return Err(entry.refuse("be handed to somebody outside of it").into());
        }
        let from = entry.hand_over(to)?;
        entry.colleagues.remove(&to);
        entry.watchers.remove(&to);
        self.agent(now, to).talk(contact)?;
        self.lay_down(now, contact, from)?;
        self.resume_notes(now, contact, to);
        self.set_alarm(contact);
        self.effects.push(Effect::Contact(contact));
        self.settle(now, to);
        Ok(())
    }

    /// Lets the customer wait for somebody else.
    pub(super) fn transfer(
        &mut self,
        now: UnixMs,
        contact: ContactId,
        aim: Aim,
    ) -> Result<(), Refusal> {
        let from = self.alone_with(contact)?;
        match aim {
            Aim::Agent(to) => {
                if to == from || !self.can_be_called(to, contact) {
                    return Err(Refusal::Unavailable);
                }
                self.lay_down(now, contact, from)?;
                self.put_before(now, contact, to, Purpose::Transfer { from })?;
            }
            Aim::Queue(queue) => {
                let line = self.queues.get(&queue).ok_or(Refusal::NoQueue)?;
                let terms = line.set_up.terms;
                self.lay_down(now, contact, from)?;
                let entry = self.entry(contact)?;
                entry.queue = Some(queue);
                entry.terms = terms;
                self.wait(contact)?;
            }
        }
        self.unwatch_all(now, contact);
        Ok(())
    }

    /// Lets the customer wait for the colleague wanted, who goes on ringing.
    pub(super) fn leave_to_asked(
        &mut self,
        now: UnixMs,
        contact: ContactId,
    ) -> Result<(), Refusal> {
        let entry = self.entry(contact)?;
        if !entry.colleagues.is_empty() || entry.internal {
            return Err(entry.refuse("be left to who is asked").into());
        }
        if let Some(Ask::Sought { queue }) = entry.ask {
            self.unconsult(now, contact)?;
            return self.transfer(now, contact, Aim::Queue(queue));
        }
        let queue = entry.ask.and_then(|ask| ask.queue());
        let terms = queue.and_then(|queue| self.queues.get(&queue));
        let terms = terms.map(|line| line.set_up.terms);
        let entry = self.entry(contact)?;
        let from = entry.leave_to_asked()?;
        self.lay_down(now, contact, from)?;
        if let Some(terms) = terms {
            self.entry(contact)?.terms = terms;
        }
        self.set_alarm(contact);
        self.effects.push(Effect::Contact(contact));
        self.unwatch_all(now, contact);
        Ok(())
    }

    /// Leaves the customer with somebody outside, or parked.
    pub(super) fn leave(
        &mut self,
        now: UnixMs,
        contact: ContactId,
        stage: impl FnOnce(AgentId) -> Stage,
    ) -> Result<(), Refusal> {
        let from = self.alone_with(contact)?;
        self.entry(contact)?.lay_down(stage(from))?;
        self.lay_down(now, contact, from)?;
        self.set_alarm(contact);
        self.effects.push(Effect::Contact(contact));
        self.unwatch_all(now, contact);
        Ok(())
    }

    pub(super) fn fail_forward(&mut self, now: UnixMs, contact: ContactId) -> Result<(), Refusal> {
        match self.entry(contact)?.stage {
            Stage::Forwarded { by } => self.send_back(now, contact, by),
            _ => Err(self.entry(contact)?.refuse("come back").into()),
        }
    }

    pub(super) fn pick_up(
        &mut self,
        now: UnixMs,
        contact: ContactId,
        agent: AgentId,
    ) -> Result<(), Refusal> {
        let Stage::Parked { by, until } = self.entry(contact)?.stage else {
            return Err(Refusal::NoContact);
        };
        if !self.is_free(agent) || !self.can_be_called(agent, contact) {
            return Err(Refusal::Busy);
        }
        self.put_before(now, contact, agent, Purpose::PickUp { by, until })
    }

    /// Gives the contact back to who handed it over or parked it; if they can not be rung, to a
    /// queue.
    pub(super) fn send_back(
        &mut self,
        now: UnixMs,
        contact: ContactId,
        to: AgentId,
    ) -> Result<(), Refusal> {
        if self.can_be_called(to, contact) {
            self.put_before(now, contact, to, Purpose::Return)
        } else {
            self.send_home(now, contact)
        }
    }

    /// Lets the contact wait in its queue; one without a queue in the default one, or in any.
    pub(super) fn send_home(&mut self, now: UnixMs, contact: ContactId) -> Result<(), Refusal> {
        let own = self.entry(contact)?.queue;
        let any = || self.queues.keys().next().copied();
        match own.or(self.default_queue).or_else(any) {
            Some(queue) => {
                self.entry(contact)?.queue = Some(queue);
                self.wait(contact)
            }
            // A centre without queues: nobody will ever come.
            None => {
                let entry = self.entry(contact)?;
                entry.queue = None;
                entry.requeue()?;
                self.end(now, contact)
            }
        }
    }

    /// Lets the contact wait at its place in its queue.
    pub(super) fn wait(&mut self, contact: ContactId) -> Result<(), Refusal> {
        let entry = self.entry(contact)?;
        entry.requeue()?;
        let place = entry.place(contact);
        if let Some(queue) = entry.queue
            && let Some(line) = self.queues.get_mut(&queue)
        {
            line.offered.remove(&contact);
            line.waiting.insert(place);
            self.effects.push(Effect::Queue(queue));
        }
        self.set_alarm(contact);
        self.effects.push(Effect::Contact(contact));
        Ok(())
    }

    /// Puts the contact before one agent in person, who can be called.
    fn put_before(
        &mut self,
        now: UnixMs,
        contact: ContactId,
        agent: AgentId,
        purpose: Purpose,
    ) -> Result<(), Refusal> {
        let offer = (self.make_offer)();
        self.entry(contact)?.direct(offer, agent, purpose)?;
        self.effects.push(Effect::Contact(contact));
        self.propose(now, offer, contact, agent, purpose)?;
        Ok(())
    }

    /// The conversation is over for this agent, who finishes notes; of one between colleagues there
    /// are none.
    fn lay_down(&mut self, now: UnixMs, contact: ContactId, agent: AgentId) -> Result<(), Refusal> {
        let entry = self.entry(contact)?;
        let internal = entry.internal;
        if !internal {
            entry.begin_wrap_up(now, agent);
        }
        let leaving = self.agent(now, agent);
        leaving.release(contact)?;
        if internal {
            leaving.idle_since = now;
        } else {
            leaving.wrap_ups.insert(contact);
        }
        self.release_from(contact, agent);
        self.settle(now, agent);
        Ok(())
    }

    /// The agent of a conversation without colleagues, and none wanted.
    fn alone_with(&mut self, contact: ContactId) -> Result<AgentId, Refusal> {
        let entry = self.entry(contact)?;
        match entry.stage.talker() {
            Some(agent)
                if entry.ask.is_none() && entry.colleagues.is_empty() && !entry.internal =>
            {
                Ok(agent)
            }
            _ => Err(entry.refuse("be left").into()),
        }
    }

    pub(super) fn can_be_called(&self, agent: AgentId, contact: ContactId) -> bool {
        let agent = self.agents.get(&agent);
        agent.is_some_and(|agent| agent.can_be_called(contact))
    }

    /// A parked contact goes back before its time.
    pub(super) fn unpark(&mut self, now: UnixMs, contact: ContactId) -> Result<(), Refusal> {
        match self.entry(contact)?.stage {
            Stage::Parked { by, .. } => self.send_back(now, contact, by),
            _ => Err(self.entry(contact)?.refuse("come back").into()),
        }
    }
}

impl Entry {
    /// Its place in a queue.
    pub(super) fn place(&self, contact: ContactId) -> super::queue::Place {
        super::queue::Place {
            arrived: self.arrived,
            order: self.order,
            contact,
        }
    }
}
