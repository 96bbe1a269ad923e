//! The desk's engine against a real centre, with simulated devices and a customer who calls in
//! over SIP and RTP.

#![expect(
    unreachable_pub,
    reason = "a test program has no callers outside itself"
)]

mod bad_luck;
mod calls;
mod rig;
mod sign_in;
mod writes;
