//! What IT may get wrong: properties, files, and the disk.

use crate::{
    installer::{FAILED, expect_upgrade, news},
    package::{NEW, OLD},
    wine::{PROGRAM, SHARED, Wine},
};
use serde_json::Value;
use std::fs;

/// Exit code 3010, done at the next start of Windows, as eight bits.
const RESTART: i32 = 3010 % 256;

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

#[test]
fn a_disk_that_cannot_be_written_is_refused_and_nothing_is_left() {
    const READ_ONLY: &str = r#"folder="$WINEPREFIX/drive_c/Program Files"
        mount --bind "$folder" "$folder"
        mount -o remount,bind,ro "$folder"
        wine "$@"
        status=$?
        wineserver -w
        exit $status"#;
    let wine = Wine::start().unwrap();
    let before = wine.files().unwrap();
    let installer = format!(r"{SHARED}\{NEW}");
    let install = ["msiexec", "/i", &installer, "/qn", "WEBVIEW2=skip"];
    let mut refused = wine.script(READ_ONLY, &install).unwrap();
    let status = refused.status().unwrap();
    assert_eq!(status.code(), Some(FAILED));
    let left = news(&before, &wine.files().unwrap());
    let left: Vec<_> = left
        .iter()
        .filter(|path| path.to_string_lossy().contains("Seatline"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    let installed = wine.value(r"Software\Seatline\Installer", "Version");
    assert_eq!(installed.unwrap(), None);

    assert_eq!(wine.msiexec("/i", NEW, &["WEBVIEW2=skip"]).unwrap(), 0);
    assert_works(&wine, env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_file_in_use_is_replaced_when_windows_starts_again() {
    const LOADER: &str = "Program Files/Seatline/WebView2Loader.dll";
    const HOLD: &str = r#"
        var files = new ActiveXObject("Scripting.FileSystemObject");
        var held = files.OpenTextFile("C:\\Program Files\\Seatline\\WebView2Loader.dll", 8);
        files.CreateTextFile("Z:\\run\\seatline\\held").Close();
        while (!files.FileExists("Z:\\run\\seatline\\release")) WScript.Sleep(100);
        held.Close();
    "#;
    const MEANWHILE: &str = r#"cd /run/seatline
        wine cscript 'Z:\run\seatline\hold.js' &
        until [ -e held ] || ! kill -0 $!; do sleep 0.1; done
        wine "$@"
        status=$?
        touch release
        wait
        wineserver -w
        exit $status"#;
    let wine = Wine::start().unwrap();
    assert_eq!(wine.msiexec("/i", OLD, &["WEBVIEW2=skip"]).unwrap(), 0);
    let loader = || fs::read(wine.drive(LOADER)).unwrap();
    let fresh = loader();
    fs::write(wine.drive(LOADER), "an older one").unwrap();
    fs::write(wine.shared().join("hold.js"), HOLD).unwrap();

    expect_upgrade(&wine);
    let installer = format!(r"{SHARED}\{NEW}");
    let upgrade = ["msiexec", "/i", &installer, "/qn"];
    let mut upgrade = wine.script(MEANWHILE, &upgrade).unwrap();
    assert_eq!(upgrade.status().unwrap().code(), Some(RESTART));
    assert!(wine.shared().join("held").is_file(), "it was in use");
    assert!(loader() != fresh, "what is in use stays until then");

    assert_works(&wine, env!("CARGO_PKG_VERSION"));
    assert!(loader() == fresh, "and is replaced then");
}
