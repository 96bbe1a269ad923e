//! What the centre's end does about each message, pure.

#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use ipnet::IpNet;
use tokio::sync::mpsc;

use super::{
    EndpointEvent, PlaceCallError,
    guard::{Guard, WINDOW},
    nonce::{Nonces, Worth},
    registrar::{Outcome, Registrar},
};
use crate::{
    agenda::Agenda,
    call::{Call, CallCommand, CallEvents, Origin, OutgoingCall},
    digest::{self, Proof},
    hop::{FlowId, Hop, Transport},
    message::{Fields as _, Message, Method, NameAddr, Request, Uri, parse},
    secret::Secret,
    stack::{Credentials, Invitation, Outside, Settings, Stack, allow, is_within},
    text::quote,
};

/// A connection nobody proved to be on is closed after this long.
const UNPROVEN: Duration = Duration::from_secs(10);
/// A connection that says nothing, not even a ping, is closed after this long.
const SILENT: Duration = Duration::from_secs(20);
/// Most secrets looked up at once; more only come from a flood.
const MOST_PENDING: usize = 1024;

/// What an endpoint is told once.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub(super) realm: String,
    pub(super) user_agent: String,
    pub(super) trunks: Vec<IpNet>,
}

/// A request whose sender's secret is being looked up.
struct Pending {
    hop: Hop,
    request: Box<Request>,
    proof: Proof,
}

/// The centre's end without its sockets.
pub(super) struct Core {
    pub(super) stack: Stack,
    rules: Rules,
    registrar: Registrar,
    nonces: Nonces,
    guard: Guard,
    events: mpsc::UnboundedSender<EndpointEvent>,
    pending: HashMap<u64, Pending>,
    last_ticket: u64,
    lookups: VecDeque<(u64, String)>,
    closing: VecDeque<FlowId>,
    /// When each connection is given up.
    patience: Agenda<FlowId>,
    /// Stands in for the secret of unknown users, so that they take as long as known ones.
    nobody: Secret,
}

impl Core {
    pub(super) fn new(
        rules: Rules,
        seed: [u8; 32],
        nonce_key: [u8; 32],
        commands: mpsc::UnboundedSender<CallCommand>,
        events: mpsc::UnboundedSender<EndpointEvent>,
        now: Instant,
    ) -> Self {
        let settings = Settings {
            user_agent: rules.user_agent.clone(),
            contact_user: "seatline".to_owned(),
            // Whoever owns this end moves calls itself, and lets nobody else do it.
            transfers: false,
            trusted: rules.trunks.clone(),
        };
        let mut stack = Stack::new(settings, seed, commands);
        let nobody = Secret::password(stack.token());
        Self {
            stack,
            rules,
            registrar: Registrar::new(),
            nonces: Nonces::new(nonce_key, now),
            guard: Guard::default(),
            events,
            pending: HashMap::new(),
            last_ticket: 0,
            lookups: VecDeque::new(),
            closing: VecDeque::new(),
            patience: Agenda::new(),
            nobody,
        }
    }

    /// A peer opened a connection. Those of trunks stay: their calls may be silent for long.
    pub(super) fn open_flow(&mut self, hop: &Hop, now: Instant) {
        if hop.transport == Transport::Wss || !self.is_welcome(hop) {
            self.patience.set(hop.flow, Some(now + UNPROVEN));
        }
    }

    /// Something, if only a ping, came on a WebSocket.
    pub(super) fn hear(&mut self, flow: FlowId, now: Instant) {
        if self.stack.flow_user(flow).is_some() {
            self.patience.set(flow, Some(now + SILENT));
        }
    }

    pub(super) fn close_flow(&mut self, flow: FlowId, transport: Transport, now: Instant) {
        self.patience.set(flow, None);
        self.registrar.close_flow(flow, now);
        self.stack.close_flow(flow, transport, now);
        self.pending
            .retain(|_, pending| pending.hop.flow != flow || transport == Transport::Udp);
        self.publish();
    }

    pub(super) fn receive(&mut self, hop: &Hop, bytes: &[u8], now: Instant) {
        if bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            return;
        }
        match parse(bytes) {
            // Strangers learn nothing, whatever they send; only a call they are part of may name them.
            Ok(Message::Request(request))
                if !self.is_welcome(hop) && request.receiver_tag().is_none() =>
            {
                self.stack.turn_away(hop, request);
            }
            Ok(message) => self.stack.receive(hop, message, now),
            Err(malformed) if self.is_welcome(hop) => self.stack.refuse(hop, &malformed),
            Err(_) => {}
        }
        self.deal(now);
    }

    /// Whether messages from a hop are looked at: all from WebSockets, and those of allowed trunks.
    fn is_welcome(&self, hop: &Hop) -> bool {
        match hop.transport {
            Transport::Wss => true,
            Transport::Udp | Transport::Tcp => is_within(&self.rules.trunks, hop.peer),
        }
    }

    pub(super) fn command(&mut self, command: CallCommand, now: Instant) {
        self.stack.command(command, now);
        self.deal(now);
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        [
            self.stack.deadline(),
            self.registrar.deadline(),
            self.patience.next(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    pub(super) fn timeout(&mut self, now: Instant) {
        self.stack.timeout(now);
        self.registrar.timeout(now);
        while let Some(flow) = self.patience.take_due(now) {
            // A trunk that is called may speak from elsewhere, without any proof.
            let is_trunk = self.stack.flow_user(flow).is_none() && self.stack.carries_call(flow);
            if !is_trunk {
                self.closing.push_back(flow);
            }
        }
        self.deal(now);
    }

    /// A user whose secret is wanted, with the ticket to answer under.
    pub(super) fn lookup(&mut self) -> Option<(u64, String)> {
        self.lookups.pop_front()
    }

    /// A connection to be closed.
    pub(super) fn closing(&mut self) -> Option<FlowId> {
        self.closing.pop_front()
    }

    fn deal(&mut self, now: Instant) {
        while let Some(outside) = self.stack.outside() {
            match outside {
                Outside::Request { hop, request } => self.decide(&hop, request, now),
                // This end asks nothing outside of calls.
                Outside::Answer { .. } => {}
            }
        }
        self.publish();
    }

    fn publish(&mut self) {
        for event in self.registrar.take_events() {
            self.tell(event);
        }
    }

    fn tell(&self, event: EndpointEvent) {
        // An owner who dropped the events does not want them.
        let _ = self.events.send(event);
    }

    fn decide(&mut self, hop: &Hop, request: Box<Request>, now: Instant) {
        let proven = self.stack.flow_user(hop.flow).map(str::to_owned);
        match (hop.transport, &request.method) {
            (Transport::Wss, Method::Register) => self.challenge(hop, request, now),
            (Transport::Wss, Method::Invite) => match proven {
                Some(user) => self.admit_agent(hop, &request, user, now),
                None => self.challenge(hop, request, now),
            },
            (Transport::Udp | Transport::Tcp, Method::Invite) => {
                let origin = Origin::Trunk { peer: hop.peer };
                self.admit(hop, &request, origin, now);
            }
            (Transport::Udp | Transport::Tcp, Method::Register) => {
                self.stack.reply(hop, &request, 403, &[]);
            }
            (Transport::Wss, _) if proven.is_none() => self.stack.reply(hop, &request, 403, &[]),
            (_, Method::Options) => {
                let headers = [
                    ("Allow", allow(false).to_owned()),
                    ("Accept", "application/sdp".to_owned()),
                    ("Supported", "timer".to_owned()),
                ];
                self.stack.reply(hop, &request, 200, &headers);
            }
            (_, Method::Bye | Method::Update | Method::Ack | Method::Cancel | Method::Prack) => {
                self.stack.reply(hop, &request, 481, &[]);
            }
            (_, Method::Other(_)) => self.stack.reply(hop, &request, 501, &[]),
            (
                _,
                Method::Info
                | Method::Message
                | Method::Subscribe
                | Method::Notify
                | Method::Refer
                | Method::Publish,
            ) => {
                let allow = [("Allow", allow(false).to_owned())];
                self.stack.reply(hop, &request, 405, &allow);
            }
        }
    }

    /// Has the sender of a request prove who it is.
    fn challenge(&mut self, hop: &Hop, request: Box<Request>, now: Instant) {
        let proof = request
            .headers
            .all("Authorization")
            .filter_map(Proof::parse)
            .find(|proof| proof.realm == self.rules.realm);
        let Some(proof) = proof else {
            self.ask_proof(hop, &request, false, now);
            return;
        };
        match self.nonces.check(&proof.nonce, proof.count, now) {
            Worth::Good => {}
            Worth::Stale => return self.ask_proof(hop, &request, true, now),
            Worth::Forged => return self.ask_proof(hop, &request, false, now),
        }
        if self.guard.is_locked(&proof.user, hop.peer.ip(), now) {
            // Not a word on the secret: whoever has the right one and shares the address is to come again.
            let later = [("Retry-After", WINDOW.as_secs().to_string())];
            self.stack.reply(hop, &request, 503, &later);
            return;
        }
        if self.pending.len() >= MOST_PENDING {
            let later = [("Retry-After", "5".to_owned())];
            self.stack.reply(hop, &request, 503, &later);
            return;
        }
        self.last_ticket += 1;
        self.lookups
            .push_back((self.last_ticket, proof.user.clone()));
        let pending = Pending {
            hop: hop.clone(),
            request,
            proof,
        };
        self.pending.insert(self.last_ticket, pending);
    }

    fn ask_proof(&mut self, hop: &Hop, request: &Request, stale: bool, now: Instant) {
        let random = self.stack.token();
        let nonce = self.nonces.issue(&random, now);
        let value = digest::challenge_value(&self.rules.realm, &nonce, stale);
        self.stack
            .reply(hop, request, 401, &[("WWW-Authenticate", value)]);
    }

    /// The secret of a looked-up user is here; `None` for an unknown one.
    pub(super) fn found(&mut self, ticket: u64, secret: Option<&Secret>, now: Instant) {
        let Some(Pending {
            hop,
            request,
            proof,
        }) = self.pending.remove(&ticket)
        else {
            return;
        };
        let known = secret.is_some();
        let secret = secret.unwrap_or(&self.nobody);
        let holds = proof.holds(request.method.as_str(), &request.uri, secret);
        // Looked at again: the same proof may have been used while the secret was looked up.
        let worth = self.nonces.check(&proof.nonce, proof.count, now);
        let address = hop.peer.ip();
        if !(holds && known && worth == Worth::Good) {
            self.guard.failed(&proof.user, address, now);
            self.stack.reply(&hop, &request, 403, &[]);
            self.tell(EndpointEvent::AuthenticationFailed {
                user: proof.user,
                peer: hop.peer,
            });
            return;
        }
        self.nonces.spend(&proof.nonce, proof.count, now);
        self.guard.succeeded(&proof.user, address);
        self.stack.set_flow_user(hop.flow, proof.user.clone());
        self.hear(hop.flow, now);
        match request.method {
            Method::Register => self.register(&hop, &request, &proof.user, now),
            _ => self.admit_agent(&hop, &request, proof.user, now),
        }
        self.deal(now);
    }

    fn register(&mut self, hop: &Hop, request: &Request, user: &str, now: Instant) {
        if user_of(request, "To").as_deref() != Some(user) {
            self.stack.reply(hop, request, 403, &[]);
            return;
        }
        match self.registrar.register(user, request, hop, now) {
            Outcome::Done {
                headers,
                moved_from,
            } => {
                self.stack.reply(hop, request, 200, &headers);
                if let Some(old) = moved_from {
                    self.stack.rebind(old, hop, false, now);
                    self.closing.push_back(old);
                }
            }
            Outcome::Refused(code, headers) => self.stack.reply(hop, request, code, &headers),
        }
    }

    fn admit_agent(&mut self, hop: &Hop, request: &Request, user: String, now: Instant) {
        if user_of(request, "From").as_deref() != Some(user.as_str()) {
            self.stack.reply(hop, request, 403, &[]);
            return;
        }
        self.admit(hop, request, Origin::Agent { user }, now);
    }

    fn admit(&mut self, hop: &Hop, request: &Request, origin: Origin, now: Instant) {
        if let Some(call) = self.stack.admit(hop, request, origin, now) {
            self.tell(EndpointEvent::Invite(call));
        }
    }

    /// Starts a call to a registered agent.
    pub(super) fn call_agent(
        &mut self,
        user: &str,
        call: OutgoingCall,
        now: Instant,
    ) -> Result<(Call, CallEvents), PlaceCallError> {
        let binding = self
            .registrar
            .find(user)
            .ok_or(PlaceCallError::NotRegistered)?;
        let realm = &self.rules.realm;
        let invitation = Invitation {
            origin: Origin::Agent {
                user: user.to_owned(),
            },
            uri: binding.contact.clone(),
            local: caller(&call, realm),
            remote: format!("<sip:{}@{realm}>", call.to.uri_user()),
            headers: added(&call),
            sdp: call.sdp,
            credentials: None,
        };
        let hop = binding.hop.clone();
        Ok(self.stack.invite(&hop, invitation, now))
    }

    /// Starts a call through a trunk that has been found.
    pub(super) fn call_trunk(
        &mut self,
        hop: &Hop,
        trunk: &Uri,
        credentials: Option<Credentials>,
        call: OutgoingCall,
        now: Instant,
    ) -> (Call, CallEvents) {
        let mut host = trunk.host.clone();
        if let Some(port) = trunk.port {
            host.push_str(&format!(":{port}"));
        }
        let transport = match hop.transport {
            Transport::Tcp => ";transport=tcp",
            Transport::Udp | Transport::Wss => "",
        };
        let number = call.to.uri_user();
        let invitation = Invitation {
            origin: Origin::Trunk { peer: hop.peer },
            uri: format!("sip:{number}@{host}{transport}"),
            local: caller(&call, &hop.local),
            remote: format!("<sip:{number}@{host}>"),
            headers: added(&call),
            sdp: call.sdp,
            credentials,
        };
        self.stack.invite(hop, invitation, now)
    }
}

fn caller(call: &OutgoingCall, host: &str) -> String {
    let number = call.from.uri_user();
    match &call.display_name {
        Some(name) => format!("{} <sip:{number}@{host}>", quote(name)),
        None => format!("<sip:{number}@{host}>"),
    }
}

fn added(call: &OutgoingCall) -> Vec<(String, String)> {
    call.headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_str().to_owned()))
        .collect()
}

/// The user a `From` or `To` names.
fn user_of(request: &Request, header: &str) -> Option<String> {
    let address = NameAddr::parse(request.headers.get(header)?)?;
    Uri::parse(&address.uri)?.user
}
