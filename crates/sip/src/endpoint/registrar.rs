//! Where each agent's desk is reached (RFC 3261 section 10, RFC 5626).

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use uuid::Uuid;

use super::{EndpointEvent, Unregistration};
use crate::{
    agenda::Agenda,
    hop::{FlowId, Hop},
    message::{NameAddr, Request},
};

/// Bounds of how long a binding lasts.
const SHORTEST: u64 = 30;
const LONGEST: u64 = 3600;
/// How long a desk that lost its connection may take to carry on its calls.
const REMEMBERED: Duration = Duration::from_secs(300);

/// Where one user is reached.
#[derive(Debug, Clone)]
pub(super) struct Binding {
    pub(super) hop: Hop,
    /// The `Contact` URI, to be the request URI of calls.
    pub(super) contact: String,
    instance: Option<Uuid>,
    expires: Instant,
}

/// What a REGISTER led to.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Answer 200 with these headers.
    Done {
        headers: Vec<(&'static str, String)>,
        /// The desk came back: everything on this flow now belongs to the new one.
        moved_from: Option<FlowId>,
    },
    /// Answer with this status and headers.
    Refused(u16, Vec<(&'static str, String)>),
}

/// All bindings: one per user, the latest wins.
#[derive(Debug)]
pub(super) struct Registrar {
    bindings: HashMap<String, Binding>,
    agenda: Agenda<String>,
    /// Flows that were lost, by who was on them.
    lost: HashMap<(String, Option<Uuid>), (FlowId, Instant)>,
    events: Vec<EndpointEvent>,
}

impl Registrar {
    pub(super) fn new() -> Self {
        Self {
            bindings: HashMap::new(),
            agenda: Agenda::new(),
            lost: HashMap::new(),
            events: Vec::new(),
        }
    }

    /// Takes a REGISTER of a user who has proved to be it.
    pub(super) fn register(
        &mut self,
        user: &str,
        request: &Request,
        hop: &Hop,
        now: Instant,
    ) -> Outcome {
        let header_expires = request
            .headers
            .get("Expires")
            .and_then(|text| text.parse::<u64>().ok());
        let mut contacts = request.headers.all("Contact");
        let Some(first) = contacts.next() else {
            return self.list(user, now);
        };
        if contacts.next().is_some() {
            return Outcome::Refused(400, Vec::new());
        }
        if first == "*" {
            if header_expires != Some(0) {
                return Outcome::Refused(400, Vec::new());
            }
            self.remove(user, Unregistration::Asked);
            return self.list(user, now);
        }
        let Some(contact) = NameAddr::parse(first) else {
            return Outcome::Refused(400, Vec::new());
        };
        let seconds = contact
            .parameter("expires")
            .and_then(|text| text.parse().ok())
            .or(header_expires)
            .unwrap_or(LONGEST)
            .min(LONGEST);
        if seconds == 0 {
            let mine = self
                .bindings
                .get(user)
                .is_some_and(|binding| binding.hop.flow == hop.flow);
            if mine {
                self.remove(user, Unregistration::Asked);
            }
            return self.list(user, now);
        }
        if seconds < SHORTEST {
            return Outcome::Refused(423, vec![("Min-Expires", SHORTEST.to_string())]);
        }
        let instance = contact
            .parameter("+sip.instance")
            .and_then(|text| text.strip_prefix("<urn:uuid:")?.strip_suffix('>'))
            .and_then(|text| Uuid::parse_str(text).ok());
        let binding = Binding {
            hop: hop.clone(),
            contact: contact.uri,
            instance,
            expires: now + Duration::from_secs(seconds),
        };
        self.agenda.set(user.to_owned(), Some(binding.expires));
        let old = self.bindings.insert(user.to_owned(), binding);
        let mut moved_from = None;
        let mut known = false;
        match old {
            Some(old) if old.hop.flow == hop.flow => known = true,
            Some(old) if old.instance == instance => moved_from = Some(old.hop.flow),
            Some(_) => self.events.push(EndpointEvent::Unregistered {
                user: user.to_owned(),
                reason: Unregistration::Replaced,
            }),
            None => {
                self.lost
                    .retain(|_, (_, at)| now.saturating_duration_since(*at) < REMEMBERED);
                let lost = self.lost.remove(&(user.to_owned(), instance));
                moved_from = lost.map(|(flow, _)| flow).filter(|flow| *flow != hop.flow);
            }
        }
        if !known {
            self.events.push(EndpointEvent::Registered {
                user: user.to_owned(),
                instance,
                peer: hop.peer,
            });
        }
        match self.list(user, now) {
            Outcome::Done { headers, .. } => Outcome::Done {
                headers,
                moved_from,
            },
            refused @ Outcome::Refused(..) => refused,
        }
    }

    /// The 200 with what is bound now.
    fn list(&self, user: &str, now: Instant) -> Outcome {
        let mut headers = vec![("Supported", "path, outbound".to_owned())];
        if let Some(binding) = self.bindings.get(user) {
            let left = binding.expires.saturating_duration_since(now).as_secs();
            headers.push(("Contact", format!("<{}>;expires={left}", binding.contact)));
        }
        Outcome::Done {
            headers,
            moved_from: None,
        }
    }

    fn remove(&mut self, user: &str, reason: Unregistration) {
        self.agenda.set(user.to_owned(), None);
        if self.bindings.remove(user).is_some() {
            self.events.push(EndpointEvent::Unregistered {
                user: user.to_owned(),
                reason,
            });
        }
    }

    /// A connection is gone, and the binding with it.
    pub(super) fn close_flow(&mut self, flow: FlowId, now: Instant) {
        let users: Vec<String> = self
            .bindings
            .iter()
            .filter(|(_, binding)| binding.hop.flow == flow)
            .map(|(user, _)| user.clone())
            .collect();
        for user in users {
            if let Some(binding) = self.bindings.get(&user) {
                self.lost
                    .insert((user.clone(), binding.instance), (flow, now));
            }
            self.remove(&user, Unregistration::ConnectionLost);
        }
    }

    pub(super) fn find(&self, user: &str) -> Option<&Binding> {
        self.bindings.get(user)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.agenda.next()
    }

    pub(super) fn timeout(&mut self, now: Instant) {
        while let Some(user) = self.agenda.take_due(now) {
            self.remove(&user, Unregistration::Expired);
        }
    }

    pub(super) fn take_events(&mut self) -> Vec<EndpointEvent> {
        std::mem::take(&mut self.events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        hop::Transport,
        message::{Headers, Method},
    };

    fn hop(flow: u64) -> Hop {
        Hop {
            flow: FlowId(flow),
            transport: Transport::Wss,
            peer: ([192, 0, 2, 1], 9).into(),
            local: "centre.invalid".into(),
        }
    }

    fn register(contact: &str) -> Request {
        let mut headers = Headers::default();
        headers.push("Contact", contact);
        Request {
            method: Method::Register,
            uri: "sip:r".to_owned(),
            headers,
            body: String::new(),
        }
    }

    fn with_instance(number: u128) -> String {
        let id = Uuid::from_u128(number);
        format!("<sip:ann@x.invalid>;+sip.instance=\"<urn:uuid:{id}>\";reg-id=1;expires=60")
    }

    fn names(events: &[EndpointEvent]) -> Vec<String> {
        let name = |event: &EndpointEvent| match event {
            EndpointEvent::Registered { .. } => "registered".to_owned(),
            EndpointEvent::Unregistered { reason, .. } => format!("{reason:?}"),
            other => format!("{other:?}"),
        };
        events.iter().map(name).collect()
    }

    #[test]
    fn a_binding_is_made_refreshed_and_expires() {
        let now = Instant::now();
        let mut registrar = Registrar::new();
        let Outcome::Done {
            headers,
            moved_from,
        } = registrar.register("ann", &register(&with_instance(1)), &hop(1), now)
        else {
            panic!("refused");
        };
        assert!(headers.contains(&("Contact", "<sip:ann@x.invalid>;expires=60".to_owned())));
        assert_eq!(moved_from, None);
        let later = now + Duration::from_secs(50);
        registrar.register("ann", &register(&with_instance(1)), &hop(1), later);
        registrar.timeout(now + Duration::from_secs(70));
        assert!(registrar.find("ann").is_some());
        registrar.timeout(now + Duration::from_secs(110));
        assert!(registrar.find("ann").is_none());
        assert_eq!(names(&registrar.take_events()), ["registered", "Expired"]);
    }

    #[test]
    fn a_desk_that_comes_back_takes_over_its_old_flow_and_another_does_not() {
        let now = Instant::now();
        let mut registrar = Registrar::new();
        let moved = |registrar: &mut Registrar, flow, instance| {
            let request = register(&with_instance(instance));
            match registrar.register("ann", &request, &hop(flow), now) {
                Outcome::Done { moved_from, .. } => moved_from,
                Outcome::Refused(..) => panic!("refused"),
            }
        };
        assert_eq!(moved(&mut registrar, 1, 7), None);
        assert_eq!(moved(&mut registrar, 2, 7), Some(FlowId(1)));
        registrar.close_flow(FlowId(1), now);
        assert!(registrar.find("ann").is_some());
        registrar.close_flow(FlowId(2), now);
        assert_eq!(moved(&mut registrar, 3, 7), Some(FlowId(2)));
        assert_eq!(moved(&mut registrar, 4, 8), None);
        assert_eq!(
            names(&registrar.take_events()),
            [
                "registered",
                "registered",
                "ConnectionLost",
                "registered",
                "Replaced",
                "registered"
            ]
        );
    }

    #[test]
    fn signing_off_works_only_from_where_one_is() {
        let now = Instant::now();
        let mut registrar = Registrar::new();
        registrar.register("ann", &register(&with_instance(1)), &hop(1), now);
        let gone = register("<sip:ann@x.invalid>;expires=0");
        registrar.register("ann", &gone, &hop(2), now);
        assert!(registrar.find("ann").is_some());
        registrar.register("ann", &gone, &hop(1), now);
        assert!(registrar.find("ann").is_none());
        let short = register("<sip:ann@x.invalid>;expires=5");
        assert!(matches!(
            registrar.register("ann", &short, &hop(1), now),
            Outcome::Refused(423, _)
        ));
        assert!(matches!(
            registrar.register("ann", &register("*"), &hop(1), now),
            Outcome::Refused(400, _)
        ));
    }
}
