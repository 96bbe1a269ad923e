//! Colleagues, the address book, call-backs, and the board.

use seatline_contract::{
    directory::{Callback, CallbackState, Entry, SetCallback, SetEntry},
    id::{CallbackId, EntryId},
};
use seatline_desk::{Desk, failure::Failure};
use tauri::State;

/// Says which of the lists that change every second somebody looks at.
///
/// # Errors
/// The connection's codes, when the colleagues cannot be listed.
#[tauri::command]
#[specta::specta]
pub async fn show_live(desk: State<'_, Desk>, board: bool, directory: bool) -> Result<(), Failure> {
    desk.show_live(board, directory).await
}

/// Entries of the address book with that text in them; all for an empty one.
///
/// # Errors
/// The centre's and the connection's codes.
#[tauri::command]
#[specta::specta]
pub async fn address_book(desk: State<'_, Desk>, text: String) -> Result<Vec<Entry>, Failure> {
    desk.address_book(text).await
}

/// Makes or changes an entry.
///
/// # Errors
/// The centre's `invalid_field`, `unplayable_number`, and `forbidden` for a shared one.
#[tauri::command]
#[specta::specta]
pub async fn save_entry(
    desk: State<'_, Desk>,
    id: EntryId,
    entry: SetEntry,
) -> Result<(), Failure> {
    desk.save_entry(id, entry).await
}

/// Takes an entry away.
///
/// # Errors
/// The centre's codes.
#[tauri::command]
#[specta::specta]
pub async fn remove_entry(desk: State<'_, Desk>, id: EntryId) -> Result<(), Failure> {
    desk.remove_entry(id).await
}

/// Promises to call back, or moves the promise.
///
/// # Errors
/// The centre's `invalid_field`, `unplayable_number`, `not_found`.
#[tauri::command]
#[specta::specta]
pub async fn save_callback(
    desk: State<'_, Desk>,
    id: CallbackId,
    callback: SetCallback,
) -> Result<(), Failure> {
    desk.save_callback(id, callback).await
}

/// Says that a call-back was made, or is given up.
///
/// # Errors
/// The centre's codes.
#[tauri::command]
#[specta::specta]
pub async fn close_callback(
    desk: State<'_, Desk>,
    id: CallbackId,
    state: CallbackState,
) -> Result<(), Failure> {
    desk.close_callback(id, state).await
}

/// One's own call-backs, those of the past too.
///
/// # Errors
/// The centre's and the connection's codes.
#[tauri::command]
#[specta::specta]
pub async fn callbacks(desk: State<'_, Desk>) -> Result<Vec<Callback>, Failure> {
    desk.callbacks().await
}
