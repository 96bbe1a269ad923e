//! What web pages may do is written down in committed files. These tests read the same files and
//! fail at any right that is not also written here, so that none slips in unseen.

use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path};
use tauri_specta::{BuilderConfiguration, LanguageExt};

/// Rights of the toolkit's own that the main window has; all else are the shell's own commands.
const MAIN_CORE: &[&str] = &[
    "core:event:allow-listen",
    "core:event:allow-unlisten",
    "core:window:allow-start-dragging",
];

/// All rights of the call card.
const CARD: &[&str] = &[
    "core:event:allow-listen",
    "core:event:allow-unlisten",
    "allow-view",
    "allow-answer",
    "allow-decline",
    "allow-show-main",
];

fn read(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = fs::read_to_string(&path).expect("the file is committed");
    serde_json::from_str(&text).expect("the file is JSON")
}

fn permissions(capability: &Value) -> BTreeSet<String> {
    capability["permissions"]
        .as_array()
        .expect("a list of permissions")
        .iter()
        .map(|permission| {
            permission
                .as_str()
                .expect("a permission without a scope")
                .to_owned()
        })
        .collect()
}

fn allow(command: &str) -> String {
    format!("allow-{}", command.replace('_', "-"))
}

fn set<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}

#[test]
fn the_main_window_may_call_the_shells_commands_and_little_else() {
    let main = read("capabilities/main.json");
    assert_eq!(main["windows"], serde_json::json!(["main"]));
    let mut expected = set(MAIN_CORE.iter().copied());
    expected.extend(
        seatline_shell::commands::NAMES
            .iter()
            .map(|name| allow(name)),
    );
    assert_eq!(permissions(&main), expected);
}

#[test]
fn the_call_card_may_only_show_and_answer() {
    let card = read("capabilities/card.json");
    assert_eq!(card["windows"], serde_json::json!(["card"]));
    assert_eq!(permissions(&card), set(CARD.iter().copied()));
}

#[test]
fn there_are_no_other_capabilities_and_none_for_remote_pages() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("capabilities");
    let files: BTreeSet<String> = fs::read_dir(folder)
        .expect("the folder is committed")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert_eq!(files, set(["card.json", "main.json"]));
    for file in files {
        let capability = read(&format!("capabilities/{file}"));
        assert_eq!(capability.get("remote"), None, "{file}");
        assert_eq!(capability.get("webviews"), None, "{file}");
        assert_eq!(capability.get("platforms"), None, "{file}");
    }
    let listed = &read("tauri.conf.json")["app"]["security"]["capabilities"];
    assert_eq!(*listed, serde_json::json!(["main", "card"]));
}

#[test]
fn pages_are_confined() {
    let app = &read("tauri.conf.json")["app"];
    assert_eq!(app["withGlobalTauri"], false);
    let security = &app["security"];
    assert_eq!(security["freezePrototype"], true);
    for weakening in [
        "devCsp",
        "dangerousDisableAssetCspModification",
        "assetProtocol",
        "headers",
    ] {
        assert_eq!(security.get(weakening), None, "{weakening}");
    }
    assert_eq!(
        security["csp"],
        serde_json::json!({
            "default-src": "'self'",
            "script-src": "'self'",
            "style-src": "'self'",
            "style-src-attr": "'unsafe-inline'",
            "img-src": "'self' data:",
            "font-src": "'self'",
            "connect-src": "ipc: http://ipc.localhost",
            "frame-src": "'none'",
            "object-src": "'none'",
            "media-src": "blob:",
            "worker-src": "'none'",
            "base-uri": "'none'",
            "form-action": "'none'",
        })
    );
}

#[test]
fn no_plugin_reaches_files_programs_or_the_network() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .expect("the manifest is committed");
    let plugins: BTreeSet<String> = manifest
        .lines()
        .filter_map(|line| line.strip_prefix("tauri-plugin-"))
        .map(|rest| {
            rest.split(['.', ' ', '='])
                .next()
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    assert_eq!(
        plugins,
        set([
            "deep-link",
            "global-shortcut",
            "notification",
            "single-instance",
            "window-state",
        ])
    );
}

/// Name and version of every package that is linked.
fn locked() -> Vec<(String, String)> {
    let lock = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock"))
        .expect("the lock file is committed");
    let lines: Vec<&str> = lock.lines().collect();
    lines
        .windows(2)
        .filter_map(|pair| {
            let name = pair[0].strip_prefix("name = \"")?.strip_suffix('"')?;
            let version = pair[1].strip_prefix("version = \"")?.strip_suffix('"')?;
            Some((name.to_owned(), version.to_owned()))
        })
        .collect()
}

#[test]
fn the_toolkit_is_not_one_that_takes_foreign_pages_for_its_own() {
    // CVE-2026-42184, not in the advisory database.
    let floor = [2, 11, 1];
    let toolkits: Vec<_> = locked()
        .into_iter()
        .filter(|(name, _)| name == "tauri")
        .collect();
    assert!(!toolkits.is_empty());
    for (_, version) in toolkits {
        let parts: Vec<u32> = version
            .split(['.', '-'])
            .take(3)
            .map(|part| part.parse().expect("a number"))
            .collect();
        assert!(parts.as_slice() >= floor.as_slice(), "tauri {version}");
    }
}

#[test]
fn no_plugin_that_opens_files_or_programs_is_linked_by_a_detour() {
    for (name, _) in locked() {
        assert!(
            !["fs", "shell", "http", "opener", "process", "upload"]
                .iter()
                .any(|plugin| name == format!("tauri-plugin-{plugin}")),
            "{name}"
        );
    }
}

/// Compares instead of writing.
struct Compare;

impl LanguageExt for Compare {
    type Error = std::io::Error;

    fn export(self, line: &BuilderConfiguration, _: &Path) -> Result<(), Self::Error> {
        let registered = set(line.commands.iter().map(|command| command.name()));
        let listed = set(seatline_shell::commands::NAMES.iter().copied());
        assert_eq!(registered, listed);
        Ok(())
    }
}

#[test]
fn every_command_is_in_the_deny_by_default_list() {
    seatline_shell::bindings::builder()
        .export(Compare, "unused/file")
        .expect("the comparison writes nothing");
}
