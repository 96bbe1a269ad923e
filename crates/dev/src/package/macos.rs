//! The desk for macOS: one program for both kinds of processor in a bundle, on a disk image.
//!
//! Tauri's own command line joins the two builds (`lipo`), lays out the bundle, signs it with the
//! hardened runtime and has Apple notarise it (`notarytool`); what comes of it is looked at here
//! once more. All of it needs Apple's tools, so it runs on macOS only.

use super::{sbom, sums};
use crate::{
    paths,
    process::{npm, output, part, run as finish},
    setup, window,
};
use anyhow::{Context, Result, bail, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Tauri's command line, from npm, as new as the library.
const TAURI: &str = "@tauri-apps/cli@2.12.5";

/// Both kinds of processor in one program.
const UNIVERSAL: &str = "universal-apple-darwin";

/// Each kind by its name for compilers.
const TRIPLES: [&str; 2] = ["aarch64-apple-darwin", "x86_64-apple-darwin"];

/// This version.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the keys are said by. Tauri takes an empty one for a key.
const KEYS: [&str; 9] = [
    "APPLE_CERTIFICATE",
    "APPLE_CERTIFICATE_PASSWORD",
    "APPLE_SIGNING_IDENTITY",
    "APPLE_API_KEY",
    "APPLE_API_ISSUER",
    "APPLE_API_KEY_PATH",
    "APPLE_ID",
    "APPLE_PASSWORD",
    "APPLE_TEAM_ID",
];

/// How far the bundle is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// Not at all: no other computer starts it without its owner's say.
    Unsigned,
    /// Signed, but unknown to Apple: for computers whose MDM trusts the signature.
    Signed,
    /// Signed and notarised.
    Notarised,
}

/// Builds the disk image and what goes with it into `target/package/macos`, and lists the SHA-256
/// of each.
///
/// # Errors
/// When this is not macOS, a key is missing, or a step fails.
pub(super) fn package() -> Result<()> {
    ensure!(
        cfg!(target_os = "macos"),
        "the package for macOS needs macOS: only Apple's own tools link, sign and notarise for it"
    );
    let is_said = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let trust = Trust::of(is_said)?;
    part("set-up", || {
        setup::install(setup::Purpose::Build)?;
        finish(Command::new("rustup").args(["target", "add"]).args(TRIPLES))
    })?;
    part("window", window::build)?;
    part("bundle", || {
        let mut tauri = npm(&["exec", "--yes", TAURI, "--", "build", "--ci"]);
        for unsaid in KEYS.iter().filter(|name| !is_said(name)) {
            tauri.env_remove(unsaid);
        }
        // Above it, so that it finds the program's configuration.
        tauri.current_dir(paths::root());
        finish(tauri.args(["--target", UNIVERSAL, "--bundles", "app,dmg"]))
    })?;
    let built = paths::target().join(UNIVERSAL).join("release/bundle");
    let bundle = built.join("macos/Seatline.app");
    part("a second look", || look(&bundle, trust))?;

    let folder = paths::target().join("package/macos");
    fs::create_dir_all(&folder)?;
    let image = folder.join(format!("Seatline-{VERSION}-universal.dmg"));
    fs::copy(image_in(&built.join("dmg"))?, &image)?;
    let profile = folder.join(format!("Seatline-{VERSION}-policy.mobileconfig"));
    fs::copy(
        paths::root().join("installers/macos/policy.mobileconfig"),
        &profile,
    )?;
    let bom = folder.join(format!("Seatline-{VERSION}-universal.cdx.json"));
    fs::write(&bom, sbom::list("seatline-shell", TRIPLES[0])?)?;
    sums::list(&folder, &[image, profile, bom])?;
    match trust {
        Trust::Unsigned => println!("NOT SIGNED: no other computer starts it just so"),
        Trust::Signed => println!("signed, NOT NOTARISED"),
        Trust::Notarised => println!("signed and notarised"),
    }
    Ok(())
}

impl Trust {
    /// What the keys in the environment are enough for. Half a key is a mistake.
    fn of(has: impl Fn(&str) -> bool) -> Result<Self> {
        let all = |names: &[&str]| -> Result<bool> {
            let there = names.iter().filter(|name| has(name)).count();
            if there != 0 && there != names.len() {
                bail!("{} are only useful together", names.join(", "));
            }
            Ok(there != 0)
        };
        let certificate = all(&["APPLE_CERTIFICATE", "APPLE_CERTIFICATE_PASSWORD"])?;
        let signs = certificate || has("APPLE_SIGNING_IDENTITY");
        let by_key = all(&["APPLE_API_KEY", "APPLE_API_ISSUER", "APPLE_API_KEY_PATH"])?;
        let by_person = all(&["APPLE_ID", "APPLE_PASSWORD", "APPLE_TEAM_ID"])?;
        match (signs, by_key || by_person) {
            (true, true) => Ok(Self::Notarised),
            (true, false) => Ok(Self::Signed),
            (false, false) => Ok(Self::Unsigned),
            (false, true) => bail!(
                "only what is signed is notarised: \
                 APPLE_SIGNING_IDENTITY, or APPLE_CERTIFICATE with its password, is missing"
            ),
        }
    }
}

/// Looks at the finished bundle with Apple's tools.
fn look(bundle: &Path, trust: Trust) -> Result<()> {
    let program = bundle.join("Contents/MacOS/seatline");
    let kinds = output(Command::new("lipo").arg("-archs").arg(&program))?;
    for kind in ["arm64", "x86_64"] {
        ensure!(
            kinds.split_whitespace().any(|one| one == kind),
            "the program is for {kinds:?} only"
        );
    }
    finish(
        Command::new("plutil")
            .arg("-lint")
            .arg(bundle.join("Contents/Info.plist")),
    )?;
    if trust == Trust::Unsigned {
        return Ok(());
    }
    let codesign = |arguments: &[&str]| {
        let mut command = Command::new("codesign");
        command.args(arguments).arg(bundle);
        command
    };
    finish(&mut codesign(&["--verify", "--deep", "--strict"]))?;
    // It prints what it is asked for as an error.
    let shown = codesign(&["--display", "--verbose"]).output()?;
    let shown = String::from_utf8_lossy(&shown.stderr).into_owned();
    ensure!(
        shown.contains("runtime"),
        "the hardened runtime is off: {shown}"
    );
    let rights = output(&mut codesign(&[
        "--display",
        "--entitlements",
        "-",
        "--xml",
    ]))?;
    ensure!(
        rights.contains("com.apple.security.device.audio-input"),
        "it may not ask for the microphone: {rights}"
    );
    if trust == Trust::Notarised {
        finish(
            Command::new("xcrun")
                .args(["stapler", "validate"])
                .arg(bundle),
        )?;
        finish(
            Command::new("spctl")
                .args(["--assess", "--type", "execute"])
                .arg(bundle),
        )?;
    }
    Ok(())
}

/// The one disk image in a folder.
fn image_in(folder: &Path) -> Result<PathBuf> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut images = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|kind| kind == "dmg"))
        .filter(|path| path.to_string_lossy().contains(VERSION));
    let image = images.next().context("no disk image was made")?;
    ensure!(images.next().is_none(), "several disk images were made");
    Ok(image)
}

#[cfg(test)]
mod tests {
    use super::Trust;

    fn trust(there: &[&str]) -> Result<Trust, String> {
        Trust::of(|name| there.contains(&name)).map_err(|error| error.to_string())
    }

    #[test]
    fn keys_decide_how_far_a_bundle_is_trusted_and_half_a_key_is_refused() {
        assert_eq!(trust(&[]), Ok(Trust::Unsigned));
        assert_eq!(trust(&["APPLE_SIGNING_IDENTITY"]), Ok(Trust::Signed));
        let key = ["APPLE_API_KEY", "APPLE_API_ISSUER", "APPLE_API_KEY_PATH"];
        let certificate = ["APPLE_CERTIFICATE", "APPLE_CERTIFICATE_PASSWORD"];
        let both = [&key[..], &certificate].concat();
        assert_eq!(trust(&both), Ok(Trust::Notarised));
        assert!(trust(&certificate[..1]).unwrap_err().contains("PASSWORD"));
        assert!(trust(&key[..2]).unwrap_err().contains("APPLE_API_KEY_PATH"));
        assert!(trust(&key).unwrap_err().contains("APPLE_SIGNING_IDENTITY"));
    }
}
