//! New sessions this side offers in a running call, and refreshes (re-INVITE and UPDATE).

use std::time::{Duration, Instant};

use super::{
    Stack,
    dialog::{Offer, Postponed},
    session::SessionTimer,
    wire::Purpose,
};
use crate::{
    call::{CallId, ReofferError, Side},
    message::{Fields as _, Method, Request, Response},
    transaction::T1,
};

impl Stack {
    /// Sends a re-INVITE with an offer that was stored as sent.
    pub(super) fn send_reoffer(&mut self, id: CallId, now: Instant) {
        let branch = self.wire.branch();
        let token = self.wire.token();
        let Some(hop) = self.hop_of(id) else {
            return;
        };
        if let Some(call) = self.calls.get_mut(&id)
            && let Offer::Sent { sdp, .. } = &call.offer
        {
            let sdp = sdp.clone();
            let mut request = call.request(Method::Invite, &branch).with_sdp(Some(sdp));
            call.prove(&mut request, &token);
            self.wire.request(request, &hop, Purpose::Reoffer(id), now);
        }
    }

    pub(super) fn reoffer_answered(
        &mut self,
        id: CallId,
        request: &Request,
        response: &Response,
        now: Instant,
    ) {
        match response.code {
            ..200 => return,
            200..300 => {
                if let Some(call) = self.calls.get_mut(&id) {
                    call.learn_target(&response.headers);
                    call.challenges = 0;
                    call.session = SessionTimer::agreed(response, now)
                        .or(call.session.map(|timer| timer.restart(now)));
                }
                self.send_ack(id, request.cseq().0);
                self.settle_offer(id, response.sdp().ok_or(ReofferError::Declined(488)));
            }
            401 | 407
                if self.try_proof(id, response)
                    && self.send_again(id, request, Purpose::Reoffer(id), now) => {}
            491 => self.postpone_offer(id, now),
            // RFC 3261 section 12.2.1.2: the far side does not know the call any more.
            408 | 481 => self.far_side_lost(id, response.code, now),
            code => self.settle_offer(id, Err(ReofferError::Declined(code))),
        }
        self.reschedule(id);
    }

    pub(super) fn reoffer_unanswered(&mut self, id: CallId, now: Instant) {
        let is_refresh = self
            .calls
            .get(&id)
            .is_some_and(|call| matches!(call.offer, Offer::Sent { done: None, .. }));
        if is_refresh {
            // RFC 4028 section 10: a far side that does not answer a refresh is gone.
            return self.lose(id, now);
        }
        self.settle_offer(id, Err(ReofferError::NoAnswer));
        self.reschedule(id);
    }

    fn settle_offer(&mut self, id: CallId, outcome: Result<String, ReofferError>) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if let Offer::Sent { sdp, done } = std::mem::replace(&mut call.offer, Offer::None) {
            if outcome.is_ok() {
                call.local_sdp = Some(sdp);
            }
            if let Some(done) = done {
                // The asker may have stopped waiting.
                let _ = done.send(outcome);
            }
        }
    }

    /// Both sides offered at once: wait as RFC 3261 section 14.1 says, then try again.
    fn postpone_offer(&mut self, id: CallId, now: Instant) {
        let fraction = self.wire.fraction();
        if let Some(call) = self.calls.get_mut(&id)
            && let Offer::Sent { sdp, done } = std::mem::replace(&mut call.offer, Offer::None)
        {
            let wait = if call.caller {
                2.1 + 1.9 * fraction
            } else {
                2.0 * fraction
            };
            let at = now + Duration::from_secs_f64(wait);
            call.postponed = Some(Postponed { at, sdp, done });
        }
    }

    pub(super) fn retry_offer(&mut self, id: CallId, now: Instant) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let Some(mut postponed) = call.postponed.take_if(|postponed| now >= postponed.at) else {
            return;
        };
        if call.is_settled() {
            let Postponed { sdp, done, .. } = postponed;
            call.offer = Offer::Sent { sdp, done };
            self.send_reoffer(id, now);
        } else {
            postponed.at = now + T1;
            call.postponed = Some(postponed);
        }
    }

    /// Tells the far side that this side is still there, and where: UPDATE, or a re-INVITE for those who do not know it.
    pub(super) fn refresh(&mut self, id: CallId, now: Instant) {
        let branch = self.wire.branch();
        let token = self.wire.token();
        let Some(hop) = self.hop_of(id) else {
            return;
        };
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.session = call.session.map(|timer| timer.restart(now));
        if call.updates {
            let mut update = call.request(Method::Update, &branch);
            call.prove(&mut update, &token);
            self.wire.request(update, &hop, Purpose::Update(id), now);
        } else if let (true, Some(sdp)) = (call.is_settled(), call.local_sdp.clone()) {
            call.offer = Offer::Sent { sdp, done: None };
            self.send_reoffer(id, now);
        }
        self.reschedule(id);
    }

    pub(super) fn update_answered(
        &mut self,
        id: CallId,
        request: &Request,
        response: &Response,
        now: Instant,
    ) {
        match response.code {
            ..200 => return,
            200..300 => {
                if let Some(call) = self.calls.get_mut(&id) {
                    call.learn_target(&response.headers);
                    call.challenges = 0;
                    call.session = SessionTimer::agreed(response, now).or(call.session);
                }
            }
            401 | 407 if self.try_proof(id, response) => {
                self.send_again(id, request, Purpose::Update(id), now);
            }
            408 | 481 => self.far_side_lost(id, response.code, now),
            // A refresh that was declined for other reasons is tried again at the next half time.
            _ => {}
        }
        self.reschedule(id);
    }

    pub(super) fn far_side_lost(&mut self, id: CallId, code: u16, now: Instant) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.tell_end(Side::Remote, Some(code), String::new());
        }
        self.say_bye(id, None, now);
    }
}
