//! The number behind what somebody named.

use super::number_of_entry;
use crate::{App, compliance::number::Number, crm, http::ApiFailure};
use seatline_contract::{
    error::{ApiError, Code},
    id::{AgentId, CustomerId},
    party::Target,
    secret::PhoneNumber,
};

/// A number to call, whose it is, and whether who named it knows it.
pub(super) struct Reached {
    pub(super) number: Number,
    pub(super) customer: Option<CustomerId>,
    pub(super) known: bool,
}

/// A number that a trunk can be asked for.
///
/// # Errors
/// [`Code::UnplayableNumber`] naming the field.
pub(super) fn dialable(field: &str, number: &PhoneNumber) -> Result<Number, ApiFailure> {
    let number = Number::classify(number.expose());
    if number.is_dialable() {
        return Ok(number);
    }
    let error = ApiError {
        field: Some(field.to_owned()),
        ..ApiError::new(Code::UnplayableNumber)
    };
    Err(error.into())
}

/// Finds the number of a target outside.
///
/// # Errors
/// [`Code::UnplayableNumber`]; [`Code::NotFound`] if there is no such customer, number or entry;
/// [`Code::InvalidField`] for colleagues and queues.
pub(super) async fn reach(
    app: &App,
    caller: AgentId,
    target: &Target,
) -> Result<Reached, ApiFailure> {
    let missing = || {
        let error = ApiError {
            field: Some("to".to_owned()),
            ..ApiError::new(Code::NotFound)
        };
        ApiFailure::from(error)
    };
    let (number, known) = match target {
        Target::Number { number } => (dialable("to.number", number)?, true),
        Target::Customer { customer, index } => {
            let index = usize::try_from(*index).map_err(|_| missing())?;
            let found = crm::number_at(app, *customer, index).await?;
            let (number, _) = found.ok_or_else(missing)?;
            return Ok(Reached {
                number: dialable("to", &number)?,
                customer: Some(*customer),
                known: false,
            });
        }
        Target::Entry { entry } => {
            let found = number_of_entry(app, caller, *entry).await?;
            let found = found.ok_or_else(missing)?;
            (dialable("to", &found.number)?, found.own)
        }
        Target::Agent { .. } | Target::Queue { .. } => {
            return Err(ApiFailure::field("to", "a number is called back"));
        }
    };
    let customer = crm::find_by_number(app, &number).await?;
    Ok(Reached {
        number,
        customer: customer.map(|found| found.id),
        known,
    })
}
