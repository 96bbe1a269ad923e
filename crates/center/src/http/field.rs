//! What every text field is held to.

use super::ApiFailure;

/// A text of at most `longest` characters, trimmed.
///
/// # Errors
/// `invalid_field` naming `field`.
pub(crate) fn text(field: &str, value: &str, longest: usize) -> Result<String, ApiFailure> {
    let value = value.trim();
    if value.chars().count() > longest {
        return Err(ApiFailure::field(
            field,
            format!("longer than {longest} characters"),
        ));
    }
    if value
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    {
        return Err(ApiFailure::field(field, "holds control characters"));
    }
    Ok(value.to_owned())
}

/// A text that may not be empty.
///
/// # Errors
/// `invalid_field` naming `field`.
pub(crate) fn required(field: &str, value: &str, longest: usize) -> Result<String, ApiFailure> {
    let value = text(field, value, longest)?;
    if value.is_empty() {
        return Err(ApiFailure::field(field, "empty"));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_bounded_and_printable() {
        assert!(required("name", "  ", 10).is_err());
        assert!(text("note", "a\u{0}b", 10).is_err());
        assert_eq!(text("note", " a\nb ", 10).unwrap(), "a\nb");
        let failure = text("note", "王小明", 2).unwrap_err();
        assert_eq!(failure.error().field.as_deref(), Some("note"));
    }
}
