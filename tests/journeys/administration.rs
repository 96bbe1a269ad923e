//! An administrator sets up teams, and decides how calls reach agents and which are recorded.

use crate::scene::Scene;
use seatline_tests::{api::Api, centre::PASSWORD};
use serde_json::Value;

/// Opens a part of the board, in a language.
async fn open(scene: &Scene, part: &str, language: &str) {
    let window = &scene.window;
    window.click("view-settings").await.unwrap();
    window.click(&format!("language-{language}")).await.unwrap();
    let tag = if language == "zh" { "zh-CN" } else { "en" };
    window.wait_look(tag, "light").await.unwrap();
    window.click("view-board").await.unwrap();
    window.click(&format!("board-{part}-tab")).await.unwrap();
    window.find(part).await.unwrap();
}

/// The entry of a list with this value, somewhere in it.
fn entry<'a>(list: &'a Value, at: &str, value: &str) -> &'a Value {
    let mut entries = list.as_array().unwrap().iter();
    let found = entries.find(|entry| entry.pointer(at).is_some_and(|there| there == value));
    found.unwrap_or_else(|| panic!("no {value} in {list}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_sets_up_teams_and_decides_the_rules() {
    let scene = Scene::set("administration").await.unwrap();
    let window = &scene.window;
    window.sign_in("admin", PASSWORD).await.unwrap();
    let supervisor = Api::sign_in(&scene.centre, "hejing").await.unwrap();

    open(&scene, "teams", "zh").await;
    window.click("team-new").await.unwrap();
    window.fill("team-name", "夜班组").await.unwrap();
    window.click("team-supervisor-hejing").await.unwrap();
    window.click("team-agent-emma").await.unwrap();
    scene.picture("1-team-new-zh").await.unwrap();
    window.click("team-save").await.unwrap();
    window.gone("team-name").await.unwrap();
    let shown = |text: &str| text.contains("夜班组") && text.contains("Emma");
    window
        .wait_property("teams", "innerText", shown)
        .await
        .unwrap();
    let teams = supervisor.get("teams").await.unwrap();
    let team = entry(&teams, "/name", "夜班组");
    assert_eq!(team["agents"].as_array().unwrap().len(), 1);
    for language in ["en", "zh"] {
        open(&scene, "teams", language).await;
        scene.picture(&format!("2-teams-{language}")).await.unwrap();
    }

    open(&scene, "rules", "zh").await;
    for decision in ["rule-queue-售后热线", "rule-waiting-zhouqian"] {
        window.click(decision).await.unwrap();
        window
            .wait_attribute(decision, "aria-checked", |on| on == "true")
            .await
            .unwrap();
    }
    // A rule above all others: a third of the calls that the centre's agents dial.
    window.find("rule-add").await.unwrap();
    let rows =
        "return document.querySelectorAll('[data-testid^=rule-][data-testid$=-mode]').length";
    let rows = window.client().execute(rows, Vec::new()).await.unwrap();
    let last = rows.as_u64().unwrap();
    window.click("rule-add").await.unwrap();
    let of_last = |what: &str| format!("rule-{last}-{what}");
    window
        .choose(&of_last("direction"), "outbound")
        .await
        .unwrap();
    window.choose(&of_last("mode"), "share").await.unwrap();
    window.fill(&of_last("percent"), "33").await.unwrap();
    for row in (1..=last).rev() {
        window.click(&format!("rule-{row}-up")).await.unwrap();
    }
    window.choose("rule-refusal", "0").await.unwrap();
    window.click("rules-recording-save").await.unwrap();
    window
        .wait_attribute("rules-recording-save", "disabled", |off| !off.is_empty())
        .await
        .unwrap();
    for language in ["en", "zh"] {
        open(&scene, "rules", language).await;
        window.find("rule-queue-售后热线").await.unwrap();
        scene.picture(&format!("3-rules-{language}")).await.unwrap();
    }

    let policy = supervisor.get("recordings/policy").await.unwrap();
    let first = &policy["rules"][0];
    assert_eq!(first["direction"], "outbound", "{policy}");
    assert_eq!(first["mode"]["percent"], 33, "{policy}");
    assert_eq!(policy["refusal_digit"], "0", "{policy}");
    window.close().await.unwrap();
}
