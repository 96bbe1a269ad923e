//! A recording's sound: as Ogg Opus of one track, or decoded, both sides beside each other.

use super::{
    journal::{Entry, Kind, OpenError, Reader},
    keys::Keyring,
    writer::{PRE_SKIP, Pages, RATE, packet_length, take_page},
};
use seatline_contract::recording::{Marker, Side};
use std::{
    collections::{BTreeMap, VecDeque},
    path::Path,
};

/// Samples per second of decoded sound, in hertz: all that voice needs.
pub(super) const PLAYED: u32 = 16_000;

/// Samples at 48 kHz for each one that is played.
const STEP: u64 = RATE / PLAYED as u64;

/// Sound decoded before the place asked for, so that the decoder is in step (RFC 7845 4.6), in
/// samples at 48 kHz.
const PRE_ROLL: u64 = RATE * 80 / 1_000;

/// A side further behind the other than this is silent until it speaks again, in played samples.
/// The writer fills such a gap only when it knows its end.
const SILENT_AFTER: usize = 10 * PLAYED as usize;

/// One track as a file that every player of Ogg Opus plays. What was cut off ends cleanly.
///
/// # Errors
/// Those of opening; a fault further on ends the stream there.
pub(super) fn export(path: &Path, keys: &Keyring, track: u8) -> Result<Vec<u8>, OpenError> {
    let mut reader = Reader::open(path, keys)?;
    let mut stream = Vec::new();
    while let Ok(Some(entry)) = reader.next() {
        if matches!(entry.kind, Kind::Voice(_, number) if number == track) {
            stream.extend_from_slice(&entry.body);
        }
    }
    let mut rest = &stream[..];
    let mut last = None;
    while let Some(page) = take_page(&mut rest) {
        last = Some((page.serial, page.sequence, page.granule, page.is_last));
    }
    let whole = stream.len() - rest.len();
    stream.truncate(whole);
    if let Some((serial, sequence, granule, false)) = last {
        Pages::resume(serial, sequence + 1, granule).finish(&mut stream);
    }
    Ok(stream)
}

/// One track while it is decoded.
struct Voice {
    decoder: opus::Decoder,
    side: Side,
    sound: VecDeque<i16>,
    /// Packets seen, the two headers included.
    packets: u64,
    /// Where the next packet begins on the timeline, in samples at 48 kHz.
    position: u64,
    /// Played samples that were given out as silence before they were known.
    ahead: usize,
    /// Samples to leave out before the first one: the pre-skip, or what lies before the place
    /// asked for.
    skip: u64,
    /// Its last page was seen.
    over: bool,
}

impl Voice {
    fn new(side: Side, from: u64, ahead: usize) -> opus::Result<Self> {
        Ok(Self {
            decoder: opus::Decoder::new(PLAYED, opus::Channels::Mono)?,
            side,
            sound: VecDeque::new(),
            packets: 0,
            position: 0,
            ahead,
            skip: from + u64::from(PRE_SKIP),
            over: false,
        })
    }

    fn take(&mut self, mut pages: &[u8]) {
        while let Some(page) = take_page(&mut pages) {
            self.over = page.is_last;
            for packet in page.packets {
                self.packets += 1;
                if self.packets > 2
                    && let Some(length) = packet_length(packet)
                {
                    self.decode(packet, length);
                }
            }
        }
    }

    fn decode(&mut self, packet: &[u8], length: u64) {
        let begin = self.position;
        self.position += length;
        if self.position + PRE_ROLL <= self.skip {
            return;
        }
        let mut sound = [0; (RATE / STEP * 120 / 1_000) as usize];
        let expected = usize::try_from(length / STEP).unwrap_or(0).min(sound.len());
        let decoded = self.decoder.decode(packet, &mut sound, false);
        // A packet that the network or a hostile sender spoilt is silence of its length.
        if !matches!(decoded, Ok(samples) if samples == expected) {
            sound.fill(0);
        }
        let skipped = usize::try_from(self.skip.saturating_sub(begin) / STEP).unwrap_or(usize::MAX);
        let kept = sound[..expected].get(skipped..).unwrap_or_default();
        let known = kept.len().min(self.ahead);
        self.ahead -= known;
        self.sound.extend(&kept[known..]);
    }
}

/// Both sides of a recording, decoded piece by piece.
pub(super) struct Playback {
    reader: Reader,
    /// The first entry of the next cut.
    next: Option<Entry>,
    from: u64,
    voices: BTreeMap<u8, Voice>,
    /// Played samples given out.
    given: usize,
    markers: Vec<Marker>,
    over: bool,
    sound: bool,
}

impl Playback {
    /// Plays from `from_ms` milliseconds after the beginning.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub(super) fn open(path: &Path, keys: &Keyring, from_ms: u32) -> Result<Self, OpenError> {
        Ok(Self {
            reader: Reader::open(path, keys)?,
            next: None,
            from: u64::from(from_ms) * (RATE / 1_000),
            voices: BTreeMap::new(),
            given: 0,
            markers: Vec::new(),
            over: false,
            sound: false,
        })
    }

    /// The next piece: customer's and agent's side in turn, 16 bit, at [`PLAYED`] hertz. `None` at
    /// the end.
    pub(super) fn next(&mut self) -> Option<Vec<i16>> {
        loop {
            let lengths = || self.voices.values().map(|voice| voice.sound.len());
            let longest = lengths().max().unwrap_or(0);
            if self.over {
                return (longest > 0).then(|| self.mix(longest));
            }
            let open = self.voices.values().filter(|voice| !voice.over);
            let shortest = open.map(|voice| voice.sound.len()).min();
            let known = shortest.unwrap_or(0);
            if known > 0 {
                return Some(self.mix(known));
            }
            if longest > SILENT_AFTER {
                return Some(self.mix(longest - SILENT_AFTER / 2));
            }
            self.take_cut();
        }
    }

    /// Takes all entries that were written at the same moment: the tracks of one piece of time.
    fn take_cut(&mut self) {
        let mut at = None;
        if let Some(entry) = self.next.take() {
            at = Some(entry.at);
            self.take(&entry);
        }
        loop {
            match self.reader.next() {
                Ok(Some(entry)) if at.is_none_or(|at| at == entry.at) => {
                    at = Some(entry.at);
                    self.take(&entry);
                }
                Ok(Some(entry)) => {
                    self.next = Some(entry);
                    return;
                }
                Ok(None) => {
                    self.over = true;
                    self.sound = self.reader.is_closed();
                    return;
                }
                Err(_) => {
                    self.over = true;
                    return;
                }
            }
        }
    }

    fn take(&mut self, entry: &Entry) {
        match entry.kind {
            Kind::Voice(side, track) => {
                if !self.voices.contains_key(&track)
                    && let Ok(voice) = Voice::new(side, self.from, self.given)
                {
                    self.voices.insert(track, voice);
                }
                if let Some(voice) = self.voices.get_mut(&track) {
                    voice.take(&entry.body);
                }
            }
            Kind::Marker => self.markers.extend(entry.marker()),
            Kind::Closing => {}
        }
    }

    fn mix(&mut self, frames: usize) -> Vec<i16> {
        let mut piece = vec![0_i16; frames * 2];
        for voice in self.voices.values_mut() {
            let channel = match voice.side {
                Side::Customer => 0,
                Side::Agent => 1,
            };
            let known = voice.sound.len().min(frames);
            for (pair, sample) in piece.chunks_exact_mut(2).zip(voice.sound.drain(..known)) {
                pair[channel] = pair[channel].saturating_add(sample);
            }
            voice.ahead += frames - known;
        }
        self.given += frames;
        piece
    }

    /// Markers met so far.
    pub(super) fn markers(&self) -> &[Marker] {
        &self.markers
    }

    /// Whether it was read to a signed closing without a fault.
    pub(super) fn is_sound(&self) -> bool {
        self.sound
    }
}

/// Loudness over time, for drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Waveform {
    /// Time that one peak stands for.
    pub(super) peak_ms: u32,
    pub(super) customer: Vec<u8>,
    pub(super) agent: Vec<u8>,
    pub(super) markers: Vec<Marker>,
    /// Whether chain and signatures are whole.
    pub(super) sound: bool,
}

/// Peaks drawn at most.
const MOST_PEAKS: usize = 2_000;

/// Shortest time of a peak, in milliseconds.
const SHORTEST_PEAK: u32 = 50;

/// Reads a whole recording and draws it.
///
/// # Errors
/// See [`OpenError`].
pub(super) fn draw(path: &Path, keys: &Keyring) -> Result<Waveform, OpenError> {
    let mut peak_ms = SHORTEST_PEAK;
    let samples = (PLAYED / 1_000 * SHORTEST_PEAK) as usize;
    let mut playback = Playback::open(path, keys, 0)?;
    let mut peaks = [Vec::new(), Vec::new()];
    let mut frame = 0_usize;
    while let Some(piece) = playback.next() {
        for pair in piece.chunks_exact(2) {
            for (peaks, sample) in peaks.iter_mut().zip(pair) {
                let peak = (sample.unsigned_abs() >> 7).min(255) as u8;
                match peaks.get_mut(frame / samples) {
                    Some(loudest) => *loudest = peak.max(*loudest),
                    None => peaks.push(peak),
                }
            }
            frame += 1;
        }
    }
    while peaks[0].len() > MOST_PEAKS {
        peak_ms *= 2;
        for peaks in &mut peaks {
            *peaks = halve(peaks);
        }
    }
    let [customer, agent] = peaks;
    Ok(Waveform {
        peak_ms,
        customer,
        agent,
        markers: playback.markers().to_vec(),
        sound: playback.is_sound(),
    })
}

/// The louder of each two peaks.
fn halve(peaks: &[u8]) -> Vec<u8> {
    let pairs = peaks.chunks(2);
    pairs
        .filter_map(|pair| pair.iter().max().copied())
        .collect()
}

/// Samples of both sides in that time.
pub(super) fn samples_in(duration_ms: u32) -> usize {
    let samples = u64::from(duration_ms) * u64::from(PLAYED) / 1_000 * 2;
    usize::try_from(samples).unwrap_or(usize::MAX)
}

/// The head of a WAV file of decoded sound.
pub(super) fn wav_head(duration_ms: u32) -> Vec<u8> {
    const BLOCK: u32 = 4;
    let data = (u64::from(duration_ms) * u64::from(PLAYED) / 1_000 * u64::from(BLOCK))
        .min(u64::from(u32::MAX) - 36) as u32;
    let mut head = Vec::with_capacity(44);
    head.extend_from_slice(b"RIFF");
    head.extend_from_slice(&(data + 36).to_le_bytes());
    head.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x02\0");
    head.extend_from_slice(&PLAYED.to_le_bytes());
    head.extend_from_slice(&(PLAYED * BLOCK).to_le_bytes());
    head.extend_from_slice(b"\x04\0\x10\0data");
    head.extend_from_slice(&data.to_le_bytes());
    head
}
