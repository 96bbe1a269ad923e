//! Those who have no business here, and those who send rubbish.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::{SinkExt as _, StreamExt as _};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use seatline_sip::{Endpoint, EndpointEvent};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest as _, http::HeaderValue},
};
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    bridge::{Centre, REALM, endpoint_config, next, secrets},
    trunk::Peer,
};

type Socket = WebSocketStream<TlsStream<TcpStream>>;

/// A WebSocket to the centre, spoken by hand.
async fn connect(centre: &Centre) -> Socket {
    let stream = TcpStream::connect(centre.address).await.unwrap();
    let name = "localhost".try_into().unwrap();
    let stream = TlsConnector::from(centre.trust.clone())
        .connect(name, stream)
        .await
        .unwrap();
    let mut request = centre.url().into_client_request().unwrap();
    let protocol = HeaderValue::from_static("sip");
    request
        .headers_mut()
        .insert("Sec-WebSocket-Protocol", protocol);
    client_async(request, stream).await.unwrap().0
}

fn request(method: &str, from: &str, extra: &str) -> String {
    format!(
        "{method} sip:{REALM} SIP/2.0\r\nVia: SIP/2.0/WSS x.invalid;branch=z9hG4bK{method}{from}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:{from}@{REALM}>;tag=1\r\nTo: <sip:{from}@{REALM}>\r\n\
         Call-ID: {method}{from}\r\nCSeq: 1 {method}\r\nContact: <sip:{from}@x.invalid>\r\n{extra}\r\n"
    )
}

async fn exchange(socket: &mut Socket, text: String) -> String {
    socket.send(Message::text(text)).await.unwrap();
    loop {
        let frame = timeout(Duration::from_secs(20), socket.next()).await;
        match frame.expect("no answer in time").expect("closed").unwrap() {
            Message::Text(text) => return text.to_string(),
            _ => continue,
        }
    }
}

#[tokio::test]
async fn nobody_does_anything_without_proof() {
    let mut centre = Centre::start().await;
    let mut socket = connect(&centre).await;
    for (method, status) in [
        ("REGISTER", "401"),
        ("INVITE", "401"),
        ("MESSAGE", "403"),
        ("SUBSCRIBE", "403"),
        ("NOTIFY", "403"),
        ("REFER", "403"),
        ("INFO", "403"),
        ("PUBLISH", "403"),
        ("OPTIONS", "403"),
        ("BYE", "403"),
        ("NONSENSE", "403"),
    ] {
        let answer = exchange(&mut socket, request(method, "ann", "")).await;
        assert!(
            answer.starts_with(&format!("SIP/2.0 {status}")),
            "{method}: {answer}"
        );
        if status == "401" {
            assert!(answer.contains("algorithm=SHA-256") && answer.contains("qop=\"auth\""));
        }
    }
    // A forged nonce is asked for anew, a guessed proof is refused.
    let proof = "Authorization: Digest username=\"ann\", realm=\"seatline.test\", nonce=\"NONCE\", \
        uri=\"sip:seatline.test\", response=\"00\", algorithm=SHA-256, qop=auth, nc=00000001, cnonce=\"c\"\r\n";
    let answer = exchange(&mut socket, request("REGISTER", "ann", proof)).await;
    assert!(answer.starts_with("SIP/2.0 401"));
    // Five guesses, then the door is closed for a while, for known and unknown users alike.
    for user in ["ann", "nobody"] {
        for guesses in 0..7 {
            let asking = exchange(&mut socket, request("REGISTER", user, "")).await;
            let nonce = asking
                .split("nonce=\"")
                .nth(1)
                .unwrap()
                .split('"')
                .next()
                .unwrap();
            let guess = proof.replace("NONCE", nonce).replace("ann", user);
            let answer = exchange(&mut socket, request("REGISTER", user, &guess)).await;
            let status = if guesses < 5 { "403" } else { "503" };
            assert!(
                answer.starts_with(&format!("SIP/2.0 {status}")),
                "{user}: {answer}"
            );
            assert_eq!(answer.contains("\r\nRetry-After: 60\r\n"), guesses >= 5);
        }
        for _ in 0..5 {
            assert!(matches!(
                next(&mut centre.events).await,
                EndpointEvent::AuthenticationFailed { .. }
            ));
        }
    }
    assert!(centre.events.try_recv().is_err());
}

#[tokio::test]
async fn trunk_calls_from_elsewhere_are_refused() {
    let mut config = endpoint_config();
    config.trunks = vec!["192.0.2.0/24".parse().unwrap()];
    let (endpoint, mut events) = Endpoint::start(config, secrets()).await.unwrap();
    let peer = Peer::new(&endpoint).await;
    for method in ["INVITE", "REGISTER", "OPTIONS", "MESSAGE", "CANCEL"] {
        peer.send(peer.request(method, "s1", 1, None).as_bytes())
            .await;
        assert!(peer.receive().await.starts_with("SIP/2.0 403"), "{method}");
    }
    assert!(events.try_recv().is_err());
}

#[tokio::test]
async fn allowed_trunks_still_may_not_do_everything() {
    let (endpoint, mut events) = Endpoint::start(endpoint_config(), secrets()).await.unwrap();
    let peer = Peer::new(&endpoint).await;
    for (method, status) in [
        ("REGISTER", "403"),
        ("MESSAGE", "405"),
        ("REFER", "405"),
        ("NONSENSE", "501"),
        ("BYE", "481"),
    ] {
        peer.send(peer.request(method, "a1", 1, None).as_bytes())
            .await;
        let answer = peer.receive().await;
        assert!(
            answer.starts_with(&format!("SIP/2.0 {status}")),
            "{method}: {answer}"
        );
    }
    let invite = peer.request("INVITE", "a2", 1, None);
    for (from, to, status) in [
        ("Max-Forwards: 70\r\n", "Require: 100rel, timer\r\n", "420"),
        ("application/sdp", "text/plain", "415"),
        ("INVITE sip:", "INVITE tel:", "416"),
        ("Max-Forwards: 70\r\n", "Session-Expires: 10\r\n", "422"),
        ("Max-Forwards: 70\r\n", "Content-Length: -1\r\n", "400"),
        ("SIP/2.0\r\nVia", "SIP/3.0\r\nVia", "505"),
        ("Contact: ", "X-Contact: ", "400"),
    ] {
        let broken = invite.replacen(from, to, 1);
        assert_ne!(broken, invite);
        peer.send(broken.as_bytes()).await;
        let answer = peer.receive().await;
        assert!(
            answer.starts_with(&format!("SIP/2.0 {status}")),
            "{to}: {answer}"
        );
    }
    assert!(events.try_recv().is_err());
}

#[tokio::test]
async fn rubbish_does_not_stop_the_next_call() {
    let (endpoint, mut events) = Endpoint::start(endpoint_config(), secrets()).await.unwrap();
    let rubbish = Peer::new(&endpoint).await;
    let mut random = StdRng::seed_from_u64(7);
    for case in sipx_testkit::rfc4475::CASES {
        rubbish.send(case.bytes).await;
    }
    for case in sipx_testkit::rfc5118::CASES {
        rubbish.send(&case.wire()).await;
    }
    for round in 0..2000 {
        let mut bytes = rubbish
            .request("INVITE", &format!("r{round}"), 1, None)
            .into_bytes();
        for _ in 0..random.random_range(1..12) {
            let at = random.random_range(0..bytes.len());
            match random.random_range(0..3) {
                0 => bytes[at] = random.random(),
                1 => drop(bytes.drain(at..(at + 3).min(bytes.len()))),
                _ => bytes.insert(at, b"\r\n;:<>\"%"[random.random_range(0..8)]),
            }
        }
        rubbish.send(&bytes).await;
        if round % 100 == 0 {
            // Does not outrun the socket's buffer.
            let peer = Peer::new(&endpoint).await;
            peer.send(peer.request("OPTIONS", "o", 1, None).as_bytes())
                .await;
            peer.receive_one("SIP/2.0 200").await;
        }
    }
    let peer = Peer::new(&endpoint).await;
    peer.send(peer.request("INVITE", "sane", 1, None).as_bytes())
        .await;
    peer.receive_one("SIP/2.0 100").await;
    loop {
        if let EndpointEvent::Invite(call) = next(&mut events).await
            && call.call.sip_call_id() == "sane"
        {
            call.call.reject(486, None).await.unwrap();
            break;
        }
    }
    peer.receive_one("SIP/2.0 486").await;
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn the_log_knows_no_proofs_and_no_numbers() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    // For this thread, on which all of this test's tasks run.
    let _guard = tracing::subscriber::set_default(subscriber);
    let mut centre = Centre::start().await;
    let (desk, mut desk_events) = centre.desk("ann").await;
    let target = seatline_sip::Target::Agent("ann".to_owned());
    let placed = centre
        .endpoint
        .call(target, crate::desk::outgoing("ann"))
        .await;
    let rung = crate::bridge::incoming(&mut desk_events).await;
    tracing::info!(?rung, ?placed, ?desk, "told to the log on purpose");
    rung.call.reject(486, None).await.unwrap();
    desk.stop().await;
    drop(next(&mut centre.events).await);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let own: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("seatline_sip"))
        .collect();
    assert!(
        own.iter().any(|line| line.contains("REGISTER")),
        "nothing was logged"
    );
    for line in text
        .lines()
        .filter(|line| line.contains("seatline_sip") || line.contains("wire"))
    {
        for secret in [
            "uthorization",
            "response=",
            "cnonce",
            "secret\"",
            "13812345678",
            "Wei",
        ] {
            assert!(!line.contains(secret), "{line}");
        }
    }
}
