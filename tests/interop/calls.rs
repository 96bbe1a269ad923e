//! Calls both ways, hold, keys, and a switch that starts again.

use crate::scene::{AGENT, CUSTOMER, Scene, Sound};
use seatline_sip::{CallEvent, Side};
use seatline_tests::process::wait_for;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_calls_holds_presses_keys_and_hangs_up() {
    let mut scene = Scene::set("outgoing").unwrap();
    let desk = scene.agent().await.unwrap();
    let mut talk = desk.call(CUSTOMER).await.unwrap();
    scene
        .assert_desk_hears(&talk, Sound::Customer, "talking")
        .await
        .unwrap();
    scene
        .assert_customer_hears(Sound::Agent, "talking")
        .unwrap();

    talk.hold(true).await.unwrap();
    scene.assert_customer_hears(Sound::Music, "held").unwrap();
    scene
        .assert_desk_hears_nothing(&talk, "held")
        .await
        .unwrap();
    talk.hold(false).await.unwrap();
    scene
        .assert_desk_hears(&talk, Sound::Customer, "resumed")
        .await
        .unwrap();
    scene
        .assert_customer_hears(Sound::Agent, "resumed")
        .unwrap();

    talk.press("7").unwrap();
    wait_for(
        "the customer's phone receives the key",
        Duration::from_secs(15),
        || {
            let printed = scene.customer.printed().ok()?;
            printed
                .contains("received event: '7' (end=1)")
                .then_some(())
        },
    )
    .unwrap();
    scene.customer.press('4').unwrap();
    talk.expect_key('4').await.unwrap();

    assert!(talk.is_up());
    talk.hang_up();
    scene
        .customer
        .expect_event("CALL_CLOSED", Duration::from_secs(15))
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_is_called_and_the_customer_hangs_up() {
    let mut scene = Scene::set("incoming").unwrap();
    let mut desk = scene.agent().await.unwrap();
    scene.customer_dials(AGENT).unwrap();
    let incoming = desk.ring().await.unwrap();
    assert_eq!(incoming.from.number.as_ref().unwrap().as_str(), CUSTOMER);
    scene
        .customer
        .expect_event("CALL_RINGING", Duration::from_secs(15))
        .unwrap();
    let mut talk = desk.answer(incoming).await.unwrap();
    scene
        .assert_desk_hears(&talk, Sound::Customer, "talking")
        .await
        .unwrap();
    scene
        .assert_customer_hears(Sound::Agent, "talking")
        .unwrap();
    scene.customer.hang_up().unwrap();
    let end = talk.expect_end().await.unwrap();
    assert!(
        matches!(
            end,
            CallEvent::Ended {
                by: Side::Remote,
                ..
            }
        ),
        "{end:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_comes_back_after_the_switch_has_crashed() {
    let mut scene = Scene::set("restart").unwrap();
    let mut desk = scene.agent().await.unwrap();
    scene.asterisk.crash();
    desk.expect_line_lost().await.unwrap();
    scene.asterisk.run().unwrap();
    desk.expect_registered().await.unwrap();
    let talk = desk.call(CUSTOMER).await.unwrap();
    scene
        .assert_desk_hears(&talk, Sound::Customer, "after the crash")
        .await
        .unwrap();
    talk.hang_up();
}
