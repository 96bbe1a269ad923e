//! Customers.

use seatline_contract::{
    customer::{CustomerCard, CustomerPage, EditCustomer, NewCustomer, Revealed, Timeline},
    id::CustomerId,
};
use seatline_desk::{Desk, failure::Failure};
use tauri::State;

/// Finds customers by name, company, number or reference.
///
/// # Errors
/// Why the centre, or the way to it, refused.
#[tauri::command]
#[specta::specta]
pub async fn search_customers(
    desk: State<'_, Desk>,
    query: String,
) -> Result<CustomerPage, Failure> {
    desk.search_customers(query).await
}

/// A customer with what is worth knowing during a call.
///
/// # Errors
/// Why the centre, or the way to it, refused.
#[tauri::command]
#[specta::specta]
pub async fn customer_card(desk: State<'_, Desk>, id: CustomerId) -> Result<CustomerCard, Failure> {
    desk.customer_card(id).await
}

/// All that happened with a customer.
///
/// # Errors
/// Why the centre, or the way to it, refused.
#[tauri::command]
#[specta::specta]
pub async fn timeline(desk: State<'_, Desk>, id: CustomerId) -> Result<Timeline, Failure> {
    desk.timeline(id).await
}

/// Makes a customer; sent as soon as the centre can be reached.
///
/// # Errors
/// When it cannot be written to disk, or a field is at fault.
#[tauri::command]
#[specta::specta]
pub async fn create_customer(desk: State<'_, Desk>, customer: NewCustomer) -> Result<(), Failure> {
    desk.create_customer(customer).await
}

/// Changes a customer; sent as soon as the centre can be reached.
///
/// # Errors
/// When it cannot be written to disk, or a field is at fault.
#[tauri::command]
#[specta::specta]
pub async fn edit_customer(
    desk: State<'_, Desk>,
    id: CustomerId,
    edit: EditCustomer,
) -> Result<(), Failure> {
    desk.edit_customer(id, edit).await
}

/// Shows full numbers for a minute; the centre writes down who and why.
///
/// # Errors
/// Why the centre, or the way to it, refused.
#[tauri::command]
#[specta::specta]
pub async fn reveal_numbers(
    desk: State<'_, Desk>,
    id: CustomerId,
    reason: String,
) -> Result<Revealed, Failure> {
    desk.reveal_numbers(id, reason).await
}
