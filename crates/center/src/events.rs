//! State for desks: a snapshot, then numbered changes, over one WebSocket each.
//!
//! [`Hub`] numbers and hands out changes; the socket builds snapshots and keeps time.
//!
//! Why a snapshot and the changes after it always agree: whoever changes state first stores it and
//! then publishes it. The socket first attaches to the hub, which fixes the number `n` and keeps
//! every change after it, and only then reads the state. A change after `n` may already be in the
//! snapshot; as each one carries the whole new state of its thing, applying it again is harmless,
//! and none can be missing.

mod hub;
mod socket;

pub use hub::Hub;

pub(crate) use hub::watch_desks;
pub(crate) use socket::open_events;
