//! Staying registered (RFC 3261 section 10, RFC 5626), pure.

use std::time::{Duration, Instant};

use uuid::Uuid;

use super::{LinkFailure, Rejection};
use crate::{
    digest::{self, Challenge, Subject},
    hop::Hop,
    message::{Headers, Method, NameAddr, Request, Response},
    secret::Secret,
    text::quote,
};

/// How long a binding is asked to last. The connection is probed anyway, so this only cleans up after a crash.
const WANTED: u64 = 300;
/// How long a switch may take to answer. One that is just starting takes the connection before it can answer, and
/// forgets what it was asked; it is to be asked again, sooner than any transaction ends (32 s).
const PATIENCE: Duration = Duration::from_secs(8);
/// The longest binding a switch may insist on.
const LONGEST: u64 = 86_400;

/// Who is registered.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub(super) user: String,
    pub(super) display_name: Option<String>,
    pub(super) secret: Secret,
    pub(super) realm: String,
    pub(super) instance: Uuid,
    pub(super) user_agent: String,
}

/// What an answer leads to.
#[derive(Debug)]
pub(super) enum Step {
    /// Send this and report its answer.
    Send(Request),
    /// Registered; true when it is the first time on this connection.
    Registered(bool),
    /// The switch refuses for good.
    Rejected(Rejection),
    /// The connection is of no use now; try again later.
    Failed(LinkFailure),
    /// Signed off.
    Gone,
}

/// Where the registration stands.
///
/// ```text
///  Offline ──connected──► Asking ──200──► Registered ──half time──► Asking
///     ▲                   │  ▲ │              │
///     │                   │  └─┴─ 401: prove, 423: longer
///     ├──lost, 408, 5xx,──┤                   │
///     │  no answer in 8 s │                   │
///     └──────lost─────────┼───────────────────┤
///                         │                   └──sign off──► Leaving ──any answer──► Offline
///                         └──401 again, 403 …──► Rejected (for good)
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Offline,
    Asking {
        /// Whether the request carries a proof.
        proven: bool,
        /// Whether this connection was not registered before.
        first: bool,
        gives_up: Instant,
    },
    Registered {
        refresh_at: Instant,
    },
    Leaving {
        proven: bool,
    },
    Rejected,
}

/// One user's registration over all its connections.
#[derive(Debug)]
pub(super) struct Registration {
    identity: Identity,
    state: State,
    call_id: String,
    tag: String,
    number: u32,
    seconds: u64,
    challenge: Option<Challenge>,
    count: u32,
    hop: Option<Hop>,
}

impl Registration {
    pub(super) fn new(identity: Identity, call_id: String, tag: String) -> Self {
        Self {
            identity,
            state: State::Offline,
            call_id,
            tag,
            number: 0,
            seconds: WANTED,
            challenge: None,
            count: 0,
            hop: None,
        }
    }

    /// A connection is up: the REGISTER to send. A known challenge is answered right away.
    pub(super) fn connected(&mut self, hop: &Hop, now: Instant, client_nonce: &str) -> Request {
        self.hop = Some(hop.clone());
        self.ask(true, now, client_nonce)
    }

    pub(super) fn disconnected(&mut self) {
        self.hop = None;
        match self.state {
            State::Rejected => {}
            State::Offline
            | State::Asking { .. }
            | State::Registered { .. }
            | State::Leaving { .. } => {
                self.state = State::Offline;
            }
        }
    }

    pub(super) fn is_registered(&self) -> bool {
        match self.state {
            State::Registered { .. } | State::Asking { first: false, .. } => true,
            State::Offline
            | State::Asking { first: true, .. }
            | State::Leaving { .. }
            | State::Rejected => false,
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Registered { refresh_at } => Some(refresh_at),
            State::Asking { gives_up, .. } => Some(gives_up),
            State::Offline | State::Leaving { .. } | State::Rejected => None,
        }
    }

    /// What is due: a refresh, or giving up on an answer.
    pub(super) fn timeout(&mut self, now: Instant, client_nonce: &str) -> Option<Step> {
        match self.state {
            State::Registered { refresh_at } if now >= refresh_at => {
                Some(Step::Send(self.ask(false, now, client_nonce)))
            }
            State::Asking { gives_up, .. } if now >= gives_up => {
                Some(Step::Failed(LinkFailure::Unanswered))
            }
            _ => None,
        }
    }

    /// The REGISTER that signs off, if there is something to sign off from.
    pub(super) fn sign_off(&mut self, client_nonce: &str) -> Option<Request> {
        if !self.is_registered() {
            return None;
        }
        let request = self.request(0, client_nonce);
        self.state = State::Leaving {
            proven: self.challenge.is_some(),
        };
        Some(request)
    }

    fn ask(&mut self, first: bool, now: Instant, client_nonce: &str) -> Request {
        let request = self.request(self.seconds, client_nonce);
        self.state = State::Asking {
            proven: self.challenge.is_some(),
            first,
            gives_up: now + PATIENCE,
        };
        request
    }

    /// Takes the final answer to the last request; `None` when none came.
    pub(super) fn answered(
        &mut self,
        response: Option<&Response>,
        now: Instant,
        client_nonce: &str,
    ) -> Step {
        let (proven, first) = match self.state {
            State::Asking { proven, first, .. } => (proven, first),
            State::Leaving { proven } => return self.left(response, proven, client_nonce),
            State::Offline | State::Registered { .. } | State::Rejected => return Step::Gone,
        };
        let Some(response) = response else {
            return Step::Failed(LinkFailure::Unanswered);
        };
        match response.code {
            200..300 => {
                let granted = self.granted(response);
                // Half time for short bindings, a minute before the end for long ones.
                let wait = (granted / 2).max(granted.saturating_sub(60)).max(1);
                self.state = State::Registered {
                    refresh_at: now + Duration::from_secs(wait),
                };
                Step::Registered(first)
            }
            401 | 407 => match self.take_challenge(response, proven) {
                Ok(()) => Step::Send(self.ask(first, now, client_nonce)),
                Err(rejection) => self.reject(rejection),
            },
            403 if proven => self.reject(Rejection::Secret),
            423 => {
                let least = response.headers.get("Min-Expires");
                let least = least.and_then(|text| text.parse::<u64>().ok());
                match least.filter(|least| *least > self.seconds && *least <= LONGEST) {
                    Some(least) => {
                        self.seconds = least;
                        Step::Send(self.ask(first, now, client_nonce))
                    }
                    None => self.reject(Rejection::Status(423)),
                }
            }
            408 | 480 | 500..600 => Step::Failed(LinkFailure::Unanswered),
            code => self.reject(Rejection::Status(code)),
        }
    }

    fn left(&mut self, response: Option<&Response>, proven: bool, client_nonce: &str) -> Step {
        if let Some(response) = response
            && response.code == 401
            && self.take_challenge(response, proven).is_ok()
        {
            let request = self.request(0, client_nonce);
            self.state = State::Leaving { proven: true };
            return Step::Send(request);
        }
        self.state = State::Offline;
        Step::Gone
    }

    fn reject(&mut self, rejection: Rejection) -> Step {
        self.state = State::Rejected;
        Step::Rejected(rejection)
    }

    fn take_challenge(&mut self, response: &Response, proven: bool) -> Result<(), Rejection> {
        let values = response.headers.all("WWW-Authenticate");
        let challenge = Challenge::choose(values, Some(&self.identity.realm), false)
            .ok_or(Rejection::Challenge)?;
        // A proof made with an older challenge may be refused for its age; one made with a fresh challenge only for
        // its secret.
        if proven && self.count <= 1 {
            return Err(Rejection::Secret);
        }
        self.challenge = Some(challenge);
        self.count = 0;
        Ok(())
    }

    /// How long the switch keeps this contact.
    fn granted(&self, response: &Response) -> u64 {
        let instance = self.instance();
        let mine = response
            .headers
            .all("Contact")
            .filter_map(NameAddr::parse)
            .find(|contact| {
                contact.parameter("+sip.instance") == Some(instance.as_str())
                    || contact.uri.contains(&*self.local())
            });
        mine.as_ref()
            .and_then(|contact| contact.parameter("expires"))
            .or(response.headers.get("Expires"))
            .and_then(|text| text.parse().ok())
            .unwrap_or(self.seconds)
            .clamp(1, LONGEST)
    }

    fn local(&self) -> std::sync::Arc<str> {
        self.hop
            .as_ref()
            .map_or_else(|| "offline.invalid".into(), |hop| hop.local.clone())
    }

    fn instance(&self) -> String {
        format!("<urn:uuid:{}>", self.identity.instance)
    }

    /// A REGISTER without its `Via`.
    fn request(&mut self, seconds: u64, client_nonce: &str) -> Request {
        self.number += 1;
        let Identity {
            user,
            display_name,
            realm,
            user_agent,
            ..
        } = &self.identity;
        let uri = format!("sip:{realm}");
        let name = display_name
            .as_deref()
            .map(|name| quote(name) + " ")
            .unwrap_or_default();
        let mut headers = Headers::default();
        headers.push("Max-Forwards", "70");
        headers.push(
            "From",
            format!("{name}<sip:{user}@{realm}>;tag={}", self.tag),
        );
        headers.push("To", format!("<sip:{user}@{realm}>"));
        headers.push("Call-ID", self.call_id.clone());
        headers.push("CSeq", format!("{} REGISTER", self.number));
        headers.push(
            "Contact",
            format!(
                "<sip:{user}@{};transport=ws>;+sip.instance=\"{}\";reg-id=1;expires={seconds}",
                self.local(),
                self.instance(),
            ),
        );
        headers.push("Expires", seconds.to_string());
        headers.push("Supported", "path, outbound");
        headers.push("User-Agent", user_agent.clone());
        if let Some(challenge) = &self.challenge {
            self.count += 1;
            let subject = Subject {
                user,
                method: "REGISTER",
                uri: &uri,
            };
            let secret = &self.identity.secret;
            if let Some(value) =
                digest::answer(challenge, subject, secret, client_nonce, self.count)
            {
                headers.push("Authorization", value);
            }
        }
        Request {
            method: Method::Register,
            uri,
            headers,
            body: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hop::{FlowId, Transport};

    const CHALLENGE: &str = "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-256, qop=\"auth\"";

    fn hop() -> Hop {
        Hop {
            flow: FlowId(1),
            transport: Transport::Wss,
            peer: ([127, 0, 0, 1], 443).into(),
            local: "abc.invalid".into(),
        }
    }

    fn registration() -> Registration {
        let identity = Identity {
            user: "ann".to_owned(),
            display_name: None,
            secret: Secret::password("pw"),
            realm: "r".to_owned(),
            instance: Uuid::from_u128(1),
            user_agent: "test".to_owned(),
        };
        Registration::new(identity, "c".to_owned(), "t".to_owned())
    }

    fn answer(request: &Request, code: u16, headers: &[(&str, &str)]) -> Response {
        let mut response = request.response(code, "x");
        for (name, value) in headers {
            response.headers.push(name, *value);
        }
        response
    }

    fn challenged(registration: &mut Registration, now: Instant) -> Request {
        let first = registration.connected(&hop(), now, "cn");
        assert!(first.headers.get("Authorization").is_none());
        let refusal = answer(&first, 401, &[("WWW-Authenticate", CHALLENGE)]);
        match registration.answered(Some(&refusal), now, "cn") {
            Step::Send(request) => request,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn proves_itself_once_then_refreshes_with_the_same_nonce() {
        let now = Instant::now();
        let mut registration = registration();
        let second = challenged(&mut registration, now);
        assert!(
            second
                .headers
                .get("Authorization")
                .unwrap()
                .contains("nc=00000001")
        );
        let granted = answer(
            &second,
            200,
            &[("Contact", "<sip:ann@abc.invalid>;expires=100")],
        );
        assert!(matches!(
            registration.answered(Some(&granted), now, "cn"),
            Step::Registered(true)
        ));
        assert_eq!(registration.deadline(), Some(now + Duration::from_secs(50)));
        assert!(registration.timeout(now, "cn").is_none());
        let due = registration.timeout(now + Duration::from_secs(50), "cn");
        let Some(Step::Send(third)) = due else {
            panic!("no refresh");
        };
        assert!(
            third
                .headers
                .get("Authorization")
                .unwrap()
                .contains("nc=00000002")
        );
        assert!(registration.is_registered());
        // The nonce has grown old: a fresh challenge is answered, not taken for a refusal.
        let stale = answer(&third, 401, &[("WWW-Authenticate", CHALLENGE)]);
        assert!(matches!(
            registration.answered(Some(&stale), now, "cn"),
            Step::Send(_)
        ));
    }

    #[test]
    fn a_wrong_secret_and_a_foreign_realm_end_it_for_good() {
        let now = Instant::now();
        for (code, header) in [(403, ""), (401, CHALLENGE)] {
            let mut registration = registration();
            let second = challenged(&mut registration, now);
            let refusal = answer(&second, code, &[("WWW-Authenticate", header)]);
            assert!(matches!(
                registration.answered(Some(&refusal), now, "cn"),
                Step::Rejected(Rejection::Secret)
            ));
        }
        for foreign in [
            CHALLENGE.replace("\"r\"", "\"evil\""),
            CHALLENGE.replace("SHA-256", "MD5"),
        ] {
            let mut registration = registration();
            let first = registration.connected(&hop(), now, "cn");
            let asking = answer(&first, 401, &[("WWW-Authenticate", &foreign)]);
            assert!(matches!(
                registration.answered(Some(&asking), now, "cn"),
                Step::Rejected(Rejection::Challenge)
            ));
        }
    }

    #[test]
    fn a_switch_that_does_not_answer_is_given_up_before_the_transaction_is() {
        let now = Instant::now();
        let mut registration = registration();
        challenged(&mut registration, now);
        let due = registration.deadline().unwrap();
        assert!(due < now + crate::transaction::LIFETIME);
        assert!(registration.timeout(now, "cn").is_none());
        assert!(matches!(
            registration.timeout(due, "cn"),
            Some(Step::Failed(LinkFailure::Unanswered))
        ));
        registration.disconnected();
        assert_eq!(registration.deadline(), None);
        registration.connected(&hop(), due, "cn");
        assert!(registration.deadline().unwrap() > due);
    }

    #[test]
    fn a_lock_on_the_address_says_nothing_of_the_secret() {
        let now = Instant::now();
        let mut registration = registration();
        let second = challenged(&mut registration, now);
        let locked = answer(&second, 503, &[("Retry-After", "60")]);
        assert!(matches!(
            registration.answered(Some(&locked), now, "cn"),
            Step::Failed(LinkFailure::Unanswered)
        ));
        registration.disconnected();
        registration.connected(&hop(), now, "cn");
        assert!(registration.deadline().is_some(), "it does not ask again");
    }

    #[test]
    fn a_busy_switch_is_tried_again_and_a_strict_one_obeyed() {
        let now = Instant::now();
        let mut registration = registration();
        let first = registration.connected(&hop(), now, "cn");
        let brief = answer(&first, 423, &[("Min-Expires", "900")]);
        let Step::Send(longer) = registration.answered(Some(&brief), now, "cn") else {
            panic!("gave up");
        };
        assert_eq!(longer.headers.get("Expires"), Some("900"));
        let busy = answer(&longer, 503, &[]);
        assert!(matches!(
            registration.answered(Some(&busy), now, "cn"),
            Step::Failed(LinkFailure::Unanswered)
        ));
    }
}
