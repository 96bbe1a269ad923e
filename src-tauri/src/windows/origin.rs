//! Which addresses a window may go to: the program's own page.

use tauri::Url;

/// Whether an address is the program's own.
pub(super) fn is_own(url: &Url) -> bool {
    let host = if cfg!(windows) {
        ("http", "tauri.localhost")
    } else {
        ("tauri", "localhost")
    };
    let own = (url.scheme(), url.host_str().unwrap_or_default()) == host
        && url.port().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !own {
        tracing::warn!(
            scheme = url.scheme(),
            "a window was kept from leaving its page"
        );
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_own_page_is_own() {
        let own = if cfg!(windows) {
            "http://tauri.localhost"
        } else {
            "tauri://localhost"
        };
        for path in ["", "/", "/index.html", "/index.html?window=card#x"] {
            assert!(is_own(&format!("{own}{path}").parse().expect("a URL")));
        }
        for foreign in [
            "https://example.com/",
            "http://localhost/",
            "http://tauri.localhost.evil.test/",
            "tauri://localhost.evil.test/",
            "tauri://evil@localhost/",
            "tauri://localhost:8080/",
            "https://tauri.localhost/",
            "file:///etc/passwd",
            "data:text/html,x",
            "javascript:alert(1)",
            "blob:tauri://localhost/1",
            "about:blank",
        ] {
            assert!(!is_own(&foreign.parse().expect("a URL")), "{foreign}");
        }
    }
}
