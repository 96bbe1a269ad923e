//! The centre's disk is full, and the centre goes away: what is written waits at the desk.

use crate::scene::Scene;
use seatline_tests::{api::Api, centre::AFTER_SALES, seat::Seat};
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_waits_for_a_centre_that_is_full_or_away() {
    let mut scene = Scene::ready_on_small_disk("storage").await.unwrap();
    let mut customer = scene.customer("13800138001", false).unwrap();
    customer.dial(AFTER_SALES, &scene.centre.trunk).unwrap();
    scene.window.click("answer").await.unwrap();
    scene.wait_call("active").await.unwrap();

    let supervisor = Api::sign_in(&scene.centre, "admin").await.unwrap();
    let seat = Seat::take(scene.folder(), &scene.centre, "hejing")
        .await
        .unwrap();
    seat.window.click("view-board").await.unwrap();
    seat.window.click("board-calls-tab").await.unwrap();
    let recorded = |state: &str| state == "on";
    seat.window
        .wait_attribute("call-recording", "data-state", recorded)
        .await
        .unwrap();
    let disk = scene.disk.as_ref().unwrap();
    disk.fill().unwrap();
    use_up_journal(&supervisor).await;
    write_ticket(&scene, "Written to a full disk").await;
    let said = scene
        .window
        .wait_property("status-line", "innerText", |text| {
            text.contains("中心的磁盘已满")
        })
        .await
        .unwrap();
    assert!(said.contains("已存在本机"), "it says {said:?}");
    scene.wait_call("active").await.unwrap();
    scene.window.click("outbox").await.unwrap();
    scene.window.find("outbox-held-up").await.unwrap();
    scene.picture("1-disk-full").await.unwrap();
    scene
        .window
        .client()
        .active_element()
        .await
        .unwrap()
        .send_keys("\u{e00c}")
        .await
        .unwrap();
    scene.window.gone("outbox-held-up").await.unwrap();
    board_alarms(&seat, "1").await;
    let picture = scene.output.join("1-alarm-on-the-board.png");
    seat.window.take_picture(&picture).await.unwrap();
    disk.make_room().unwrap();
    board_alarms(&seat, "0").await;

    scene.centre.crash();
    scene
        .window
        .wait_property("status-line", "innerText", |text| {
            text.contains("正在重新连接")
        })
        .await
        .unwrap();
    write_ticket(&scene, "Written without a centre").await;
    scene.picture("2-centre-away").await.unwrap();
    scene.centre.start_again().unwrap();
    scene
        .window
        .wait_attribute("status-line", "data-line", |state| state == "up")
        .await
        .unwrap();
    scene
        .window
        .wait_attribute("outbox", "aria-label", |label| label == "全部已送达")
        .await
        .unwrap();
    for subject in ["Written to a full disk", "Written without a centre"] {
        supervisor.wait_for_ticket(subject).await.unwrap();
    }
    scene.picture("3-centre-back").await.unwrap();
    let page = supervisor.get("tickets").await.unwrap();
    for subject in ["Written to a full disk", "Written without a centre"] {
        let tickets = page["tickets"].as_array().unwrap().iter();
        let times = tickets.filter(|ticket| ticket["subject"] == subject);
        assert_eq!(times.count(), 1, "{subject} is there once");
    }
    drop(customer);
}

/// Waits for so many alarms below the supervisor's board.
async fn board_alarms(seat: &Seat, count: &str) {
    let alarms = seat
        .window
        .wait_attribute("status-line", "data-alarms", |now| now == count);
    alarms.await.unwrap();
}

/// Writes until the centre has no room: the database's journal keeps the length it once had, and
/// takes some megabytes on a full disk.
async fn use_up_journal(supervisor: &Api) {
    for turn in 0..400 {
        let id = format!("00000000-0000-4000-8000-{turn:012}");
        let ticket = json!({
            "id": id, "subject": "Filler", "ticket_type": "question", "priority": "normal",
            "description": "x".repeat(19_000),
        });
        match supervisor.post("tickets", ticket).await {
            Ok(_) => {}
            Err(error) if error.to_string().contains("storage_full") => return,
            Err(error) => panic!("the centre refuses for another reason: {error}"),
        }
    }
    panic!("the centre writes on although its disk is full");
}

async fn write_ticket(scene: &Scene, subject: &str) {
    let window = &scene.window;
    window.choose("ticket-type", "fault").await.unwrap();
    window.fill("ticket-subject", subject).await.unwrap();
    window.click("ticket-create").await.unwrap();
    // The form is free again once the desk has the ticket.
    let patience = Duration::from_secs(15);
    tokio::time::timeout(
        patience,
        window.wait_property("ticket-subject", "value", str::is_empty),
    )
    .await
    .unwrap()
    .unwrap();
}
