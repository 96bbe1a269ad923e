//! Windows' registry: group policies of the computer and of the person, then what the installer
//! wrote. A key `Recommended` below a policy's recommends; what the installer wrote always does.

use crate::policy::{Layer, Raw, Source};
use windows_registry::{CURRENT_USER, Key, LOCAL_MACHINE, Type, Value};

/// Group policies.
const POLICIES: &str = r"Software\Policies\Seatline";

/// What the installer wrote.
const INSTALLED: &str = r"Software\Seatline";

pub(super) fn read() -> Vec<Layer> {
    let policies = [
        (Source::MachinePolicy, LOCAL_MACHINE),
        (Source::UserPolicy, CURRENT_USER),
    ];
    let mut layers: Vec<Layer> = policies
        .into_iter()
        .map(|(source, root)| Layer {
            source,
            forced: values(root, POLICIES),
            recommended: values(root, &format!(r"{POLICIES}\Recommended")),
            unreadable: None,
        })
        .collect();
    layers.push(Layer {
        source: Source::Installer,
        forced: Vec::new(),
        recommended: values(LOCAL_MACHINE, INSTALLED),
        unreadable: None,
    });
    layers
}

/// The values of a key; none if there is no such key.
fn values(root: &Key, path: &str) -> Vec<(String, Raw)> {
    let Ok(key) = root.open(path) else {
        return Vec::new();
    };
    match key.values() {
        Ok(values) => values.map(|(name, value)| (name, raw(value))).collect(),
        Err(error) => {
            tracing::warn!(%error, path, "a policy's key cannot be read");
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
