//! A TOML file that only the system's administrator can write. Its table `Recommended`
//! recommends, all else is forced.

use crate::policy::{Layer, Raw, Source};
#[cfg(target_os = "linux")]
use std::path::PathBuf;
use std::{fs, io, path::Path};

/// Where it lies.
#[cfg(target_os = "linux")]
const PLACE: &str = "/etc/seatline/policy.toml";

#[cfg(target_os = "linux")]
pub(super) fn read() -> Vec<Layer> {
    read_at(&place()).into_iter().collect()
}

/// Tests bring a file of their own; a shipped program takes the administrator's only.
#[cfg(target_os = "linux")]
fn place() -> PathBuf {
    let brought = std::env::var_os("SEATLINE_POLICY").filter(|_| cfg!(debug_assertions));
    brought.map_or_else(|| PLACE.into(), PathBuf::from)
}

fn read_at(place: &Path) -> Option<Layer> {
    let text = match fs::read_to_string(place) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => return Some(unreadable(place, &error.to_string())),
    };
    Some(match text.parse::<toml::Table>() {
        Ok(table) => Layer::of_table(Source::File, convert(table)),
        Err(error) => unreadable(place, &syntax(&text, &error)),
    })
}

/// Where a file is no TOML, and why. The error's own text would quote the line, which may hold a
/// password.
fn syntax(text: &str, error: &toml::de::Error) -> String {
    let message = error.message();
    let before = error
        .span()
        .and_then(|span| text.as_bytes().get(..span.start));
    let Some(before) = before else {
        return message.to_owned();
    };
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    format!("line {line}: {message}")
}

fn unreadable(place: &Path, detail: &str) -> Layer {
    Layer::unreadable(Source::File, place.display().to_string(), detail)
}

fn convert(table: toml::Table) -> Vec<(String, Raw)> {
    let raw = |value| match value {
        toml::Value::String(text) => Raw::Text(text),
        toml::Value::Integer(number) => Raw::Number(number),
        toml::Value::Boolean(on) => Raw::Flag(on),
        toml::Value::Table(table) => Raw::Table(convert(table)),
        toml::Value::Float(_) => Raw::Other("float"),
        toml::Value::Datetime(_) => Raw::Other("datetime"),
        toml::Value::Array(_) => Raw::Other("array"),
    };
    let pairs = table.into_iter();
    pairs.map(|(name, value)| (name, raw(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{FaultReason, Policy, Setting, Value};

    fn policy(text: &[u8]) -> Policy {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("policy.toml");
        fs::write(&place, text).unwrap();
        Policy::of(read_at(&place))
    }

    #[test]
    fn a_file_forces_and_recommends() {
        let policy = policy(
            b"ServerUrl = \"center.example.cn\"\nMediaPorts = \"16384-16400\"\nnotify = false\n\
              [Recommended]\nTheme = \"dark\"\n",
        );
        assert_eq!(policy.forced_centre(), Some("https://center.example.cn"));
        assert_eq!(policy.media_ports(), Some(16384..=16400));
        let notify = policy.decision(Setting::Notify).unwrap();
        assert_eq!((&notify.value, notify.forced), (&Value::Flag(false), true));
        let theme = policy.decision(Setting::Theme).unwrap();
        assert_eq!((theme.source, theme.forced), (Source::File, false));
        assert_eq!(policy.faults(), []);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named_and_decides_nothing() {
        for broken in [b"ServerUrl = ".as_slice(), b"\xff\xfe".as_slice()] {
            let policy = policy(broken);
            assert_eq!(policy.decisions().count(), 0);
            let [fault] = policy.faults() else {
                panic!("{:?}", policy.faults());
            };
            assert!(fault.name.ends_with("policy.toml"));
            assert!(matches!(fault.reason, FaultReason::Unreadable { .. }));
        }
        assert_eq!(read_at(Path::new("/nonexistent/policy.toml")), None);
    }

    #[test]
    fn a_line_that_is_no_toml_is_named_and_not_quoted() {
        for broken in ["http://svc:Secret@proxy", "\"http://svc:Secret@proxy"] {
            let policy = policy(format!("Notify = 1\nProxy = {broken}\nSso = 1\n").as_bytes());
            let [fault] = policy.faults() else {
                panic!("{:?}", policy.faults());
            };
            let FaultReason::Unreadable { detail } = &fault.reason else {
                panic!("{fault:?}");
            };
            assert!(detail.starts_with("line 2: "), "{detail}");
            assert!(!detail.contains("Secret"), "{detail}");
        }
    }
}
