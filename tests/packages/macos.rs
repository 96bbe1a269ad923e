//! What is written for macOS, read as far as it can be read elsewhere. Nothing of it has ever been
//! built or started here.

use plist::{Dictionary, Value};
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

/// The question that macOS puts to the person.
const QUESTION: &str = "NSMicrophoneUsageDescription";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../installers/macos")
}

fn read(file: &str) -> Dictionary {
    let place = folder().join(file);
    let value = Value::from_file(&place).unwrap_or_else(|error| panic!("{file}: {error}"));
    value.into_dictionary().unwrap()
}

/// What the bundle is made from.
fn bundle() -> Json {
    serde_json::from_str(include_str!("../../src-tauri/tauri.conf.json")).unwrap()
}

#[test]
fn the_program_may_use_the_microphone_and_nothing_else() {
    let rights = read("entitlements.plist");
    let names: Vec<&String> = rights.keys().collect();
    assert_eq!(names, ["com.apple.security.device.audio-input"]);
    assert!(
        rights
            .values()
            .all(|value| value.as_boolean() == Some(true))
    );
}

#[test]
fn the_microphone_is_asked_for_in_both_languages() {
    let info = read("Info.plist");
    let english = info[QUESTION].as_string().unwrap();
    let languages: Vec<&str> = info["CFBundleLocalizations"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_string)
        .collect();
    assert_eq!(languages, ["en", "zh-Hans"]);
    let region = info["CFBundleDevelopmentRegion"].as_string();
    assert!(languages.contains(&region.unwrap()));
    let words = |language: &str| {
        let strings = read(&format!("{language}.lproj/InfoPlist.strings"));
        // Only what the bundle says can be said in another language.
        assert!(strings.keys().all(|name| info.contains_key(name)));
        strings[QUESTION].as_string().unwrap().to_owned()
    };
    assert_eq!(words("en"), english);
    let chinese = words("zh-Hans");
    assert!(
        chinese.chars().any(|letter| letter >= '\u{4e00}'),
        "{chinese}"
    );
}

#[test]
fn the_bundle_takes_what_is_written_for_it() {
    let bundle = bundle();
    let macos = &bundle["bundle"]["macOS"];
    assert_eq!(macos["hardenedRuntime"], true);
    let shell = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src-tauri");
    let same = |said: &Json, file: &str| {
        let said = shell.join(said.as_str().unwrap());
        let there = said
            .canonicalize()
            .unwrap_or_else(|error| panic!("{}: {error}", said.display()));
        assert_eq!(there, folder().join(file).canonicalize().unwrap());
    };
    same(&macos["entitlements"], "entitlements.plist");
    same(&macos["infoPlist"], "Info.plist");
    let files = macos["files"].as_object().unwrap();
    assert_eq!(files.len(), 2);
    for language in ["en", "zh-Hans"] {
        let file = format!("{language}.lproj/InfoPlist.strings");
        same(&files[&format!("Resources/{file}")], &file);
    }
    // Else the bundle has no icon.
    let icons = bundle["bundle"]["icon"].as_array().unwrap();
    let icon = icons
        .iter()
        .filter_map(Json::as_str)
        .find(|icon| icon.ends_with(".icns"));
    let bytes = std::fs::read(shell.join(icon.unwrap())).unwrap();
    assert!(bytes.starts_with(b"icns"));
    // The lines of the program that the bundle takes links for are the plugin's.
    let schemes = &bundle["plugins"]["deep-link"]["desktop"]["schemes"];
    assert_eq!(
        *schemes,
        serde_json::json!(["tel", "sip", "callto", "seatline"])
    );
}

#[test]
fn the_profile_is_for_this_program() {
    let profile = read("policy.mobileconfig");
    assert_eq!(profile["PayloadType"].as_string(), Some("Configuration"));
    let payloads = profile["PayloadContent"].as_array().unwrap();
    let identifier = bundle()["identifier"].as_str().unwrap().to_owned();
    let ours = payloads
        .iter()
        .filter_map(Value::as_dictionary)
        .find(|payload| payload["PayloadType"].as_string() == Some(identifier.as_str()));
    let ours = ours.unwrap();
    for name in ["PayloadUUID", "PayloadIdentifier", "ServerUrl"] {
        assert!(
            ours[name].as_string().is_some_and(|text| !text.is_empty()),
            "{name}"
        );
    }
}
