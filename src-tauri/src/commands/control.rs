//! What an agent does with a call besides talking.

use seatline_contract::{
    id::{ContactId, PartyId},
    party::{CompleteTransfer, EditParty, PastLeg, Reach},
    supervision::AskHelp,
};
use seatline_desk::{Desk, failure::Failure};
use tauri::State;

/// Rings somebody while the customer hears music.
///
/// # Errors
/// The centre's codes: `colleague_unavailable`, `unplayable_number`, `conflict` and others.
#[tauri::command]
#[specta::specta]
pub async fn consult(
    desk: State<'_, Desk>,
    contact: ContactId,
    reach: Reach,
) -> Result<(), Failure> {
    desk.consult(contact, reach).await
}

/// Hands the customer over without a word to the other. If nobody takes the call it comes back.
///
/// # Errors
/// As [`consult`].
#[tauri::command]
#[specta::specta]
pub async fn transfer(
    desk: State<'_, Desk>,
    contact: ContactId,
    reach: Reach,
) -> Result<(), Failure> {
    desk.transfer(contact, reach).await
}

/// Leaves customer and colleague alone with each other.
///
/// # Errors
/// The centre's `conflict` when there is nobody to leave the customer with.
#[tauri::command]
#[specta::specta]
pub async fn complete_transfer(
    desk: State<'_, Desk>,
    contact: ContactId,
    completion: CompleteTransfer,
) -> Result<(), Failure> {
    desk.complete_transfer(contact, completion).await
}

/// Talks to the one who was on hold, and holds the other.
///
/// # Errors
/// The centre's `conflict` when there are no two lines.
#[tauri::command]
#[specta::specta]
pub async fn swap(desk: State<'_, Desk>, contact: ContactId) -> Result<(), Failure> {
    desk.swap(contact).await
}

/// Lets all parties hear each other.
///
/// # Errors
/// The centre's `conflict` and `conference_full`.
#[tauri::command]
#[specta::specta]
pub async fn merge(desk: State<'_, Desk>, contact: ContactId) -> Result<(), Failure> {
    desk.merge(contact).await
}

/// Leaves a conference or consultation; the others talk on.
///
/// # Errors
/// The centre's `conflict` when the others would be alone.
#[tauri::command]
#[specta::specta]
pub async fn leave(desk: State<'_, Desk>, contact: ContactId) -> Result<(), Failure> {
    desk.leave(contact).await
}

/// Holds or mutes one party.
///
/// # Errors
/// The centre's codes.
#[tauri::command]
#[specta::specta]
pub async fn edit_party(
    desk: State<'_, Desk>,
    contact: ContactId,
    party: PartyId,
    edit: EditParty,
) -> Result<(), Failure> {
    desk.edit_party(contact, party, edit).await
}

/// Ends one party's call.
///
/// # Errors
/// The centre's codes.
#[tauri::command]
#[specta::specta]
pub async fn drop_party(
    desk: State<'_, Desk>,
    contact: ContactId,
    party: PartyId,
) -> Result<(), Failure> {
    desk.drop_party(contact, party).await
}

/// Lets the customer hear music until anybody picks up.
///
/// # Errors
/// The centre's codes.
#[tauri::command]
#[specta::specta]
pub async fn park(desk: State<'_, Desk>, contact: ContactId) -> Result<(), Failure> {
    desk.park(contact).await
}

/// Takes a parked customer: the line rings and answers by itself.
///
/// # Errors
/// The centre's `not_found` when somebody was faster, `line_not_ready`, `conflict` in a call.
#[tauri::command]
#[specta::specta]
pub async fn pick_up(desk: State<'_, Desk>, slot: u32) -> Result<(), Failure> {
    desk.pick_up(slot).await
}

/// Asks a supervisor for help, or changes what was asked.
///
/// # Errors
/// The centre's codes.
#[tauri::command]
#[specta::specta]
pub async fn ask_help(
    desk: State<'_, Desk>,
    contact: ContactId,
    request: AskHelp,
) -> Result<(), Failure> {
    desk.ask_help(contact, request).await
}

/// Needs help no more.
///
/// # Errors
/// The centre's codes.
#[tauri::command]
#[specta::specta]
pub async fn withdraw_help(desk: State<'_, Desk>, contact: ContactId) -> Result<(), Failure> {
    desk.withdraw_help(contact).await
}

/// Everybody who took part in a contact.
///
/// # Errors
/// The centre's codes.
#[tauri::command]
#[specta::specta]
pub async fn past_legs(desk: State<'_, Desk>, contact: ContactId) -> Result<Vec<PastLeg>, Failure> {
    desk.past_legs(contact).await
}
