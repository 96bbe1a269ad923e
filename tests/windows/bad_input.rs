//! What IT may get wrong: properties, files, and the disk.

use crate::{
    package::{NEW, OLD},
    wine::{PROGRAM, Wine},
};
use serde_json::Value;
use std::fs;

#[test]
fn what_a_property_says_wrongly_is_passed_over_and_named() {
    let wine = Wine::start().unwrap();
    let properties = [
        "WEBVIEW2=skip",
        "SERVERURL=ftp://center",
        "MEDIAPORTS=few",
        "LANG=tlh",
        "AUTOSTART=perhaps",
        "SSO=often",
        "COLOUR=red",
    ];
    assert_eq!(wine.msiexec("/i", NEW, &properties).unwrap(), 0);
    let output = wine.output(&[PROGRAM, "--check", "--json"]).unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let faults = report["faults"].as_array().unwrap();
    println!("{faults:#?}");
    for (name, reason, value) in [
        ("ServerUrl", "malformed", Some("ftp://center")),
        ("MediaPorts", "malformed", Some("few")),
        ("Language", "malformed", Some("tlh")),
        ("Autostart", "malformed", Some("perhaps")),
        ("Sso", "malformed", Some("often")),
    ] {
        let fault = faults.iter().find(|fault| fault["name"] == name);
        let fault = fault.unwrap_or_else(|| panic!("{name} is not named"));
        assert_eq!(fault["source"], "installer");
        assert_eq!(fault["reason"], reason, "{name}");
        assert_eq!(fault["value"].as_str(), value, "{name}");
    }
    assert_eq!(report["policy"], serde_json::json!({}), "the defaults hold");
    let run = r"Software\Microsoft\Windows\CurrentVersion\Run";
    assert_eq!(wine.value(run, "Seatline").unwrap(), None);
}

#[test]
fn a_broken_or_missing_installer_leaves_the_version_that_is_there() {
    let wine = Wine::start().unwrap();
    assert_eq!(wine.msiexec("/i", OLD, &["WEBVIEW2=skip"]).unwrap(), 0);
    let whole = fs::read(wine.shared().join(NEW)).unwrap();
    for (name, bytes) in [
        ("half.msi", &whole[..whole.len() / 2]),
        ("start.msi", &whole[..1_000]),
        ("empty.msi", &[][..]),
        ("noise.msi", &b"this is no installer"[..]),
    ] {
        fs::write(wine.shared().join(name), bytes).unwrap();
        assert_ne!(wine.msiexec("/i", name, &[]).unwrap(), 0, "{name}");
        assert_works(&wine, "0.0.1");
    }
    assert_ne!(wine.msiexec("/i", "missing.msi", &[]).unwrap(), 0);
    assert_works(&wine, "0.0.1");
}

/// The program that is installed still starts.
fn assert_works(wine: &Wine, version: &str) {
    let installed = wine
        .value(r"Software\Seatline\Installer", "Version")
        .unwrap();
    assert_eq!(installed.as_deref(), Some(version));
    let output = wine.output(&[PROGRAM, "--nonsense"]).unwrap();
    assert_eq!(output.status.code(), Some(2), "wrong flags are told apart");
}
