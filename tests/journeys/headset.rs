//! Devices that are not there, or go in mid-call.

use crate::scene::{Scene, TRIES};
use seatline_tests::{
    baresip::{Baresip, Setup, Voice},
    centre::AFTER_SALES,
    listen::{self, SAME},
    sound::SoundServer,
    stage_address,
};
use std::time::Duration;

/// A customer with a sound server of their own, as the agent's has no device left.
struct Customer {
    phone: Baresip,
    sound: SoundServer,
}

impl Customer {
    fn new(scene: &Scene) -> Self {
        let folder = scene.folder().join("customer");
        std::fs::create_dir(&folder).unwrap();
        let sound = SoundServer::start(&folder).unwrap();
        let setup = Setup {
            folder: &folder,
            address: stage_address().unwrap(),
            port: scene.centre.peer_port,
            number: "13800138001",
            speech: Voice::File(scene.customer_file()),
            answers: false,
        };
        Self {
            phone: Baresip::start(&setup, &sound).unwrap(),
            sound,
        }
    }

    /// Asserts by content that the agent is heard.
    fn assert_hears_agent(&self, scene: &Scene, what: &str) {
        let hears = || {
            let heard = self.sound.record("customer", Duration::from_secs(6));
            let found = listen::resemblance(&scene.agent_speech, &heard.unwrap());
            println!("{what}: the customer hears the agent by {found:.2}");
            found > SAME
        };
        assert!(
            (0..TRIES).any(|_| hears()),
            "{what}: the agent is not heard"
        );
    }
}

/// Waits until the status line names a device as missing, or no longer does.
async fn wait_missing(scene: &Scene, device: &str, missing: bool) {
    let told = |text: &str| text.contains(device) == missing;
    let line = scene.window.wait_property("status-line", "innerText", told);
    line.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_headset_that_is_not_there_is_said_and_no_other_takes_its_place() {
    let scene = Scene::ready("headset").await.unwrap();
    let window = &scene.window;
    let mut customer = Customer::new(&scene);

    for device in ["microphone", "mouth", "headset", "ringer", "customer"] {
        scene.sound.unplug(device).unwrap();
    }
    customer
        .phone
        .dial(AFTER_SALES, &scene.centre.trunk)
        .unwrap();
    window.click("answer").await.unwrap();
    let said = window.text("failure-no_microphone").await.unwrap();
    assert!(said.contains("没有找到麦克风"), "it says {said:?}");
    scene.wait_call("ringing").await.unwrap();
    scene.picture("1-no-device-at-all").await.unwrap();

    for device in ["headset", "ringer", "mouth", "microphone"] {
        scene.sound.plug(device).unwrap();
    }
    window.click("answer").await.unwrap();
    scene.wait_call("active").await.unwrap();
    let speaking = scene.speak().unwrap();
    scene.assert_agent_hears_customer("plugged-in").unwrap();

    scene.sound.unplug("headset").unwrap();
    let said = window.text("notice-device_lost").await.unwrap();
    assert!(
        said.contains("headset") && said.contains("已断开"),
        "it says {said:?}"
    );
    scene.picture("2-headset-pulled-out").await.unwrap();
    scene.assert_silence("ringer", "pulled-out").unwrap();
    scene.wait_call("active").await.unwrap();
    customer.assert_hears_agent(&scene, "pulled-out");
    scene.sound.plug("headset").unwrap();
    window.find("notice-device_returned").await.unwrap();
    wait_missing(&scene, "headset", false).await;
    scene.assert_agent_hears_customer("plugged-back").unwrap();

    scene.sound.unplug("microphone").unwrap();
    wait_missing(&scene, "microphone", true).await;
    scene.picture("3-microphone-pulled-out").await.unwrap();
    scene.sound.plug("microphone").unwrap();
    wait_missing(&scene, "microphone", false).await;
    customer.assert_hears_agent(&scene, "microphone-back");
    drop(speaking);
    window.click("hang-up").await.unwrap();
    customer
        .phone
        .expect_event("CALL_CLOSED", Duration::from_secs(15))
        .unwrap();
    scene.window.close().await.unwrap();
}
