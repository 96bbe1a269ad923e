//! The agent's headset: devices, capture and playback, echo, noise and gain, levels, ringing, its
//! own keys and lamps.
//!
//! A [`Headset`] connects one microphone and one speaker to one [`Line`] (the call). It runs on
//! a 20 ms clock of its own; both devices are matched to that clock by resampling, so a line
//! always hears one captured frame and gives one frame to play per tick, whatever the devices
//! do, even when there are none.
//!
//! ```text
//!  microphone ─callback─▶ ring ─▶ resample ─▶ echo/noise/gain ─▶ Line::capture
//!                                     ▲ echo reference
//!  speaker ◀─callback── ring ◀─ resample ◀──┴─────────────────── Line::render
//! ```
//!
//! Device callbacks touch rings and atomics only. The 20 ms worker takes no lock and, apart from
//! what the echo and noise library does inside, allocates nothing once it runs; that is why the
//! callbacks do not call it. One control thread opens, closes and watches the devices.
//!
//! [`Buttons`] are the keys and lamps on the headset, on threads of their own.

mod backend;
mod buttons;
mod device;
mod drift;
mod engine;
mod error;
mod headset;
mod levels;
mod processing;
mod resample;
mod ring;
mod ringer;
pub mod sim;

pub use buttons::{
    Access, ButtonDevice, ButtonEvent, Buttons, ButtonsError, Lamps, Press, list_buttons,
};
pub use device::{Device, DeviceId, Direction, list_devices};
pub use error::{DeviceError, OpenError};
pub use headset::{Failure, Headset, HeadsetEvent, Selection};
pub use levels::Levels;
pub use processing::Processing;
pub use ring::RingPattern;
pub use ringer::{Ringer, play_test_tone};

/// Samples per second everywhere inside, whatever the devices run at.
pub const SAMPLE_RATE: u32 = 48_000;

/// Samples in one frame: 20 ms.
pub const FRAME: usize = 960;

/// 20 ms of mono sound, samples in `[-1, 1]`.
pub type Frame = [f32; FRAME];

/// What the headset is connected to: usually a call.
///
/// Both methods are called on the headset's 20 ms worker, once each per tick, first `render`
/// and then `capture`. They must not block, allocate or lock: hand frames over through a
/// lock-free ring.
pub trait Line: Send {
    /// Takes 20 ms from the microphone, processed. Silence while muted or without a device.
    fn capture(&mut self, frame: &Frame);

    /// Fills 20 ms to be played. The frame comes in silent. Asked for even without a speaker,
    /// so that a jitter buffer behind it keeps moving.
    fn render(&mut self, frame: &mut Frame);
}
