//! Signing in with bad luck, and a link that asks before it dials.

use crate::scene::Scene;
use seatline_tests::{
    api::Api,
    built,
    centre::{AGENT, PASSWORD},
};
use std::process::Command;

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_a_second_desk_are_said_in_words() {
    let scene = Scene::set("sign-in").await.unwrap();
    let window = &scene.window;
    window.fill("sign-in-login", AGENT).await.unwrap();
    window
        .fill("sign-in-password", "not the password")
        .await
        .unwrap();
    window.click("sign-in-submit").await.unwrap();
    window
        .wait_attribute("sign-in-error", "data-code", |code| {
            code == "wrong_credentials"
        })
        .await
        .unwrap();
    scene.picture("1-wrong-password").await.unwrap();

    let elsewhere = Api::sign_in(&scene.centre, AGENT).await.unwrap();
    window.fill("sign-in-password", PASSWORD).await.unwrap();
    window.click("sign-in-submit").await.unwrap();
    window.find("take-over").await.unwrap();
    scene
        .screen
        .take_picture(&scene.output.join("2-signed-in-elsewhere.png"))
        .unwrap();
    assert!(
        elsewhere.get("sessions/current").await.is_ok(),
        "the first desk is still asked for"
    );
    window.click("take-over").await.unwrap();
    window.find("strip").await.unwrap();
    assert!(
        elsewhere.get("sessions/current").await.is_err(),
        "the first desk is signed out"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_fills_in_and_never_dials() {
    let scene = Scene::ready("link").await.unwrap();
    let second_start = Command::new(built("seatline").unwrap())
        .arg("--data-dir")
        .arg(scene.window.data())
        .arg("tel:+8613800138003")
        .env("DISPLAY", scene.screen.display())
        .status()
        .unwrap();
    assert!(second_start.success());
    let number = scene.window.text("dial-request-number").await.unwrap();
    assert!(
        number.replace(' ', "").contains("13800138003"),
        "the link shows {number:?}"
    );
    scene
        .screen
        .take_picture(&scene.output.join("asks-before-it-dials.png"))
        .unwrap();
    scene.wait_call("none").await.unwrap();
    scene.wait_presence("ready").await.unwrap();
}
