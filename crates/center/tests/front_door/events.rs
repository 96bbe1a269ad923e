//! The event socket: snapshot, changes, silence, garbage.

use super::support::{Centre, Desk, code, config, trusting};
use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use seatline_center::Clock;
use seatline_contract::{
    error::Code,
    event::{Change, ClientFrame, ServerFrame, SignOutReason, Snapshot},
    identity::Role,
    presence::{PersonPresence, Presence},
    secret::Secret,
    time::UnixMs,
};
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
    tungstenite::{
        Error, Message, client::IntoClientRequest, handshake::client::Request, http::StatusCode,
        protocol::frame::coding::CloseCode,
    },
};
use uuid::Uuid;

pub(crate) const SOON: Duration = Duration::from_secs(10);

/// When the tests' own clocks begin.
const START: i64 = 1_700_000_000_000;

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

/// A clock that stands still until somebody moves its hands.
fn standing_clock() -> (Arc<AtomicI64>, Clock) {
    let hands = Arc::new(AtomicI64::new(START));
    let time = Arc::clone(&hands);
    let clock = Clock::from_fn(move || UnixMs(time.load(Ordering::Relaxed)));
    (hands, clock)
}

fn request(centre: &Centre, path: &str) -> Request {
    format!("wss://{}{path}", centre.running.address)
        .into_client_request()
        .unwrap()
}

async fn open(centre: &Centre, request: Request) -> Result<Socket, Box<Error>> {
    let pem = std::fs::read(centre.folder.path().join("certificate.pem")).unwrap();
    let connector = Connector::Rustls(Arc::new(trusting(&pem)));
    connect_async_tls_with_config(request, None, true, Some(connector))
        .await
        .map(|(socket, _)| socket)
        .map_err(Box::new)
}

pub(crate) async fn connect(centre: &Centre) -> Socket {
    open(centre, request(centre, "/api/v1/events"))
        .await
        .unwrap()
}

pub(crate) async fn say(socket: &mut Socket, frame: &ClientFrame) {
    let text = serde_json::to_string(frame).unwrap();
    socket.send(Message::text(text)).await.unwrap();
}

pub(crate) async fn hello(socket: &mut Socket, token: &Secret) -> Snapshot {
    let token = token.clone();
    say(socket, &ClientFrame::Hello { token }).await;
    snapshot(socket).await
}

pub(crate) async fn snapshot(socket: &mut Socket) -> Snapshot {
    match next(socket).await {
        ServerFrame::Snapshot { snapshot } => *snapshot,
        other => panic!("{other:?}"),
    }
}

async fn message(socket: &mut Socket) -> Message {
    let next = tokio::time::timeout(SOON, socket.next()).await;
    next.expect("silence").expect("the end").unwrap()
}

pub(crate) async fn next(socket: &mut Socket) -> ServerFrame {
    match message(socket).await {
        Message::Text(text) => serde_json::from_str(&text).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// The next change that `wanted` picks; other changes and beats pass.
pub(crate) async fn change<T>(
    socket: &mut Socket,
    mut wanted: impl FnMut(Change) -> Option<T>,
) -> T {
    loop {
        if let ServerFrame::Delta { change, .. } = next(socket).await
            && let Some(found) = wanted(*change)
        {
            return found;
        }
    }
}

async fn closed_with(socket: &mut Socket) -> u16 {
    loop {
        if let Message::Close(frame) = message(socket).await {
            return frame.map_or(0, |frame| u16::from(frame.code));
        }
    }
}

/// The next change that is a ticket, with its number.
async fn ticket(socket: &mut Socket) -> (u64, String) {
    loop {
        if let ServerFrame::Delta { seq, change, .. } = next(socket).await
            && let Change::Ticket { ticket } = *change
        {
            return (seq, ticket.subject);
        }
    }
}

async fn write_ticket(desk: &Desk<'_>, subject: &str) {
    let body = json!({
        "id": Uuid::new_v4(), "subject": subject, "ticket_type": "fault", "priority": "low",
    });
    let _: serde_json::Value = desk.write(Method::POST, "/api/v1/tickets", &body).await;
}

#[tokio::test]
async fn a_snapshot_then_numbered_changes_then_a_snapshot_again() {
    let centre = Centre::start().await;
    let desk = centre.administrator().await;
    let mut socket = connect(&centre).await;
    let first = hello(&mut socket, &desk.session.token).await;
    assert_eq!(first.me.login, "admin");
    assert!(!first.catalog.ticket_types.is_empty());
    write_ticket(&desk, "one").await;
    write_ticket(&desk, "two").await;
    let (one, subject) = ticket(&mut socket).await;
    assert_eq!(subject, "one");
    let (two, subject) = ticket(&mut socket).await;
    assert_eq!(subject, "two");
    assert!(first.seq < one && one < two);

    say(&mut socket, &ClientFrame::Beat).await;
    assert!(matches!(next(&mut socket).await, ServerFrame::Beat { .. }));
    say(&mut socket, &ClientFrame::Resync).await;
    assert_eq!(snapshot(&mut socket).await.seq, two);
    write_ticket(&desk, "three").await;
    assert_eq!(ticket(&mut socket).await.0, two + 1);

    // What happens while the desk is away is in the next snapshot's number.
    drop(socket);
    write_ticket(&desk, "four").await;
    let mut socket = connect(&centre).await;
    let again = hello(&mut socket, &desk.session.token).await;
    assert!(again.seq >= two + 2);
    centre.stop().await;
}

#[tokio::test]
async fn take_over_disabling_and_stopping_are_told() {
    let centre = Centre::start().await;
    let administrator = centre.administrator().await;
    let person = administrator.add_person("zhou", Role::Agent).await;
    let first = centre.sign_in("zhou").await;
    let mut told = connect(&centre).await;
    hello(&mut told, &first.session.token).await;
    let second = centre
        .try_sign_in("zhou", super::support::PASSWORD, true)
        .await;
    let second: seatline_contract::identity::Session = second.json().await.unwrap();
    assert_eq!(signed_out(&mut told).await, SignOutReason::TakenOver);
    assert_eq!(closed_with(&mut told).await, 4001);

    let mut told = connect(&centre).await;
    hello(&mut told, &second.token).await;
    let path = format!("/api/v1/people/{}/disabled", person.id);
    administrator.send(Method::PUT, &path, &()).await;
    assert_eq!(signed_out(&mut told).await, SignOutReason::Disabled);

    let mut told = connect(&centre).await;
    hello(&mut told, &administrator.session.token).await;
    let running = centre.running;
    let stopping = tokio::spawn(running.stop());
    assert_eq!(signed_out(&mut told).await, SignOutReason::CentreStopping);
    stopping.await.unwrap();
}

pub(crate) async fn signed_out(socket: &mut Socket) -> SignOutReason {
    loop {
        if let ServerFrame::SignedOut { reason, .. } = next(socket).await {
            return reason;
        }
    }
}

#[tokio::test]
async fn a_silent_desk_is_lost_and_may_come_back() {
    let (hands, clock) = standing_clock();
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let mut config = config(folder.path());
    config.events.lost_after_ms = 300;
    let centre = Centre::start_at(folder.clone(), config, clock).await;
    let desk = centre.administrator().await;
    for _ in 0..2 {
        let mut socket = connect(&centre).await;
        hello(&mut socket, &desk.session.token).await;
        assert_eq!(centre.running.app.hub.listening(), 1);
        // Beats keep it.
        for _ in 0..4 {
            hands.fetch_add(200, Ordering::Relaxed);
            // The centre looks every 20 ms; a look that comes later finds nothing wrong either.
            tokio::time::sleep(Duration::from_millis(50)).await;
            say(&mut socket, &ClientFrame::Beat).await;
            while !matches!(next(&mut socket).await, ServerFrame::Beat { .. }) {}
        }
        hands.fetch_add(400, Ordering::Relaxed);
        assert_eq!(closed_with(&mut socket).await, 4004);
        assert_eq!(centre.running.app.hub.listening(), 0);
    }
    centre.stop().await;
}

#[tokio::test]
async fn strangers_and_garbage_are_shown_out() {
    let hasty = Centre::start_with(|config| config.events.hello_within_ms = 200).await;
    let mut silent = connect(&hasty).await;
    assert_eq!(closed_with(&mut silent).await, 4002);
    hasty.stop().await;

    let centre = Centre::start().await;
    let desk = centre.administrator().await;
    let mut stranger = connect(&centre).await;
    let token = Secret::new("not a token");
    say(&mut stranger, &ClientFrame::Hello { token }).await;
    assert_eq!(closed_with(&mut stranger).await, 4001);

    for garbage in [
        Message::text("{"),
        Message::text("{\"kind\":\"dance\"}"),
        Message::binary(vec![0, 1, 2]),
    ] {
        let mut socket = connect(&centre).await;
        socket.send(garbage.clone()).await.unwrap();
        assert_eq!(closed_with(&mut socket).await, 4003, "{garbage:?}");
        let mut socket = connect(&centre).await;
        hello(&mut socket, &desk.session.token).await;
        socket.send(garbage.clone()).await.unwrap();
        assert_eq!(closed_with(&mut socket).await, 4003, "{garbage:?}");
    }

    let mut large = connect(&centre).await;
    // The centre may close before all of it is sent.
    let _ = large.send(Message::text("x".repeat(70_000))).await;
    let end = tokio::time::timeout(SOON, async {
        while let Some(Ok(message)) = large.next().await {
            if let Message::Close(frame) = message {
                return frame.map(|frame| frame.code);
            }
        }
        None
    });
    assert_ne!(end.await.expect("silence"), Some(CloseCode::Normal));

    let mut foreign = request(&centre, "/api/v1/events");
    foreign
        .headers_mut()
        .insert("origin", "https://evil.test".parse().unwrap());
    let Err(refused) = open(&centre, foreign).await else {
        panic!("a foreign page was let in");
    };
    assert!(matches!(*refused, Error::Http(answer) if answer.status() == StatusCode::FORBIDDEN));
    let mut own = request(&centre, "/api/v1/events");
    own.headers_mut()
        .insert("origin", "tauri://localhost".parse().unwrap());
    assert!(open(&centre, own).await.is_ok());
    let health: seatline_contract::about::Health = centre.get("/health").await;
    assert!(health.healthy);
    centre.stop().await;
}

#[tokio::test]
async fn supervisors_see_within_15_seconds_that_a_desk_is_lost() {
    let (hands, clock) = standing_clock();
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let mut config = config(folder.path());
    config.events.lost_after_ms = 15_000;
    let centre = Centre::start_at(folder.clone(), config, clock).await;
    let administrator = centre.administrator().await;
    administrator.add_person("zhou", Role::Agent).await;
    administrator.add_person("he", Role::Supervisor).await;
    let agent = centre.sign_in("zhou").await;
    let supervisor = centre.sign_in("he").await;

    let refused = agent.read("/api/v1/people").await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert_eq!(code(refused).await, Code::Forbidden);
    assert_eq!(seen(&supervisor, "zhou").await.presence, Presence::Offline);

    let mut socket = connect(&centre).await;
    hello(&mut socket, &agent.session.token).await;
    let present = seen(&supervisor, "zhou").await;
    assert!(matches!(present.presence, Presence::NotReady { .. }));
    assert_eq!(present.since, UnixMs(START));
    assert_eq!(present.person, agent.session.me);

    // The connection breaks. Before the time is up, the desk may still come back.
    drop(socket);
    hands.fetch_add(13_000, Ordering::Relaxed);
    let present = seen(&supervisor, "zhou").await;
    assert!(matches!(present.presence, Presence::NotReady { .. }));

    hands.store(START + 15_000, Ordering::Relaxed);
    let lost = tokio::time::timeout(SOON, async {
        loop {
            let person = seen(&supervisor, "zhou").await;
            if person.presence == Presence::Offline {
                return person.since;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert_eq!(lost.await.expect("still shown"), UnixMs(START + 15_000));
    let raw: serde_json::Value = supervisor.get("/api/v1/people").await;
    let zhou = raw
        .as_array()
        .unwrap()
        .iter()
        .find(|p| p["login"] == "zhou");
    assert_eq!(zhou.unwrap()["presence"], json!({ "kind": "offline" }));
    centre.stop().await;
}

/// A person as a supervisor sees them.
async fn seen(supervisor: &Desk<'_>, login: &str) -> PersonPresence {
    let people: Vec<PersonPresence> = supervisor.get("/api/v1/people").await;
    let found = people.into_iter().find(|seen| seen.person.login == login);
    found.unwrap()
}
