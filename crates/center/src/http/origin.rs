//! Who may open a WebSocket from a page.

use super::ApiFailure;
use axum::http::{HeaderMap, header::ORIGIN};
use seatline_contract::error::Code;

/// The desk's own pages. A desk without a page sends no origin.
const OWN: [&str; 3] = [
    "tauri://localhost",
    "http://tauri.localhost",
    "https://tauri.localhost",
];

/// Refuses a WebSocket that a foreign page opens in somebody's browser.
///
/// # Errors
/// [`Code::Forbidden`].
pub(crate) fn check(headers: &HeaderMap) -> Result<(), ApiFailure> {
    let mut origins = headers.get_all(ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => Ok(()),
        (Some(origin), None) if OWN.iter().any(|own| origin.as_bytes() == own.as_bytes()) => Ok(()),
        _ => Err(ApiFailure::from(Code::Forbidden).detail("foreign origin")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn with(origin: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static(origin))])
    }

    #[test]
    fn only_the_desks_own_pages_may_connect() {
        assert!(check(&HeaderMap::new()).is_ok());
        assert!(check(&with("tauri://localhost")).is_ok());
        for foreign in [
            "https://evil.test",
            "http://tauri.localhost.evil.test",
            "null",
            "",
            "tauri://localhost/",
        ] {
            assert!(check(&with(foreign)).is_err(), "{foreign}");
        }
        let mut two = with("tauri://localhost");
        two.append(ORIGIN, HeaderValue::from_static("https://evil.test"));
        assert!(check(&two).is_err());
    }
}
