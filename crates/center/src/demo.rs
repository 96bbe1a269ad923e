//! Demonstration data.
use crate::{App, http::ApiFailure};
pub(crate) async fn fill(_app: &App) -> Result<(), ApiFailure> { Ok(()) }
