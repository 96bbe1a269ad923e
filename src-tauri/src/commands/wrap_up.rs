//! Work after a contact.

use seatline_contract::id::{ContactId, CustomerId};
use seatline_desk::{Desk, failure::Failure, view::NoteDraft};
use tauri::State;

/// Keeps disposition and note on this computer; they are sent with the end of wrap-up.
///
/// # Errors
/// When they cannot be written to disk.
#[tauri::command]
#[specta::specta]
pub async fn save_note(desk: State<'_, Desk>, note: NoteDraft) -> Result<(), Failure> {
    desk.save_note(note).await
}

/// Ends wrap-up.
///
/// # Errors
/// `disposition_required` when one is missing.
#[tauri::command]
#[specta::specta]
pub async fn finish_wrap_up(desk: State<'_, Desk>, contact: ContactId) -> Result<(), Failure> {
    desk.finish_wrap_up(contact).await
}

/// Asks for more time, in seconds (1–600).
///
/// # Errors
/// Why the centre refused.
#[tauri::command]
#[specta::specta]
pub async fn extend_wrap_up(
    desk: State<'_, Desk>,
    contact: ContactId,
    seconds: u32,
) -> Result<(), Failure> {
    desk.extend_wrap_up(contact, seconds).await
}

/// Says whose contact it is.
///
/// # Errors
/// When it cannot be written to disk.
#[tauri::command]
#[specta::specta]
pub async fn link_customer(
    desk: State<'_, Desk>,
    contact: ContactId,
    customer: CustomerId,
) -> Result<(), Failure> {
    desk.link_customer(contact, customer).await
}
