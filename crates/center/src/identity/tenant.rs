//! Which tenant a desk is set up for.

use crate::{App, http::ApiFailure};
use seatline_contract::{error::Code, sso::serves};

/// Turns away a desk that is set up for another tenant, before anything else is looked at. Who has
/// none is welcome, and a centre without a name takes everybody.
///
/// # Errors
/// [`Code::WrongTenant`].
pub(super) fn check(app: &App, said: Option<&str>) -> Result<(), ApiFailure> {
    if serves(app.config.tenant.as_deref(), said) {
        Ok(())
    } else {
        Err(Code::WrongTenant.into())
    }
}
