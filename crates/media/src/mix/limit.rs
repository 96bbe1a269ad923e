//! Keeping a sum of voices below full level without cutting its peaks off.

/// Up to here a sample stays as it is; sums of conversations rarely pass it.
pub(super) const KNEE: f32 = 0.8;

/// Bends what is louder than the knee towards full level, which it approaches but does not pass.
///
/// It has no memory, so it neither pumps nor delays, and the same sum always sounds the same.
pub(super) fn soften(frame: &mut [f32]) {
    if peak(frame) <= KNEE {
        return;
    }
    for sample in frame {
        let level = sample.abs();
        if level > KNEE {
            // Slope 1 at the knee, so that the bend itself has no corner.
            let over = (level - KNEE) / (1.0 - KNEE);
            *sample = (KNEE + (1.0 - KNEE) * over / (1.0 + over)).copysign(*sample);
        }
    }
}

/// The loudest sample. Several are compared side by side: one after the other would take as long
/// as adding another voice.
fn peak(frame: &[f32]) -> f32 {
    const LANES: usize = 16;
    let mut peaks = [0.0_f32; LANES];
    for samples in frame.chunks(LANES) {
        for (peak, sample) in peaks.iter_mut().zip(samples) {
            let level = sample.abs();
            if level > *peak {
                *peak = level;
            }
        }
    }
    peaks.into_iter().fold(0.0, f32::max)
}
