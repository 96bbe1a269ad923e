//! The packages for Debian, tried in a clean Debian 12 each time: installed, started, upgraded,
//! removed; and what is written for macOS, read as far as it can be read here.
//!
//! Started by `cargo dev test packages`, which builds the packages and prepares the root first.

#![expect(
    clippy::unwrap_used,
    reason = "a step that fails ends its test, with its log printed"
)]

mod bad_luck;
mod centre;
mod debian;
mod desk;
mod macos;
mod package;
