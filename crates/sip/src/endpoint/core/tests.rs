//! The centre's end on virtual time.

use super::*;
use crate::digest::{Challenge, Subject};

fn core(now: Instant) -> Core {
    let rules = Rules {
        realm: "r".to_owned(),
        user_agent: "test".to_owned(),
        trunks: vec!["192.0.2.0/24".parse().unwrap()],
    };
    let (commands, _) = mpsc::unbounded_channel();
    let (events, _) = mpsc::unbounded_channel();
    Core::new(rules, [1; 32], [2; 32], commands, events, now)
}

fn hop(flow: u64, transport: Transport, ip: [u8; 4]) -> Hop {
    Hop {
        flow: FlowId(flow),
        transport,
        peer: (ip, 5060).into(),
        local: "centre.invalid".into(),
    }
}

fn request(user: &str, proof: &str) -> String {
    format!(
        "REGISTER sip:r SIP/2.0\r\nVia: SIP/2.0/WSS x.invalid;branch=z9hG4bK{user}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:{user}@r>;tag=1\r\nTo: <sip:{user}@r>\r\n\
         Call-ID: {user}\r\nCSeq: 1 REGISTER\r\nContact: <sip:{user}@x.invalid>\r\n{proof}\r\n"
    )
}

/// Registers, proving to know `secret`, at a centre that knows another one if it is not "right".
fn register(core: &mut Core, user: &str, secret: &str, now: Instant) -> String {
    let hop = hop(1, Transport::Wss, [203, 0, 113, 9]);
    core.receive(&hop, request(user, "").as_bytes(), now);
    let (_, asking) = core.stack.poll().unwrap();
    let Ok(Message::Response(asking)) = parse(asking.as_bytes()) else {
        panic!("no response but {asking}");
    };
    let asked = asking.headers.all("WWW-Authenticate");
    let challenge = Challenge::choose(asked, Some("r"), false).unwrap();
    let subject = Subject {
        user,
        method: "REGISTER",
        uri: "sip:r",
    };
    let secret = Secret::password(secret);
    let proof = digest::answer(&challenge, subject, &secret, "cn", 1).unwrap();
    let proof = format!("Authorization: {proof}\r\n");
    core.receive(&hop, request(user, &proof).as_bytes(), now);
    if let Some((ticket, _)) = core.lookup() {
        core.found(ticket, Some(&Secret::password("right")), now);
    }
    core.stack.poll().unwrap().1
}

#[test]
fn a_locked_address_is_told_to_come_again_not_that_a_secret_is_wrong() {
    let now = Instant::now();
    let mut core = core(now);
    for n in 0..20 {
        let answer = register(&mut core, &format!("user{n}"), "wrong", now);
        assert!(answer.starts_with("SIP/2.0 403"), "{answer}");
    }
    let answer = register(&mut core, "ann", "right", now);
    assert!(answer.starts_with("SIP/2.0 503"), "{answer}");
    assert!(answer.contains("\r\nRetry-After: 60\r\n"), "{answer}");
    let answer = register(&mut core, "ann", "right", now + WINDOW);
    assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
}

#[test]
fn an_idle_connection_is_closed_unless_it_is_a_trunk_s() {
    let now = Instant::now();
    let mut core = core(now);
    core.open_flow(&hop(1, Transport::Tcp, [192, 0, 2, 1]), now);
    core.open_flow(&hop(2, Transport::Tcp, [203, 0, 113, 9]), now);
    core.open_flow(&hop(3, Transport::Wss, [192, 0, 2, 1]), now);
    core.timeout(now + UNPROVEN);
    let closed: Vec<FlowId> = std::iter::from_fn(|| core.closing()).collect();
    assert_eq!(closed, [FlowId(2), FlowId(3)]);
    assert_eq!(core.deadline(), None);
}
