//! The agent calls a customer.

use crate::scene::Scene;
use seatline_tests::api::Api;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_calls_a_customer() {
    let scene = Scene::ready("outbound").await.unwrap();
    let window = &scene.window;
    let customer = scene.customer("+8613800138003", true).unwrap();

    window
        .client()
        .active_element()
        .await
        .unwrap()
        .send_keys("\u{e009}k\u{e000}")
        .await
        .unwrap();
    window.fill("dial-input", "13800138003").await.unwrap();
    scene.picture("1-dial").await.unwrap();
    window.click("dial-submit").await.unwrap();
    scene.wait_call("active").await.unwrap();
    let speaking = scene.speak().unwrap();
    scene.assert_agent_hears_customer("talking").unwrap();
    scene.assert_customer_hears_agent("talking").unwrap();
    scene.picture("2-talking").await.unwrap();
    window.click("hold").await.unwrap();
    scene.wait_call("held").await.unwrap();
    scene.assert_customer_hears_music("held").unwrap();
    window.click("hold").await.unwrap();
    scene.wait_call("active").await.unwrap();
    scene.mute_and_unmute().await.unwrap();
    scene.press_key('7', &customer).await.unwrap();
    window.choose("ticket-type", "order").await.unwrap();
    window
        .fill("ticket-subject", "Called back about the order")
        .await
        .unwrap();
    window.click("ticket-create").await.unwrap();
    let supervisor = Api::sign_in(&scene.centre, "hejing").await.unwrap();
    let ticket = supervisor
        .wait_for_ticket("Called back about the order")
        .await
        .unwrap();
    assert!(
        ticket["customer"].is_string(),
        "the ticket knows its customer: {ticket}"
    );
    drop(speaking);
    window.click("hang-up").await.unwrap();
    customer
        .expect_event("CALL_CLOSED", Duration::from_secs(15))
        .unwrap();
    scene.wait_presence("wrap_up").await.unwrap();
    scene.window.close().await.unwrap();
}
