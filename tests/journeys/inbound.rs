//! A customer calls; the agent answers, holds, mutes, writes the ticket, and finishes.

use crate::scene::Scene;
use seatline_tests::{api::Api, centre::AFTER_SALES, process::wait_for};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_calls_and_a_ticket_is_written() {
    let scene = Scene::ready("inbound").await.unwrap();
    let window = &scene.window;
    scene.picture("1-ready").await.unwrap();

    let mut customer = scene.customer("13800138001", false).unwrap();
    customer.dial(AFTER_SALES, &scene.centre.trunk).unwrap();
    window.find("answer").await.unwrap();
    scene.picture("2-ringing").await.unwrap();
    scene
        .screen
        .take_picture(&scene.output.join("2-ringing-screen.png"))
        .unwrap();
    // No ringer was chosen, so it rings where the system plays: a whole turn of ring and pause.
    let ringing = scene.hear("headset", 6, "ringing").unwrap();
    let level = seatline_tests::listen::level_dbfs(&ringing);
    assert!(level > -50.0, "the phone rings at {level} dBFS");

    window.click("answer").await.unwrap();
    scene.wait_call("active").await.unwrap();
    let name = window.text("customer-name").await.unwrap();
    assert!(name.contains("李婷"), "the customer is shown as {name:?}");
    let speaking = scene.speak().unwrap();
    scene.assert_agent_hears_customer("talking").unwrap();
    scene.assert_customer_hears_agent("talking").unwrap();
    scene.picture("3-talking").await.unwrap();

    window.click("hold").await.unwrap();
    scene.wait_call("held").await.unwrap();
    scene.assert_customer_hears_music("held").unwrap();
    scene.assert_silence("headset", "held").unwrap();
    scene.picture("4-held").await.unwrap();
    window.click("hold").await.unwrap();
    scene.wait_call("active").await.unwrap();
    scene.assert_agent_hears_customer("resumed").unwrap();
    scene.assert_customer_hears_agent("resumed").unwrap();

    scene.mute_and_unmute().await.unwrap();
    scene.assert_customer_hears_agent("unmuted").unwrap();

    scene.press_key('5', &customer).await.unwrap();

    window.choose("ticket-type", "fault").await.unwrap();
    window
        .fill("ticket-subject", "滤芯更换后仍漏水，申请上门")
        .await
        .unwrap();
    window
        .fill(
            "ticket-description",
            "Leaks after the cartridge swap; visit on Saturday.",
        )
        .await
        .unwrap();
    scene.picture("5-ticket").await.unwrap();
    window.click("ticket-create").await.unwrap();
    let supervisor = Api::sign_in(&scene.centre, "hejing").await.unwrap();
    let tickets = supervisor
        .wait_for_ticket("滤芯更换后仍漏水，申请上门")
        .await
        .unwrap();
    assert!(
        tickets["customer"].is_string(),
        "the ticket knows its customer: {tickets}"
    );

    drop(speaking);
    customer.hang_up().unwrap();
    scene.wait_presence("wrap_up").await.unwrap();
    window
        .fill("wrap-note", "Visit on Saturday morning.")
        .await
        .unwrap();
    scene.picture("6-wrap-up").await.unwrap();
    window.click("wrap-disposition-follow_up").await.unwrap();
    window.click("wrap-done").await.unwrap();
    scene.wait_presence("ready").await.unwrap();

    customer.dial(AFTER_SALES, &scene.centre.trunk).unwrap();
    window.click("answer").await.unwrap();
    scene.wait_call("active").await.unwrap();
    window.click("hang-up").await.unwrap();
    customer
        .expect_event("CALL_CLOSED", Duration::from_secs(15))
        .unwrap();
    scene.wait_presence("wrap_up").await.unwrap();
    scene.window.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missed_call_goes_back_and_the_agent_is_not_ready() {
    let scene = Scene::ready("missed").await.unwrap();
    let mut customer = scene.customer("13800138002", false).unwrap();
    customer.dial(AFTER_SALES, &scene.centre.trunk).unwrap();
    scene.window.click("decline").await.unwrap();
    scene.wait_presence("not_ready").await.unwrap();
    // The caller still waits, and is offered again when the agent is ready.
    scene.go_ready_again().await.unwrap();
    scene.window.find("answer").await.unwrap();
    customer.hang_up().unwrap();
    scene.window.gone("answer").await.unwrap();
    scene.window.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ring_is_seen_over_everything_and_takes_no_keyboard() {
    let scene = Scene::ready("focus").await.unwrap();
    let _other = scene.screen.work_elsewhere("a letter being typed").unwrap();
    let before = scene.screen.visible_windows("Seatline").unwrap();
    let mut customer = scene.customer("13800138001", false).unwrap();
    customer.dial(AFTER_SALES, &scene.centre.trunk).unwrap();
    wait_for("the call card", Duration::from_secs(10), || {
        (scene.screen.visible_windows("Seatline").ok()? > before).then_some(())
    })
    .unwrap();
    // Long enough for a window that steals the keyboard to have stolen it.
    scene
        .sound
        .record("headset", Duration::from_secs(2))
        .unwrap();
    scene
        .screen
        .take_picture(&scene.output.join("card-over-everything.png"))
        .unwrap();
    assert_eq!(
        scene.screen.focused_title().unwrap(),
        "a letter being typed"
    );
    customer.hang_up().unwrap();
    wait_for("the card to go", Duration::from_secs(10), || {
        (scene.screen.visible_windows("Seatline").ok()? == before).then_some(())
    })
    .unwrap();
}
