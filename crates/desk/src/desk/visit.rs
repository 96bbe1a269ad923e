//! Before anybody signs in: who is at an address, and the first administrator of a new centre.

use super::core::Core;
use crate::{
    command::{CentreCheck, SetUpRequest},
    connection::{address::Address, client::Client},
    failure::Failure,
};
use reqwest::Method;
use seatline_contract::identity::{Person, SetUp};
use std::sync::Arc;

impl Core {
    /// Asks an address whether a centre is there.
    ///
    /// # Errors
    /// The connection's codes.
    pub(super) async fn check(
        &self,
        typed: &str,
        trust: Option<String>,
    ) -> Result<CentreCheck, Failure> {
        let client = self.client_for(typed, trust)?;
        let about = client.about().await?;
        Ok(CentreCheck {
            url: client.address().to_string(),
            name: about.name,
            version: about.version,
            needs_setup: about.needs_setup,
            sso: about.sso,
        })
    }

    /// Makes the first administrator.
    ///
    /// # Errors
    /// The connection's codes and the centre's.
    pub(super) async fn set_up(&self, request: SetUpRequest) -> Result<(), Failure> {
        let client = self.client_for(&request.centre, request.trust)?;
        // Neither code nor password goes to anything that is not a centre.
        client.about().await?;
        let set_up = SetUp {
            code: request.code,
            login: request.login,
            name: request.name,
            password: request.password,
        };
        client
            .write::<Person>(Method::POST, "/api/v1/setup", &set_up)
            .await
            .map(drop)
    }

    /// A client that trusts what the person has just accepted, or accepted at the last sign-in.
    pub(super) fn client_for(
        &self,
        typed: &str,
        trust: Option<String>,
    ) -> Result<Arc<Client>, Failure> {
        let trust = trust.or_else(|| self.accepted_for(&self.address(typed).ok()?));
        self.new_client(typed, trust.as_deref())
    }

    /// The fingerprint accepted at the last sign-in, if that was to this centre.
    pub(super) fn accepted_for(&self, address: &Address) -> Option<String> {
        let last = self.settings.read().last?;
        last.trust.filter(|_| last.centre == address.to_string())
    }
}
