//! The package for Windows: installed, upgraded and removed in Wine, and its program at work there.
//!
//! Started by `cargo dev test windows`, which builds the package first. Wine has no WebView2:
//! what has a window is tested elsewhere.

#![expect(
    clippy::unwrap_used,
    reason = "a step that fails ends its test, with its log printed"
)]

mod bad_input;
mod centre;
mod desk;
mod installer;
mod package;
mod tables;
mod upgrade;
mod wine;
