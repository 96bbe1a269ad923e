//! Windows' registry: group policies of the computer and of the person, then what the installer
//! wrote. A key `Recommended` below a policy's recommends; what the installer wrote always does.

use crate::policy::{Layer, Raw, Source};
use windows_registry::{CURRENT_USER, Key, LOCAL_MACHINE, Type, Value};

/// Group policies.
const POLICIES: &str = r"Software\Policies\Seatline";

/// What the installer wrote.
const INSTALLED: &str = r"Software\Seatline";

/// What Windows says of a key that is not there (`ERROR_FILE_NOT_FOUND`, as an HRESULT).
const NOT_THERE: u32 = 0x8007_0002;

pub(super) fn read() -> Vec<Layer> {
    read_below(LOCAL_MACHINE, CURRENT_USER)
}

fn read_below(computer: &Key, person: &Key) -> Vec<Layer> {
    vec![
        policies(Source::MachinePolicy, computer),
        policies(Source::UserPolicy, person),
        installed(computer),
    ]
}

fn policies(source: Source, root: &Key) -> Layer {
    let mut layer = Layer::of_table(source, Vec::new());
    layer.forced = values(root, POLICIES, &mut layer.unreadable);
    let recommended = format!(r"{POLICIES}\Recommended");
    layer.recommended = values(root, &recommended, &mut layer.unreadable);
    layer
}

fn installed(computer: &Key) -> Layer {
    let mut layer = Layer::of_table(Source::Installer, Vec::new());
    layer.recommended = values(computer, INSTALLED, &mut layer.unreadable);
    layer
}

/// The values of a key; none if there is no such key.
fn values(root: &Key, path: &str, unreadable: &mut Option<(String, String)>) -> Vec<(String, Raw)> {
    let read = root.open(path).and_then(|key| {
        let values = key.values()?;
        Ok(values.map(|(name, value)| (name, raw(value))).collect())
    });
    match read {
        Ok(values) => values,
        Err(error) => {
            if error.code().0.cast_unsigned() != NOT_THERE {
                *unreadable = Some((path.to_owned(), error.message()));
            }
            Vec::new()
        }
    }
}

fn raw(value: Value) -> Raw {
    match value.ty() {
        Type::String | Type::ExpandString => {
            String::try_from(value).map_or(Raw::Other("text"), Raw::Text)
        }
        Type::U32 | Type::U64 => u64::try_from(value)
            .ok()
            .and_then(|number| i64::try_from(number).ok())
            .map_or(Raw::Other("number"), Raw::Number),
        Type::MultiString => Raw::Other("REG_MULTI_SZ"),
        Type::Bytes | Type::Other(_) => Raw::Other("REG_BINARY"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{FaultReason, Policy, Setting, Value as Decided};

    /// A place of a test's own in the registry, gone at its end.
    struct Place(String);

    impl Place {
        fn new() -> Self {
            Self(format!(r"Software\Seatline test {}", uuid::Uuid::new_v4()))
        }

        fn key(&self, path: &str) -> Key {
            CURRENT_USER.create(format!(r"{}\{path}", self.0)).unwrap()
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            CURRENT_USER.remove_tree(&self.0).unwrap();
        }
    }

    #[test]
    fn policies_and_what_the_installer_wrote_are_read() {
        let place = Place::new();
        let (computer, person) = (place.key("computer"), place.key("person"));
        assert_eq!(
            Policy::of(read_below(&computer, &person)),
            Policy::default()
        );

        let key = computer.create(POLICIES).unwrap();
        key.set_string("ServerUrl", "center.example.cn").unwrap();
        key.set_u32("Notify", 0).unwrap();
        key.set_multi_string("Language", &["zh-CN"]).unwrap();
        let key = computer.create(format!(r"{POLICIES}\Recommended")).unwrap();
        key.set_expand_string("Theme", "dark").unwrap();
        let key = person.create(POLICIES).unwrap();
        key.set_string("SERVERURL", "elsewhere.example").unwrap();
        key.set_u64("EchoCancellation", 1).unwrap();
        let key = computer.create(INSTALLED).unwrap();
        key.set_string("Theme", "light").unwrap();
        key.set_string("Proxy", "proxy.example.cn:3128").unwrap();
        key.set_string("Tenant", "acme").unwrap();
        key.set_string("Colour", "red").unwrap();
        // The installer's own notes lie in keys below, which are no settings.
        computer.create(format!(r"{INSTALLED}\Installer")).unwrap();

        let policy = Policy::of(read_below(&computer, &person));
        assert_eq!(policy.forced_centre(), Some("https://center.example.cn"));
        let of = |setting| {
            let made = policy.decision(setting).unwrap();
            (&made.value, made.source, made.forced)
        };
        let (off, on) = (Decided::Flag(false), Decided::Flag(true));
        assert_eq!(of(Setting::Notify), (&off, Source::MachinePolicy, true));
        assert_eq!(
            of(Setting::EchoCancellation),
            (&on, Source::UserPolicy, true)
        );
        let dark = Decided::Text("dark".into());
        assert_eq!(of(Setting::Theme), (&dark, Source::MachinePolicy, false));
        let proxy = Decided::Text("http://proxy.example.cn:3128".into());
        assert_eq!(of(Setting::Proxy), (&proxy, Source::Installer, false));
        let acme = Decided::Text("acme".into());
        assert_eq!(of(Setting::Tenant), (&acme, Source::Installer, false));
        let faults: Vec<_> = policy
            .faults()
            .iter()
            .map(|fault| (fault.name.as_str(), &fault.reason))
            .collect();
        let malformed = FaultReason::Malformed {
            value: "(REG_MULTI_SZ)".into(),
        };
        assert_eq!(
            faults,
            [("Language", &malformed), ("Colour", &FaultReason::Unknown)]
        );
    }
}
