//! Speech made a little shorter or longer without a change of pitch: one pitch period is cut or
//! repeated where two stretches of sound resemble each other, joined by a cross-fade.

use std::collections::VecDeque;

/// Shift looked for, in tenths of a millisecond: 2.5 to 12.5 ms.
const SHORTEST: usize = 25;
const LONGEST: usize = 125;

/// Length compared and cross-faded, in tenths of a millisecond.
const JOIN: usize = 50;

/// Resemblance (normalised correlation) from which a join is not heard.
const ALIKE: f32 = 0.8;

/// Root mean square below which any join is inaudible.
const QUIET: f32 = 0.004;

/// Appends `sound` to `out` with up to `most` samples cut. `false`, and nothing appended, if no
/// place is fit for it.
pub(super) fn shorten(sound: &[f32], rate: usize, most: usize, out: &mut VecDeque<f32>) -> bool {
    let Some((shift, join)) = find_shift(sound, rate, most) else {
        return false;
    };
    for n in 0..join {
        let later = n as f32 / join as f32;
        out.push_back(sound[n] * (1.0 - later) + sound[n + shift] * later);
    }
    out.extend(&sound[join + shift..]);
    true
}

/// Appends `sound` to `out` with one period repeated. `false`, and nothing appended, if no place
/// is fit for it.
pub(super) fn lengthen(sound: &[f32], rate: usize, out: &mut VecDeque<f32>) -> bool {
    let Some((shift, join)) = find_shift(sound, rate, usize::MAX) else {
        return false;
    };
    out.extend(&sound[..shift]);
    for n in 0..join {
        let later = n as f32 / join as f32;
        out.push_back(sound[n + shift] * (1.0 - later) + sound[n] * later);
    }
    out.extend(&sound[join..]);
    true
}

/// The shift of at most `most` samples at which `sound` most resembles itself, and the length of
/// the join.
fn find_shift(sound: &[f32], rate: usize, most: usize) -> Option<(usize, usize)> {
    let tenths = |n: usize| n * rate / 10_000;
    let join = tenths(JOIN);
    let longest = tenths(LONGEST)
        .min(most)
        .min(sound.len().checked_sub(join)?);
    let shortest = tenths(SHORTEST);
    if longest < shortest {
        return None;
    }
    let power: f32 = sound.iter().map(|x| x * x).sum();
    if (power / sound.len() as f32).sqrt() < QUIET {
        return Some((longest, join));
    }
    // Searched coarsely at high rates, where neighbours differ little.
    let stride = rate / 8_000;
    let base = &sound[..join];
    let (shift, alike) = (shortest..=longest)
        .step_by(stride.max(1))
        .map(|shift| (shift, resemblance(base, &sound[shift..shift + join])))
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    (alike >= ALIKE).then_some((shift, join))
}

fn resemblance(a: &[f32], b: &[f32]) -> f32 {
    let (mut product, mut power_a, mut power_b) = (0.0, 1e-9, 1e-9);
    for (x, y) in a.iter().zip(b) {
        product += x * y;
        power_a += x * x;
        power_b += y * y;
    }
    product / f32::sqrt(power_a * power_b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{level_at, sine};
    use rand::{Rng, SeedableRng, rngs::StdRng};

    fn roughest_step(sound: &VecDeque<f32>) -> f32 {
        sound
            .iter()
            .zip(sound.iter().skip(1))
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max)
    }

    #[test]
    fn a_tone_changes_length_but_not_pitch_and_has_no_click() {
        for rate in [8_000, 48_000] {
            let tone = sine(200.0, 0.5, rate as u32, rate / 50);
            let smooth = roughest_step(&tone.iter().copied().collect());
            let mut short = VecDeque::new();
            assert!(shorten(&tone, rate, usize::MAX, &mut short));
            let mut long = VecDeque::new();
            assert!(lengthen(&tone, rate, &mut long));
            assert!(short.len() < tone.len() && long.len() > tone.len());
            for sound in [&mut short, &mut long] {
                assert!(roughest_step(sound) < smooth * 1.5, "click at {rate}");
                let level = level_at(sound.make_contiguous(), 200.0, rate as u32);
                assert!(level > 0.4, "{rate}: {level}");
            }
        }
    }

    #[test]
    fn noise_is_left_alone_and_quiet_is_cut() {
        let mut random = StdRng::seed_from_u64(1);
        let noise: Vec<f32> = (0..960).map(|_| random.random_range(-0.5..0.5)).collect();
        let mut out = VecDeque::new();
        assert!(!shorten(&noise, 48_000, usize::MAX, &mut out));
        assert!(out.is_empty());
        assert!(shorten(&[0.0; 960], 48_000, 200, &mut out));
        assert_eq!(out.len(), 760);
    }
}
