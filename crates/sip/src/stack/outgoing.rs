//! Requests this side makes for a call, and what becomes of the answers.

use std::time::Instant;

use tokio::sync::mpsc;

use super::{
    Stack,
    dialog::{Credentials, Dialog, Offer, State, read_reason, reason_header},
    session::{self, SessionTimer},
    wire::Purpose,
};
use crate::{
    call::{Call, CallEvent, CallEvents, CallId, Origin, Side},
    hop::Hop,
    message::{Fields as _, Method, Request, Response},
    text::HeaderValue,
};

/// A call to be made, its addresses written out.
#[derive(Debug)]
pub(crate) struct Invitation {
    /// Who is at the other end.
    pub(crate) origin: Origin,
    /// The request URI.
    pub(crate) uri: String,
    /// `From` without tag.
    pub(crate) local: String,
    /// `To`.
    pub(crate) remote: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) sdp: String,
    pub(crate) credentials: Option<Credentials>,
}

impl Stack {
    /// Starts a call.
    pub(crate) fn invite(
        &mut self,
        hop: &Hop,
        invitation: Invitation,
        now: Instant,
    ) -> (Call, CallEvents) {
        let id = self.next_call_id();
        let (events, receiver) = mpsc::unbounded_channel();
        let branch = self.wire.branch();
        let mut call = Dialog {
            id,
            origin: invitation.origin,
            caller: true,
            hop: hop.clone(),
            // Replaced by the real key as soon as the request is on its way.
            state: State::Over { forget_at: now },
            call_id: self.wire.token(),
            local_tag: self.wire.token(),
            remote_tag: None,
            local: invitation.local,
            remote: invitation.remote,
            target: invitation.uri,
            routes: Vec::new(),
            contact_user: self.settings.contact_user.clone(),
            user_agent: self.settings.user_agent.clone(),
            local_number: 0,
            remote_number: None,
            unconfirmed: None,
            last_ack: None,
            local_sdp: Some(invitation.sdp.clone()),
            early_sdp: None,
            offer: Offer::None,
            postponed: None,
            updates: false,
            session: None,
            credentials: invitation.credentials,
            proven: None,
            transfers: self.settings.transfers,
            transfer: None,
            referral: None,
            referrals: 0,
            replaces: None,
            challenges: 0,
            events: Some(events),
        };
        let mut request = call
            .request(Method::Invite, &branch)
            .with_sdp(Some(invitation.sdp));
        let seconds = session::USUAL.as_secs();
        request.headers.push("Session-Expires", seconds.to_string());
        for (name, value) in invitation.headers {
            request.headers.push(&name, value);
        }
        let key = self.wire.request(request, hop, Purpose::Invite(id), now);
        call.state = State::Calling(key);
        let handle = Call::new(id, call.call_id.clone(), self.commands.clone());
        self.insert(call);
        (handle, receiver)
    }

    pub(super) fn invite_answered(
        &mut self,
        id: CallId,
        request: &Request,
        response: &Response,
        now: Instant,
    ) {
        match response.code {
            ..200 => self.invite_progressed(id, response, now),
            200..300 => self.invite_accepted(id, request, response, now),
            401 | 407 if self.invite_again(id, request, response, now) => {}
            422 if self.invite_longer(id, request, response, now) => {}
            _ => {
                if let Some(call) = self.calls.get_mut(&id) {
                    let (_, mut reason) = read_reason(&response.headers);
                    if reason.is_empty() {
                        reason = crate::text::clean_name(&response.phrase).unwrap_or_default();
                    }
                    call.tell_end(Side::Remote, Some(response.code), reason);
                    call.finish(now);
                }
            }
        }
        self.reschedule(id);
    }

    fn invite_progressed(&mut self, id: CallId, response: &Response, now: Instant) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        match &mut call.state {
            State::Cancelling { sent, .. } if !*sent => {
                *sent = true;
                self.send_cancel(id, now);
            }
            State::Calling(_) => {
                if response.code == 180 {
                    call.tell(CallEvent::Ringing);
                }
                if response.code > 100
                    && let Some(sdp) = response.sdp()
                    && call.early_sdp.as_ref() != Some(&sdp)
                {
                    call.early_sdp = Some(sdp.clone());
                    call.tell(CallEvent::EarlyMedia(sdp));
                }
            }
            State::Cancelling { .. }
            | State::Offered { .. }
            | State::Accepted { .. }
            | State::Established
            | State::Over { .. } => {}
        }
    }

    fn invite_accepted(
        &mut self,
        id: CallId,
        request: &Request,
        response: &Response,
        now: Instant,
    ) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.learn_answer(response);
        call.challenges = 0;
        call.session = SessionTimer::agreed(response, now);
        self.send_ack(id, request.cseq().0);
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        match &call.state {
            State::Calling(_) => {}
            // The answer crossed the hang-up: the call exists and has to be ended properly.
            State::Cancelling { reason, .. } => {
                let reason = reason.clone();
                self.say_bye(id, reason.as_ref(), now);
                return;
            }
            State::Offered { .. }
            | State::Accepted { .. }
            | State::Established
            | State::Over { .. } => {
                return;
            }
        }
        call.state = State::Established;
        match response.sdp().or_else(|| call.early_sdp.take()) {
            Some(sdp) => call.tell(CallEvent::Answered(sdp)),
            None => {
                call.tell_end(Side::Local, Some(488), String::new());
                self.say_bye(id, None, now);
            }
        }
    }

    /// Tries a challenged INVITE once more with proof; false when that makes no sense.
    fn invite_again(
        &mut self,
        id: CallId,
        request: &Request,
        response: &Response,
        now: Instant,
    ) -> bool {
        self.try_proof(id, response) && self.send_again(id, request, Purpose::Invite(id), now)
    }

    /// Whether a challenge may be answered, and if so remembers the proof to give.
    pub(super) fn try_proof(&mut self, id: CallId, response: &Response) -> bool {
        let token = self.wire.token();
        self.calls
            .get_mut(&id)
            .is_some_and(|call| call.take_challenge(response, &token))
    }

    /// Tries an INVITE again with the session interval the far side insists on.
    fn invite_longer(
        &mut self,
        id: CallId,
        request: &Request,
        response: &Response,
        now: Instant,
    ) -> bool {
        let asked = |fields: &crate::message::Headers, name: &str| {
            let value = fields.get(name)?.split(';').next()?.trim();
            value.parse::<u64>().ok()
        };
        let Some(least) = asked(&response.headers, "Min-SE") else {
            return false;
        };
        if asked(&request.headers, "Session-Expires").is_none_or(|now| now >= least)
            || least > 86_400
        {
            return false;
        }
        let mut longer = request.clone();
        longer.headers.set("Session-Expires", least.to_string());
        longer.headers.set("Min-SE", least.to_string());
        self.send_again(id, &longer, Purpose::Invite(id), now)
    }

    /// Sends a request again as a new transaction of the same call.
    pub(super) fn send_again(
        &mut self,
        id: CallId,
        request: &Request,
        purpose: Purpose,
        now: Instant,
    ) -> bool {
        let branch = self.wire.branch();
        let token = self.wire.token();
        let Some(call) = self.calls.get_mut(&id) else {
            return false;
        };
        let hop = call.hop.clone();
        let mut again = request.clone();
        call.local_number += 1;
        if let Some(via) = again.headers.top_mut("Via") {
            *via = hop.via(&branch);
        }
        let number = call.local_number;
        again
            .headers
            .set("CSeq", format!("{number} {}", again.method));
        call.prove(&mut again, &token);
        if let State::Cancelling { .. } = call.state {
            return false;
        }
        let initial = matches!(call.state, State::Calling(_));
        let next = if initial {
            hop
        } else {
            self.hop_of(id).unwrap_or(hop)
        };
        let key = self.wire.request(again, &next, purpose, now);
        if initial && let Some(call) = self.calls.get_mut(&id) {
            call.state = State::Calling(key);
        }
        true
    }

    pub(super) fn invite_unanswered(&mut self, id: CallId, now: Instant) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.tell_end(Side::Remote, Some(408), String::new());
            call.finish(now);
        }
        self.reschedule(id);
    }

    /// A 2xx that belongs to no running INVITE: a repetition, or a second answerer behind a forking proxy.
    pub(super) fn stray_response(&mut self, response: &Response, now: Instant) {
        let (number, method) = response.cseq();
        if method != Method::Invite || !(200..300).contains(&response.code) {
            return;
        }
        let key = (
            response.call_id().to_owned(),
            response.sender_tag().unwrap_or_default(),
        );
        let Some(call) = self.index.get(&key).and_then(|id| self.calls.get(id)) else {
            return;
        };
        if response.receiver_tag() == call.remote_tag {
            if let Some((acked, wire)) = &call.last_ack
                && *acked == number
            {
                let (hop, wire) = (self.next_hop(call), wire.clone());
                self.wire.send(&hop, wire);
            }
            return;
        }
        // RFC 3261 section 13.2.2.4: further answers are acknowledged and ended.
        let mut other = call.fork(response);
        let hop = self.next_hop(&other);
        let branch = self.wire.branch();
        let ack = other.numbered_request(Method::Ack, number, &branch);
        self.wire.send(&hop, ack.to_wire());
        let branch = self.wire.branch();
        let bye = other.request(Method::Bye, &branch);
        self.wire.request(bye, &hop, Purpose::Bye(other.id), now);
    }

    pub(super) fn hop_of(&self, id: CallId) -> Option<Hop> {
        self.calls.get(&id).map(|call| self.next_hop(call))
    }

    pub(super) fn send_ack(&mut self, id: CallId, number: u32) {
        let branch = self.wire.branch();
        let Some(hop) = self.hop_of(id) else {
            return;
        };
        if let Some(call) = self.calls.get_mut(&id) {
            let wire = call
                .numbered_request(Method::Ack, number, &branch)
                .to_wire();
            call.last_ack = Some((number, wire.clone()));
            self.wire.send(&hop, wire);
        }
    }

    /// Sends CANCEL for a call in the state Cancelling.
    pub(super) fn send_cancel(&mut self, id: CallId, now: Instant) {
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        let State::Cancelling { invite, reason, .. } = &call.state else {
            return;
        };
        let Some(client) = self.wire.client(invite) else {
            return;
        };
        let (hop, invite) = (client.hop.clone(), &client.request);
        let mut cancel = Request {
            method: Method::Cancel,
            uri: invite.uri.clone(),
            headers: crate::message::Headers::default(),
            body: String::new(),
        };
        for (name, value) in invite.headers.iter() {
            if matches!(
                name,
                "Via" | "Max-Forwards" | "Route" | "From" | "To" | "Call-ID"
            ) {
                cancel.headers.push(name, value);
            }
        }
        let (number, _) = invite.cseq();
        cancel.headers.push("CSeq", format!("{number} CANCEL"));
        if let Some(reason) = reason {
            cancel.headers.push("Reason", reason_header(487, reason));
        }
        self.wire.request(cancel, &hop, Purpose::Cancel(id), now);
    }

    /// Sends BYE if there is a dialog to end; the call is over then.
    pub(super) fn say_bye(&mut self, id: CallId, reason: Option<&HeaderValue>, now: Instant) {
        self.drop_referral(id, 487, None, now);
        let branch = self.wire.branch();
        let token = self.wire.token();
        let Some(hop) = self.hop_of(id) else {
            return;
        };
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if !matches!(call.state, State::Over { .. }) && call.remote_tag.is_some() {
            let mut bye = call.request(Method::Bye, &branch);
            if let Some(reason) = reason {
                bye.headers.push("Reason", reason_header(200, reason));
            }
            call.prove(&mut bye, &token);
            self.wire.request(bye, &hop, Purpose::Bye(id), now);
        }
        call.finish(now);
        self.reschedule(id);
    }

    pub(super) fn bye_answered(
        &mut self,
        id: CallId,
        request: &Request,
        response: &Response,
        now: Instant,
    ) {
        if matches!(response.code, 401 | 407) && self.try_proof(id, response) {
            self.send_again(id, request, Purpose::Bye(id), now);
        }
    }
}
