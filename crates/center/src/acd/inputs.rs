//! What each input does. Every function checks first and changes after, so that a refusal changes
//! nothing.

use super::{
    Acd, Effect, Input, Refusal,
    agent::{DECLINED, Engagement, MISSED, SIGNED_IN, not_ready},
    contact::{Entry, Stage, Terms},
    queue::{Line, Place, QueueSetUp},
};
use seatline_contract::{
    contact::OfferEnd,
    id::{AgentId, ContactId, OfferId, QueueId},
    presence::PresenceChoice,
    time::UnixMs,
};

/// How long a contact rests after the store refused its reservation, in milliseconds.
const REST_MS: i64 = 1_000;

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
            Input::Dialed { contact, agent } => self.dial(now, contact, agent)?,
            Input::Answered(contact) => {
                self.entry(contact)?.answer()?;
                self.effects.push(Effect::Contact(contact));
            }
            Input::Hold { contact, held } => {
                self.entry(contact)?.hold(held)?;
                self.effects.push(Effect::Contact(contact));
            }
            Input::Ended(contact) => self.end(now, contact)?,
            Input::WrapUp {
                contact,
                disposed,
                done,
            } => self.wrap_up(now, contact, disposed, done)?,
            Input::Extend { contact, ms } => self.extend(now, contact, ms)?,
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

    fn confirm(&mut self, now: UnixMs, offer: OfferId) -> Result<(), Refusal> {
        let contact = self.offered(offer)?;
        let (agent, deadline) = self.entry(contact)?.confirm(now)?;
        self.set_alarm(contact);
        self.effects.push(Effect::Ring {
            offer,
            contact,
            agent,
            deadline,
        });
        Ok(())
    }

    fn rest(&mut self, now: UnixMs, offer: OfferId) -> Result<(), Refusal> {
        let contact = self.offered(offer)?;
        let entry = self.entry(contact)?;
        if !matches!(entry.stage, Stage::Reserved { .. }) {
            return Err(Refusal::OfferOver);
        }
        entry.rests_until = now.plus(REST_MS);
        self.withdraw(now, offer, OfferEnd::LineLost, None)
    }

    fn accept(&mut self, now: UnixMs, offer: OfferId) -> Result<(), Refusal> {
        let contact = self.offered(offer)?;
        let agent = self.entry(contact)?.accept()?;
        self.offers.remove(&offer);
        self.leave_queue(contact);
        self.set_alarm(contact);
        self.agent(now, agent).talk(contact)?;
        self.effects.push(Effect::OfferOver {
            offer,
            contact,
            agent,
            end: OfferEnd::Accepted,
        });
        self.effects.push(Effect::Contact(contact));
        self.settle(now, agent);
        Ok(())
    }

    /// Takes an offer back from its agent; the contact returns to its place. An agent at fault is
    /// set not ready, for this reason.
    fn withdraw(
        &mut self,
        now: UnixMs,
        offer: OfferId,
        end: OfferEnd,
        fault: Option<&str>,
    ) -> Result<(), Refusal> {
        let contact = self.offered(offer)?;
        let entry = self.entry(contact)?;
        let (_, agent) = entry.requeue()?;
        let place = Place {
            arrived: entry.arrived,
            order: entry.order,
            contact,
        };
        if let Some(line) = entry.queue.and_then(|queue| self.queues.get_mut(&queue)) {
            line.offered.remove(&contact);
            line.waiting.insert(place);
        }
        self.offers.remove(&offer);
        self.set_alarm(contact);
        let losing = self.agent(now, agent);
        losing.release()?;
        if let Some(reason) = fault {
            losing.choice = not_ready(reason);
        }
        self.effects.push(Effect::OfferOver {
            offer,
            contact,
            agent,
            end,
        });
        self.effects.push(Effect::Contact(contact));
        self.settle(now, agent);
        Ok(())
    }

    /// The desk or its line is gone: what rings there goes back, a conversation goes on.
    fn cut_off(&mut self, now: UnixMs, agent: AgentId) -> Result<(), Refusal> {
        if let Engagement::Offered(contact) = self.agent(now, agent).engagement
            && let Stage::Reserved { offer, .. } | Stage::Offered { offer, .. } =
                self.entry(contact)?.stage
        {
            return self.withdraw(now, offer, OfferEnd::LineLost, None);
        }
        self.settle(now, agent);
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

    fn end(&mut self, now: UnixMs, contact: ContactId) -> Result<(), Refusal> {
        let entry = self.entry(contact)?;
        let before = entry.stage.clone();
        let agent = entry.end(now)?;
        let after = entry.stage.clone();
        self.leave_queue(contact);
        self.set_alarm(contact);
        if let Some(agent) = agent {
            self.agent(now, agent).release()?;
            if let Stage::Reserved { offer, .. } | Stage::Offered { offer, .. } = before {
                self.offers.remove(&offer);
                self.effects.push(Effect::OfferOver {
                    offer,
                    contact,
                    agent,
                    end: OfferEnd::CallerGone,
                });
            }
            if matches!(after, Stage::WrapUp { .. }) {
                self.agent(now, agent).wrap_ups.insert(contact);
            }
        }
        self.effects.push(Effect::Contact(contact));
        if let Some(agent) = agent {
            if after == Stage::Failed {
                self.agent(now, agent).idle_since = now;
                self.effects.push(Effect::Released { contact, agent });
            }
            self.settle(now, agent);
        }
        Ok(())
    }

    fn wrap_up(
        &mut self,
        now: UnixMs,
        contact: ContactId,
        disposed: bool,
        done: bool,
    ) -> Result<(), Refusal> {
        let entry = self.entry(contact)?;
        let may_close = disposed || !entry.terms.disposition_required;
        match entry.stage {
            Stage::WrapUp { overdue, .. } => {
                if done && !may_close {
                    return Err(Refusal::DispositionRequired);
                }
                entry.disposed = disposed;
                if done || (overdue && may_close) {
                    self.close(now, contact)?;
                } else {
                    self.effects.push(Effect::Contact(contact));
                }
                Ok(())
            }
            Stage::Dialing { .. } | Stage::Connected { .. } | Stage::Held { .. } if !done => {
                entry.disposed = disposed;
                self.effects.push(Effect::Contact(contact));
                Ok(())
            }
            _ => Err(entry.refuse("take notes").into()),
        }
    }

    fn extend(&mut self, now: UnixMs, contact: ContactId, ms: i64) -> Result<(), Refusal> {
        let entry = self.entry(contact)?;
        let Stage::WrapUp {
            deadline, overdue, ..
        } = &mut entry.stage
        else {
            return Err(entry.refuse("be given more time").into());
        };
        if *overdue {
            *overdue = false;
            *deadline = Some(now.plus(ms));
        } else {
            *deadline = deadline.map(|at| at.plus(ms));
        }
        self.set_alarm(contact);
        self.effects.push(Effect::Contact(contact));
        Ok(())
    }

    fn close(&mut self, now: UnixMs, contact: ContactId) -> Result<(), Refusal> {
        let agent = self.entry(contact)?.close()?;
        self.set_alarm(contact);
        let finished = self.agent(now, agent);
        finished.wrap_ups.remove(&contact);
        finished.idle_since = now;
        self.effects.push(Effect::Contact(contact));
        self.effects.push(Effect::Released { contact, agent });
        self.settle(now, agent);
        Ok(())
    }

    fn tick(&mut self, now: UnixMs) -> Result<(), Refusal> {
        while let Some((at, contact)) = self.alarms.first().copied()
            && at <= now
        {
            self.alarms.pop_first();
            let entry = self.entry(contact)?;
            entry.alarm = None;
            let may_close = entry.may_close();
            match &mut entry.stage {
                Stage::Offered { offer, .. } => {
                    let offer = *offer;
                    self.withdraw(now, offer, OfferEnd::Missed, Some(MISSED))?;
                }
                Stage::WrapUp { .. } if may_close => self.close(now, contact)?,
                Stage::WrapUp {
                    deadline, overdue, ..
                } => {
                    *deadline = None;
                    *overdue = true;
                    self.effects.push(Effect::Contact(contact));
                }
                // A contact that has rested: the matching that follows takes it up.
                Stage::Queued => {}
                Stage::Reserved { .. }
                | Stage::Dialing { .. }
                | Stage::Connected { .. }
                | Stage::Held { .. }
                | Stage::Closed
                | Stage::Abandoned
                | Stage::Failed => {}
            }
        }
        Ok(())
    }

    fn entry(&mut self, contact: ContactId) -> Result<&mut Entry, Refusal> {
        self.contacts.get_mut(&contact).ok_or(Refusal::NoContact)
    }

    fn offered(&self, offer: OfferId) -> Result<ContactId, Refusal> {
        self.offers.get(&offer).copied().ok_or(Refusal::OfferOver)
    }

    fn leave_queue(&mut self, contact: ContactId) {
        let Some(entry) = self.contacts.get(&contact) else {
            return;
        };
        let place = Place {
            arrived: entry.arrived,
            order: entry.order,
            contact,
        };
        if let Some(queue) = entry.queue
            && let Some(line) = self.queues.get_mut(&queue)
        {
            line.waiting.remove(&place);
            line.offered.remove(&contact);
            self.effects.push(Effect::Queue(queue));
        }
    }
}
