//! Configuration profiles on macOS: the property lists the system makes of them, which only it
//! can write. The dictionary `Recommended` recommends, all else is forced.

use crate::policy::{Layer, Raw, Source};
use plist::Value;
use std::{
    fs, io,
    path::{Component, Path},
};

/// The profile's payload type, and the program's identifier.
const DOMAIN: &str = "cn.seatline.desk";

/// Where the system puts them: for the computer here, for a person in a folder of their name.
#[cfg(target_os = "macos")]
const FOLDER: &str = "/Library/Managed Preferences";

#[cfg(target_os = "macos")]
pub(super) fn read() -> Vec<Layer> {
    let person = std::env::var("USER").unwrap_or_default();
    read_in(Path::new(FOLDER), &person)
}

fn read_in(folder: &Path, person: &str) -> Vec<Layer> {
    let file = format!("{DOMAIN}.plist");
    let places = [folder.join(&file), folder.join(person).join(&file)];
    let places = places.iter().take(if is_name(person) { 2 } else { 1 });
    places.filter_map(|place| read_at(place)).collect()
}

/// Whether it names a folder below the system's. Whoever starts the program says what the person
/// is called: an absolute path would take the folder's place, and `..` would leave it, so that
/// anybody's file would count as a profile.
fn is_name(person: &str) -> bool {
    let first = Path::new(person).components().next();
    // A path of several parts is longer than its first.
    first == Some(Component::Normal(person.as_ref()))
}

fn read_at(place: &Path) -> Option<Layer> {
    let fault = |detail: &str| {
        Layer::unreadable(
            Source::ManagedPreferences,
            place.display().to_string(),
            detail,
        )
    };
    let bytes = match fs::read(place) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => return Some(fault(&error.to_string())),
    };
    Some(match Value::from_reader(io::Cursor::new(bytes)) {
        Ok(Value::Dictionary(table)) => Layer::of_table(Source::ManagedPreferences, convert(table)),
        Ok(_) => fault("not a dictionary"),
        Err(error) => fault(&error.to_string()),
    })
}

fn convert(table: plist::Dictionary) -> Vec<(String, Raw)> {
    let raw = |value| match value {
        Value::String(text) => Raw::Text(text),
        Value::Boolean(on) => Raw::Flag(on),
        Value::Integer(number) => number
            .as_signed()
            .map_or(Raw::Other("integer"), Raw::Number),
        Value::Dictionary(table) => Raw::Table(convert(table)),
        _ => Raw::Other("value"),
    };
    let pairs = table.into_iter();
    pairs.map(|(name, value)| (name, raw(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{FaultReason, Policy, Setting, Value as Decided};

    #[test]
    fn profiles_of_computer_and_person_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let mut computer = plist::Dictionary::new();
        computer.insert("ServerUrl".into(), "center.example.cn".into());
        computer.insert("Notify".into(), true.into());
        let own = folder.path().join("zhou");
        std::fs::create_dir(&own).unwrap();
        let mut recommended = plist::Dictionary::new();
        recommended.insert("Theme".into(), "light".into());
        let mut person = plist::Dictionary::new();
        person.insert("Notify".into(), 0.into());
        person.insert("Recommended".into(), recommended.into());
        let name = format!("{DOMAIN}.plist");
        let write = |value: plist::Dictionary, place: &Path| {
            Value::from(value)
                .to_file_binary(place.join(&name))
                .unwrap();
        };
        write(computer, folder.path());
        write(person, &own);

        let policy = Policy::of(read_in(folder.path(), "zhou"));
        assert_eq!(policy.forced_centre(), Some("https://center.example.cn"));
        // The computer's comes first.
        let notify = &policy.decision(Setting::Notify).unwrap().value;
        assert_eq!(notify, &Decided::Flag(true));
        assert!(!policy.locks(Setting::Theme));
        assert_eq!(policy.faults(), []);
    }

    #[test]
    fn a_person_whose_name_is_a_path_has_no_profile() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("own");
        std::fs::create_dir(&own).unwrap();
        let mut forged = plist::Dictionary::new();
        forged.insert("Notify".into(), false.into());
        Value::from(forged)
            .to_file_binary(own.join(format!("{DOMAIN}.plist")))
            .unwrap();
        let managed = folder.path().join("managed");
        std::fs::create_dir(&managed).unwrap();
        let absolute = own.display().to_string();
        for person in [absolute.as_str(), "../own", "..", ".", "/", ""] {
            assert_eq!(read_in(&managed, person), [], "{person:?}");
        }
        assert_eq!(read_in(folder.path(), "own").len(), 1);
    }

    #[test]
    fn a_broken_profile_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join(format!("{DOMAIN}.plist"));
        std::fs::write(&place, b"bplist00 and no more").unwrap();
        let policy = Policy::of(read_in(folder.path(), ""));
        let [fault] = policy.faults() else {
            panic!("{:?}", policy.faults());
        };
        assert!(matches!(fault.reason, FaultReason::Unreadable { .. }));
        assert_eq!(
            Policy::of(read_in(Path::new("/nonexistent"), "x")),
            Policy::default()
        );
    }
}
