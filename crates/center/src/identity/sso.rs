//! Single sign-on by OpenID Connect: authorisation code with PKCE, in the person's own browser.
//!
//! ```text
//!  desk                       centre                      browser                 provider
//!   │ begin ──────────────────▶ │                            │                        │
//!   │ ◀── claim, page, code     │                            │                        │
//!   │ shows the code, opens the page ──────────────────────▶ │                        │
//!   │                           │ ◀── page: same code? ───── │                        │
//!   │                           │ ◀── Continue ───────────── │                        │
//!   │                           │ ── state, nonce, PKCE; cookie ─▶ ── signs in ─────▶ │
//!   │                           │ ◀── code, state, cookie ── │ ◀──────────────────────│
//!   │                           │ ── code, verifier ────────────────────────────────▶ │
//!   │                           │ ◀───────────────────────────────────── ID token ────│
//!   │ claim ──────────────────▶ │ the same session as with a password
//! ```
//!
//! The way back leads to the centre and not to a port of the desk's: providers that take nothing
//! but https addresses work, desks listen nowhere, and one address is registered for all of them.
//! The price is that a page can be opened by somebody else than who began, so that a sign-in could
//! be sent to a victim as a link. Against that stand the code in window and page, the press that
//! only a page of ours can make, and the address, which has to be that of the desk.

mod fault;
mod flow;
mod page;
mod provider;
mod random;
mod routes;
mod token;

pub(crate) use routes::pages;
pub(super) use routes::{
    __path_begin_sso, __path_cancel_sso, __path_claim_sso, __path_prove_sso, begin_sso, cancel_sso,
    claim_sso, prove_sso,
};

use crate::config;
use flow::Flows;
use parking_lot::Mutex;
use provider::Provider;
use seatline_contract::sso::SsoOffer;

/// Single sign-on, where it is configured.
#[derive(Debug)]
pub(super) struct Sso {
    config: config::Sso,
    provider: Provider,
    flows: Mutex<Flows>,
}

impl Sso {
    /// Prepares it; nothing is sent yet.
    ///
    /// # Errors
    /// Says which file cannot be used.
    pub(super) fn new(config: config::Sso) -> Result<Self, String> {
        Ok(Self {
            provider: Provider::new(config.clone())?,
            config,
            flows: Mutex::default(),
        })
    }
}

/// What a desk is told before anybody signs in.
pub(crate) fn offer(config: &config::Sso) -> SsoOffer {
    SsoOffer {
        zh: config.name_zh.clone(),
        en: config.name_en.clone(),
        passwords: config.passwords,
    }
}
