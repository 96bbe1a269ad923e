//! The centre through its front door: real TLS, real router, a database of its own for each test.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod board;
mod call_rules;
mod customers;
mod directory;
mod events;
mod figures;
mod malformed;
mod once;
mod program;
mod sign_in;
mod sso;
mod start;
mod storage;
mod supervision;
mod support;
mod tickets;
mod updates;
