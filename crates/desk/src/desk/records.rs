//! Customers, tickets, notes and drafts.

use super::{Desk, unfinished};
use crate::{
    failure::Failure,
    view::{NoteDraft, TicketDraft},
};
use seatline_contract::{
    customer::{CustomerCard, CustomerPage, EditCustomer, NewCustomer, Revealed, Timeline},
    id::{ContactId, CustomerId, TicketId},
    ticket::{EditTicket, Ticket, TicketFilter, TicketPage},
};

/// Writes are kept on this computer first and then sent. Each of these methods returns when the
/// write is safe on disk and, if the centre answers soon, with the centre's word on it; without a
/// network the write waits and the method succeeds.
impl Desk {
    /// Saves disposition and note of a contact on this computer.
    ///
    /// # Errors
    /// [`DiskFull`](crate::failure::DeskCode::DiskFull) and the like.
    pub async fn save_note(&self, note: NoteDraft) -> Result<(), Failure> {
        unfinished()
    }

    /// Sends the note of a contact and ends its wrap-up.
    ///
    /// # Errors
    /// The centre's `disposition_required`.
    pub async fn finish_wrap_up(&self, contact: ContactId) -> Result<(), Failure> {
        unfinished()
    }

    /// Says whose contact it is.
    ///
    /// # Errors
    /// The centre's codes.
    pub async fn link_customer(
        &self,
        contact: ContactId,
        customer: CustomerId,
    ) -> Result<(), Failure> {
        unfinished()
    }

    /// Finds customers by name, number, company.
    ///
    /// # Errors
    /// The centre's and the connection's codes.
    pub async fn search_customers(&self, text: String) -> Result<CustomerPage, Failure> {
        unfinished()
    }

    /// A customer with open tickets and recent contacts.
    ///
    /// # Errors
    /// The centre's and the connection's codes.
    pub async fn customer_card(&self, customer: CustomerId) -> Result<CustomerCard, Failure> {
        unfinished()
    }

    /// All that happened with a customer.
    ///
    /// # Errors
    /// The centre's and the connection's codes.
    pub async fn timeline(&self, customer: CustomerId) -> Result<Timeline, Failure> {
        unfinished()
    }

    /// Makes a customer.
    ///
    /// # Errors
    /// The centre's codes.
    pub async fn create_customer(&self, customer: NewCustomer) -> Result<(), Failure> {
        unfinished()
    }

    /// Changes a customer.
    ///
    /// # Errors
    /// The centre's codes.
    pub async fn edit_customer(&self, id: CustomerId, edit: EditCustomer) -> Result<(), Failure> {
        unfinished()
    }

    /// Shows a customer's full numbers for a minute; the centre writes down why.
    ///
    /// # Errors
    /// The centre's and the connection's codes.
    pub async fn reveal_numbers(
        &self,
        customer: CustomerId,
        reason: String,
    ) -> Result<Revealed, Failure> {
        unfinished()
    }

    /// Lists tickets.
    ///
    /// # Errors
    /// The centre's and the connection's codes.
    pub async fn tickets(&self, filter: TicketFilter) -> Result<TicketPage, Failure> {
        unfinished()
    }

    /// A ticket with all of its text.
    ///
    /// # Errors
    /// The centre's and the connection's codes.
    pub async fn ticket(&self, id: TicketId) -> Result<Ticket, Failure> {
        unfinished()
    }

    /// Saves a ticket being written on this computer.
    ///
    /// # Errors
    /// [`DiskFull`](crate::failure::DeskCode::DiskFull) and the like.
    pub async fn save_draft(&self, draft: TicketDraft) -> Result<(), Failure> {
        unfinished()
    }

    /// Throws a ticket being written away.
    ///
    /// # Errors
    /// [`StorageFailed`](crate::failure::DeskCode::StorageFailed).
    pub async fn discard_draft(&self, id: TicketId) -> Result<(), Failure> {
        unfinished()
    }

    /// Makes a ticket of its saved draft. If the centre refuses it, the draft stays.
    ///
    /// # Errors
    /// The centre's codes; `not_found` when there is no such draft.
    pub async fn create_ticket(&self, draft: TicketId) -> Result<(), Failure> {
        unfinished()
    }

    /// Changes a ticket.
    ///
    /// # Errors
    /// The centre's codes.
    pub async fn edit_ticket(&self, id: TicketId, edit: EditTicket) -> Result<(), Failure> {
        unfinished()
    }

    /// Comments on a ticket.
    ///
    /// # Errors
    /// The centre's codes.
    pub async fn comment_ticket(&self, id: TicketId, text: String) -> Result<(), Failure> {
        unfinished()
    }

    /// Sends a refused write once more.
    ///
    /// # Errors
    /// The centre's codes; `not_found` when there is no such write.
    pub async fn retry_write(&self, id: String) -> Result<(), Failure> {
        unfinished()
    }

    /// Gives a refused write up.
    ///
    /// # Errors
    /// `not_found` when there is no such write.
    pub async fn discard_write(&self, id: String) -> Result<(), Failure> {
        unfinished()
    }
}
