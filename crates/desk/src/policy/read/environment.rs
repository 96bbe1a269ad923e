//! The variables `SEATLINE_CENTRE` and `SEATLINE_CA`, for whoever starts the program.

use crate::policy::{Layer, Raw, Setting, Source};

pub(super) fn read() -> Layer {
    from_variables(|name| std::env::var(name).ok())
}

fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Layer {
    let names = [
        ("SEATLINE_CENTRE", Setting::ServerUrl),
        ("SEATLINE_CA", Setting::AuthorityFile),
    ];
    let present = |name| variable(name).filter(|value| !value.trim().is_empty());
    let table = names.into_iter().filter_map(|(name, setting)| {
        let value = present(name)?;
        Some((setting.name().to_owned(), Raw::Text(value)))
    });
    Layer::of_table(Source::Environment, table.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;
    use std::path::Path;

    const FILE: &str = if cfg!(windows) {
        r"C:\ca.pem"
    } else {
        "/etc/seatline/ca.pem"
    };

    #[test]
    fn an_empty_variable_decides_nothing() {
        let policy = Policy::of([from_variables(|name| match name {
            "SEATLINE_CENTRE" => Some(" ".into()),
            "SEATLINE_CA" => Some(FILE.into()),
            _ => None,
        })]);
        assert_eq!(policy.centre(), None);
        assert_eq!(policy.authority_file(), Some(Path::new(FILE)));
        assert_eq!(policy.faults(), []);
    }
}
