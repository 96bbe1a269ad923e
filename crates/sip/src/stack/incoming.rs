//! Requests the far side makes for a call.

use std::time::Instant;

use tokio::sync::mpsc;

use super::{
    Stack,
    dialog::{Dialog, Offer, State, allow, read_reason},
    session::{self, Asked},
    wire::ServerKey,
};
use crate::{
    call::{Call, CallEvent, CallId, IncomingCall, Origin, Party, ReofferReply, Side},
    hop::Hop,
    message::{Fields as _, Method, NameAddr, Request, Uri},
    transaction::LONGEST_RINGING,
};

impl Stack {
    /// Takes an INVITE as a new call, or refuses it and returns `None`.
    pub(crate) fn admit(
        &mut self,
        hop: &Hop,
        request: &Request,
        origin: Origin,
        now: Instant,
    ) -> Option<IncomingCall> {
        // The user may have been looked up meanwhile and the request come again.
        if self.wire.absorb(request) {
            return None;
        }
        let target = match self.check_invite(request) {
            Ok(target) => target,
            Err((code, extra)) => {
                self.reply(hop, request, code, &extra);
                return None;
            }
        };
        let asked = session::asked(request, now);
        if asked == Asked::TooShort {
            let least = session::SHORTEST.as_secs().to_string();
            self.reply(hop, request, 422, &[("Min-SE", least)]);
            return None;
        }
        let replaces = match self.find_replaced(request) {
            Ok(replaces) => replaces,
            Err((code, extra)) => {
                self.reply(hop, request, code, &extra);
                return None;
            }
        };
        let (from, to) = parties(request, &origin);
        let key = self.wire.open(request, &super::reply_hop(request, hop));
        let id = self.next_call_id();
        let (events, receiver) = mpsc::unbounded_channel();
        let tagless = |name: &str| strip_tag(request.headers.get(name).unwrap_or_default());
        let call = Dialog {
            id,
            origin: origin.clone(),
            caller: false,
            hop: hop.clone(),
            state: State::Offered {
                invite: key.clone(),
                gives_up: now + LONGEST_RINGING,
            },
            call_id: request.call_id().to_owned(),
            local_tag: self.wire.token(),
            remote_tag: request.sender_tag(),
            local: tagless("To"),
            remote: tagless("From"),
            target,
            routes: request
                .headers
                .all("Record-Route")
                .map(str::to_owned)
                .collect(),
            contact_user: self.settings.contact_user.clone(),
            user_agent: self.settings.user_agent.clone(),
            local_number: 0,
            remote_number: Some(request.cseq().0),
            unconfirmed: None,
            last_ack: None,
            local_sdp: None,
            early_sdp: None,
            offer: Offer::None,
            postponed: None,
            updates: request.headers.lists("Allow", "UPDATE"),
            session: None,
            credentials: None,
            proven: None,
            transfers: self.settings.transfers,
            transfer: None,
            referral: None,
            referrals: 0,
            replaces,
            challenges: 0,
            events: Some(events),
        };
        self.wire.respond(&key, &request.response(100, ""), now);
        let handle = Call::new(id, call.call_id.clone(), self.commands.clone());
        self.insert(call);
        let replaced = replaces.and_then(|id| self.calls.get(&id));
        let replaced =
            replaced.map(|call| Call::new(call.id, call.call_id.clone(), self.commands.clone()));
        let referrer = request.headers.get("Referred-By").and_then(NameAddr::parse);
        Some(IncomingCall {
            call: handle,
            events: receiver,
            origin,
            from,
            to,
            headers: request.headers.for_application(),
            offer: request.sdp(),
            referred_by: referrer.as_ref().map(|referrer| party(Some(referrer))),
            replaces: replaced,
        })
    }

    /// What makes an INVITE unfit, or the address its caller wants later requests sent to.
    fn check_invite(&self, request: &Request) -> Result<String, Refusal> {
        if Uri::parse(&request.uri).is_none() {
            return Err((416, Vec::new()));
        }
        if let Some(unsupported) = unsupported(request) {
            return Err((420, vec![("Unsupported", unsupported)]));
        }
        if !request.body.is_empty() && request.sdp().is_none() {
            return Err((415, vec![("Accept", "application/sdp".to_owned())]));
        }
        let contact = request.headers.get("Contact").and_then(NameAddr::parse);
        let target = contact
            .map(|contact| contact.uri)
            .ok_or((400, Vec::new()))?;
        // A dialog this side already has, come around again (RFC 3261 section 8.2.2.2).
        let merged = self.calls.values().any(|call| {
            call.call_id == request.call_id()
                && !call.caller
                && call.remote_tag == request.sender_tag()
                && call.remote_number == Some(request.cseq().0)
        });
        if merged {
            return Err((482, Vec::new()));
        }
        Ok(target)
    }

    /// Takes a request that names a dialog.
    pub(super) fn receive_within(
        &mut self,
        hop: &Hop,
        reply_hop: &Hop,
        request: &Request,
        now: Instant,
    ) {
        let key = (
            request.call_id().to_owned(),
            request.receiver_tag().unwrap_or_default(),
        );
        let known = self
            .index
            .get(&key)
            .copied()
            .and_then(|id| self.calls.get(&id));
        let Some(call) = known.filter(|call| call.remote_tag == request.sender_tag()) else {
            self.wire.reply(request, reply_hop, 481, &[]);
            return;
        };
        if !self.may_speak(hop, call) {
            self.wire.reply(request, reply_hop, 403, &[]);
            return;
        }
        let id = call.id;
        if request.method == Method::Ack {
            self.receive_ack(id, request, now);
            self.reschedule(id);
            return;
        }
        let (number, _) = request.cseq();
        // A far side may say good-bye before it says what became of the transfer it was asked for.
        let late = request.method == Method::Notify && call.transfer.is_some();
        if matches!(call.state, State::Over { .. }) && !late {
            self.wire.reply(request, reply_hop, 481, &[]);
            return;
        }
        if call.remote_number.is_some_and(|last| number <= last) {
            self.wire.reply(request, reply_hop, 500, &[]);
            return;
        }
        if let Some(call) = self.calls.get_mut(&id) {
            call.remote_number = Some(number);
            // The far side is where it speaks from; over UDP, where its Contact says.
            if hop.transport.is_reliable() {
                call.hop = hop.clone();
            }
        }
        let key = self.wire.open(request, reply_hop);
        match request.method {
            Method::Bye => self.receive_bye(id, request, &key, now),
            Method::Invite | Method::Update => self.receive_offer(id, request, &key, now),
            Method::Options => self.respond_within(id, request, &key, 200, now),
            Method::Refer => self.receive_refer(id, request, &key, now),
            Method::Notify => self.receive_notify(id, request, &key, now),
            _ => self.respond_within(id, request, &key, 405, now),
        }
        self.reschedule(id);
    }

    pub(super) fn respond_within(
        &mut self,
        id: CallId,
        request: &Request,
        key: &ServerKey,
        code: u16,
        now: Instant,
    ) {
        if let Some(call) = self.calls.get(&id) {
            let mut response = call.response(request, code);
            if code == 405 || (code == 200 && request.method == Method::Options) {
                response.headers.set("Allow", allow(call.transfers));
            }
            self.wire.respond(key, &response, now);
        }
    }

    fn receive_ack(&mut self, id: CallId, request: &Request, now: Instant) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let confirmed = call
            .unconfirmed
            .take_if(|waiting| waiting.number == request.cseq().0);
        let Some(waiting) = confirmed else {
            return;
        };
        if let Some(postponed) = &mut call.postponed {
            postponed.at = postponed.at.min(now);
        }
        if let State::Accepted { leaving } = &call.state {
            let leaving = leaving.clone();
            call.state = State::Established;
            let answer = if waiting.offered { request.sdp() } else { None };
            call.tell(CallEvent::Confirmed(answer));
            if let Some(reason) = leaving {
                self.say_bye(id, reason.as_ref(), now);
            }
        }
    }

    fn receive_bye(&mut self, id: CallId, request: &Request, key: &ServerKey, now: Instant) {
        self.respond_within(id, request, key, 200, now);
        self.drop_referral(id, 487, None, now);
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let (cause, words) = read_reason(&request.headers);
        call.tell_end(Side::Remote, cause, words);
        let open = match (&call.state, &call.offer) {
            (State::Offered { invite, .. }, _) => Some(invite.clone()),
            (_, Offer::Received { request, .. }) => Some(request.clone()),
            _ => None,
        };
        if let Some(open) = open {
            self.refuse_open(id, &open, 487, now);
        }
        if let Some(call) = self.calls.get_mut(&id) {
            call.finish(now);
        }
    }

    /// Ends an open transaction of a call with a refusal.
    pub(super) fn refuse_open(&mut self, id: CallId, key: &ServerKey, code: u16, now: Instant) {
        if let (Some(call), Some(request)) = (self.calls.get(&id), self.wire.open_request(key)) {
            let response = call.response(request, code);
            self.wire.respond(key, &response, now);
        }
    }

    /// Takes a re-INVITE or UPDATE.
    fn receive_offer(&mut self, id: CallId, request: &Request, key: &ServerKey, now: Instant) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let asked = session::asked(request, now);
        let offers = request.method == Method::Invite || request.sdp().is_some();
        let refusal = if unsupported(request).is_some() {
            Some(420)
        } else if asked == Asked::TooShort {
            Some(422)
        } else if !offers {
            None
        } else if call.unconfirmed.is_some() || !matches!(call.state, State::Established) {
            // RFC 3261 section 14.2: an earlier offer is not settled yet.
            Some(500)
        } else {
            match &call.offer {
                Offer::None => None,
                Offer::Sent { .. } => Some(491),
                Offer::Received { .. } => Some(500),
            }
        };
        if let Some(code) = refusal {
            let mut response = call.response(request, code);
            if code == 422 {
                let least = session::SHORTEST.as_secs().to_string();
                response.headers.push("Min-SE", least);
            }
            if code == 500 {
                response.headers.push("Retry-After", "2");
            }
            if code == 420 {
                let unsupported = unsupported(request).unwrap_or_default();
                response.headers.push("Unsupported", unsupported);
            }
            self.wire.respond(key, &response, now);
            return;
        }
        call.learn_target(&request.headers);
        if !offers {
            let mut response = call.response(request, 200);
            if let Asked::Yes {
                timer,
                value,
                require,
            } = asked
            {
                call.session = Some(timer);
                response.headers.push("Session-Expires", value);
                if require {
                    response.headers.push("Require", "timer");
                }
            }
            self.wire.respond(key, &response, now);
            return;
        }
        self.last_ticket += 1;
        let ticket = self.last_ticket;
        call.offer = Offer::Received {
            ticket,
            request: key.clone(),
        };
        call.tell(CallEvent::Reoffer {
            sdp: request.sdp(),
            reply: ReofferReply::new(id, ticket, self.commands.clone()),
        });
    }

    /// Takes a CANCEL: for an open INVITE it ends it; anything later comes too late to matter.
    pub(super) fn receive_cancel(&mut self, hop: &Hop, request: &Request, now: Instant) {
        let target = ServerKey::cancelled_by(request);
        let owner = self
            .calls
            .values()
            .find_map(|call| match (&call.state, &call.offer) {
                (State::Offered { invite, .. }, _) if *invite == target => Some((call.id, true)),
                (_, Offer::Received { request: key, .. }) if *key == target => {
                    Some((call.id, false))
                }
                _ => None,
            });
        let Some((id, initial)) = owner else {
            let code = if self.wire.knows(&target) { 200 } else { 481 };
            self.wire.reply(request, hop, code, &[]);
            return;
        };
        let spoken = self
            .calls
            .get(&id)
            .is_some_and(|call| self.may_speak(hop, call));
        if !spoken {
            self.wire.reply(request, hop, 403, &[]);
            return;
        }
        self.wire.reply(request, hop, 200, &[]);
        self.refuse_open(id, &target, 487, now);
        if let Some(call) = self.calls.get_mut(&id) {
            if initial {
                let (cause, words) = read_reason(&request.headers);
                call.tell_end(Side::Remote, cause.or(Some(487)), words);
                call.finish(now);
            } else {
                call.offer = Offer::None;
            }
        }
        self.reschedule(id);
    }
}

/// A status and the headers that explain it.
pub(super) type Refusal = (u16, Vec<(&'static str, String)>);

/// The extensions a request demands that this side does not have.
fn unsupported(request: &Request) -> Option<String> {
    let demanded: Vec<&str> = request
        .headers
        .all("Require")
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|option| {
            let known = ["timer", "replaces"];
            !option.is_empty() && !known.iter().any(|known| option.eq_ignore_ascii_case(known))
        })
        .collect();
    (!demanded.is_empty()).then(|| demanded.join(", "))
}

/// Caller and called party. A trunk's assertion (RFC 3325) counts more than what the caller wrote; an agent's does
/// not count at all.
fn parties(request: &Request, origin: &Origin) -> (Party, Party) {
    let read = |name: &str| request.headers.get(name).and_then(NameAddr::parse);
    let asserted = match origin {
        Origin::Trunk { .. } | Origin::Switch => read("P-Asserted-Identity"),
        Origin::Agent { .. } => None,
    };
    let mut from = party(read("From").as_ref());
    if let Some(asserted) = asserted {
        let asserted = party(Some(&asserted));
        from.number = asserted.number.or(from.number);
        from.display_name = asserted.display_name.or(from.display_name);
    }
    let mut to = party(read("To").as_ref());
    // The request URI says what was really dialled; To is only what the first sender wrote.
    if let Some(number) = NameAddr::parse(&request.uri).and_then(|uri| uri.number()) {
        to.number = Some(number);
    }
    (from, to)
}

/// A party as an address names it.
pub(super) fn party(address: Option<&NameAddr>) -> Party {
    Party {
        number: address.and_then(NameAddr::number),
        display_name: address.and_then(NameAddr::shown_name),
    }
}

/// A `From` or `To` value without its tag.
fn strip_tag(value: &str) -> String {
    let end = value.rfind('>').map_or(0, |at| at + 1);
    let (head, tail) = value.split_at(end);
    let kept = tail
        .split(';')
        .filter(|part| !part.trim_start().to_ascii_lowercase().starts_with("tag"))
        .collect::<Vec<_>>()
        .join(";");
    if head.is_empty() {
        // Without brackets, parameters would be read as the URI's.
        let uri = value.split(';').next().unwrap_or_default().trim();
        return format!("<{uri}>");
    }
    format!("{head}{kept}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_taken_off_and_nothing_else() {
        assert_eq!(
            strip_tag("\"A;tag=1\" <sip:a@h;x=1>;tag=2;y=3"),
            "\"A;tag=1\" <sip:a@h;x=1>;y=3"
        );
        assert_eq!(strip_tag("sip:a@h;tag=2"), "<sip:a@h>");
        assert_eq!(strip_tag("<sip:a@h>"), "<sip:a@h>");
    }
}
