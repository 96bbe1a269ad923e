//! The task that owns the user agent's stack, and keeps it connected.

use std::{
    future::pending,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::sleep_until,
};

use super::{
    Command, LinkFailure, UserAgentConfig, UserAgentEvent,
    link::{Link, MOST_WAITING, Place, carry, connect},
    registration::{Identity, Registration, Step},
};
use crate::{
    call::{Call, CallCommand, CallEvents, Origin},
    endpoint::PlaceCallError,
    hop::{FlowId, Hop, Transport},
    message::{Method, ReferTo, Request, parse},
    stack::{Credentials, Invitation, Outside, Settings, Stack, allow},
    text::quote,
};

/// The first wait before a new try, and the longest.
const FIRST_WAIT: Duration = Duration::from_millis(300);
const LONGEST_WAIT: Duration = Duration::from_secs(7);
/// Messages that may wait to be read.
const MOST_INPUTS: usize = 256;
/// How long the switch may take to confirm the end when the user agent stops.
const STOP_PATIENCE: Duration = Duration::from_secs(2);
/// How long to sleep when nothing is due.
const IDLE: Duration = Duration::from_secs(3600);

/// Where the connection stands.
///
/// ```text
///  Waiting ──time──► Connecting ──open──► Up ──lost──► Waiting
///     ▲                   │                │
///     └──────failed───────┘                └──rejected──► Down (for good)
/// ```
enum Connection {
    Waiting(Instant),
    Connecting(JoinHandle<Result<Link, LinkFailure>>),
    Up(Open),
    Down,
}

struct Open {
    hop: Hop,
    sender: mpsc::Sender<String>,
    inputs: mpsc::Receiver<Bytes>,
    carrier: JoinHandle<LinkFailure>,
}

struct Driver {
    config: UserAgentConfig,
    place: Place,
    stack: Stack,
    registration: Registration,
    events: mpsc::UnboundedSender<UserAgentEvent>,
    connection: Connection,
    /// The ticket of the REGISTER that is on its way.
    asked: Option<u64>,
    /// The last flow that was registered, to be succeeded by the next.
    last_flow: Option<FlowId>,
    flows: u64,
    attempts: u32,
    /// This side's name in `Via` and `Contact`, which no name server knows (RFC 7118 section 5).
    local: std::sync::Arc<str>,
}

/// Starts the task.
pub(super) fn start(
    config: UserAgentConfig,
    place: Place,
) -> (
    mpsc::UnboundedSender<Command>,
    mpsc::UnboundedReceiver<UserAgentEvent>,
) {
    let (commands, command_queue) = mpsc::unbounded_channel();
    let (events, event_queue) = mpsc::unbounded_channel();
    let (calls, call_queue) = mpsc::unbounded_channel();
    let settings = Settings {
        user_agent: config.user_agent.clone(),
        contact_user: config.user.uri_user(),
        transfers: true,
        trusted: Vec::new(),
    };
    let mut stack = Stack::new(settings, rand::random(), calls);
    let identity = Identity {
        user: config.user.uri_user(),
        display_name: config.display_name.clone(),
        secret: config.secret.clone(),
        realm: config.realm.clone(),
        instance: config.instance,
        user_agent: config.user_agent.clone(),
    };
    let registration = Registration::new(identity, stack.token(), stack.token());
    let local = format!("{}.invalid", &stack.token()[..12]).into();
    let driver = Driver {
        config,
        place,
        stack,
        registration,
        events,
        connection: Connection::Waiting(Instant::now()),
        asked: None,
        last_flow: None,
        flows: 0,
        attempts: 0,
        local,
    };
    tokio::spawn(driver.run(command_queue, call_queue));
    (commands, event_queue)
}

/// What the connection brought.
enum News {
    Time,
    Connected(Result<Box<Link>, LinkFailure>),
    Received(Bytes),
    Lost(LinkFailure),
}

impl Connection {
    /// Waits for what happens next. Dropping the wait loses nothing.
    async fn next(&mut self) -> News {
        match self {
            Self::Waiting(until) => {
                sleep_until((*until).into()).await;
                News::Time
            }
            Self::Connecting(task) => {
                let made = task.await.unwrap_or(Err(LinkFailure::Closed));
                News::Connected(made.map(Box::new))
            }

            Self::Up(open) => match open.inputs.recv().await {
                Some(bytes) => News::Received(bytes),
                None => News::Lost((&mut open.carrier).await.unwrap_or(LinkFailure::Closed)),
            },
            Self::Down => pending().await,
        }
    }
}

impl Driver {
    async fn run(
        mut self,
        mut commands: mpsc::UnboundedReceiver<Command>,
        mut calls: mpsc::UnboundedReceiver<CallCommand>,
    ) {
        let mut stopping: Option<(Instant, Option<oneshot::Sender<()>>)> = None;
        loop {
            self.deal();
            self.flush();
            if let Some((until, done)) = &mut stopping {
                let up = matches!(self.connection, Connection::Up(_));
                if !up || !self.stack.is_busy() || Instant::now() >= *until {
                    if let Some(done) = done.take() {
                        // Whoever asked to stop may be gone.
                        let _ = done.send(());
                    }
                    return;
                }
            }
            let due = [self.stack.deadline(), self.registration.deadline()];
            let mut wake = due.into_iter().flatten().min();
            if let Some((until, _)) = &stopping {
                wake = Some(wake.map_or(*until, |wake| wake.min(*until)));
            }
            let wake = wake.unwrap_or_else(|| Instant::now() + IDLE);
            tokio::select! {
                command = commands.recv(), if stopping.is_none() => match command {
                    Some(Command::Call { to, headers, sdp, done }) => {
                        let headers = headers.into_iter();
                        let headers = headers.map(|(n, v)| (n.as_str().to_owned(), v.as_str().to_owned()));
                        let placed = self.call(&to.uri_user(), headers.collect(), sdp);
                        // Whoever asked may be gone; the call's events then tell nobody either.
                        let _ = done.send(placed);
                    }
                    Some(Command::Follow { to, referred_by, sdp, done }) => {
                        let placed = self.call_referred(&to, referred_by, sdp);
                        // Whoever asked may be gone; the call's events then tell nobody either.
                        let _ = done.send(placed);
                    }
                    Some(Command::Reconnect) => self.reconnect(),
                    Some(Command::Stop(done)) => stopping = Some(self.begin_stop(Some(done))),
                    None => stopping = Some(self.begin_stop(None)),
                },
                // The stack holds a sender, so this never ends.
                Some(command) = calls.recv() => self.stack.command(command, Instant::now()),
                news = self.connection.next() => self.hear(news),
                () = sleep_until(wake.into()) => self.timeout(),
            }
        }
    }

    fn begin_stop(
        &mut self,
        done: Option<oneshot::Sender<()>>,
    ) -> (Instant, Option<oneshot::Sender<()>>) {
        let now = Instant::now();
        self.stack.hang_up_all(now);
        let token = self.stack.token();
        if let Some(request) = self.registration.sign_off(&token) {
            self.ask(request, now);
        }
        (now + STOP_PATIENCE, done)
    }

    fn timeout(&mut self) {
        let now = Instant::now();
        self.stack.timeout(now);
        let token = self.stack.token();
        if let Some(step) = self.registration.timeout(now, &token) {
            self.follow(step, now);
        }
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Time => {
                let connecting = connect(
                    self.place.clone(),
                    self.config.tls.clone(),
                    self.config.proxy.clone(),
                );
                self.connection = Connection::Connecting(tokio::spawn(connecting));
            }
            News::Connected(Ok(link)) => self.open(*link),
            News::Connected(Err(cause)) | News::Lost(cause) => self.lose(cause),
            News::Received(bytes) => self.receive(&bytes),
        }
    }

    fn open(&mut self, link: Link) {
        self.flows += 1;
        let hop = Hop {
            flow: FlowId(self.flows),
            transport: Transport::Wss,
            peer: link.peer,
            local: self.local.clone(),
        };
        let (sender, outgoing) = mpsc::channel(MOST_WAITING);
        let (incoming, inputs) = mpsc::channel(MOST_INPUTS);
        let carrying = carry(link, outgoing, incoming, self.config.probe_every);
        self.connection = Connection::Up(Open {
            hop: hop.clone(),
            sender,
            inputs,
            carrier: tokio::spawn(carrying),
        });
        let (now, token) = (Instant::now(), self.stack.token());
        let request = self.registration.connected(&hop, now, &token);
        self.ask(request, now);
    }

    /// The connection is of no use: wait longer each time, and not in step with others.
    fn lose(&mut self, cause: LinkFailure) {
        let now = Instant::now();
        if let Connection::Up(open) = &self.connection {
            self.stack.close_flow(open.hop.flow, Transport::Wss, now);
        }
        self.asked = None;
        self.registration.disconnected();
        self.attempts += 1;
        let wait = back_off(self.attempts, self.stack.fraction());
        self.connection = Connection::Waiting(now + wait);
        tracing::info!(attempt = self.attempts, %cause, "connection to the switch lost");
        self.tell(UserAgentEvent::Reconnecting {
            attempt: self.attempts,
            wait,
            cause,
        });
    }

    fn reconnect(&mut self) {
        match self.connection {
            Connection::Up(_) | Connection::Waiting(_) | Connection::Connecting(_) => {
                self.attempts = 0;
                self.lose(LinkFailure::Asked);
                self.connection = Connection::Waiting(Instant::now());
            }
            Connection::Down => {}
        }
    }

    fn ask(&mut self, request: Request, now: Instant) {
        if let Connection::Up(open) = &self.connection {
            self.asked = Some(self.stack.ask(request, &open.hop, now));
        }
    }

    fn receive(&mut self, bytes: &[u8]) {
        let Connection::Up(open) = &self.connection else {
            return;
        };
        if bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
            return;
        }
        match parse(bytes) {
            Ok(message) => self.stack.receive(&open.hop, message, Instant::now()),
            Err(malformed) => self.stack.refuse(&open.hop, &malformed),
        }
    }

    /// Deals with what belongs to no call.
    fn deal(&mut self) {
        while let Some(outside) = self.stack.outside() {
            match outside {
                Outside::Request { hop, request } => self.decide(&hop, &request),
                Outside::Answer { ticket, response } if self.asked == Some(ticket) => {
                    self.asked = None;
                    let now = Instant::now();
                    let token = self.stack.token();
                    let step = self.registration.answered(response.as_deref(), now, &token);
                    self.follow(step, now);
                }
                // Asked on a connection that is gone.
                Outside::Answer { .. } => {}
            }
        }
    }

    fn follow(&mut self, step: Step, now: Instant) {
        match step {
            Step::Send(request) => self.ask(request, now),
            Step::Registered(first) => {
                self.attempts = 0;
                if let (true, Connection::Up(open)) = (first, &self.connection) {
                    let hop = open.hop.clone();
                    if let Some(old) = self.last_flow.replace(hop.flow) {
                        self.stack.rebind(old, &hop, true, now);
                    }
                    self.tell(UserAgentEvent::Registered);
                }
            }
            Step::Rejected(rejection) => {
                self.connection = Connection::Down;
                self.tell(UserAgentEvent::Rejected(rejection));
            }
            Step::Failed(cause) => self.lose(cause),
            Step::Gone => {}
        }
    }

    fn decide(&mut self, hop: &Hop, request: &Request) {
        match request.method {
            Method::Invite => {
                let now = Instant::now();
                if let Some(call) = self.stack.admit(hop, request, Origin::Switch, now) {
                    self.tell(UserAgentEvent::Incoming(call));
                }
            }
            Method::Options => {
                let allow = [("Allow", allow(true).to_owned())];
                self.stack.reply(hop, request, 200, &allow);
            }
            Method::Bye
            | Method::Update
            | Method::Ack
            | Method::Cancel
            | Method::Prack
            | Method::Notify => {
                self.stack.reply(hop, request, 481, &[]);
            }
            // Who is not in a call with this side can not transfer it.
            Method::Refer => self.stack.reply(hop, request, 403, &[]),
            Method::Other(_) => self.stack.reply(hop, request, 501, &[]),
            Method::Register
            | Method::Info
            | Method::Message
            | Method::Subscribe
            | Method::Publish => {
                let allow = [("Allow", allow(true).to_owned())];
                self.stack.reply(hop, request, 405, &allow);
            }
        }
    }

    fn call(
        &mut self,
        to: &str,
        headers: Vec<(String, String)>,
        sdp: String,
    ) -> Result<(Call, CallEvents), PlaceCallError> {
        let uri = format!("sip:{to}@{}", self.config.realm);
        self.invite(uri, headers, sdp)
    }

    /// Calls whom the far side of another call asked to be called. Whatever host it named, the switch finds it.
    fn call_referred(
        &mut self,
        to: &ReferTo,
        referred_by: Option<String>,
        sdp: String,
    ) -> Result<(Call, CallEvents), PlaceCallError> {
        let mut headers = Vec::new();
        if let Some(replaces) = &to.replaces {
            headers.push(("Replaces".to_owned(), replaces.to_string()));
            headers.push(("Require".to_owned(), "replaces".to_owned()));
        }
        if let Some(by) = referred_by {
            headers.push(("Referred-By".to_owned(), by));
        }
        let uri = match &to.number {
            Some(number) if !to.uri.to_ascii_lowercase().starts_with("sip") => {
                format!("sip:{}@{}", number.uri_user(), self.config.realm)
            }
            Some(_) | None => to.uri.clone(),
        };
        self.invite(uri, headers, sdp)
    }

    fn invite(
        &mut self,
        uri: String,
        headers: Vec<(String, String)>,
        sdp: String,
    ) -> Result<(Call, CallEvents), PlaceCallError> {
        let Connection::Up(open) = &self.connection else {
            return Err(PlaceCallError::Disconnected);
        };
        if !self.registration.is_registered() {
            return Err(PlaceCallError::Disconnected);
        }
        let UserAgentConfig { realm, user, .. } = &self.config;
        let name = self
            .config
            .display_name
            .as_deref()
            .map(|name| quote(name) + " ");
        let invitation = Invitation {
            origin: Origin::Switch,
            remote: format!("<{uri}>"),
            uri,
            local: format!(
                "{}<sip:{}@{realm}>",
                name.unwrap_or_default(),
                user.uri_user()
            ),
            headers,
            sdp,
            credentials: Some(Credentials {
                user: user.uri_user(),
                secret: self.config.secret.clone(),
                realm: Some(realm.clone()),
                allow_md5: false,
            }),
        };
        let hop = open.hop.clone();
        Ok(self.stack.invite(&hop, invitation, Instant::now()))
    }

    /// Sends what the stack has to say. What is said while there is no connection is said again on the next.
    fn flush(&mut self) {
        while let Some((hop, wire)) = self.stack.poll() {
            if let Connection::Up(open) = &self.connection
                && open.hop.flow == hop.flow
                && open.sender.try_send(wire).is_err()
            {
                // The carrier has ended or is stuck, and will say so itself.
                tracing::debug!("a SIP message could not be handed to the network");
            }
        }
    }

    fn tell(&self, event: UserAgentEvent) {
        // An owner who dropped the events does not want them.
        let _ = self.events.send(event);
    }
}

/// How long to wait before a try: doubling, between half and all of it at random.
fn back_off(attempt: u32, fraction: f64) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(1 << attempt.saturating_sub(1).min(16));
    doubled.min(LONGEST_WAIT).mul_f64(0.5 + 0.5 * fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_seven_seconds_and_are_spread() {
        let ms = |attempt, fraction| back_off(attempt, fraction).as_millis();
        assert_eq!((ms(1, 0.0), ms(1, 1.0)), (150, 300));
        assert_eq!((ms(3, 0.0), ms(3, 1.0)), (600, 1200));
        assert_eq!((ms(40, 0.0), ms(40, 1.0)), (3500, 7000));
    }
}
