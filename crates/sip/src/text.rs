//! Text that may go on the wire: each type can only hold what its place in a SIP message allows.

use std::fmt;

use thiserror::Error;

/// Longest accepted header value, in bytes.
const LONGEST_VALUE: usize = 1024;
/// Longest accepted number or user name, in characters.
const LONGEST_NUMBER: usize = 64;
/// Longest display name that is shown, in characters.
const LONGEST_NAME: usize = 80;

/// A number or a user name that can be called: digits, letters and `+ * # . _ -`.
///
/// It holds nothing that could change the URI it is put into, and its `Debug` form hides all but the
/// last two characters.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Number(String);

/// Why a text is not a [`Number`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NumberError {
    /// Nothing was left after the separators were taken out.
    #[error("the number is empty")]
    Empty,
    /// The text has more than 64 characters.
    #[error("the number is longer than 64 characters")]
    TooLong,
    /// The text holds a character that can not be dialled.
    #[error("the number holds a character that can not be dialled")]
    Undiallable,
}

impl Number {
    /// Reads a number as a person writes it: spaces, brackets, slashes and dashes between digits are dropped.
    ///
    /// # Errors
    /// See [`NumberError`].
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let named = text.chars().any(|c| c.is_ascii_alphabetic());
        let kept: String = text
            .trim()
            .chars()
            .filter(|c| named || !matches!(c, ' ' | '(' | ')' | '-' | '/' | '.'))
            .collect();
        if kept.is_empty() {
            return Err(NumberError::Empty);
        }
        if kept.chars().count() > LONGEST_NUMBER {
            return Err(NumberError::TooLong);
        }
        let allowed =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '*' | '#' | '.' | '_' | '-');
        if !kept.chars().all(allowed) {
            return Err(NumberError::Undiallable);
        }
        Ok(Self(kept))
    }

    /// The text itself, to be dialled or stored. Do not log it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text as the user part of a SIP URI (RFC 3261 section 25.1: `#` is not allowed bare).
    pub(crate) fn uri_user(&self) -> String {
        self.0.replace('#', "%23")
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.chars().count();
        let tail: String = self.0.chars().skip(count.saturating_sub(2)).collect();
        if count > 4 {
            write!(f, "Number(…{tail})")
        } else {
            write!(f, "Number(…)")
        }
    }
}

/// The name of a header this program adds to a call, such as `X-Seatline-Contact`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeaderName(String);

/// The value of a header this program adds to a call: one line of printable text.
#[derive(Clone, PartialEq, Eq)]
pub struct HeaderValue(String);

/// Why a text can not be a header's name or value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HeaderError {
    /// The name is not an RFC 3261 token, or belongs to the protocol itself.
    #[error("not a header name that may be added to a call")]
    Name,
    /// The value holds a control character, such as the end of a line.
    #[error("a header value must be one line without control characters")]
    ControlCharacter,
    /// The value has more than 1,024 bytes.
    #[error("a header value is at most 1024 bytes long")]
    TooLong,
}

impl HeaderName {
    /// Checks a name. Only names starting with `X-` or `P-` and a few harmless standard ones may be added to
    /// a call; those that steer the protocol (`Via`, `Route`, `Authorization` …) may not.
    ///
    /// # Errors
    /// [`HeaderError::Name`].
    pub fn new(name: &str) -> Result<Self, HeaderError> {
        let token = !name.is_empty() && name.len() <= 64 && name.chars().all(is_token_char);
        let lower = name.to_ascii_lowercase();
        let free = lower.starts_with("x-")
            || lower.starts_with("p-")
            || matches!(
                lower.as_str(),
                "alert-info" | "call-info" | "diversion" | "privacy" | "subject" | "priority"
            );
        if token && free {
            Ok(Self(name.to_owned()))
        } else {
            Err(HeaderError::Name)
        }
    }

    /// The name as it is written on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl HeaderValue {
    /// Checks a value.
    ///
    /// # Errors
    /// [`HeaderError::ControlCharacter`] and [`HeaderError::TooLong`].
    pub fn new(value: &str) -> Result<Self, HeaderError> {
        if value.len() > LONGEST_VALUE {
            return Err(HeaderError::TooLong);
        }
        if value.chars().any(char::is_control) {
            return Err(HeaderError::ControlCharacter);
        }
        Ok(Self(value.trim().to_owned()))
    }

    /// The value as it is written on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for HeaderValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HeaderValue({} bytes)", self.0.len())
    }
}

/// Makes a display name from the network fit to be shown: one line, no control or direction-changing
/// characters, at most 80 characters. `None` when nothing readable is left.
pub(crate) fn clean_name(name: &str) -> Option<String> {
    let clean: String = name
        .chars()
        .filter(|c| !c.is_control() && !is_direction_mark(*c))
        .take(LONGEST_NAME)
        .collect();
    let clean = clean.trim();
    (!clean.is_empty()).then(|| clean.to_owned())
}

/// Writes a display name as a quoted string (RFC 3261 section 25.1).
pub(crate) fn quote(name: &str) -> String {
    let mut quoted = String::from("\"");
    for c in name.chars().filter(|c| !c.is_control()) {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

/// Characters of an RFC 3261 token.
pub(crate) fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c)
}

fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        assert_eq!(
            Number::parse("+86 (138) 1234-5678").unwrap().as_str(),
            "+8613812345678"
        );
        assert_eq!(Number::parse("li.wei-2").unwrap().as_str(), "li.wei-2");
        assert_eq!(Number::parse("*72#").unwrap().uri_user(), "*72%23");
        assert_eq!(Number::parse(" - "), Err(NumberError::Empty));
        assert_eq!(Number::parse(&"1".repeat(65)), Err(NumberError::TooLong));
    }

    #[test]
    fn no_byte_breaks_out_of_a_number_or_a_header() {
        for c in (0..=0x2ff).filter_map(char::from_u32) {
            if let Ok(number) = Number::parse(&format!("1{c}2")) {
                let safe = |c: char| c.is_ascii_alphanumeric() || "+*#._-".contains(c);
                assert!(number.as_str().chars().all(safe), "{c:?}");
                assert!(!number.uri_user().contains(['@', ';', '<', '>', ' ', '#']));
            }
            if let Ok(value) = HeaderValue::new(&format!("a{c}b")) {
                assert!(!value.as_str().chars().any(char::is_control), "{c:?}");
            }
        }
        for name in [
            "Via",
            "Route",
            "Authorization",
            "X-A\r\nVia",
            "X A",
            "",
            "Contact",
        ] {
            assert_eq!(HeaderName::new(name), Err(HeaderError::Name), "{name:?}");
        }
    }

    #[test]
    fn numbers_and_values_do_not_show_in_debug_output() {
        let number = Number::parse("13812345678").unwrap();
        assert_eq!(format!("{number:?}"), "Number(…78)");
        let value = HeaderValue::new("13812345678").unwrap();
        assert!(!format!("{value:?}").contains("138"));
    }

    #[test]
    fn names_from_outside_are_made_harmless() {
        assert_eq!(clean_name("a\u{202e}b\r\nc"), Some("abc".to_owned()));
        assert_eq!(clean_name(" \u{7} "), None);
        assert_eq!(quote("a\"b\\"), "\"a\\\"b\\\\\"");
    }
}
