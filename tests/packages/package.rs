//! What `cargo dev test packages` has built, and the proof that it is what it says.

use crate::debian::Said;
use anyhow::{Context, Result, ensure};
use seatline_tests::built_folder;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The desk's package.
pub(crate) const DESK: &str = "seatline";

/// The centre's package.
pub(crate) const CENTRE: &str = "seatline-center";

/// This version.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Where the packages lie.
fn folder() -> Result<PathBuf> {
    let target = built_folder();
    let target = target
        .parent()
        .context("programs lie in a profile's folder")?;
    Ok(target.join("package/debian"))
}

/// The package of this name.
pub(crate) fn built(name: &str) -> Result<PathBuf> {
    let start = format!("{name}_{VERSION}_");
    let folder = folder()?;
    let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut packages = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    packages
        .find(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(&start) && name.ends_with(".deb")
        })
        .with_context(|| {
            format!(
                "{} holds no {name}; run `cargo dev test packages`",
                folder.display()
            )
        })
}

/// Another package with the same files, `name` in `place`, of which `edit` has changed what it says
/// of itself.
pub(crate) fn variant(
    package: &Path,
    place: &Path,
    name: &str,
    edit: impl Fn(&str) -> String,
) -> Result<PathBuf> {
    let files = place.join("variant");
    dpkg_deb(
        Command::new("dpkg-deb")
            .arg("--raw-extract")
            .arg(package)
            .arg(&files),
    )?;
    let control = files.join("DEBIAN/control");
    let said = fs::read_to_string(&control)?;
    let edited = edit(&said);
    ensure!(edited != said, "nothing is edited in:\n{said}");
    fs::write(&control, edited)?;
    let made = place.join(name);
    let options = ["-Zgzip", "-z1", "--root-owner-group", "--build"];
    dpkg_deb(
        Command::new("dpkg-deb")
            .args(options)
            .arg(&files)
            .arg(&made),
    )?;
    fs::remove_dir_all(files)?;
    Ok(made)
}

fn dpkg_deb(command: &mut Command) -> Result<()> {
    let said = Said::of(command)?;
    ensure!(said.code == 0, "dpkg-deb gives {}", said.code);
    Ok(())
}

/// An older version of a package.
pub(crate) fn older(package: &Path, place: &Path) -> Result<PathBuf> {
    let new = format!("Version: {VERSION}\n");
    variant(package, place, "older.deb", |said| {
        said.replace(&new, "Version: 0.0.1\n")
    })
}

/// A tool of this computer.
fn judge(program: &str, arguments: &[&str], file: &Path) -> Said {
    Said::of(Command::new(program).args(arguments).arg(file))
        .with_context(|| format!("{program}; `cargo dev setup` installs it"))
        .unwrap()
}

/// One file of a package.
fn file_of(package: &str, place: &str) -> Vec<u8> {
    let mut tar = Command::new("sh");
    tar.args([
        "-c",
        "dpkg-deb --fsys-tarfile \"$1\" | tar --extract --to-stdout \"./$2\"",
        "sh",
    ]);
    let output = tar
        .arg(built(package).unwrap())
        .arg(place)
        .output()
        .unwrap();
    assert!(output.status.success(), "{package} has no {place}");
    output.stdout
}

/// One field of what a package says of itself.
fn field(package: &str, name: &str) -> String {
    let mut command = Command::new("dpkg-deb");
    command
        .arg("--field")
        .arg(built(package).unwrap())
        .arg(name);
    Said::of(&mut command).unwrap().text
}

#[test]
fn lintian_finds_no_error() {
    for package in [DESK, CENTRE] {
        let options = ["--allow-root", "--fail-on", "error", "--no-cfg"];
        let said = judge("lintian", &options, &built(package).unwrap());
        assert_eq!(said.code, 0, "{package}");
    }
}

#[test]
fn every_file_has_its_checksum() {
    let mut sums = Command::new("sha256sum");
    sums.args(["--check", "--strict", "SHA256SUMS"]);
    let said = Said::of(sums.current_dir(folder().unwrap())).unwrap();
    assert_eq!(said.code, 0);
    assert_eq!(said.text.matches(": OK").count(), 4);
}

#[test]
fn lists_of_parts_name_what_is_linked_and_nothing_else() {
    for (package, krate, has, has_not) in [
        (DESK, "seatline-shell", ["gtk", "svelte"], "seatline-center"),
        (CENTRE, "seatline-center", ["axum", "sea-orm"], "tauri"),
    ] {
        let package = built(package).unwrap();
        let bom = fs::read(package.with_extension("cdx.json")).unwrap();
        let bom: Value = serde_json::from_slice(&bom).unwrap();
        assert_eq!(bom["metadata"]["component"]["name"], krate);
        let components = bom["components"].as_array().unwrap();
        let lists = |name: &str| components.iter().any(|one| one["name"] == name);
        for name in has {
            assert!(lists(name), "{krate} without {name}");
        }
        assert!(!lists(has_not), "{krate} with {has_not}");
    }
}

#[test]
fn the_desk_depends_on_what_it_links_and_recommends_what_it_loads() {
    let depends = field(DESK, "Depends");
    for library in [
        "libwebkit2gtk-4.1-0",
        "libgtk-3-0",
        "libdbus-1-3",
        "libasound2",
    ] {
        assert!(depends.contains(library), "{depends}");
    }
    // The library is loaded by this name; a program without it has no icon beside the clock.
    let program = file_of(DESK, "usr/bin/seatline");
    let name = b"libayatana-appindicator3.so.1";
    assert!(program.windows(name.len()).any(|window| window == name));
    let recommends = field(DESK, "Recommends");
    for package in [
        "libayatana-appindicator3-1",
        "pipewire-pulse | pulseaudio",
        "gnome-keyring",
    ] {
        assert!(recommends.contains(package), "{recommends}");
    }
    let depends = field(CENTRE, "Depends");
    assert!(depends.contains("libc6 (>= 2."), "{depends}");
    for desktop in ["libgtk", "libwebkit", "libasound2", "libpulse"] {
        assert!(
            !depends.contains(desktop),
            "a centre needs no desktop: {depends}"
        );
    }
}

#[test]
fn desktop_entry_and_description_are_valid() {
    let folder = tempfile::tempdir().unwrap();
    let entry = folder.path().join("cn.seatline.desk.desktop");
    let text = file_of(DESK, "usr/share/applications/cn.seatline.desk.desktop");
    fs::write(&entry, &text).unwrap();
    assert_eq!(judge("desktop-file-validate", &[], &entry).code, 0);
    // The bundles for other systems offer the same links.
    let bundle: Value =
        serde_json::from_str(include_str!("../../src-tauri/tauri.conf.json")).unwrap();
    let schemes = &bundle["plugins"]["deep-link"]["desktop"]["schemes"];
    let offered: String = schemes
        .as_array()
        .unwrap()
        .iter()
        .map(|scheme| format!("x-scheme-handler/{};", scheme.as_str().unwrap()))
        .collect();
    let text = String::from_utf8(text).unwrap();
    assert!(
        text.contains(&format!("\nMimeType={offered}\n")),
        "{offered}"
    );

    let description = folder.path().join("cn.seatline.desk.metainfo.xml");
    let text = file_of(DESK, "usr/share/metainfo/cn.seatline.desk.metainfo.xml");
    fs::write(&description, &text).unwrap();
    assert_eq!(
        judge("appstreamcli", &["validate", "--no-net"], &description).code,
        0
    );
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains(&format!("<release version=\"{VERSION}\"")));
}
