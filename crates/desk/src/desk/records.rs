//! Customers, tickets, notes and drafts.

use super::Desk;
use crate::{
    failure::Failure,
    outbox::write::{Content, new_comment},
    view::{NoteDraft, TicketDraft},
};
use seatline_contract::{
    customer::{CustomerCard, CustomerPage, EditCustomer, NewCustomer, Reveal, Revealed, Timeline},
    error::{ApiError, Code},
    id::{ContactId, CustomerId, TicketId, WriteId},
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
        self.core.outbox.save_note(note).await
    }

    /// Sends the note of a contact and ends its wrap-up.
    ///
    /// # Errors
    /// The centre's `disposition_required`.
    pub async fn finish_wrap_up(&self, contact: ContactId) -> Result<(), Failure> {
        self.core.outbox.finish_wrap_up(contact).await
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
        self.core
            .outbox
            .write(Content::LinkCustomer { contact, customer })
            .await
    }

    /// Finds customers by name, number, company.
    ///
    /// # Errors
    /// The centre's and the connection's codes.
    pub async fn search_customers(&self, text: String) -> Result<CustomerPage, Failure> {
        self.core
            .client()?
            .find("/api/v1/customers", &[("q", text)])
            .await
    }

    /// A customer with open tickets and recent contacts.
    ///
    /// # Errors
    /// The centre's and the connection's codes.
    pub async fn customer_card(&self, customer: CustomerId) -> Result<CustomerCard, Failure> {
        let path = format!("/api/v1/customers/{customer}");
        self.core.client()?.get(&path).await
    }

    /// All that happened with a customer.
    ///
    /// # Errors
    /// The centre's and the connection's codes.
    pub async fn timeline(&self, customer: CustomerId) -> Result<Timeline, Failure> {
        let path = format!("/api/v1/customers/{customer}/timeline");
        self.core.client()?.get(&path).await
    }

    /// Makes a customer.
    ///
    /// # Errors
    /// The centre's codes.
    pub async fn create_customer(&self, customer: NewCustomer) -> Result<(), Failure> {
        self.core
            .outbox
            .write(Content::CreateCustomer { customer })
            .await
    }

    /// Changes a customer.
    ///
    /// # Errors
    /// The centre's codes.
    pub async fn edit_customer(&self, id: CustomerId, edit: EditCustomer) -> Result<(), Failure> {
        self.core
            .outbox
            .write(Content::EditCustomer { id, edit })
            .await
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
        let path = format!("/api/v1/customers/{customer}/reveal");
        self.core
            .client()?
            .write(reqwest::Method::POST, &path, &Reveal { reason })
            .await
    }

    /// Lists tickets.
    ///
    /// # Errors
    /// The centre's and the connection's codes.
    pub async fn tickets(&self, filter: TicketFilter) -> Result<TicketPage, Failure> {
        self.core.client()?.find("/api/v1/tickets", &filter).await
    }

    /// A ticket with all of its text.
    ///
    /// # Errors
    /// The centre's and the connection's codes.
    pub async fn ticket(&self, id: TicketId) -> Result<Ticket, Failure> {
        let path = format!("/api/v1/tickets/{id}");
        self.core.client()?.get(&path).await
    }

    /// Saves a ticket being written on this computer.
    ///
    /// # Errors
    /// [`DiskFull`](crate::failure::DeskCode::DiskFull) and the like.
    pub async fn save_draft(&self, draft: TicketDraft) -> Result<(), Failure> {
        self.core.outbox.save_draft(draft).await
    }

    /// Throws a ticket being written away.
    ///
    /// # Errors
    /// [`StorageFailed`](crate::failure::DeskCode::StorageFailed).
    pub async fn discard_draft(&self, id: TicketId) -> Result<(), Failure> {
        self.core.outbox.discard_draft(id).await
    }

    /// Makes a ticket of its saved draft. If the centre refuses it, the draft stays.
    ///
    /// # Errors
    /// The centre's codes; `not_found` when there is no such draft.
    pub async fn create_ticket(&self, draft: TicketId) -> Result<(), Failure> {
        self.core.outbox.create_ticket(draft).await
    }

    /// Changes a ticket.
    ///
    /// # Errors
    /// The centre's codes.
    pub async fn edit_ticket(&self, id: TicketId, edit: EditTicket) -> Result<(), Failure> {
        self.core
            .outbox
            .write(Content::EditTicket { id, edit })
            .await
    }

    /// Comments on a ticket.
    ///
    /// # Errors
    /// The centre's codes.
    pub async fn comment_ticket(&self, id: TicketId, text: String) -> Result<(), Failure> {
        let comment = new_comment(text);
        self.core
            .outbox
            .write(Content::CommentTicket { id, comment })
            .await
    }

    /// Sends a refused write once more.
    ///
    /// # Errors
    /// The centre's codes; `not_found` when there is no such write.
    pub async fn retry_write(&self, id: String) -> Result<(), Failure> {
        self.core.outbox.retry(read_write_id(&id)?).await
    }

    /// Gives a refused write up.
    ///
    /// # Errors
    /// `not_found` when there is no such write.
    pub async fn discard_write(&self, id: String) -> Result<(), Failure> {
        self.core.outbox.discard(read_write_id(&id)?).await
    }
}

fn read_write_id(id: &str) -> Result<WriteId, Failure> {
    id.parse().map_err(|_| ApiError::new(Code::NotFound).into())
}
