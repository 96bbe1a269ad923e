//! The centre: the backend desks talk to, in one process.
//!
//! | folder | what lives there |
//! |---|---|
//! | [`config`] | the TOML file, environment and flags |
//! | [`store`] | the database, its schema and its failures |
//! | [`http`] | the front door: HTTPS, errors, writes that happen once |
//! | [`identity`] | people, sign-in, sessions, lines |
//! | [`events`] | snapshots and numbered changes for desks |
//! | [`catalog`] | reasons, dispositions and ticket types |
//! | [`crm`] | customers |
//! | [`tickets`] | tickets |
//! | [`compliance`] | what a number is; the audit record |
//! | [`acd`] | who gets which contact (pure) |
//! | [`calls`] | contacts from arrival to closed |
//! | [`switch`] | what carries the calls |
//! | [`directory`] | colleagues, the address book, call-backs |
//! | [`supervision`] | the board, help, messages, teams |
//! | [`updates`] | updates of desks |
//! | [`demo`] | demonstration data |
//!
//! [`start`] runs all of it; the program, the tests and the demonstration start it the same way.
//!
//! Absent on purpose: a second definition of the wire (see `seatline_contract`), passwords or line
//! secrets in the database, and state that only the event socket knows.

pub mod acd;
mod app;
pub mod calls;
pub mod catalog;
mod clock;
pub mod compliance;
pub mod config;
pub mod crm;
pub mod demo;
pub mod directory;
pub mod events;
pub mod http;
pub mod identity;
mod key;
pub mod recording;
pub mod store;
pub mod supervision;
pub mod switch;
pub mod tickets;
pub mod updates;

pub use app::{App, Parts, Running, StartError, start, start_at};
pub use clock::Clock;
pub use config::Config;
pub use key::Key;
