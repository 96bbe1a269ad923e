//! What desks ask for.

use super::{
    Inner,
    saver::{Job, Stored},
    state::State,
    surroundings::{Known, LateNotes},
};
use crate::{
    acd::{Input, Refusal},
    http::ApiFailure,
};
use seatline_contract::{
    contact::{Contact, ContactState, EndedBy, WrapUp},
    error::Code,
    id::{AgentId, ContactId, OfferId},
    identity::{Person, Role},
    presence::{PresenceChoice, PresenceState},
};
use std::sync::Arc;
use tokio::sync::oneshot;

impl From<Refusal> for ApiFailure {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::NoContact | Refusal::NoQueue => Code::NotFound,
            Refusal::OfferOver | Refusal::Known | Refusal::Busy | Refusal::Illegal(_) => {
                Code::Conflict
            }
            Refusal::Unavailable => Code::ColleagueUnavailable,
            Refusal::DispositionRequired => Code::DispositionRequired,
        };
        Self::from(code).detail(refusal.to_string())
    }
}

impl Inner {
    /// Sets an agent's presence, now or for when the present contact is done.
    pub(super) fn choose(
        self: &Arc<Self>,
        agent: AgentId,
        choice: PresenceChoice,
    ) -> Result<PresenceState, ApiFailure> {
        let mut state = self.state.lock();
        if choice == PresenceChoice::Ready && !state.acd.has_line(agent) && state.acd.is_free(agent)
        {
            return Err(Code::LineNotReady.into());
        }
        self.apply(&mut state, Input::Choose(agent, choice))?;
        Ok(state.acd.presence(agent))
    }

    pub(super) fn decline(
        self: &Arc<Self>,
        agent: AgentId,
        offer: OfferId,
    ) -> Result<(), ApiFailure> {
        let mut state = self.state.lock();
        if state
            .offers
            .get(&agent)
            .is_none_or(|shown| shown.id != offer)
        {
            return Err(ApiFailure::from(Code::Conflict).detail("the offer is over"));
        }
        self.apply(&mut state, Input::Declined(offer))?;
        Ok(())
    }

    /// Saves notes, during the contact or after, and ends wrap-up if they are finished. Notes that
    /// come after the contact was closed are kept too.
    pub(super) async fn wrap_up(
        self: &Arc<Self>,
        agent: AgentId,
        contact: ContactId,
        request: WrapUp,
    ) -> Result<Option<Contact>, ApiFailure> {
        let taken = {
            let mut state = self.state.lock();
            self.take_notes(&mut state, agent, contact, &request)
        };
        let Some(view) = taken? else {
            return self.take_late_notes(agent, contact, request).await;
        };
        self.check_stored(contact).await?;
        Ok(Some(view))
    }

    /// `None` if the contact is over.
    fn take_notes(
        self: &Arc<Self>,
        state: &mut State,
        agent: AgentId,
        contact: ContactId,
        request: &WrapUp,
    ) -> Result<Option<Contact>, ApiFailure> {
        let Some(live) = state.live.get_mut(&contact) else {
            return Ok(None);
        };
        let entry = state.acd.contact(contact).ok_or(Code::NotFound)?;
        let has_it = entry.stage.agent_in_hand() == Some(agent);
        match live.notes.get_mut(&agent).filter(|_| !has_it) {
            Some(notes) if entry.wrap_ups.contains_key(&agent) => {
                notes.disposition.clone_from(&request.disposition);
                notes.note.clone_from(&request.note);
                live.was_lasts_notes(agent);
            }
            _ if has_it => {
                if live.record.note != request.note && !request.note.is_empty() {
                    self.surroundings.recorder().noted(contact, agent);
                }
                live.record.disposition.clone_from(&request.disposition);
                live.record.note.clone_from(&request.note);
            }
            // Whoever finished their notes may still add to them.
            Some(notes) => {
                notes.disposition.clone_from(&request.disposition);
                notes.note.clone_from(&request.note);
                live.was_lasts_notes(agent);
                self.keep_notes(state, contact, agent);
                return Ok(None);
            }
            None => return Err(Code::NotFound.into()),
        }
        let input = Input::WrapUp {
            contact,
            agent,
            disposed: request.disposition.is_some(),
            done: request.done,
        };
        self.keep_notes(state, contact, agent);
        let before = self.view_for(state, contact, agent);
        if let Err(refusal) = self.apply(state, input) {
            // What was typed is kept even if the contact may not be finished with it.
            if let Some(live) = state.live.get_mut(&contact) {
                drop(self.write(&mut live.record));
            }
            return Err(refusal.into());
        }
        let closed = before.map(|contact| Contact {
            state: ContactState::Closed,
            wrap_up_deadline: None,
            ..contact
        });
        Ok(self.view_for(state, contact, agent).or(closed))
    }

    async fn take_late_notes(
        &self,
        agent: AgentId,
        contact: ContactId,
        request: WrapUp,
    ) -> Result<Option<Contact>, ApiFailure> {
        let notes = LateNotes {
            contact,
            agent,
            disposition: request.disposition,
            note: request.note,
        };
        let (answer, saved) = oneshot::channel();
        let sent = self.jobs.send(Job::Notes(notes, answer));
        sent.map_err(|_| Code::Unavailable)?;
        if saved.await.map_err(|_| Code::Unavailable)?? {
            Ok(None)
        } else {
            Err(Code::NotFound.into())
        }
    }

    pub(super) fn extend(
        self: &Arc<Self>,
        agent: AgentId,
        contact: ContactId,
        seconds: u32,
    ) -> Result<Contact, ApiFailure> {
        let mut state = self.state.lock();
        let entry = state.acd.contact(contact).ok_or(Code::NotFound)?;
        if !entry.is_held_by(agent) {
            return Err(Code::NotFound.into());
        }
        let ms = i64::from(seconds) * 1_000;
        self.apply(&mut state, Input::Extend { contact, agent, ms })?;
        self.view_for(&state, contact, agent)
            .ok_or_else(|| Code::NotFound.into())
    }

    /// Gives a live contact to a customer: only who has it in hand may, and supervisors, if nobody
    /// has it or an agent of theirs. `None` if the contact is over.
    pub(super) async fn link(
        self: &Arc<Self>,
        by: &Person,
        contact: ContactId,
        customer: Known,
    ) -> Result<Option<Contact>, ApiFailure> {
        let view = {
            let mut guard = self.state.lock();
            let state = &mut *guard;
            let Some(live) = state.live.get_mut(&contact) else {
                return Ok(None);
            };
            let entry = state.acd.contact(contact).ok_or(Code::NotFound)?;
            let steers = match entry.stage.agent_in_hand() {
                Some(agent) => self.surroundings.may_steer(by, agent),
                None => by.role != Role::Agent,
            };
            if !steers && !entry.is_held_by(by.id) {
                return Err(Code::NotFound.into());
            }
            live.record.customer = Some(customer.id);
            live.record.customer_name = Some(customer.name);
            drop(self.write(&mut live.record));
            self.tell(state, contact);
            self.tell_note_takers(state, contact);
            self.view_for(state, contact, by.id)
        };
        self.check_stored(contact).await?;
        Ok(view)
    }

    /// Ends a contact's call. Only its agent may, unless `anyone`.
    pub(super) fn hang_up(
        self: &Arc<Self>,
        agent: AgentId,
        contact: ContactId,
        anyone: bool,
    ) -> Result<(), ApiFailure> {
        let mut state = self.state.lock();
        let stage = state.acd.contact(contact).map(|entry| entry.stage.clone());
        let stage = stage.ok_or(Code::NotFound)?;
        if !anyone && stage.agent_in_hand() != Some(agent) {
            return Err(Code::NotFound.into());
        }
        if state
            .live
            .get(&contact)
            .is_none_or(|live| live.record.ended.is_some())
        {
            return Err(ApiFailure::from(Code::Conflict).detail("the call is over"));
        }
        let by = if stage.agent_in_hand() == Some(agent) {
            EndedBy::Agent
        } else {
            EndedBy::Centre
        };
        self.finish(&mut state, contact, by, None);
        Ok(())
    }

    /// Waits until what was sent of a contact is stored, or says why it is not.
    async fn check_stored(&self, contact: ContactId) -> Result<(), ApiFailure> {
        let (answer, stored) = oneshot::channel();
        let sent = self.jobs.send(Job::IsStored(contact, answer));
        sent.map_err(|_| Code::Unavailable)?;
        match stored.await.map_err(|_| Code::Unavailable)? {
            Stored::Yes => Ok(()),
            Stored::Full => Err(ApiFailure::from(Code::StorageFull).retry_after(30)),
            Stored::Failing => Err(ApiFailure::from(Code::Unavailable).retry_after(1)),
        }
    }
}
