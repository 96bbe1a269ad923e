//! Tickets and their drafts.

use seatline_contract::{
    id::TicketId,
    ticket::{EditTicket, Ticket, TicketFilter, TicketPage},
};
use seatline_desk::{Desk, failure::Failure, view::TicketDraft};
use tauri::State;

/// Lists tickets.
///
/// # Errors
/// Why the centre, or the way to it, refused.
#[tauri::command]
#[specta::specta]
pub async fn tickets(desk: State<'_, Desk>, filter: TicketFilter) -> Result<TicketPage, Failure> {
    desk.tickets(filter).await
}

/// A ticket with all of its text.
///
/// # Errors
/// Why the centre, or the way to it, refused.
#[tauri::command]
#[specta::specta]
pub async fn ticket(desk: State<'_, Desk>, id: TicketId) -> Result<Ticket, Failure> {
    desk.ticket(id).await
}

/// Keeps a draft on this computer. The window makes its id, a random UUID.
///
/// # Errors
/// When it cannot be written to disk.
#[tauri::command]
#[specta::specta]
pub async fn save_draft(desk: State<'_, Desk>, draft: TicketDraft) -> Result<(), Failure> {
    desk.save_draft(draft).await
}

/// Throws a draft away.
///
/// # Errors
/// When the disk refuses.
#[tauri::command]
#[specta::specta]
pub async fn discard_draft(desk: State<'_, Desk>, id: TicketId) -> Result<(), Failure> {
    desk.discard_draft(id).await
}

/// Makes a ticket of a draft; sent as soon as the centre can be reached.
///
/// # Errors
/// When a field is missing, or it cannot be written to disk.
#[tauri::command]
#[specta::specta]
pub async fn create_ticket(desk: State<'_, Desk>, draft: TicketId) -> Result<(), Failure> {
    desk.create_ticket(draft).await
}

/// Changes a ticket; sent as soon as the centre can be reached.
///
/// # Errors
/// When it cannot be written to disk.
#[tauri::command]
#[specta::specta]
pub async fn edit_ticket(
    desk: State<'_, Desk>,
    id: TicketId,
    edit: EditTicket,
) -> Result<(), Failure> {
    desk.edit_ticket(id, edit).await
}

/// Adds a comment; sent as soon as the centre can be reached.
///
/// # Errors
/// When it cannot be written to disk.
#[tauri::command]
#[specta::specta]
pub async fn comment_ticket(
    desk: State<'_, Desk>,
    id: TicketId,
    text: String,
) -> Result<(), Failure> {
    desk.comment_ticket(id, text).await
}
