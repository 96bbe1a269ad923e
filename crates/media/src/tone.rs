//! Call-progress tones, made from sines.

/// A cadenced call-progress tone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tone {
    /// One or two frequencies summed, in hertz; 0 for unused.
    pub frequencies: [f32; 2],
    /// Length of each burst, in milliseconds.
    pub on_ms: u32,
    /// Silence between bursts, in milliseconds; 0 for a continuous tone.
    pub off_ms: u32,
    /// Peak level of the sum, 0.0..=1.0.
    pub level: f32,
}

impl Tone {
    /// What a caller hears while the far end rings (450 Hz, 1 s in 5, as in China).
    pub const RINGBACK: Self = Self {
        frequencies: [450.0, 0.0],
        on_ms: 1_000,
        off_ms: 4_000,
        level: 0.15,
    };

    /// Busy or congested (450 Hz, 350 ms on and off, as in China).
    pub const BUSY: Self = Self {
        frequencies: [450.0, 0.0],
        on_ms: 350,
        off_ms: 350,
        level: 0.15,
    };

    /// A continuous tone of one frequency, for tests of a voice path.
    pub fn continuous(frequency: f32) -> Self {
        Self {
            frequencies: [frequency, 0.0],
            on_ms: 1_000,
            off_ms: 0,
            level: 0.5,
        }
    }
}
