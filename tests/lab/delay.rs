//! Mouth-to-ear delay: chirps are played into a mouth, mouth and ear are recorded together, and
//! the shift at which they agree best is the delay.

use crate::{table::median, wire::Tap};
use anyhow::{Result, ensure};
use seatline_tests::{
    process::wait_for,
    sound::{RATE, Recording, SoundServer},
};
use std::{
    f32::consts::TAU,
    io::Read,
    ops::RangeInclusive,
    path::Path,
    time::{Duration, Instant},
};

/// Chirps in one measurement.
const CHIRPS: usize = 8;

/// Samples from one chirp to the next: 1.25 s, longer than any delay worth measuring.
const SPACING: usize = RATE as usize * 5 / 4;

/// Samples of one chirp: 200 ms, long enough to pass a noise suppressor as something spoken.
const LENGTH: usize = RATE as usize / 5;

/// Writes a file of chirps to be played into a mouth.
pub(crate) fn write_chirps(file: &Path) -> Result<()> {
    let pause = || std::iter::repeat_n(0.0, SPACING - LENGTH);
    write(
        file,
        (0..CHIRPS).flat_map(|_| chirp().into_iter().chain(pause())),
    )
}

/// Writes a file of half a minute without a pause to be played into a mouth.
pub(crate) fn write_tone(file: &Path) -> Result<()> {
    let wave = |n: u32| (TAU * 440.0 * n as f32 / RATE as f32).sin();
    write(file, (0..30 * RATE).map(wave))
}

fn write(file: &Path, samples: impl Iterator<Item = f32>) -> Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(file, spec)?;
    for sample in samples {
        writer.write_sample((sample * 20_000.0) as i16)?;
    }
    Ok(writer.finalize()?)
}

/// A sweep from 500 to 2,500 Hz with soft edges.
fn chirp() -> Vec<f32> {
    let length = LENGTH as f32;
    let mut phase = 0.0;
    (0..LENGTH)
        .map(|n| {
            let position = n as f32 / length;
            phase += TAU * (500.0 + 2_000.0 * position) / RATE as f32;
            phase.sin() * (std::f32::consts::PI * position).sin()
        })
        .collect()
}

/// Median delay in ms from a mouth (sink) to an ear (sink) over all chirps that were heard.
///
/// # Errors
/// When fewer than half of the chirps were heard.
pub(crate) fn measure(sound: &SoundServer, mouth: &str, ear: &str, chirps: &Path) -> Result<f64> {
    let spoken = Tape::start(sound, mouth)?;
    let heard = Tape::start(sound, ear)?;
    speak(sound, mouth, chirps)?;
    shift(&spoken.stop()?, &heard.stop()?)
}

/// The same for an ear at a foreign phone that listens at these ports; also from the mouth to the
/// wire, until the packet of the sound has been sent.
///
/// # Errors
/// As [`measure`], for each.
pub(crate) fn measure_with_wire(
    sound: &SoundServer,
    mouth: &str,
    ear: &str,
    ports: RangeInclusive<u16>,
    chirps: &Path,
) -> Result<Delay> {
    let spoken = Tape::start(sound, mouth)?;
    let heard = Tape::start(sound, ear)?;
    let tap = Tap::start(ports)?;
    speak(sound, mouth, chirps)?;
    let (spoken, sent, heard) = (spoken.stop()?, tap.stop()?, heard.stop()?);
    Ok(Delay {
        to_ear_ms: shift(&spoken, &heard)?,
        to_wire_ms: shift(&spoken, &sent)?,
    })
}

/// A delay and the part of it before the last wire.
pub(crate) struct Delay {
    pub(crate) to_ear_ms: f64,
    pub(crate) to_wire_ms: f64,
}

fn speak(sound: &SoundServer, mouth: &str, chirps: &Path) -> Result<()> {
    let playing = sound.play(mouth, chirps)?;
    std::thread::sleep(Duration::from_secs_f64(
        (CHIRPS * SPACING) as f64 / f64::from(RATE) + 1.5,
    ));
    drop(playing);
    Ok(())
}

/// Median shift in ms from what was said to what arrived, over all chirps that did.
fn shift(spoken: &Taped, heard: &Taped) -> Result<f64> {
    let between = heard.begun_ms - spoken.begun_ms;
    let template = chirp();
    let said = find_chirps(&spoken.samples, &template);
    let arrived = find_chirps(&heard.samples, &template);
    let mut delays: Vec<f64> = said
        .iter()
        .filter_map(|&at| {
            let at = samples_ms(at);
            arrived
                .iter()
                .map(|&then| samples_ms(then) + between - at)
                .filter(|delay| (-5.0..1_000.0).contains(delay))
                .min_by(f64::total_cmp)
        })
        .collect();
    ensure!(
        delays.len() * 2 >= CHIRPS,
        "only {} of {CHIRPS} chirps were heard",
        delays.len()
    );
    Ok(median(&mut delays))
}

fn samples_ms(samples: usize) -> f64 {
    samples as f64 * 1_000.0 / f64::from(RATE)
}

/// Starts of the chirps in a recording: peaks of the normalised correlation above a half.
fn find_chirps(samples: &[f32], template: &[f32]) -> Vec<usize> {
    let energy: f32 = template.iter().map(|s| s * s).sum();
    let correlation: Vec<f32> = samples
        .windows(template.len())
        .map(|part| {
            let (mut product, mut power) = (0.0, 0.0);
            for (a, b) in part.iter().zip(template) {
                product += a * b;
                power += a * a;
            }
            if power < 1e-3 {
                0.0
            } else {
                (product / (power * energy).sqrt()).abs()
            }
        })
        .collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < correlation.len() {
        if correlation[at] < 0.5 {
            at += 1;
            continue;
        }
        let end = (at + LENGTH).min(correlation.len());
        let best = (at..end).max_by(|&a, &b| correlation[a].total_cmp(&correlation[b]));
        found.extend(best);
        at = end + LENGTH;
    }
    found
}

/// A recording with the time at which it began, by the earliest arrival: of all moments at which
/// so and so many samples had arrived, the one with the least lateness tells the true start.
struct Tape {
    reader: std::thread::JoinHandle<(Vec<f32>, f64)>,
    stop: std::sync::mpsc::Sender<()>,
}

pub(crate) struct Taped {
    /// At [`RATE`].
    pub(crate) samples: Vec<f32>,
    /// On the clock of [`now_ms`].
    pub(crate) begun_ms: f64,
}

impl Tape {
    fn start(sound: &SoundServer, sink: &str) -> Result<Self> {
        let mut stream = sound.stream(sink)?;
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let (begun, running) = std::sync::mpsc::channel();
        let reader = std::thread::spawn(move || {
            let mut samples: Vec<f32> = Vec::new();
            let mut start = f64::INFINITY;
            let mut bytes = [0; 320];
            while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
                if stream.read_exact(&mut bytes).is_err() {
                    break;
                }
                samples.extend(
                    bytes
                        .chunks_exact(2)
                        .map(|pair| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32_768.0),
                );
                start = start.min(now_ms() - samples_ms(samples.len()));
                // The receiver is gone after the first; nobody waits for more.
                let _ = begun.send(());
            }
            (samples, start)
        });
        wait_for("the recorder", Duration::from_secs(5), || {
            running.try_recv().ok()
        })?;
        Ok(Self { reader, stop })
    }

    fn stop(self) -> Result<Taped> {
        self.stop.send(())?;
        let (samples, begun_ms) = self
            .reader
            .join()
            .map_err(|_| anyhow::anyhow!("the recorder failed"))?;
        Ok(Taped { samples, begun_ms })
    }
}

/// A clock common to all tapes, ms.
pub(crate) fn now_ms() -> f64 {
    static ORIGIN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    ORIGIN.get_or_init(Instant::now).elapsed().as_secs_f64() * 1_000.0
}

/// How long after `begun` samples of a recording the ear hears something louder than −45 dBFS, ms.
pub(crate) fn first_sound(recording: &Recording, begun: usize) -> Result<f64> {
    let window = RATE as usize / 50;
    wait_for("the first sound", Duration::from_secs(10), || {
        let samples = recording.samples().ok()?;
        let heard = samples.get(begun..)?;
        let loud = |part: &[f32]| seatline_tests::listen::level_dbfs(part) > -45.0;
        heard
            .chunks_exact(window)
            .position(loud)
            .map(|index| samples_ms(index * window))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chirps_are_found_where_they_are() {
        let template = chirp();
        let mut tape = vec![0.0; RATE as usize * 3];
        for start in [4_000, 24_000] {
            for (n, sample) in template.iter().enumerate() {
                tape[start + n] += 0.3 * sample;
            }
        }
        assert_eq!(find_chirps(&tape, &template), [4_000, 24_000]);
    }
}
