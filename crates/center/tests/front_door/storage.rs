//! A full disk.

use super::support::{Centre, code};
use reqwest::{Method, StatusCode};
use seatline_contract::error::Code;
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn a_full_disk_is_said_and_what_was_there_stays() {
    let centre = Centre::start_with(|config| config.database_max_mib = Some(1)).await;
    let desk = centre.administrator().await;
    let note = "字".repeat(4000);
    let mut made = 0;
    let refused = loop {
        let body = json!({"id": Uuid::new_v4(), "name": "甲", "note": note});
        let response = desk.send(Method::POST, "/api/v1/customers", &body).await;
        if response.status() != StatusCode::CREATED {
            break response;
        }
        made += 1;
        assert!(made < 200, "the database never fills");
    };
    assert_eq!(refused.status(), StatusCode::INSUFFICIENT_STORAGE);
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(code(refused).await, Code::StorageFull);
    let page: seatline_contract::customer::CustomerPage =
        desk.get("/api/v1/customers?limit=100").await;
    assert_eq!(page.customers.len(), made.min(100));
    centre.stop().await;
}
