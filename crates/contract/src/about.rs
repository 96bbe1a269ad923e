//! What a centre says of itself, to anyone, so that a desk knows whom it talks to.

use crate::{sso::SsoOffer, time::UnixMs};
use serde::{Deserialize, Serialize};

/// The value of [`About::product`] of every Seatline centre.
pub const PRODUCT: &str = "seatline-center";

/// Answer of `GET /api/v1/about`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct About {
    /// Always [`PRODUCT`]; anything else is not a centre.
    pub product: String,
    /// The centre's version, such as `0.1.0`.
    pub version: String,
    /// [`crate::API_VERSION`] of the centre.
    pub api_version: u32,
    /// The site's name, shown at sign-in.
    pub name: String,
    /// The centre's clock; the desk keeps the difference to its own.
    pub now: UnixMs,
    /// True until the first administrator exists.
    pub needs_setup: bool,
    /// The tenant this centre serves, if it has a name.
    #[serde(default)]
    pub tenant: Option<String>,
    /// Single sign-on, if the centre has it.
    #[serde(default)]
    pub sso: Option<SsoOffer>,
}

/// Answer of `GET /health`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Health {
    /// True when the centre can take calls and writes.
    pub healthy: bool,
    /// What is wrong, for the operator; empty when healthy.
    pub problems: Vec<String>,
    /// The centre's version.
    pub version: String,
}
