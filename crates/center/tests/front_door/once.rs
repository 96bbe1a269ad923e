//! Writes that arrive twice, and keys used for something else.

use super::support::{Centre, code, error};
use reqwest::{Method, StatusCode};
use seatline_contract::{IDEMPOTENCY_KEY, error::Code, ticket::TicketPage};
use serde_json::json;
use uuid::Uuid;

fn ticket(subject: &str) -> serde_json::Value {
    json!({"id": Uuid::new_v4(), "subject": subject, "ticket_type": "fault", "priority": "low"})
}

#[tokio::test]
async fn a_write_delivered_twice_happens_once_and_answers_twice() {
    let centre = Centre::start().await;
    let desk = centre.administrator().await;
    let key = Uuid::new_v4();
    let comment_on = ticket("one");
    let path = "/api/v1/tickets";
    let first = desk.send_as(key, Method::POST, path, &comment_on).await;
    let second = desk.send_as(key, Method::POST, path, &comment_on).await;
    assert_eq!(first.status(), StatusCode::CREATED);
    assert_eq!(second.status(), StatusCode::CREATED);
    assert_eq!(first.text().await.unwrap(), second.text().await.unwrap());

    // Edits carry no id of their own; only the key tells a repeat from a second edit.
    let path = format!("/api/v1/tickets/{}", comment_on["id"].as_str().unwrap());
    let key = Uuid::new_v4();
    let edit = json!({"priority": "urgent"});
    let first = desk.send_as(key, Method::PATCH, &path, &edit).await;
    let second = desk.send_as(key, Method::PATCH, &path, &edit).await;
    assert_eq!(first.text().await.unwrap(), second.text().await.unwrap());
    centre.stop().await;
}

#[tokio::test]
async fn many_deliveries_at_once_make_one_ticket() {
    let centre = Centre::start().await;
    let desk = centre.administrator().await;
    let key = Uuid::new_v4();
    let body = ticket("race");
    let tries = (0..8).map(|_| desk.send_as(key, Method::POST, "/api/v1/tickets", &body));
    let answers = futures_util::future::join_all(tries).await;
    for answer in answers {
        match answer.status() {
            StatusCode::CREATED => {}
            StatusCode::CONFLICT => assert_eq!(error(answer).await.retry_after_s, Some(1)),
            other => panic!("{other}"),
        }
    }
    let page: TicketPage = desk.get("/api/v1/tickets").await;
    assert_eq!(page.tickets.len(), 1);
    centre.stop().await;
}

#[tokio::test]
async fn a_key_used_for_another_write_is_refused() {
    let centre = Centre::start().await;
    let desk = centre.administrator().await;
    let key = Uuid::new_v4();
    desk.send_as(key, Method::POST, "/api/v1/tickets", &ticket("one"))
        .await;
    let reused = desk
        .send_as(key, Method::POST, "/api/v1/tickets", &ticket("two"))
        .await;
    assert_eq!(reused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(code(reused).await, Code::KeyReused);
    centre.stop().await;
}

#[tokio::test]
async fn a_refused_write_may_be_tried_again_with_its_key() {
    let centre = Centre::start().await;
    let desk = centre.administrator().await;
    let key = Uuid::new_v4();
    let body = json!({"id": Uuid::new_v4(), "name": ""});
    for _ in 0..2 {
        let refused = desk
            .send_as(key, Method::POST, "/api/v1/customers", &body)
            .await;
        assert_eq!(code(refused).await, Code::InvalidField);
    }
    let mended = json!({"id": body["id"], "name": "甲"});
    let done = desk
        .send_as(key, Method::POST, "/api/v1/customers", &mended)
        .await;
    assert_eq!(done.status(), StatusCode::CREATED);
    centre.stop().await;
}

#[tokio::test]
async fn a_write_without_a_key_is_refused() {
    let centre = Centre::start().await;
    let desk = centre.administrator().await;
    for key in [None, Some("not a uuid")] {
        let mut request = centre
            .client
            .post(centre.url("/api/v1/tickets"))
            .bearer_auth(desk.session.token.expose())
            .json(&ticket("one"));
        if let Some(key) = key {
            request = request.header(IDEMPOTENCY_KEY, key);
        }
        let refused = error(request.send().await.unwrap()).await;
        assert_eq!(refused.code, Code::MalformedRequest);
        assert_eq!(refused.field.as_deref(), Some(IDEMPOTENCY_KEY));
    }
    centre.stop().await;
}
