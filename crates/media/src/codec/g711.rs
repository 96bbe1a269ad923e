//! G.711 by ITU-T's definition, with concealment in the manner of its Appendix I.

use super::resample::{Decimator, Interpolator};
use super::{CodecError, MAX_PAYLOAD};
use crate::jitter::Decode;
use std::collections::VecDeque;

/// The two companding laws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Law {
    /// µ-law: North America, Japan.
    Mu,
    /// A-law: everywhere else.
    A,
}

impl Law {
    /// Expands one octet to 16-bit linear.
    pub(crate) fn expand(self, octet: u8) -> i16 {
        match self {
            Self::Mu => {
                let code = !octet;
                let exponent = i16::from(code >> 4 & 7);
                let mantissa = i16::from(code & 15);
                let magnitude = (((mantissa << 3) + 0x84) << exponent) - 0x84;
                if code & 0x80 == 0 {
                    magnitude
                } else {
                    -magnitude
                }
            }
            Self::A => {
                let code = octet ^ 0x55;
                let exponent = i16::from(code >> 4 & 7);
                let mantissa = i16::from(code & 15);
                let magnitude = match exponent {
                    0 => (mantissa << 4) + 8,
                    _ => ((mantissa << 4) + 0x108) << (exponent - 1),
                };
                if code & 0x80 == 0 {
                    -magnitude
                } else {
                    magnitude
                }
            }
        }
    }

    /// Compresses 16-bit linear to one octet.
    pub(crate) fn compress(self, sample: i16) -> u8 {
        match self {
            Self::Mu => {
                let sign = if sample < 0 { 0x80 } else { 0 };
                let magnitude = i32::from(sample).abs().min(32_635) + 0x84;
                let exponent = (magnitude >> 7).ilog2() as u8;
                let mantissa = (magnitude >> (exponent + 3) & 15) as u8;
                !(sign | exponent << 4 | mantissa)
            }
            Self::A => {
                // The negative half begins at -1, so that its magnitudes mirror the positive one.
                let (sign, magnitude) = match sample {
                    0.. => (0x80, i32::from(sample)),
                    _ => (0, -i32::from(sample) - 1),
                };
                let code = match magnitude >> 8 {
                    0 => (magnitude >> 4) as u8,
                    high => {
                        let exponent = high.ilog2() as u8 + 1;
                        let mantissa = (magnitude >> (exponent + 3) & 15) as u8;
                        exponent << 4 | mantissa
                    }
                };
                (sign | code) ^ 0x55
            }
        }
    }
}

/// Encodes frames at 8 or 48 kHz.
pub(crate) struct G711Encoder {
    law: Law,
    decimator: Option<Decimator>,
    narrow: Vec<f32>,
}

impl G711Encoder {
    /// `rate` is that of the frames, in hertz.
    pub(crate) fn new(law: Law, rate: u32) -> Self {
        Self {
            law,
            decimator: (rate == 48_000).then(Decimator::new),
            narrow: Vec::with_capacity(160),
        }
    }

    /// Encodes one frame and returns the payload's length.
    pub(crate) fn encode(&mut self, frame: &[f32], payload: &mut [u8; MAX_PAYLOAD]) -> usize {
        let frame = match &mut self.decimator {
            None => frame,
            Some(decimator) => {
                self.narrow.clear();
                decimator.resample(frame, &mut self.narrow);
                &self.narrow
            }
        };
        for (octet, sample) in payload.iter_mut().zip(frame) {
            let linear = (sample * 32_768.0).clamp(-32_768.0, 32_767.0) as i16;
            *octet = self.law.compress(linear);
        }
        frame.len().min(MAX_PAYLOAD)
    }
}

/// Samples at 8 kHz kept to conceal from: three periods of the lowest voice.
const HISTORY: usize = 390;

/// Pitch periods looked for, in samples at 8 kHz (66 to 200 Hz).
const PERIODS: std::ops::RangeInclusive<usize> = 40..=120;

/// Samples at 8 kHz over which concealment gives way to real sound again (4 ms).
const JOIN: usize = 32;

/// Decodes to 8 or 48 kHz.
pub(crate) struct G711Decoder {
    law: Law,
    interpolator: Option<Interpolator>,
    narrow: Vec<f32>,
    history: VecDeque<f32>,
    invented: Option<Invented>,
}

/// Sound being made up for lost packets: the last pitch period repeated, fading.
struct Invented {
    period: Vec<f32>,
    made: usize,
}

impl Invented {
    fn next(&mut self) -> f32 {
        let sample = self.period[self.made % self.period.len()];
        // Full for 10 ms, then to nothing by 60 ms, as Appendix I does.
        let gain = 1.0 - (self.made as f32 - 80.0).clamp(0.0, 400.0) / 400.0;
        self.made += 1;
        sample * gain
    }
}

impl G711Decoder {
    /// `rate` is that of the sound given, in hertz.
    pub(crate) fn new(law: Law, rate: u32) -> Self {
        Self {
            law,
            interpolator: (rate == 48_000).then(Interpolator::new),
            narrow: Vec::with_capacity(960),
            history: VecDeque::from(vec![0.0; HISTORY]),
            invented: None,
        }
    }

    fn widening(&self) -> usize {
        match self.interpolator {
            None => 1,
            Some(_) => 6,
        }
    }

    fn remember(&mut self) {
        self.history.extend(&self.narrow);
        let excess = self.history.len().saturating_sub(HISTORY);
        self.history.drain(..excess);
    }

    fn give(&mut self, out: &mut [f32]) {
        match &mut self.interpolator {
            None => out[..self.narrow.len()].copy_from_slice(&self.narrow),
            Some(interpolator) => interpolator.resample(&self.narrow, out),
        }
    }

    /// The pitch period that best explains the last 20 ms.
    fn find_period(&mut self) -> Vec<f32> {
        let history: &[f32] = self.history.make_contiguous();
        let recent = &history[HISTORY - 160..];
        let resemblance = |period: usize| {
            let earlier = &history[HISTORY - 160 - period..HISTORY - period];
            let (product, power) = recent
                .iter()
                .zip(earlier)
                .fold((0.0, 1e-9), |(product, power), (a, b)| {
                    (product + a * b, power + b * b)
                });
            product / f32::sqrt(power)
        };
        let best = PERIODS
            .max_by(|a, b| resemblance(*a).total_cmp(&resemblance(*b)))
            .unwrap_or(*PERIODS.end());
        history[HISTORY - best..].to_vec()
    }
}

impl Decode for G711Decoder {
    fn clock_rate(&self) -> u32 {
        8_000
    }

    fn sample_rate(&self) -> u32 {
        8_000 * self.widening() as u32
    }

    fn samples(&self, payload: &[u8]) -> Option<usize> {
        (!payload.is_empty()).then_some(payload.len() * self.widening())
    }

    fn decode(&mut self, payload: &[u8], out: &mut [f32]) -> Result<usize, CodecError> {
        let samples = payload.len() * self.widening();
        if payload.is_empty() || samples > out.len() {
            return Err(CodecError::Payload);
        }
        self.narrow.clear();
        let law = self.law;
        self.narrow.extend(
            payload
                .iter()
                .map(|octet| f32::from(law.expand(*octet)) / 32_768.0),
        );
        if let Some(mut invented) = self.invented.take() {
            for (n, sample) in self.narrow.iter_mut().take(JOIN).enumerate() {
                let real = (n + 1) as f32 / (JOIN + 1) as f32;
                *sample = *sample * real + invented.next() * (1.0 - real);
            }
        }
        self.remember();
        self.give(&mut out[..samples]);
        Ok(samples)
    }

    fn recover(&mut self, _next: &[u8], out: &mut [f32]) {
        self.conceal(out);
    }

    fn conceal(&mut self, out: &mut [f32]) {
        let mut invented = match self.invented.take() {
            Some(invented) => invented,
            None => Invented {
                period: self.find_period(),
                made: 0,
            },
        };
        self.narrow.clear();
        self.narrow
            .extend((0..out.len() / self.widening()).map(|_| invented.next()));
        self.invented = Some(invented);
        self.remember();
        self.give(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{level_at, sine};

    #[test]
    fn expansion_matches_the_itu_tables() {
        let mu = [
            (0x00, -32_124),
            (0x0f, -16_764),
            (0x7e, -8),
            (0x7f, 0),
            (0x80, 32_124),
            (0xfe, 8),
            (0xff, 0),
        ];
        for (octet, linear) in mu {
            assert_eq!(Law::Mu.expand(octet), linear, "µ-law {octet:#x}");
        }
        let a = [
            (0x55, -8),
            (0xd5, 8),
            (0x2a, -32_256),
            (0xaa, 32_256),
            (0x00, -5_504),
            (0x80, 5_504),
            (0x54, -24),
        ];
        for (octet, linear) in a {
            assert_eq!(Law::A.expand(octet), linear, "A-law {octet:#x}");
        }
    }

    #[test]
    fn every_octet_survives_a_round_trip() {
        for octet in 0..=255 {
            let again = Law::Mu.compress(Law::Mu.expand(octet));
            // µ-law has two zeros.
            assert_eq!(again, if octet == 0x7f { 0xff } else { octet });
            assert_eq!(Law::A.compress(Law::A.expand(octet)), octet);
        }
    }

    #[test]
    fn compression_is_the_nearest_code_for_every_sample() {
        for law in [Law::Mu, Law::A] {
            for sample in i16::MIN..=i16::MAX {
                let error = (i32::from(law.expand(law.compress(sample))) - i32::from(sample)).abs();
                let allowed = (i32::from(sample).abs() / 32).max(8) + 8;
                assert!(error <= allowed.max(645), "{law:?} {sample}: {error}");
            }
        }
    }

    #[test]
    fn concealment_continues_a_tone_and_then_fades() {
        for rate in [8_000, 48_000] {
            let mut encoder = G711Encoder::new(Law::Mu, rate);
            let mut decoder = G711Decoder::new(Law::Mu, rate);
            let frame_length = rate as usize / 50;
            let mut out = vec![0.0; frame_length];
            for frame in sine(150.0, 0.5, rate, rate as usize / 5).chunks_exact(frame_length) {
                let mut payload = [0; MAX_PAYLOAD];
                let length = encoder.encode(frame, &mut payload);
                assert_eq!(length, 160);
                decoder.decode(&payload[..length], &mut out).unwrap();
            }
            decoder.conceal(&mut out);
            let level = level_at(&out, 150.0, rate);
            assert!((0.3..0.6).contains(&level), "{rate}: {level}");
            for _ in 0..3 {
                decoder.conceal(&mut out);
            }
            assert!(out.iter().all(|sample| sample.abs() < 0.01));
        }
    }
}
