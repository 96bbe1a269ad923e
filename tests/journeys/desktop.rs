//! The app without its window: hotkeys while another program has the keyboard, the tray's menu,
//! and notifications.

use crate::scene::Scene;
use seatline_tests::{centre::AFTER_SALES, desktop::Desktop};
use std::time::Duration;

const LETTER: &str = "a letter being typed";

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_handled_without_the_window() {
    let desktop = Desktop::start().await.unwrap();
    let scene = Scene::ready("desktop").await.unwrap();
    let window = &scene.window;

    desktop.click_tray("休息").await.unwrap();
    scene.wait_presence("on_break").await.unwrap();
    desktop.click_tray("就绪").await.unwrap();
    scene.wait_presence("ready").await.unwrap();

    let _other = scene.screen.work_elsewhere(LETTER).unwrap();
    let mut customer = scene.customer("13800138001", false).unwrap();
    customer.dial(AFTER_SALES, &scene.centre.trunk).unwrap();
    let told = desktop.wait_notification(|it| !it.closed).unwrap();
    assert!(
        told.title.contains("来电") && told.title.contains("李婷"),
        "{told:?}"
    );
    assert!(told.body.contains("售后热线"), "{told:?}");

    scene.screen.press("ctrl+alt+a").unwrap();
    scene.wait_call("active").await.unwrap();
    desktop.wait_notification(|it| it.closed).unwrap();
    scene.screen.press("ctrl+alt+m").unwrap();
    wait_pressed(&scene, "mute", "true").await;
    scene.screen.press("ctrl+alt+m").unwrap();
    wait_pressed(&scene, "mute", "false").await;
    scene.screen.press("ctrl+alt+l").unwrap();
    scene.wait_call("held").await.unwrap();
    scene.screen.press("ctrl+alt+l").unwrap();
    scene.wait_call("active").await.unwrap();
    assert_eq!(scene.screen.focused_title().unwrap(), LETTER);
    scene.screen.press("ctrl+alt+h").unwrap();
    customer
        .expect_event("CALL_CLOSED", Duration::from_secs(15))
        .unwrap();
    scene.wait_presence("wrap_up").await.unwrap();
    window.click("wrap-disposition-follow_up").await.unwrap();
    window.click("wrap-done").await.unwrap();
    scene.wait_presence("ready").await.unwrap();

    // Again, now by notification and tray.
    assert_eq!(scene.screen.focused_title().unwrap(), LETTER);
    customer.dial(AFTER_SALES, &scene.centre.trunk).unwrap();
    let told = desktop.wait_notification(|it| !it.closed).unwrap();
    let menu = desktop.tray_menu().await.unwrap();
    println!("the tray's menu while it rings: {menu:?}");
    desktop.click_notification(told.id).await.unwrap();
    seatline_tests::process::wait_for("the window comes up", Duration::from_secs(10), || {
        (scene.screen.focused_title().ok()? == "Seatline").then_some(())
    })
    .unwrap();
    scene
        .screen
        .take_picture(&scene.output.join("notification-clicked.png"))
        .unwrap();
    desktop.click_tray("接听").await.unwrap();
    scene.wait_call("active").await.unwrap();
    desktop.click_tray("静音").await.unwrap();
    wait_pressed(&scene, "mute", "true").await;
    desktop.click_tray("取消静音").await.unwrap();
    wait_pressed(&scene, "mute", "false").await;
    desktop.click_tray("挂断").await.unwrap();
    customer
        .expect_event("CALL_CLOSED", Duration::from_secs(15))
        .unwrap();
    scene.window.close().await.unwrap();
}

async fn wait_pressed(scene: &Scene, control: &str, pressed: &str) {
    scene
        .window
        .wait_attribute(control, "aria-pressed", |now| now == pressed)
        .await
        .unwrap();
}
