//! Joins a voice leg to the headset.

use seatline_audio::{Frame, Line};
use seatline_media::{Listener, Talker};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// A call as the headset sees it. While apart (on hold), both sides hear silence from here; the
/// stream itself goes on, so that no firewall forgets it.
pub(crate) struct Join {
    talker: Talker,
    listener: Listener,
    apart: Arc<AtomicBool>,
}

impl Join {
    pub(crate) fn new(talker: Talker, listener: Listener, apart: Arc<AtomicBool>) -> Self {
        Self {
            talker,
            listener,
            apart,
        }
    }
}

impl Line for Join {
    fn capture(&mut self, frame: &Frame) {
        if self.apart.load(Ordering::Relaxed) {
            self.talker.send(&[0.0; seatline_media::FRAME]);
        } else {
            self.talker.send(frame);
        }
    }

    fn render(&mut self, frame: &mut Frame) {
        self.listener.receive(frame);
        if self.apart.load(Ordering::Relaxed) {
            frame.fill(0.0);
        }
    }
}
