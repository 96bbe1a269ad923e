//! Fading without a click: a raised cosine.

use std::f32::consts::PI;
use std::sync::LazyLock;

/// Length of a fade, in samples: 5 ms.
pub(crate) const RAMP: usize = 240;

static RISE: LazyLock<[f32; RAMP]> = LazyLock::new(|| std::array::from_fn(|n| rise(n, RAMP)));

/// The gain at sample `n` of a sound that fades in over `length` samples.
pub(crate) fn rise(n: usize, length: usize) -> f32 {
    0.5 - 0.5 * (PI * (n as f32 + 0.5) / length as f32).cos()
}

/// Adds a sound that begins.
pub(super) fn fade_in(sum: &mut [f32], sound: &[f32]) {
    for ((sum, sample), gain) in sum.iter_mut().zip(sound).zip(&*RISE) {
        *sum += sample * gain;
    }
}

/// Adds a sound that ends.
pub(super) fn fade_out(sum: &mut [f32], sound: &[f32]) {
    for ((sum, sample), gain) in sum.iter_mut().zip(sound).zip(&*RISE) {
        *sum += sample * (1.0 - gain);
    }
}
