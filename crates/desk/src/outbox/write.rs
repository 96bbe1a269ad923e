//! One write on its way to the centre.

use crate::{failure::FailureCode, view::TicketDraft};
use seatline_contract::{
    contact::{LinkCustomer, WrapUp},
    customer::{EditCustomer, NewCustomer},
    id::{CommentId, ContactId, CustomerId, TicketId, WriteId},
    secret::PhoneNumber,
    ticket::{EditTicket, NewComment, NewTicket},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A write with everything needed to send it, today or after a restart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Write {
    /// The idempotency key, made before the first try.
    pub(crate) id: WriteId,
    /// The record it changes; writes of one record are sent in order.
    pub(crate) record: String,
    /// A record it names, which must have been made before.
    pub(crate) needs: Option<String>,
    /// What it carries.
    pub(crate) content: Content,
    /// The centre's refusal, once there is one.
    pub(crate) refusal: Option<Refusal>,
}

/// What a write carries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(crate) enum Content {
    /// A new ticket, from a draft that comes back if the centre refuses it.
    CreateTicket {
        /// The draft.
        draft: TicketDraft,
    },
    /// A change to a ticket.
    EditTicket {
        /// Which.
        id: TicketId,
        /// How.
        edit: EditTicket,
    },
    /// A comment.
    CommentTicket {
        /// On which ticket.
        id: TicketId,
        /// The comment.
        comment: NewComment,
    },
    /// A new customer.
    CreateCustomer {
        /// The record.
        customer: NewCustomer,
    },
    /// A change to a customer.
    EditCustomer {
        /// Which.
        id: CustomerId,
        /// How.
        edit: EditCustomer,
    },
    /// A contact's customer.
    LinkCustomer {
        /// The contact.
        contact: ContactId,
        /// The customer.
        customer: CustomerId,
    },
    /// The end of wrap-up with disposition and note.
    WrapUp {
        /// The contact.
        contact: ContactId,
        /// The body.
        wrap_up: WrapUp,
    },
}

/// Why the centre refused a write for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refusal {
    /// The code.
    pub(crate) code: FailureCode,
    /// The field at fault.
    pub(crate) field: Option<String>,
}

/// How a write goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// `POST`, `PUT` or `PATCH`.
    pub(crate) method: reqwest::Method,
    /// Path and nothing more.
    pub(crate) path: String,
    /// JSON.
    pub(crate) body: Vec<u8>,
}

impl Write {
    /// Makes a write and its key.
    pub(crate) fn new(content: Content) -> Self {
        Self {
            id: WriteId(Uuid::new_v4()),
            record: content.record(),
            needs: content.needs(),
            content,
            refusal: None,
        }
    }

    /// Whether a later write of the same record says all that this one said.
    pub(crate) fn is_replaced_by(&self, later: &Self) -> bool {
        self.record == later.record
            && match self.content {
                Content::CreateTicket { .. }
                | Content::CreateCustomer { .. }
                | Content::LinkCustomer { .. }
                | Content::WrapUp { .. } => self.content.what() == later.content.what(),
                Content::EditTicket { .. }
                | Content::CommentTicket { .. }
                | Content::EditCustomer { .. } => false,
            }
    }

    /// Whether it makes its record, so that nothing else can be done to it before.
    pub(crate) fn creates(&self) -> bool {
        matches!(
            self.content,
            Content::CreateTicket { .. } | Content::CreateCustomer { .. }
        )
    }
}

impl Content {
    fn record(&self) -> String {
        match self {
            Self::CreateTicket { draft } => ticket(draft.id),
            Self::EditTicket { id, .. } | Self::CommentTicket { id, .. } => ticket(*id),
            Self::CreateCustomer { customer: new } => customer(new.id),
            Self::EditCustomer { id, .. } => customer(*id),
            Self::LinkCustomer { contact, .. } | Self::WrapUp { contact, .. } => {
                format!("contact:{contact}")
            }
        }
    }

    fn needs(&self) -> Option<String> {
        match self {
            Self::CreateTicket { draft } => draft.customer.map(customer),
            Self::LinkCustomer { customer: id, .. } => Some(customer(*id)),
            Self::EditTicket { .. }
            | Self::CommentTicket { .. }
            | Self::CreateCustomer { .. }
            | Self::EditCustomer { .. }
            | Self::WrapUp { .. } => None,
        }
    }

    /// What it is, for the window.
    pub(crate) fn what(&self) -> &'static str {
        match self {
            Self::CreateTicket { .. } => "create_ticket",
            Self::EditTicket { .. } => "edit_ticket",
            Self::CommentTicket { .. } => "comment_ticket",
            Self::CreateCustomer { .. } => "create_customer",
            Self::EditCustomer { .. } => "edit_customer",
            Self::LinkCustomer { .. } => "link_customer",
            Self::WrapUp { .. } => "wrap_up",
        }
    }

    /// A line to recognise it by; empty if there is none.
    pub(crate) fn title(&self) -> String {
        let line = match self {
            Self::CreateTicket { draft } => draft.subject.as_str(),
            Self::EditTicket { edit, .. } => edit.subject.as_deref().unwrap_or_default(),
            Self::CommentTicket { comment, .. } => comment.text.as_str(),
            Self::CreateCustomer { customer } => customer.name.as_str(),
            Self::EditCustomer { edit, .. } => edit.name.as_deref().unwrap_or_default(),
            Self::LinkCustomer { .. } => "",
            Self::WrapUp { wrap_up, .. } => wrap_up.note.as_str(),
        };
        line.chars().take(80).collect()
    }

    /// All that was typed, each field in lines of its own, so that it can be taken elsewhere.
    pub(crate) fn typed(&self) -> String {
        let shown = |number: &PhoneNumber| number.expose().to_owned();
        let mut lines: Vec<String> = match self {
            Self::CreateTicket { draft } => vec![draft.subject.clone(), draft.description.clone()],
            Self::EditTicket { edit, .. } => [&edit.subject, &edit.description]
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
            Self::CommentTicket { comment, .. } => vec![comment.text.clone()],
            Self::CreateCustomer { customer: new } => {
                let texts = [&new.name, &new.company, &new.title, &new.email, &new.wechat];
                let texts = texts.into_iter().cloned();
                let numbers = new.numbers.iter().map(shown);
                let end = [new.tags.join(", "), new.note.clone()];
                texts.chain(numbers).chain(end).collect()
            }
            Self::EditCustomer { edit, .. } => {
                let texts = [
                    &edit.name,
                    &edit.company,
                    &edit.title,
                    &edit.email,
                    &edit.wechat,
                ];
                let texts = texts.into_iter().flatten().cloned();
                let numbers = edit.add_numbers.iter().map(shown);
                let tags = edit.tags.iter().map(|tags| tags.join(", "));
                let note = edit.note.iter().cloned();
                texts.chain(numbers).chain(tags).chain(note).collect()
            }
            Self::LinkCustomer { .. } => Vec::new(),
            Self::WrapUp { wrap_up, .. } => vec![wrap_up.note.clone()],
        };
        lines.retain(|line| !line.is_empty());
        lines.join("\n")
    }

    /// How it goes over the wire.
    ///
    /// # Errors
    /// Those of the serializer, which none of these types raises.
    pub(crate) fn request(&self) -> Result<Request, serde_json::Error> {
        use reqwest::Method;
        let (method, path, body) = match self {
            Self::CreateTicket { draft } => (
                Method::POST,
                "/api/v1/tickets".into(),
                serde_json::to_vec(&new_ticket(draft))?,
            ),
            Self::EditTicket { id, edit } => (
                Method::PATCH,
                format!("/api/v1/tickets/{id}"),
                serde_json::to_vec(edit)?,
            ),
            Self::CommentTicket { id, comment } => (
                Method::POST,
                format!("/api/v1/tickets/{id}/comments"),
                serde_json::to_vec(comment)?,
            ),
            Self::CreateCustomer { customer } => (
                Method::POST,
                "/api/v1/customers".into(),
                serde_json::to_vec(customer)?,
            ),
            Self::EditCustomer { id, edit } => (
                Method::PATCH,
                format!("/api/v1/customers/{id}"),
                serde_json::to_vec(edit)?,
            ),
            Self::LinkCustomer { contact, customer } => (
                Method::PUT,
                format!("/api/v1/contacts/{contact}/customer"),
                serde_json::to_vec(&LinkCustomer {
                    customer: *customer,
                })?,
            ),
            Self::WrapUp { contact, wrap_up } => (
                Method::PUT,
                format!("/api/v1/contacts/{contact}/wrap-up"),
                serde_json::to_vec(wrap_up)?,
            ),
        };
        Ok(Request { method, path, body })
    }
}

/// A comment with its id.
pub(crate) fn new_comment(text: String) -> NewComment {
    NewComment {
        id: CommentId(Uuid::new_v4()),
        text,
    }
}

fn new_ticket(draft: &TicketDraft) -> NewTicket {
    NewTicket {
        id: draft.id,
        subject: draft.subject.clone(),
        ticket_type: draft.ticket_type.clone(),
        priority: draft.priority,
        description: draft.description.clone(),
        customer: draft.customer,
        contact: draft.contact,
        assignee: draft.assignee,
    }
}

fn ticket(id: TicketId) -> String {
    format!("ticket:{id}")
}

fn customer(id: CustomerId) -> String {
    format!("customer:{id}")
}
