//! What is not understood gets a clear answer, always in the same form.

use super::support::{Centre, code, error};
use reqwest::{Method, StatusCode};
use seatline_contract::{IDEMPOTENCY_KEY, error::Code};
use uuid::Uuid;

#[tokio::test]
async fn every_refusal_is_an_api_error() {
    let centre = Centre::start().await;
    let desk = centre.administrator().await;
    let post = |body: Vec<u8>| {
        centre
            .client
            .post(centre.url("/api/v1/tickets"))
            .bearer_auth(desk.session.token.expose())
            .header(IDEMPOTENCY_KEY, Uuid::new_v4().to_string())
            .header("content-type", "application/json")
            .body(body)
            .send()
    };
    let bodies: [&[u8]; 7] = [
        b"",
        b"{",
        b"null",
        b"[1,2]",
        b"{\"id\":7}",
        b"\xff\xfe",
        b"{\"id\":\"x\",\"subject\":\"a\"}",
    ];
    for body in bodies {
        let refused = post(body.to_vec()).await.unwrap();
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{body:?}");
        assert_eq!(code(refused).await, Code::MalformedRequest);
    }
    let deep = "[".repeat(100_000).into_bytes();
    assert_eq!(
        code(post(deep).await.unwrap()).await,
        Code::MalformedRequest
    );
    let large = post(vec![b' '; 1024 * 1024 + 1]).await.unwrap();
    assert_eq!(large.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(code(large).await, Code::TooLarge);

    assert_eq!(
        code(desk.read("/api/v1/nothing").await).await,
        Code::NotFound
    );
    assert_eq!(code(desk.read("/").await).await, Code::NotFound);
    let method = desk.send(Method::DELETE, "/api/v1/about", &()).await;
    assert_eq!(method.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(code(method).await, Code::MalformedRequest);
    let query = desk.read("/api/v1/tickets?assignee=x").await;
    assert_eq!(code(query).await, Code::MalformedRequest);
    centre.stop().await;
}

#[tokio::test]
async fn sign_in_bodies_are_bounded_too() {
    let centre = Centre::start().await;
    let request = centre
        .client
        .post(centre.url("/api/v1/sessions"))
        .header("content-type", "application/json")
        .body(vec![b' '; 1024 * 1024 + 1]);
    let refused = request.send().await.unwrap();
    assert_eq!(code(refused).await, Code::TooLarge);
    let plain = centre
        .client
        .post(centre.url("/api/v1/sessions"))
        .body("{}");
    let refused = plain.send().await.unwrap();
    assert_eq!(code(refused).await, Code::MalformedRequest);
    centre.stop().await;
}

#[tokio::test]
async fn nothing_but_the_open_routes_answers_a_stranger() {
    let centre = Centre::start().await;
    let document: serde_json::Value = centre.get("/api/v1/openapi.json").await;
    let open = [
        "/api/v1/about",
        "/health",
        "/metrics",
        "/api/v1/setup",
        "/api/v1/sessions",
        "/api/v1/sso",
        "/api/v1/sso/cancel",
        "/api/v1/sso/claim",
    ];
    let mut tried = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        if open.contains(&path.as_str()) {
            continue;
        }
        let path = path
            .replace("{id}", &Uuid::new_v4().to_string())
            .replace("{contact}", &Uuid::new_v4().to_string());
        for method in methods.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let request = centre.client.request(method.clone(), centre.url(&path));
            let refused = error(request.send().await.unwrap()).await;
            assert_eq!(refused.code, Code::SessionEnded, "{method} {path}");
            tried += 1;
        }
    }
    assert!(tried > 20, "{tried}");
    centre.stop().await;
}

#[tokio::test]
async fn a_client_that_speaks_no_tls_gets_nothing_and_harms_nobody() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let centre = Centre::start().await;
    let mut plain = tokio::net::TcpStream::connect(centre.running.address)
        .await
        .unwrap();
    plain
        .write_all(b"GET /health HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    // The centre answers with a TLS alert at most, and closes.
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"));
    let health: seatline_contract::about::Health = centre.get("/health").await;
    assert!(health.healthy);
    centre.stop().await;
}
