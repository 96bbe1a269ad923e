//! What the site's IT has decided for this computer; it comes before the person's own choice.

use std::path::PathBuf;

/// The site's decisions. Everything absent is the person's own choice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// The only centre this desk may sign in to.
    pub centre: Option<String>,
    /// A PEM file of certificate authorities to trust besides the system's.
    pub ca_file: Option<PathBuf>,
}

impl Policy {
    /// Reads `SEATLINE_CENTRE` and `SEATLINE_CA` from the environment.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let present = |name| variable(name).filter(|value| !value.trim().is_empty());
        Self {
            centre: present("SEATLINE_CENTRE"),
            ca_file: present("SEATLINE_CA").map(PathBuf::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_decides_nothing() {
        let policy = Policy::from_variables(|name| match name {
            "SEATLINE_CENTRE" => Some(" ".into()),
            "SEATLINE_CA" => Some("/etc/seatline/ca.pem".into()),
            _ => None,
        });
        assert_eq!(policy.centre, None);
        assert_eq!(policy.ca_file, Some(PathBuf::from("/etc/seatline/ca.pem")));
    }
}
