//! A raised hand, and what people write to each other.

use crate::{
    colleagues::{id_of, turn_to},
    team::{SUPERVISOR, Team},
};
use anyhow::{Context, Result};
use seatline_tests::{
    api::Api,
    centre::{AGENT, PASSWORD},
    seat::Seat,
};
use serde_json::{Value, json};

/// Messages that one page of a conversation does not hold.
const MANY: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn a_raised_hand_is_answered_and_what_was_written_earlier_is_read() {
    let mut team = Team::gather("messages").await.unwrap();
    team.begin_call().await.unwrap();
    let (agent, leader) = (&team.agent.window, &team.supervisor.window);
    agent.click("hand").await.unwrap();
    agent.click("hand-upset").await.unwrap();
    agent.fill("hand-text", "客户要求退全款").await.unwrap();
    team.picture(&team.agent, "1-raise-hand").await.unwrap();
    agent.click("hand-ask").await.unwrap();
    leader.click("view-board").await.unwrap();
    leader.fill("help-text", "按七天无理由处理").await.unwrap();
    team.picture(&team.supervisor, "2-hand-on-the-board")
        .await
        .unwrap();
    leader.click("help-send").await.unwrap();
    leader.gone("help-text").await.unwrap();
    agent
        .wait_property("hand", "innerText", |text| text.contains("何静"))
        .await
        .unwrap();
    turn_to(&team.agent, SUPERVISOR).await.unwrap();
    let said = agent.text("message-theirs").await.unwrap();
    assert!(said.contains("按七天无理由处理"), "{said}");
    team.picture(&team.agent, "3-answered").await.unwrap();

    // Who signs in anew reads what was written before, a page at a time.
    let supervisor = Api::sign_in(&team.centre, "admin").await.unwrap();
    let id = id_of(&supervisor, AGENT).await.unwrap();
    for n in 0..MANY {
        let message = format!("00000000-0000-4000-8000-{n:012}");
        let text = json!({ "id": message, "text": format!("通知 {n}") });
        let path = format!("people/{id}/messages");
        supervisor.post(&path, text).await.unwrap();
    }
    agent.click("hang-up").await.unwrap();
    team.agent.wait_call("none").await.unwrap();
    agent.click("view-settings").await.unwrap();
    agent.click("sign-out").await.unwrap();
    agent.find("sign-in-submit").await.unwrap();
    agent.sign_in(AGENT, PASSWORD).await.unwrap();
    turn_to(&team.agent, "admin").await.unwrap();
    assert_eq!(theirs(&team.agent).await.unwrap().len(), 50);
    team.picture(&team.agent, "4-latest").await.unwrap();
    agent.click("messages-earlier").await.unwrap();
    agent.gone("messages-earlier").await.unwrap();
    let all = theirs(&team.agent).await.unwrap();
    assert_eq!(all.len(), MANY);
    for (n, text) in all.iter().enumerate() {
        assert!(text.starts_with(&format!("通知 {n}")), "{n}: {text}");
    }
    team.picture(&team.agent, "5-earlier").await.unwrap();
}

/// What the other wrote, as the window shows it, once it shows any of it.
async fn theirs(seat: &Seat) -> Result<Vec<String>> {
    seat.window.find("message-theirs").await?;
    let shown = seat
        .window
        .client()
        .execute(
            "return [...document.querySelectorAll('[data-testid=message-theirs]')]
                .map((line) => line.innerText)",
            Vec::new(),
        )
        .await?;
    let lines = shown.as_array().context("a list")?.iter();
    lines
        .map(|line: &Value| Ok(line.as_str().context("a text")?.to_owned()))
        .collect()
}
