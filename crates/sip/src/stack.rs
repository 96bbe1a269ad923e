//! Calls and the transactions beneath them, pure.
//!
//! Calling contract: hand in whatever happened ([`Stack::receive`], [`Stack::command`], [`Stack::timeout`]
//! at [`Stack::deadline`]), then take out everything from [`Stack::poll`] and [`Stack::outside`]. Requests outside of
//! calls are given out unanswered; whoever owns the stack decides about them and answers with [`Stack::reply`] or
//! [`Stack::admit`]. Users of calls are told through channels that never block.

mod commands;
mod dialog;
mod incoming;
mod outgoing;
mod referral;
mod renewal;
mod replace;
mod session;
#[cfg(test)]
mod tests;
mod transfer;
mod wire;

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    time::Instant,
};

use ipnet::IpNet;
use tokio::sync::mpsc;

pub(crate) use self::{
    dialog::{Credentials, allow},
    outgoing::Invitation,
};
use self::{
    dialog::{Dialog, State},
    wire::{NoTransaction, Purpose, Unanswered, Wire},
};
use crate::{
    agenda::Agenda,
    call::{CallCommand, CallId, Origin, Side},
    hop::{FlowId, Hop, Transport},
    message::{Fields as _, Malformed, Message, Method, Request, Response, Uri, Via},
};

/// What a stack is told once.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// `User-Agent` and `Server`.
    pub(crate) user_agent: String,
    /// The user part of this side's `Contact`.
    pub(crate) contact_user: String,
    /// Whether REFER and Replaces are understood.
    pub(crate) transfers: bool,
    /// Networks whose hosts may carry on calls of other trusted hosts.
    pub(crate) trusted: Vec<IpNet>,
}

/// What the stack's owner has to deal with.
#[derive(Debug)]
pub(crate) enum Outside {
    /// A request that belongs to no call.
    Request { hop: Hop, request: Box<Request> },
    /// The final answer to a request sent with [`Stack::ask`]; `None` when none came.
    Answer {
        ticket: u64,
        response: Option<Box<Response>>,
    },
}

/// All calls of one end.
pub(crate) struct Stack {
    settings: Settings,
    wire: Wire,
    calls: HashMap<CallId, Dialog>,
    /// By Call-ID and this side's tag.
    index: HashMap<(String, String), CallId>,
    agenda: Agenda<CallId>,
    outside: VecDeque<Outside>,
    commands: mpsc::UnboundedSender<CallCommand>,
    /// Who proved to be at the other end of a flow.
    flow_users: HashMap<FlowId, String>,
    last_call: u64,
    last_ticket: u64,
}

impl Stack {
    /// `seed` feeds all tags, branches and waits; `commands` is the sending end of what is handed to
    /// [`Stack::command`].
    pub(crate) fn new(
        settings: Settings,
        seed: [u8; 32],
        commands: mpsc::UnboundedSender<CallCommand>,
    ) -> Self {
        Self {
            settings,
            wire: Wire::new(seed),
            calls: HashMap::new(),
            index: HashMap::new(),
            agenda: Agenda::new(),
            outside: VecDeque::new(),
            commands,
            flow_users: HashMap::new(),
            last_call: 0,
            last_ticket: 0,
        }
    }

    /// The next message to send.
    pub(crate) fn poll(&mut self) -> Option<(Hop, String)> {
        self.wire.poll()
    }

    /// The next thing the owner has to deal with.
    pub(crate) fn outside(&mut self) -> Option<Outside> {
        self.outside.pop_front()
    }

    /// When [`Stack::timeout`] has to be called.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        [self.wire.deadline(), self.agenda.next()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Does what is due.
    pub(crate) fn timeout(&mut self, now: Instant) {
        while let Some(Unanswered(purpose)) = self.wire.timeout(now) {
            self.unanswered(purpose, now);
        }
        // Taken out first: a call that is due again at once has to wait for the next time.
        let due: Vec<CallId> = std::iter::from_fn(|| self.agenda.take_due(now)).collect();
        for id in due {
            self.call_timeout(id, now);
            self.reschedule(id);
        }
    }

    /// Takes a message from the network.
    pub(crate) fn receive(&mut self, hop: &Hop, message: Message, now: Instant) {
        match message {
            Message::Request(request) => self.receive_request(hop, request, now),
            Message::Response(response) => self.receive_response(hop, response, now),
        }
    }

    /// Answers a message that could not be read, if that is possible.
    pub(crate) fn refuse(&mut self, hop: &Hop, malformed: &Malformed) {
        tracing::debug!(peer = %hop.peer, fault = %malformed.fault, "malformed SIP message refused");
        if let Some(request) = &malformed.answerable {
            let mut request = Request::clone(request);
            let hop = mark_source(&mut request, hop);
            self.wire.reply(&request, &hop, malformed.code(), &[]);
        }
    }

    /// Answers a request of someone who has no business here with 403, whatever it is.
    pub(crate) fn turn_away(&mut self, hop: &Hop, mut request: Request) {
        let hop = mark_source(&mut request, hop);
        self.wire.reply(&request, &hop, 403, &[]);
    }

    fn receive_request(&mut self, hop: &Hop, mut request: Request, now: Instant) {
        tracing::debug!(
            method = %request.method, call_id = request.call_id(), peer = %hop.peer, "request received"
        );
        let reply_hop = mark_source(&mut request, hop);
        if self.wire.absorb(&request) {
            return;
        }
        match request.method {
            Method::Cancel => self.receive_cancel(&reply_hop, &request, now),
            _ if request.receiver_tag().is_some() => {
                self.receive_within(hop, &reply_hop, &request, now);
            }
            Method::Ack => {}
            _ => self.outside.push_back(Outside::Request {
                hop: hop.clone(),
                request: Box::new(request),
            }),
        }
    }

    fn receive_response(&mut self, hop: &Hop, response: Response, now: Instant) {
        tracing::debug!(
            code = response.code, call_id = response.call_id(), peer = %hop.peer, "response received"
        );
        match self.wire.receive(&response, now) {
            Ok(Some((purpose, request))) => self.answered(purpose, &request, response, now),
            Ok(None) => {}
            Err(NoTransaction) => self.stray_response(&response, now),
        }
    }

    fn answered(&mut self, purpose: Purpose, request: &Request, response: Response, now: Instant) {
        match purpose {
            Purpose::Invite(id) => self.invite_answered(id, request, &response, now),
            Purpose::Reoffer(id) => self.reoffer_answered(id, request, &response, now),
            Purpose::Update(id) => self.update_answered(id, request, &response, now),
            Purpose::Bye(id) => self.bye_answered(id, request, &response, now),
            Purpose::Refer(id) => self.refer_answered(id, request, &response, now),
            Purpose::Notify(id) if response.code >= 300 => self.notify_refused(id),
            Purpose::Cancel(_) | Purpose::Notify(_) => {}
            Purpose::Outside(ticket) => {
                if response.code >= 200 {
                    self.outside.push_back(Outside::Answer {
                        ticket,
                        response: Some(Box::new(response)),
                    });
                }
            }
        }
    }

    fn unanswered(&mut self, purpose: Purpose, now: Instant) {
        match purpose {
            Purpose::Invite(id) => self.invite_unanswered(id, now),
            Purpose::Reoffer(id) => self.reoffer_unanswered(id, now),
            Purpose::Update(id) => self.lose(id, now),
            Purpose::Refer(id) => self.refer_unanswered(id, now),
            Purpose::Notify(id) => self.notify_refused(id),
            Purpose::Bye(_) | Purpose::Cancel(_) => {}
            Purpose::Outside(ticket) => self.outside.push_back(Outside::Answer {
                ticket,
                response: None,
            }),
        }
    }

    /// Answers a request outside of calls and keeps nothing of it.
    pub(crate) fn reply(
        &mut self,
        hop: &Hop,
        request: &Request,
        code: u16,
        extra: &[(&str, String)],
    ) {
        // The top Via tells where answers go; it was marked on arrival.
        let hop = reply_hop(request, hop);
        self.wire.reply(request, &hop, code, extra);
    }

    /// Sends a request outside of calls. The `Via` is added here; the ticket comes back with the answer.
    pub(crate) fn ask(&mut self, mut request: Request, hop: &Hop, now: Instant) -> u64 {
        self.last_ticket += 1;
        let branch = self.wire.branch();
        let mut headers = crate::message::Headers::default();
        headers.push("Via", hop.via(&branch));
        for (name, value) in request.headers.iter() {
            headers.push(name, value);
        }
        request.headers = headers;
        let purpose = Purpose::Outside(self.last_ticket);
        self.wire.request(request, hop, purpose, now);
        self.last_ticket
    }

    /// A fresh unguessable token.
    pub(crate) fn token(&mut self) -> String {
        self.wire.token()
    }

    /// A random number between 0 and 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        self.wire.fraction()
    }

    /// Notes who proved to be at the other end of a flow.
    pub(crate) fn set_flow_user(&mut self, flow: FlowId, user: String) {
        self.flow_users.insert(flow, user);
    }

    /// Who proved to be at the other end of a flow.
    pub(crate) fn flow_user(&self, flow: FlowId) -> Option<&str> {
        self.flow_users.get(&flow).map(String::as_str)
    }

    /// Whether the far side of a call is at the other end of a flow.
    pub(crate) fn carries_call(&self, flow: FlowId) -> bool {
        self.calls.values().any(|call| call.hop.flow == flow)
    }

    /// A flow is gone. Calls over WebSocket wait for the peer to come back; others fail their open requests.
    pub(crate) fn close_flow(&mut self, flow: FlowId, transport: Transport, now: Instant) {
        self.flow_users.remove(&flow);
        match transport {
            Transport::Udp | Transport::Wss => {}
            Transport::Tcp => {
                for purpose in self.wire.abandon(flow) {
                    self.unanswered(purpose, now);
                }
            }
        }
    }

    /// Moves everything on a lost flow to its successor. With `announce`, tells the far side of every running call,
    /// which learns the new way from it.
    pub(crate) fn rebind(&mut self, old: FlowId, new: &Hop, announce: bool, now: Instant) {
        self.wire.rebind(old, new);
        let moved: Vec<CallId> = self
            .calls
            .values_mut()
            .filter(|call| call.hop.flow == old)
            .map(|call| {
                call.hop = new.clone();
                if let Some(waiting) = &mut call.unconfirmed {
                    waiting.hop = new.clone();
                }
                call.id
            })
            .collect();
        for id in moved {
            let up = self
                .calls
                .get(&id)
                .is_some_and(|call| matches!(call.state, State::Established));
            if announce && up {
                self.refresh(id, now);
            }
        }
    }

    /// Ends every call with words, as when the program stops.
    pub(crate) fn hang_up_all(&mut self, now: Instant) {
        let ids: Vec<CallId> = self.calls.keys().copied().collect();
        for id in ids {
            self.hang_up(id, None, now);
            self.reschedule(id);
        }
    }

    /// Whether far sides still owe an answer, or are owed a good-bye.
    pub(crate) fn is_busy(&self) -> bool {
        let leaving = |call: &Dialog| match &call.state {
            State::Accepted { leaving } => leaving.is_some(),
            State::Cancelling { .. } => true,
            State::Calling(_) | State::Offered { .. } | State::Established | State::Over { .. } => {
                false
            }
        };
        self.wire.is_busy() || self.calls.values().any(leaving)
    }

    fn next_call_id(&mut self) -> CallId {
        self.last_call += 1;
        CallId(self.last_call)
    }

    fn insert(&mut self, call: Dialog) {
        let id = call.id;
        self.index
            .insert((call.call_id.clone(), call.local_tag.clone()), id);
        self.calls.insert(id, call);
        self.reschedule(id);
    }

    fn reschedule(&mut self, id: CallId) {
        let deadline = self.calls.get(&id).and_then(Dialog::deadline);
        self.agenda.set(id, deadline);
    }

    fn call_timeout(&mut self, id: CallId, now: Instant) {
        self.drop_referral(id, 480, Some(now), now);
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.give_up_transfer(now, false);
        if let State::Over { forget_at } = call.state {
            if now >= forget_at
                && let Some(mut call) = self.calls.remove(&id)
            {
                call.give_up_transfer(now, true);
                self.index.remove(&(call.call_id, call.local_tag));
            }
            return;
        }
        if let State::Offered { invite, gives_up } = &call.state
            && now >= *gives_up
        {
            let invite = invite.clone();
            call.tell_end(Side::Remote, Some(408), String::new());
            call.finish(now);
            self.refuse_open(id, &invite, 480, now);
            return;
        }
        if let Some(waiting) = &mut call.unconfirmed {
            if now >= waiting.gives_up {
                // RFC 3261 section 13.3.1.4: an unconfirmed call is ended.
                self.lose(id, now);
                return;
            }
            if now >= waiting.repeat.at {
                waiting.repeat = waiting.repeat.next(now);
                let (hop, wire) = (waiting.hop.clone(), waiting.wire.clone());
                self.wire.send(&hop, wire);
            }
        }
        self.retry_offer(id, now);
        let due = self.calls.get(&id).and_then(|call| call.session);
        match due {
            Some(timer) if now >= timer.at && timer.ours => self.refresh(id, now),
            Some(timer) if now >= timer.at => self.lose(id, now),
            Some(_) | None => {}
        }
    }

    /// Ends a running call whose far side does not answer any more.
    fn lose(&mut self, id: CallId, now: Instant) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.tell_end(Side::Remote, Some(408), String::new());
        }
        self.say_bye(id, None, now);
        self.reschedule(id);
    }

    /// Whether a request on a hop may speak for the far side of a call.
    fn may_speak(&self, hop: &Hop, call: &Dialog) -> bool {
        match &call.origin {
            Origin::Switch => true,
            Origin::Agent { user } => self.flow_users.get(&hop.flow) == Some(user),
            Origin::Trunk { peer } => {
                hop.transport != Transport::Wss
                    && (hop.peer.ip() == peer.ip() || is_within(&self.settings.trusted, hop.peer))
            }
        }
    }

    /// Where requests of a call go: over UDP to the address the far side named, if it is a trusted one.
    fn next_hop(&self, call: &Dialog) -> Hop {
        let mut hop = call.hop.clone();
        if hop.transport != Transport::Udp {
            return hop;
        }
        let next = call.routes.first().map_or(call.target.as_str(), |route| {
            route
                .trim_start_matches('<')
                .split('>')
                .next()
                .unwrap_or_default()
        });
        if let Some(uri) = Uri::parse(next)
            && let Some(ip) = uri.ip()
        {
            let named = SocketAddr::new(ip, uri.port.unwrap_or(5060));
            let reliable = uri.transport.is_some_and(|transport| transport != "udp");
            let trusted = ip == hop.peer.ip() || is_within(&self.settings.trusted, named);
            if trusted && !reliable {
                hop.peer = named;
            }
        }
        hop
    }

    /// How many calls there are, with those just ended.
    #[cfg(test)]
    pub(crate) fn call_count(&self) -> usize {
        self.calls.len()
    }
}

/// Whether an address lies in one of some networks.
pub(crate) fn is_within(networks: &[IpNet], address: SocketAddr) -> bool {
    let ip = address.ip().to_canonical();
    networks.iter().any(|network| network.contains(&ip))
}

/// Notes in the topmost `Via` where a request really came from (RFC 3261 section 18.2.1, RFC 3581), and tells where
/// its answers go.
fn mark_source(request: &mut Request, hop: &Hop) -> Hop {
    if let Some(top) = request.headers.top_mut("Via")
        && let Some(via) = Via::parse(top)
    {
        *top = via.with_source(hop.peer);
    }
    reply_hop(request, hop)
}

fn reply_hop(request: &Request, hop: &Hop) -> Hop {
    let mut hop = hop.clone();
    if hop.transport == Transport::Udp
        && let Some(via) = request.headers.get("Via").and_then(Via::parse)
        && !via.wants_source_port()
    {
        hop.peer.set_port(via.port.unwrap_or(5060));
    }
    hop
}
