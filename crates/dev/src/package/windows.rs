//! The desk for Windows: its program, an MSI of it, and what goes with them. The centre: its program
//! in a zip, which makes itself a service.
//!
//! On Windows everything is built in place; the MSI by WiX 3, whose `candle` and `light` have to
//! be on the path. Elsewhere both are built in the Debian sid root (`setup::sid`): the program by
//! that suite's compilers for `x86_64-pc-windows-gnu`, the MSI by `wixl`.

mod installer;

use super::{Sealing, Signing, sbom, sums, update::Seal};
use crate::{
    cross::{self, System, TRIAL},
    paths,
    process::{cargo, part, run as finish},
    setup::{self, sid},
    window,
};
use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Whether Microsoft's compiler builds.
const MSVC: bool = cfg!(all(windows, target_env = "msvc"));

/// The library that finds the computer's WebView2. The build lays it beside the program; with
/// Microsoft's compiler it is a part of it.
const LOADER: Option<&str> = if MSVC {
    None
} else {
    Some("WebView2Loader.dll")
};

/// The centre's program.
const CENTRE: &str = "seatline-center.exe";

/// What lies beside it, and where it comes from.
const CENTRE_TEXTS: [(&str, &str); 3] = [
    ("README.md", "installers/center/windows/README.md"),
    ("center.toml", "installers/center/windows/center.toml"),
    ("LICENSE.txt", "LICENSE-MIT"),
];

/// What updates call this system.
const TARGET: &str = "windows-x86_64";

/// This version.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Builds the program and all that goes with it into `target/package/windows`, and lists the
/// SHA-256 of each.
///
/// # Errors
/// When a tool is missing or a step fails.
pub(super) fn package(signing: Option<&Signing>, updates: &Sealing) -> Result<()> {
    let seal = updates.open()?;
    let purpose = if cfg!(windows) {
        setup::Purpose::Build
    } else {
        setup::Purpose::Windows
    };
    part("set-up", || setup::install(purpose))?;
    part("window", window::build)?;
    build("release", signing, &seal)
}

/// As [`package`] when the set-up is done and the window is built, without the optimisation that
/// takes longer than all the rest, signed with a key that nobody keeps, and with an older version of
/// the installer beside it.
///
/// # Errors
/// When a step fails.
pub(crate) fn build_for_tests() -> Result<()> {
    let folder = folder();
    fs::create_dir_all(&folder)?;
    let signing = Signing {
        key: folder.join("test-key.pem"),
        certificate: folder.join("test-certificate.pem"),
        authority: None,
        timestamp: None,
    };
    part("test's key", || make_key(&folder))?;
    build(TRIAL, Some(&signing), &Seal::default())?;
    fs::remove_file(&signing.key)?;
    let older = folder.join("older.msi");
    part("older installer", || {
        installer::build(&folder.join("files"), "0.0.1", &older)
    })
}

/// What compiles the programs of [`build_for_tests`], which otherwise does so itself.
///
/// # Errors
/// When a tool is missing.
pub(crate) fn building_for_tests() -> Result<Command> {
    building(TRIAL, &Seal::default())
}

/// A key and its certificate, good for a day and for signing programs.
fn make_key(folder: &Path) -> Result<()> {
    const WORK: &str = "/run/seatline/work";
    let mut openssl = sid::command("openssl", &[(folder.to_path_buf(), WORK)])?;
    openssl
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
        ])
        .args(["-subj", "/CN=Seatline, a test"])
        .args(["-addext", "keyUsage=critical,digitalSignature"])
        .args(["-addext", "extendedKeyUsage=codeSigning"])
        .args(["-keyout", &format!("{WORK}/test-key.pem")])
        .args(["-out", &format!("{WORK}/test-certificate.pem")])
        .stderr(std::process::Stdio::null());
    finish(&mut openssl)
}

fn build(profile: &str, signing: Option<&Signing>, seal: &Seal) -> Result<()> {
    let folder = folder();
    let files = folder.join("files");
    let centre = folder.join("centre");
    fs::create_dir_all(&files)?;
    fs::create_dir_all(&centre)?;
    part("programs", || {
        build_programs(profile, &files, &centre, seal)
    })?;
    fs::copy(
        paths::root().join("icons/icon.ico"),
        files.join("seatline.ico"),
    )?;
    for (name, text) in CENTRE_TEXTS {
        fs::copy(paths::root().join(text), centre.join(name)).context(text)?;
    }
    if let Some(signing) = signing {
        part("programs' signatures", || {
            signing.sign(&files.join("seatline.exe"))?;
            signing.sign(&centre.join(CENTRE))
        })?;
    }
    let msi = folder.join(format!("Seatline-{VERSION}-x64.msi"));
    part("installer", || installer::build(&files, VERSION, &msi))?;
    if let Some(signing) = signing {
        part("installer's signature", || signing.sign(&msi))?;
    }
    let policy = folder.join(format!("Seatline-{VERSION}-policy.zip"));
    let policies = paths::root().join("installers/windows/policy");
    part("policy templates", || zip(&policies, &policy))?;
    let centres = folder.join(format!("Seatline-Center-{VERSION}-x64.zip"));
    part("centre", || zip(&centre, &centres))?;
    let mut all = vec![msi.clone(), policy, centres];
    part("lists of parts", || {
        for (name, krate) in [
            ("Seatline", "seatline-shell"),
            ("Seatline-Center", "seatline-center"),
        ] {
            let bom = folder.join(format!("{name}-{VERSION}-x64.cdx.json"));
            fs::write(&bom, sbom::list(krate, System::Windows.triple())?)?;
            all.push(bom);
        }
        Ok(())
    })?;
    part("update", || {
        all.extend(seal.lay(&msi, VERSION, TARGET)?);
        Ok(())
    })?;
    sums::list(&folder, &all)
}

/// Where everything is laid.
fn folder() -> PathBuf {
    paths::target().join("package/windows")
}

/// What builds both in one go, so that what they share is compiled once.
fn building(profile: &str, seal: &Seal) -> Result<Command> {
    let mut build = if cfg!(windows) {
        cargo(&["build", "--locked"])
    } else {
        cross::cargo(System::Windows, "build")?
    };
    build
        .args(["--profile", profile])
        .args(["--package", "seatline-shell", "--bin", "seatline"])
        .args(["--package", "seatline-center", "--bin", "seatline-center"])
        .env("CARGO_BUILD_WARNINGS", "deny");
    if MSVC {
        // Else they would need a runtime that Windows does not have of itself.
        build.env("RUSTFLAGS", "-Ctarget-feature=+crt-static");
    }
    seal.build_in(&mut build);
    Ok(build)
}

fn build_programs(profile: &str, desk: &Path, centre: &Path, seal: &Seal) -> Result<()> {
    finish(&mut building(profile, seal)?)?;
    let built = if cfg!(windows) {
        paths::target().join(profile)
    } else {
        cross::target().join(System::Windows.triple()).join(profile)
    };
    let loader = LOADER.map(|name| (name, desk));
    let programs = [("seatline.exe", desk), (CENTRE, centre)];
    for (name, folder) in programs.into_iter().chain(loader) {
        let from = built.join(name);
        fs::copy(&from, folder.join(name)).with_context(|| from.display().to_string())?;
    }
    Ok(())
}

/// Packs what a folder holds.
fn zip(content: &Path, archive: &Path) -> Result<()> {
    const CONTENT: &str = "/run/seatline/content";
    const WORK: &str = "/run/seatline/work";
    if archive.exists() {
        // Else what is no longer there would stay in it.
        fs::remove_file(archive)?;
    }
    if cfg!(windows) {
        let mut tar = Command::new("tar");
        tar.args(["--auto-compress", "--create", "--file"])
            .arg(archive);
        return finish(tar.arg("--directory").arg(content).arg("."));
    }
    let folder = archive.parent().context("the archive has a folder")?;
    let name = archive.file_name().context("the archive has a name")?;
    let mounts = [
        (content.to_path_buf(), CONTENT),
        (folder.to_path_buf(), WORK),
    ];
    let mut zip = sid::command("sh", &mounts)?;
    zip.args([
        "-c",
        "cd \"$1\" && zip --quiet -X --recurse-paths \"$2\" .",
        "sh",
    ]);
    finish(zip.arg(CONTENT).arg(Path::new(WORK).join(name)))
}
