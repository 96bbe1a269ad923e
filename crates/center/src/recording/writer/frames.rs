//! Opus packets (RFC 6716 section 3): their length in time, silence, and what stands for a lost one.

/// Samples per second of every position on a recording's timeline.
pub(in crate::recording) const RATE: u64 = 48_000;

/// The shortest Opus frame, 2.5 ms, in samples.
pub(super) const SHORTEST: u64 = 120;

/// The longest Opus packet, 120 ms, in samples.
pub(super) const LONGEST: u64 = 5_760;

/// Length of a packet in samples; `None` if it is none.
pub(in crate::recording) fn length(packet: &[u8]) -> Option<u64> {
    let first = *packet.first()?;
    let frame = frame_of(first);
    let frames = match first & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u64::from(*packet.get(1)? & 0x3f),
    };
    Some(frame * frames).filter(|length| (1..=LONGEST).contains(length))
}

fn frame_of(first: u8) -> u64 {
    let config = first >> 3;
    match config {
        0..=11 => [480, 960, 1_920, 2_880][usize::from(config & 3)],
        12..=15 => [480, 960][usize::from(config & 1)],
        16.. => [120, 240, 480, 960][usize::from(config & 3)],
    }
}

/// Silence as a CELT frame says it: its first symbol, and nothing after it.
const SILENT_FRAME: [u8; 2] = [0xff, 0xfe];

/// Gives `emit` packets of silence for `samples`; less than 2.5 ms at the end is left out.
/// Returns what was left out.
pub(super) fn silence(mut samples: u64, mut emit: impl FnMut(&[u8], u64)) -> u64 {
    let mut longest = [0xfb, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    for frame in longest[2..].chunks_exact_mut(2) {
        frame.copy_from_slice(&SILENT_FRAME);
    }
    while samples >= LONGEST {
        emit(&longest, LONGEST);
        samples -= LONGEST;
    }
    for (first, length) in [(0xf8, 960), (0xf0, 480), (0xe8, 240), (0xe0, SHORTEST)] {
        while samples >= length {
            emit(&[first, SILENT_FRAME[0], SILENT_FRAME[1]], length);
            samples -= length;
        }
    }
    samples
}

/// Gives `emit` packets that let a decoder conceal `samples` in the manner of the packet before
/// (RFC 7845 section 4.1), and returns how many samples they do not cover.
pub(super) fn conceal(before: u8, mut samples: u64, mut emit: impl FnMut(&[u8], u64)) -> u64 {
    let frame = frame_of(before);
    while samples >= frame {
        emit(&[before & 0xfc], frame);
        samples -= frame;
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_libopus() {
        for first in 0..=255_u8 {
            for second in 0..64_u8 {
                let packet = [first, second, 0xff, 0xfe];
                let theirs = opus::packet::get_nb_samples(&packet, 48_000).ok();
                let theirs = theirs.map(|samples| samples as u64).filter(|n| *n > 0);
                assert_eq!(length(&packet), theirs, "{packet:?}");
            }
        }
        assert_eq!(length(&[]), None);
        assert_eq!(length(&[3]), None);
    }

    #[test]
    fn silence_of_any_length_decodes_to_nothing_of_that_length() {
        let mut decoder = opus::Decoder::new(48_000, opus::Channels::Mono).unwrap();
        for wanted in [120, 240, 960, 5_760, 5_880, 48_000, 48_119] {
            let mut decoded = 0;
            let mut covered = 0;
            let left = silence(wanted, |packet, length_of| {
                assert_eq!(length(packet), Some(length_of));
                covered += length_of;
                let mut sound = [1.0; LONGEST as usize];
                let samples = decoder.decode_float(packet, &mut sound, false).unwrap();
                assert!(sound[..samples].iter().all(|sample| sample.abs() < 1e-6));
                decoded += samples as u64;
            });
            assert_eq!((covered + left, decoded), (wanted, covered));
            assert!(left < SHORTEST);
        }
    }
}
