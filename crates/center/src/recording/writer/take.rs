//! One recording in progress, from packets to pages.

use super::channel::{Channel, Heard};
use super::ogg::Pages;
use seatline_contract::recording::Side;

/// Tracks a recording may have: parties come and go, but not without end.
pub(in crate::recording) const MOST_TRACKS: u8 = 32;

/// One party's voice.
struct Track {
    side: Side,
    channel: Channel,
    pages: Pages,
    /// Pages that are complete and not saved yet.
    ready: Vec<u8>,
    over: bool,
}

impl Track {
    /// Lets the channel do something that gives out packets.
    fn with(&mut self, work: impl FnOnce(&mut Channel, &mut dyn FnMut(&[u8], u64))) {
        let (pages, ready) = (&mut self.pages, &mut self.ready);
        work(&mut self.channel, &mut |packet, end| {
            pages.push(packet, end, ready);
        });
    }

    fn finish(&mut self, end: u64) {
        if !self.over {
            self.over = true;
            self.with(|channel, emit| channel.release_all(emit));
            self.with(|channel, emit| channel.silence_to(end, emit));
            self.pages.flush(&mut self.ready);
            self.pages.finish(&mut self.ready);
        }
    }
}

/// All voices of a call on one timeline. Times are samples at 48 kHz from its beginning.
pub(in crate::recording) struct Take {
    serial: u32,
    tracks: Vec<Track>,
    paused: Option<u64>,
}

impl Take {
    /// A recording that has just begun. `serial` numbers its streams.
    pub(super) fn begin(serial: u32) -> Self {
        Self {
            serial,
            tracks: Vec::with_capacity(2),
            paused: None,
        }
    }

    /// Opens a track, and says which; `None` if there are too many.
    pub(super) fn open(&mut self, side: Side) -> Option<u8> {
        let number = u8::try_from(self.tracks.len()).ok()?;
        if number >= MOST_TRACKS {
            return None;
        }
        let mut ready = Vec::with_capacity(16 * 1024);
        let mut channel = Channel::new();
        if let Some(since) = self.paused {
            channel.skip_to(since);
        }
        self.tracks.push(Track {
            side,
            pages: Pages::begin(self.serial.wrapping_add(number.into()), &mut ready),
            channel,
            ready,
            over: false,
        });
        Some(number)
    }

    /// Takes what a party says. During a pause it is forgotten at once.
    pub(super) fn hear(&mut self, track: u8, heard: Heard, arrival: u64) {
        if self.paused.is_none()
            && let Some(track) = self.tracks.get_mut(usize::from(track))
            && !track.over
        {
            track.channel.take(heard, arrival);
        }
    }

    /// The party is gone: ends its track.
    pub(super) fn end(&mut self, track: u8, now: u64) {
        if let Some(track) = self.tracks.get_mut(usize::from(track)) {
            track.finish(now);
        }
    }

    /// Keeps nothing that arrives from now on.
    pub(super) fn pause(&mut self, now: u64) {
        if self.paused.is_some() {
            return;
        }
        self.paused = Some(now);
        for track in self.tracks.iter_mut().filter(|track| !track.over) {
            track.with(|channel, emit| channel.release_all(emit));
            track.channel.skip_to(now);
        }
    }

    /// Keeps again what is said from now on. Returns the length of the gap, or `None` if there
    /// was none.
    pub(super) fn resume(&mut self, now: u64) -> Option<u64> {
        let began = self.paused.take()?;
        for track in self.tracks.iter_mut().filter(|track| !track.over) {
            track.channel.skip_to(now);
            track.with(|channel, emit| channel.silence_to(now, emit));
        }
        Some(now.saturating_sub(began))
    }

    /// Puts what need not wait any longer into pages.
    pub(super) fn advance(&mut self, now: u64) {
        for track in self.tracks.iter_mut().filter(|track| !track.over) {
            track.with(|channel, emit| channel.release(now, emit));
        }
    }

    /// Ends the pages begun and gives all that are ready to `save`.
    pub(super) fn cut(&mut self, mut save: impl FnMut(Side, u8, Vec<u8>)) {
        for (track, number) in self.tracks.iter_mut().zip(0..) {
            track.pages.flush(&mut track.ready);
            if !track.ready.is_empty() {
                save(track.side, number, std::mem::take(&mut track.ready));
            }
        }
    }

    /// Ends all streams at the same sample; [`Take::cut`] then gives their last pages.
    pub(super) fn finish(&mut self, now: u64) {
        self.advance(u64::MAX);
        let longest = self.tracks.iter().map(|track| track.channel.end()).max();
        let end = now.max(longest.unwrap_or(0));
        for track in &mut self.tracks {
            track.finish(end);
        }
    }

    /// Packets that came too late or were no sound.
    pub(super) fn refused(&self) -> u64 {
        self.tracks.iter().map(|track| track.channel.refused).sum()
    }
}
