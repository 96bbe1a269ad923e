//! Handing a customer on: to a colleague, a queue or somebody outside without a word, or parked.

use super::{
    Inner,
    control::check_note,
    room::Member,
    state::{Live, State},
    targets::{Found, Outside},
};
use crate::{
    acd::{Aim, Input, Stage},
    http::ApiFailure,
    switch::Dial,
};
use seatline_contract::{
    error::Code,
    event::Change,
    id::{AgentId, ContactId, QueueId},
    party::{HandOver, Parked, PartyEnd, PartyRole, Reach},
};
use std::sync::Arc;

/// How long somebody outside rings for a customer who waits, in milliseconds.
const RING_OUT_MS: i64 = 30_000;
/// How long a customer is parked, in milliseconds.
const PARKED_MS: i64 = 120_000;
/// The first place to park.
const FIRST_SLOT: u32 = 701;

impl Inner {
    /// Hands the customer over without a word to the other.
    pub(super) async fn transfer(
        self: &Arc<Self>,
        agent: AgentId,
        contact: ContactId,
        reach: Reach,
    ) -> Result<(), ApiFailure> {
        check_note(&reach.note)?;
        let found = self.find(agent, reach.target).await?;
        let now = self.clock.now();
        let mut state = self.state.lock();
        let state = &mut *state;
        if state.live.get(&contact).is_some_and(Live::is_internal) {
            let said = (reach.note, reach.ticket);
            return self.transfer_colleague(state, agent, contact, found, said);
        }
        self.check_alone(state, agent, contact)?;
        let said = self.hand_over(state, agent, reach.note, reach.ticket, now);
        match found {
            Found::Agent(colleague) => {
                let name = state.name_of(colleague);
                let aim = Aim::Agent(colleague);
                let input = Input::Transfer { contact, aim };
                self.apply_handing(state, said, name, PartyEnd::Transferred, (contact, input))?;
            }
            Found::Queue(queue) => {
                let info = state.queues.get(&queue).ok_or(Code::NotFound)?;
                let name = info.name.clone();
                let aim = Aim::Queue(queue);
                let input = Input::Transfer { contact, aim };
                self.apply_handing(state, said, name, PartyEnd::Transferred, (contact, input))?;
                self.enter_queue(state, contact, queue);
            }
            Found::Outside(outside) => self.forward(state, contact, said, outside)?,
        }
        self.settle(state, contact);
        Ok(())
    }

    /// Gives the customer music, lets the agent go, and tells the distributor.
    fn apply_handing(
        self: &Arc<Self>,
        state: &mut State,
        said: HandOver,
        meant_for: String,
        why: PartyEnd,
        (contact, input): (ContactId, Input),
    ) -> Result<(), ApiFailure> {
        let now = self.clock.now();
        let live = state.live.get_mut(&contact).ok_or(Code::NotFound)?;
        let before = (
            live.room.clone(),
            live.hand_over.replace(said),
            std::mem::replace(&mut live.meant_for, meant_for),
            live.came_back.take(),
        );
        live.room.let_wait(now);
        let agent = live.room.agent().map(|agent| agent.id);
        let gone = agent.and_then(|agent| live.room.remove(agent, now));
        if let Err(refusal) = self.apply(state, input) {
            if let Some(live) = state.live.get_mut(&contact) {
                (live.room, live.hand_over, live.meant_for, live.came_back) = before;
            }
            return Err(refusal.into());
        }
        if let Some(gone) = gone {
            self.send_home(state, &gone);
            self.keep_leg(state, contact, &gone, why);
        }
        Ok(())
    }

    /// Lets the customer wait for whoever is being reached and has not answered yet. False if
    /// nobody is, or others are in the call.
    pub(super) fn leave_to_reached(
        self: &Arc<Self>,
        state: &mut State,
        contact: ContactId,
        why: PartyEnd,
    ) -> bool {
        let now = self.clock.now();
        let talker = state.acd.contact(contact);
        let talker = talker.and_then(|entry| entry.stage.talker());
        let (Some(agent), Some(live)) = (talker, state.live.get(&contact)) else {
            return false;
        };
        let reached = live.room.apart().filter(|apart| !apart.has_answered());
        let (Some(reached), None) = (reached.cloned(), live.room.outside()) else {
            return false;
        };
        let said = match &live.briefing {
            Some(said) => said.clone(),
            None => self.hand_over(state, agent, String::new(), None, now),
        };
        let name = self.name_shown(state, &reached, agent);
        let input = match reached.role {
            PartyRole::Colleague => Input::LeaveToAsked(contact),
            _ => Input::Forward(contact),
        };
        let left = self.apply_handing(state, said, name, why, (contact, input));
        if left.is_err() {
            return false;
        }
        if let Some(live) = state.live.get_mut(&contact) {
            live.briefing = None;
            live.room.wait_for(reached.id);
        }
        if let Some(queue) = reached.queue {
            self.enter_queue(state, contact, queue);
        }
        self.offer_anew(state, contact);
        self.settle(state, contact);
        true
    }

    /// The contact is a queue's from now on.
    fn enter_queue(&self, state: &mut State, contact: ContactId, queue: QueueId) {
        let name = state.queues.get(&queue).map(|info| info.name.clone());
        if let Some(live) = state.live.get_mut(&contact) {
            live.record.queue = Some(queue);
            live.record.queue_name = name;
            drop(self.write(&mut live.record));
        }
    }

    fn forward(
        self: &Arc<Self>,
        state: &mut State,
        contact: ContactId,
        said: HandOver,
        outside: Outside,
    ) -> Result<(), ApiFailure> {
        let now = self.clock.now();
        let mut member = Member::new(PartyRole::Outside, None, now);
        member.name = outside.name;
        member.number = Some(outside.number);
        let name = self.name_shown(state, &member, said.from);
        let input = Input::Forward(contact);
        self.apply_handing(state, said, name, PartyEnd::Transferred, (contact, input))?;
        let line = self.switch.dial(Dial::Trunk {
            number: outside.dialled,
        });
        member.line = Some(line);
        let late = (now.plus(RING_OUT_MS), contact, member.id);
        if let Some(live) = state.live.get_mut(&contact) {
            live.room.enter(member);
            state.lines.insert(line, contact);
            state.alarms.insert(late);
            self.wake.notify_one();
        }
        Ok(())
    }

    /// The agent leaves the customer with those outside, who are in the call.
    pub(super) fn leave_outside(
        self: &Arc<Self>,
        state: &mut State,
        contact: ContactId,
        why: PartyEnd,
    ) -> Result<(), ApiFailure> {
        let now = self.clock.now();
        self.apply(state, Input::Forward(contact))?;
        let Some(live) = state.live.get_mut(&contact) else {
            return Ok(());
        };
        let agent = live.room.agent().map(|agent| agent.id);
        let gone = agent.and_then(|agent| live.room.remove(agent, now));
        live.room.join_all(now);
        if let Some(gone) = gone {
            self.send_home(state, &gone);
            self.keep_leg(state, contact, &gone, why);
            self.tell_gone(state, contact, &gone, why);
        }
        self.settle(state, contact);
        Ok(())
    }

    /// Lets the customer hear music until anybody picks up.
    pub(super) fn park(
        self: &Arc<Self>,
        agent: AgentId,
        contact: ContactId,
    ) -> Result<u32, ApiFailure> {
        self.park_in(&mut self.state.lock(), agent, contact)
    }

    /// As [`Inner::park`], under the lock.
    pub(super) fn park_in(
        self: &Arc<Self>,
        state: &mut State,
        agent: AgentId,
        contact: ContactId,
    ) -> Result<u32, ApiFailure> {
        let now = self.clock.now();
        self.check_alone(state, agent, contact)?;
        let said = self.hand_over(state, agent, String::new(), None, now);
        let slot = (FIRST_SLOT..)
            .find(|slot| !state.slots.contains_key(slot))
            .unwrap_or(FIRST_SLOT);
        state.slots.insert(slot, contact);
        let ms = PARKED_MS;
        let input = Input::Park { contact, ms };
        let why = PartyEnd::Transferred;
        let place = slot.to_string();
        let parked = self.apply_handing(state, said, place, why, (contact, input));
        if parked.is_err() {
            state.slots.remove(&slot);
        }
        parked?;
        self.settle(state, contact);
        Ok(slot)
    }

    /// Takes a parked customer.
    pub(super) async fn pick_up(
        self: &Arc<Self>,
        agent: AgentId,
        slot: u32,
    ) -> Result<(), ApiFailure> {
        self.meet(agent).await;
        let mut state = self.state.lock();
        let contact = *state.slots.get(&slot).ok_or(Code::NotFound)?;
        if !state.acd.has_line(agent) {
            return Err(Code::LineNotReady.into());
        }
        self.apply(&mut state, Input::PickUp { contact, agent })?;
        self.settle(&mut state, contact);
        Ok(())
    }

    /// A contact's stage changed: frees its parking place, and tells everybody who is parked.
    pub(super) fn follow_slot(&self, state: &mut State, contact: ContactId) {
        let Some(slot) = slot_of(state, contact) else {
            return;
        };
        let entry = state.acd.contact(contact);
        let kept = entry.is_some_and(|entry| match entry.stage {
            Stage::Parked { .. } => true,
            Stage::Reserved { .. } | Stage::Offered { .. } => {
                matches!(entry.purpose, crate::acd::Purpose::PickUp { .. })
            }
            _ => false,
        });
        if !kept {
            state.slots.remove(&slot);
        }
        for agent in state.acd.with_desks() {
            let parked = self.parked(state, agent);
            self.publish(agent, Change::Parked { parked });
        }
    }

    /// Who is parked, as somebody may see it.
    pub(super) fn parked(&self, state: &State, reader: AgentId) -> Vec<Parked> {
        let person = state.people.get(&reader);
        let view = |(slot, contact): (&u32, &ContactId)| {
            let Stage::Parked { by, until } = state.acd.contact(*contact)?.stage else {
                return None;
            };
            let live = state.live.get(contact)?;
            let since = live.room.customer()?.since;
            let number = live.record.number.as_ref();
            Some(Parked {
                slot: *slot,
                contact: *contact,
                customer_name: live.record.customer_name.clone(),
                number: self.surroundings.show(number, person),
                by_name: state.name_of(by),
                since,
                until,
            })
        };
        state.slots.iter().filter_map(view).collect()
    }

    /// Refuses everybody but the agent who talks to the customer and nobody else.
    pub(super) fn check_alone(
        &self,
        state: &State,
        agent: AgentId,
        contact: ContactId,
    ) -> Result<(), ApiFailure> {
        self.check_talking(state, agent, contact)?;
        let live = state.live.get(&contact).ok_or(Code::NotFound)?;
        match live.room.members().len() > 2 {
            true => Err(ApiFailure::from(Code::Conflict).detail("others are in the call")),
            false => Ok(()),
        }
    }

    /// Somebody outside has rung for long enough.
    pub(super) fn ring_out(self: &Arc<Self>) {
        let now = self.clock.now();
        let mut state = self.state.lock();
        while let Some((at, contact, party)) = state.alarms.first().copied()
            && at <= now
        {
            state.alarms.pop_first();
            self.guest_gone(&mut state, contact, party, PartyEnd::NoAnswer);
        }
    }
}

fn slot_of(state: &State, contact: ContactId) -> Option<u32> {
    let mut slots = state.slots.iter();
    let found = slots.find(|(_, of)| **of == contact);
    found.map(|(slot, _)| *slot)
}
