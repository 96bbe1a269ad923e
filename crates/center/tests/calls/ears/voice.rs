//! Voices that can be told apart in any mixture, and how loud each is in what an ear heard.

use rand::{Rng, SeedableRng, rngs::StdRng};
use seatline_media::{FRAME, Frame, Listener, Talker};
use std::{
    f32::consts::TAU,
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};
use tokio_util::task::AbortOnDropHandle;

/// How many voices there are.
pub(super) const VOICES: usize = 6;

/// A voice repeats itself after this many samples at 48 kHz: 100 ms.
const PERIOD: usize = 4_800;
/// What an ear heard is judged at 8 kHz.
const DECIMATION: usize = 6;
/// Samples judged at once: two periods.
const WINDOW: usize = 2 * PERIOD / DECIMATION;
/// From one window to the next: one period.
const HOP: usize = WINDOW / 2;
/// The root mean square of a voice: all of them together stay below full level.
const LOUDNESS: f32 = 0.07;

/// Heard at this share of its loudness, a voice is there.
const THERE: f32 = 0.4;
/// Up to here it is not: codecs and a repaired stream blur the voices that are.
const ABSENT: f32 = 0.25;
/// Its partials stand to each other as they were said; those of a click, which has all
/// frequencies, do so by chance only.
const LIKE: f32 = 0.75;

/// A hum of partials, each with a phase of its own. No two voices share a partial.
struct Voice {
    /// Multiples of the period's frequency, with their phases.
    partials: Vec<(usize, f32)>,
    /// One period at 48 kHz.
    period: Vec<f32>,
}

static ALL: LazyLock<Vec<Voice>> = LazyLock::new(|| (0..VOICES).map(Voice::new).collect());

impl Voice {
    fn new(n: usize) -> Self {
        let mut random = StdRng::seed_from_u64(n as u64);
        // 310 Hz to 2 kHz: any telephone carries that.
        let partials: Vec<(usize, f32)> = (31 + n..200)
            .step_by(VOICES)
            .map(|multiple| (multiple, random.random_range(0.0..TAU)))
            .collect();
        let level = LOUDNESS * (2.0 / partials.len() as f32).sqrt();
        let sample = |at: usize| -> f32 {
            let partial = |(multiple, phase): &(usize, f32)| {
                (TAU * (multiple * at % PERIOD) as f32 / PERIOD as f32 + phase).cos()
            };
            level * partials.iter().map(partial).sum::<f32>()
        };
        let period = (0..PERIOD).map(sample).collect();
        Self { partials, period }
    }

    /// How much of the voice is in a window: the peak of the correlation over all delays.
    fn find_in(&self, sound: &[f32]) -> Found {
        let heard: Vec<(f32, f32)> = self
            .partials
            .iter()
            .map(|(multiple, phase)| component(sound, *multiple, *phase))
            .collect();
        let level = LOUDNESS * (self.partials.len() as f32 * 2.0).sqrt();
        let most: f32 = heard.iter().map(|(re, im)| re.hypot(*im)).sum();
        if most < ABSENT * level {
            let share = most / level;
            return Found {
                share,
                likeness: 0.0,
            };
        }
        let table = &*ROTATIONS;
        let correlation = |delay: usize| {
            let rotated = self.partials.iter().zip(&heard);
            let (re, im) = rotated.fold((0.0, 0.0), |(sum_re, sum_im), ((n, _), (re, im))| {
                let (cos, sin) = table[n * delay % table.len()];
                (sum_re + re * cos - im * sin, sum_im + re * sin + im * cos)
            });
            f32::hypot(re, im)
        };
        let peak = (0..HOP).map(correlation).fold(0.0, f32::max);
        Found {
            share: peak / level,
            likeness: peak / most,
        }
    }
}

/// Cosine and sine of all parts of a turn that a period at 8 kHz knows.
static ROTATIONS: LazyLock<Vec<(f32, f32)>> = LazyLock::new(|| {
    (0..HOP)
        .map(|n| {
            let angle = TAU * n as f32 / HOP as f32;
            (angle.cos(), angle.sin())
        })
        .collect()
});

/// A raised cosine over a window, so that what begins or ends in it does not blur.
static WEIGHTS: LazyLock<Vec<f32>> = LazyLock::new(|| {
    (0..WINDOW)
        .map(|n| 1.0 - (TAU * n as f32 / WINDOW as f32).cos())
        .collect()
});

/// The amplitude and phase of a partial in a window, its own phase taken out.
fn component(sound: &[f32], multiple: usize, phase: f32) -> (f32, f32) {
    let table = &*ROTATIONS;
    let samples = sound.iter().zip(&*WEIGHTS).enumerate();
    let (re, im) = samples.fold((0.0, 0.0), |(re, im), (n, (sample, weight))| {
        let (cos, sin) = table[n * multiple % table.len()];
        let sample = sample * weight;
        (re + sample * cos, im - sample * sin)
    });
    let (re, im) = (re * 2.0 / WINDOW as f32, im * 2.0 / WINDOW as f32);
    let (sin, cos) = phase.sin_cos();
    (re * cos + im * sin, im * cos - re * sin)
}

/// One voice in a window of what an ear heard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found {
    /// How loud, relative to how it was said.
    share: f32,
    /// How much of what sounds at its frequencies is the voice, and not something else.
    likeness: f32,
}

/// All voices in a window of what an ear heard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Heard([Found; VOICES]);

impl Heard {
    /// Whether exactly these voices were there.
    pub(super) fn is(&self, voices: &[usize]) -> bool {
        let fits = |(n, found): (usize, &Found)| match voices.contains(&n) {
            true => found.share > THERE,
            false => found.share < ABSENT,
        };
        self.0.iter().enumerate().all(fits)
    }

    /// Voices that are not among these and were there all the same.
    pub(super) fn besides(&self, voices: &[usize]) -> Vec<(usize, Found)> {
        let all = self.0.iter().copied().enumerate();
        let there = |found: &Found| found.share >= THERE && found.likeness >= LIKE;
        all.filter(|(n, found)| there(found) && !voices.contains(n))
            .collect()
    }
}

/// The mouth and the ear at one end of a call. The mouth speaks for as long as this is there.
pub(super) struct Head {
    /// At 8 kHz, not judged yet.
    heard: Arc<Mutex<Vec<f32>>>,
    _living: AbortOnDropHandle<()>,
}

impl Head {
    pub(super) fn new(voice: usize, (mut talker, mut listener): (Talker, Listener)) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ear = Arc::clone(&heard);
        let living = async move {
            let said = &ALL[voice].period;
            let mut at = 0;
            let mut rhythm = tokio::time::interval(Duration::from_millis(20));
            loop {
                rhythm.tick().await;
                let mut frame: Frame = std::array::from_fn(|n| said[(at + n) % PERIOD]);
                at += FRAME;
                talker.send(&frame);
                listener.receive(&mut frame);
                let narrow = frame
                    .chunks_exact(DECIMATION)
                    .map(|samples| samples.iter().sum::<f32>() / DECIMATION as f32);
                ear.lock().unwrap().extend(narrow);
            }
        };
        Self {
            heard,
            _living: AbortOnDropHandle::new(tokio::spawn(living)),
        }
    }

    /// Judges what was heard since the last time. The last half window is kept for the next.
    pub(super) fn listen(&self) -> Vec<Heard> {
        let sound = {
            let mut heard = self.heard.lock().unwrap();
            let windows = (heard.len() / HOP).saturating_sub(1);
            let sound = heard[..(windows + 1) * HOP * usize::from(windows > 0)].to_vec();
            heard.drain(..windows * HOP);
            sound
        };
        let starts = (0..sound.len().saturating_sub(HOP)).step_by(HOP);
        let windows = starts.map(|start| &sound[start..start + WINDOW]);
        windows
            .map(|window| Heard(std::array::from_fn(|n| ALL[n].find_in(window))))
            .collect()
    }
}

#[test]
fn voices_are_told_apart_in_any_mixture() {
    for said in 0..1_usize << VOICES {
        let voices: Vec<usize> = (0..VOICES).filter(|n| said >> n & 1 == 1).collect();
        let sound: Vec<f32> = (0..WINDOW)
            .map(|at| {
                let sample = |n: &usize| ALL[*n].period[(at * DECIMATION + 700 * n) % PERIOD];
                voices.iter().map(sample).sum()
            })
            .collect();
        let heard = Heard(std::array::from_fn(|n| ALL[n].find_in(&sound)));
        assert!(heard.is(&voices), "{voices:?}: {heard:?}");
        for n in &voices {
            let less: Vec<usize> = voices.iter().copied().filter(|v| v != n).collect();
            assert!(!heard.is(&less));
            assert_eq!(heard.besides(&less).len(), 1);
        }
    }
}

/// A click and a hiss are nobody's voice, however loud.
#[test]
fn noise_is_nobody() {
    let mut random = StdRng::seed_from_u64(0);
    for turn in 0..50 {
        let mut sound: Vec<f32> = (0..WINDOW)
            .map(|_| random.random_range(-0.3..0.3))
            .collect();
        if turn % 2 == 0 {
            sound.fill(0.0);
            sound[random.random_range(WINDOW / 4..WINDOW * 3 / 4)] = 40.0;
        }
        let heard = Heard(std::array::from_fn(|n| ALL[n].find_in(&sound)));
        assert_eq!(heard.besides(&[]), []);
        let likest = heard.0.iter().map(|found| found.likeness);
        assert!(likest.fold(0.0, f32::max) < LIKE, "{heard:?}");
    }
}
