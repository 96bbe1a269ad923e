//! Colleagues, the address book and call-backs.

use super::Desk;
use crate::{failure::Failure, live::Wanted, view::LiveView};
use reqwest::Method;
use seatline_contract::{
    directory::{Callback, CallbackState, Colleague, Entry, SetCallback, SetEntry},
    id::{CallbackId, EntryId},
};
use std::sync::Arc;
use tokio::sync::watch;

impl Desk {
    /// The board and the colleagues, while [`Desk::show_live`] asks for them.
    #[must_use]
    pub fn live(&self) -> watch::Receiver<Arc<LiveView>> {
        self.core.live.watch()
    }

    /// Says which of the lists that change every second somebody looks at.
    ///
    /// # Errors
    /// The connection's codes, when the colleagues cannot be listed.
    pub async fn show_live(&self, board: bool, directory: bool) -> Result<(), Failure> {
        self.core.live.want(Wanted { board, directory });
        if directory {
            let colleagues: Vec<Colleague> = self.core.client()?.get("/api/v1/directory").await?;
            self.core.live.list(colleagues);
        }
        Ok(())
    }

    /// Entries of the address book with that text in them; all for an empty one.
    ///
    /// # Errors
    /// The centre's and the connection's codes.
    pub async fn address_book(&self, text: String) -> Result<Vec<Entry>, Failure> {
        let client = self.core.client()?;
        client.find("/api/v1/address-book", &[("q", text)]).await
    }

    /// Makes or changes an entry.
    ///
    /// # Errors
    /// The centre's `invalid_field`, `unplayable_number`, and `forbidden` for a shared one.
    pub async fn save_entry(&self, id: EntryId, entry: SetEntry) -> Result<(), Failure> {
        let path = format!("/api/v1/address-book/{id}");
        self.order(Method::PUT, &path, &entry).await
    }

    /// Takes an entry away.
    ///
    /// # Errors
    /// The centre's codes.
    pub async fn remove_entry(&self, id: EntryId) -> Result<(), Failure> {
        let path = format!("/api/v1/address-book/{id}");
        self.order(Method::DELETE, &path, &()).await
    }

    /// Promises to call back, or moves the promise.
    ///
    /// # Errors
    /// The centre's `invalid_field`, `unplayable_number`, `not_found`.
    pub async fn save_callback(
        &self,
        id: CallbackId,
        callback: SetCallback,
    ) -> Result<(), Failure> {
        let path = format!("/api/v1/callbacks/{id}");
        self.order(Method::PUT, &path, &callback).await
    }

    /// Says that a call-back was made, or is given up.
    ///
    /// # Errors
    /// The centre's codes.
    pub async fn close_callback(
        &self,
        id: CallbackId,
        state: CallbackState,
    ) -> Result<(), Failure> {
        let path = format!("/api/v1/callbacks/{id}/state");
        self.order(Method::PUT, &path, &state).await
    }

    /// One's own call-backs, those of the past too.
    ///
    /// # Errors
    /// The centre's and the connection's codes.
    pub async fn callbacks(&self) -> Result<Vec<Callback>, Failure> {
        self.core.client()?.get("/api/v1/callbacks").await
    }
}
