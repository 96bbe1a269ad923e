//! Installs what building and testing need: Debian packages, cargo tools, npm packages.
//!
//! On Debian and its kin missing packages are installed, as root or through sudo. Elsewhere the
//! exact command is printed and we stop. What only Debian sid has is installed into a root of its
//! own (`sid`); our own packages are tried in a clean one (`clean`).

pub(crate) mod clean;
mod debian;
pub(crate) mod sid;

use crate::{paths, process};
use anyhow::{Result, bail};
use std::process::{Command, Stdio};

/// What the set-up is for; each includes the one before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// Building all of it.
    Build,
    /// Running it on a machine without display or sound.
    Headless,
    /// Every test, with the foreign peers they need.
    Test,
    /// Building for Windows, and trying it in Wine.
    Windows,
}

const BUILD: &[&str] = &[
    "build-essential",
    "cmake",
    "pkg-config",
    "libasound2-dev",
    "libayatana-appindicator3-dev",
    "libdbus-1-dev",
    "libpulse-dev",
    "librsvg2-dev",
    "libwebkit2gtk-4.1-dev",
    "libxdo-dev",
];

const HEADLESS: &[&str] = &[
    "dbus-x11",
    "fonts-noto-cjk",
    "gnome-keyring",
    "imagemagick",
    "openbox",
    "pulseaudio",
    "pulseaudio-utils",
    "xauth",
    "xvfb",
];

const TEST: &[&str] = &[
    "appstream",
    "asterisk-core-sounds-en-wav",
    "baresip-core",
    "chromium",
    "debian-archive-keyring",
    "debootstrap",
    "desktop-file-utils",
    "ffmpeg",
    "iproute2",
    "libasound2-plugins",
    "lintian",
    "sip-tester",
    "webkit2gtk-driver",
    "wmctrl",
    "xdotool",
    "xterm",
];

/// Folder of the OpenID provider that single sign-on is tested with.
const PROVIDER: &str = "tests/provider";

/// Cargo programs the tests use, with the versions they are known to work with.
const TOOLS: &[(&str, &str)] = &[("tauri-driver", "2.0.5"), ("cargo-deny", "0.20.2")];

/// Installs everything missing for `purpose`.
///
/// # Errors
/// Names what is missing and how to get it, if it cannot be installed from here.
pub(crate) fn install(purpose: Purpose) -> Result<()> {
    system_packages(purpose)?;
    npm_packages()?;
    if purpose >= Purpose::Test {
        cargo_tools()?;
        npm_packages_of(PROVIDER)?;
        if exists("dpkg-query") {
            sid::install(sid::PEERS)?;
        }
    }
    if purpose >= Purpose::Windows && exists("dpkg-query") {
        sid::install(sid::WINDOWS)?;
    }
    Ok(())
}

fn system_packages(purpose: Purpose) -> Result<()> {
    if !exists("dpkg-query") {
        return other_systems();
    }
    let wanted = [
        (Purpose::Build, BUILD),
        (Purpose::Headless, HEADLESS),
        (Purpose::Test, TEST),
    ]
    .into_iter()
    .filter(|(part, _)| *part <= purpose)
    .flat_map(|(_, packages)| packages.iter().copied());
    let missing: Vec<&str> = wanted.filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !is_root() && !exists("sudo") {
        bail!(
            "these packages are missing; as root, run:\n  apt-get install --no-install-recommends {}",
            missing.join(" ")
        );
    }
    println!("installing {}", missing.join(" "));
    let apt = |arguments: &[&str]| {
        let mut command = as_root("apt-get");
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(arguments);
        command.stdout(Stdio::null());
        process::run(&mut command)
    };
    apt(&["update"])?;
    apt(&[
        &["install", "--yes", "--no-install-recommends"],
        missing.as_slice(),
    ]
    .concat())
}

fn other_systems() -> Result<()> {
    if exists("cmake") {
        return Ok(());
    }
    if cfg!(target_os = "macos") {
        bail!("CMake is missing; run:\n  brew install cmake");
    }
    if cfg!(windows) {
        bail!("CMake is missing; run:\n  winget install Kitware.CMake");
    }
    bail!(
        "install CMake, a C compiler, and the development files of WebKitGTK 4.1, ALSA, \
         PulseAudio, D-Bus, librsvg, libxdo and Ayatana AppIndicator 3 with your package manager"
    );
}

/// Installs the window's packages exactly as locked, if they are not there yet.
pub(crate) fn npm_packages() -> Result<()> {
    npm_packages_of("ui")
}

/// Installs the packages of a folder exactly as locked, if they are not there yet.
fn npm_packages_of(folder: &str) -> Result<()> {
    let folder = paths::root().join(folder);
    let modified = |path| std::fs::metadata(folder.join(path)).and_then(|data| data.modified());
    let current = match (
        modified("node_modules/.package-lock.json"),
        modified("package-lock.json"),
    ) {
        (Ok(installed), Ok(locked)) => installed >= locked,
        _ => false,
    };
    if current {
        return Ok(());
    }
    let mut install = process::npm(&["ci", "--no-audit", "--no-fund"]);
    process::run(install.current_dir(&folder).stdout(Stdio::null()))
}

fn cargo_tools() -> Result<()> {
    let installed = process::output(&mut process::cargo(&["install", "--list"]))?;
    for (tool, version) in TOOLS {
        if installed.contains(&format!("{tool} v{version}:")) {
            continue;
        }
        println!("installing {tool} {version}");
        let pinned = format!("{tool}@{version}");
        process::run(&mut process::cargo(&[
            "install", "--locked", "--debug", "--quiet", &pinned,
        ]))?;
    }
    Ok(())
}

/// Whether a program is on the path.
pub(crate) fn exists(program: &str) -> bool {
    let names = [
        program.to_owned(),
        format!("{program}{}", std::env::consts::EXE_SUFFIX),
    ];
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| names.iter().any(|n| folder.join(n).is_file()))
    })
}

fn is_installed(package: &str) -> bool {
    Command::new("dpkg-query")
        .args(["--show", "--showformat=${db:Status-Status}", package])
        .stderr(Stdio::null())
        .output()
        .is_ok_and(|output| output.stdout == b"installed")
}

/// A program run as the superuser, by `sudo` if we are not.
fn as_root(program: &str) -> Command {
    if is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.arg(program);
    command
}

/// Whether we may do everything.
#[cfg(unix)]
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether we may do everything.
#[cfg(not(unix))]
pub(crate) fn is_root() -> bool {
    false
}
