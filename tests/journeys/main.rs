//! Journeys of a person through the whole system: the shipped centre, the real window, a foreign
//! customer's phone, and sound judged by its content.
//!
//! Started by `cargo dev test journeys`, which gives them a network and a D-Bus session of their
//! own. Screenshots and recordings stay in `target/journeys`.

#![expect(
    clippy::unwrap_used,
    reason = "a step that fails ends its journey, with its logs kept"
)]

mod administration;
mod colleagues;
mod desktop;
mod first_start;
mod headless;
mod headset;
mod inbound;
mod malformed;
mod messages;
mod outbound;
mod recording;
mod scene;
mod sign_in;
mod single_sign_on;
mod storage;
mod survival;
mod team;
mod updates;
mod views;
