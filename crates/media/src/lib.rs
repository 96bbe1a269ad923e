//! One voice session: the media half of a phone call.
//!
//! A [`Leg`] is one voice path to one remote party, over WebRTC ([`Leg::webrtc`]) or plain RTP
//! ([`Leg::rtp`]). The desk joins one leg to its headset with [`Leg::attach`]; a switch joins two
//! legs by letting each [`hear`](Leg::hear) the other, and more than two in a
//! [`Room`](mix::Room). This crate knows nothing of signalling: it
//! makes and takes SDP as text, and whoever owns the dialog carries it.
//!
//! Sound inside is mono `f32` at [`SAMPLE_RATE`] in [`Frame`]s of 20 ms. Two legs of the same
//! codec relay packets without decoding them.
//!
//! What is deliberately absent: audio devices, SIP, recording, video, trickled ICE candidates,
//! SDES keys and any way to send unencrypted media on a WebRTC leg.

mod clip;
mod codec;
mod dtmf;
pub mod jitter;
mod leg;
pub mod mix;
mod packet;
mod peer;
mod rtp;
mod sdp;
pub mod sim;
mod tone;
mod wire;

pub use clip::{Clip, ClipError};
pub use codec::{Codec, CodecError};
pub use leg::attach::{Listener, Talker};
pub use leg::config::{IceServer, RtpConfig, WebRtcConfig};
pub use leg::statistics::Statistics;
pub use leg::tap::{Content, Said, Tap};
pub use leg::{Direction, Failure, Leg, LegError, LegEvent, Source};
pub use tone::Tone;

/// Samples per second of all sound in this crate, in hertz.
pub const SAMPLE_RATE: u32 = 48_000;

/// Samples in one [`Frame`].
pub const FRAME: usize = 960;

/// 20 ms of mono sound at [`SAMPLE_RATE`], each sample in -1.0..=1.0.
pub type Frame = [f32; FRAME];
