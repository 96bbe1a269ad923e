//! Colleagues, the address book, call-backs.

use super::{
    events::{change, connect, hello},
    support::{Centre, Desk, PASSWORD, code, config, error},
};
use reqwest::{Method, StatusCode};
use seatline_center::Clock;
use seatline_contract::{
    customer::NumberKind,
    directory::{Callback, CallbackState, Colleague, Entry},
    error::Code,
    event::Change,
    identity::{Role, Session},
    time::UnixMs,
};
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use uuid::Uuid;

fn path_of(what: &str) -> String {
    format!("/api/v1/{what}/{}", Uuid::new_v4())
}

async fn book(desk: &Desk<'_>, words: &str) -> Vec<Entry> {
    let url = reqwest::Url::parse_with_params("x:/api/v1/address-book", [("q", words)]).unwrap();
    desk.get(&format!("{}?{}", url.path(), url.query().unwrap()))
        .await
}

async fn names(desk: &Desk<'_>, words: &str) -> Vec<String> {
    let entries = book(desk, words).await;
    entries.into_iter().map(|entry| entry.name).collect()
}

#[tokio::test]
async fn everybody_sees_their_colleagues_but_not_those_who_left() {
    let centre = Centre::start().await;
    let admin = centre.administrator().await;
    let zhou = admin.add_person("zhou", Role::Agent).await;
    let gone = admin.add_person("gone", Role::Agent).await;
    let path = format!("/api/v1/people/{}/disabled", gone.id);
    admin.send(Method::PUT, &path, &()).await;
    let agent = centre.sign_in("zhou").await;
    let colleagues: Vec<Colleague> = agent.get("/api/v1/directory").await;
    let logins: Vec<_> = colleagues
        .iter()
        .map(|colleague| colleague.person.login.as_str())
        .collect();
    assert_eq!(logins, ["zhou", "admin"]);
    assert_eq!(colleagues[0].person.id, zhou.id);
    assert_eq!(colleagues[0].team, None);
    centre.stop().await;
}

#[tokio::test]
async fn an_entry_is_its_makers_unless_a_supervisor_shares_it() {
    let centre = Centre::start().await;
    let admin = centre.administrator().await;
    for (login, role) in [("zhou", Role::Agent), ("liu", Role::Agent)] {
        admin.add_person(login, role).await;
    }
    admin.add_person("he", Role::Supervisor).await;
    let (zhou, liu) = (centre.sign_in("zhou").await, centre.sign_in("liu").await);
    let supervisor = centre.sign_in("he").await;

    let own = path_of("address-book");
    let body = json!({ "name": "王小明", "number": "0086-138 0013 8002", "note": "物流" });
    let made: Entry = zhou.write(Method::PUT, &own, &body).await;
    // The spelling is the centre's; who typed it sees it in full.
    assert_eq!(made.number.full.unwrap().expose(), "+8613800138002");
    assert_eq!(made.number.kind, NumberKind::Mobile);
    let shared = path_of("address-book");
    let body = json!({ "name": "仓库", "number": "13900139003", "shared": true });
    let refused = zhou.send(Method::PUT, &shared, &body).await;
    assert_eq!(code(refused).await, Code::Forbidden);
    let _: Entry = supervisor.write(Method::PUT, &shared, &body).await;

    assert_eq!(names(&zhou, "").await, ["仓库", "王小明"]);
    assert_eq!(names(&liu, "").await, ["仓库"]);
    assert_eq!(names(&supervisor, "").await, ["仓库"]);
    // By words, pinyin, and digits of numbers one may see.
    assert_eq!(names(&zhou, "wxm").await, ["王小明"]);
    assert_eq!(names(&zhou, "物流").await, ["王小明"]);
    assert_eq!(names(&zhou, "8002").await, ["王小明"]);
    assert!(names(&liu, "8002").await.is_empty());
    assert!(
        names(&liu, "9003").await.is_empty(),
        "a masked number leaks"
    );
    assert_eq!(names(&supervisor, "9003").await, ["仓库"]);
    let seen = book(&liu, "仓库").await;
    assert_eq!(seen[0].number.display, "139****9003");
    assert_eq!(seen[0].number.full, None);
    assert!(names(&liu, "%").await.is_empty(), "a wildcard is a letter");

    // Nobody touches another's entry, nor learns that it is there.
    let body = json!({ "name": "x", "number": "10086" });
    let taken = liu.send(Method::PUT, &own, &body).await;
    assert_eq!(code(taken).await, Code::Conflict);
    let removed = liu.send(Method::DELETE, &own, &()).await;
    assert_eq!(removed.status(), StatusCode::NO_CONTENT);
    assert_eq!(names(&zhou, "").await, ["仓库", "王小明"]);
    let refused = liu.send(Method::PUT, &shared, &body).await;
    assert_eq!(code(refused).await, Code::Forbidden);
    let refused = liu.send(Method::DELETE, &shared, &()).await;
    assert_eq!(code(refused).await, Code::Forbidden);
    // Twice is as good as once.
    for _ in 0..2 {
        let removed = supervisor.send(Method::DELETE, &shared, &()).await;
        assert_eq!(removed.status(), StatusCode::NO_CONTENT);
        let removed = zhou.send(Method::DELETE, &own, &()).await;
        assert_eq!(removed.status(), StatusCode::NO_CONTENT);
    }
    assert!(names(&zhou, "").await.is_empty());
    centre.stop().await;
}

#[tokio::test]
async fn what_can_not_be_called_or_kept_is_refused_by_its_field() {
    let centre = Centre::start().await;
    let desk = centre.administrator().await;
    let entry = |body: Value| async move { (body, path_of("address-book")) };
    let soon = centre.running.app.clock.now().plus(60_000).0;
    let number = json!({ "kind": "number", "number": "13800138000" });
    let callback = |body: Value| async move { (body, path_of("callbacks")) };
    let long = "长".repeat(2_001);
    let cases = [
        (
            entry(json!({ "name": " ", "number": "10086" })).await,
            Code::InvalidField,
            "name",
        ),
        (
            entry(json!({ "name": "a".repeat(101), "number": "10086" })).await,
            Code::InvalidField,
            "name",
        ),
        (
            entry(json!({ "name": "a", "number": "10086", "note": long })).await,
            Code::InvalidField,
            "note",
        ),
        (
            entry(json!({ "name": "a", "number": "hello" })).await,
            Code::UnplayableNumber,
            "number",
        ),
        (
            callback(json!({ "to": { "kind": "number", "number": "12" }, "at": soon })).await,
            Code::UnplayableNumber,
            "to.number",
        ),
        (
            callback(json!({ "to": number, "at": soon - 600_000 })).await,
            Code::InvalidField,
            "at",
        ),
        (
            callback(json!({ "to": number, "at": i64::MAX })).await,
            Code::InvalidField,
            "at",
        ),
        (
            callback(json!({ "to": { "kind": "queue", "queue": Uuid::new_v4() }, "at": soon }))
                .await,
            Code::InvalidField,
            "to",
        ),
        (
            callback(json!({
                "to": { "kind": "customer", "customer": Uuid::new_v4(), "index": 0 }, "at": soon,
            }))
            .await,
            Code::NotFound,
            "to",
        ),
    ];
    for ((body, path), code, field) in cases {
        let refused = error(desk.send(Method::PUT, &path, &body).await).await;
        assert_eq!(refused.code, code, "{body}");
        assert_eq!(refused.field.as_deref(), Some(field), "{body}");
    }
    let path = path_of("address-book");
    let large = json!({ "name": "a", "number": "10086", "note": "x".repeat(1024 * 1024) });
    let refused = desk.send(Method::PUT, &path, &large).await;
    assert_eq!(code(refused).await, Code::TooLarge);
    let refused = desk.send(Method::PUT, &path, &json!([1])).await;
    assert_eq!(code(refused).await, Code::MalformedRequest);
    let state = format!("{}/state", path_of("callbacks"));
    let refused = desk.send(Method::PUT, &state, &json!("due")).await;
    assert_eq!(code(refused).await, Code::InvalidField);
    let refused = desk.send(Method::PUT, &state, &json!("done")).await;
    assert_eq!(code(refused).await, Code::NotFound);
    centre.stop().await;
}

#[tokio::test]
async fn a_call_back_is_raised_at_its_time_also_after_a_restart() {
    const START: i64 = 1_790_000_000_000;
    const HOUR: i64 = 3_600_000;
    let hands = Arc::new(AtomicI64::new(START));
    let clock = || {
        let time = Arc::clone(&hands);
        Clock::from_fn(move || UnixMs(time.load(Ordering::Relaxed)))
    };
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let mut settings = config(folder.path());
    // Hours pass at once here; that is no sign of a lost desk.
    settings.events.lost_after_ms = 24 * 3_600_000;
    let centre = Centre::start_at(folder.clone(), settings.clone(), clock()).await;
    let admin = centre.administrator().await;
    admin.add_person("zhou", Role::Agent).await;
    admin.add_person("liu", Role::Agent).await;
    let (zhou, liu) = (centre.sign_in("zhou").await, centre.sign_in("liu").await);
    let customer = Uuid::new_v4();
    let body = json!({ "id": customer, "name": "李婷", "numbers": ["13800138001"] });
    let _: Value = admin.write(Method::POST, "/api/v1/customers", &body).await;
    let mut there = connect(&centre).await;
    assert!(
        hello(&mut there, &zhou.session.token)
            .await
            .callbacks
            .is_empty()
    );

    let first = path_of("callbacks");
    let to = json!({ "kind": "customer", "customer": customer, "index": 0 });
    let body = json!({ "to": to, "at": START + HOUR, "note": "报价" });
    let made: Callback = zhou.write(Method::PUT, &first, &body).await;
    assert_eq!(made.state, CallbackState::Waiting);
    assert_eq!(made.customer_name.as_deref(), Some("李婷"));
    // A number the agent may not see stays hidden.
    assert_eq!(made.number.display, "138****8001");
    // Moved without saying whom, it stays theirs.
    let body = json!({ "at": START + HOUR, "note": "报价，周五前" });
    let moved: Callback = zhou.write(Method::PUT, &first, &body).await;
    assert_eq!(moved.customer, made.customer);
    assert_eq!(moved.number.display, made.number.display);
    let refused = zhou.send(Method::PUT, &path_of("callbacks"), &body).await;
    assert_eq!(error(refused).await.field.as_deref(), Some("to"));
    let second = path_of("callbacks");
    let body = json!({
        "to": { "kind": "number", "number": "13900139009" }, "at": START + 2 * HOUR,
    });
    let typed: Callback = zhou.write(Method::PUT, &second, &body).await;
    assert!(typed.number.full.is_some());
    // It is nobody else's.
    let foreign = liu.send(Method::PUT, &first, &body).await;
    assert_eq!(code(foreign).await, Code::Conflict);
    assert!(
        liu.get::<Vec<Callback>>("/api/v1/callbacks")
            .await
            .is_empty()
    );

    hands.store(START + HOUR, Ordering::Relaxed);
    let due = change(&mut there, |change| match change {
        Change::Callback { callback } => (callback.state == CallbackState::Due).then_some(callback),
        _ => None,
    });
    assert_eq!(due.await.id, made.id);
    let state = format!("{first}/state");
    for _ in 0..2 {
        let done = zhou.send(Method::PUT, &state, &CallbackState::Done).await;
        assert_eq!(done.status(), StatusCode::NO_CONTENT);
    }
    let otherwise = zhou.send(Method::PUT, &state, &CallbackState::Cancelled);
    assert_eq!(code(otherwise.await).await, Code::Conflict);
    drop(there);
    centre.stop().await;

    // The second falls due while the centre is down; the agent signs in later.
    hands.store(START + 5 * HOUR, Ordering::Relaxed);
    let centre = Centre::start_at(folder, settings, clock()).await;
    let session = centre.try_sign_in("zhou", PASSWORD, true).await;
    let session: Session = session.json().await.unwrap();
    let mut there = connect(&centre).await;
    let mut open = hello(&mut there, &session.token).await.callbacks;
    assert_eq!(open.len(), 1);
    if open[0].state == CallbackState::Waiting {
        // The snapshot was quicker than the clock; then the change follows.
        open[0] = change(&mut there, |change| match change {
            Change::Callback { callback } => Some(callback),
            _ => None,
        })
        .await;
    }
    assert_eq!((open[0].id, open[0].state), (typed.id, CallbackState::Due));
    let desk = Desk {
        centre: &centre,
        session,
    };
    let all: Vec<Callback> = desk.get("/api/v1/callbacks").await;
    let states: Vec<_> = all.iter().map(|callback| callback.state).collect();
    assert_eq!(states, [CallbackState::Due, CallbackState::Done]);
    centre.stop().await;
}
