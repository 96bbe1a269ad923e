//! The person's own browser.

use seatline_desk::failure::{DeskCode, Failure};

/// Opens a page there; nothing but https.
///
/// # Errors
/// [`DeskCode::NoBrowser`].
pub(crate) fn open(address: &str) -> Result<(), Failure> {
    if !address.starts_with("https://") {
        return Err(Failure::new(DeskCode::Internal).detail("no https address"));
    }
    open::that_detached(address)
        .map_err(|error| Failure::new(DeskCode::NoBrowser).detail(error.to_string()))
}
