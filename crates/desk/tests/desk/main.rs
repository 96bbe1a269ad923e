//! The desk's engine against a real centre, with simulated devices and a customer who calls in
//! over SIP and RTP.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]
#![expect(unreachable_pub, reason = "nothing is reached from outside a test")]

mod bad_luck;
mod buttons;
mod calls;
mod policy;
mod rig;
mod sign_in;
mod updates;
mod writes;
