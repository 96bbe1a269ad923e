//! The OpenAPI document, made from the routes themselves.

use crate::App;
use axum::{Json, Router, routing::get};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document, SecurityRequirement,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Seatline centre",
        description = "What desk and centre say to each other. Every POST, PUT and PATCH of a signed-in person carries an `Idempotency-Key` header with a UUID made before the first try.",
        license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT"),
    ),
    modifiers(&Bearer),
    components(schemas(
        seatline_contract::error::ApiError,
        seatline_contract::event::ClientFrame,
        seatline_contract::event::ServerFrame,
        seatline_contract::update::Latest,
    )),
)]
pub(super) struct Base;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The token of `POST /api/v1/sessions`."))
            .build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("session", SecurityScheme::Http(scheme));
        document.security = Some(vec![SecurityRequirement::new(
            "session",
            Vec::<String>::new(),
        )]);
    }
}

/// The document as it is served and committed, with a line end at its end.
#[must_use]
pub fn document() -> String {
    let (_, document) = super::router::api().split_for_parts();
    let mut text = document
        .to_pretty_json()
        .unwrap_or_else(|error| format!("\"{error}\""));
    text.push('\n');
    text
}

/// Serves the document.
pub(super) fn route(document: Document) -> Router<App> {
    Router::new().route(
        "/api/v1/openapi.json",
        get(move || std::future::ready(Json(document.clone()))),
    )
}
