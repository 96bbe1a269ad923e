//! What an agent does with a call: consult, swap, merge, hold and drop parties, leave.

use super::{
    Inner,
    room::{Member, RoomRefusal},
    state::{Live, State},
    targets::Found,
};
use crate::{
    acd::{Aim, Input},
    http::ApiFailure,
    switch::Dial,
};
use seatline_contract::{
    contact::EndedBy,
    error::Code,
    id::{AgentId, ContactId, OfferId, PartyId, QueueId},
    party::{
        CompleteTransfer, EditParty, HandOver, HandedTicket, PartyEnd, PartyRole, PartyState, Reach,
    },
    time::UnixMs,
};
use std::sync::Arc;

/// How long somebody outside rings, in milliseconds.
const RING_OUT_MS: i64 = 30_000;

impl From<RoomRefusal> for ApiFailure {
    fn from(refusal: RoomRefusal) -> Self {
        Self::from(refusal.code()).detail(refusal.to_string())
    }
}

/// Longest hand-over note, in characters.
const LONGEST_NOTE: usize = 4_000;

pub(super) fn check_note(note: &str) -> Result<(), ApiFailure> {
    match note.chars().count() > LONGEST_NOTE {
        true => Err(ApiFailure::field("note", "more than 4,000 characters")),
        false => Ok(()),
    }
}

impl Inner {
    /// Rings somebody while everybody else is on hold.
    pub(super) async fn consult(
        self: &Arc<Self>,
        agent: AgentId,
        contact: ContactId,
        reach: Reach,
    ) -> Result<(), ApiFailure> {
        check_note(&reach.note)?;
        let found = self.find(agent, reach.target).await?;
        let mut state = self.state.lock();
        let said = (reach.note, reach.ticket);
        self.consult_in(&mut state, agent, contact, found, said)
    }

    /// As [`Inner::consult`], under the lock.
    pub(super) fn consult_in(
        self: &Arc<Self>,
        state: &mut State,
        agent: AgentId,
        contact: ContactId,
        found: Found,
        (note, ticket): (String, Option<HandedTicket>),
    ) -> Result<(), ApiFailure> {
        let now = self.clock.now();
        self.lead(state, agent, contact);
        self.check_talking(state, agent, contact)?;
        let briefing = self.hand_over(state, agent, note, ticket, now);
        let live = state.live.get_mut(&contact).ok_or(Code::NotFound)?;
        live.room.check_room()?;
        match found {
            Found::Agent(colleague) => {
                let asked = self.asked(state, Some(colleague), None, now);
                let aim = Aim::Agent(colleague);
                self.ask(state, contact, asked, briefing, aim)?;
            }
            Found::Queue(queue) => {
                let asked = self.asked(state, None, Some(queue), now);
                self.ask(state, contact, asked, briefing, Aim::Queue(queue))?;
            }
            Found::Outside(outside) => {
                live.briefing = Some(briefing);
                let line = self.switch.dial(Dial::Trunk {
                    number: outside.dialled,
                });
                let mut member = Member::new(PartyRole::Outside, Some(line), now);
                member.name = outside.name;
                member.number = Some(outside.number);
                let id = live.room.consult(member, now)?;
                state.lines.insert(line, contact);
                let late = now.plus(RING_OUT_MS);
                state.alarms.insert((late, contact, id));
                self.wake.notify_one();
            }
        }
        self.settle(state, contact);
        Ok(())
    }

    pub(super) fn asked(
        &self,
        state: &State,
        agent: Option<AgentId>,
        queue: Option<QueueId>,
        now: UnixMs,
    ) -> Member {
        let mut asked = Member::new(PartyRole::Colleague, None, now);
        asked.agent = agent;
        asked.queue = queue;
        let queue = queue.and_then(|queue| state.queues.get(&queue));
        let queue = queue.map(|queue| queue.name.clone());
        asked.name = agent.map(|agent| state.name_of(agent)).or(queue);
        asked
    }

    fn ask(
        self: &Arc<Self>,
        state: &mut State,
        contact: ContactId,
        asked: Member,
        briefing: HandOver,
        aim: Aim,
    ) -> Result<(), ApiFailure> {
        let now = self.clock.now();
        self.apply(state, Input::Consult { contact, aim })?;
        if let Some(live) = state.live.get_mut(&contact) {
            live.briefing = Some(briefing);
            live.room.consult(asked, now)?;
        }
        Ok(())
    }

    /// The colleague asked is about to be rung.
    pub(super) fn expect(
        &self,
        state: &mut State,
        contact: ContactId,
        offer: OfferId,
        agent: AgentId,
    ) {
        let name = state.name_of(agent);
        let Some(live) = state.live.get_mut(&contact) else {
            return;
        };
        let asked = live.room.asked().map(|member| member.id);
        if let Some(member) = asked.and_then(|id| live.room.member_mut(id)) {
            member.offer = Some(offer);
            member.agent = Some(agent);
            member.name = Some(name).filter(|name| !name.is_empty());
        }
    }

    /// The colleague asked does not come: another one of the queue may, or nobody.
    pub(super) fn unasked(self: &Arc<Self>, state: &mut State, contact: ContactId, why: PartyEnd) {
        let now = self.clock.now();
        let sought = state
            .acd
            .contact(contact)
            .and_then(|entry| entry.ask.and_then(|ask| ask.queue()));
        let queue = sought.and_then(|queue| state.queues.get(&queue));
        let queue = queue.map(|queue| queue.name.clone());
        let Some(live) = state.live.get_mut(&contact) else {
            return;
        };
        let Some(id) = live.room.asked().map(|member| member.id) else {
            return;
        };
        if sought.is_some() {
            if let Some(member) = live.room.member_mut(id) {
                member.agent = None;
                member.line = None;
                member.offer = None;
                member.name = queue;
                member.state = PartyState::Dialing;
                member.since = now;
            }
            return;
        }
        let never_began = live.is_internal() && live.record.connected.is_none();
        let gone = live.room.remove(id, now);
        live.briefing = None;
        let alone = live.is_internal() && live.room.is_agent_alone();
        if let Some(gone) = gone {
            self.keep_leg(state, contact, &gone, why);
            if never_began {
                self.colleague_failed(state, contact, why);
                return;
            }
            self.tell_gone(state, contact, &gone, why);
            if alone {
                self.nobody_comes(state, contact);
                return;
            }
        }
        self.settle(state, contact);
    }

    /// Somebody outside answered.
    pub(super) fn outside_answered(&self, state: &mut State, contact: ContactId) {
        let now = self.clock.now();
        let Some(live) = state.live.get_mut(&contact) else {
            return;
        };
        // The agent has left already: the customer was waiting for this.
        if live.room.agent().is_none() {
            live.room.connect_all(now);
        } else if live.is_internal() && live.room.is_pair() {
            live.room.join_all(now);
        }
    }

    /// Talks to those on hold, and holds the others.
    pub(super) fn swap(
        self: &Arc<Self>,
        agent: AgentId,
        contact: ContactId,
    ) -> Result<(), ApiFailure> {
        self.rearrange(agent, contact, |live, now| live.room.swap(now))
    }

    /// Lets everybody hear each other.
    pub(super) fn merge(
        self: &Arc<Self>,
        agent: AgentId,
        contact: ContactId,
    ) -> Result<(), ApiFailure> {
        self.rearrange(agent, contact, |live, now| live.room.merge(now))
    }

    /// Holds or mutes one party.
    pub(super) fn edit_party(
        self: &Arc<Self>,
        agent: AgentId,
        contact: ContactId,
        party: PartyId,
        edit: EditParty,
    ) -> Result<(), ApiFailure> {
        self.rearrange(agent, contact, |live, now| {
            if let Some(held) = edit.held {
                live.room.hold(party, held, now)?;
            }
            if let Some(muted) = edit.muted {
                live.room.mute(party, muted)?;
            }
            Ok(())
        })
    }

    fn rearrange(
        self: &Arc<Self>,
        agent: AgentId,
        contact: ContactId,
        arrange: impl FnOnce(&mut Live, UnixMs) -> Result<(), RoomRefusal>,
    ) -> Result<(), ApiFailure> {
        let now = self.clock.now();
        let mut state = self.state.lock();
        self.lead(&mut state, agent, contact);
        self.check_talking(&state, agent, contact)?;
        let live = state.live.get_mut(&contact).ok_or(Code::NotFound)?;
        arrange(live, now)?;
        self.settle(&mut state, contact);
        Ok(())
    }

    /// Ends one party's call.
    pub(super) fn drop_party(
        self: &Arc<Self>,
        agent: AgentId,
        contact: ContactId,
        party: PartyId,
    ) -> Result<(), ApiFailure> {
        let mut state = self.state.lock();
        self.lead(&mut state, agent, contact);
        self.check_talking(&state, agent, contact)?;
        let live = state.live.get(&contact).ok_or(Code::NotFound)?;
        let member = live.room.member(party).ok_or(Code::NotFound)?;
        match member.role {
            PartyRole::Agent => {
                return Err(ApiFailure::from(Code::Conflict).detail("leave instead"));
            }
            PartyRole::Customer => self.finish(&mut state, contact, EndedBy::Agent, None),
            PartyRole::Colleague if !member.has_answered() => {
                self.unask(&mut state, contact, party);
            }
            PartyRole::Colleague | PartyRole::Outside => {
                self.guest_gone(&mut state, contact, party, PartyEnd::Dropped);
            }
        }
        Ok(())
    }

    /// The colleague asked is wanted no more.
    pub(super) fn unask(self: &Arc<Self>, state: &mut State, contact: ContactId, party: PartyId) {
        self.try_apply(state, Input::Unconsult(contact));
        // One who was sought and not found yet still stands there.
        self.guest_gone(state, contact, party, PartyEnd::Dropped);
    }

    /// Leaves the others alone with each other: the agent, who is followed by a colleague or leaves
    /// the customer with somebody outside, or a colleague.
    pub(super) fn leave(
        self: &Arc<Self>,
        agent: AgentId,
        contact: ContactId,
    ) -> Result<(), ApiFailure> {
        let mut state = self.state.lock();
        let live = state.live.get(&contact).ok_or(Code::NotFound)?;
        let mut members = live.room.members().iter();
        let member = members.find(|member| member.agent == Some(agent) && member.has_answered());
        let member = member.ok_or(Code::NotFound)?;
        if member.role == PartyRole::Colleague {
            let id = member.id;
            self.guest_gone(&mut state, contact, id, PartyEnd::Left);
            return Ok(());
        }
        self.pass_on(&mut state, agent, contact, PartyEnd::Left)
    }

    /// Leaves customer and whoever was consulted alone with each other, or lets the customer wait
    /// for who has not answered yet.
    pub(super) fn complete(
        self: &Arc<Self>,
        agent: AgentId,
        contact: ContactId,
        completion: CompleteTransfer,
    ) -> Result<(), ApiFailure> {
        check_note(completion.note.as_deref().unwrap_or_default())?;
        let now = self.clock.now();
        let mut state = self.state.lock();
        self.check_talking(&state, agent, contact)?;
        let begun = state.live.get(&contact);
        let begun = begun.and_then(|live| live.briefing.clone());
        let (note, ticket) = begun
            .map(|begun| (begun.note, begun.ticket))
            .unwrap_or_default();
        let note = completion.note.unwrap_or(note);
        let ticket = completion.ticket.or(ticket);
        let said = self.hand_over(&state, agent, note, ticket, now);
        let before = state
            .live
            .get_mut(&contact)
            .map(|live| live.briefing.replace(said));
        let passed = self.pass_on(&mut state, agent, contact, PartyEnd::Transferred);
        if passed.is_err()
            && let Some(live) = state.live.get_mut(&contact)
        {
            live.briefing = before.flatten();
        }
        passed
    }

    fn pass_on(
        self: &Arc<Self>,
        state: &mut State,
        agent: AgentId,
        contact: ContactId,
        why: PartyEnd,
    ) -> Result<(), ApiFailure> {
        self.check_talking(state, agent, contact)?;
        let live = state.live.get(&contact).ok_or(Code::NotFound)?;
        if live.is_internal() && live.room.members().len() <= 2 {
            return Err(ApiFailure::from(Code::Conflict).detail("there is nobody to leave"));
        }
        if let Some(heir) = live.room.heir().and_then(|heir| heir.agent) {
            self.crown(state, contact, heir, why);
            return Ok(());
        }
        if self.leave_to_reached(state, contact, why) {
            return Ok(());
        }
        let live = state.live.get(&contact).ok_or(Code::NotFound)?;
        let refused = if live.room.apart().is_some_and(|apart| !apart.has_answered()) {
            "they have not answered yet"
        } else if live.room.outside().is_none() {
            "there is nobody to leave them with"
        } else {
            return self.leave_outside(state, contact, why);
        };
        Err(ApiFailure::from(Code::Conflict).detail(refused))
    }

    /// Refuses everybody but the agent who is in conversation.
    pub(super) fn check_talking(
        &self,
        state: &State,
        agent: AgentId,
        contact: ContactId,
    ) -> Result<(), ApiFailure> {
        let stage = state.acd.contact(contact).map(|entry| &entry.stage);
        let stage = stage.ok_or(Code::NotFound)?;
        if stage.talker() == Some(agent) {
            return Ok(());
        }
        match stage.agent_in_hand() == Some(agent) {
            true => Err(ApiFailure::from(Code::Conflict).detail("the call is not connected")),
            false => Err(Code::NotFound.into()),
        }
    }

    /// What one agent leaves for the next.
    pub(super) fn hand_over(
        &self,
        state: &State,
        agent: AgentId,
        note: String,
        ticket: Option<HandedTicket>,
        at: UnixMs,
    ) -> HandOver {
        HandOver {
            from: agent,
            from_name: state.name_of(agent),
            note,
            ticket,
            at,
        }
    }
}
