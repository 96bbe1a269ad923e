//! Two stacks on a network of this test's making, on virtual time.

mod transfer;

use std::time::{Duration, Instant};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tokio::sync::{mpsc, oneshot};

use super::{Credentials, Invitation, Outside, Settings, Stack, session::SessionTimer};
use crate::{
    call::{
        Call, CallCommand, CallError, CallEvent, CallEvents, IncomingCall, Origin, ReofferError,
        ReofferReply, Side,
    },
    hop::{FlowId, Hop, Transport},
    message::{Message, parse},
    secret::Secret,
    text::HeaderValue,
};

const CALLER: usize = 0;
const CALLEE: usize = 1;

/// Decides about a message, by sender and text.
type Judge = Box<dyn FnMut(usize, &str) -> bool>;

struct World {
    stacks: [Stack; 2],
    commands: [mpsc::UnboundedReceiver<CallCommand>; 2],
    /// How each side reaches the other.
    hops: [Hop; 2],
    now: Instant,
    incoming: Vec<IncomingCall>,
    /// First lines of everything that was sent, with the sender.
    sent: Vec<(usize, String)>,
    /// Whether a message, by sender and text, is lost on the way.
    loses: Judge,
    /// Messages that wait to be released, to arrive late.
    held: Vec<(usize, String)>,
    holds: Judge,
}

impl World {
    fn new(transport: Transport) -> Self {
        let side = |seed: u8| {
            let (sender, receiver) = mpsc::unbounded_channel();
            let settings = Settings {
                user_agent: "test".to_owned(),
                contact_user: format!("user{seed}"),
                transfers: true,
                trusted: Vec::new(),
            };
            (Stack::new(settings, [seed; 32], sender), receiver)
        };
        let hop = |mine: u8, other: u8| Hop {
            flow: FlowId(1),
            transport,
            peer: ([192, 0, 2, other], 5060).into(),
            local: format!("192.0.2.{mine}:5060").into(),
        };
        let (first, first_commands) = side(1);
        let (second, second_commands) = side(2);
        Self {
            stacks: [first, second],
            commands: [first_commands, second_commands],
            hops: [hop(1, 2), hop(2, 1)],
            now: Instant::now(),
            incoming: Vec::new(),
            sent: Vec::new(),
            loses: Box::new(|_, _| false),
            held: Vec::new(),
            holds: Box::new(|_, _| false),
        }
    }

    fn origin(&self, side: usize) -> Origin {
        match self.hops[side].transport {
            Transport::Wss => Origin::Switch,
            Transport::Udp | Transport::Tcp => Origin::Trunk {
                peer: self.hops[side].peer,
            },
        }
    }

    fn invite(&mut self, credentials: Option<Credentials>) -> (Call, CallEvents) {
        let contact = ("X-Seatline-Contact".to_owned(), "c-7".to_owned());
        self.send_invite(credentials, vec![contact])
    }

    fn invite_with(&mut self, headers: Vec<(String, String)>) -> (Call, CallEvents) {
        self.send_invite(None, headers)
    }

    fn send_invite(
        &mut self,
        credentials: Option<Credentials>,
        headers: Vec<(String, String)>,
    ) -> (Call, CallEvents) {
        let invitation = Invitation {
            origin: self.origin(CALLER),
            uri: "sip:200@192.0.2.2".to_owned(),
            local: "\"Ann\" <sip:100@192.0.2.1>".to_owned(),
            remote: "<sip:200@192.0.2.2>".to_owned(),
            headers,
            sdp: "offer".to_owned(),
            credentials,
        };
        let hop = self.hops[CALLER].clone();
        let placed = self.stacks[CALLER].invite(&hop, invitation, self.now);
        self.pump();
        placed
    }

    /// Delivers until nothing moves.
    fn pump(&mut self) {
        loop {
            let mut moved = false;
            for side in [CALLER, CALLEE] {
                while let Ok(command) = self.commands[side].try_recv() {
                    self.stacks[side].command(command, self.now);
                    moved = true;
                }
                while let Some((_, wire)) = self.stacks[side].poll() {
                    moved = true;
                    let line = wire.lines().next().unwrap_or_default().to_owned();
                    self.sent.push((side, line));
                    if (self.loses)(side, &wire) {
                        continue;
                    }
                    if (self.holds)(side, &wire) {
                        self.held.push((side, wire));
                        continue;
                    }
                    self.deliver(side, &wire);
                }
            }
            if !moved {
                return;
            }
        }
    }

    fn deliver(&mut self, sender: usize, wire: &str) {
        let receiver = 1 - sender;
        let message = parse(wire.as_bytes()).expect("what a stack sends can be read");
        // A foreign parser must be able to read it as well.
        rsipstack::sip::SipMessage::try_from(wire).expect("others can read what a stack sends");
        let hop = self.hops[receiver].clone();
        self.stacks[receiver].receive(&hop, message, self.now);
        while let Some(outside) = self.stacks[receiver].outside() {
            if let Outside::Request { hop, request } = outside {
                let origin = self.origin(receiver);
                let call = self.stacks[receiver].admit(&hop, &request, origin, self.now);
                self.incoming.extend(call);
            }
        }
    }

    fn release(&mut self) {
        self.holds = Box::new(|_, _| false);
        for (sender, wire) in std::mem::take(&mut self.held) {
            self.deliver(sender, &wire);
        }
        self.pump();
    }

    fn advance(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let next = self.stacks.iter().filter_map(Stack::deadline).min();
            match next {
                Some(at) if at <= end => {
                    self.now = self.now.max(at);
                    for side in [CALLER, CALLEE] {
                        self.stacks[side].timeout(self.now);
                    }
                    self.pump();
                }
                Some(_) | None => break,
            }
        }
        self.now = end;
    }

    fn tell<T>(
        &mut self,
        side: usize,
        command: impl FnOnce(oneshot::Sender<T>) -> CallCommand,
    ) -> Option<T> {
        let (done, mut answer) = oneshot::channel();
        self.stacks[side].command(command(done), self.now);
        self.pump();
        answer.try_recv().ok()
    }

    fn ring(&mut self, call: &Call) {
        let id = call.id();
        let rung = self.tell(CALLEE, |done| CallCommand::Ring {
            id,
            early_media: None,
            done,
        });
        assert_eq!(rung, Some(Ok(())));
    }

    fn accept(&mut self, side: usize, call: &Call) -> Result<(), CallError> {
        let (id, sdp) = (call.id(), "answer".to_owned());
        self.tell(side, |done| CallCommand::Accept { id, sdp, done })
            .expect("accepting is answered at once")
    }

    fn hang_up(&mut self, side: usize, call: &Call, reason: &str) {
        let reason = Some(HeaderValue::new(reason).unwrap());
        self.stacks[side].command(
            CallCommand::HangUp {
                id: call.id(),
                reason,
            },
            self.now,
        );
        self.pump();
    }

    fn reoffer(
        &mut self,
        side: usize,
        call: &Call,
    ) -> oneshot::Receiver<Result<String, ReofferError>> {
        let (done, answer) = oneshot::channel();
        let (id, sdp) = (call.id(), format!("new offer of {side}"));
        self.stacks[side].command(CallCommand::Reoffer { id, sdp, done }, self.now);
        self.pump();
        answer
    }

    /// A call that is up, with both its ends.
    fn connected(&mut self) -> ((Call, CallEvents), (Call, CallEvents)) {
        let mut caller = self.invite(None);
        let IncomingCall {
            call, mut events, ..
        } = self.incoming.pop().expect("the call arrives");
        self.accept(CALLEE, &call)
            .expect("the call can be accepted");
        assert!(matches!(caller.1.try_recv(), Ok(CallEvent::Answered(sdp)) if sdp == "answer"));
        assert!(matches!(events.try_recv(), Ok(CallEvent::Confirmed(None))));
        (caller, (call, events))
    }

    fn count(&self, side: usize, start: &str) -> usize {
        self.sent
            .iter()
            .filter(|(sender, line)| *sender == side && line.starts_with(start))
            .count()
    }

    fn assert_all_forgotten(&mut self) {
        self.advance(Duration::from_secs(100));
        assert_eq!(self.stacks.each_ref().map(Stack::call_count), [0, 0]);
        assert!(self.stacks.iter().all(|stack| stack.deadline().is_none()));
    }
}

fn ended(events: &mut CallEvents) -> Option<(Side, Option<u16>, String)> {
    loop {
        match events.try_recv() {
            Ok(CallEvent::Ended { by, code, reason }) => return Some((by, code, reason)),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
}

fn reply_of(events: &mut CallEvents) -> ReofferReply {
    match events.try_recv() {
        Ok(CallEvent::Reoffer { reply, .. }) => reply,
        other => panic!("no offer but {other:?}"),
    }
}

#[test]
fn a_call_rings_is_answered_and_hung_up_with_words() {
    let mut world = World::new(Transport::Udp);
    let (call, mut events) = world.invite(None);
    let incoming = world.incoming.pop().unwrap();
    assert_eq!(incoming.offer.as_deref(), Some("offer"));
    assert_eq!(incoming.from.number.as_ref().unwrap().as_str(), "100");
    assert_eq!(incoming.from.display_name.as_deref(), Some("Ann"));
    assert_eq!(incoming.to.number.as_ref().unwrap().as_str(), "200");
    assert_eq!(incoming.headers.get("x-seatline-contact"), Some("c-7"));
    world.ring(&incoming.call);
    assert!(matches!(events.try_recv(), Ok(CallEvent::Ringing)));
    world.accept(CALLEE, &incoming.call).unwrap();
    assert!(matches!(events.try_recv(), Ok(CallEvent::Answered(_))));
    world.hang_up(CALLEE, &incoming.call, "shift \"over\"");
    let end = (Side::Remote, Some(200), "shift \"over\"".to_owned());
    assert_eq!(ended(&mut events), Some(end));
    let mut theirs = incoming.events;
    assert_eq!(ended(&mut theirs), Some((Side::Local, None, String::new())));
    assert_eq!(world.accept(CALLEE, &incoming.call), Err(CallError::Ended));
    assert_eq!(world.accept(CALLER, &call), Err(CallError::Ended));
    world.assert_all_forgotten();
}

#[test]
fn a_refusal_tells_its_status_and_words() {
    let mut world = World::new(Transport::Udp);
    let (_, mut events) = world.invite(None);
    let incoming = world.incoming.pop().unwrap();
    let (id, reason) = (incoming.call.id(), Some(HeaderValue::new("lunch").unwrap()));
    let code = 486;
    world.tell(CALLEE, |done| CallCommand::Reject {
        id,
        code,
        reason,
        done,
    });
    assert_eq!(
        ended(&mut events),
        Some((Side::Remote, Some(486), "lunch".to_owned()))
    );
    assert_eq!(world.count(CALLER, "ACK"), 1);
    world.assert_all_forgotten();
}

#[test]
fn no_end_is_left_alone_when_messages_are_lost() {
    let mut answered = 0;
    for seed in 0..200 {
        let mut world = World::new(Transport::Udp);
        let mut random = StdRng::seed_from_u64(seed);
        world.loses = Box::new(move |_, _| random.random_bool(0.3));
        let (call, mut events) = world.invite(None);
        world.advance(Duration::from_secs(3));
        let mut incoming = std::mem::take(&mut world.incoming).into_iter();
        let callee = incoming.next();
        assert!(
            incoming.next().is_none(),
            "seed {seed}: a repetition became a second call"
        );
        if let Some(callee) = &callee {
            // The caller may have given up in the meantime.
            let _ = world.accept(CALLEE, &callee.call);
        }
        world.advance(Duration::from_secs(20));
        let mut heard = std::iter::from_fn(|| events.try_recv().ok());
        answered += usize::from(heard.any(|event| matches!(event, CallEvent::Answered(_))));
        world.hang_up(CALLER, &call, "bye");
        world.advance(Duration::from_secs(4000));
        assert!(
            ended(&mut events).is_some(),
            "seed {seed}: the caller is left alone"
        );
        if let Some(mut callee) = callee {
            assert!(
                ended(&mut callee.events).is_some(),
                "seed {seed}: the callee is left alone"
            );
        }
        world.assert_all_forgotten();
    }
    assert!(
        answered >= 195,
        "only {answered} of 200 calls were answered"
    );
}

#[test]
fn hanging_up_before_the_answer_cancels() {
    let mut world = World::new(Transport::Udp);
    let (call, mut events) = world.invite(None);
    let mut incoming = world.incoming.pop().unwrap();
    world.hang_up(CALLER, &call, "answered elsewhere");
    assert_eq!(ended(&mut events), Some((Side::Local, None, String::new())));
    let end = (Side::Remote, Some(487), "answered elsewhere".to_owned());
    assert_eq!(ended(&mut incoming.events), Some(end));
    assert_eq!(world.accept(CALLEE, &incoming.call), Err(CallError::Ended));
    assert_eq!(world.count(CALLEE, "SIP/2.0 487"), 1);
    world.assert_all_forgotten();
}

#[test]
fn a_cancel_waits_for_the_first_sign_of_life() {
    let mut world = World::new(Transport::Udp);
    world.loses = Box::new(|side, _| side == CALLER);
    let (call, _events) = world.invite(None);
    world.hang_up(CALLER, &call, "never mind");
    assert_eq!(world.count(CALLER, "CANCEL"), 0);
    world.loses = Box::new(|_, _| false);
    world.advance(Duration::from_secs(1));
    assert_eq!(world.count(CALLER, "CANCEL"), 1);
    let mut incoming = world.incoming.pop().unwrap();
    assert_eq!(ended(&mut incoming.events).unwrap().1, Some(487));
    world.assert_all_forgotten();
}

#[test]
fn an_answer_that_crosses_the_cancel_is_acknowledged_and_ended() {
    let mut world = World::new(Transport::Udp);
    let (call, mut events) = world.invite(None);
    let mut incoming = world.incoming.pop().unwrap();
    world.holds = Box::new(|side, wire| side == CALLER && wire.starts_with("CANCEL"));
    world.hang_up(CALLER, &call, "too slow");
    world.accept(CALLEE, &incoming.call).unwrap();
    assert_eq!(world.count(CALLER, "ACK"), 1);
    assert_eq!(world.count(CALLER, "BYE"), 1);
    world.release();
    assert_eq!(ended(&mut events).unwrap().0, Side::Local);
    assert_eq!(ended(&mut incoming.events).unwrap().0, Side::Remote);
    world.assert_all_forgotten();
}

#[test]
fn a_bye_that_overtakes_the_ack_ends_the_call() {
    let mut world = World::new(Transport::Udp);
    let (call, _events) = world.invite(None);
    let mut incoming = world.incoming.pop().unwrap();
    world.holds = Box::new(|side, wire| side == CALLER && wire.starts_with("ACK"));
    world.accept(CALLEE, &incoming.call).unwrap();
    world.hang_up(CALLER, &call, "oops");
    assert_eq!(ended(&mut incoming.events).unwrap().0, Side::Remote);
    world.release();
    world.advance(Duration::from_secs(10));
    assert_eq!(
        world.count(CALLEE, "SIP/2.0 200"),
        2,
        "the INVITE's and the BYE's, no repetitions"
    );
    world.assert_all_forgotten();
}

#[test]
fn a_callee_says_bye_only_after_the_ack() {
    let mut world = World::new(Transport::Udp);
    let (_call, mut events) = world.invite(None);
    let incoming = world.incoming.pop().unwrap();
    world.holds = Box::new(|side, wire| side == CALLER && wire.starts_with("ACK"));
    world.accept(CALLEE, &incoming.call).unwrap();
    world.hang_up(CALLEE, &incoming.call, "wrong button");
    assert_eq!(world.count(CALLEE, "BYE"), 0);
    world.release();
    assert_eq!(world.count(CALLEE, "BYE"), 1);
    assert_eq!(ended(&mut events).unwrap().2, "wrong button");
    world.assert_all_forgotten();
}

#[test]
fn an_answer_nobody_confirms_is_repeated_and_then_given_up() {
    let mut world = World::new(Transport::Wss);
    let (_call, _events) = world.invite(None);
    let mut incoming = world.incoming.pop().unwrap();
    world.loses = Box::new(|side, wire| side == CALLER && wire.starts_with("ACK"));
    world.accept(CALLEE, &incoming.call).unwrap();
    world.advance(Duration::from_secs(33));
    assert!(world.count(CALLEE, "SIP/2.0 200") >= 10);
    assert_eq!(
        ended(&mut incoming.events),
        Some((Side::Remote, Some(408), String::new()))
    );
    assert_eq!(world.count(CALLEE, "BYE"), 1);
    world.assert_all_forgotten();
}

#[test]
fn a_caller_nobody_hears_gives_up_after_half_a_minute() {
    let mut world = World::new(Transport::Udp);
    world.loses = Box::new(|_, _| true);
    let (_call, mut events) = world.invite(None);
    world.advance(Duration::from_secs(33));
    assert_eq!(
        ended(&mut events),
        Some((Side::Remote, Some(408), String::new()))
    );
    assert_eq!(world.count(CALLER, "INVITE"), 7);
    world.assert_all_forgotten();
}

#[test]
fn sessions_are_renegotiated_by_either_side() {
    let mut world = World::new(Transport::Udp);
    let ((call, mut events), (their_call, mut their_events)) = world.connected();
    for (side, call, other) in [
        (CALLER, &call, &mut their_events),
        (CALLEE, &their_call, &mut events),
    ] {
        let mut answer = world.reoffer(side, call);
        assert_eq!(
            world.reoffer(side, call).try_recv(),
            Ok(Err(ReofferError::Busy))
        );
        reply_of(other).accept("agreed".to_owned());
        world.pump();
        assert_eq!(answer.try_recv(), Ok(Ok("agreed".to_owned())));
        let mut answer = world.reoffer(side, call);
        drop(reply_of(other));
        world.pump();
        assert_eq!(answer.try_recv(), Ok(Err(ReofferError::Declined(488))));
    }
    world.hang_up(CALLER, &call, "done");
    assert!(ended(&mut their_events).is_some());
    world.assert_all_forgotten();
}

#[test]
fn offers_that_cross_are_both_settled_later() {
    let mut world = World::new(Transport::Udp);
    let ((call, mut events), (their_call, mut their_events)) = world.connected();
    world.holds = Box::new(|_, wire| wire.starts_with("INVITE"));
    let mut answer = world.reoffer(CALLER, &call);
    let mut their_answer = world.reoffer(CALLEE, &their_call);
    world.release();
    assert_eq!(world.count(CALLER, "SIP/2.0 491"), 1);
    assert_eq!(world.count(CALLEE, "SIP/2.0 491"), 1);
    world.advance(Duration::from_millis(2050));
    reply_of(&mut events).accept("yes".to_owned());
    world.pump();
    assert_eq!(their_answer.try_recv(), Ok(Ok("yes".to_owned())));
    world.advance(Duration::from_secs(2));
    reply_of(&mut their_events).accept("yes too".to_owned());
    world.pump();
    assert_eq!(answer.try_recv(), Ok(Ok("yes too".to_owned())));
}

#[test]
fn a_call_whose_far_side_vanished_is_noticed_by_the_session_timer() {
    let mut world = World::new(Transport::Udp);
    let ((_call, mut events), (_their_call, mut their_events)) = world.connected();
    // Refreshes keep it up for hours.
    world.advance(Duration::from_secs(4 * 3600));
    assert!(world.count(CALLER, "UPDATE") >= 14);
    assert!(events.try_recv().is_err() && their_events.try_recv().is_err());
    world.loses = Box::new(|side, _| side == CALLER);
    world.advance(Duration::from_secs(1800));
    assert_eq!(
        ended(&mut events),
        Some((Side::Remote, Some(408), String::new()))
    );
    assert_eq!(
        ended(&mut their_events),
        Some((Side::Remote, Some(408), String::new()))
    );
    world.assert_all_forgotten();
}

#[test]
fn a_refresh_by_re_invite_that_nobody_answers_ends_the_call() {
    let mut world = World::new(Transport::Udp);
    let ((_call, mut events), _theirs) = world.connected();
    for call in world.stacks[CALLER].calls.values_mut() {
        call.updates = false;
    }
    world.loses = Box::new(|side, _| side == CALLER);
    world.advance(Duration::from_secs(900 + 33));
    assert!(world.count(CALLER, "INVITE") > 1);
    assert_eq!(world.count(CALLER, "UPDATE"), 0);
    assert_eq!(
        ended(&mut events),
        Some((Side::Remote, Some(408), String::new()))
    );
}

#[test]
fn a_call_that_is_always_due_does_not_hold_the_stack() {
    let mut world = World::new(Transport::Udp);
    let (_ours, _theirs) = world.connected();
    let now = world.now;
    let stack = &mut world.stacks[CALLER];
    let ids: Vec<_> = stack.calls.keys().copied().collect();
    for id in ids {
        let timer = SessionTimer::start(Duration::ZERO, true, now);
        stack.calls.get_mut(&id).unwrap().session = Some(timer);
        stack.reschedule(id);
    }
    for _ in 0..3 {
        stack.timeout(now);
    }
    let sent = std::iter::from_fn(|| stack.poll());
    assert_eq!(
        sent.filter(|(_, wire)| wire.starts_with("UPDATE")).count(),
        3
    );
}

#[test]
fn a_call_moves_to_a_new_connection_and_open_requests_are_said_again() {
    let mut world = World::new(Transport::Wss);
    let ((call, mut events), (their_call, mut their_events)) = world.connected();
    // The connection dies while an offer is on its way.
    world.loses = Box::new(|_, _| true);
    let mut answer = world.reoffer(CALLER, &call);
    world.advance(Duration::from_secs(3));
    world.loses = Box::new(|_, _| false);
    for (side, announce) in [(CALLEE, false), (CALLER, true)] {
        let hop = Hop {
            flow: FlowId(2),
            ..world.hops[side].clone()
        };
        world.hops[side] = hop.clone();
        world.stacks[side].close_flow(FlowId(1), Transport::Wss, world.now);
        world.stacks[side].rebind(FlowId(1), &hop, announce, world.now);
    }
    world.pump();
    reply_of(&mut their_events).accept("found".to_owned());
    world.pump();
    assert_eq!(answer.try_recv(), Ok(Ok("found".to_owned())));
    assert_eq!(world.count(CALLER, "UPDATE"), 1);
    world.hang_up(CALLEE, &their_call, "works both ways");
    assert_eq!(ended(&mut events).unwrap().2, "works both ways");
}

#[test]
fn a_second_answerer_is_acknowledged_and_sent_away() {
    let mut world = World::new(Transport::Udp);
    let mut first = None;
    world.holds = Box::new(move |side, wire| {
        if side == CALLEE && wire.starts_with("SIP/2.0 200") && first.is_none() {
            first = Some(());
            return true;
        }
        false
    });
    let (_call, mut events) = world.invite(None);
    let incoming = world.incoming.pop().unwrap();
    world.accept(CALLEE, &incoming.call).unwrap();
    let original = world.held.pop().unwrap().1;
    let tag = original
        .lines()
        .find_map(|line| line.strip_prefix("To: ")?.split("tag=").nth(1))
        .unwrap();
    let fork = original.replace(tag, "otherphone");
    world.deliver(CALLEE, &original);
    world.pump();
    assert!(matches!(events.try_recv(), Ok(CallEvent::Answered(_))));
    assert_eq!(world.count(CALLER, "BYE"), 0);
    world.deliver(CALLEE, &fork);
    world.pump();
    assert_eq!(world.count(CALLER, "ACK"), 2);
    assert_eq!(world.count(CALLER, "BYE"), 1);
    // The first answer said again is acknowledged again, and nothing more.
    world.deliver(CALLEE, &original);
    world.pump();
    assert_eq!(world.count(CALLER, "ACK"), 3);
    assert!(events.try_recv().is_err());
}

/// Answers the caller's last request of a method as a trunk that wants proof.
fn challenge(world: &mut World, method: &str, code: u16, realm: &str) -> String {
    let (_, wire) = world
        .held
        .iter()
        .rfind(|(_, wire)| wire.starts_with(method))
        .cloned()
        .unwrap();
    let Ok(Message::Request(request)) = parse(wire.as_bytes()) else {
        panic!("not a request");
    };
    let mut response = request.response(code, "trunk");
    let value = format!("Digest realm=\"{realm}\", nonce=\"n\", algorithm=SHA-256, qop=\"auth\"");
    let name = if code == 401 {
        "WWW-Authenticate"
    } else {
        "Proxy-Authenticate"
    };
    response.headers.push(name, value);
    response.to_wire()
}

fn credentials(realm: Option<&str>) -> Option<Credentials> {
    Some(Credentials {
        user: "acct".to_owned(),
        secret: Secret::password("pw"),
        realm: realm.map(str::to_owned),
        allow_md5: false,
    })
}

#[test]
fn a_trunk_that_wants_proof_gets_it_once() {
    for (code, header) in [
        (401, "\r\nAuthorization: Digest"),
        (407, "\r\nProxy-Authorization: Digest"),
    ] {
        let mut world = World::new(Transport::Udp);
        world.holds = Box::new(|side, wire| side == CALLER && wire.starts_with("INVITE"));
        let (_call, mut events) = world.invite(credentials(None));
        let refusal = challenge(&mut world, "INVITE", code, "provider");
        world.deliver(CALLEE, &refusal);
        world.pump();
        let (_, again) = world.held.last().unwrap().clone();
        assert!(
            again.contains(header) && again.contains("CSeq: 2 INVITE"),
            "{code}"
        );
        for _ in 0..3 {
            let refusal = challenge(&mut world, "INVITE", code, "provider");
            world.deliver(CALLEE, &refusal);
            world.pump();
        }
        assert_eq!(ended(&mut events).unwrap().1, Some(code));
        assert!(
            world.count(CALLER, "INVITE") <= 3,
            "a wrong secret is not tried on and on"
        );
    }
}

#[test]
fn no_proof_is_given_to_a_far_side_that_asks_for_one_later_or_for_another_realm() {
    // Asked by the far end of a running call, in answer to a BYE.
    for realm in [None, Some("provider")] {
        let mut world = World::new(Transport::Udp);
        let (call, _events) = world.invite(credentials(realm));
        let incoming = world.incoming.pop().unwrap();
        world.accept(CALLEE, &incoming.call).unwrap();
        world.holds = Box::new(|side, wire| side == CALLER && wire.starts_with("BYE"));
        world.hang_up(CALLER, &call, "bye");
        let leak = challenge(&mut world, "BYE", 407, "chosen-by-the-thief");
        world.held.clear();
        world.deliver(CALLEE, &leak);
        world.pump();
        assert!(world.held.is_empty(), "a proof leaked");
    }
    // Asked by a trunk for a realm that is not the configured one.
    let mut world = World::new(Transport::Udp);
    world.holds = Box::new(|side, wire| side == CALLER && wire.starts_with("INVITE"));
    let (_call, mut events) = world.invite(credentials(Some("provider")));
    let refusal = challenge(&mut world, "INVITE", 401, "thief");
    world.deliver(CALLEE, &refusal);
    world.pump();
    assert_eq!(ended(&mut events).unwrap().1, Some(401));
    assert_eq!(world.count(CALLER, "INVITE"), 1);
}

#[test]
fn a_stranger_can_not_speak_for_a_call() {
    let mut world = World::new(Transport::Udp);
    world.connected();
    let (_, bye) = {
        world.holds = Box::new(|_, _| true);
        let (call, _) = (
            world.stacks[CALLER].calls.keys().next().copied().unwrap(),
            (),
        );
        world.stacks[CALLER].command(
            CallCommand::HangUp {
                id: call,
                reason: None,
            },
            world.now,
        );
        world.pump();
        world.held.pop().unwrap()
    };
    let stranger = Hop {
        peer: ([203, 0, 113, 9], 5060).into(),
        ..world.hops[CALLEE].clone()
    };
    let message = parse(bye.as_bytes()).unwrap();
    world.stacks[CALLEE].receive(&stranger, message, world.now);
    let (_, answer) = world.stacks[CALLEE].poll().unwrap();
    assert!(answer.starts_with("SIP/2.0 403"));
    world.deliver(CALLER, &bye);
    let (_, answer) = world.stacks[CALLEE].poll().unwrap();
    assert!(answer.starts_with("SIP/2.0 200"));
}
