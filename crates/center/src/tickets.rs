//! Tickets: what remains to be done for a customer.

mod comment;
mod create;
mod edit;
mod entity;
mod find;
mod list;
mod migration;
mod past;
mod state;
mod view;

pub use state::IllegalMove;

pub(crate) use find::{history_of, of_contacts, open_of};
pub(crate) use migration::migration;
pub(crate) use past::{Past, add_past};

use crate::App;
use seatline_contract::{
    event::Change,
    id::{AgentId, CustomerId},
    ticket::TicketSummary,
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes about tickets.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list_tickets, create::create_ticket))
        .routes(routes!(find::read_ticket, edit::edit_ticket))
        .routes(routes!(comment::create_comment))
}

/// Tells those whom a ticket concerns: who wrote it, who works or worked on it, and who talks with
/// its customer.
fn publish(app: &App, ticket: &TicketSummary, people: impl IntoIterator<Item = AgentId>) {
    let mut agents: Vec<AgentId> = people.into_iter().collect();
    agents.extend(ticket.assignee);
    agents.extend(
        ticket
            .customer
            .into_iter()
            .flat_map(|customer: CustomerId| app.calls.agents_with(customer)),
    );
    agents.sort_unstable();
    agents.dedup();
    let change = Change::Ticket {
        ticket: ticket.clone(),
    };
    app.hub.publish_to(agents, &change);
}
