//! Customers: one identity over all channels.

use crate::{
    contact::Contact,
    id::{CustomerId, TicketId},
    secret::PhoneNumber,
    ticket::TicketSummary,
    time::UnixMs,
};
use serde::{Deserialize, Serialize};

/// What sort of number it is. Chinese service numbers are told apart before area codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum NumberKind {
    /// Mobile.
    Mobile,
    /// Fixed line with an area.
    Fixed,
    /// 95…, 96…: enterprise short numbers.
    Service,
    /// 400: shared-cost.
    SharedCost,
    /// 800: toll-free.
    TollFree,
    /// 1010…: customer-service access.
    Access,
    /// 700: privacy ("middle") number; never merged with a customer's own.
    Privacy,
    /// 1[12]x and the like.
    Emergency,
    /// Outside China.
    International,
    /// A colleague's extension.
    Internal,
    /// None of these.
    Unknown,
    /// The caller hides the number.
    Anonymous,
}

/// A number as this person may see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct NumberView {
    /// Masked (`138****5678`) or full, for display.
    pub display: String,
    /// E.164 or national short form, only if this person may see it.
    pub full: Option<PhoneNumber>,
    /// What sort it is.
    pub kind: NumberKind,
    /// Province and city, or country, in the language of the centre; advice only.
    pub region: Option<String>,
}

/// A customer's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Customer {
    /// Which.
    pub id: CustomerId,
    /// Number people can say aloud, such as `C-100382`.
    pub reference: String,
    /// Full name.
    pub name: String,
    /// Company, may be empty.
    pub company: String,
    /// Role or department, may be empty.
    pub title: String,
    /// E-mail, may be empty.
    pub email: String,
    /// WeChat id, may be empty.
    pub wechat: String,
    /// Numbers, the main one first.
    pub numbers: Vec<NumberView>,
    /// Free labels.
    pub tags: Vec<String>,
    /// Marked as important.
    pub vip: bool,
    /// Free text.
    pub note: String,
    /// When made.
    pub created: UnixMs,
    /// When last changed; send it back with an update.
    pub updated: UnixMs,
}

/// A customer with what is worth knowing when the phone rings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct CustomerCard {
    /// The record.
    pub customer: Customer,
    /// Tickets not yet closed, the latest first (at most 5).
    pub open_tickets: Vec<TicketSummary>,
    /// Latest contacts, the latest first (at most 5).
    pub recent_contacts: Vec<Contact>,
}

/// Body of `POST /api/v1/customers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct NewCustomer {
    /// Id made by the desk before the first try.
    pub id: CustomerId,
    /// Full name, required.
    pub name: String,
    /// Company.
    #[serde(default)]
    pub company: String,
    /// Role or department.
    #[serde(default)]
    pub title: String,
    /// E-mail.
    #[serde(default)]
    pub email: String,
    /// WeChat id.
    #[serde(default)]
    pub wechat: String,
    /// Numbers in any usual spelling.
    #[serde(default)]
    pub numbers: Vec<PhoneNumber>,
    /// Takes the customer's number from this contact, when the agent may not see it in full. One
    /// that is hidden, or stands for nobody, is left out.
    #[serde(default)]
    pub number_from: Option<crate::id::ContactId>,
    /// Labels.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Marked as important.
    #[serde(default)]
    pub vip: bool,
    /// Free text.
    #[serde(default)]
    pub note: String,
}

/// Body of `PATCH /api/v1/customers/{id}`: absent fields stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct EditCustomer {
    /// The [`Customer::updated`] the editor saw; refused with `conflict` if it has changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<UnixMs>,
    /// New name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// New company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// New title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// New e-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// New WeChat id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wechat: Option<String>,
    /// Numbers to add.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add_numbers: Vec<PhoneNumber>,
    /// All labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// Importance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vip: Option<bool>,
    /// New note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Body of `POST /api/v1/customers/{id}/reveal`: shows full numbers for a minute, audited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Reveal {
    /// Why, at least two characters.
    pub reason: String,
}

/// Answer of a reveal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Revealed {
    /// The full numbers in the order of [`Customer::numbers`].
    pub numbers: Vec<PhoneNumber>,
    /// When the desk hides them again.
    pub until: UnixMs,
}

/// A page of search results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct CustomerPage {
    /// What was found, best first.
    pub customers: Vec<Customer>,
    /// True when there is more than fits.
    pub more: bool,
}

/// One thing that happened with a customer.
#[expect(
    clippy::large_enum_variant,
    reason = "most entries of a timeline are contacts, the largest variant"
)]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TimelineEntry {
    /// A contact.
    Contact {
        /// It.
        contact: Contact,
    },
    /// A ticket was opened.
    Ticket {
        /// It.
        ticket: TicketSummary,
    },
    /// A comment on a ticket.
    Comment {
        /// The ticket.
        ticket: TicketId,
        /// Its number people can say aloud.
        reference: String,
        /// Who wrote it.
        author: String,
        /// What.
        text: String,
        /// When.
        at: UnixMs,
    },
}

/// Answer of `GET /api/v1/customers/{id}/timeline`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Timeline {
    /// The latest first.
    pub entries: Vec<TimelineEntry>,
    /// True when there is more than fits.
    pub more: bool,
}
