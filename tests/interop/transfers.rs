//! Transfers by REFER, blind and attended, in both roles.

use crate::{
    desk::{Desk, Talk, end_of},
    scene::{AGENT, ANNOUNCEMENT, COLLEAGUE, CUSTOMER, NOBODY, SENDS_ON, Scene, Sound},
};
use anyhow::Result;
use seatline_sip::{CallEvent, Number, Transfer};
use seatline_tests::process::wait_for;
use std::time::Duration;

/// The customer has called the agent, who has answered.
async fn customer_with_agent(scene: &mut Scene) -> Result<(Desk, Talk)> {
    let mut desk = scene.agent().await?;
    scene.customer_dials(AGENT)?;
    let incoming = desk.ring().await?;
    let talk = desk.answer(incoming).await?;
    Ok((desk, talk))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_sent_to_a_number_and_back_from_one_that_nobody_has() {
    let mut scene = Scene::set("blind").unwrap();
    let (_desk, mut talk) = customer_with_agent(&mut scene).await.unwrap();
    let end = end_of(talk.call.refer(Number::parse(NOBODY).unwrap())).await;
    assert_eq!(end.unwrap(), Transfer::Failed(404));
    assert!(talk.is_up());
    scene
        .assert_customer_hears(Sound::Agent, "after a transfer to nobody")
        .unwrap();
    let end = end_of(talk.call.refer(Number::parse(ANNOUNCEMENT).unwrap())).await;
    assert_eq!(end.unwrap(), Transfer::Done);
    talk.hang_up();
    talk.expect_end().await.unwrap();
    scene
        .assert_customer_hears(Sound::Announcement, "transferred")
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_handed_to_a_colleague_who_was_asked_first() {
    let mut scene = Scene::set("attended").unwrap();
    let (desk, mut talk) = customer_with_agent(&mut scene).await.unwrap();
    let mut colleague = scene.colleague().await.unwrap();
    talk.hold(true).await.unwrap();
    let (consult, their_talk) = tokio::join!(desk.call(COLLEAGUE), async {
        let incoming = colleague.ring().await?;
        colleague.answer(incoming).await
    });
    let (mut consult, mut their_talk) = (consult.unwrap(), their_talk.unwrap());
    scene
        .assert_desk_hears(&consult, Sound::Colleague, "asking")
        .await
        .unwrap();
    scene
        .assert_desk_hears(&their_talk, Sound::Agent, "asked")
        .await
        .unwrap();
    scene
        .assert_customer_hears(Sound::Music, "waiting")
        .unwrap();
    let end = end_of(talk.call.refer_replacing(&consult.call)).await;
    assert_eq!(end.unwrap(), Transfer::Done);
    talk.hang_up();
    consult.hang_up();
    talk.expect_end().await.unwrap();
    consult.expect_end().await.unwrap();
    scene
        .assert_customer_hears(Sound::Colleague, "handed over")
        .unwrap();
    scene
        .assert_desk_hears(&their_talk, Sound::Customer, "handed over")
        .await
        .unwrap();
    assert!(their_talk.is_up());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_goes_where_it_is_sent_if_its_user_agrees() {
    let scene = Scene::set("sent-on").unwrap();
    let desk = scene.agent().await.unwrap();
    let is_referral = |event: &CallEvent| matches!(event, CallEvent::Referred { .. });
    let logged = |words: &str| {
        wait_for(words, Duration::from_secs(10), || {
            scene.asterisk.logged().ok()?.contains(words).then_some(())
        })
    };

    let mut talk = desk.call(SENDS_ON).await.unwrap();
    let event = talk.expect("a referral", is_referral).await.unwrap();
    let CallEvent::Referred { referral, reply } = event else {
        unreachable!("it was looked for")
    };
    let number = referral.number.as_ref().unwrap();
    assert_eq!(number.as_str(), ANNOUNCEMENT);
    let mut progress = reply.accept();
    let new = desk.follow(&referral).await.unwrap();
    progress.report(Transfer::Done);
    logged("sent on: SUCCESS").unwrap();
    talk.expect_end().await.unwrap();
    scene
        .assert_desk_hears(&new, Sound::Announcement, "sent on")
        .await
        .unwrap();
    new.hang_up();

    let mut talk = desk.call(SENDS_ON).await.unwrap();
    drop(talk.expect("a referral", is_referral).await.unwrap());
    logged("sent on: FAILURE").unwrap();
    talk.expect_end().await.unwrap();
    let again = desk.call(CUSTOMER).await.unwrap();
    again.hang_up();
}
