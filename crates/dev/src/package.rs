//! `cargo dev package SYSTEM`: what a site's IT installs.

mod sbom;
mod sign;
mod update;
pub(crate) mod windows;

use anyhow::Result;
use clap::{Args, ValueEnum};
pub(crate) use sign::Signing;
pub(crate) use update::Sealing;

/// What to package.
#[derive(Args)]
pub(crate) struct Order {
    /// The system.
    system: System,
    #[command(flatten)]
    signing: Option<Signing>,
    #[command(flatten)]
    updates: Sealing,
}

/// A system the desk is packaged for.
#[derive(Clone, Copy, ValueEnum)]
enum System {
    /// An MSI for Windows, 64 bits.
    Windows,
}

/// Builds the package; its files lie in `target/package/SYSTEM`.
///
/// # Errors
/// When a tool is missing or a step fails.
pub(crate) fn run(order: &Order) -> Result<()> {
    match order.system {
        System::Windows => windows::package(order.signing.as_ref(), &order.updates),
    }
}
