//! The shell around the desk engine: windows, tray, hotkeys, links and notifications. It
//! converts and delegates; the engine decides.

pub mod bindings;
pub mod commands;
pub mod events;
pub mod exit;
pub mod windows;
