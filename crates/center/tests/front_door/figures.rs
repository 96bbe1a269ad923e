//! Health, figures and the API's description.

use super::support::Centre;
use seatline_contract::about::Health;

#[tokio::test]
async fn health_figures_and_headers() {
    let centre = Centre::start().await;
    centre.try_sign_in("nobody", "wrong password!", false).await;
    let health: Health = centre.get("/health").await;
    assert!(health.healthy && health.problems.is_empty());
    let response = centre
        .client
        .get(centre.url("/metrics"))
        .send()
        .await
        .unwrap();
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(response.headers()[name], value);
    }
    let figures = response.text().await.unwrap();
    assert!(
        figures.contains("seatline_sign_in_failures_total"),
        "{figures}"
    );
    centre.stop().await;
}

#[test]
fn the_committed_description_is_the_real_one() {
    let committed = include_str!("../../openapi.json");
    assert!(
        committed == seatline_center::http::document(),
        "openapi.json is old; run `seatline-center openapi > crates/center/openapi.json`"
    );
}
