//! All routes, and what holds for each of them.

use super::{ApiFailure, about, once, openapi};
use crate::{
    App, calls, catalog, crm, directory, events, identity, recording, supervision, tickets, updates,
};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::any,
};
use seatline_contract::error::Code;
use std::any::Any;
use tower::ServiceBuilder;
use tower_http::{catch_panic::CatchPanicLayer, set_header::SetResponseHeaderLayer};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

/// Largest body of a request, in bytes.
const LARGEST_BODY: usize = 1024 * 1024;

/// The documented routes.
pub(super) fn api() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::Base::openapi())
        .merge(about::routes())
        .merge(identity::open_routes())
        .merge(signed())
}

/// The routes for those signed in.
fn signed() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(identity::routes())
        .merge(catalog::routes())
        .merge(crm::routes())
        .merge(tickets::routes())
        .merge(calls::routes())
        .merge(directory::routes())
        .merge(supervision::routes())
        .merge(recording::routes())
        .merge(updates::routes())
}

/// The whole front door.
pub(crate) fn router(app: App) -> Router {
    let (api, document) = OpenApiRouter::with_openapi(openapi::Base::openapi())
        .merge(about::routes())
        .merge(identity::open_routes())
        .merge(signed().route_layer(middleware::from_fn_with_state(
            app.clone(),
            once::write_once,
        )))
        .split_for_parts();
    let sockets = Router::new()
        .route("/api/v1/events", any(events::open_events))
        .route(identity::SIP_PATH, any(calls::open_line));
    let header = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    let common = ServiceBuilder::new()
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::CACHE_CONTROL, "no-store"))
        .layer(header(header::REFERRER_POLICY, "no-referrer"))
        .layer(header(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ))
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(DefaultBodyLimit::max(LARGEST_BODY));
    api.merge(openapi::route(document))
        .merge(sockets)
        .merge(identity::sso_pages())
        .method_not_allowed_fallback(refuse_method)
        .fallback(refuse_path)
        .layer(common)
        .with_state(app)
}

async fn refuse_path() -> ApiFailure {
    ApiFailure::from(Code::NotFound).detail("no such route")
}

async fn refuse_method() -> ApiFailure {
    ApiFailure::from(Code::MalformedRequest)
        .detail("the route does not take this method")
        .status(StatusCode::METHOD_NOT_ALLOWED)
}

fn answer_panic(_: Box<dyn Any + Send>) -> Response {
    metrics::counter!("seatline_faults_total").increment(1);
    ApiFailure::from(Code::Internal).into_response()
}
