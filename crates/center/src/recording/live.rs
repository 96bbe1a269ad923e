//! Calls that are recorded now, or may be.

use super::{
    Recordings, Told,
    machine::{Effect, IllegalMove, Input, Machine},
    port::Recorder,
    rules,
    writer::{Inbox, Order, Outcome, Source},
};
use crate::switch::PartyId;
use seatline_contract::{
    contact::Direction,
    id::{AgentId, ContactId, QueueId, RecordingId, TicketId},
    party::RecordingState,
    recording::{Mark, Side},
    time::UnixMs,
};
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;
use uuid::Uuid;

/// How long the database may take to write a recording's row. Voices wait that long in their taps.
const ROW_WITHIN: Duration = Duration::from_secs(8);

/// Pause before a row is tried again.
const ROW_RETRY: Duration = Duration::from_millis(250);

/// Longest pause before a row that is to be closed is tried again.
const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// Shortest time between two marks of notes, in milliseconds: a note is saved as it is typed.
const NOTED_EVERY_MS: i64 = 30_000;

/// One call.
pub(super) struct Call {
    machine: Machine,
    parties: Vec<(PartyId, Side)>,
    /// Its agent, while there is one.
    agent: Option<AgentId>,
    had: Had,
    noted: Option<UnixMs>,
    inbox: Option<Arc<Inbox>>,
}

/// Who had the customer last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Had {
    /// Nobody yet.
    Nobody,
    Agent(AgentId),
    /// Somebody who is not of the centre.
    Outside,
}

impl Call {
    /// Sees who has the customer now, and gives the mark if that is somebody else than before.
    /// A customer who waits is still the last one's.
    fn see(&mut self, parties: &[(PartyId, Side, Option<AgentId>)]) -> Option<Mark> {
        self.agent = parties.iter().find_map(|(.., agent)| *agent);
        let is = |side: Side| parties.iter().any(|(_, at, _)| *at == side);
        let has = match self.agent {
            Some(agent) => Had::Agent(agent),
            None if is(Side::Customer) && is(Side::Agent) && self.had != Had::Nobody => {
                Had::Outside
            }
            None => return None,
        };
        let had = std::mem::replace(&mut self.had, has);
        let to = self.agent;
        (had != has && had != Had::Nobody).then_some(Mark::Transferred { to })
    }
}

impl Recordings {
    /// Gives a call's machine an input and does what follows.
    pub(super) fn apply(&self, contact: ContactId, input: Input) -> Result<(), IllegalMove> {
        let now = self.0.clock.now();
        let mut calls = self.0.calls.lock();
        let Some(call) = calls.get_mut(&contact) else {
            return Ok(());
        };
        for effect in call.machine.handle(now, input)? {
            self.carry_out(contact, call, effect);
        }
        drop(calls);
        self.0.wake.notify_one();
        Ok(())
    }

    /// As [`Recordings::apply`], for inputs that may come too late without anybody having to know.
    fn try_apply(&self, contact: ContactId, input: Input) {
        if let Err(refusal) = self.apply(contact, input) {
            tracing::debug!(%contact, %refusal, "came too late");
        }
    }

    fn carry_out(&self, contact: ContactId, call: &mut Call, effect: Effect) {
        match effect {
            Effect::Begin { announced } => self.begin(contact, call, announced),
            Effect::Pause(by, reason) => {
                if let Some(inbox) = &call.inbox {
                    inbox.pause(by, reason);
                }
            }
            Effect::Resume(by, cause) => {
                if let Some(inbox) = &call.inbox {
                    inbox.resume(by, cause);
                }
            }
            Effect::Close => {
                if let Some(inbox) = call.inbox.take() {
                    inbox.close();
                }
            }
            Effect::Announce => self.tell(Told::Announce(contact)),
            Effect::Tell => self.tell(Told::Changed(contact)),
            Effect::Warn { resumes } => {
                if let Some(agent) = call.agent {
                    self.tell(Told::Resumes(agent, contact, resumes));
                }
            }
        }
    }

    fn begin(&self, contact: ContactId, call: &mut Call, announced: bool) {
        let id = RecordingId(Uuid::now_v7());
        let inbox = Arc::new(Inbox::new(Instant::now()));
        for (party, side) in &call.parties {
            self.listen(&inbox, *party, *side);
        }
        if announced {
            inbox.mark(Mark::Announced);
        }
        call.inbox = Some(inbox.clone());
        let class = call.machine.class().to_owned();
        let started = self.0.clock.now();
        let recordings = self.clone();
        self.0.tasks.spawn(async move {
            if !recordings.add_row(id, contact, started, &class).await {
                metrics::counter!("seatline_recordings_failed_total").increment(1);
                recordings.try_apply(contact, Input::Fail);
                return;
            }
            let path = recordings.0.folder.join(path_of(id, started));
            let (done, outcome) = oneshot::channel();
            recordings.0.writer.lock().begin(Order {
                recording: id,
                contact,
                started,
                path: path.clone(),
                inbox,
                done,
            });
            let Ok(outcome) = outcome.await else {
                recordings.try_apply(contact, Input::Fail);
                return;
            };
            {
                let mut tally = recordings.0.tally.lock();
                tally.complete += u64::from(outcome.complete);
                tally.truncated += u64::from(!outcome.complete);
                tally.lost += outcome.lost;
                tally.refused += outcome.refused;
            }
            tracing::info!(
                %contact,
                complete = outcome.complete,
                lost = outcome.lost,
                refused = outcome.refused,
                "a call was recorded"
            );
            let closed = recordings.close_at_last(id, started, &path).await;
            if closed.is_some_and(|outcome| outcome.bytes > 0) {
                recordings.draw(id, path).await;
            }
        });
    }

    /// As [`Recordings::close_row`], tried again until it works. `None` if the centre stops before:
    /// its next start finds the row unfinished.
    async fn close_at_last(
        &self,
        id: RecordingId,
        started: UnixMs,
        path: &Path,
    ) -> Option<Outcome> {
        let mut pause = ROW_RETRY;
        loop {
            match self.close_row(id, started, path.to_owned()).await {
                Ok(outcome) => return Some(outcome),
                Err(error) => {
                    tracing::error!(recording = %id, %error, "a recording's end was not written down");
                }
            }
            if self.0.stopping.is_cancelled() {
                return None;
            }
            tokio::select! {
                () = self.0.stopping.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
            pause = LONGEST_RETRY.min(pause * 2);
        }
    }

    async fn add_row(
        &self,
        id: RecordingId,
        contact: ContactId,
        started: UnixMs,
        class: &str,
    ) -> bool {
        let begun = Instant::now();
        let path = path_of(id, started);
        let days = self.days_of(class);
        loop {
            let beginning = super::store::Beginning {
                id,
                contact,
                started,
                class,
                days,
                path: &path,
            };
            match super::store::begin(self.0.store.db(), &beginning).await {
                Ok(()) => return true,
                Err(error) if begun.elapsed() > ROW_WITHIN => {
                    tracing::error!(%contact, %error, "a call cannot be recorded");
                    return false;
                }
                // The contact's own row may still be on its way.
                Err(_) => tokio::time::sleep(ROW_RETRY).await,
            }
        }
    }

    fn listen(&self, inbox: &Inbox, party: PartyId, side: Side) {
        if let Some(tap) = self.0.switch.get().and_then(|switch| switch.tap(party)) {
            let source: Box<dyn Source> = Box::new(tap);
            inbox.join(party.0, side, source);
        }
    }

    fn ask<T>(&self, contact: ContactId, ask: impl FnOnce(&Call) -> T) -> Option<T> {
        self.0.calls.lock().get(&contact).map(ask)
    }

    /// The call's agent, if there is such a call.
    pub(super) fn agent_of(&self, contact: ContactId) -> Option<Option<AgentId>> {
        self.ask(contact, |call| call.agent)
    }

    /// Lets time pass for all calls; when to come back.
    pub(super) fn tick(&self) -> Option<UnixMs> {
        let now = self.0.clock.now();
        let mut calls = self.0.calls.lock();
        for (contact, call) in calls.iter_mut() {
            if call
                .machine
                .deadline()
                .is_some_and(|deadline| deadline <= now)
                && let Ok(effects) = call.machine.handle(now, Input::Tick)
            {
                for effect in effects {
                    self.carry_out(*contact, call, effect);
                }
            }
        }
        calls
            .values()
            .filter_map(|call| call.machine.deadline())
            .min()
    }

    /// Ends all calls, as the centre is stopping.
    pub(super) fn end_all(&self) {
        let live: Vec<ContactId> = self.0.calls.lock().keys().copied().collect();
        for contact in live {
            self.ended(contact);
        }
    }
}

impl Recorder for Recordings {
    fn arrived(&self, contact: ContactId, direction: Direction, queue: Option<QueueId>) {
        let decision = rules::decide(&self.0.policy.read(), contact, direction, queue);
        let call = Call {
            machine: Machine::new(decision),
            parties: Vec::with_capacity(2),
            agent: None,
            had: Had::Nobody,
            noted: None,
            inbox: None,
        };
        self.0.calls.lock().insert(contact, call);
    }

    fn must_announce(&self, contact: ContactId) -> bool {
        self.ask(contact, |call| call.machine.must_announce())
            .unwrap_or(false)
    }

    fn announcement_began(&self, contact: ContactId) {
        self.try_apply(contact, Input::AnnouncementBegan);
    }

    fn announcement_ended(&self, contact: ContactId) {
        self.try_apply(contact, Input::AnnouncementEnded);
    }

    fn pressed(&self, contact: ContactId, digit: char) -> bool {
        if self.is_paused(contact) {
            return true;
        }
        let refuses = {
            let policy = self.0.policy.read();
            let mut key = [0; 4];
            policy.refusal_digit.as_deref() == Some(&*digit.encode_utf8(&mut key))
        };
        refuses && self.must_announce(contact) && self.apply(contact, Input::Refuse).is_ok()
    }

    fn present(&self, contact: ContactId, parties: &[(PartyId, Side, Option<AgentId>)]) {
        let mut calls = self.0.calls.lock();
        let Some(call) = calls.get_mut(&contact) else {
            return;
        };
        let stays = |party: PartyId| parties.iter().any(|(present, ..)| *present == party);
        for (gone, _) in call.parties.extract_if(.., |(party, _)| !stays(*party)) {
            if let Some(inbox) = &call.inbox {
                inbox.leave(gone.0);
            }
        }
        let handed = call.see(parties);
        if let (Some(inbox), Some(mark)) = (&call.inbox, handed) {
            inbox.mark(mark);
        }
        for (party, side, _) in parties {
            if call.parties.iter().any(|(known, _)| known == party) {
                continue;
            }
            call.parties.push((*party, *side));
            if let Some(inbox) = &call.inbox {
                self.listen(inbox, *party, *side);
            }
        }
    }

    fn connected(&self, contact: ContactId) {
        self.try_apply(contact, Input::Connected);
    }

    fn held(&self, contact: ContactId, held: bool) {
        self.mark(contact, if held { Mark::Held } else { Mark::Retrieved });
    }

    fn noted(&self, contact: ContactId, by: AgentId) {
        let now = self.0.clock.now();
        let mut calls = self.0.calls.lock();
        let Some(call) = calls.get_mut(&contact) else {
            return;
        };
        if call
            .noted
            .is_none_or(|last| now.since(last) >= NOTED_EVERY_MS)
        {
            call.noted = Some(now);
            if let Some(inbox) = &call.inbox {
                inbox.mark(Mark::Noted { by });
            }
        }
    }

    fn ticketed(&self, contact: ContactId, ticket: TicketId) {
        self.mark(contact, Mark::Ticket { ticket });
    }

    fn ended(&self, contact: ContactId) {
        self.try_apply(contact, Input::End);
        self.0.calls.lock().remove(&contact);
    }

    fn state(&self, contact: ContactId) -> RecordingState {
        self.ask(contact, |call| call.machine.view())
            .unwrap_or_default()
    }

    fn is_paused(&self, contact: ContactId) -> bool {
        self.ask(contact, |call| call.machine.is_paused())
            .unwrap_or(false)
    }

    fn takes_calls(&self) -> bool {
        self.0.policy.read().calls_without_storage || !self.is_storage_failing()
    }
}

impl Recordings {
    fn mark(&self, contact: ContactId, mark: Mark) {
        let inbox = self.ask(contact, |call| call.inbox.clone()).flatten();
        if let Some(inbox) = inbox {
            inbox.mark(mark);
        }
    }
}

/// Where a recording lies below the recordings' folder: one folder for each day.
fn path_of(id: RecordingId, started: UnixMs) -> String {
    const DAY_MS: i64 = 24 * 3_600_000;
    format!(
        "{}/{id}.{}",
        started.0.div_euclid(DAY_MS),
        super::sweep::EXTENSION
    )
}
