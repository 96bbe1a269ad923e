//! All running transactions and the messages waiting to be sent.

use std::{
    collections::{HashMap, VecDeque},
    time::Instant,
};

use rand::{Rng as _, RngCore as _, SeedableRng as _, rngs::StdRng};
use sha2::{Digest as _, Sha256};

use crate::{
    agenda::Agenda,
    call::CallId,
    hop::{FlowId, Hop},
    message::{Fields as _, Method, Request, Response, Via},
    transaction::{Client, Due, Heard, Server},
};

/// Names a request this side sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ClientKey {
    branch: String,
    method: Method,
}

/// Names a request this side received (RFC 3261 section 17.2.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ServerKey {
    branch: String,
    sent_by: String,
    method: Method,
}

impl ServerKey {
    /// The transaction a request belongs to; an ACK belongs to its INVITE's.
    pub(crate) fn of(request: &Request) -> Self {
        match request.method {
            Method::Ack => Self::of_other(request, Method::Invite),
            _ => Self::of_other(request, request.method.clone()),
        }
    }

    /// The transaction a CANCEL is about.
    pub(crate) fn cancelled_by(request: &Request) -> Self {
        Self::of_other(request, Method::Invite)
    }

    fn of_other(request: &Request, method: Method) -> Self {
        let via = request.headers.get("Via").and_then(Via::parse);
        let sent_by = via.map(|via| format!("{}:{}", via.host, via.port.unwrap_or(5060)));
        // Senders older than RFC 3261 have no usable branch; Call-ID, CSeq and tag then name the transaction.
        let branch = request
            .branch()
            .filter(|branch| branch.starts_with("z9hG4bK"))
            .unwrap_or_else(|| {
                let tag = request.sender_tag().unwrap_or_default();
                format!("{}/{}/{tag}", request.call_id(), request.cseq().0)
            });
        Self {
            branch,
            sent_by: sent_by.unwrap_or_default(),
            method,
        }
    }
}

/// What a request of this side is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Invite(CallId),
    Reoffer(CallId),
    Update(CallId),
    Bye(CallId),
    Cancel(CallId),
    Refer(CallId),
    Notify(CallId),
    /// Not part of a call; the number finds the asker again.
    Outside(u64),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Timer {
    Client(ClientKey),
    Server(ServerKey),
}

/// What a transaction told while time went by.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unanswered(pub(crate) Purpose);

/// The transaction layer.
#[derive(Debug)]
pub(crate) struct Wire {
    clients: HashMap<ClientKey, (Client, Purpose)>,
    servers: HashMap<ServerKey, Server>,
    agenda: Agenda<Timer>,
    out: VecDeque<(Hop, String)>,
    random: StdRng,
    /// Makes the tags of replies that leave no trace behind.
    tag_key: [u8; 16],
}

impl Wire {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        let mut random = StdRng::from_seed(seed);
        let mut tag_key = [0; 16];
        random.fill_bytes(&mut tag_key);
        Self {
            clients: HashMap::new(),
            servers: HashMap::new(),
            agenda: Agenda::new(),
            out: VecDeque::new(),
            random,
            tag_key,
        }
    }

    /// A fresh unguessable token of 128 bits.
    pub(crate) fn token(&mut self) -> String {
        let mut bytes = [0; 16];
        self.random.fill_bytes(&mut bytes);
        hex::encode(bytes)
    }

    /// A number between 0 and 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        self.random.random()
    }

    pub(crate) fn branch(&mut self) -> String {
        format!("z9hG4bK{}", self.token())
    }

    pub(crate) fn send(&mut self, hop: &Hop, wire: String) {
        self.out.push_back((hop.clone(), wire));
    }

    pub(crate) fn poll(&mut self) -> Option<(Hop, String)> {
        self.out.pop_front()
    }

    /// Sends a request that has its `Via` already.
    pub(crate) fn request(
        &mut self,
        request: Request,
        hop: &Hop,
        purpose: Purpose,
        now: Instant,
    ) -> ClientKey {
        let key = ClientKey {
            branch: request.branch().unwrap_or_default(),
            method: request.method.clone(),
        };
        self.send(hop, request.to_wire());
        let client = Client::start(request, hop.clone(), now);
        self.agenda
            .set(Timer::Client(key.clone()), Some(client.deadline()));
        self.clients.insert(key.clone(), (client, purpose));
        key
    }

    pub(crate) fn client(&self, key: &ClientKey) -> Option<&Client> {
        self.clients.get(key).map(|(client, _)| client)
    }

    /// Takes a response; tells what the request was for and what it said when this is news. `Err` when it
    /// belongs to no transaction.
    pub(crate) fn receive(
        &mut self,
        response: &Response,
        now: Instant,
    ) -> Result<Option<(Purpose, Request)>, NoTransaction> {
        let key = ClientKey {
            branch: response.branch().unwrap_or_default(),
            method: response.cseq().1,
        };
        let Some((client, purpose)) = self.clients.get_mut(&key) else {
            return Err(NoTransaction);
        };
        let purpose = *purpose;
        let request = client.request.clone();
        let hop = client.hop.clone();
        let accepted = key.method == Method::Invite && (200..300).contains(&response.code);
        if accepted {
            self.forget_client(&key);
            return Ok(Some((purpose, request)));
        }
        let heard = client.receive(response, now);
        let deadline = client.deadline();
        self.agenda.set(Timer::Client(key), Some(deadline));
        match heard {
            Heard::New(ack) => {
                if let Some(ack) = ack {
                    self.send(&hop, ack);
                }
                Ok(Some((purpose, request)))
            }
            Heard::Again(ack) => {
                if let Some(ack) = ack {
                    self.send(&hop, ack);
                }
                Ok(None)
            }
        }
    }

    fn forget_client(&mut self, key: &ClientKey) {
        self.agenda.set(Timer::Client(key.clone()), None);
        self.clients.remove(key);
    }

    /// Whether a request is already known; if so its last response is sent again.
    pub(crate) fn absorb(&mut self, request: &Request) -> bool {
        let Some(server) = self.servers.get_mut(&ServerKey::of(request)) else {
            return false;
        };
        if request.method == Method::Ack {
            return server.confirm();
        }
        if let Some(wire) = server.last_response() {
            let hop = server.hop.clone();
            self.send(&hop, wire);
        }
        true
    }

    /// Starts answering a request.
    pub(crate) fn open(&mut self, request: &Request, hop: &Hop) -> ServerKey {
        let key = ServerKey::of(request);
        self.servers
            .insert(key.clone(), Server::start(request.clone(), hop.clone()));
        key
    }

    /// The request of a transaction that still waits for its final response.
    pub(crate) fn open_request(&self, key: &ServerKey) -> Option<&Request> {
        self.servers
            .get(key)
            .filter(|server| server.is_open())
            .map(|server| &server.request)
    }

    /// Whether a request is still remembered.
    pub(crate) fn knows(&self, key: &ServerKey) -> bool {
        self.servers.contains_key(key)
    }

    pub(crate) fn respond(&mut self, key: &ServerKey, response: &Response, now: Instant) {
        let Some(server) = self.servers.get_mut(key) else {
            return;
        };
        if let Some(wire) = server.respond(response, now) {
            let hop = server.hop.clone();
            self.send(&hop, wire);
        }
        self.reschedule_server(key);
    }

    fn reschedule_server(&mut self, key: &ServerKey) {
        let deadline = self.servers.get(key).and_then(Server::deadline);
        self.agenda.set(Timer::Server(key.clone()), deadline);
    }

    /// Answers a request and keeps nothing: a repetition gets the same answer.
    pub(crate) fn reply(
        &mut self,
        request: &Request,
        hop: &Hop,
        code: u16,
        extra: &[(&str, String)],
    ) {
        if request.method == Method::Ack {
            return;
        }
        let mut response = request.response(code, &self.lasting_tag(request));
        for (name, value) in extra {
            response.headers.push(name, value.clone());
        }
        self.send(hop, response.to_wire());
    }

    fn lasting_tag(&self, request: &Request) -> String {
        let mut hash = Sha256::new();
        hash.update(self.tag_key);
        hash.update(request.call_id());
        hash.update(request.branch().unwrap_or_default());
        hex::encode(&hash.finalize()[..8])
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.agenda.next()
    }

    /// Sends what is due again. Returns one request that failed for lack of an answer; call until `None`.
    pub(crate) fn timeout(&mut self, now: Instant) -> Option<Unanswered> {
        while let Some(timer) = self.agenda.take_due(now) {
            match timer {
                Timer::Client(key) => {
                    let Some((client, purpose)) = self.clients.get_mut(&key) else {
                        continue;
                    };
                    let purpose = *purpose;
                    match client.timeout(now) {
                        Due::Nothing => {}
                        Due::Resend(wire) => {
                            let hop = client.hop.clone();
                            self.send(&hop, wire);
                        }
                        Due::GaveUp => {
                            self.clients.remove(&key);
                            return Some(Unanswered(purpose));
                        }
                        Due::Forget => {
                            self.clients.remove(&key);
                        }
                    }
                    let deadline = self.client(&key).map(Client::deadline);
                    self.agenda.set(Timer::Client(key), deadline);
                }
                Timer::Server(key) => {
                    let Some(server) = self.servers.get_mut(&key) else {
                        continue;
                    };
                    match server.timeout(now) {
                        Due::Nothing => {}
                        Due::Resend(wire) => {
                            let hop = server.hop.clone();
                            self.send(&hop, wire);
                        }
                        Due::GaveUp | Due::Forget => {
                            self.servers.remove(&key);
                        }
                    }
                    self.reschedule_server(&key);
                }
            }
        }
        None
    }

    /// Moves everything on a lost flow to its successor, and repeats what was never answered.
    pub(crate) fn rebind(&mut self, old: FlowId, new: &Hop) {
        let mut again = Vec::new();
        for (client, _) in self.clients.values_mut() {
            if client.hop.flow == old {
                client.hop = new.clone();
                again.extend(client.unanswered());
            }
        }
        for server in self.servers.values_mut() {
            if server.hop.flow == old {
                server.hop = new.clone();
                again.extend(server.last_response());
            }
        }
        for wire in again {
            self.send(new, wire);
        }
    }

    /// The purposes of all unanswered requests on a flow that will not come back.
    pub(crate) fn abandon(&mut self, flow: FlowId) -> Vec<Purpose> {
        let lost: Vec<ClientKey> = self
            .clients
            .iter()
            .filter(|(_, (client, _))| client.hop.flow == flow && client.unanswered().is_some())
            .map(|(key, _)| key.clone())
            .collect();
        let mut purposes = Vec::new();
        for key in lost {
            if let Some((_, purpose)) = self.clients.get(&key) {
                purposes.push(*purpose);
            }
            self.forget_client(&key);
        }
        purposes
    }

    /// Whether requests of this side still wait for an answer.
    pub(crate) fn is_busy(&self) -> bool {
        self.clients
            .values()
            .any(|(client, _)| client.unanswered().is_some())
    }
}

/// A response belongs to no running transaction.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoTransaction;
