//! What a window may call, one file per subject. Each command converts and delegates; it
//! decides nothing.

pub mod call;
pub mod control;
pub mod customer;
pub mod directory;
pub mod headset;
pub mod outbox;
pub mod presence;
pub mod recording;
pub mod rules;
pub mod session;
pub mod settings;
pub mod supervise;
pub mod ticket;
pub mod update;
pub mod window;
pub mod wrap_up;

/// Names of all commands, for the deny-by-default list the build script writes.
pub const NAMES: &[&str] = include!("commands/names.in");
