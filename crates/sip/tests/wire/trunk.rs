//! The trunk side, played by hand over UDP and TCP.

use std::{net::SocketAddr, time::Duration};

use seatline_sip::{
    CallEvent, Endpoint, EndpointEvent, Origin, PlaceCallError, Secret, Side, StartError, Target,
    TrunkCredentials,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UdpSocket},
    sync::mpsc::UnboundedReceiver,
    time::timeout,
};

use crate::{
    bridge::{end_of, endpoint_config, next, secrets},
    desk::outgoing,
};

pub(crate) struct Peer {
    socket: UdpSocket,
    centre: SocketAddr,
    pub(crate) port: u16,
}

impl Peer {
    pub(crate) async fn new(endpoint: &Endpoint) -> Self {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).await.unwrap();
        let port = socket.local_addr().unwrap().port();
        let centre = endpoint.udp_address().unwrap();
        Self {
            socket,
            centre,
            port,
        }
    }

    pub(crate) async fn send(&self, bytes: &[u8]) {
        self.socket.send_to(bytes, self.centre).await.unwrap();
    }

    pub(crate) async fn receive(&self) -> String {
        let mut buffer = vec![0; 65536];
        let receiving = self.socket.recv_from(&mut buffer);
        let received = timeout(Duration::from_secs(20), receiving).await;
        let (length, _) = received.expect("no message in time").unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    /// The next message that starts like this, past repetitions of others.
    pub(crate) async fn receive_one(&self, start: &str) -> String {
        loop {
            let message = self.receive().await;
            if message.starts_with(start) {
                return message;
            }
        }
    }

    /// The 200 to this request, past repetitions of others' answers.
    async fn receive_ok(&self, request: &str) -> String {
        let to = format!("CSeq: {request}\r\n");
        loop {
            let answer = self.receive_one("SIP/2.0 200").await;
            if answer.contains(&to) {
                return answer;
            }
        }
    }

    /// A request within or without a dialog (with the tag of the centre's side).
    pub(crate) fn request(
        &self,
        method: &str,
        call: &str,
        number: u32,
        to_tag: Option<&str>,
    ) -> String {
        let (port, centre) = (self.port, self.centre);
        let tag = to_tag.map(|tag| format!(";tag={tag}")).unwrap_or_default();
        let body = if method == "INVITE" { "v=0 offer" } else { "" };
        let kind = if body.is_empty() {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        format!(
            "{method} sip:4008001234@{centre} SIP/2.0\r\n\
             Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{call}{method}{number};rport\r\n\
             Max-Forwards: 70\r\nFrom: \"Li Lei\" <sip:13800138000@127.0.0.1:{port}>;tag=far{call}\r\n\
             To: <sip:4008001234@{centre}>{tag}\r\nCall-ID: {call}\r\nCSeq: {number} {method}\r\n\
             Contact: <sip:trunk@127.0.0.1:{port}>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }
}

pub(crate) fn tag_of(message: &str, header: &str) -> String {
    let line = message
        .lines()
        .find(|line| line.starts_with(header))
        .unwrap();
    let tag = line.split("tag=").nth(1).unwrap();
    tag.split(';').next().unwrap().to_owned()
}

async fn start() -> (Endpoint, UnboundedReceiver<EndpointEvent>, Peer) {
    let (endpoint, events) = Endpoint::start(endpoint_config(), secrets()).await.unwrap();
    let peer = Peer::new(&endpoint).await;
    (endpoint, events, peer)
}

#[tokio::test]
async fn a_trunk_calls_and_repeats_itself() {
    let (_endpoint, mut events, peer) = start().await;
    let invite = peer.request("INVITE", "c1", 1, None);
    peer.send(invite.as_bytes()).await;
    assert!(peer.receive().await.starts_with("SIP/2.0 100 Trying"));
    peer.send(invite.as_bytes()).await;
    assert!(peer.receive().await.starts_with("SIP/2.0 100 Trying"));
    let EndpointEvent::Invite(call) = next(&mut events).await else {
        panic!("no call");
    };
    assert!(matches!(call.origin, Origin::Trunk { peer: from } if from.port() == peer.port));
    assert_eq!(call.from.number.as_ref().unwrap().as_str(), "13800138000");
    assert_eq!(call.from.display_name.as_deref(), Some("Li Lei"));
    assert_eq!(call.to.number.as_ref().unwrap().as_str(), "4008001234");
    call.call.accept("v=0 answer".to_owned()).await.unwrap();
    let answer = peer.receive_one("SIP/2.0 200").await;
    assert!(answer.ends_with("\r\n\r\nv=0 answer"));
    // The answer comes again until it is acknowledged.
    assert_eq!(peer.receive_one("SIP/2.0 200").await, answer);
    let tag = tag_of(&answer, "To:");
    peer.send(peer.request("ACK", "c1", 1, Some(&tag)).as_bytes())
        .await;
    let mut call_events = call.events;
    assert!(matches!(
        next(&mut call_events).await,
        CallEvent::Confirmed(_)
    ));
    peer.send(peer.request("BYE", "c1", 2, Some(&tag)).as_bytes())
        .await;
    peer.receive_ok("2 BYE").await;
    assert_eq!(
        end_of(&mut call_events).await,
        (Side::Remote, None, String::new())
    );
    assert!(events.try_recv().is_err(), "a repetition became a call");
}

#[tokio::test]
async fn a_bye_before_the_ack_and_a_stray_one_do_no_harm() {
    let (_endpoint, mut events, peer) = start().await;
    peer.send(peer.request("INVITE", "c2", 1, None).as_bytes())
        .await;
    let EndpointEvent::Invite(call) = next(&mut events).await else {
        panic!("no call");
    };
    call.call.accept("v=0 answer".to_owned()).await.unwrap();
    let tag = tag_of(&peer.receive_one("SIP/2.0 200").await, "To:");
    peer.send(peer.request("BYE", "c2", 2, Some(&tag)).as_bytes())
        .await;
    peer.receive_ok("2 BYE").await;
    peer.send(peer.request("ACK", "c2", 1, Some(&tag)).as_bytes())
        .await;
    let mut call_events = call.events;
    assert_eq!(end_of(&mut call_events).await.0, Side::Remote);
    peer.send(peer.request("BYE", "c2", 3, Some("nonsense")).as_bytes())
        .await;
    assert!(peer.receive_one("SIP/2.0 481").await.contains("3 BYE"));
    peer.send(peer.request("OPTIONS", "c3", 1, None).as_bytes())
        .await;
    let answer = peer.receive_ok("1 OPTIONS").await;
    assert!(answer.contains("Allow: INVITE"), "{answer}");
}

#[tokio::test]
async fn the_centre_calls_a_trunk_that_wants_proof() {
    let (endpoint, _events, peer) = start().await;
    let target = Target::Trunk {
        uri: format!("sip:127.0.0.1:{}", peer.port),
        credentials: Some(TrunkCredentials {
            username: "acct".to_owned(),
            secret: Secret::password("pw"),
            realm: None,
            allow_md5: true,
        }),
    };
    let (call, mut events) = endpoint
        .call(target, outgoing("13900139000"))
        .await
        .unwrap();
    let invite = peer.receive_one("INVITE sip:13900139000@127.0.0.1").await;
    assert!(invite.contains("X-Seatline-Contact: contact-7; a=b\r\n"));
    let answer = |invite: &str, status: &str, extra: &str| {
        let mut response = format!("SIP/2.0 {status}\r\n");
        for line in invite.lines().skip(1) {
            if ["Via:", "From:", "Call-ID:", "CSeq:"]
                .iter()
                .any(|h| line.starts_with(h))
            {
                response.push_str(&format!("{line}\r\n"));
            }
            if line.starts_with("To:") {
                let tag = if line.contains("tag=") {
                    ""
                } else {
                    ";tag=far"
                };
                response.push_str(&format!("{line}{tag}\r\n"));
            }
        }
        response + extra + "\r\n"
    };
    let challenge = "Proxy-Authenticate: Digest realm=\"provider\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"\r\n";
    peer.send(answer(&invite, "407 Proxy Authentication Required", challenge).as_bytes())
        .await;
    peer.receive_one("ACK").await;
    let invite = peer.receive_one("INVITE").await;
    assert!(invite.contains("Proxy-Authorization: Digest username=\"acct\", realm=\"provider\""));
    peer.send(answer(&invite, "180 Ringing", "").as_bytes())
        .await;
    assert!(matches!(next(&mut events).await, CallEvent::Ringing));
    let sdp = format!(
        "Contact: <sip:far@127.0.0.1:{}>\r\nContent-Type: application/sdp\r\nContent-Length: 3\r\n",
        peer.port
    );
    peer.send((answer(&invite, "200 OK", &sdp) + "v=0").as_bytes())
        .await;
    assert!(matches!(next(&mut events).await, CallEvent::Answered(sdp) if sdp == "v=0"));
    let ack = peer.receive_one("ACK").await;
    assert!(ack.starts_with(&format!("ACK sip:far@127.0.0.1:{} SIP/2.0", peer.port)));
    call.hangup(None);
    let bye = peer.receive_one("BYE").await;
    peer.send(answer(&bye, "200 OK", "").as_bytes()).await;
    assert_eq!(end_of(&mut events).await.0, Side::Local);
}

#[tokio::test]
async fn calls_go_both_ways_over_tcp() {
    let (endpoint, mut events, peer) = start().await;
    let mut stream = TcpStream::connect(endpoint.tcp_address().unwrap())
        .await
        .unwrap();
    let invite = peer
        .request("INVITE", "t1", 1, None)
        .replace("/UDP", "/TCP");
    // In two pieces, behind a keep-alive.
    stream.write_all(b"\r\n\r\n").await.unwrap();
    stream.write_all(&invite.as_bytes()[..100]).await.unwrap();
    stream.flush().await.unwrap();
    stream.write_all(&invite.as_bytes()[100..]).await.unwrap();
    let EndpointEvent::Invite(call) = next(&mut events).await else {
        panic!("no call");
    };
    call.call.reject(480, None).await.unwrap();
    let mut text = String::new();
    while !text.contains("SIP/2.0 480") {
        let mut buffer = [0; 4096];
        let length = timeout(Duration::from_secs(20), stream.read(&mut buffer))
            .await
            .unwrap()
            .unwrap();
        assert_ne!(length, 0, "closed after {text}");
        text.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
    }
    assert!(text.starts_with("\r\nSIP/2.0 100 Trying"));

    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let target = Target::Trunk {
        uri: format!(
            "sip:127.0.0.1:{};transport=tcp",
            listener.local_addr().unwrap().port()
        ),
        credentials: None,
    };
    let (_call, mut events) = endpoint.call(target, outgoing("1")).await.unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut start = [0; 6];
    stream.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"INVITE");
    // A broken connection fails the call at once, not after half a minute.
    drop(stream);
    assert_eq!(
        end_of(&mut events).await,
        (Side::Remote, Some(408), String::new())
    );
}

#[tokio::test]
async fn trunks_that_can_not_be_reached_are_told_apart() {
    let (endpoint, _events, _peer) = start().await;
    for (uri, error) in [
        ("tel:123".to_owned(), PlaceCallError::BadTrunkUri),
        (
            "sip:127.0.0.1;transport=sctp".to_owned(),
            PlaceCallError::BadTrunkUri,
        ),
        (
            // Nothing listens on port 1.
            "sip:127.0.0.1:1;transport=tcp".to_owned(),
            PlaceCallError::Unreachable,
        ),
        (
            "sip:no-such-host.invalid".to_owned(),
            PlaceCallError::Unreachable,
        ),
    ] {
        let target = Target::Trunk {
            uri: uri.clone(),
            credentials: None,
        };
        let placed = endpoint.call(target, outgoing("1")).await;
        assert_eq!(placed.err(), Some(error), "{uri}");
    }
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let (endpoint, _events, _peer) = start().await;
    let taken = endpoint.udp_address().unwrap();
    let mut config = endpoint_config();
    config.udp = Some(taken);
    match Endpoint::start(config, secrets()).await {
        Err(StartError::InUse(address)) => assert_eq!(address, taken),
        other => panic!("{:?}", other.map(|_| ())),
    }
    let mut config = endpoint_config();
    config.realm = String::new();
    assert!(matches!(
        Endpoint::start(config, secrets()).await,
        Err(StartError::Name)
    ));
}
