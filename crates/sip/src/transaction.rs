//! One request and its responses (RFC 3261 section 17), pure: the time comes in, what to send goes out.
//!
//! A finished transaction stays for 32 s on every transport, not only on UDP: a desk may come back on a new
//! connection and repeat what it never heard answered.

use std::time::{Duration, Instant};

use crate::{
    hop::Hop,
    message::{Fields as _, Method, Request, Response},
};

/// The round-trip estimate retransmissions start from.
pub(crate) const T1: Duration = Duration::from_millis(500);
/// The longest wait between two retransmissions.
pub(crate) const T2: Duration = Duration::from_secs(4);
/// How long a transaction is tried, and remembered: 64 × T1.
pub(crate) const LIFETIME: Duration = Duration::from_secs(32);
/// How long a ringing INVITE is kept when nobody says more.
pub(crate) const LONGEST_RINGING: Duration = Duration::from_secs(600);

/// When something is sent again: doubling waits up to a limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Repeat {
    pub(crate) at: Instant,
    wait: Duration,
    limit: Duration,
}

impl Repeat {
    pub(crate) fn start(now: Instant, limit: Duration) -> Self {
        Self {
            at: now + T1,
            wait: T1,
            limit,
        }
    }

    pub(crate) fn next(self, now: Instant) -> Self {
        let wait = (self.wait * 2).min(self.limit);
        Self {
            at: now + wait,
            wait,
            ..self
        }
    }
}

/// What a transaction wants when its time has come.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing yet.
    Nothing,
    /// Send this again.
    Resend(String),
    /// No final response came: the request failed (as 408).
    GaveUp,
    /// Everything is said; drop the transaction.
    Forget,
}

/// What becomes of a response.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// New: tell the user of the transaction. An ACK may have to be sent.
    New(Option<String>),
    /// A repetition: at most send the ACK again.
    Again(Option<String>),
}

/// A request this side sent.
///
/// ```text
///  Calling ──1xx──► Proceeding
///     │                 │
///     └──────final──────┴──► Completed ──32 s──► forgotten
/// ```
/// A 2xx to INVITE ends the transaction at once; the dialog answers its repetitions.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) request: Request,
    pub(crate) hop: Hop,
    state: ClientState,
    repeat: Option<Repeat>,
    ends: Instant,
}

#[derive(Debug)]
enum ClientState {
    Calling,
    Proceeding,
    /// Holds the ACK of a refused INVITE.
    Completed(Option<String>),
}

impl Client {
    /// Starts; the caller sends the request.
    pub(crate) fn start(request: Request, hop: Hop, now: Instant) -> Self {
        let limit = match request.method {
            Method::Invite => LIFETIME,
            _ => T2,
        };
        let repeat = (!hop.transport.is_reliable()).then(|| Repeat::start(now, limit));
        Self {
            request,
            hop,
            state: ClientState::Calling,
            repeat,
            ends: now + LIFETIME,
        }
    }

    pub(crate) fn receive(&mut self, response: &Response, now: Instant) -> Heard {
        match &self.state {
            ClientState::Completed(ack) => return Heard::Again(ack.clone()),
            ClientState::Calling | ClientState::Proceeding => {}
        }
        let invite = self.request.method == Method::Invite;
        if response.code < 200 {
            self.state = ClientState::Proceeding;
            if invite {
                self.repeat = None;
                self.ends = now + LONGEST_RINGING;
            }
            return Heard::New(None);
        }
        let ack = (invite && response.code >= 300).then(|| self.ack(response));
        self.state = ClientState::Completed(ack.clone());
        self.repeat = None;
        self.ends = now + LIFETIME;
        Heard::New(ack)
    }

    /// The ACK of a refused INVITE goes the same way as the INVITE (RFC 3261 section 17.1.1.3).
    fn ack(&self, response: &Response) -> String {
        let mut ack = Request {
            method: Method::Ack,
            uri: self.request.uri.clone(),
            headers: crate::message::Headers::default(),
            body: String::new(),
        };
        for (name, value) in self.request.headers.iter() {
            if matches!(name, "Via" | "From" | "Call-ID" | "Max-Forwards" | "Route") {
                ack.headers.push(name, value);
            }
        }
        let to = response.headers.get("To").unwrap_or_default();
        ack.headers.push("To", to);
        let (number, _) = self.request.cseq();
        ack.headers.push("CSeq", format!("{number} ACK"));
        ack.to_wire()
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.repeat
            .map_or(self.ends, |repeat| repeat.at.min(self.ends))
    }

    pub(crate) fn timeout(&mut self, now: Instant) -> Due {
        if now >= self.ends {
            return match self.state {
                ClientState::Completed(_) => Due::Forget,
                ClientState::Calling | ClientState::Proceeding => Due::GaveUp,
            };
        }
        match self.repeat {
            Some(repeat) if now >= repeat.at => {
                self.repeat = Some(repeat.next(now));
                Due::Resend(self.request.to_wire())
            }
            Some(_) | None => Due::Nothing,
        }
    }

    /// Whether a provisional response has come and no final one: only now may an INVITE be cancelled.
    pub(crate) fn is_proceeding(&self) -> bool {
        matches!(self.state, ClientState::Proceeding)
    }

    /// What to say again on a new connection.
    pub(crate) fn unanswered(&self) -> Option<String> {
        match self.state {
            ClientState::Calling | ClientState::Proceeding => Some(self.request.to_wire()),
            ClientState::Completed(_) => None,
        }
    }
}

/// A request this side received.
///
/// ```text
///  Trying ──1xx──► Proceeding
///     │                │
///     └─────final──────┴──► Completed ──ACK (INVITE refused)──► Confirmed
///                               └──────────────32 s──────────────┴──► forgotten
/// ```
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) request: Request,
    /// Where responses go.
    pub(crate) hop: Hop,
    state: ServerState,
    last: Option<String>,
    /// Whether the final response was a refusal, which is acknowledged within the transaction.
    refused: bool,
    repeat: Option<Repeat>,
    ends: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ServerState {
    Trying,
    Proceeding,
    Completed,
    Confirmed,
}

impl Server {
    pub(crate) fn start(request: Request, hop: Hop) -> Self {
        Self {
            request,
            hop,
            state: ServerState::Trying,
            last: None,
            refused: false,
            repeat: None,
            ends: None,
        }
    }

    /// Takes a response to be sent; `None` when a final one was sent already.
    pub(crate) fn respond(&mut self, response: &Response, now: Instant) -> Option<String> {
        match self.state {
            ServerState::Trying | ServerState::Proceeding => {}
            ServerState::Completed | ServerState::Confirmed => return None,
        }
        let wire = response.to_wire();
        self.last = Some(wire.clone());
        if response.code < 200 {
            self.state = ServerState::Proceeding;
            return Some(wire);
        }
        self.state = ServerState::Completed;
        self.ends = Some(now + LIFETIME);
        self.refused = response.code >= 300;
        let invite = self.request.method == Method::Invite;
        if invite && self.refused && !self.hop.transport.is_reliable() {
            self.repeat = Some(Repeat::start(now, T2));
        }
        Some(wire)
    }

    /// The request came again: the last response, if there is one.
    pub(crate) fn last_response(&self) -> Option<String> {
        match self.state {
            ServerState::Trying | ServerState::Confirmed => None,
            ServerState::Proceeding | ServerState::Completed => self.last.clone(),
        }
    }

    /// An ACK came. Tells whether it was for a refusal; else it is the dialog's.
    pub(crate) fn confirm(&mut self) -> bool {
        if self.refused && self.state == ServerState::Completed {
            self.state = ServerState::Confirmed;
            self.repeat = None;
        }
        self.refused
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, ServerState::Trying | ServerState::Proceeding)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match (self.repeat, self.ends) {
            (Some(repeat), Some(ends)) => Some(repeat.at.min(ends)),
            (Some(repeat), None) => Some(repeat.at),
            (None, ends) => ends,
        }
    }

    pub(crate) fn timeout(&mut self, now: Instant) -> Due {
        if self.ends.is_some_and(|ends| now >= ends) {
            return Due::Forget;
        }
        match self.repeat {
            Some(repeat) if now >= repeat.at => {
                self.repeat = Some(repeat.next(now));
                self.last.clone().map_or(Due::Nothing, Due::Resend)
            }
            Some(_) | None => Due::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        hop::{FlowId, Transport},
        message::{Message, parse},
    };

    fn hop(transport: Transport) -> Hop {
        Hop {
            flow: FlowId(1),
            transport,
            peer: ([127, 0, 0, 1], 5060).into(),
            local: "127.0.0.1:5070".into(),
        }
    }

    fn request(method: &str) -> Request {
        let text = format!(
            "{method} sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:b@h>;tag=1\r\n\
             To: <sip:a@h>\r\nCall-ID: c\r\nCSeq: 7 {method}\r\n\r\n"
        );
        match parse(text.as_bytes()).unwrap() {
            Message::Request(request) => request,
            Message::Response(_) => panic!("a response"),
        }
    }

    /// Runs a client until it ends and tells when it sent again, in milliseconds.
    fn repeats(method: &str, transport: Transport) -> (Vec<u128>, Due) {
        let start = Instant::now();
        let mut client = Client::start(request(method), hop(transport), start);
        let mut times = Vec::new();
        loop {
            let now = client.deadline();
            match client.timeout(now) {
                Due::Resend(_) => times.push((now - start).as_millis()),
                due => return (times, due),
            }
        }
    }

    #[test]
    fn requests_are_repeated_on_udp_only_with_growing_waits() {
        let (times, due) = repeats("INVITE", Transport::Udp);
        assert_eq!(times, [500, 1500, 3500, 7500, 15500, 31500]);
        assert_eq!(due, Due::GaveUp);
        let (times, _) = repeats("OPTIONS", Transport::Udp);
        assert_eq!(
            times,
            [
                500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500
            ]
        );
        assert_eq!(repeats("INVITE", Transport::Wss), (vec![], Due::GaveUp));
    }

    #[test]
    fn a_refused_invite_is_acknowledged_each_time_the_refusal_comes() {
        let now = Instant::now();
        let invite = request("INVITE");
        let mut client = Client::start(invite.clone(), hop(Transport::Udp), now);
        let refusal = invite.response(486, "x");
        let Heard::New(Some(ack)) = client.receive(&refusal, now) else {
            panic!("no ACK");
        };
        assert!(ack.starts_with("ACK sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"));
        assert!(ack.contains("To: <sip:a@h>;tag=x\r\n") && ack.contains("CSeq: 7 ACK\r\n"));
        assert_eq!(client.receive(&refusal, now), Heard::Again(Some(ack)));
        assert_eq!(client.timeout(now + LIFETIME), Due::Forget);
    }

    #[test]
    fn ringing_stops_the_repeats_and_outlasts_the_transaction_timer() {
        let now = Instant::now();
        let invite = request("INVITE");
        let mut client = Client::start(invite.clone(), hop(Transport::Udp), now);
        assert_eq!(
            client.receive(&invite.response(180, "x"), now),
            Heard::New(None)
        );
        assert!(client.is_proceeding());
        assert_eq!(client.timeout(now + Duration::from_secs(60)), Due::Nothing);
    }

    #[test]
    fn a_refusal_is_repeated_until_acknowledged_and_sent_once_only() {
        let now = Instant::now();
        let invite = request("INVITE");
        let mut server = Server::start(invite.clone(), hop(Transport::Udp));
        assert_eq!(server.last_response(), None);
        assert!(server.respond(&invite.response(180, "x"), now).is_some());
        assert!(server.respond(&invite.response(603, "x"), now).is_some());
        assert_eq!(server.respond(&invite.response(200, "x"), now), None);
        assert!(
            matches!(server.timeout(now + T1), Due::Resend(wire) if wire.starts_with("SIP/2.0 603"))
        );
        assert!(server.confirm());
        assert_eq!(server.timeout(now + T2), Due::Nothing);
        assert_eq!(server.last_response(), None);
        assert_eq!(server.timeout(now + LIFETIME), Due::Forget);
    }
}
