//! Between desk and centre: finding it, trusting it, signing in, and following its events.

pub(crate) mod address;
pub(crate) mod backoff;
pub(crate) mod client;
pub(crate) mod fault;
pub(crate) mod mirror;
pub(crate) mod trust;
