//! The desk's end of the wire against a switch that is not ours: Asterisk 22, with baresip as the
//! customer's phone. Sound is judged by its content.
//!
//! Started by `cargo dev test interop`, which gives it a network of its own. The desk here is what
//! the desk engine is made of, `seatline_sip::UserAgent` and `seatline_media::Leg`, with a
//! recording in the place of the headset.

mod calls;
mod desk;
mod phone;
mod scene;
mod transfers;
