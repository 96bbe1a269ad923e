//! Carrying out what the distributor decides.

use super::{
    Inner, Output, Record,
    saver::Job,
    state::{Seat, State},
};
use crate::{
    acd::{Effect, Input, Refusal, Stage},
    switch::Ending,
};
use seatline_contract::{
    contact::{Contact, ContactState, Offer, OfferEnd, OfferKind},
    event::Change,
    id::{AgentId, ContactId, OfferId, QueueId},
    queue::Queue,
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
            } => self.reserve(state, offer, contact, agent),
            Effect::Ring {
                offer,
                contact,
                agent,
                deadline,
            } => self.announce(state, offer, contact, agent, deadline),
            Effect::OfferOver {
                offer,
                contact,
                agent,
                end,
            } => self.end_offer(state, offer, contact, agent, end),
            Effect::Contact(contact) => self.follow(state, now, contact),
            Effect::Released { contact, agent } => {
                self.publish(agent, Change::ContactGone { id: contact });
            }
            Effect::Presence(agent) => {
                let presence = state.acd.presence(agent);
                self.publish(agent, Change::Presence { presence });
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
    ) {
        let name = state.people.get(&agent).map(|person| person.name.clone());
        let Some(live) = state.live.get_mut(&contact) else {
            return;
        };
        live.record.state = ContactState::Offered;
        live.record.agent = Some(agent);
        live.record.agent_name = name;
        let written = self.write(&mut live.record);
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
            let refused = matches!(written.await, Ok(Ok(false)));
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
    ) {
        let Some(view) = self.view_for(state, contact, agent) else {
            return;
        };
        let offer = Offer {
            id,
            contact: view,
            customer: state.live.get(&contact).and_then(|live| live.card.clone()),
            deadline,
            kind: OfferKind::Queue,
        };
        state.offers.insert(agent, offer.clone());
        metrics::counter!("seatline_offers_total").increment(1);
        self.publish(agent, Change::Offered { offer });
        self.output(Output::Ring(id, contact, agent));
    }

    fn end_offer(
        self: &Arc<Self>,
        state: &mut State,
        offer: OfferId,
        contact: ContactId,
        agent: AgentId,
        end: OfferEnd,
    ) {
        let reason = match end {
            OfferEnd::Accepted => "accepted",
            OfferEnd::Declined => "declined",
            OfferEnd::Missed => "missed",
            OfferEnd::CallerGone => "caller_gone",
            OfferEnd::LineLost => "line_lost",
        };
        metrics::counter!("seatline_offers_ended_total", "end" => reason).increment(1);
        if end != OfferEnd::Accepted
            && let Some(live) = state.live.get_mut(&contact)
            && let Some(party) = live.agent.take()
        {
            state.parties.remove(&party);
            self.switch.hang_up(party, Ending::with(487, reason));
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

    /// A contact changed: writes it down and tells who has it. One that is over is let go.
    fn follow(self: &Arc<Self>, state: &mut State, now: UnixMs, contact: ContactId) {
        let Some(entry) = state.acd.contact(contact) else {
            return;
        };
        let stage = entry.stage.clone();
        let required = entry.terms.disposition_required;
        let Some(live) = state.live.get_mut(&contact) else {
            return;
        };
        let record = &mut live.record;
        let teller = record.agent;
        record.state = stage.state();
        record.disposition_required = required;
        record.wrap_up_deadline = match stage {
            Stage::WrapUp { deadline, .. } => deadline,
            _ => None,
        };
        match &stage {
            Stage::Queued | Stage::Abandoned => {
                record.agent = None;
                record.agent_name = None;
            }
            Stage::Connected { .. } if record.connected.is_none() => record.connected = Some(now),
            _ => {}
        }
        drop(self.write(record));
        let theirs = match stage {
            Stage::Dialing { .. }
            | Stage::Connected { .. }
            | Stage::Held { .. }
            | Stage::WrapUp { .. }
            | Stage::Closed
            | Stage::Failed => true,
            Stage::Queued | Stage::Reserved { .. } | Stage::Offered { .. } | Stage::Abandoned => {
                false
            }
        };
        if let Some(agent) = teller.filter(|_| theirs)
            && let Some(contact) = self.view_for(state, contact, agent)
        {
            self.publish(agent, Change::Contact { contact });
        }
        if stage.is_final() {
            self.let_go(state, contact);
        }
        metrics::gauge!("seatline_contacts_live").set(u32::try_from(state.live.len()).unwrap_or(0));
    }

    /// The contact is over; whoever is still connected is not any more.
    fn let_go(&self, state: &mut State, contact: ContactId) {
        if let Some(live) = state.live.remove(&contact) {
            for party in [live.customer, live.agent].into_iter().flatten() {
                state.parties.remove(&party);
                self.switch.hang_up(party, Ending::normal());
            }
        }
        state.acd.forget(contact);
    }

    /// Rings an agent's desk, if the offer still stands.
    pub(super) fn ring(&self, offer: OfferId, contact: ContactId, agent: AgentId) {
        let mut state = self.state.lock();
        let Some(shown) = state.offers.get(&agent).filter(|shown| shown.id == offer) else {
            return;
        };
        let dial = crate::switch::Dial::Agent {
            user: crate::identity::line_user(agent),
            contact,
            from: shown.contact.number.display.clone(),
            name: shown.contact.customer_name.clone(),
        };
        let party = self.switch.dial(dial);
        state.parties.insert(party, (contact, Seat::Ringing(offer)));
        if let Some(live) = state.live.get_mut(&contact) {
            live.agent = Some(party);
        }
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

    /// A live contact as an agent may see it.
    pub(super) fn view_for(
        &self,
        state: &State,
        contact: ContactId,
        agent: AgentId,
    ) -> Option<Contact> {
        let live = state.live.get(&contact)?;
        let reader = state.people.get(&agent);
        let number = self.surroundings.show(live.record.number.as_ref(), reader);
        let mut view = live.record.view(number, live.tickets.clone());
        if let Some(help) = self.surroundings.help_of(contact) {
            view.call.get_or_insert_default().help = Some(help);
        }
        Some(view)
    }

    /// A queue as desks see it.
    pub(super) fn view_queue(state: &State, queue: QueueId) -> Option<Queue> {
        let info = state.queues.get(&queue)?;
        let (waiting, longest_since) = state.acd.length(queue);
        Some(Queue {
            id: queue,
            name: info.name.clone(),
            waiting,
            longest_since,
        })
    }

    fn tell_queue(&self, state: &State, queue: QueueId) {
        let Some(view) = Self::view_queue(state, queue) else {
            return;
        };
        metrics::gauge!("seatline_contacts_waiting", "queue" => view.name.clone())
            .set(view.waiting);
        for agent in state.acd.agents_of(queue) {
            let queue = view.clone();
            self.publish(agent, Change::Queue { queue });
        }
    }

    pub(super) fn publish(&self, agent: AgentId, change: Change) {
        self.output(Output::Publish(agent, Box::new(change)));
    }

    pub(super) fn output(&self, output: Output) {
        // Without a driver the centre is stopping, and nobody listens.
        let _ = self.outputs.send(output);
    }
}
