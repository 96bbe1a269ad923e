//! What changes who is in a call and how.

use super::{Line, Member, Room, RoomRefusal};
use seatline_contract::{
    id::PartyId,
    party::{MAX_PARTIES, PartyRole, PartyState},
    time::UnixMs,
};

impl Room {
    /// The customer is there and waits, with the greeting first if they are to hear it.
    pub(in crate::calls) fn welcome(&mut self, line: Line, greeting: bool, now: UnixMs) {
        let mut customer = Member::new(PartyRole::Customer, Some(line), now);
        customer.stand(PartyState::Held, now);
        self.greeting = greeting;
        self.members.push(customer);
    }

    /// Somebody joins as they stand.
    pub(in crate::calls) fn enter(&mut self, member: Member) {
        self.members.push(member);
    }

    /// The greeting is over.
    pub(in crate::calls) fn greeted(&mut self) {
        self.greeting = false;
    }

    /// Somebody is consulted: everybody else but the agent is on hold.
    pub(in crate::calls) fn consult(
        &mut self,
        mut member: Member,
        now: UnixMs,
    ) -> Result<PartyId, RoomRefusal> {
        self.check_room()?;
        self.come_back();
        for other in self.members.iter_mut().filter(|member| is_guest(member)) {
            if other.is_connected() {
                other.stand(PartyState::Held, now);
            }
        }
        member.apart = true;
        let id = member.id;
        self.members.push(member);
        Ok(id)
    }

    /// Whether somebody can be consulted.
    pub(in crate::calls) fn check_room(&self) -> Result<(), RoomRefusal> {
        if self.apart().is_some() {
            return Err(RoomRefusal::Consulting);
        }
        if self.members.len() >= MAX_PARTIES {
            return Err(RoomRefusal::Full);
        }
        Ok(())
    }

    /// A telephone rings.
    pub(in crate::calls) fn ringing(&mut self, id: PartyId, early: bool, now: UnixMs) {
        if let Some(member) = self.member_mut(id)
            && !member.has_answered()
        {
            member.stand(PartyState::Ringing, now);
            member.early |= early;
        }
    }

    /// Somebody answered. One who was consulted waits if the agent is with the others.
    pub(in crate::calls) fn answered(&mut self, id: PartyId, now: UnixMs) {
        let with_others = self
            .guests()
            .any(|other| !other.apart && other.is_connected());
        let Some(member) = self.member_mut(id) else {
            return;
        };
        member.offer = None;
        member.early = false;
        member.stand(PartyState::Connected, now);
        if member.apart && with_others {
            member.stand(PartyState::Held, now);
        }
    }

    /// Those who wait for nobody but the agent, or for somebody outside, talk.
    pub(in crate::calls) fn connect_all(&mut self, now: UnixMs) {
        self.greeting = false;
        for member in &mut self.members {
            if member.has_answered() {
                member.stand(PartyState::Connected, now);
            }
        }
    }

    /// The customer waits again.
    pub(in crate::calls) fn let_wait(&mut self, now: UnixMs) {
        self.away = None;
        for member in &mut self.members {
            if member.role == PartyRole::Customer {
                member.stand(PartyState::Held, now);
            }
        }
    }

    /// The agent left before who was consulted has answered: they come as the customer's. One who
    /// does not ring yet comes when found.
    pub(in crate::calls) fn wait_for(&mut self, id: PartyId) {
        let Some(member) = self.member_mut(id) else {
            return;
        };
        if member.role == PartyRole::Colleague && member.offer.is_none() {
            self.members.retain(|member| member.id != id);
            return;
        }
        member.apart = false;
        if member.role == PartyRole::Colleague {
            member.role = PartyRole::Agent;
        }
    }

    /// The agent talks to those on hold, and holds the others.
    pub(in crate::calls) fn swap(&mut self, now: UnixMs) -> Result<(), RoomRefusal> {
        let apart = self.apart().filter(|member| member.has_answered());
        let to_others = apart.ok_or(RoomRefusal::OneLine)?.is_connected();
        self.come_back();
        self.face(!to_others, now);
        Ok(())
    }

    /// Everybody hears each other.
    pub(in crate::calls) fn merge(&mut self, now: UnixMs) -> Result<(), RoomRefusal> {
        let apart = self.apart().filter(|member| member.has_answered());
        apart.ok_or(RoomRefusal::OneLine)?;
        self.join_all(now);
        Ok(())
    }

    /// As [`Room::merge`], whether anybody is apart or not.
    pub(in crate::calls) fn join_all(&mut self, now: UnixMs) {
        self.come_back();
        for member in &mut self.members {
            if member.has_answered() {
                member.apart = false;
            }
        }
        self.connect_all(now);
    }

    /// Holds one party, or takes it back; who stands on the other side is held then.
    pub(in crate::calls) fn hold(
        &mut self,
        id: PartyId,
        held: bool,
        now: UnixMs,
    ) -> Result<(), RoomRefusal> {
        let member = self.member(id).ok_or(RoomRefusal::Unknown)?;
        if !is_guest(member) || !member.has_answered() {
            return Err(RoomRefusal::NotNow);
        }
        let apart = member.apart;
        if !held {
            for other in self.members.iter_mut().filter(|other| is_guest(other)) {
                if other.apart != apart && other.is_connected() {
                    other.stand(PartyState::Held, now);
                }
            }
        }
        if let Some(member) = self.member_mut(id) {
            let state = match held {
                true => PartyState::Held,
                false => PartyState::Connected,
            };
            member.stand(state, now);
        }
        Ok(())
    }

    /// Lets nobody hear a party, or all again.
    pub(in crate::calls) fn mute(&mut self, id: PartyId, muted: bool) -> Result<(), RoomRefusal> {
        let member = self.member_mut(id).ok_or(RoomRefusal::Unknown)?;
        if !is_guest(member) {
            return Err(RoomRefusal::NotNow);
        }
        member.muted = muted;
        Ok(())
    }

    /// The agent's desk holds the call, or takes it back: that holds the one it talks to. Several
    /// talk on without the agent.
    pub(in crate::calls) fn step_away(&mut self, away: bool, now: UnixMs) {
        if !away {
            if let Some(Some(held)) = self.away.take()
                && self.member(held).is_some_and(Member::has_answered)
            {
                // One who has answered and is no agent can be taken back.
                let _ = self.hold(held, false, now);
            }
            return;
        }
        if self.away.is_some() {
            return;
        }
        let talking: Vec<PartyId> = self
            .guests()
            .filter(|member| member.is_connected())
            .map(|member| member.id)
            .collect();
        let alone = talking.first().copied().filter(|_| talking.len() == 1);
        if let Some(id) = alone {
            // It is connected.
            let _ = self.hold(id, true, now);
        }
        self.away = Some(alone);
    }

    /// A colleague of two becomes the agent, and the agent a colleague; both stay.
    pub(in crate::calls) fn lead(&mut self, colleague: PartyId, now: UnixMs) {
        self.come_back();
        for member in &mut self.members {
            member.role = match member.id == colleague {
                true => PartyRole::Agent,
                false => PartyRole::Colleague,
            };
            member.muted = false;
            member.stand(PartyState::Connected, now);
        }
    }

    /// Whoever is left waits, with music, until somebody comes.
    pub(in crate::calls) fn hold_alone(&mut self, now: UnixMs) {
        if let [alone] = &mut self.members[..] {
            alone.stand(PartyState::Held, now);
        }
    }

    /// Nobody is left with the agent but who stands apart: they are the others now.
    pub(in crate::calls) fn close_ranks(&mut self, now: UnixMs) {
        if !self
            .guests()
            .any(|guest| !guest.apart && guest.has_answered())
        {
            self.join_all(now);
        }
    }

    /// Somebody is gone. If the agent talked to one who stood apart, all others are taken back.
    pub(in crate::calls) fn remove(&mut self, id: PartyId, now: UnixMs) -> Option<Member> {
        let at = self.members.iter().position(|member| member.id == id)?;
        let gone = self.members.remove(at);
        if gone.role == PartyRole::Agent {
            self.away = None;
        }
        let faced = gone.apart && gone.state != PartyState::Held;
        if faced && !self.guests().any(Member::is_connected) {
            self.come_back();
            self.face(false, now);
        }
        Some(gone)
    }

    /// A colleague becomes the agent, with everybody; who was it is gone.
    pub(in crate::calls) fn crown(&mut self, id: PartyId, now: UnixMs) -> Option<Member> {
        let former = self.agent().map(|agent| agent.id);
        let former = former.and_then(|id| self.remove(id, now));
        if let Some(heir) = self.member_mut(id) {
            heir.role = PartyRole::Agent;
            heir.muted = false;
        }
        self.join_all(now);
        former
    }

    fn guests(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| is_guest(member))
    }

    fn come_back(&mut self) {
        self.away = None;
    }

    /// Turns the agent to who stands apart, or to all others.
    fn face(&mut self, apart: bool, now: UnixMs) {
        for member in self.members.iter_mut().filter(|member| is_guest(member)) {
            if member.has_answered() {
                let state = match member.apart == apart {
                    true => PartyState::Connected,
                    false => PartyState::Held,
                };
                member.stand(state, now);
            }
        }
    }
}

/// Everybody but the agent.
fn is_guest(member: &Member) -> bool {
    member.role != PartyRole::Agent
}
