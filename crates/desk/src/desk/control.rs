//! What an agent does with a call besides talking. The agent has one line to the centre; the other
//! parties are the centre's, which is asked here and tells what becomes of it in the view.

use super::Desk;
use crate::failure::Failure;
use reqwest::Method;
use seatline_contract::{
    id::{ContactId, PartyId},
    party::{CompleteTransfer, EditParty, PastLeg, Reach},
    supervision::AskHelp,
};
use serde::Serialize;
use serde::de::IgnoredAny;

impl Desk {
    /// Rings somebody while the customer hears music.
    ///
    /// # Errors
    /// The centre's codes: `colleague_unavailable`, `unplayable_number`, `conflict` and others.
    pub async fn consult(&self, contact: ContactId, reach: Reach) -> Result<(), Failure> {
        self.control(contact, "consult", &reach).await
    }

    /// Hands the customer over without a word to the other. If nobody takes the call it comes back.
    ///
    /// # Errors
    /// As [`Desk::consult`].
    pub async fn transfer(&self, contact: ContactId, reach: Reach) -> Result<(), Failure> {
        self.control(contact, "transfer", &reach).await
    }

    /// Leaves customer and colleague alone with each other. One who has not answered yet goes on
    /// ringing; if nobody answers the call comes back.
    ///
    /// # Errors
    /// The centre's `conflict` when there is nobody to leave the customer with.
    pub async fn complete_transfer(
        &self,
        contact: ContactId,
        completion: CompleteTransfer,
    ) -> Result<(), Failure> {
        self.control(contact, "transfer/complete", &completion)
            .await
    }

    /// Talks to the one who was on hold, and holds the other.
    ///
    /// # Errors
    /// The centre's `conflict` when there are no two lines.
    pub async fn swap(&self, contact: ContactId) -> Result<(), Failure> {
        self.control(contact, "swap", &()).await
    }

    /// Lets all parties hear each other.
    ///
    /// # Errors
    /// The centre's `conflict` and `conference_full`.
    pub async fn merge(&self, contact: ContactId) -> Result<(), Failure> {
        self.control(contact, "merge", &()).await
    }

    /// Leaves a conference or consultation; the others talk on.
    ///
    /// # Errors
    /// The centre's `conflict` when the others would be alone.
    pub async fn leave(&self, contact: ContactId) -> Result<(), Failure> {
        self.control(contact, "leave", &()).await
    }

    /// Holds or mutes one party.
    ///
    /// # Errors
    /// The centre's codes.
    pub async fn edit_party(
        &self,
        contact: ContactId,
        party: PartyId,
        edit: EditParty,
    ) -> Result<(), Failure> {
        let path = format!("/api/v1/contacts/{contact}/parties/{party}");
        self.order(Method::PATCH, &path, &edit).await
    }

    /// Ends one party's call.
    ///
    /// # Errors
    /// The centre's codes.
    pub async fn drop_party(&self, contact: ContactId, party: PartyId) -> Result<(), Failure> {
        let path = format!("/api/v1/contacts/{contact}/parties/{party}");
        self.order(Method::DELETE, &path, &()).await
    }

    /// Lets the customer hear music until anybody picks up.
    ///
    /// # Errors
    /// The centre's codes.
    pub async fn park(&self, contact: ContactId) -> Result<(), Failure> {
        self.control(contact, "park", &()).await
    }

    /// Takes a parked customer: the line rings and answers by itself.
    ///
    /// # Errors
    /// The centre's `not_found` when somebody was faster, `line_not_ready`, `conflict` in a call.
    pub async fn pick_up(&self, slot: u32) -> Result<(), Failure> {
        let path = format!("/api/v1/parked/{slot}/pick-up");
        self.order(Method::POST, &path, &()).await
    }

    /// Asks a supervisor for help, or changes what was asked.
    ///
    /// # Errors
    /// The centre's codes.
    pub async fn ask_help(&self, contact: ContactId, request: AskHelp) -> Result<(), Failure> {
        let path = format!("/api/v1/contacts/{contact}/help");
        self.order(Method::PUT, &path, &request).await
    }

    /// Needs help no more.
    ///
    /// # Errors
    /// The centre's codes.
    pub async fn withdraw_help(&self, contact: ContactId) -> Result<(), Failure> {
        let path = format!("/api/v1/contacts/{contact}/help");
        self.order(Method::DELETE, &path, &()).await
    }

    /// Everybody who took part in a contact.
    ///
    /// # Errors
    /// The centre's codes.
    pub async fn past_legs(&self, contact: ContactId) -> Result<Vec<PastLeg>, Failure> {
        let path = format!("/api/v1/contacts/{contact}/legs");
        self.core.client()?.get(&path).await
    }

    async fn control(
        &self,
        contact: ContactId,
        what: &str,
        body: &impl Serialize,
    ) -> Result<(), Failure> {
        let path = format!("/api/v1/contacts/{contact}/{what}");
        self.order(Method::POST, &path, body).await
    }

    /// Asks the centre for something that makes no sense later.
    pub(super) async fn order(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<(), Failure> {
        let client = self.core.client()?;
        client
            .write(method, path, body)
            .await
            .map(|_: IgnoredAny| ())
    }
}
