//! One call as its user sees it: a handle to steer it, a stream of what happens, and how it began.

mod transfer;

use std::{fmt, net::SocketAddr};

use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

pub(crate) use self::transfer::TransferTarget;
pub use self::transfer::{Referral, ReferralProgress, ReferralReply, Transfer, Transfers};
use crate::{
    message::Headers,
    text::{HeaderName, HeaderValue, Number},
};

/// Steers one call. Clones steer the same call; dropping them all does not end it.
#[derive(Clone)]
pub struct Call {
    id: CallId,
    sip_call_id: String,
    commands: mpsc::UnboundedSender<CallCommand>,
}

/// What happens to one call, in order. The last event is always [`CallEvent::Ended`].
pub type CallEvents = mpsc::UnboundedReceiver<CallEvent>;

/// One thing that happened to a call.
#[derive(Debug)]
pub enum CallEvent {
    /// The far side is alerting its user (180).
    Ringing,
    /// The far side sends sound before it answers: its SDP answer (183).
    EarlyMedia(String),
    /// The far side accepted the call this side made. Holds its SDP answer.
    Answered(String),
    /// The far side confirmed (ACK) that it heard this side accept. Holds its SDP answer when the
    /// call came without an offer.
    Confirmed(Option<String>),
    /// The far side offers a new session: hold, resume, new address. Answer through `reply`.
    Reoffer {
        /// The offer, or `None` when the far side asks this side to make one.
        sdp: Option<String>,
        /// Where the answer goes. Dropped unused, the offer is declined with 488.
        reply: ReofferReply,
    },
    /// The far side asks this side to call somebody else in its place (REFER).
    Referred {
        /// Whom to call.
        referral: Referral,
        /// Where the answer goes. Dropped unused, the wish is declined with 603.
        reply: ReferralReply,
    },
    /// The call is over.
    Ended {
        /// Which side ended it.
        by: Side,
        /// The final SIP status when the call was refused or failed, or the `cause` of a `Reason` header.
        code: Option<u16>,
        /// The far side's words for it (`Reason` header text or status phrase); may be empty.
        reason: String,
    },
}

/// One of the two sides of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// This program.
    Local,
    /// The far side, or the network between.
    Remote,
}

/// Where the answer to a [`CallEvent::Reoffer`] goes.
pub struct ReofferReply {
    id: CallId,
    ticket: u64,
    commands: Option<mpsc::UnboundedSender<CallCommand>>,
}

/// Why a call did not do what it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CallError {
    /// The call is over.
    #[error("the call is over")]
    Ended,
    /// The call is not in a state where this makes sense, such as accepting a call this side made.
    #[error("the call is not in a state where this is possible")]
    OutOfTurn,
}

/// Why a new session was not agreed. The old one stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ReofferError {
    /// The call is over, or ended while waiting.
    #[error("the call is over")]
    Ended,
    /// The call is not answered yet, or another offer of either side is still open. Try again later.
    #[error("another offer is still open")]
    Busy,
    /// The far side declined with this status.
    #[error("the far side declined the offer with {0}")]
    Declined(u16),
    /// The far side did not answer within 32 s.
    #[error("the far side did not answer the offer")]
    NoAnswer,
}

/// A call to be made.
#[derive(Debug, Clone)]
pub struct OutgoingCall {
    /// Who is called.
    pub to: Number,
    /// Who calls, as the far side shall see it.
    pub from: Number,
    /// The caller's name, as the far side shall see it.
    pub display_name: Option<String>,
    /// Headers to add, such as `X-Seatline-Contact`.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The SDP offer.
    pub sdp: String,
}

/// A call that came in. Nothing but 100 Trying has been answered yet.
pub struct IncomingCall {
    /// Steers the call.
    pub call: Call,
    /// What happens to it.
    pub events: CallEvents,
    /// Where it came from.
    pub origin: Origin,
    /// The caller.
    pub from: Party,
    /// The called party.
    pub to: Party,
    /// All headers of the request that are not the protocol's own.
    pub headers: Headers,
    /// The SDP offer; `None` when the caller leaves the offer to this side.
    pub offer: Option<String>,
    /// Who sent the caller here, if the call was transferred and the network says so (RFC 3892).
    pub referred_by: Option<Party>,
    /// The running call whose place this one takes (RFC 3891): accepting this one ends that one. A user agent alone
    /// is ever asked to; its user is in that call, and expects no ringing.
    pub replaces: Option<Call>,
}

/// A caller or called party as the network names it. Only ever shown and compared, never trusted.
#[derive(Clone, PartialEq, Eq)]
pub struct Party {
    /// The user part of the URI; `None` when it is missing (anonymous) or can not be a number.
    pub number: Option<Number>,
    /// The display name, made fit to be shown.
    pub display_name: Option<String>,
}

/// Where an incoming call came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A signed-in agent's desk.
    Agent {
        /// The user name it registered with.
        user: String,
    },
    /// An allowed trunk peer.
    Trunk {
        /// The address the call came from.
        peer: SocketAddr,
    },
    /// The switch this user agent is registered to.
    Switch,
}

/// Names one call inside this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct CallId(pub(crate) u64);

pub(crate) type Answer<T, E> = oneshot::Sender<Result<T, E>>;

/// What a handle asks of the stack.
pub(crate) enum CallCommand {
    Ring {
        id: CallId,
        early_media: Option<String>,
        done: Answer<(), CallError>,
    },
    Accept {
        id: CallId,
        sdp: String,
        done: Answer<(), CallError>,
    },
    Reject {
        id: CallId,
        code: u16,
        reason: Option<HeaderValue>,
        done: Answer<(), CallError>,
    },
    Reoffer {
        id: CallId,
        sdp: String,
        done: Answer<String, ReofferError>,
    },
    AnswerReoffer {
        id: CallId,
        ticket: u64,
        answer: Result<String, u16>,
    },
    Refer {
        id: CallId,
        target: TransferTarget,
        progress: mpsc::UnboundedSender<Transfer>,
    },
    AnswerReferral {
        id: CallId,
        ticket: u64,
        answer: Result<(), u16>,
    },
    ReportReferral {
        id: CallId,
        ticket: u64,
        progress: Transfer,
    },
    HangUp {
        id: CallId,
        reason: Option<HeaderValue>,
    },
}

impl Call {
    pub(crate) fn new(
        id: CallId,
        sip_call_id: String,
        commands: mpsc::UnboundedSender<CallCommand>,
    ) -> Self {
        Self {
            id,
            sip_call_id,
            commands,
        }
    }

    #[cfg(test)]
    pub(crate) fn id(&self) -> CallId {
        self.id
    }

    /// The dialog's Call-ID, to find the call in traces.
    #[must_use]
    pub fn sip_call_id(&self) -> &str {
        &self.sip_call_id
    }

    /// Tells the caller that the user is being alerted (180). May be repeated.
    ///
    /// # Errors
    /// [`CallError::OutOfTurn`] unless the call is incoming and not yet answered.
    pub async fn ring(&self) -> Result<(), CallError> {
        self.ask(|id, done| CallCommand::Ring {
            id,
            early_media: None,
            done,
        })
        .await
    }

    /// Sends sound before answering: 183 with this SDP answer.
    ///
    /// # Errors
    /// [`CallError::OutOfTurn`] unless the call is incoming and not yet answered.
    pub async fn progress(&self, sdp: String) -> Result<(), CallError> {
        self.ask(|id, done| CallCommand::Ring {
            id,
            early_media: Some(sdp),
            done,
        })
        .await
    }

    /// Answers the call with this SDP (an offer, if the call came without one).
    ///
    /// # Errors
    /// [`CallError::OutOfTurn`] unless the call is incoming and not yet answered;
    /// [`CallError::Ended`] when the caller has just given up.
    pub async fn accept(&self, sdp: String) -> Result<(), CallError> {
        self.ask(|id, done| CallCommand::Accept { id, sdp, done })
            .await
    }

    /// Refuses the call with a final status (300–699; others become 603) and words for the `Reason` header.
    ///
    /// # Errors
    /// [`CallError::OutOfTurn`] unless the call is incoming and not yet answered.
    pub async fn reject(&self, code: u16, reason: Option<HeaderValue>) -> Result<(), CallError> {
        self.ask(|id, done| CallCommand::Reject {
            id,
            code,
            reason,
            done,
        })
        .await
    }

    /// Offers a new session (re-INVITE) and waits for the far side's SDP answer. Hold and resume are this.
    ///
    /// # Errors
    /// See [`ReofferError`]; crossing offers (491) are tried again inside.
    pub async fn reoffer(&self, sdp: String) -> Result<String, ReofferError> {
        let (done, answer) = oneshot::channel();
        let command = CallCommand::Reoffer {
            id: self.id,
            sdp,
            done,
        };
        if self.commands.send(command).is_err() {
            return Err(ReofferError::Ended);
        }
        answer.await.unwrap_or(Err(ReofferError::Ended))
    }

    /// Asks the far side to call a number in this side's place: a blind transfer (REFER, RFC 3515). The call stays
    /// until either side hangs up.
    pub fn refer(&self, target: Number) -> Transfers {
        self.transfer(TransferTarget::Number(target))
    }

    /// Asks the far side to take this side's place in another call: an attended transfer (REFER with Replaces,
    /// RFC 3891). Both calls must be of the same user agent or endpoint, and answered; both stay until someone
    /// hangs up.
    pub fn refer_replacing(&self, other: &Self) -> Transfers {
        if self.commands.same_channel(&other.commands) {
            self.transfer(TransferTarget::Call(other.id))
        } else {
            failed()
        }
    }

    fn transfer(&self, target: TransferTarget) -> Transfers {
        let (progress, transfers) = mpsc::unbounded_channel();
        let id = self.id;
        let command = CallCommand::Refer {
            id,
            target,
            progress,
        };
        match self.commands.send(command) {
            Ok(()) => transfers,
            Err(_) => failed(),
        }
    }

    /// Ends the call whatever its state: cancels one that is not answered yet, declines one that came in,
    /// says good-bye to a running one. The words go into the `Reason` header. [`CallEvent::Ended`] follows.
    pub fn hangup(&self, reason: Option<HeaderValue>) {
        // A closed channel means the stack is gone, and the call with it.
        let _ = self.commands.send(CallCommand::HangUp {
            id: self.id,
            reason,
        });
    }

    async fn ask(
        &self,
        command: impl FnOnce(CallId, Answer<(), CallError>) -> CallCommand,
    ) -> Result<(), CallError> {
        let (done, answer) = oneshot::channel();
        if self.commands.send(command(self.id, done)).is_err() {
            return Err(CallError::Ended);
        }
        answer.await.unwrap_or(Err(CallError::Ended))
    }
}

/// A transfer that can not begin.
fn failed() -> Transfers {
    let (progress, transfers) = mpsc::unbounded_channel();
    // The receiver is right here.
    let _ = progress.send(Transfer::Failed(481));
    transfers
}

impl PartialEq for Call {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.commands.same_channel(&other.commands)
    }
}

impl Eq for Call {}

impl ReofferReply {
    pub(crate) fn new(
        id: CallId,
        ticket: u64,
        commands: mpsc::UnboundedSender<CallCommand>,
    ) -> Self {
        Self {
            id,
            ticket,
            commands: Some(commands),
        }
    }

    /// Agrees to the new session with this SDP.
    pub fn accept(mut self, sdp: String) {
        self.send(Ok(sdp));
    }

    /// Declines with a final status (300–699; others become 488); the old session stays.
    pub fn reject(mut self, code: u16) {
        self.send(Err(code));
    }

    fn send(&mut self, answer: Result<String, u16>) {
        if let Some(commands) = self.commands.take() {
            // A closed channel means the stack is gone, and the call with it.
            let _ = commands.send(CallCommand::AnswerReoffer {
                id: self.id,
                ticket: self.ticket,
                answer,
            });
        }
    }
}

impl Drop for ReofferReply {
    fn drop(&mut self) {
        self.send(Err(488));
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("id", &self.id.0).finish()
    }
}

impl fmt::Debug for ReofferReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReofferReply").finish_non_exhaustive()
    }
}

impl fmt::Debug for IncomingCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IncomingCall")
            .field("call", &self.call)
            .field("origin", &self.origin)
            .field("from", &self.from)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Party")
            .field("number", &self.number)
            .field("display_name", &self.display_name.as_ref().map(|_| "…"))
            .finish()
    }
}
