//! What the users of calls ask for.

use std::time::Instant;

use super::{
    Stack,
    dialog::{Offer, Postponed, State, Unconfirmed, reason_header},
    session::{self, Asked},
};
use crate::{
    call::{Answer, CallCommand, CallError, CallId, ReofferError, Side},
    message::{Fields as _, Method},
    text::HeaderValue,
    transaction::T1,
};

impl Stack {
    /// Does what a call's user asks.
    pub(crate) fn command(&mut self, command: CallCommand, now: Instant) {
        // An asker that stopped waiting does not mind the lost answer.
        let id = match command {
            CallCommand::Ring {
                id,
                early_media,
                done,
            } => {
                let _ = done.send(self.ring(id, early_media, now));
                id
            }
            CallCommand::Accept { id, sdp, done } => {
                let _ = done.send(self.accept(id, sdp, now));
                id
            }
            CallCommand::Reject {
                id,
                code,
                reason,
                done,
            } => {
                let _ = done.send(self.reject(id, code, reason.as_ref(), now));
                id
            }
            CallCommand::Reoffer { id, sdp, done } => {
                self.reoffer(id, sdp, done, now);
                id
            }
            CallCommand::AnswerReoffer { id, ticket, answer } => {
                self.answer_reoffer(id, ticket, answer, now);
                id
            }
            CallCommand::Refer {
                id,
                target,
                progress,
            } => {
                self.refer(id, &target, progress, now);
                id
            }
            CallCommand::AnswerReferral { id, ticket, answer } => {
                self.answer_referral(id, ticket, answer, now);
                id
            }
            CallCommand::ReportReferral {
                id,
                ticket,
                progress,
            } => {
                self.report_referral(id, ticket, progress, now);
                id
            }
            CallCommand::HangUp { id, reason } => {
                self.hang_up(id, reason, now);
                id
            }
        };
        self.reschedule(id);
    }

    fn ring(&mut self, id: CallId, sdp: Option<String>, now: Instant) -> Result<(), CallError> {
        let call = self.calls.get(&id).ok_or(CallError::Ended)?;
        let key = match &call.state {
            State::Offered { invite, .. } => invite.clone(),
            State::Over { .. } => return Err(CallError::Ended),
            State::Calling(_)
            | State::Cancelling { .. }
            | State::Accepted { .. }
            | State::Established => return Err(CallError::OutOfTurn),
        };
        let request = self.wire.open_request(&key).ok_or(CallError::Ended)?;
        let code = if sdp.is_some() { 183 } else { 180 };
        let response = call.response(request, code).with_sdp(sdp);
        self.wire.respond(&key, &response, now);
        Ok(())
    }

    fn accept(&mut self, id: CallId, sdp: String, now: Instant) -> Result<(), CallError> {
        let call = self.calls.get_mut(&id).ok_or(CallError::Ended)?;
        let key = match &call.state {
            State::Offered { invite, .. } => invite.clone(),
            State::Over { .. } => return Err(CallError::Ended),
            State::Calling(_)
            | State::Cancelling { .. }
            | State::Accepted { .. }
            | State::Established => return Err(CallError::OutOfTurn),
        };
        let request = self.wire.open_request(&key).ok_or(CallError::Ended)?;
        let mut response = call.response(request, 200).with_sdp(Some(sdp.clone()));
        if let Asked::Yes {
            timer,
            value,
            require,
        } = session::asked(request, now)
        {
            call.session = Some(timer);
            response.headers.push("Session-Expires", value);
            if require {
                response.headers.push("Require", "timer");
            }
        }
        let (number, offered) = (request.cseq().0, request.sdp().is_none());
        call.local_sdp = Some(sdp);
        call.state = State::Accepted { leaving: None };
        call.unconfirmed = Some(Unconfirmed::start(
            number,
            response.to_wire(),
            super::reply_hop(request, &call.hop),
            offered,
            now,
        ));
        let replaced = call.replaces.take();
        self.wire.respond(&key, &response, now);
        if let Some(replaced) = replaced {
            self.give_way(replaced, now);
        }
        Ok(())
    }

    fn reject(
        &mut self,
        id: CallId,
        code: u16,
        reason: Option<&HeaderValue>,
        now: Instant,
    ) -> Result<(), CallError> {
        let call = self.calls.get_mut(&id).ok_or(CallError::Ended)?;
        let key = match &call.state {
            State::Offered { invite, .. } => invite.clone(),
            State::Over { .. } => return Err(CallError::Ended),
            State::Calling(_)
            | State::Cancelling { .. }
            | State::Accepted { .. }
            | State::Established => return Err(CallError::OutOfTurn),
        };
        let code = if (300..700).contains(&code) {
            code
        } else {
            603
        };
        if let Some(request) = self.wire.open_request(&key) {
            let mut response = call.response(request, code);
            if let Some(reason) = reason {
                response.headers.push("Reason", reason_header(code, reason));
            }
            self.wire.respond(&key, &response, now);
        }
        call.tell_end(Side::Local, Some(code), String::new());
        call.finish(now);
        Ok(())
    }

    pub(super) fn hang_up(&mut self, id: CallId, reason: Option<HeaderValue>, now: Instant) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        match &mut call.state {
            State::Calling(invite) => {
                let invite = invite.clone();
                let sent = self
                    .wire
                    .client(&invite)
                    .is_some_and(crate::transaction::Client::is_proceeding);
                call.state = State::Cancelling {
                    invite,
                    sent,
                    reason,
                };
                call.tell_end(Side::Local, None, String::new());
                if sent {
                    self.send_cancel(id, now);
                }
            }
            State::Offered { .. } => {
                // The state was just checked, so this can not be out of turn.
                let _ = self.reject(id, 603, reason.as_ref(), now);
            }
            State::Accepted { leaving } => {
                *leaving = Some(reason);
                call.tell_end(Side::Local, None, String::new());
            }
            State::Established => {
                call.tell_end(Side::Local, None, String::new());
                self.say_bye(id, reason.as_ref(), now);
            }
            State::Cancelling { .. } | State::Over { .. } => {}
        }
    }

    fn reoffer(
        &mut self,
        id: CallId,
        sdp: String,
        done: Answer<String, ReofferError>,
        now: Instant,
    ) {
        let Some(call) = self.calls.get_mut(&id) else {
            // The asker may have stopped waiting.
            let _ = done.send(Err(ReofferError::Ended));
            return;
        };
        let free = matches!(call.offer, Offer::None) && call.postponed.is_none();
        let refusal = match call.state {
            State::Over { .. }
            | State::Cancelling { .. }
            | State::Accepted { leaving: Some(_) } => Some(ReofferError::Ended),
            State::Established | State::Accepted { leaving: None } if free => None,
            State::Calling(_)
            | State::Offered { .. }
            | State::Accepted { .. }
            | State::Established => Some(ReofferError::Busy),
        };
        if let Some(refusal) = refusal {
            let _ = done.send(Err(refusal));
            return;
        }
        if !call.is_settled() {
            // Only the ACK of the last agreement is still on its way; its arrival sends this offer.
            call.postponed = Some(Postponed {
                at: now + T1,
                sdp,
                done: Some(done),
            });
            return;
        }
        call.offer = Offer::Sent {
            sdp,
            done: Some(done),
        };
        self.send_reoffer(id, now);
    }

    fn answer_reoffer(
        &mut self,
        id: CallId,
        ticket: u64,
        answer: Result<String, u16>,
        now: Instant,
    ) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let key = match &call.offer {
            Offer::Received {
                ticket: open,
                request,
            } if *open == ticket => request.clone(),
            // The far side has taken its offer back.
            Offer::Received { .. } | Offer::None | Offer::Sent { .. } => return,
        };
        call.offer = Offer::None;
        let sdp = match answer {
            Ok(sdp) => sdp,
            Err(code) => {
                let code = if (300..700).contains(&code) {
                    code
                } else {
                    488
                };
                self.refuse_open(id, &key, code, now);
                return;
            }
        };
        let Some(request) = self.wire.open_request(&key) else {
            return;
        };
        let mut response = call.response(request, 200).with_sdp(Some(sdp.clone()));
        if let Asked::Yes {
            timer,
            value,
            require,
        } = session::asked(request, now)
        {
            call.session = Some(timer);
            response.headers.push("Session-Expires", value);
            if require {
                response.headers.push("Require", "timer");
            }
        }
        call.local_sdp = Some(sdp);
        if request.method == Method::Invite {
            call.unconfirmed = Some(Unconfirmed::start(
                request.cseq().0,
                response.to_wire(),
                super::reply_hop(request, &call.hop),
                request.sdp().is_none(),
                now,
            ));
        }
        self.wire.respond(&key, &response, now);
    }
}
