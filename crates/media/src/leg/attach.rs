//! The device side of a leg: frames in and out, called from an audio worker thread.

use crate::Frame;

/// Sends the headset's microphone to the remote party. Call every 20 ms.
pub struct Talker {
    _private: (),
}

/// Receives the remote party's voice for the headset. Call every 20 ms.
pub struct Listener {
    _private: (),
}

impl Talker {
    /// Encodes one frame and hands it to the leg. Never blocks; before the leg is connected, or
    /// after it is closed, the frame is dropped.
    pub fn send(&mut self, frame: &Frame) {
        let _ = frame;
    }
}

impl Listener {
    /// Fills `frame` with the next 20 ms of the remote party's voice, concealing what is missing.
    /// Silence before the first packet.
    pub fn receive(&mut self, frame: &mut Frame) {
        frame.fill(0.0);
    }
}
