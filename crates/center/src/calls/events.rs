//! What becomes of what the switch reports.

use super::{
    Inner, Record,
    state::{Live, Seat, State},
    surroundings::DialRefusal,
};
use crate::{
    acd::{Input, Stage},
    identity::line_agent,
    switch::{Dial, Ending, Event, Origin, PartyId, Sound},
};
use seatline_contract::{
    contact::{Direction, EndedBy},
    event::Change,
    id::{AgentId, ContactId, CustomerId},
    secret::PhoneNumber,
};
use std::sync::Arc;
use uuid::Uuid;

impl Inner {
    pub(super) fn on_event(self: &Arc<Self>, event: Event) {
        match event {
            Event::Arrived { party, origin } => self.arrive(party, origin),
            Event::Ringing(party) => self.relay_progress(party, false),
            Event::EarlyMedia(party) => self.relay_progress(party, true),
            Event::Answered(party) => self.answered(party),
            Event::Held(party) => self.hold(party, true),
            Event::Resumed(party) => self.hold(party, false),
            Event::Digit(party, digit) => self.digit(party, digit),
            Event::Played(party) => self.played(party),
            Event::Silent(party, silence_ms) => self.silent(party, silence_ms),
            Event::Ended {
                party,
                by_far_side,
                code,
                reason,
            } => self.party_gone(party, by_far_side, code, reason),
            Event::LineUp(user) => {
                if let Some(agent) = line_agent(&user) {
                    self.try_apply(&mut self.state.lock(), Input::LineUp(agent));
                }
            }
            Event::LineDown(user) => {
                if let Some(agent) = line_agent(&user) {
                    self.try_apply(&mut self.state.lock(), Input::LineDown(agent));
                }
            }
        }
    }

    fn arrive(self: &Arc<Self>, party: PartyId, origin: Origin) {
        let mut state = self.state.lock();
        if state.stopping {
            self.switch
                .hang_up(party, Ending::with(503, "the centre is stopping"));
            return;
        }
        match origin {
            Origin::Trunk {
                called,
                caller,
                name: _,
            } => self.customer_calls(&mut state, party, called, caller),
            Origin::Agent { user, dialled } => {
                let agent = line_agent(&user);
                match agent.filter(|agent| self.surroundings.is_signed_in(*agent)) {
                    Some(agent) => self.agent_dials(&mut state, party, agent, dialled),
                    None => self
                        .switch
                        .hang_up(party, Ending::with(403, "nobody is signed in on this line")),
                }
            }
        }
    }

    fn customer_calls(
        self: &Arc<Self>,
        state: &mut State,
        party: PartyId,
        called: Option<PhoneNumber>,
        caller: Option<PhoneNumber>,
    ) {
        metrics::counter!("seatline_calls_total", "direction" => "inbound").increment(1);
        let called = called.and_then(|number| self.surroundings.normalise(&number));
        let queue = called
            .as_ref()
            .and_then(|number| state.queue_of(number.expose()))
            .or_else(|| {
                let name = self.default_queue.as_ref()?;
                state.queues.values().find(|queue| queue.name == *name)
            })
            .map(|queue| (queue.id, queue.name.clone()));
        let Some((queue, queue_name)) = queue else {
            tracing::info!(?called, "a call to a number that no queue serves");
            self.switch
                .hang_up(party, Ending::with(404, "no such number"));
            return;
        };
        let id = ContactId(Uuid::now_v7());
        let mut record = Record::new(id, Direction::Inbound, self.clock.now());
        record.queue = Some(queue);
        record.queue_name = Some(queue_name);
        record.called = called;
        record.number = caller.and_then(|number| self.surroundings.normalise(&number));
        let number = record.number.clone();
        let mut live = Live::new(record);
        live.customer = Some(party);
        state.live.insert(id, live);
        state.parties.insert(party, (id, Seat::Customer));
        self.switch.play(party, Sound::Greeting);
        self.switch.answer(party);
        let arrived = Input::Arrived { contact: id, queue };
        self.try_apply(state, arrived);
        if let Some(number) = number {
            self.identify(id, number);
        }
    }

    /// Finds out who calls, also for those who do not wait for an agent.
    fn identify(self: &Arc<Self>, contact: ContactId, number: PhoneNumber) {
        let calls = self.clone();
        tokio::spawn(async move {
            let Some(known) = calls.surroundings.identify(&number).await else {
                return;
            };
            let mut state = calls.state.lock();
            if let Some(live) = state.live.get_mut(&contact)
                && live.record.customer.is_none()
            {
                live.record.customer = Some(known.id);
                live.record.customer_name = Some(known.name);
                drop(calls.write(&mut live.record));
            }
        });
    }

    fn agent_dials(
        self: &Arc<Self>,
        state: &mut State,
        party: PartyId,
        agent: AgentId,
        dialled: PhoneNumber,
    ) {
        metrics::counter!("seatline_calls_total", "direction" => "outbound").increment(1);
        let id = ContactId(Uuid::now_v7());
        if !state.acd.is_free(agent) {
            self.switch
                .hang_up(party, Ending::with(486, "already in a call"));
            return;
        }
        let mut record = Record::new(id, Direction::Outbound, self.clock.now());
        record.agent = Some(agent);
        record.agent_name = state.people.get(&agent).map(|person| person.name.clone());
        let customer = customer_of(&dialled);
        if customer.is_none() {
            record.number = self.surroundings.normalise(&dialled);
        }
        let mut live = Live::new(record);
        live.agent = Some(party);
        state.live.insert(id, live);
        state.parties.insert(party, (id, Seat::Agent));
        self.try_apply(state, Input::Dialed { contact: id, agent });
        let calls = self.clone();
        tokio::spawn(async move { calls.resolve(id, agent, dialled).await });
    }

    /// Finds the number and the customer, then calls.
    async fn resolve(self: Arc<Self>, contact: ContactId, agent: AgentId, dialled: PhoneNumber) {
        let person = self.meet(agent).await;
        let found = match customer_of(&dialled) {
            Some((customer, index)) => self
                .surroundings
                .number_of(customer, index)
                .await
                .map(|(number, known)| (number, Some(known)))
                .ok_or(DialRefusal::Unknown),
            None => Ok((dialled, None)),
        };
        let checked = found.and_then(|(number, known)| {
            let dialled = self.surroundings.check_dialled(&number)?;
            Ok((number, dialled, known))
        });
        let (number, dialled, known) = match checked {
            Ok(found) => found,
            Err(refusal) => {
                let (code, words) = match refusal {
                    DialRefusal::Unplayable => (484, "the number can not be dialled"),
                    DialRefusal::NotAllowed => (403, "the number is not allowed"),
                    DialRefusal::Unknown => (404, "no such customer or number"),
                };
                let mut state = self.state.lock();
                self.fail(&mut state, contact, code, words);
                return;
            }
        };
        let number = self.surroundings.normalise(&number).unwrap_or(number);
        let known = match known {
            Some(known) => Some(known),
            None => self.surroundings.identify(&number).await,
        };
        let mut state = self.state.lock();
        let Some(live) = state.live.get_mut(&contact) else {
            return;
        };
        live.record.number = Some(number);
        live.record.agent_name = person.map(|person| person.name);
        if let Some(known) = known {
            live.record.customer = Some(known.id);
            live.record.customer_name = Some(known.name);
        }
        drop(self.write(&mut live.record));
        let party = self.switch.dial(Dial::Trunk { number: dialled });
        live.customer = Some(party);
        state.parties.insert(party, (contact, Seat::Customer));
        if let Some(view) = self.view_for(&state, contact, agent) {
            self.publish(agent, Change::Contact { contact: view });
        }
    }

    /// An outbound call that can not be made.
    fn fail(self: &Arc<Self>, state: &mut State, contact: ContactId, code: u16, words: &str) {
        if let Some(live) = state.live.get_mut(&contact)
            && let Some(party) = live.agent.take()
        {
            state.parties.remove(&party);
            self.switch.hang_up(party, Ending::with(code, words));
        }
        self.finish(
            state,
            contact,
            EndedBy::Centre,
            Some(format!("{code} {words}")),
        );
    }

    fn relay_progress(&self, party: PartyId, early_media: bool) {
        let mut state = self.state.lock();
        let Some((_, Seat::Customer, live)) = state.seat(party) else {
            return;
        };
        let Some(agent) = live.agent else {
            return;
        };
        if early_media {
            self.switch.bridge(party, agent);
        } else {
            self.switch.play(agent, Sound::Ringback);
        }
        self.switch.progress(agent);
    }

    fn answered(self: &Arc<Self>, party: PartyId) {
        let mut state = self.state.lock();
        let Some((contact, seat, live)) = state.seat(party) else {
            // Answered after the offer was over: that desk is not in any call.
            self.switch.hang_up(party, Ending::normal());
            return;
        };
        let (customer, agent) = (live.customer, live.agent);
        match seat {
            Seat::Ringing(offer) => {
                if self.apply(&mut state, Input::Accepted(offer)).is_err() {
                    self.switch.hang_up(party, Ending::normal());
                    return;
                }
                state.parties.insert(party, (contact, Seat::Agent));
                if let Some(customer) = customer {
                    self.switch.bridge(customer, party);
                }
            }
            Seat::Customer => {
                if let Some(agent) = agent
                    && self.apply(&mut state, Input::Answered(contact)).is_ok()
                {
                    self.switch.answer(agent);
                    self.switch.bridge(party, agent);
                }
            }
            Seat::Agent => {}
        }
    }

    fn hold(self: &Arc<Self>, party: PartyId, held: bool) {
        let mut state = self.state.lock();
        let Some((contact, Seat::Agent, live)) = state.seat(party) else {
            return;
        };
        let Some(customer) = live.customer else {
            return;
        };
        if self
            .apply(&mut state, Input::Hold { contact, held })
            .is_err()
        {
            return;
        }
        if held {
            self.switch.hold(customer, party);
        } else {
            self.switch.bridge(customer, party);
        }
    }

    fn digit(&self, party: PartyId, digit: char) {
        let mut state = self.state.lock();
        let Some((contact, Seat::Customer, live)) = state.seat(party) else {
            return;
        };
        let agent = live.record.agent;
        if let Some(agent) = agent
            && let Some(Stage::Connected { .. } | Stage::Held { .. }) =
                state.acd.contact(contact).map(|entry| &entry.stage)
        {
            let digit = digit.to_string();
            self.publish(agent, Change::Digit { contact, digit });
        }
    }

    fn played(&self, party: PartyId) {
        let mut state = self.state.lock();
        let Some((contact, Seat::Customer, _)) = state.seat(party) else {
            return;
        };
        if let Some(Stage::Queued | Stage::Reserved { .. } | Stage::Offered { .. }) =
            state.acd.contact(contact).map(|entry| &entry.stage)
        {
            self.switch.play(party, Sound::Music);
        }
    }

    fn party_gone(
        self: &Arc<Self>,
        party: PartyId,
        by_far_side: bool,
        code: Option<u16>,
        reason: String,
    ) {
        let mut state = self.state.lock();
        let Some((contact, seat)) = state.parties.remove(&party) else {
            return;
        };
        let Some(live) = state.live.get_mut(&contact) else {
            return;
        };
        let words = match (code, reason.is_empty()) {
            (Some(code), false) => Some(format!("{code} {reason}")),
            (Some(code), true) => Some(code.to_string()),
            (None, false) => Some(reason),
            (None, true) => None,
        };
        match seat {
            Seat::Ringing(offer) => {
                live.agent = None;
                let declined = by_far_side && matches!(code, Some(486 | 600 | 603));
                self.try_apply(
                    &mut state,
                    if declined {
                        Input::Declined(offer)
                    } else {
                        Input::RingFailed(offer)
                    },
                );
            }
            Seat::Agent => {
                live.agent = None;
                let by = if by_far_side {
                    EndedBy::Agent
                } else {
                    EndedBy::Centre
                };
                self.finish(&mut state, contact, by, words);
            }
            Seat::Customer => {
                live.customer = None;
                let by = if by_far_side {
                    EndedBy::Customer
                } else {
                    EndedBy::Centre
                };
                // The agent's desk is told what the network said of a call that never connected.
                if live.record.connected.is_none()
                    && live.record.direction == Direction::Outbound
                    && let Some(agent) = live.agent.take()
                {
                    state.parties.remove(&agent);
                    let text = words.clone().unwrap_or_default();
                    self.switch
                        .hang_up(agent, Ending::with(code.unwrap_or(480), &text));
                }
                self.finish(&mut state, contact, by, words);
            }
        }
    }

    /// The conversation, or the wait for it, is over: everybody still there is sent home.
    pub(super) fn finish(
        self: &Arc<Self>,
        state: &mut State,
        contact: ContactId,
        by: EndedBy,
        reason: Option<String>,
    ) {
        let now = self.clock.now();
        let Some(live) = state.live.get_mut(&contact) else {
            return;
        };
        if live.record.ended.is_none() {
            live.record.ended = Some(now);
            live.record.ended_by = Some(by);
            live.record.end_reason = reason;
        }
        let ringing = live
            .agent
            .and_then(|party| state.parties.get(&party))
            .is_some_and(|(_, seat)| matches!(seat, Seat::Ringing(_)));
        let agent = if ringing { None } else { live.agent.take() };
        let left = [live.customer.take(), agent];
        for party in left.into_iter().flatten() {
            state.parties.remove(&party);
            self.switch.hang_up(party, Ending::normal());
        }
        self.try_apply(state, Input::Ended(contact));
    }
}

/// `customer-<uuid>-<index>`: a number the agent may not see but may call.
fn customer_of(dialled: &PhoneNumber) -> Option<(CustomerId, usize)> {
    let (id, index) = dialled
        .expose()
        .strip_prefix("customer-")?
        .rsplit_once('-')?;
    Some((id.parse().ok()?, index.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_number_is_named_by_its_customer() {
        let id = Uuid::from_u128(7);
        let dialled = PhoneNumber::new(format!("customer-{id}-2"));
        assert_eq!(customer_of(&dialled), Some((CustomerId(id), 2)));
        for other in ["13812345678", "customer-1-1", "customer-", "customer--"] {
            assert_eq!(customer_of(&PhoneNumber::new(other)), None);
        }
    }
}
