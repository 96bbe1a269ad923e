//! One agent, as the distributor sees them.

use super::contact::IllegalMove;
use seatline_contract::{
    id::ContactId,
    presence::{Presence, PresenceChoice, PresenceState},
    time::UnixMs,
};
use std::collections::BTreeSet;

/// Why an agent is not ready who has not chosen anything yet.
pub const SIGNED_IN: &str = "signed_in";
/// Why an agent is not ready who let an offer ring.
pub const MISSED: &str = "missed";
/// Why an agent is not ready who declined an offer.
pub const DECLINED: &str = "declined";

/// The choice of an agent who takes no contacts for this reason.
pub(super) fn not_ready(reason: &str) -> PresenceChoice {
    PresenceChoice::NotReady {
        reason: reason.to_owned(),
    }
}

/// The presence of an agent never heard of.
pub(super) fn offline(since: UnixMs) -> PresenceState {
    PresenceState {
        presence: Presence::Offline,
        since,
        next: not_ready(SIGNED_IN),
    }
}

/// What an agent's ear is busy with.
///
/// ```text
///            reserve                      accept
///   Free ──────────────► Offered ───────────────────► Talking
///     ▲ ◄──────────────────┘ requeue · abandon           │
///     │                        dial                      │
///     ├────────────────────────────────────────────────► │
///     │      watch               take over               │
///     ├─────────────► Watching ────────────────────────► │
///     │ ◄──────────────┘ leave                           │
///     └──────────────────────── end ─────────────────────┘
/// ```
///
/// Where call waiting is allowed, one contact may *knock* beside `Talking`: put before the agent in
/// person, and not to be answered until the conversation is over or laid down. Then it is `Offered`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engagement {
    /// With nothing.
    Free,
    /// With an offer, told or about to be told.
    Offered(ContactId),
    /// With a contact dialing, connected or held, as its agent or beside them.
    Talking(ContactId),
    /// With another agent's contact, as a supervisor.
    Watching(ContactId),
}

impl Engagement {
    fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Offered(_) => "being offered a contact",
            Self::Talking(_) => "in a contact",
            Self::Watching(_) => "watching a contact",
        }
    }
}

/// One agent.
#[derive(Debug)]
pub(super) struct Agent {
    /// The desk is signed in and heard from.
    pub(super) desk: bool,
    /// The desk can be rung.
    pub(super) line: bool,
    /// What the agent chose; while busy, what follows.
    pub(super) choice: PresenceChoice,
    /// What the agent is busy with.
    pub(super) engagement: Engagement,
    /// Whether a contact may knock during a conversation.
    pub(super) may_wait: bool,
    /// The contact that does.
    pub(super) knocking: Option<ContactId>,
    /// It knocked, and the agent's ear is free for it now; not told yet.
    pub(super) admitted: Option<ContactId>,
    /// Contacts whose notes are not finished.
    pub(super) wrap_ups: BTreeSet<ContactId>,
    /// Since when the agent has waited for a contact; a lost line does not cost the place.
    pub(super) idle_since: UnixMs,
    /// Where the agent stands in the queues' lists of idle agents, if there.
    pub(super) listed: Option<UnixMs>,
    /// What was last told.
    pub(super) told: PresenceState,
}

impl Agent {
    pub(super) fn new(now: UnixMs) -> Self {
        Self {
            desk: false,
            line: false,
            choice: not_ready(SIGNED_IN),
            engagement: Engagement::Free,
            may_wait: false,
            knocking: None,
            admitted: None,
            wrap_ups: BTreeSet::new(),
            idle_since: now,
            listed: None,
            told: offline(now),
        }
    }

    /// Whether a contact may be put before this agent now.
    pub(super) fn is_available(&self) -> bool {
        self.desk
            && self.line
            && self.choice == PresenceChoice::Ready
            && self.engagement == Engagement::Free
            && self.wrap_ups.is_empty()
    }

    /// Whether a contact may be put before this agent in person, whatever they chose.
    pub(super) fn can_be_called(&self, contact: ContactId) -> bool {
        self.is_callable() && self.engagement != Engagement::Talking(contact)
    }

    /// As [`Agent::can_be_called`], for a contact the agent is not in.
    pub(super) fn is_callable(&self) -> bool {
        let hears = match self.engagement {
            Engagement::Free => true,
            Engagement::Talking(_) => self.may_wait && self.knocking.is_none(),
            Engagement::Offered(_) | Engagement::Watching(_) => false,
        };
        self.desk && self.line && hears
    }

    /// What others shall see. A conversation outlives the desk; everything else does not.
    pub(super) fn true_presence(&self) -> Presence {
        match (self.engagement, self.desk) {
            (Engagement::Talking(_) | Engagement::Watching(_), _) => Presence::Busy,
            (Engagement::Offered(_) | Engagement::Free, false) => Presence::Offline,
            (Engagement::Offered(_), true) => Presence::Offered,
            (Engagement::Free, true) if !self.wrap_ups.is_empty() => Presence::WrapUp,
            (Engagement::Free, true) => match &self.choice {
                PresenceChoice::Ready => Presence::Ready,
                PresenceChoice::NotReady { reason } => Presence::NotReady {
                    reason: reason.clone(),
                },
                PresenceChoice::OnBreak => Presence::OnBreak,
            },
        }
    }

    pub(super) fn offer(&mut self, contact: ContactId) -> Result<(), IllegalMove> {
        match self.engagement {
            Engagement::Free => {
                self.engagement = Engagement::Offered(contact);
                Ok(())
            }
            Engagement::Talking(_) if self.can_be_called(contact) => {
                self.knocking = Some(contact);
                Ok(())
            }
            Engagement::Offered(_) | Engagement::Talking(_) | Engagement::Watching(_) => {
                Err(self.refuse("be offered"))
            }
        }
    }

    /// Takes an offer away, or ends a conversation. What knocked is the offer then.
    pub(super) fn release(&mut self, contact: ContactId) -> Result<(), IllegalMove> {
        if self.knocking == Some(contact) {
            self.knocking = None;
            return Ok(());
        }
        match self.engagement {
            Engagement::Offered(known)
            | Engagement::Talking(known)
            | Engagement::Watching(known)
                if known == contact =>
            {
                self.admitted = self.knocking.take();
                self.engagement = match self.admitted {
                    Some(next) => Engagement::Offered(next),
                    None => Engagement::Free,
                };
                Ok(())
            }
            Engagement::Free
            | Engagement::Offered(_)
            | Engagement::Talking(_)
            | Engagement::Watching(_) => Err(self.refuse("be released")),
        }
    }

    /// Is in conversation from now on: one offered, watched or dialled, or as a colleague already.
    pub(super) fn talk(&mut self, contact: ContactId) -> Result<(), IllegalMove> {
        match self.engagement {
            Engagement::Free => {}
            Engagement::Offered(known)
            | Engagement::Watching(known)
            | Engagement::Talking(known)
                if known == contact => {}
            Engagement::Offered(_) | Engagement::Talking(_) | Engagement::Watching(_) => {
                return Err(self.refuse("talk"));
            }
        }
        self.engagement = Engagement::Talking(contact);
        Ok(())
    }

    fn refuse(&self, action: &'static str) -> IllegalMove {
        IllegalMove {
            action,
            from: self.engagement.name(),
        }
    }
}
