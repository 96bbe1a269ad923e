//! After-contact work, each agent's with a clock of its own.

use super::{Acd, Effect, Refusal, Stage};
use seatline_contract::{
    contact::OfferEnd,
    id::{AgentId, ContactId},
    time::UnixMs,
};

use super::{Ask, agent::MISSED};

impl Acd {
    pub(super) fn take_notes(
        &mut self,
        now: UnixMs,
        contact: ContactId,
        agent: AgentId,
        disposed: bool,
        done: bool,
    ) -> Result<(), Refusal> {
        let entry = self.entry(contact)?;
        if let Some(notes) = entry.wrap_ups.get_mut(&agent) {
            let may_close = disposed || !notes.disposition_required;
            if done && !may_close {
                return Err(Refusal::DispositionRequired);
            }
            notes.disposed = disposed;
            if done || (notes.overdue && may_close) {
                return self.close(now, contact, agent);
            }
            self.tell_notes(contact, agent);
            return Ok(());
        }
        match entry.stage {
            Stage::Dialing { agent: has }
            | Stage::Connected { agent: has }
            | Stage::Held { agent: has }
                if has == agent && !done =>
            {
                entry.disposed = disposed;
                self.effects.push(Effect::Contact(contact));
                Ok(())
            }
            _ => Err(entry.refuse("take notes").into()),
        }
    }

    pub(super) fn extend(
        &mut self,
        now: UnixMs,
        contact: ContactId,
        agent: AgentId,
        ms: i64,
    ) -> Result<(), Refusal> {
        let entry = self.entry(contact)?;
        let Some(notes) = entry.wrap_ups.get_mut(&agent) else {
            return Err(entry.refuse("be given more time").into());
        };
        if notes.overdue {
            notes.overdue = false;
            notes.deadline = Some(now.plus(ms));
        } else {
            notes.deadline = notes.deadline.map(|at| at.plus(ms));
        }
        self.set_alarm(contact);
        self.tell_notes(contact, agent);
        Ok(())
    }

    /// An agent who has the contact again goes on with the notes begun.
    pub(super) fn resume_notes(&mut self, now: UnixMs, contact: ContactId, agent: AgentId) {
        let Some(entry) = self.contacts.get_mut(&contact) else {
            return;
        };
        if let Some(notes) = entry.wrap_ups.remove(&agent) {
            entry.disposed = notes.disposed;
            self.agent(now, agent).wrap_ups.remove(&contact);
        }
    }

    /// Tells of notes: the contact itself has changed if nobody goes on with it.
    fn tell_notes(&mut self, contact: ContactId, agent: AgentId) {
        let last = self
            .contacts
            .get(&contact)
            .is_some_and(|entry| entry.stage == (Stage::WrapUp { agent }));
        self.effects.push(if last {
            Effect::Contact(contact)
        } else {
            Effect::WrapUp { contact, agent }
        });
    }

    fn close(&mut self, now: UnixMs, contact: ContactId, agent: AgentId) -> Result<(), Refusal> {
        self.tell_closed(contact, agent)?;
        self.set_alarm(contact);
        let finished = self.agent(now, agent);
        finished.wrap_ups.remove(&contact);
        finished.idle_since = now;
        let kept = self
            .contacts
            .get(&contact)
            .is_some_and(|entry| entry.is_held_by(agent));
        if !kept {
            self.effects.push(Effect::Released { contact, agent });
        }
        self.settle(now, agent);
        Ok(())
    }

    fn tell_closed(&mut self, contact: ContactId, agent: AgentId) -> Result<(), Refusal> {
        let entry = self.entry(contact)?;
        let last = entry.stage == (Stage::WrapUp { agent });
        entry.close(agent)?;
        // One that others go on with need not be told; one that is done is let go of.
        if last || entry.is_done() {
            self.effects.push(Effect::Contact(contact));
        }
        Ok(())
    }

    pub(super) fn tick(&mut self, now: UnixMs) -> Result<(), Refusal> {
        while let Some((at, contact)) = self.alarms.first().copied()
            && at <= now
        {
            self.alarms.pop_first();
            self.entry(contact)?.alarm = None;
            self.wake(now, contact)?;
            self.set_alarm(contact);
        }
        Ok(())
    }

    /// Does what is due of one contact.
    fn wake(&mut self, now: UnixMs, contact: ContactId) -> Result<(), Refusal> {
        let entry = self.entry(contact)?;
        // It has rested: the matching that follows takes it up.
        if entry.rests_until <= now {
            entry.rests_until = entry.arrived;
        }
        let due: Vec<AgentId> = entry
            .wrap_ups
            .iter()
            .filter(|(_, notes)| notes.deadline.is_some_and(|at| at <= now))
            .map(|(agent, _)| *agent)
            .collect();
        match entry.ask {
            Some(Ask::Offered {
                offer, deadline, ..
            }) if deadline <= now => {
                self.withdraw(now, offer, OfferEnd::Missed, Some(MISSED))?;
            }
            _ => {}
        }
        let entry = self.entry(contact)?;
        match entry.stage {
            Stage::Offered {
                offer, deadline, ..
            } if deadline <= now => {
                self.withdraw(now, offer, OfferEnd::Missed, Some(MISSED))?;
            }
            Stage::Parked { by, until } if until <= now => self.send_back(now, contact, by)?,
            Stage::Queued
            | Stage::Reserved { .. }
            | Stage::Offered { .. }
            | Stage::Dialing { .. }
            | Stage::Connected { .. }
            | Stage::Held { .. }
            | Stage::Forwarded { .. }
            | Stage::Parked { .. }
            | Stage::WrapUp { .. }
            | Stage::Closed
            | Stage::Abandoned
            | Stage::Failed => {}
        }
        for agent in due {
            self.run_out(now, contact, agent)?;
        }
        Ok(())
    }

    /// The time for an agent's notes is up.
    fn run_out(&mut self, now: UnixMs, contact: ContactId, agent: AgentId) -> Result<(), Refusal> {
        let Some(notes) = self.entry(contact)?.wrap_ups.get_mut(&agent) else {
            return Ok(());
        };
        if notes.may_close() {
            return self.close(now, contact, agent);
        }
        notes.deadline = None;
        notes.overdue = true;
        self.tell_notes(contact, agent);
        Ok(())
    }
}
