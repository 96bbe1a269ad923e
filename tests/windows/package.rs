//! What `cargo dev test windows` has built, and the proof that it is what it says.

use anyhow::{Context, Result, ensure};
use seatline_tests::{built_folder, sid};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The installer of this version.
pub(crate) const NEW: &str = concat!("Seatline-", env!("CARGO_PKG_VERSION"), "-x64.msi");

/// One of an older version, with the same files.
pub(crate) const OLD: &str = "older.msi";

/// Where the package lies.
pub(crate) fn folder() -> Result<PathBuf> {
    let target = built_folder();
    let folder = target
        .parent()
        .context("programs lie in a profile's folder")?
        .join("package/windows");
    ensure!(
        folder.join(OLD).is_file(),
        "{} holds no package; run `cargo dev test windows`",
        folder.display()
    );
    Ok(folder)
}

/// A program of the root, with the package in its folder.
fn tool(program: &str) -> Command {
    sid::command(program, &folder().unwrap()).unwrap()
}

fn inside(file: &str) -> String {
    format!("{}/{file}", sid::FOLDER)
}

fn verifies(file: &Path) -> bool {
    let folder = file.parent().unwrap();
    let name = file.file_name().unwrap().to_str().unwrap();
    fs::copy(
        self::folder().unwrap().join("test-certificate.pem"),
        folder.join("authority.pem"),
    )
    .unwrap();
    let output = sid::command("osslsigncode", folder)
        .unwrap()
        .args(["verify", "-CAfile", &inside("authority.pem")])
        .args(["-in", &inside(name)])
        .output()
        .unwrap();
    println!("{name}: {}", String::from_utf8_lossy(&output.stdout));
    output.status.success()
}

#[test]
fn program_and_installer_are_signed_and_a_changed_one_is_refused() {
    let work = tempfile::tempdir().unwrap();
    for name in ["files/seatline.exe", "centre/seatline-center.exe", NEW] {
        let copy = work.path().join("copy");
        fs::copy(folder().unwrap().join(name), &copy).unwrap();
        assert!(verifies(&copy), "{name}");
        let mut bytes = fs::read(&copy).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&copy, bytes).unwrap();
        assert!(!verifies(&copy), "{name} with a bit turned");
    }
}

#[test]
fn every_file_has_its_checksum() {
    let output = tool("sh")
        .args([
            "-c",
            "cd \"$1\" && sha256sum --check --strict SHA256SUMS",
            "sh",
        ])
        .arg(sid::FOLDER)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert_eq!(said.matches(": OK").count(), 5, "{said}");
    assert!(!said.contains('/'), "a release has no folders: {said}");
}

#[test]
fn the_list_of_parts_is_whole() {
    let name = format!("Seatline-{}-x64.cdx.json", env!("CARGO_PKG_VERSION"));
    let bom: Value =
        serde_json::from_slice(&fs::read(folder().unwrap().join(name)).unwrap()).unwrap();
    assert_eq!(bom["bomFormat"], "CycloneDX");
    assert_eq!(bom["specVersion"], "1.5");
    let components = bom["components"].as_array().unwrap();
    let program = &bom["metadata"]["component"];
    assert_eq!(program["name"], "seatline-shell");
    let mut references = BTreeSet::new();
    for component in components.iter().chain([program]) {
        for member in ["type", "name", "version", "purl", "bom-ref"] {
            let text = component[member].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{component} without {member}");
        }
        let reference = component["bom-ref"].as_str().unwrap();
        assert!(references.insert(reference), "{reference} twice");
        let licence = component["licenses"][0]["expression"].as_str();
        // Not every package of the windows says it in the lock file.
        let may_lack = reference.starts_with("pkg:npm/");
        assert!(licence.is_some() || may_lack, "{component} without licence");
    }
    for dependency in bom["dependencies"].as_array().unwrap() {
        let needed = dependency["dependsOn"].as_array().unwrap();
        for reference in needed.iter().chain([&dependency["ref"]]) {
            let reference = reference.as_str().unwrap();
            assert!(references.contains(reference), "{reference} is not listed");
        }
    }
    let has = |name: &str| components.iter().any(|component| component["name"] == name);
    for name in ["tauri", "webview2-com", "cpal", "webrtc", "svelte"] {
        assert!(has(name), "{name}");
    }
    for name in ["gtk", "cc", "tauri-build", "vite", "seatline-center"] {
        assert!(!has(name), "{name} is not in the program");
    }
}

#[test]
fn the_window_is_in_the_program() {
    let program = fs::read(folder().unwrap().join("files/seatline.exe")).unwrap();
    let contains = |text: &str| {
        program
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/dist/assets");
    for asset in fs::read_dir(assets).unwrap() {
        let name = asset.unwrap().file_name().into_string().unwrap();
        assert!(contains(&format!("/assets/{name}")), "{name}");
    }
}
