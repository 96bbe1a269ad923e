//! Agents call each other, and a second call waits for the first.

use crate::team::{COLLEAGUE, CUSTOMER, Team};
use anyhow::{Context, Result};
use seatline_tests::{api::Api, centre::AGENT, seat::Seat};
use serde_json::json;

/// Finds somebody in the directory and turns to them.
pub(crate) async fn turn_to(seat: &Seat, login: &str) -> Result<()> {
    let window = &seat.window;
    window.click("view-directory").await?;
    window.fill("directory-search", login).await?;
    window
        .wait_property("colleague", "innerText", |text| text.contains(login))
        .await?;
    window.click("colleague").await?;
    window.find("conversation").await
}

/// Calls somebody found in the directory.
async fn call(seat: &Seat, login: &str) -> Result<()> {
    turn_to(seat, login).await?;
    seat.window.click("colleague-dial").await
}

/// Waits until the desk is asked to take a call of that kind.
async fn wait_asked(seat: &Seat, kind: &str) -> Result<()> {
    seat.window
        .wait_attribute("ring-title", "data-kind", |asked| asked == kind)
        .await?;
    Ok(())
}

/// The id of whoever has that login.
pub(crate) async fn id_of(api: &Api, login: &str) -> Result<String> {
    let people = api.get("people").await?;
    let found = people.as_array().context("a list")?.iter();
    let person = found
        .map(|entry| entry.get("person").unwrap_or(entry))
        .find(|person| person["login"] == login)
        .context("somebody of that login")?;
    Ok(person["id"].as_str().context("an id")?.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn colleagues_call_each_other_and_one_knocks_while_a_customer_is_there() {
    let mut team = Team::gather("colleagues").await.unwrap();
    let admin = Api::sign_in(&team.centre, "admin").await.unwrap();
    let (agent, colleague) = (&team.agent, &team.colleague);

    // Between the two alone.
    call(colleague, AGENT).await.unwrap();
    wait_asked(agent, "colleague").await.unwrap();
    team.picture(agent, "1-colleague-rings").await.unwrap();
    agent.window.click("answer").await.unwrap();
    for seat in [agent, colleague] {
        seat.wait_call("active").await.unwrap();
    }
    team.assert_heard(AGENT, &[COLLEAGUE], "two colleagues")
        .unwrap();
    team.assert_heard(COLLEAGUE, &[AGENT], "two colleagues")
        .unwrap();
    team.picture(colleague, "2-two-colleagues").await.unwrap();
    agent.window.click("hang-up").await.unwrap();
    for seat in [agent, colleague] {
        seat.wait_call("none").await.unwrap();
    }

    // Beside a customer: it knocks, and taken, the customer waits and comes back.
    let id = id_of(&admin, AGENT).await.unwrap();
    let policy = json!({ "auto_answer": false, "call_waiting": true });
    let path = format!("people/{id}/call-policy");
    admin.put(&path, policy).await.unwrap();
    team.begin_call().await.unwrap();
    let (agent, colleague) = (&team.agent, &team.colleague);
    call(colleague, AGENT).await.unwrap();
    wait_asked(agent, "colleague").await.unwrap();
    agent.wait_call("active").await.unwrap();
    team.picture(agent, "3-knocks").await.unwrap();
    team.assert_heard(CUSTOMER, &[AGENT], "while it knocks")
        .unwrap();
    agent.window.click("answer").await.unwrap();
    colleague.wait_call("active").await.unwrap();
    agent.wait_call("active").await.unwrap();
    team.picture(agent, "4-taken").await.unwrap();
    team.assert_heard(COLLEAGUE, &[AGENT], "taken").unwrap();
    colleague.window.click("hang-up").await.unwrap();
    wait_asked(agent, "returned").await.unwrap();
    agent.window.click("answer").await.unwrap();
    agent.wait_call("active").await.unwrap();
    team.assert_heard(AGENT, &[CUSTOMER], "back").unwrap();
}
