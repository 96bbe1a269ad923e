//! Transfers: what this side asks of its far side, and what the far side asks of this one.

use std::fmt;

use tokio::sync::mpsc;

use super::{CallCommand, CallId, Party};
use crate::{message::ReferTo, text::Number};

/// How a transfer gets on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transfer {
    /// The far side is calling the target.
    Trying,
    /// The target is being alerted.
    Ringing,
    /// The far side speaks to the target. The call between it and this side is of no more use; hang it up if it
    /// has not ended by itself.
    Done,
    /// It came to nothing, and the call goes on as before. Holds the target's final status, or why the far side
    /// would not try. 408: nothing was heard of it in time. 481: the call was not up, or the other call of an
    /// attended transfer was not. 491: another transfer of this call is under way.
    Failed(u16),
}

impl Transfer {
    /// Whether nothing follows.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed(_))
    }

    /// What the status of the call to the target means.
    pub(crate) fn of_status(code: u16) -> Self {
        match code {
            180 => Self::Ringing,
            ..200 => Self::Trying,
            200..300 => Self::Done,
            _ => Self::Failed(code),
        }
    }

    /// The status that says so.
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::Trying => 100,
            Self::Ringing => 180,
            Self::Done => 200,
            Self::Failed(code @ 300..700) => code,
            Self::Failed(_) => 503,
        }
    }
}

/// How a transfer gets on, in order. The last is [`Transfer::Done`] or [`Transfer::Failed`].
pub type Transfers = mpsc::UnboundedReceiver<Transfer>;

/// Whom a transfer leads to, as the stack is told.
pub(crate) enum TransferTarget {
    Number(Number),
    /// The far side of another call, which it takes over.
    Call(CallId),
}

/// The far side's wish that this side call somebody else in its place.
pub struct Referral {
    /// Whom to call; `None` when the address has no user part or one that can not be a number.
    pub number: Option<Number>,
    /// Who asks for it, as the far side says.
    pub by: Option<Party>,
    pub(crate) to: ReferTo,
    /// The `Referred-By` to pass on.
    pub(crate) referred_by: Option<String>,
}

impl Referral {
    /// Whether the new call takes the place of one that the far side has with the target: an attended transfer.
    #[must_use]
    pub fn is_attended(&self) -> bool {
        self.to.replaces.is_some()
    }
}

/// Where the answer to a [`Referral`] goes.
pub struct ReferralReply {
    ticket: Option<Ticket>,
}

/// Tells the far side how a referral that was accepted gets on.
pub struct ReferralProgress {
    ticket: Option<Ticket>,
}

struct Ticket {
    id: CallId,
    number: u64,
    commands: mpsc::UnboundedSender<CallCommand>,
}

impl ReferralReply {
    pub(crate) fn new(
        id: CallId,
        number: u64,
        commands: mpsc::UnboundedSender<CallCommand>,
    ) -> Self {
        Self {
            ticket: Some(Ticket {
                id,
                number,
                commands,
            }),
        }
    }

    /// Agrees (202). Now call [`UserAgent::follow`](crate::UserAgent::follow) and report.
    #[must_use]
    pub fn accept(mut self) -> ReferralProgress {
        let ticket = self.ticket.take();
        if let Some(ticket) = &ticket {
            ticket.answer(Ok(()));
        }
        ReferralProgress { ticket }
    }

    /// Declines with a final status (300–699; others become 603). Dropping does the same with 603.
    pub fn refuse(mut self, code: u16) {
        if let Some(ticket) = self.ticket.take() {
            ticket.answer(Err(code));
        }
    }
}

impl Drop for ReferralReply {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            ticket.answer(Err(603));
        }
    }
}

impl ReferralProgress {
    /// Tells the far side. Nothing is told after the end; dropped before it, the referral has failed.
    pub fn report(&mut self, progress: Transfer) {
        if let Some(ticket) = &self.ticket {
            ticket.report(progress);
        }
        if progress.is_final() {
            self.ticket = None;
        }
    }
}

impl Drop for ReferralProgress {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            ticket.report(Transfer::Failed(503));
        }
    }
}

impl Ticket {
    fn answer(&self, answer: Result<(), u16>) {
        // A closed channel means the stack is gone, and the call with it.
        let _ = self.commands.send(CallCommand::AnswerReferral {
            id: self.id,
            ticket: self.number,
            answer,
        });
    }

    fn report(&self, progress: Transfer) {
        // A closed channel means the stack is gone, and the call with it.
        let _ = self.commands.send(CallCommand::ReportReferral {
            id: self.id,
            ticket: self.number,
            progress,
        });
    }
}

impl fmt::Debug for Referral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Referral")
            .field("number", &self.number)
            .field("by", &self.by)
            .field("attended", &self.is_attended())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ReferralReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReferralReply").finish_non_exhaustive()
    }
}

impl fmt::Debug for ReferralProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReferralProgress").finish_non_exhaustive()
    }
}
