//! The agent's engine: sign-in, presence, calls, customers, tickets, outbox, secrets and the
//! headset. It has no window and knows no window toolkit.
//!
//! [`Desk`] is the one handle: a window watches [`view::DeskView`] and calls its methods, and may
//! come and go as it likes; calls and writes go on without it.
//!
//! | module | what lives there |
//! |---|---|
//! | [`view`] | what a window shows |
//! | [`command`] | what a window may ask, as data |
//! | [`failure`] | why something was refused, as stable codes |
//! | [`secrets`] | the keyring, or memory where there is none |
//! | [`check`] | what a desk needs on this computer, looked at |
//! | [`update`] | updates of the program, from the site's own centre |
//! | [`policy`] | what the site's IT decides for this computer |
//!
//! Deliberately absent: any decision that is the centre's (who gets which contact, how long
//! wrap-up lasts), and any way to dial without the agent's word.

mod board;
mod call;
pub mod check;
pub mod command;
mod connection;
mod desk;
pub mod failure;
mod live;
mod number;
mod outbox;
pub mod policy;
pub mod secrets;
mod settings;
mod sound;
pub mod update;
pub mod view;

pub use desk::{Desk, DeskConfig, SoundSystem};
