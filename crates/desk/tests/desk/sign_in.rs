//! Signing in, and staying signed in.

use crate::rig::{Centre, Computer, PASSWORD, Telephone, code, request, seen};
use seatline_contract::{error::Code, identity::Role, presence::Presence, secret::Secret};
use seatline_desk::{
    command::SetUpRequest,
    failure::FailureCode,
    view::{Connection, Line, NoticeCode},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_signs_in_sees_the_state_and_signs_out() {
    let telephone = Telephone::start().await;
    let centre = Centre::start(&telephone.uri()).await;
    let computer = Computer::new(&centre);
    let desk = computer.desk().await;
    assert_eq!(desk.remembered().await, None);
    assert!(!desk.resume().await.unwrap());

    let check = desk.check_centre(centre.url(), None).await.unwrap();
    assert_eq!(check.name, "Test site");
    assert!(!check.needs_setup);
    desk.sign_in(request(&centre)).await.unwrap();
    let view = desk.view();
    assert_eq!(view.connection, Connection::Online);
    assert_eq!(view.me.as_ref().unwrap().name, "周倩");
    assert_eq!(view.queues.len(), 1);
    assert!(!view.catalog.as_ref().unwrap().dispositions.is_empty());
    assert!(!view.clock_wrong);
    seen(&desk, "the line is up", |view| {
        (view.line == Line::Up).then_some(())
    })
    .await;
    let presence = desk.view().presence.clone().unwrap().presence;
    assert!(!matches!(presence, Presence::Ready), "{presence:?}");

    desk.sign_out().await.unwrap();
    assert_eq!(
        desk.view().connection,
        Connection::SignedOut { reason: None }
    );
    let remembered = desk.remembered().await.unwrap();
    assert_eq!(remembered.login, "zhou");
    assert!(remembered.has_password);
    assert!(!desk.resume().await.unwrap(), "signed out by wish");
    desk.shutdown().await;
    centre.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_a_second_desk_are_told_apart() {
    let telephone = Telephone::start().await;
    let centre = Centre::start(&telephone.uri()).await;
    let computer = Computer::new(&centre);
    let desk = computer.desk().await;
    let mut wrong = request(&centre);
    wrong.password = Some(Secret::new("not the password"));
    let failure = desk.sign_in(wrong).await.unwrap_err();
    assert_eq!(code(&failure), FailureCode::Centre(Code::WrongCredentials));
    assert_eq!(
        desk.view().connection,
        Connection::SignedOut { reason: None }
    );
    let mut nobody = request(&centre);
    nobody.password = None;
    let failure = desk.sign_in(nobody).await.unwrap_err();
    assert_eq!(code(&failure), FailureCode::Centre(Code::WrongCredentials));

    desk.sign_in(request(&centre)).await.unwrap();
    let other_computer = Computer::new(&centre);
    let other = other_computer.desk().await;
    let failure = other.sign_in(request(&centre)).await.unwrap_err();
    assert_eq!(code(&failure), FailureCode::Centre(Code::SignedInElsewhere));
    let mut insist = request(&centre);
    insist.take_over = true;
    other.sign_in(insist).await.unwrap();
    let reason = seen(&desk, "the first desk is told", |view| {
        match &view.connection {
            Connection::SignedOut { reason } => Some(*reason),
            _ => None,
        }
    })
    .await;
    assert_eq!(reason, Some(FailureCode::Centre(Code::SignedInElsewhere)));
    seen(&desk, "a notice", |view| {
        let told = |it: &seatline_desk::view::Notice| it.code == NoticeCode::SignedOut;
        view.notices.iter().any(told).then_some(())
    })
    .await;
    other.shutdown().await;
    desk.shutdown().await;
    centre.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_administrator_is_made_once_and_signs_in() {
    let telephone = Telephone::start().await;
    let centre = Centre::start_empty(&telephone.uri()).await;
    let computer = Computer::new(&centre);
    computer.decide(&[]);
    let desk = computer.desk().await;
    let untrusted = desk.check_centre(centre.url(), None).await.unwrap_err();
    let trust = untrusted.subject;
    let check = desk.check_centre(centre.url(), trust.clone()).await;
    assert!(check.unwrap().needs_setup);

    let set_up = |code: &str, password: &str| SetUpRequest {
        centre: centre.url(),
        code: Secret::new(code),
        login: "boss".into(),
        name: "韩梅".into(),
        password: Secret::new(password),
        trust: trust.clone(),
    };
    let code = centre.running.set_up_code.clone().unwrap();
    let wrong = desk.set_up_centre(set_up("WRONG", PASSWORD)).await;
    let wrong_code = FailureCode::Centre(Code::WrongSetupCode);
    assert_eq!(wrong.unwrap_err().code, wrong_code);
    let weak = desk.set_up_centre(set_up(code.expose(), "short")).await;
    assert_eq!(weak.unwrap_err().field.as_deref(), Some("password"));
    desk.set_up_centre(set_up(code.expose(), PASSWORD))
        .await
        .unwrap();
    let again = desk.set_up_centre(set_up(code.expose(), PASSWORD)).await;
    assert_eq!(again.unwrap_err().code, wrong_code);
    let check = desk.check_centre(centre.url(), trust.clone()).await;
    assert!(!check.unwrap().needs_setup);

    let mut first = request(&centre);
    first.login = "boss".into();
    first.trust = trust;
    desk.sign_in(first).await.unwrap();
    assert_eq!(desk.view().me.as_ref().unwrap().role, Role::Administrator);
    desk.shutdown().await;
    centre.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_self_made_certificate_is_trusted_by_its_fingerprint_only() {
    let telephone = Telephone::start().await;
    let centre = Centre::start(&telephone.uri()).await;
    let computer = Computer::new(&centre);
    computer.decide(&[]);
    let desk = computer.desk().await;
    let untrusted = crate::rig::desk_code(seatline_desk::failure::DeskCode::CertificateUntrusted);
    let failure = desk.check_centre(centre.url(), None).await.unwrap_err();
    assert_eq!(code(&failure), untrusted);
    let fingerprint = failure.subject.unwrap();
    assert_eq!(fingerprint.len(), 64);

    let mut other = request(&centre);
    other.trust = Some("0".repeat(64));
    let changed = crate::rig::desk_code(seatline_desk::failure::DeskCode::CertificateChanged);
    assert_eq!(code(&desk.sign_in(other).await.unwrap_err()), changed);
    let mut accepted = request(&centre);
    accepted.trust = Some(fingerprint);
    desk.sign_in(accepted).await.unwrap();
    seen(&desk, "the line is up over the same trust", |view| {
        (view.line == Line::Up).then_some(())
    })
    .await;
    desk.sign_out().await.unwrap();
    // The next sign-in to the same centre needs no asking.
    desk.sign_in(request(&centre)).await.unwrap();
    desk.shutdown().await;
    centre.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_desk_resumes_its_session() {
    let telephone = Telephone::start().await;
    let centre = Centre::start(&telephone.uri()).await;
    let computer = Computer::new(&centre);
    let desk = computer.signed_in(&centre).await;
    // Killed: nothing is said to the centre, its session is still open.
    drop(desk);
    let desk = crate::rig::restart(&computer).await;
    assert!(desk.resume().await.unwrap());
    assert_eq!(desk.view().connection, Connection::Online);
    seen(&desk, "the line is up", |view| {
        (view.line == Line::Up).then_some(())
    })
    .await;
    desk.shutdown().await;
    centre.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_centre_is_found_again() {
    let telephone = Telephone::start().await;
    let centre = Centre::start(&telephone.uri()).await;
    let computer = Computer::new(&centre);
    let desk = computer.ready(&centre).await;
    let stopped = centre.stop().await;
    seen(&desk, "the centre is away", |view| {
        matches!(view.connection, Connection::Reconnecting { .. }).then_some(())
    })
    .await;
    let centre = stopped.start().await;
    seen(&desk, "the centre is back", |view| {
        (view.connection == Connection::Online && view.line == Line::Up).then_some(())
    })
    .await;
    desk.shutdown().await;
    centre.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_started_without_a_network_signs_in_when_there_is_one() {
    let telephone = Telephone::start().await;
    let centre = Centre::start(&telephone.uri()).await;
    let computer = Computer::new(&centre);
    let desk = computer.signed_in(&centre).await;
    desk.shutdown().await;
    drop(desk);
    let stopped = centre.stop().await;

    let desk = crate::rig::restart(&computer).await;
    assert!(desk.resume().await.unwrap());
    assert!(matches!(
        desk.view().connection,
        Connection::Reconnecting { .. }
    ));
    let centre = stopped.start().await;
    seen(&desk, "online", |view| {
        (view.connection == Connection::Online).then_some(())
    })
    .await;
    desk.shutdown().await;
    centre.stop().await;
}
