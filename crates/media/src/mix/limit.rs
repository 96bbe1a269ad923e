//! Keeping a sum of voices below full level without cutting its peaks off.

/// Up to here a sample stays as it is; sums of conversations rarely pass it.
pub(super) const KNEE: f32 = 0.8;

/// Bends what is louder than the knee towards full level, which it approaches but does not pass.
///
/// It has no memory, so it neither pumps nor delays, and the same sum always sounds the same.
pub(super) fn soften(frame: &mut [f32]) {
    let peak = frame.iter().fold(0.0_f32, |peak, s| peak.max(s.abs()));
    if peak <= KNEE {
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
