//! What the fields of a customer may hold.

use crate::{
    compliance::number::Number,
    http::{
        ApiFailure,
        field::{required, text},
    },
};
use seatline_contract::{customer::NumberKind, secret::PhoneNumber};

/// Most numbers of one customer.
pub(super) const MOST_NUMBERS: usize = 20;
/// Most labels of one customer.
const MOST_TAGS: usize = 30;

/// An e-mail address, or nothing.
pub(super) fn email(value: &str) -> Result<String, ApiFailure> {
    let value = text("email", value, 254)?;
    let plausible = value
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    if !value.is_empty() && (!plausible || value.contains(char::is_whitespace)) {
        return Err(ApiFailure::field("email", "not an e-mail address"));
    }
    Ok(value)
}

/// Labels without repeats.
pub(super) fn tags(values: &[String]) -> Result<Vec<String>, ApiFailure> {
    if values.len() > MOST_TAGS {
        return Err(ApiFailure::field("tags", "more than 30"));
    }
    let mut tags = Vec::new();
    for (index, value) in values.iter().enumerate() {
        let tag = required(&format!("tags.{index}"), value, 40)?;
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    Ok(tags)
}

/// Numbers in canonical spelling without repeats, in their order. `field` names the list.
pub(super) fn numbers(field: &str, values: &[PhoneNumber]) -> Result<Vec<String>, ApiFailure> {
    if values.len() > MOST_NUMBERS {
        return Err(ApiFailure::field(field, "more than 20"));
    }
    let mut numbers = Vec::new();
    for (index, value) in values.iter().enumerate() {
        let number = Number::classify(value.expose());
        let refuse = |detail: &str| Err(ApiFailure::field(format!("{field}.{index}"), detail));
        match number.kind() {
            NumberKind::Unknown | NumberKind::Anonymous => return refuse("not a number"),
            NumberKind::Privacy => return refuse("a privacy number belongs to nobody"),
            NumberKind::Emergency => return refuse("an emergency number"),
            NumberKind::Mobile
            | NumberKind::Fixed
            | NumberKind::Service
            | NumberKind::SharedCost
            | NumberKind::TollFree
            | NumberKind::Access
            | NumberKind::International
            | NumberKind::Internal => {}
        }
        let canonical = number.canonical().expose().to_owned();
        if !numbers.contains(&canonical) {
            numbers.push(canonical);
        }
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_canonical_unique_and_somebodys() {
        let read = |values: &[&str]| {
            let values: Vec<_> = values.iter().copied().map(PhoneNumber::new).collect();
            numbers("numbers", &values)
        };
        assert_eq!(
            read(&["138 0013 8000", "+8613800138000", "010-65001234"]).unwrap(),
            ["+8613800138000", "+861065001234"]
        );
        let failure = read(&["13800138000", "700123456789012"]).unwrap_err();
        assert_eq!(failure.error().field.as_deref(), Some("numbers.1"));
        assert!(read(&["110"]).is_err());
        assert!(read(&["not a number"]).is_err());
        let failure = read(&["13800138000"; 21]).unwrap_err();
        assert_eq!(failure.error().field.as_deref(), Some("numbers"));
    }

    #[test]
    fn an_email_address_has_a_name_and_a_host() {
        assert!(email("a@b").is_ok());
        assert!(email("").is_ok());
        assert!(email("a b@c").is_err());
        assert!(email("nobody").is_err());
    }
}
