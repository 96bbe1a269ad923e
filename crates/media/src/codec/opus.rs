//! Opus through libopus.

use super::{CodecError, MAX_PAYLOAD};
use crate::jitter::Decode;
use opus::{Application, Bitrate, Channels};

/// Target bit rate, in bits per second: transparent wideband speech at little cost.
const BIT_RATE: i32 = 28_000;

/// In-band redundancy costs quality when nothing is lost, so it waits for this much loss.
const FEC_FROM: f32 = 0.01;

/// Encodes 20 ms mono frames for voice.
pub(crate) struct OpusEncoder {
    encoder: opus::Encoder,
    loss_percent: i32,
}

impl OpusEncoder {
    /// For one voice. `rate` is that of the frames, in hertz.
    pub(crate) fn new(rate: u32) -> Result<Self, CodecError> {
        Self::for_signal(rate, opus::Signal::Voice)
    }

    /// For a sum of voices. Opus looks at what it is: many at once are no speech to its voice
    /// model, which takes twice the time to say them worse.
    pub(crate) fn of_several(rate: u32) -> Result<Self, CodecError> {
        Self::for_signal(rate, opus::Signal::Auto)
    }

    fn for_signal(rate: u32, signal: opus::Signal) -> Result<Self, CodecError> {
        let setup = || -> opus::Result<opus::Encoder> {
            let mut encoder = opus::Encoder::new(rate, Channels::Mono, Application::Voip)?;
            encoder.set_bitrate(Bitrate::Bits(BIT_RATE))?;
            encoder.set_vbr(true)?;
            encoder.set_signal(signal)?;
            Ok(encoder)
        };
        let encoder = setup().map_err(|error| CodecError::Setup(error.to_string()))?;
        Ok(Self {
            encoder,
            loss_percent: 0,
        })
    }

    /// Encodes one frame and returns the payload's length.
    pub(crate) fn encode(
        &mut self,
        frame: &[f32],
        payload: &mut [u8; MAX_PAYLOAD],
    ) -> Result<usize, CodecError> {
        self.encoder
            .encode_float(frame, payload)
            .map_err(|_| CodecError::Payload)
    }

    /// See [`super::Encoder::expect_loss`].
    pub(crate) fn expect_loss(&mut self, share: f32) {
        let percent = if share < FEC_FROM {
            0
        } else {
            (share * 100.0).round().clamp(1.0, 30.0) as i32
        };
        if percent == self.loss_percent {
            return;
        }
        let change = self
            .encoder
            .set_inband_fec(percent > 0)
            .and_then(|()| self.encoder.set_packet_loss_perc(percent));
        match change {
            Ok(()) => self.loss_percent = percent,
            Err(error) => tracing::warn!(%error, "opus refused a loss setting"),
        }
    }
}

/// Decodes Opus to mono.
pub(crate) struct OpusDecoder {
    decoder: opus::Decoder,
    rate: u32,
}

impl OpusDecoder {
    /// `rate` is that of the sound given, in hertz.
    pub(crate) fn new(rate: u32) -> Result<Self, CodecError> {
        let decoder = opus::Decoder::new(rate, Channels::Mono)
            .map_err(|error| CodecError::Setup(error.to_string()))?;
        Ok(Self { decoder, rate })
    }
}

impl Decode for OpusDecoder {
    fn clock_rate(&self) -> u32 {
        48_000
    }

    fn sample_rate(&self) -> u32 {
        self.rate
    }

    fn samples(&self, payload: &[u8]) -> Option<usize> {
        opus::packet::get_nb_samples(payload, self.rate)
            .ok()
            .filter(|samples| *samples > 0)
    }

    fn decode(&mut self, payload: &[u8], out: &mut [f32]) -> Result<usize, CodecError> {
        if payload.is_empty() {
            return Err(CodecError::Payload);
        }
        self.decoder
            .decode_float(payload, out, false)
            .map_err(|_| CodecError::Payload)
    }

    fn recover(&mut self, next: &[u8], out: &mut [f32]) {
        if next.is_empty() || self.decoder.decode_float(next, out, true).is_err() {
            self.conceal(out);
        }
    }

    fn conceal(&mut self, out: &mut [f32]) {
        if self.decoder.decode_float(&[], out, false).is_err() {
            out.fill(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{level_at, sine};

    fn through(rate_in: u32, rate_out: u32) -> f32 {
        let mut encoder = OpusEncoder::new(rate_in).unwrap();
        let mut decoder = OpusDecoder::new(rate_out).unwrap();
        let sound = sine(440.0, 0.5, rate_in, rate_in as usize);
        let mut heard = Vec::new();
        for frame in sound.chunks_exact(rate_in as usize / 50) {
            let mut payload = [0; MAX_PAYLOAD];
            let length = encoder.encode(frame, &mut payload).unwrap();
            let mut out = vec![0.0; rate_out as usize / 50];
            assert_eq!(
                decoder.decode(&payload[..length], &mut out).unwrap(),
                out.len()
            );
            heard.extend_from_slice(&out);
        }
        level_at(&heard[heard.len() / 2..], 440.0, rate_out)
    }

    #[test]
    fn a_tone_survives_at_both_rates() {
        for (rate_in, rate_out) in [(48_000, 48_000), (48_000, 8_000), (8_000, 48_000)] {
            let level = through(rate_in, rate_out);
            assert!(
                (0.35..0.65).contains(&level),
                "{rate_in}→{rate_out}: {level}"
            );
        }
    }

    #[test]
    fn redundancy_recovers_a_lost_packet_better_than_concealment() {
        let mut encoder = OpusEncoder::new(48_000).unwrap();
        encoder.expect_loss(0.2);
        // A sweep, so that what is lost cannot be guessed from what came before.
        let sound: Vec<f32> = (0..48_000)
            .map(|n| {
                let t = n as f32 / 48_000.0;
                0.5 * (std::f32::consts::TAU * (200.0 * t + 400.0 * t * t)).sin()
            })
            .collect();
        let payloads: Vec<Vec<u8>> = sound
            .chunks_exact(960)
            .map(|frame| {
                let mut payload = [0; MAX_PAYLOAD];
                let length = encoder.encode(frame, &mut payload).unwrap();
                payload[..length].to_vec()
            })
            .collect();
        let lost = 30;
        let play = |recover: bool| {
            let mut decoder = OpusDecoder::new(48_000).unwrap();
            let mut out = vec![0.0; 960];
            let mut whole = Vec::new();
            for (n, payload) in payloads.iter().enumerate() {
                match (n == lost, recover) {
                    (true, true) => decoder.recover(&payloads[n + 1], &mut out),
                    (true, false) => decoder.conceal(&mut out),
                    (false, _) => {
                        decoder.decode(payload, &mut out).unwrap();
                    }
                }
                whole.extend_from_slice(&out);
            }
            whole[lost * 960..(lost + 1) * 960].to_vec()
        };
        let mut decoder = OpusDecoder::new(48_000).unwrap();
        let mut truth = vec![0.0; 960];
        for payload in &payloads[..=lost] {
            decoder.decode(payload, &mut truth).unwrap();
        }
        let error = |heard: &[f32]| -> f32 {
            heard
                .iter()
                .zip(&truth)
                .map(|(a, b)| (a - b) * (a - b))
                .sum()
        };
        let (recovered, concealed) = (error(&play(true)), error(&play(false)));
        assert!(
            recovered < concealed * 0.7,
            "recovered {recovered}, concealed {concealed}"
        );
    }

    #[test]
    fn garbage_is_refused_not_fatal() {
        let mut decoder = OpusDecoder::new(48_000).unwrap();
        let mut out = vec![0.0; 5_760];
        assert!(decoder.decode(&[], &mut out).is_err());
        assert!(decoder.samples(&[]).is_none());
        assert!(decoder.decode(&[0xff; 3], &mut out).is_err());
    }
}
