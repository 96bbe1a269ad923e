//! Set-up, sign-in, lock-out, take-over, sign-out.

use super::support::{Centre, PASSWORD, code, config, error};
use reqwest::{Method, StatusCode};
use seatline_center::Clock;
use seatline_contract::{
    about::About,
    error::Code,
    identity::{Person, Role, Session, SetUp},
    secret::Secret,
};

#[tokio::test]
async fn the_set_up_code_makes_one_administrator() {
    let centre = Centre::start().await;
    assert!(centre.get::<About>("/api/v1/about").await.needs_setup);
    let mut set_up = SetUp {
        code: Secret::new("WRONG-WRONG"),
        login: "boss".into(),
        name: "Boss".into(),
        password: Secret::new(PASSWORD),
    };
    let wrong = centre.post("/api/v1/setup", &set_up).await;
    assert_eq!(wrong.status(), StatusCode::FORBIDDEN);
    assert_eq!(code(wrong).await, Code::WrongSetupCode);

    set_up.password = Secret::new("short");
    let weak = error(centre.post("/api/v1/setup", &set_up).await).await;
    assert_eq!(weak.field.as_deref(), Some("password"));

    centre.administrator().await;
    assert!(!centre.get::<About>("/api/v1/about").await.needs_setup);
    set_up.password = Secret::new(PASSWORD);
    set_up.code = centre.running.set_up_code.clone().unwrap();
    let used = centre.post("/api/v1/setup", &set_up).await;
    assert_eq!(code(used).await, Code::WrongSetupCode);
    centre.stop().await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_login_look_the_same_and_lock_the_same() {
    let centre = Centre::start().await;
    centre.administrator().await;
    for login in ["admin", "nobody"] {
        for _ in 0..5 {
            let response = centre.try_sign_in(login, "wrong password!", true).await;
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
            assert_eq!(code(response).await, Code::WrongCredentials);
        }
        let locked = error(centre.try_sign_in(login, PASSWORD, true).await).await;
        assert_eq!(locked.code, Code::AccountLocked);
        assert!(locked.retry_after_s.is_some_and(|seconds| seconds > 800));
    }
    centre.stop().await;
}

#[tokio::test]
async fn twenty_failures_lock_the_address() {
    let centre = Centre::start_with(|config| config.lockout.address_failures = 6).await;
    for n in 0..6 {
        let login = format!("guess{n}");
        centre.try_sign_in(&login, "wrong password!", false).await;
    }
    let locked = centre.try_sign_in("fresh", PASSWORD, false).await;
    assert_eq!(locked.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(code(locked).await, Code::TooManyRequests);
    centre.stop().await;
}

#[tokio::test]
async fn a_second_sign_in_asks_and_then_takes_over() {
    let centre = Centre::start().await;
    let first = centre.administrator().await;
    let refused = centre.try_sign_in("admin", PASSWORD, false).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    assert_eq!(code(refused).await, Code::SignedInElsewhere);
    assert_eq!(first.read("/api/v1/people").await.status(), StatusCode::OK);

    let second: Session = centre
        .try_sign_in("ADMIN ", PASSWORD, true)
        .await
        .json()
        .await
        .unwrap();
    assert_ne!(second.line.secret, first.session.line.secret);
    assert_eq!(second.line.user, first.session.line.user);
    assert_eq!(
        code(first.read("/api/v1/people").await).await,
        Code::SessionEnded
    );
    let line = centre.running.app.identity.line_secret(&second.line.user);
    assert_eq!(line, Some(second.line.secret));
    centre.stop().await;
}

#[tokio::test]
async fn signing_out_ends_the_session_and_its_line() {
    let centre = Centre::start().await;
    let desk = centre.administrator().await;
    let user = desk.session.line.user.clone();
    let response = desk
        .send(Method::DELETE, "/api/v1/sessions/current", &())
        .await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        code(desk.read("/api/v1/people").await).await,
        Code::SessionEnded
    );
    assert!(centre.running.app.identity.line_secret(&user).is_none());
    centre.sign_in("admin").await;
    centre.stop().await;
}

#[tokio::test]
async fn only_administrators_add_and_disable_people() {
    let centre = Centre::start().await;
    let administrator = centre.administrator().await;
    let person = administrator.add_person("zhou", Role::Agent).await;
    let agent = centre.sign_in("zhou").await;
    let people: Vec<Person> = administrator.get("/api/v1/people").await;
    assert_eq!(people.len(), 2);

    let disabled = format!("/api/v1/people/{}/disabled", person.id);
    let refused = agent.send(Method::PUT, &disabled, &()).await;
    assert_eq!(code(refused).await, Code::Forbidden);
    let done = administrator.send(Method::PUT, &disabled, &()).await;
    assert_eq!(done.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        code(agent.read("/api/v1/people").await).await,
        Code::SessionEnded
    );
    let refused = centre.try_sign_in("zhou", PASSWORD, false).await;
    assert_eq!(code(refused).await, Code::AccountDisabled);
    let enabled = format!("/api/v1/people/{}/enabled", person.id);
    administrator.send(Method::PUT, &enabled, &()).await;
    centre.sign_in("zhou").await;

    let taken = administrator
        .send(
            Method::POST,
            "/api/v1/people",
            &serde_json::json!({"login": "Zhou", "name": "Z", "role": "agent", "password": PASSWORD}),
        )
        .await;
    let taken = error(taken).await;
    assert_eq!(
        (taken.code, taken.field.as_deref()),
        (Code::Conflict, Some("login"))
    );
    centre.stop().await;
}

#[tokio::test]
async fn a_session_ends_when_its_time_is_up() {
    use seatline_contract::time::UnixMs;
    use std::sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    };
    let hands = Arc::new(AtomicI64::new(1_700_000_000_000));
    let time = Arc::clone(&hands);
    let clock = Clock::from_fn(move || UnixMs(time.load(Ordering::Relaxed)));
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let centre = Centre::start_at(folder.clone(), config(folder.path()), clock).await;
    let desk = centre.administrator().await;
    let user = desk.session.line.user.clone();
    assert_eq!(desk.session.expires.since(desk.session.now), 12 * 3_600_000);
    hands.fetch_add(12 * 3_600_000, Ordering::Relaxed);
    assert_eq!(
        code(desk.read("/api/v1/people").await).await,
        Code::SessionEnded
    );
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    while centre.running.app.identity.line_secret(&user).is_some() {
        assert!(
            tokio::time::Instant::now() < deadline,
            "the line stays open"
        );
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    centre.sign_in("admin").await;
    centre.stop().await;
}
