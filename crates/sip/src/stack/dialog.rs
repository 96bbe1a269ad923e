//! One call's signalling: its state, and how its requests are written.

use std::time::Instant;

use tokio::sync::mpsc;

use super::{
    referral::Referred,
    session::SessionTimer,
    transfer::Transferring,
    wire::{ClientKey, ServerKey},
};
use crate::{
    call::{Answer, CallEvent, CallId, Origin, ReofferError, Side},
    digest::{self, Challenge, Subject},
    hop::Hop,
    message::{Fields as _, Headers, Method, NameAddr, Request, Response},
    secret::Secret,
    text::{HeaderValue, quote},
    transaction::{LIFETIME, Repeat, T2},
};

/// Where a call stands.
///
/// ```text
///        this side called                      this side is called
///
///   Calling ──hang up──► Cancelling         Offered ──accept──► Accepted
///      │                     │                 │                   │
///     2xx                2xx: ACK, BYE       refuse,              ACK
///      │                 else                CANCEL,               │
///      ▼                     │               BYE                   ▼
///  Established ◄─────────────┼─────────────────┼───────────── Established
///      │                     │                 │
///     BYE                    ▼                 ▼
///      └──────────────────► Over ◄─────────────┘     (kept 32 s for stragglers)
/// ```
///
/// A call hung up while `Accepted` says good-bye only after the ACK, as RFC 3261 section 15 demands.
#[derive(Debug)]
pub(crate) enum State {
    /// INVITE sent, no final response yet.
    Calling(ClientKey),
    /// Hung up before an answer; waiting for the INVITE to end.
    Cancelling {
        invite: ClientKey,
        /// CANCEL may only follow a provisional response (RFC 3261 section 9.1).
        sent: bool,
        reason: Option<HeaderValue>,
    },
    /// INVITE received, not answered yet.
    Offered {
        invite: ServerKey,
        /// Nobody lets a caller wait longer than this unanswered.
        gives_up: Instant,
    },
    /// 2xx sent, waiting for the ACK.
    Accepted {
        /// Hung up in the meantime.
        leaving: Option<Option<HeaderValue>>,
    },
    Established,
    Over {
        forget_at: Instant,
    },
}

/// A new session under discussion.
#[derive(Debug)]
pub(crate) enum Offer {
    None,
    /// This side's offer is on its way.
    Sent {
        sdp: String,
        /// `None` for a refresh nobody waits for.
        done: Option<Answer<String, ReofferError>>,
    },
    /// The far side's offer waits for the user's answer.
    Received {
        ticket: u64,
        request: ServerKey,
    },
}

/// An offer of this side that crossed one of the far side and is tried again.
#[derive(Debug)]
pub(crate) struct Postponed {
    pub(crate) at: Instant,
    pub(crate) sdp: String,
    pub(crate) done: Option<Answer<String, ReofferError>>,
}

/// A 2xx to INVITE that is repeated until its ACK comes.
#[derive(Debug)]
pub(crate) struct Unconfirmed {
    pub(crate) number: u32,
    pub(crate) wire: String,
    pub(crate) hop: Hop,
    pub(crate) repeat: Repeat,
    pub(crate) gives_up: Instant,
    /// Whether the ACK has to bring the answer.
    pub(crate) offered: bool,
}

impl Unconfirmed {
    pub(crate) fn start(number: u32, wire: String, hop: Hop, offered: bool, now: Instant) -> Self {
        Self {
            number,
            wire,
            hop,
            repeat: Repeat::start(now, T2),
            gives_up: now + LIFETIME,
            offered,
        }
    }
}

/// What proves this side to the far side.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) secret: Secret,
    pub(crate) realm: Option<String>,
    pub(crate) allow_md5: bool,
}

/// A challenge that was answered, to be used again.
#[derive(Debug)]
pub(crate) struct Proven {
    challenge: Challenge,
    header: &'static str,
    count: u32,
}

/// One call.
#[derive(Debug)]
pub(crate) struct Dialog {
    pub(crate) id: CallId,
    pub(crate) origin: Origin,
    pub(crate) caller: bool,
    pub(crate) hop: Hop,
    pub(crate) state: State,
    pub(crate) call_id: String,
    pub(crate) local_tag: String,
    pub(crate) remote_tag: Option<String>,
    /// This side's `From`/`To` without tag.
    pub(crate) local: String,
    pub(crate) remote: String,
    pub(crate) target: String,
    pub(crate) routes: Vec<String>,
    pub(crate) contact_user: String,
    pub(crate) user_agent: String,
    pub(crate) local_number: u32,
    pub(crate) remote_number: Option<u32>,
    pub(crate) unconfirmed: Option<Unconfirmed>,
    /// The last ACK, sent again when its 2xx comes again.
    pub(crate) last_ack: Option<(u32, String)>,
    pub(crate) local_sdp: Option<String>,
    pub(crate) early_sdp: Option<String>,
    pub(crate) offer: Offer,
    pub(crate) postponed: Option<Postponed>,
    pub(crate) updates: bool,
    pub(crate) session: Option<SessionTimer>,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) proven: Option<Proven>,
    /// Whether REFER and Replaces are understood.
    pub(crate) transfers: bool,
    /// This side asked the far side to call somebody else.
    pub(crate) transfer: Option<Transferring>,
    /// The far side asked this side to.
    pub(crate) referral: Option<Referred>,
    /// How often this side agreed to.
    pub(crate) referrals: u32,
    /// The call this one takes the place of when it is accepted.
    pub(crate) replaces: Option<CallId>,
    /// Challenges answered since the last success.
    pub(crate) challenges: u8,
    /// `None` once [`CallEvent::Ended`] was told.
    pub(crate) events: Option<mpsc::UnboundedSender<CallEvent>>,
}

/// How often a challenge is answered without success before the proof counts as refused.
const MOST_CHALLENGES: u8 = 2;

/// The requests this side understands.
pub(crate) fn allow(transfers: bool) -> &'static str {
    if transfers {
        "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, REFER, NOTIFY"
    } else {
        "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE"
    }
}

/// The extensions this side understands.
fn supported(transfers: bool) -> &'static str {
    if transfers {
        "timer, replaces"
    } else {
        "timer"
    }
}

impl Dialog {
    pub(crate) fn tell(&self, event: CallEvent) {
        if let Some(events) = &self.events {
            // A user who dropped the events does not want them.
            let _ = events.send(event);
        }
    }

    /// Tells the end, once.
    pub(crate) fn tell_end(&mut self, by: Side, code: Option<u16>, reason: String) {
        self.tell(CallEvent::Ended { by, code, reason });
        self.events = None;
        let sent = match std::mem::replace(&mut self.offer, Offer::None) {
            Offer::Sent { done, .. } => done,
            Offer::None | Offer::Received { .. } => None,
        };
        let postponed = self.postponed.take().and_then(|postponed| postponed.done);
        for done in [sent, postponed].into_iter().flatten() {
            // The asker may have stopped waiting.
            let _ = done.send(Err(ReofferError::Ended));
        }
    }

    pub(crate) fn finish(&mut self, now: Instant) {
        self.state = State::Over {
            forget_at: now + LIFETIME,
        };
        self.unconfirmed = None;
        self.session = None;
    }

    /// Whether this side may offer a new session now.
    pub(crate) fn is_settled(&self) -> bool {
        matches!(self.state, State::Established)
            && self.unconfirmed.is_none()
            && matches!(self.offer, Offer::None)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let unconfirmed = self
            .unconfirmed
            .as_ref()
            .map(|waiting| waiting.repeat.at.min(waiting.gives_up));
        let postponed = self.postponed.as_ref().map(|postponed| postponed.at);
        let session = self.session.map(|timer| timer.at);
        let state = match self.state {
            State::Over { forget_at } => Some(forget_at),
            State::Offered { gives_up, .. } => Some(gives_up),
            State::Calling(_)
            | State::Cancelling { .. }
            | State::Accepted { .. }
            | State::Established => None,
        };
        let transfer = self.transfer.as_ref().map(|transfer| transfer.gives_up);
        let referral = self.referral.as_ref().and_then(Referred::deadline);
        [unconfirmed, postponed, session, state, transfer, referral]
            .into_iter()
            .flatten()
            .min()
    }

    /// A request within the dialog; the number goes up except for ACK.
    pub(crate) fn request(&mut self, method: Method, branch: &str) -> Request {
        if method != Method::Ack {
            self.local_number += 1;
        }
        let number = self.local_number;
        self.numbered_request(method, number, branch)
    }

    pub(crate) fn numbered_request(&self, method: Method, number: u32, branch: &str) -> Request {
        let mut headers = Headers::default();
        headers.push("Via", self.hop.via(branch));
        headers.push("Max-Forwards", "70");
        for route in &self.routes {
            headers.push("Route", route.clone());
        }
        headers.push("From", format!("{};tag={}", self.local, self.local_tag));
        headers.push(
            "To",
            match &self.remote_tag {
                Some(tag) => format!("{};tag={tag}", self.remote),
                None => self.remote.clone(),
            },
        );
        headers.push("Call-ID", self.call_id.clone());
        headers.push("CSeq", format!("{number} {method}"));
        if matches!(method, Method::Refer | Method::Notify) {
            headers.push("Contact", self.hop.contact(&self.contact_user));
        }
        if matches!(method, Method::Invite | Method::Update) {
            headers.push("Contact", self.hop.contact(&self.contact_user));
            headers.push("Allow", allow(self.transfers));
            headers.push("Supported", supported(self.transfers));
            if let Some(timer) = &self.session {
                let who = if timer.ours { "uac" } else { "uas" };
                let seconds = timer.interval.as_secs();
                headers.push("Session-Expires", format!("{seconds};refresher={who}"));
            }
        }
        headers.push("User-Agent", self.user_agent.clone());
        Request {
            method,
            uri: self.target.clone(),
            headers,
            body: String::new(),
        }
    }

    /// A response of this side within the dialog.
    pub(crate) fn response(&self, request: &Request, code: u16) -> Response {
        let mut response = request.response(code, &self.local_tag);
        let creates = request.method == Method::Invite && (101..300).contains(&code);
        if request.method == Method::Refer && code < 300 {
            response
                .headers
                .push("Contact", self.hop.contact(&self.contact_user));
        }
        if creates || (request.method == Method::Update && code < 300) {
            response
                .headers
                .push("Contact", self.hop.contact(&self.contact_user));
            response.headers.push("Allow", allow(self.transfers));
            response
                .headers
                .push("Supported", supported(self.transfers));
        }
        response.headers.push("Server", self.user_agent.clone());
        response
    }

    /// Learns the far side's address from a message that may change it.
    pub(crate) fn learn_target(&mut self, headers: &Headers) {
        if let Some(contact) = headers.get("Contact").and_then(NameAddr::parse) {
            self.target = contact.uri;
        }
        if headers.get("Allow").is_some() {
            self.updates = headers.lists("Allow", "UPDATE");
        }
    }

    /// Becomes a dialog with the sender of a 2xx.
    pub(crate) fn learn_answer(&mut self, response: &Response) {
        self.remote_tag = response.receiver_tag();
        let routes: Vec<String> = response
            .headers
            .all("Record-Route")
            .map(str::to_owned)
            .collect();
        self.routes = routes.into_iter().rev().collect();
        self.learn_target(&response.headers);
    }

    /// Proves this side for a request that was challenged; false when the challenge must not be answered.
    ///
    /// Only the configured realm is answered, or, without one, the realm that first challenged the INVITE: a far
    /// side can not collect proofs for other realms.
    pub(crate) fn take_challenge(&mut self, response: &Response, client_nonce: &str) -> bool {
        let Some(credentials) = &self.credentials else {
            return false;
        };
        if self.challenges >= MOST_CHALLENGES {
            return false;
        }
        let (asks, header) = match response.code {
            401 => ("WWW-Authenticate", "Authorization"),
            _ => ("Proxy-Authenticate", "Proxy-Authorization"),
        };
        let known_realm = self
            .proven
            .as_ref()
            .map(|proven| proven.challenge.realm.clone());
        let initial = matches!(self.state, State::Calling(_));
        let realm = match (&credentials.realm, known_realm, initial) {
            (Some(realm), _, _) => Some(realm.clone()),
            (None, Some(realm), _) => Some(realm),
            (None, None, true) => None,
            (None, None, false) => return false,
        };
        let values = response.headers.all(asks);
        let Some(challenge) = Challenge::choose(values, realm.as_deref(), credentials.allow_md5)
        else {
            return false;
        };
        // Checked here so that a secret that does not fit is not tried.
        let subject = Subject {
            user: &credentials.user,
            method: "INVITE",
            uri: &self.target,
        };
        if digest::answer(&challenge, subject, &credentials.secret, client_nonce, 1).is_none() {
            return false;
        }
        self.challenges += 1;
        self.proven = Some(Proven {
            challenge,
            header,
            count: 0,
        });
        true
    }

    /// The short-lived dialog with a second answerer of the same INVITE.
    pub(crate) fn fork(&self, response: &Response) -> Self {
        let mut fork = Self {
            id: self.id,
            origin: self.origin.clone(),
            caller: true,
            hop: self.hop.clone(),
            state: State::Established,
            call_id: self.call_id.clone(),
            local_tag: self.local_tag.clone(),
            remote_tag: None,
            local: self.local.clone(),
            remote: self.remote.clone(),
            target: self.target.clone(),
            routes: Vec::new(),
            contact_user: self.contact_user.clone(),
            user_agent: self.user_agent.clone(),
            local_number: self.local_number,
            remote_number: None,
            unconfirmed: None,
            last_ack: None,
            local_sdp: None,
            early_sdp: None,
            offer: Offer::None,
            postponed: None,
            updates: false,
            session: None,
            credentials: None,
            proven: None,
            transfers: self.transfers,
            transfer: None,
            referral: None,
            referrals: 0,
            replaces: None,
            challenges: 0,
            events: None,
        };
        fork.learn_answer(response);
        fork
    }

    /// Adds the proof to a request, if the far side wants one.
    pub(crate) fn prove(&mut self, request: &mut Request, client_nonce: &str) {
        let (Some(credentials), Some(proven)) = (&self.credentials, &mut self.proven) else {
            return;
        };
        proven.count += 1;
        let subject = Subject {
            user: &credentials.user,
            method: request.method.as_str(),
            uri: &request.uri,
        };
        let value = digest::answer(
            &proven.challenge,
            subject,
            &credentials.secret,
            client_nonce,
            proven.count,
        );
        if let Some(value) = value {
            request.headers.set(proven.header, value);
        }
    }
}

/// A `Reason` value (RFC 3326) for the end of a call.
pub(crate) fn reason_header(code: u16, reason: &HeaderValue) -> String {
    format!("SIP;cause={code};text={}", quote(reason.as_str()))
}

/// The cause and words of a message that ends a call: its `Reason` header, else nothing.
pub(crate) fn read_reason(headers: &Headers) -> (Option<u16>, String) {
    let Some(value) = headers.get("Reason") else {
        return (None, String::new());
    };
    // The value has the form of an address's parameters after its protocol.
    let parameters = value.split_once(';').map_or("", |(_, rest)| rest);
    let Some(read) = NameAddr::parse(&format!("<x:y>;{parameters}")) else {
        return (None, String::new());
    };
    let cause = read.parameter("cause").and_then(|cause| cause.parse().ok());
    let text = read.parameter("text").unwrap_or_default();
    (cause, crate::text::clean_name(text).unwrap_or_default())
}
