//! Between desk and centre: finding it, trusting it, signing in, and following its events.
//!
//! [`client`] asks and writes over HTTPS; [`follow`] keeps the event socket open and shows what
//! comes through it; [`mirror`] is the pure part that notices gaps. All of them judge the centre's
//! certificate by [`trust`].

pub(crate) mod address;
pub(crate) mod backoff;
pub(crate) mod client;
mod fault;
pub(crate) mod follow;
pub(crate) mod mirror;
pub(crate) mod socket;
pub(crate) mod trust;
