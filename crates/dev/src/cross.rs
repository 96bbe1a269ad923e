//! Compiles for systems other than this one, in the Debian sid root. Everything is type-checked:
//! every branch of ours for Windows and macOS is compiled, and nothing is linked. Packages are
//! built the same way.

mod beside;

use crate::{
    paths,
    process::run as finish,
    setup::{self, sid},
};
use anyhow::{Context, Result, ensure};
pub(crate) use beside::Beside;
use std::{fs, path::PathBuf, process::Command};

/// A system that is not this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    /// Windows, with the compilers of MinGW.
    Windows,
    /// macOS, with zig for a C compiler.
    MacOs,
}

impl System {
    /// Its name for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Windows => "Windows",
            Self::MacOs => "macOS",
        }
    }

    /// Its name for compilers.
    pub(crate) fn triple(self) -> &'static str {
        match self {
            Self::Windows => "x86_64-pc-windows-gnu",
            Self::MacOs => "aarch64-apple-darwin",
        }
    }
}

/// The profile of what is only tried or checked.
pub(crate) const TRIAL: &str = "trial";

/// The zig that compiles C for macOS, from PyPI.
const ZIG: &str = "ziglang==0.17.1";

/// A C or C++ compiler for macOS: zig, without what build scripts say to Apple's own.
const COMPILER: &str = r#"#!/bin/sh
# macOS, whatever its version and however it is spelled, is said once.
for argument do
    shift
    case $argument in
        --target=* | -arch | arm64 | -mmacosx-version-min=* | -mmacos-version-min=*) ;;
        # Only Apple has the headers of Objective-C and of its HID, and nothing is linked here.
        *.m | */mac/hid.c) set -- "$@" -x c /dev/null ;;
        *) set -- "$@" "$argument" ;;
    esac
done
exec /run/seatline/zig/ziglang/zig "c${0##*/zigc}" -target aarch64-macos "$@"
"#;

/// Checks the workspace but for the whole-system tests, which run on Linux.
///
/// # Errors
/// When something does not compile there, or a tool cannot be had.
pub(crate) fn check(system: System) -> Result<()> {
    setup::install(setup::Purpose::Windows)?;
    finish(&mut checking(system)?)
}

/// What checks it, once the set-up is done.
///
/// # Errors
/// When a tool cannot be had.
pub(crate) fn checking(system: System) -> Result<Command> {
    let mut command = cargo(system, "check")?;
    command
        // Build scripts and macros are those of the packages that are tried.
        .args(["--profile", TRIAL])
        .args(["--workspace", "--exclude", "seatline-tests"])
        .env("CARGO_BUILD_WARNINGS", "deny")
        .env("CC_aarch64_apple_darwin", "/run/seatline/zig/zigcc")
        .env("CXX_aarch64_apple_darwin", "/run/seatline/zig/zigc++")
        .env("ZIG_GLOBAL_CACHE_DIR", "/run/seatline/target/zig");
    Ok(command)
}

/// Where what is compiled for a system lies: kept between runs, apart from this system's own.
pub(crate) fn target() -> PathBuf {
    paths::target().join("cross")
}

/// The root's cargo, to do something for a system.
///
/// # Errors
/// When there is no root, or a tool cannot be had.
pub(crate) fn cargo(system: System, order: &str) -> Result<Command> {
    ensure!(
        paths::sid().is_dir(),
        "compiling for another system needs Debian, whose sid has the compilers"
    );
    fs::create_dir_all(target())?;
    let mut mounts = vec![
        (paths::root(), "/run/seatline/source"),
        (target(), "/run/seatline/target"),
        (paths::cargo_home()?, "/run/seatline/cargo"),
    ];
    if system == System::MacOs {
        mounts.push((zig()?, "/run/seatline/zig"));
    }
    let mut command = sid::command("cargo", &mounts)?;
    command
        .args([order, "--locked"])
        // Only rustup has this system's standard library ready made; building it along needs a
        // nightly feature of a stable compiler.
        .args(["-Zbuild-std=std,panic_unwind", "--target", system.triple()])
        .args(["--manifest-path", "/run/seatline/source/Cargo.toml"])
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_HOME", "/run/seatline/cargo")
        .env("CARGO_TARGET_DIR", "/run/seatline/target")
        .env("CARGO_HTTP_CAINFO", "/etc/ssl/certs/ca-certificates.crt")
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    Ok(command)
}

/// Has zig and its wrappers in the user's cache, beside the root.
fn zig() -> Result<PathBuf> {
    let folder = paths::sid().with_file_name("zig");
    if !folder.join("ziglang/zig").is_file() {
        fs::create_dir_all(&folder)?;
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--target"])
            .arg(&folder)
            .arg(ZIG);
        finish(&mut pip).context("zig compiles C for macOS and comes from PyPI by pip")?;
    }
    for name in ["zigcc", "zigc++"] {
        write_program(&folder.join(name))?;
    }
    Ok(folder)
}

fn write_program(place: &std::path::Path) -> Result<()> {
    fs::write(place, COMPILER).with_context(|| place.display().to_string())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(place, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}
