//! Carrying out what the distributor decides.

use super::{Inner, Output, Record, room::Member, saver::Job, state::State};
use crate::{
    acd::{Effect, Input, Purpose, Refusal, Stage},
    switch::{Answer, Ending},
};
use seatline_contract::{
    contact::{ContactState, Offer, OfferEnd, OfferKind},
    event::Change,
    id::{AgentId, ContactId, OfferId},
    party::{PartyEnd, PartyRole},
    time::UnixMs,
};
use std::sync::Arc;
use tokio::sync::oneshot;

impl Inner {
    /// Gives the distributor an input and carries out what follows.
    pub(super) fn apply(self: &Arc<Self>, state: &mut State, input: Input) -> Result<(), Refusal> {
        let now = self.clock.now();
        let effects = state.acd.handle(now, input)?;
        for effect in effects {
            self.carry_out(state, now, effect);
        }
        self.wake.notify_one();
        Ok(())
    }

    /// As [`Inner::apply`], for inputs that may come too late without anybody having to know.
    pub(super) fn try_apply(self: &Arc<Self>, state: &mut State, input: Input) {
        let name = format!("{input:?}");
        if let Err(refusal) = self.apply(state, input) {
            tracing::debug!(input = name, %refusal, "came too late");
        }
    }

    fn carry_out(self: &Arc<Self>, state: &mut State, now: UnixMs, effect: Effect) {
        match effect {
            Effect::Reserve {
                offer,
                contact,
                agent,
                purpose,
            } => self.reserve(state, offer, contact, agent, purpose),
            Effect::Ring {
                offer,
                contact,
                agent,
                deadline,
                purpose,
            } => self.announce(state, offer, contact, agent, deadline, purpose),
            Effect::OfferOver {
                offer,
                contact,
                agent,
                end,
                purpose,
            } => self.end_offer(state, offer, contact, agent, end, purpose),
            Effect::Contact(contact) => self.follow(state, now, contact),
            Effect::WrapUp { contact, agent } => self.follow_notes(state, now, contact, agent),
            Effect::Unwatched { contact, agent } => self.watched_out(state, contact, agent),
            Effect::Admit {
                offer,
                contact,
                agent,
            } => {
                let purpose = state
                    .acd
                    .contact(contact)
                    .map(|entry| entry.ask.map_or(entry.purpose, |_| Purpose::Consult));
                let taken = state.taken.remove(&agent) == Some(offer);
                let by_itself = taken
                    || purpose.is_some_and(|purpose| {
                        Self::answers_itself(state, contact, agent, purpose)
                    });
                self.output(Output::Ring(offer, contact, agent, by_itself));
            }
            Effect::Released { contact, agent } => {
                self.publish(agent, Change::ContactGone { id: contact });
            }
            Effect::Presence(agent) => {
                let presence = state.acd.presence(agent);
                self.publish(agent, Change::Presence { presence });
                self.give_back(state, agent);
            }
            Effect::Queue(queue) => self.tell_queue(state, queue),
        }
    }

    /// Writes the reservation, looks the customer up, and reports back to the distributor.
    fn reserve(
        self: &Arc<Self>,
        state: &mut State,
        offer: OfferId,
        contact: ContactId,
        agent: AgentId,
        purpose: Purpose,
    ) {
        let name = state.people.get(&agent).map(|person| person.name.clone());
        let Some(live) = state.live.get_mut(&contact) else {
            return;
        };
        // Who is only asked takes nothing.
        let written = (purpose != Purpose::Consult).then(|| {
            live.record.state = ContactState::Offered;
            live.record.agent = Some(agent);
            live.record.agent_name = name;
            self.write(&mut live.record)
        });
        let number = live.record.number.clone();
        let known = live.record.customer;
        let calls = self.clone();
        tokio::spawn(async move {
            let person = calls.meet(agent).await;
            let customer = match (known, &number) {
                (None, Some(number)) => calls.surroundings.identify(number).await,
                _ => None,
            };
            let customer_id = known.or(customer.as_ref().map(|known| known.id));
            let card = match (customer_id, &person) {
                (Some(id), Some(person)) => calls.surroundings.card(id, person).await,
                _ => None,
            };
            // A failing disk does not keep a customer waiting: only a refusal does.
            let refused = match written {
                Some(written) => matches!(written.await, Ok(Ok(false))),
                None => false,
            };
            let mut state = calls.state.lock();
            if let Some(live) = state.live.get_mut(&contact) {
                if let Some(customer) = customer {
                    live.record.customer = Some(customer.id);
                    live.record.customer_name = Some(customer.name);
                }
                if live.record.agent == Some(agent) {
                    live.record.agent_name = person.map(|person| person.name);
                }
                live.card = card;
            }
            let input = if refused {
                Input::NotConfirmed(offer)
            } else {
                Input::Confirmed(offer)
            };
            calls.try_apply(&mut state, input);
        });
    }

    /// Tells the agent of an offer; the driver rings the desk once that is on its way.
    fn announce(
        self: &Arc<Self>,
        state: &mut State,
        id: OfferId,
        contact: ContactId,
        agent: AgentId,
        deadline: UnixMs,
        purpose: Purpose,
    ) {
        let kind = self.kind_of(state, contact, purpose);
        if purpose == Purpose::Consult {
            self.expect(state, contact, id, agent);
        }
        let Some(view) = self.view_for(state, contact, agent) else {
            return;
        };
        let offer = Offer {
            id,
            contact: view,
            customer: state.live.get(&contact).and_then(|live| live.card.clone()),
            deadline,
            kind,
        };
        state.offers.insert(agent, offer.clone());
        metrics::counter!("seatline_offers_total").increment(1);
        self.publish(agent, Change::Offered { offer });
        if state.acd.is_knocking(agent, contact) {
            self.knock(state, agent);
            return;
        }
        let by_itself = Self::answers_itself(state, contact, agent, purpose);
        self.output(Output::Ring(id, contact, agent, by_itself));
    }

    /// What rings somewhere rings for another reason now: tells that desk.
    pub(super) fn offer_anew(&self, state: &mut State, contact: ContactId) {
        let entry = state.acd.contact(contact);
        let offered = entry.and_then(|entry| match entry.ask.and_then(|ask| ask.offer()) {
            Some((_, asked)) => Some((asked, Purpose::Consult)),
            None => Some((entry.stage.agent()?, entry.purpose)),
        });
        let Some((agent, purpose)) = offered else {
            return;
        };
        let kind = self.kind_of(state, contact, purpose);
        let view = self.view_for(state, contact, agent);
        if let (Some(shown), Some(view)) = (state.offers.get_mut(&agent), view)
            && shown.contact.id == contact
        {
            shown.kind = kind;
            shown.contact = view;
            let offer = shown.clone();
            self.publish(agent, Change::Offered { offer });
        }
    }

    fn kind_of(&self, state: &State, contact: ContactId, purpose: Purpose) -> OfferKind {
        let Some(live) = state.live.get(&contact) else {
            return OfferKind::Queue;
        };
        match purpose {
            Purpose::Serve | Purpose::PickUp { .. } => OfferKind::Queue,
            Purpose::Transfer { from } => OfferKind::Transfer {
                from_name: state.name_of(from),
            },
            Purpose::Return => OfferKind::Returned {
                target_name: live.meant_for.clone(),
                why: live.came_back.unwrap_or(PartyEnd::NoAnswer),
            },
            // One alone wants them in person, or was handed over to them.
            Purpose::Consult if live.is_internal() && !live.room.has_others() => {
                match live.hand_over.as_ref() {
                    Some(said) => OfferKind::Transfer {
                        from_name: said.from_name.clone(),
                    },
                    None => OfferKind::Colleague {
                        from_name: live.record.agent_name.clone().unwrap_or_default(),
                    },
                }
            }
            Purpose::Consult => OfferKind::Consult {
                from_name: live.record.agent_name.clone().unwrap_or_default(),
            },
        }
    }

    fn end_offer(
        self: &Arc<Self>,
        state: &mut State,
        offer: OfferId,
        contact: ContactId,
        agent: AgentId,
        end: OfferEnd,
        purpose: Purpose,
    ) {
        let reason = match end {
            OfferEnd::Accepted => "accepted",
            OfferEnd::Declined => "declined",
            OfferEnd::Missed => "missed",
            OfferEnd::CallerGone => "caller_gone",
            OfferEnd::LineLost => "line_lost",
        };
        metrics::counter!("seatline_offers_ended_total", "end" => reason).increment(1);
        if end == OfferEnd::Accepted {
            self.come_in(state, contact, offer, purpose);
        } else {
            self.stay_out(state, contact, offer, end, purpose);
        }
        let shown = state
            .offers
            .get(&agent)
            .is_some_and(|shown| shown.id == offer);
        if shown {
            state.offers.remove(&agent);
            self.publish(agent, Change::OfferGone { id: offer, end });
        }
    }

    /// The agent answered: as the customer's, or as the colleague asked.
    fn come_in(&self, state: &mut State, contact: ContactId, offer: OfferId, purpose: Purpose) {
        let now = self.clock.now();
        let Some(live) = state.live.get_mut(&contact) else {
            return;
        };
        let Some(id) = live.room.offered(offer).map(|member| member.id) else {
            return;
        };
        // Who picks up expects somebody; all others are told that they are heard from now on.
        let told = !matches!(purpose, Purpose::PickUp { .. });
        let line = live
            .room
            .member(id)
            .filter(|member| member.by_itself && told);
        if let Some(line) = line.and_then(|member| member.line) {
            self.switch.beep(line);
        }
        live.room.answered(id, now);
        if live.is_internal() {
            self.colleague_answered(state, contact);
        } else if purpose != Purpose::Consult {
            live.room.connect_all(now);
            live.came_back = None;
        }
    }

    /// The agent did not answer: what rings there stops.
    fn stay_out(
        self: &Arc<Self>,
        state: &mut State,
        contact: ContactId,
        offer: OfferId,
        end: OfferEnd,
        purpose: Purpose,
    ) {
        let Some(live) = state.live.get_mut(&contact) else {
            return;
        };
        let why = match end {
            OfferEnd::Declined => PartyEnd::Declined,
            OfferEnd::LineLost => PartyEnd::Unreachable,
            OfferEnd::CallerGone => PartyEnd::Dropped,
            OfferEnd::Accepted | OfferEnd::Missed => PartyEnd::NoAnswer,
        };
        if let Purpose::Transfer { .. } = purpose {
            live.came_back = Some(why);
        }
        let ringing = live.room.offered(offer).map(|member| member.id);
        let Some(ringing) = ringing else {
            // Nothing rang yet, and nobody was told who it would be.
            if purpose == Purpose::Consult {
                self.unasked(state, contact, why);
            }
            return;
        };
        let line = live.room.member_mut(ringing).and_then(|member| {
            member.offer = None;
            member.line.take()
        });
        if let Some(line) = line {
            state.lines.remove(&line);
            let words = match end {
                OfferEnd::Declined => "declined",
                OfferEnd::Missed => "missed",
                OfferEnd::CallerGone => "caller_gone",
                OfferEnd::Accepted | OfferEnd::LineLost => "line_lost",
            };
            self.switch.hang_up(line, Ending::with(487, words));
        }
        if purpose == Purpose::Consult {
            self.unasked(state, contact, why);
        } else if let Some(live) = state.live.get_mut(&contact)
            && let Some(gone) = live.room.remove(ringing, self.clock.now())
        {
            self.keep_leg(state, contact, &gone, why);
        }
    }

    /// A contact changed: writes it down and tells who has it. One that is done is let go.
    fn follow(self: &Arc<Self>, state: &mut State, now: UnixMs, contact: ContactId) {
        let Some(entry) = state.acd.contact(contact) else {
            return;
        };
        let stage = entry.stage.clone();
        let required = entry.terms.disposition_required;
        let done = entry.is_done();
        let deadline = match &stage {
            Stage::WrapUp { agent } => entry.wrap_ups.get(agent).and_then(|notes| notes.deadline),
            _ => None,
        };
        let name = stage.talker().map(|agent| state.name_of(agent));
        let Some(live) = state.live.get_mut(&contact) else {
            return;
        };
        let was_over = is_over(live.record.state);
        live.record.state = stage.state();
        live.record.disposition_required = required;
        live.record.wrap_up_deadline = deadline;
        let mut teller = live.record.agent.filter(|_| !was_over);
        match &stage {
            Stage::Queued | Stage::Parked { .. } | Stage::Abandoned => live.nobodys(),
            Stage::Connected { agent } => {
                if live.record.connected.is_none() {
                    live.record.connected = Some(now);
                }
                live.becomes(*agent, name);
                teller = Some(*agent);
            }
            Stage::Closed => live.was_lasts(now),
            _ => {}
        }
        drop(self.write(&mut live.record));
        match stage {
            Stage::Dialing { .. }
            | Stage::Connected { .. }
            | Stage::Held { .. }
            | Stage::WrapUp { .. }
            | Stage::Closed
            | Stage::Failed => {
                if let Some(agent) = teller
                    && let Some(contact) = self.view_for(state, contact, agent)
                {
                    self.publish(agent, Change::Contact { contact });
                }
                self.tell_guests(state, contact);
            }
            Stage::Queued
            | Stage::Reserved { .. }
            | Stage::Offered { .. }
            | Stage::Forwarded { .. }
            | Stage::Parked { .. }
            | Stage::Abandoned => {}
        }
        self.follow_slot(state, contact);
        if done {
            self.let_go(state, contact);
        }
        metrics::gauge!("seatline_contacts_live").set(u32::try_from(state.live.len()).unwrap_or(0));
    }

    /// An agent's notes on a contact that goes on without them have begun or changed.
    fn follow_notes(
        self: &Arc<Self>,
        state: &mut State,
        now: UnixMs,
        contact: ContactId,
        agent: AgentId,
    ) {
        let name = state.name_of(agent);
        let Some(live) = state.live.get_mut(&contact) else {
            return;
        };
        live.lay_down(agent, name, now);
        self.keep_notes(state, contact, agent);
        if let Some(contact) = self.view_for(state, contact, agent) {
            self.publish(agent, Change::Contact { contact });
        }
    }

    /// The contact is over; whoever is still connected is not any more.
    fn let_go(self: &Arc<Self>, state: &mut State, contact: ContactId) {
        if let Some(live) = state.live.remove(&contact) {
            for line in live.room.lines() {
                state.lines.remove(&line);
                self.switch.hang_up(line, Ending::normal());
            }
        }
        state.alarms.retain(|(_, of, _)| *of != contact);
        state.acd.forget(contact);
        // A saver that is gone remembers nothing.
        let _ = self.jobs.send(Job::Forget(contact));
    }

    /// Rings an agent's desk, if the offer still stands.
    pub(super) fn ring(&self, offer: OfferId, contact: ContactId, agent: AgentId, by_itself: bool) {
        let now = self.clock.now();
        let mut state = self.state.lock();
        let Some(shown) = state.offers.get(&agent).filter(|shown| shown.id == offer) else {
            return;
        };
        let dial = crate::switch::Dial::Agent {
            user: crate::identity::line_user(agent),
            contact,
            from: shown.contact.number.display.clone(),
            name: shown.contact.customer_name.clone(),
            answer: by_itself.then_some(Answer::Talk),
        };
        let line = self.switch.dial(dial);
        let name = Some(state.name_of(agent)).filter(|name| !name.is_empty());
        state.lines.insert(line, contact);
        let Some(live) = state.live.get_mut(&contact) else {
            return;
        };
        // A colleague who is asked stands in the room already.
        if let Some(asked) = live.room.offered(offer).map(|member| member.id) {
            if let Some(member) = live.room.member_mut(asked) {
                member.line = Some(line);
                member.by_itself = by_itself;
            }
            return;
        }
        let mut member = Member::new(PartyRole::Agent, Some(line), now);
        member.agent = Some(agent);
        member.name = name;
        member.offer = Some(offer);
        member.by_itself = by_itself;
        live.room.enter(member);
    }

    /// Sends a record to be written; the answer may be waited for or dropped.
    pub(super) fn write(
        &self,
        record: &mut Record,
    ) -> oneshot::Receiver<Result<bool, sea_orm::DbErr>> {
        record.version += 1;
        let (answer, written) = oneshot::channel();
        // Without a saver the centre is stopping; the answer then says so by being dropped.
        let _ = self
            .jobs
            .send(Job::Save(Box::new(record.clone()), Some(answer)));
        written
    }

    pub(super) fn publish(&self, agent: AgentId, change: Change) {
        self.output(Output::Publish(agent, Box::new(change)));
    }

    pub(super) fn output(&self, output: Output) {
        // Without a driver the centre is stopping, and nobody listens.
        let _ = self.outputs.send(output);
    }
}

fn is_over(state: ContactState) -> bool {
    match state {
        ContactState::Closed | ContactState::Abandoned | ContactState::Failed => true,
        ContactState::Queued
        | ContactState::Offered
        | ContactState::Dialing
        | ContactState::Connected
        | ContactState::Held
        | ContactState::Parked
        | ContactState::WrapUp => false,
    }
}
