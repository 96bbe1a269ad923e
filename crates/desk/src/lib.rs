//! The agent's engine: sign-in, presence, calls, customers, tickets, outbox, secrets and the
//! headset. It has no window and knows no window toolkit.

pub mod command;
pub mod failure;
pub mod view;
