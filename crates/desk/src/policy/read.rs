//! Reads a system's policies. Each place is read by its own file; what it means is judged
//! elsewhere.

mod environment;
#[cfg(any(target_os = "linux", test))]
mod file;
#[cfg(any(target_os = "macos", test))]
mod preferences;
#[cfg(windows)]
mod registry;

use super::{Layer, Policy};
use std::sync::Arc;

/// Reads the site's decisions, again and again while the desk runs. It may block for as long as
/// reading a small file takes.
pub type ReadPolicy = Arc<dyn Fn() -> Policy + Send + Sync>;

/// Decisions that do not change.
#[must_use]
pub fn fixed(policy: Policy) -> ReadPolicy {
    Arc::new(move || policy.clone())
}

/// What this computer's policies say now.
#[must_use]
pub fn of_system() -> Policy {
    Policy::of(of_platform().into_iter().chain([environment::read()]))
}

#[cfg(windows)]
fn of_platform() -> Vec<Layer> {
    registry::read()
}

#[cfg(target_os = "macos")]
fn of_platform() -> Vec<Layer> {
    preferences::read()
}

#[cfg(target_os = "linux")]
fn of_platform() -> Vec<Layer> {
    file::read()
}

#[cfg(not(any(windows, target_os = "macos", target_os = "linux")))]
fn of_platform() -> Vec<Layer> {
    Vec::new()
}
