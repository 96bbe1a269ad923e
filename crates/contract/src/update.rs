//! Updates of the desk, which a site's IT lays into a folder of its own centre.
//!
//! A desk reads [`Latest`] and then, if it is newer, the file for its system. What it is told there
//! is only a hint: the signature, and what stands in its signed comment, decide.

use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// Name of the file with [`Latest`].
pub const LATEST: &str = "latest.json";

/// The first word of every [`Stamp`] of the desk.
pub const PRODUCT: &str = "seatline-desk";

/// Where a file of the folder is read; a desk asks nobody but its own centre.
#[must_use]
pub fn path_of(file: &str) -> String {
    format!("/api/v1/updates/{file}")
}

/// Whether a name is one of a file in the folder itself: letters, digits, `.`, `_` and `-`, at most
/// 100, and no `.` in front.
#[must_use]
pub fn is_file_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=100).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(plain)
}

/// The newest version, in the form of Tauri's static update files; but `url` names a file of the
/// same folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Latest {
    /// The version, such as `0.2.0`.
    pub version: String,
    /// What is new, for people.
    #[serde(default)]
    pub notes: String,
    /// When it was made (RFC 3339).
    #[serde(default)]
    pub pub_date: Option<String>,
    /// The files by their systems, such as `windows-x86_64`.
    pub platforms: BTreeMap<String, Package>,
}

/// The file for one system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Package {
    /// The file's name, as [`is_file_name`] takes it.
    pub url: String,
    /// Its minisign signature: the whole text of it, in Base64.
    pub signature: String,
}

/// What a signature's trusted comment says, and with it the signer: which version of which product
/// for which system a file is. It keeps an old signed file from being passed off as a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The product: [`PRODUCT`].
    pub product: String,
    /// The version.
    pub version: String,
    /// The system, such as `windows-x86_64`.
    pub target: String,
}

impl Stamp {
    /// The stamp of a version of the desk.
    #[must_use]
    pub fn of_desk(version: &str, target: &str) -> Self {
        Self {
            product: PRODUCT.into(),
            version: version.into(),
            target: target.into(),
        }
    }

    /// Reads a trusted comment: three words with one space between, nothing else.
    #[must_use]
    pub fn read(comment: &str) -> Option<Self> {
        let words: Vec<&str> = comment.split(' ').collect();
        let [product, version, target] = words[..] else {
            return None;
        };
        if words.iter().any(|word| word.is_empty()) {
            return None;
        }
        Some(Self {
            product: product.into(),
            version: version.into(),
            target: target.into(),
        })
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.product, self.version, self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_within_the_folder_are_taken() {
        for name in ["latest.json", "Seatline-0.2.0-x64.msi", "a"] {
            assert!(is_file_name(name), "{name}");
        }
        let long = "a".repeat(101);
        for name in [
            "",
            ".",
            "..",
            ".env",
            "../a",
            "a/b",
            "a\\b",
            "a b",
            "a%2fb",
            "更新.msi",
            "C:a",
            &long,
        ] {
            assert!(!is_file_name(name), "{name}");
        }
    }

    #[test]
    fn a_stamp_reads_back_and_nothing_else_reads() {
        let stamp = Stamp::of_desk("0.2.0", "windows-x86_64");
        assert_eq!(stamp.to_string(), "seatline-desk 0.2.0 windows-x86_64");
        assert_eq!(Stamp::read(&stamp.to_string()), Some(stamp));
        for comment in [
            "",
            "timestamp:1555779966\tfile:test",
            "seatline-desk 0.2.0",
            "seatline-desk 0.2.0 windows-x86_64 more",
            "seatline-desk  windows-x86_64",
        ] {
            assert_eq!(Stamp::read(comment), None, "{comment}");
        }
    }
}
