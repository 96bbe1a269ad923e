//! What one place says, before it is judged.

use seatline_contract::identity::Recommended;
use serde::Serialize;
use std::{borrow::Cow, collections::BTreeMap, fmt};

/// Where a value was read. The first in this order counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Windows: `HKLM\Software\Policies\Seatline`.
    MachinePolicy,
    /// Windows: `HKCU\Software\Policies\Seatline`.
    UserPolicy,
    /// Windows: `HKLM\Software\Seatline`, which the installer writes.
    Installer,
    /// macOS: a configuration profile for `cn.seatline.desk`.
    ManagedPreferences,
    /// Linux: `/etc/seatline/policy.toml`.
    File,
    /// The variables `SEATLINE_CENTRE` and `SEATLINE_CA`.
    Environment,
    /// What the centre said at the last sign-in.
    Centre,
}

/// The name of the part that only recommends.
const RECOMMENDED: &str = "Recommended";

/// What one place says.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Which place.
    pub source: Source,
    /// What cannot be changed, by name.
    pub forced: Vec<(String, Raw)>,
    /// What holds until the person chooses, by name.
    pub recommended: Vec<(String, Raw)>,
    /// The place and why it cannot be read.
    pub unreadable: Option<(String, String)>,
}

impl Layer {
    /// What a table says: its part `Recommended` recommends, all else is forced.
    #[must_use]
    pub fn of_table(source: Source, table: Vec<(String, Raw)>) -> Self {
        let mut layer = Self {
            source,
            forced: Vec::new(),
            recommended: Vec::new(),
            unreadable: None,
        };
        for (name, raw) in table {
            match raw {
                Raw::Table(inner) if name.eq_ignore_ascii_case(RECOMMENDED) => {
                    layer.recommended.extend(inner);
                }
                raw => layer.forced.push((name, raw)),
            }
        }
        layer
    }

    /// What a centre recommends; it forces nothing.
    #[must_use]
    pub fn of_centre(recommended: &BTreeMap<String, Recommended>) -> Self {
        let raw = |value: &Recommended| match value {
            Recommended::Flag(on) => Raw::Flag(*on),
            Recommended::Text(text) => Raw::Text(text.clone()),
        };
        let values = recommended.iter();
        Self {
            recommended: values
                .map(|(name, value)| (name.clone(), raw(value)))
                .collect(),
            ..Self::of_table(Source::Centre, Vec::new())
        }
    }

    /// A place that is there but cannot be read.
    #[must_use]
    pub fn unreadable(source: Source, place: impl Into<String>, detail: impl fmt::Display) -> Self {
        Self {
            unreadable: Some((place.into(), detail.to_string())),
            ..Self::of_table(source, Vec::new())
        }
    }
}

/// A value as a registry or a file holds it.
#[derive(Debug, Clone, PartialEq)]
pub enum Raw {
    /// Text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// Values by name.
    Table(Vec<(String, Raw)>),
    /// Something no setting takes, by the name of its type.
    Other(&'static str),
}

/// As it may be shown and logged: an address loses its login.
impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&without_login(text)),
            Self::Number(number) => write!(f, "{number}"),
            Self::Flag(on) => write!(f, "{on}"),
            Self::Table(_) => f.write_str("(table)"),
            Self::Other(kind) => write!(f, "({kind})"),
        }
    }
}

/// A text without the name and the password that an address may carry: all before the last `@`,
/// but for the scheme. Of a text that is no address nobody knows where a password would end.
fn without_login(text: &str) -> Cow<'_, str> {
    // Chinese keyboards write the second one.
    let Some(at) = text.rfind(['@', '＠']) else {
        return text.into();
    };
    let (login, rest) = text.split_at(at);
    let is_scheme = |scheme: &str| {
        let mut letters = scheme.trim_start().chars();
        letters.all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter))
    };
    match login.split_once("://") {
        Some((scheme, _)) if is_scheme(scheme) => format!("{scheme}://…{rest}").into(),
        _ => format!("…{rest}").into(),
    }
}
