//! The variables `SEATLINE_CENTRE` and `SEATLINE_CA`, for whoever starts the program.

use crate::policy::{Layer, Raw, Setting, Source};
use std::ffi::OsString;

pub(super) fn read() -> Layer {
    from_variables(|name| std::env::var_os(name))
}

fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Layer {
    let names = [
        ("SEATLINE_CENTRE", Setting::ServerUrl),
        ("SEATLINE_CA", Setting::AuthorityFile),
    ];
    let table = names.into_iter().filter_map(|(name, setting)| {
        let raw = match variable(name)?.into_string() {
            Ok(text) if text.trim().is_empty() => return None,
            Ok(text) => Raw::Text(text),
            Err(_) => Raw::Other("not Unicode"),
        };
        Some((setting.name().to_owned(), raw))
    });
    Layer::of_table(Source::Environment, table.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{FaultReason, Policy};
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

    #[test]
    fn a_variable_that_is_no_text_is_named() {
        #[cfg(windows)]
        let broken: OsString = std::os::windows::ffi::OsStringExt::from_wide(&[0x61, 0xd800]);
        #[cfg(unix)]
        let broken: OsString = std::os::unix::ffi::OsStringExt::from_vec(vec![b'a', 0xff]);
        let policy = Policy::of([from_variables(|name| {
            (name == "SEATLINE_CENTRE").then(|| broken.clone())
        })]);
        let [fault] = policy.faults() else {
            panic!("{:?}", policy.faults());
        };
        assert_eq!(
            (fault.source, fault.name.as_str()),
            (Source::Environment, "ServerUrl")
        );
        assert!(matches!(fault.reason, FaultReason::Malformed { .. }));
    }
}
