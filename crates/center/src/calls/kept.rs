//! What is kept of a contact beside its record: who took part, what those wrote who handed it over,
//! and what supervisors did.

use super::{
    Inner,
    room::{Member, Seat},
    saver::Job,
    state::State,
};
use seatline_contract::{
    id::{AgentId, ContactId},
    party::{PartyEnd, PartyRole},
    secret::PhoneNumber,
    supervision::WatchMode,
    time::UnixMs,
};

/// One participation that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    /// In which contact.
    pub contact: ContactId,
    /// As what.
    pub role: PartyRole,
    /// The mode of a supervisor.
    pub watch: Option<WatchMode>,
    /// Who, of people of the centre.
    pub agent: Option<AgentId>,
    /// The name, if known.
    pub name: Option<String>,
    /// The number, of a customer or somebody outside.
    pub number: Option<PhoneNumber>,
    /// When it was first reached for.
    pub began: UnixMs,
    /// When it answered.
    pub connected: Option<UnixMs>,
    /// When it was gone.
    pub ended: UnixMs,
    /// Why.
    pub end: PartyEnd,
    /// The hand-over note it left.
    pub note: String,
}

/// What an agent wrote about a contact that others went on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerNotes {
    /// Which contact.
    pub contact: ContactId,
    /// Who.
    pub agent: AgentId,
    /// Their name.
    pub name: Option<String>,
    /// The disposition chosen.
    pub disposition: Option<String>,
    /// The note.
    pub note: String,
    /// When the conversation was over for them.
    pub ended: UnixMs,
}

/// What a supervisor did to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// When.
    pub at: UnixMs,
    /// Who.
    pub actor: AgentId,
    /// What, such as `watch.start`.
    pub action: &'static str,
    /// To which contact.
    pub contact: ContactId,
    /// To whom and how.
    pub detail: String,
}

/// Something that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// Who took part.
    Leg(Leg),
    /// What who handed it over wrote.
    Notes(FormerNotes),
    /// What a supervisor did.
    Act(Act),
}

impl Inner {
    /// Keeps the leg of a party that is gone.
    pub(super) fn keep_leg(&self, state: &State, contact: ContactId, gone: &Member, end: PartyEnd) {
        let Some(live) = state.live.get(&contact) else {
            return;
        };
        let (name, number) = match gone.role {
            PartyRole::Customer => (&live.record.customer_name, &live.record.number),
            PartyRole::Agent | PartyRole::Colleague | PartyRole::Outside => {
                (&gone.name, &gone.number)
            }
        };
        let said = live.hand_over.as_ref();
        let said =
            said.filter(|said| end == PartyEnd::Transferred && gone.agent == Some(said.from));
        self.keep(Kept::Leg(Leg {
            contact,
            role: gone.role,
            watch: None,
            agent: gone.agent,
            name: name.clone(),
            number: number.clone(),
            began: gone.began,
            connected: gone.connected,
            ended: self.clock.now(),
            end,
            note: said.map(|said| said.note.clone()).unwrap_or_default(),
        }));
    }

    /// Keeps the leg of a supervisor who is gone.
    pub(super) fn keep_seat(&self, contact: ContactId, gone: &Seat) {
        self.keep(Kept::Leg(Leg {
            contact,
            role: PartyRole::Colleague,
            watch: Some(gone.mode),
            agent: Some(gone.supervisor),
            name: Some(gone.name.clone()),
            number: None,
            began: gone.began,
            connected: gone.connected.then_some(gone.since),
            ended: self.clock.now(),
            end: PartyEnd::Left,
            note: String::new(),
        }));
    }

    /// Keeps what an agent wrote about a contact that others go on with.
    pub(super) fn keep_notes(&self, state: &State, contact: ContactId, agent: AgentId) {
        let live = state.live.get(&contact);
        if let Some(notes) = live.and_then(|live| live.notes.get(&agent)) {
            self.keep(Kept::Notes(FormerNotes {
                contact,
                agent,
                name: notes.name.clone(),
                disposition: notes.disposition.clone(),
                note: notes.note.clone(),
                ended: notes.ended,
            }));
        }
    }

    pub(super) fn keep(&self, kept: Kept) {
        // Without a saver the centre is stopping.
        let _ = self.jobs.send(Job::Keep(kept));
    }
}
