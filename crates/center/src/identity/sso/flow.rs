//! Sign-ins on their way through browsers. Pure: time and random values are arguments.
//!
//! ```text
//!            page opened, Continue            callback               claim
//!  Begun ─────────────────────────▶ Sent ───────────────▶ Checking ──▶ Proved ────▶ gone: a session
//!    │                               │ ▲                      │
//!    │                               └─┘ Continue again       └──▶ Failed ──claim──▶ gone: told
//!    └──── five minutes, or cancelled by the desk: gone, from every state ────────────▶
//! ```
//!
//! Three secrets keep three things apart. The *claim* belongs to the desk that began: only it gets
//! the session. The *ticket* is in the page's address. The *cookie* belongs to the browser in which
//! somebody pressed Continue: only it may come back from the provider, with the *state* that was
//! sent along.

use super::{fault::Fault, random::Random};
use seatline_contract::{id::AgentId, time::UnixMs};
use std::{collections::HashMap, net::IpAddr};

/// How long a person has.
pub(super) const PATIENCE_MS: i64 = 5 * 60_000;
/// Most sign-ins at once.
const MOST: usize = 5_000;
/// Most of them from one address.
const MOST_FROM_ONE: usize = 100;

/// All sign-ins on their way, by the hash of their claim.
#[derive(Debug, Default)]
pub(super) struct Flows {
    all: HashMap<String, Flow>,
}

#[derive(Debug)]
struct Flow {
    ticket: String,
    code: String,
    device: String,
    address: IpAddr,
    begun: UnixMs,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Begun,
    Sent(Journey),
    Checking,
    Proved(AgentId),
    Failed(Fault),
}

/// What goes with a person to the provider, and has to come back.
#[derive(Debug, Clone)]
pub(super) struct Journey {
    /// Sent along, and comes back.
    pub(super) state: String,
    /// Comes back within the ID token.
    pub(super) nonce: String,
    /// Proves to the provider that who sent the person redeems the code (RFC 7636).
    pub(super) verifier: String,
    /// Left in the browser.
    pub(super) cookie: String,
}

impl Journey {
    /// A new one.
    pub(super) fn new(random: Random) -> Self {
        Self {
            state: random(),
            nonce: random(),
            verifier: random(),
            cookie: random(),
        }
    }
}

/// What a desk begins.
#[derive(Debug)]
pub(super) struct Beginning {
    pub(super) claim_hash: String,
    pub(super) ticket: String,
    pub(super) code: String,
    pub(super) device: String,
    pub(super) address: IpAddr,
}

/// What the page shows before anybody goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) code: String,
    pub(super) device: String,
}

/// Somebody is back from the provider.
#[derive(Debug)]
pub(super) struct Returned {
    /// Whose sign-in it is.
    pub(super) claim_hash: String,
    /// What went along.
    pub(super) journey: Journey,
}

/// How a sign-in stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nobody is back yet.
    Waiting {
        /// Somebody has pressed Continue.
        opened: bool,
    },
    /// This is who it is. The sign-in is gone.
    Proved(AgentId, Return),
    /// It failed. The sign-in is gone.
    Failed(Fault),
}

/// What puts a proved sign-in back, when its session has to wait for an answer of the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Return {
    pub(super) device: String,
    begun: UnixMs,
    address: IpAddr,
}

/// Why a browser is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TurnedAway {
    /// There is no such sign-in, or no more: too late, used, or cancelled.
    Gone,
    /// Somebody else's: this browser, or its place, is not where it was begun.
    NotYours,
}

impl Flows {
    /// Takes a new sign-in. False: too many are on their way.
    pub(super) fn begin(&mut self, beginning: Beginning, now: UnixMs) -> bool {
        self.all.retain(|_, flow| flow.is_alive(now));
        let from_there = |flow: &&Flow| flow.address == beginning.address;
        if self.all.len() >= MOST || self.all.values().filter(from_there).count() >= MOST_FROM_ONE {
            return false;
        }
        let flow = Flow {
            ticket: beginning.ticket,
            code: beginning.code,
            device: beginning.device,
            address: beginning.address,
            begun: now,
            stage: Stage::Begun,
        };
        self.all.insert(beginning.claim_hash, flow);
        true
    }

    /// What the page of a ticket shows; nothing any more once somebody is back from the provider.
    pub(super) fn show(&self, ticket: &str, now: UnixMs) -> Result<Shown, TurnedAway> {
        let open = |flow: &&Flow| flow.ticket == ticket && flow.is_alive(now) && flow.is_open();
        let flow = self.all.values().find(open).ok_or(TurnedAway::Gone)?;
        Ok(Shown {
            code: flow.code.clone(),
            device: flow.device.clone(),
        })
    }

    /// Somebody at `address` presses Continue. `None` asks for no address.
    pub(super) fn send(
        &mut self,
        ticket: &str,
        address: Option<IpAddr>,
        journey: Journey,
        now: UnixMs,
    ) -> Result<(), TurnedAway> {
        let open = |flow: &&mut Flow| flow.ticket == ticket && flow.is_alive(now) && flow.is_open();
        let flow = self.all.values_mut().find(open).ok_or(TurnedAway::Gone)?;
        if address.is_some_and(|address| address != flow.address) {
            return Err(TurnedAway::NotYours);
        }
        flow.stage = Stage::Sent(journey);
        Ok(())
    }

    /// Somebody is back from the provider; each state counts once. `cookie` is what the browser has.
    pub(super) fn come_back(
        &mut self,
        state: &str,
        cookie: Option<&str>,
        now: UnixMs,
    ) -> Result<Returned, TurnedAway> {
        for (claim_hash, flow) in &mut self.all {
            let Stage::Sent(journey) = &flow.stage else {
                continue;
            };
            if journey.state != state || !flow.is_alive(now) {
                continue;
            }
            // Not used up by it: whoever has read a state somewhere cannot end the sign-in with it.
            if cookie != Some(journey.cookie.as_str()) {
                return Err(TurnedAway::NotYours);
            }
            let journey = journey.clone();
            flow.stage = Stage::Checking;
            return Ok(Returned {
                claim_hash: claim_hash.clone(),
                journey,
            });
        }
        Err(TurnedAway::Gone)
    }

    /// What came of it. A sign-in that was cancelled meanwhile stays gone.
    pub(super) fn settle(&mut self, claim_hash: &str, outcome: Result<AgentId, Fault>) {
        if let Some(flow) = self.all.get_mut(claim_hash)
            && matches!(flow.stage, Stage::Checking)
        {
            flow.stage = match outcome {
                Ok(agent) => Stage::Proved(agent),
                Err(fault) => Stage::Failed(fault),
            };
        }
    }

    /// How a sign-in stands; what is over is taken out. `None`: there is no such sign-in.
    pub(super) fn claim(&mut self, claim_hash: &str, now: UnixMs) -> Option<Standing> {
        let flow = self.all.get(claim_hash)?;
        if flow.is_alive(now) {
            match flow.stage {
                Stage::Begun => return Some(Standing::Waiting { opened: false }),
                Stage::Sent(_) | Stage::Checking => {
                    return Some(Standing::Waiting { opened: true });
                }
                Stage::Proved(_) | Stage::Failed(_) => {}
            }
        }
        let flow = self.all.remove(claim_hash)?;
        if !flow.is_alive(now) {
            return None;
        }
        match flow.stage {
            Stage::Proved(agent) => {
                let back = Return {
                    device: flow.device,
                    begun: flow.begun,
                    address: flow.address,
                };
                Some(Standing::Proved(agent, back))
            }
            Stage::Failed(fault) => Some(Standing::Failed(fault)),
            Stage::Begun | Stage::Sent(_) | Stage::Checking => None,
        }
    }

    /// Puts back what was proved: the person is asked something first.
    pub(super) fn put_back(&mut self, claim_hash: String, agent: AgentId, back: Return) {
        let flow = Flow {
            ticket: String::new(),
            code: String::new(),
            device: back.device,
            address: back.address,
            begun: back.begun,
            stage: Stage::Proved(agent),
        };
        self.all.insert(claim_hash, flow);
    }

    /// The desk gives up.
    pub(super) fn cancel(&mut self, claim_hash: &str) {
        self.all.remove(claim_hash);
    }
}

impl Flow {
    fn is_alive(&self, now: UnixMs) -> bool {
        now.since(self.begun) < PATIENCE_MS
    }

    fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Begun | Stage::Sent(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use uuid::Uuid;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const ELSEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    fn begin(flows: &mut Flows, name: &str) {
        assert!(flows.begin(
            Beginning {
                claim_hash: name.into(),
                ticket: format!("ticket-{name}"),
                code: "KD-4R".into(),
                device: "PC-1".into(),
                address: HOME,
            },
            UnixMs(0),
        ));
    }

    fn journey(name: &str) -> Journey {
        let count = Cell::new(0);
        Journey::new(&|| {
            count.set(count.get() + 1);
            format!("{name}-{}", count.get())
        })
    }

    /// Sends one on its way; its state is `NAME-1`, its cookie `NAME-4`.
    fn send(flows: &mut Flows, name: &str) {
        let sent = flows.send(
            &format!("ticket-{name}"),
            Some(HOME),
            journey(name),
            UnixMs(1),
        );
        assert_eq!(sent, Ok(()));
    }

    fn agent() -> AgentId {
        AgentId(Uuid::from_u128(7))
    }

    #[test]
    fn a_sign_in_ends_in_one_session_for_the_desk_that_began() {
        let mut flows = Flows::default();
        begin(&mut flows, "a");
        begin(&mut flows, "b");
        let waiting = |opened| Some(Standing::Waiting { opened });
        assert_eq!(flows.claim("a", UnixMs(1)), waiting(false));
        assert_eq!(flows.show("ticket-a", UnixMs(1)).unwrap().code, "KD-4R");
        send(&mut flows, "a");
        assert_eq!(flows.claim("a", UnixMs(2)), waiting(true));
        let back = flows.come_back("a-1", Some("a-4"), UnixMs(3)).unwrap();
        assert_eq!(
            (back.claim_hash.as_str(), back.journey.nonce.as_str()),
            ("a", "a-2")
        );
        // The page is no good any more, nor is the state.
        assert_eq!(flows.show("ticket-a", UnixMs(3)), Err(TurnedAway::Gone));
        let again = flows.come_back("a-1", Some("a-4"), UnixMs(3)).unwrap_err();
        assert_eq!(again, TurnedAway::Gone);
        flows.settle("a", Ok(agent()));
        assert_eq!(flows.claim("b", UnixMs(4)), waiting(false));
        let Some(Standing::Proved(who, put)) = flows.claim("a", UnixMs(4)) else {
            panic!("it is proved");
        };
        assert_eq!(who, agent());
        assert_eq!(flows.claim("a", UnixMs(4)), None, "it counts once");
        flows.put_back("a".into(), who, put);
        assert!(matches!(
            flows.claim("a", UnixMs(5)),
            Some(Standing::Proved(..))
        ));
    }

    #[test]
    fn another_browser_or_place_is_turned_away_and_ends_nothing() {
        let mut flows = Flows::default();
        begin(&mut flows, "a");
        let far = flows.send("ticket-a", Some(ELSEWHERE), journey("x"), UnixMs(1));
        assert_eq!(far, Err(TurnedAway::NotYours));
        send(&mut flows, "a");
        for cookie in [None, Some("b-4"), Some("")] {
            let back = flows.come_back("a-1", cookie, UnixMs(2)).unwrap_err();
            assert_eq!(back, TurnedAway::NotYours);
        }
        // The states of two sign-ins do not serve each other.
        begin(&mut flows, "b");
        send(&mut flows, "b");
        let mixed = flows.come_back("b-1", Some("a-4"), UnixMs(2)).unwrap_err();
        assert_eq!(mixed, TurnedAway::NotYours);
        // Continue pressed again: the former state is no good any more.
        let again = flows.send("ticket-a", Some(HOME), journey("again"), UnixMs(2));
        assert_eq!(again, Ok(()));
        assert!(flows.come_back("a-1", Some("a-4"), UnixMs(3)).is_err());
        assert!(
            flows
                .come_back("again-1", Some("again-4"), UnixMs(3))
                .is_ok()
        );
    }

    #[test]
    fn what_is_late_or_cancelled_is_gone() {
        let mut flows = Flows::default();
        begin(&mut flows, "a");
        send(&mut flows, "a");
        let late = UnixMs(PATIENCE_MS);
        assert_eq!(flows.show("ticket-a", late), Err(TurnedAway::Gone));
        assert!(flows.come_back("a-1", Some("a-4"), late).is_err());
        assert_eq!(flows.claim("a", late), None);
        begin(&mut flows, "b");
        send(&mut flows, "b");
        flows.come_back("b-1", Some("b-4"), UnixMs(2)).unwrap();
        flows.cancel("b");
        flows.settle("b", Ok(agent()));
        assert_eq!(flows.claim("b", UnixMs(3)), None);
        begin(&mut flows, "c");
        send(&mut flows, "c");
        flows.come_back("c-1", Some("c-4"), UnixMs(2)).unwrap();
        flows.settle("c", Err(Fault::UnknownPerson));
        let told = flows.claim("c", UnixMs(3));
        assert_eq!(told, Some(Standing::Failed(Fault::UnknownPerson)));
    }

    #[test]
    fn one_address_cannot_take_all_places() {
        let mut flows = Flows::default();
        for n in 0..MOST_FROM_ONE {
            begin(&mut flows, &n.to_string());
        }
        let beginning = |address| Beginning {
            claim_hash: "more".into(),
            ticket: "more".into(),
            code: String::new(),
            device: String::new(),
            address,
        };
        assert!(!flows.begin(beginning(HOME), UnixMs(1)));
        assert!(flows.begin(beginning(ELSEWHERE), UnixMs(1)));
        assert!(flows.begin(beginning(HOME), UnixMs(PATIENCE_MS)), "in time");
    }
}
