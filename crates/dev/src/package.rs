//! `cargo dev package SYSTEM`: what a site's IT installs.

pub(crate) mod debian;
mod macos;
mod sbom;
mod sign;
mod sums;
mod update;
pub(crate) mod windows;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
pub(crate) use sign::Signing;
pub(crate) use update::Sealing;

/// What to package.
#[derive(Args)]
pub(crate) struct Order {
    /// The system.
    system: System,
    /// How Debian's programs are built; `dev` is for trying out their packages.
    #[arg(long, default_value = "release")]
    profile: Profile,
    #[command(flatten)]
    signing: Option<Signing>,
    #[command(flatten)]
    updates: Sealing,
}

/// A system that is packaged for.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum System {
    /// An MSI for Windows, 64 bits.
    Windows,
    /// The desk's and the centre's `.deb` for Debian and its kin.
    Debian,
    /// A disk image for macOS, Apple's and Intel's processors in one.
    Macos,
}

/// How programs are built.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// For people.
    Release,
    /// Quickly.
    Dev,
}

impl Profile {
    /// Where cargo puts what is built so.
    fn folder(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Dev => "debug",
        }
    }
}

/// Builds the package; its files lie in `target/package/SYSTEM`.
///
/// # Errors
/// When a tool is missing or a step fails.
pub(crate) fn run(order: &Order) -> Result<()> {
    ensure!(
        order.profile == Profile::Release || order.system == System::Debian,
        "--profile dev is for trying out Debian's packages; the others are always released"
    );
    match order.system {
        System::Windows => windows::package(order.signing.as_ref(), &order.updates),
        System::Debian => debian::package(order.profile),
        System::Macos => macos::package(),
    }
}
