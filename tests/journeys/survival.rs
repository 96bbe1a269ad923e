//! The call does not need the window, and nothing typed is lost.

use crate::scene::Scene;
use seatline_tests::{
    api::Api,
    centre::{AFTER_SALES, AGENT},
    listen::{self, SAME},
    process::wait_for,
    sound::RATE,
    window::Window,
};
use std::{
    process::Command,
    time::{Duration, Instant},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_outlives_a_reload_of_the_window() {
    let scene = Scene::ready("reload").await.unwrap();
    let mut customer = scene.customer("13800138001", false).unwrap();
    customer.dial(AFTER_SALES, &scene.centre.trunk).unwrap();
    scene.window.click("answer").await.unwrap();
    scene.wait_call("active").await.unwrap();
    let _speaking = scene.speak().unwrap();
    let recording = scene.sound.start_recording("customer").unwrap();
    scene.window.client().refresh().await.unwrap();
    scene.wait_call("active").await.unwrap();
    scene.assert_agent_hears_customer("reloaded").unwrap();
    scene.assert_customer_hears_agent("reloaded").unwrap();
    // Across the reload itself the customer heard one unbroken sentence. What follows a stammer of
    // a busy machine is late, so each six seconds are looked for by themselves: a stammer spoils
    // one such piece, a gap all that lie over it.
    let heard = recording.samples().unwrap();
    let found: Vec<f32> = heard
        .windows(6 * RATE as usize)
        .step_by(2 * RATE as usize)
        .map(|piece| listen::resemblance(&scene.agent_speech, piece))
        .collect();
    let spoilt = found.iter().filter(|&&found| found <= SAME).count();
    assert!(
        !found.is_empty() && 4 * spoilt <= found.len(),
        "across the reload: {found:.2?}"
    );
    scene.window.click("hang-up").await.unwrap();
    customer
        .expect_event("CALL_CLOSED", Duration::from_secs(15))
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_typed_ticket_outlives_a_crash() {
    let mut scene = Scene::ready("crash").await.unwrap();
    let mut customer = scene.customer("13800138001", false).unwrap();
    customer.dial(AFTER_SALES, &scene.centre.trunk).unwrap();
    scene.window.click("answer").await.unwrap();
    scene.wait_call("active").await.unwrap();
    scene
        .window
        .fill("ticket-subject", "Half a sub")
        .await
        .unwrap();
    scene
        .window
        .wait_attribute("draft-state", "data-state", |state| state == "kept")
        .await
        .unwrap();
    let app = scene.window.app_process().unwrap();
    let killed = Command::new("kill")
        .args(["-9", &app.to_string()])
        .status()
        .unwrap();
    assert!(killed.success());

    let supervisor = Api::sign_in(&scene.centre, "hejing").await.unwrap();
    let begun = Instant::now();
    loop {
        let people = supervisor.get("people").await.unwrap();
        let me = people
            .as_array()
            .unwrap()
            .iter()
            .find(|person| person["login"] == AGENT)
            .unwrap();
        if me["presence"]["kind"] == "offline" {
            break;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "the centre still shows {me}"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    println!("the centre knew after {:?}", begun.elapsed());

    scene.window = Window::open(scene.folder(), &scene.centre, &scene.screen, &scene.sound)
        .await
        .unwrap();
    // The keyring kept the sign-in, so the desk comes back by itself.
    scene.window.find("strip").await.unwrap();
    let subject = scene
        .window
        .wait_property("ticket-subject", "value", |value| !value.is_empty())
        .await
        .unwrap();
    assert_eq!(subject, "Half a sub");
    scene.picture("after-the-crash").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_outlives_the_death_of_the_page() {
    let scene = Scene::ready("page-killed").await.unwrap();
    let mut customer = scene.customer("13800138001", false).unwrap();
    customer.dial(AFTER_SALES, &scene.centre.trunk).unwrap();
    scene.window.click("answer").await.unwrap();
    scene.wait_call("active").await.unwrap();
    let _speaking = scene.speak().unwrap();
    let app = scene.window.app_process().unwrap();
    let pages = || {
        let output = Command::new("pgrep")
            .args(["--parent", &app.to_string(), "WebKitWebProces"])
            .output()
            .unwrap();
        String::from_utf8(output.stdout)
            .unwrap()
            .split_whitespace()
            .map(str::to_owned)
            .collect()
    };
    let before: Vec<String> = pages();
    assert!(!before.is_empty(), "the window has a page");
    assert!(
        Command::new("kill")
            .arg("-9")
            .args(&before)
            .status()
            .unwrap()
            .success()
    );

    scene.assert_agent_hears_customer("killed").unwrap();
    scene.assert_customer_hears_agent("killed").unwrap();
    wait_for("a new page", Duration::from_secs(10), || {
        let now: Vec<String> = pages();
        now.iter().any(|page| !before.contains(page)).then_some(())
    })
    .unwrap();
    customer.hang_up().unwrap();
    customer
        .expect_event("CALL_CLOSED", Duration::from_secs(15))
        .unwrap();
}
