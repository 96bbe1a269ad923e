//! G.711 to Opus, once and cheaply.

use super::frames::{self, RATE};
use seatline_media::Codec;

/// Samples per second of G.711, in hertz.
const NARROW: u64 = 8_000;

/// Samples of 20 ms at 8 kHz.
const FRAME: usize = 160;

/// Bits per second.
const BIT_RATE: i32 = 24_000;

/// Louder than this is sound worth encoding; both laws say silence with less.
const SILENT: u16 = 8;

/// Longest payload taken for sound: 120 ms.
const LONGEST: usize = 6 * FRAME;

/// Length of a payload in samples at 48 kHz; `None` unless it is whole frames of 20 ms.
pub(super) fn length(payload: &[u8]) -> Option<u64> {
    let whole = !payload.is_empty() && payload.len() <= LONGEST && payload.len().is_multiple_of(20);
    whole.then(|| payload.len() as u64 * (RATE / NARROW))
}

/// An encoder that is made when the first G.711 packet comes.
pub(super) struct Narrow {
    encoder: Option<opus::Encoder>,
}

impl Narrow {
    pub(super) fn new() -> Self {
        Self { encoder: None }
    }

    /// Forgets the sound before, so that nothing of it is heard after a gap.
    pub(super) fn forget(&mut self) {
        if let Some(encoder) = &mut self.encoder {
            // A failing reset leaves an encoder that remembers; the next packet makes a new one.
            if encoder.reset_state().is_err() {
                self.encoder = None;
            }
        }
    }

    /// Gives `emit` the payload's sound as Opus packets with their lengths in samples at 48 kHz.
    pub(super) fn encode(
        &mut self,
        codec: Codec,
        payload: &[u8],
        emit: &mut dyn FnMut(&[u8], u64),
    ) {
        let mut rest = payload;
        // 20, 10, 5 and 2.5 ms are the frames Opus has; one packet rarely needs more than one.
        for size in [FRAME, FRAME / 2, FRAME / 4, FRAME / 8] {
            while rest.len() >= size {
                let (frame, after) = rest.split_at(size);
                self.encode_frame(codec, frame, emit);
                rest = after;
            }
        }
    }

    fn encode_frame(&mut self, codec: Codec, frame: &[u8], emit: &mut dyn FnMut(&[u8], u64)) {
        let mut linear = [0_i16; FRAME];
        let linear = &mut linear[..frame.len()];
        let mut loudest = 0;
        for (sample, octet) in linear.iter_mut().zip(frame) {
            *sample = expand(codec, *octet);
            loudest = loudest.max(sample.unsigned_abs());
        }
        let length = frame.len() as u64 * (RATE / NARROW);
        let mut packet = [0; 500];
        let encoded = if loudest <= SILENT {
            None
        } else {
            let encoder = self.encoder();
            encoder.and_then(|encoder| encoder.encode(linear, &mut packet).ok())
        };
        match encoded {
            Some(size) => emit(&packet[..size], length),
            None => {
                frames::silence(length, emit);
            }
        }
    }

    fn encoder(&mut self) -> Option<&mut opus::Encoder> {
        if self.encoder.is_none() {
            match make() {
                Ok(encoder) => self.encoder = Some(encoder),
                Err(error) => tracing::error!(%error, "no encoder; silence is recorded instead"),
            }
        }
        self.encoder.as_mut()
    }
}

/// The low-delay application has no speech model to run, which is what makes it cheap; at this bit
/// rate telephone sound loses nothing one could hear.
fn make() -> opus::Result<opus::Encoder> {
    let mut encoder = opus::Encoder::new(
        NARROW as u32,
        opus::Channels::Mono,
        opus::Application::LowDelay,
    )?;
    encoder.set_bitrate(opus::Bitrate::Bits(BIT_RATE))?;
    encoder.set_complexity(0)?;
    Ok(encoder)
}

/// One octet of G.711 as 16-bit linear (ITU-T G.711).
fn expand(codec: Codec, octet: u8) -> i16 {
    let (code, mu) = match codec {
        Codec::Pcma => (octet ^ 0x55, false),
        Codec::Pcmu | Codec::Opus => (!octet, true),
    };
    let exponent = i16::from(code >> 4 & 7);
    let mantissa = i16::from(code & 15);
    let negative = (code & 0x80 != 0) == mu;
    let magnitude = match (mu, exponent) {
        (true, _) => (((mantissa << 3) + 0x84) << exponent) - 0x84,
        (false, 0) => (mantissa << 4) + 8,
        (false, _) => ((mantissa << 4) + 0x108) << (exponent - 1),
    };
    if negative { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seatline_media::sim::{level_at, sine};

    /// Compresses by looking for the nearest octet.
    fn compress(codec: Codec, sample: f32) -> u8 {
        let wanted = (sample * 32_767.0) as i32;
        (0..=255)
            .min_by_key(|octet| (i32::from(expand(codec, *octet)) - wanted).abs())
            .unwrap()
    }

    #[test]
    fn a_tone_survives_and_silence_costs_nothing() {
        for codec in [Codec::Pcma, Codec::Pcmu] {
            let mut narrow = Narrow::new();
            let mut decoder = opus::Decoder::new(48_000, opus::Channels::Mono).unwrap();
            let mut sound = Vec::new();
            let octets: Vec<u8> = sine(440.0, 0.5, 8_000, 8_000)
                .into_iter()
                .map(|sample| compress(codec, sample))
                .collect();
            for payload in octets.chunks_exact(160) {
                narrow.encode(codec, payload, &mut |packet, length| {
                    assert_eq!(frames::length(packet), Some(length));
                    let mut out = [0.0; 5_760];
                    let samples = decoder.decode_float(packet, &mut out, false).unwrap();
                    sound.extend_from_slice(&out[..samples]);
                });
            }
            assert_eq!(sound.len(), 48_000);
            let level = level_at(&sound[24_000..], 440.0, 48_000);
            assert!((0.4..0.6).contains(&level), "{codec:?}: {level}");

            let quiet = vec![compress(codec, 0.0); 160];
            let mut silent = Narrow::new();
            silent.encode(codec, &quiet, &mut |packet, _| assert_eq!(packet.len(), 3));
            assert!(silent.encoder.is_none());
        }
    }
}
