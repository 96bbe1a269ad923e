//! What the centre says of itself to anyone.

use super::Json;
use crate::{App, identity};
use axum::{
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
};
use seatline_contract::{
    API_VERSION,
    about::{About, Health, PRODUCT},
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// This build's version.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Routes open to anyone.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(about))
        .routes(routes!(health))
        .routes(routes!(metrics))
}

/// What this is, before anyone signs in.
#[utoipa::path(
    get, path = "/api/v1/about", tag = "about", security(()),
    responses((status = 200, body = About)),
)]
async fn about(State(app): State<App>) -> Result<Json<About>, super::ApiFailure> {
    Ok(Json(About {
        product: PRODUCT.to_owned(),
        version: VERSION.to_owned(),
        api_version: API_VERSION,
        name: app.config.name.clone(),
        now: app.clock.now(),
        needs_setup: identity::needs_set_up(&app.store).await?,
        tenant: app.config.tenant.clone(),
        sso: app.config.sso.as_ref().map(identity::sso_offer),
    }))
}

/// Whether the centre can take calls and writes.
#[utoipa::path(
    get, path = "/health", tag = "about", security(()),
    responses((status = 200, body = Health), (status = 503, body = Health)),
)]
async fn health(State(app): State<App>) -> (StatusCode, Json<Health>) {
    let mut problems = Vec::new();
    if app.store.ping().await.is_err() {
        problems.push("the database does not answer".to_owned());
    }
    if app.stopping.is_cancelled() {
        problems.push("the centre is stopping".to_owned());
    }
    let storage_fails = app.recordings.is_storage_failing();
    if storage_fails && !app.recordings.policy().calls_without_storage {
        problems.push("calls are refused: recordings cannot be written".to_owned());
    }
    let healthy = problems.is_empty();
    if storage_fails && healthy {
        problems.push("recordings cannot be written; calls go on".to_owned());
    }
    let status = if healthy {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let health = Health {
        healthy,
        problems,
        version: VERSION.to_owned(),
    };
    (status, Json(health))
}

/// Figures in Prometheus' text form.
#[utoipa::path(
    get, path = "/metrics", tag = "about", security(()),
    responses((status = 200, body = String, content_type = "text/plain")),
)]
async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let text = app.figures.render();
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}
