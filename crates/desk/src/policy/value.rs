//! Values of managed settings, read from whatever a registry or a file holds.

use super::{layer::Raw, schema::Form};
use crate::connection::address::Address;
use seatline_contract::sso::LONGEST_TENANT;
use seatline_sip::HttpProxy;
use serde::Serialize;
use std::{fmt, path::Path};

/// Fewest ports that serve one call and the next one that is being prepared, with room for what
/// other programs take.
const FEWEST_PORTS: u16 = 4;

/// No hotkey or proxy, where an editor of policies takes no empty text.
const OFF: &str = "off";

/// A value that a setting takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// Text: an address, a path, keys, one of a few.
    Text(String),
    /// Yes or no.
    Flag(bool),
    /// Ports, both ends included.
    Ports {
        /// The lowest.
        first: u16,
        /// The highest.
        last: u16,
    },
}

impl Value {
    /// Reads what a registry or a file holds; `None` if the form does not take it.
    #[must_use]
    pub fn read(form: Form, raw: &Raw) -> Option<Self> {
        match (form, raw) {
            (Form::Flag, Raw::Flag(on)) => Some(Self::Flag(*on)),
            (Form::Flag, Raw::Number(number)) => flag(&number.to_string()),
            (Form::Flag, Raw::Text(text)) => flag(text),
            (Form::Address, Raw::Text(text)) => {
                let address = Address::parse(text).ok()?;
                Some(Self::Text(address.to_string()))
            }
            (Form::File, Raw::Text(text)) => {
                let path = text.trim();
                Path::new(path)
                    .is_absolute()
                    .then(|| Self::Text(path.to_owned()))
            }
            (Form::Proxy, Raw::Text(text)) if is_off(text) => Some(Self::Text(String::new())),
            (Form::Proxy, Raw::Text(text)) => {
                HttpProxy::parse(text).map(|proxy| Self::Text(proxy.to_string()))
            }
            (Form::Name, Raw::Text(text)) => name(text),
            (Form::Ports, Raw::Text(text)) => ports(text),
            (Form::Keys, Raw::Text(text)) => {
                let keys = text.trim();
                if is_off(keys) {
                    return Some(Self::Text(String::new()));
                }
                are_keys(keys).then(|| Self::Text(keys.to_owned()))
            }
            (Form::Choice(choices), Raw::Text(text)) => choices
                .iter()
                .find(|choice| choice.value.eq_ignore_ascii_case(text.trim()))
                .map(|choice| Self::Text(choice.value.to_owned())),
            (_, Raw::Flag(_) | Raw::Number(_) | Raw::Other(_) | Raw::Table(_)) => None,
        }
    }

    /// Text, if it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Flag(_) | Self::Ports { .. } => None,
        }
    }

    /// Yes or no, if it is one.
    #[must_use]
    pub fn flag(&self) -> Option<bool> {
        match self {
            Self::Flag(on) => Some(*on),
            Self::Text(_) | Self::Ports { .. } => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Flag(on) => f.write_str(if *on { "1" } else { "0" }),
            Self::Ports { first, last } => write!(f, "{first}-{last}"),
        }
    }
}

/// Empty, or the word for none.
fn is_off(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || text.eq_ignore_ascii_case(OFF)
}

fn flag(text: &str) -> Option<Value> {
    match text.trim() {
        "1" => Some(Value::Flag(true)),
        "0" => Some(Value::Flag(false)),
        word if word.eq_ignore_ascii_case("true") => Some(Value::Flag(true)),
        word if word.eq_ignore_ascii_case("false") => Some(Value::Flag(false)),
        _ => None,
    }
}

fn name(text: &str) -> Option<Value> {
    let name = text.trim();
    let fits = (1..=LONGEST_TENANT).contains(&name.chars().count());
    let plain = !name.chars().any(char::is_control);
    (fits && plain).then(|| Value::Text(name.to_owned()))
}

fn ports(text: &str) -> Option<Value> {
    let (first, last) = text.split_once('-')?;
    let (first, last): (u16, u16) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    let enough = last.checked_sub(first)? >= FEWEST_PORTS - 1;
    (first >= 1024 && enough).then_some(Value::Ports { first, last })
}

/// A function key, or a letter or digit; with modifiers, of which one is not Shift, unless it is
/// a function key: a bare letter would be taken from every other program.
fn are_keys(text: &str) -> bool {
    const STRONG: [&str; 5] = ["Ctrl", "Alt", "Super", "Cmd", "Option"];
    let mut words: Vec<&str> = text.split('+').map(str::trim).collect();
    let Some(key) = words.pop() else {
        return false;
    };
    let is_strong = |word: &&str| STRONG.iter().any(|known| known.eq_ignore_ascii_case(word));
    let strong = words.iter().filter(|word| is_strong(word)).count();
    let shifts = words
        .iter()
        .filter(|word| word.eq_ignore_ascii_case("Shift"));
    if strong + shifts.count() != words.len() {
        return false;
    }
    let function = key
        .strip_prefix(['F', 'f'])
        .and_then(|number| number.parse::<u8>().ok())
        .is_some_and(|number| (1..=24).contains(&number));
    let letter = key.len() == 1 && key.chars().all(|letter| letter.is_ascii_alphanumeric());
    function || (letter && strong > 0)
}
