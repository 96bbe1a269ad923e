//! An agent calls.

use crate::{
    desk::Desk,
    inbound::assert_talking,
    rig::{Rig, until},
};
use reqwest::Method;
use seatline_contract::{
    contact::{ContactState, Direction, EndedBy},
    directory::Callback,
};
use seatline_media::{Codec, SAMPLE_RATE, sim::level_at};
use seatline_sip::CallEvent;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_calls_a_customer_through_the_trunk() {
    let rig = Rig::start().await;
    let mut desk = rig.ready("zhou").await;
    let mut talk = desk.dial("13800138000").await;
    let dialing = desk.contact_in(ContactState::Dialing).await;
    assert_eq!(dialing.direction, Direction::Outbound);
    let incoming = rig.telephone.rung().await;
    assert_eq!(
        incoming.to.number.as_ref().unwrap().as_str(),
        "+8613800138000"
    );
    assert_eq!(
        incoming.from.number.as_ref().unwrap().as_str(),
        "+862161234567"
    );
    incoming.call.ring().await.unwrap();
    until("ringing", &mut talk.events, |event| {
        matches!(event, CallEvent::Ringing).then_some(())
    })
    .await;
    talk.media().await;
    let mut agent = talk.headset();
    let ringback = agent.use_for(Duration::from_millis(5_500), 0.0).await;
    let tone = level_at(&ringback, 450.0, SAMPLE_RATE);
    assert!(tone > 0.01, "no ringback tone: {tone}");

    let mut line = rig.telephone.answer(incoming, Codec::Pcmu).await;
    talk.answered().await;
    let connected = desk.contact_in(ContactState::Connected).await;
    assert_eq!(connected.id, dialing.id);
    assert_talking(&mut agent, &mut line.headset()).await;
    talk.call.hangup(None);
    line.ended().await;
    let over = desk.contact_in(ContactState::WrapUp).await;
    assert_eq!(over.ended_by, Some(EndedBy::Agent));
    rig.stop().await;
}

/// Whom the trunk is asked for when somebody dials a name, or how the call ends.
async fn called(rig: &Rig, desk: &mut Desk, name: &str) -> Result<String, Option<u16>> {
    let mut talk = desk.dial(name).await;
    tokio::select! {
        incoming = rig.telephone.rung() => {
            let number = incoming.to.number.as_ref().unwrap().as_str().to_owned();
            incoming.call.reject(486, None).await.unwrap();
            assert_eq!(talk.ended().await, Some(486));
            desk.contact_in(ContactState::Failed).await;
            Ok(number)
        }
        code = talk.ended() => Err(code),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_calls_numbers_they_may_not_see() {
    let rig = Rig::start().await;
    let admin = rig.sign_in("admin").await.token;
    let mut zhou = rig.ready("zhou").await;
    let mut liu = rig.ready("liu").await;
    let own = zhou.session.token.clone();
    let (entry, callback) = (Uuid::new_v4(), Uuid::new_v4());
    let body = json!({ "name": "仓库", "number": "13900139003", "shared": true });
    let path = format!("/api/v1/address-book/{entry}");
    let _: Value = rig.ask(Some(&admin), Method::PUT, &path, &body).await;
    let at = rig.centre.app.clock.now().plus(3_600_000).0;
    let body = json!({ "to": { "kind": "entry", "entry": entry }, "at": at });
    let path = format!("/api/v1/callbacks/{callback}");
    let made: Callback = rig.ask(Some(&own), Method::PUT, &path, &body).await;
    assert_eq!(made.number.full, None);

    let (entry, callback) = (format!("entry-{entry}"), format!("callback-{callback}"));
    for name in [&entry, &callback] {
        let called = called(&rig, &mut zhou, name).await;
        assert_eq!(called.unwrap(), "+8613900139003");
    }
    // A call-back is one agent's own.
    assert_eq!(called(&rig, &mut liu, &callback).await, Err(Some(404)));
    let nothing = format!("entry-{}", Uuid::new_v4());
    assert_eq!(called(&rig, &mut liu, &nothing).await, Err(Some(404)));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_hears_why_a_call_failed() {
    let rig = Rig::start().await;
    let mut desk = rig.ready("zhou").await;
    for code in [486, 404, 603] {
        let mut talk = desk.dial("13800138000").await;
        let incoming = rig.telephone.rung().await;
        incoming.call.reject(code, None).await.unwrap();
        assert_eq!(talk.ended().await, Some(code));
        let failed = desk.contact_in(ContactState::Failed).await;
        assert!(failed.end_reason.unwrap().starts_with(&code.to_string()));
    }
    let mut nonsense = desk.dial("12").await;
    assert_eq!(nonsense.ended().await, Some(484));
    let mut emergency = desk.dial("110").await;
    assert_eq!(emergency.ended().await, Some(403));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_gives_up_while_it_rings() {
    let rig = Rig::start().await;
    let mut desk = rig.ready("zhou").await;
    let talk = desk.dial("13800138000").await;
    let mut incoming = rig.telephone.rung().await;
    incoming.call.ring().await.unwrap();
    talk.call.hangup(None);
    until("the end", &mut incoming.events, |event| {
        matches!(event, CallEvent::Ended { .. }).then_some(())
    })
    .await;
    let failed = desk.contact_in(ContactState::Failed).await;
    assert_eq!(failed.ended_by, Some(EndedBy::Agent));
    rig.stop().await;
}
