//! Going over from one source to another without a click.

use crate::codec::g711::Law;
use crate::{Codec, mix};
use bytes::Bytes;

/// Length of a fade at G.711's 8 kHz, in samples: 5 ms.
const FADE: usize = 40;

/// Where one source's voice ends and another's begins.
///
/// G.711 is bare samples: where two sources meet it jumps. So the first packet of a new source
/// begins at the last sample of the old one and goes over to its own sound within 5 ms. Opus frames
/// overlap by themselves.
#[derive(Debug, Default)]
pub(super) struct Seam {
    /// The last sample sent.
    last: Option<(Law, u8)>,
    open: bool,
}

impl Seam {
    /// The next packet is another source's.
    pub(super) fn open(&mut self) {
        self.open = true;
    }

    /// The payload as it is to be sent.
    pub(super) fn close(&mut self, codec: Codec, payload: Bytes) -> Bytes {
        let open = std::mem::take(&mut self.open);
        let Some(law) = codec.law() else {
            self.last = None;
            return payload;
        };
        let from = match self.last {
            Some((before, octet)) if before == law => law.expand(octet),
            _ => 0,
        };
        self.last = payload.last().map(|octet| (law, *octet));
        match open {
            true => fade(law, from, &payload),
            false => payload,
        }
    }
}

fn fade(law: Law, from: i16, payload: &[u8]) -> Bytes {
    let mut octets = payload.to_vec();
    for (n, octet) in octets.iter_mut().take(FADE).enumerate() {
        let rise = mix::rise(n, FADE);
        let to = f32::from(law.expand(*octet));
        let sample = f32::from(from) * (1.0 - rise) + to * rise;
        *octet = law.compress(sample as i16);
    }
    octets.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(law: Law, payload: &[u8]) -> Vec<i16> {
        payload.iter().map(|octet| law.expand(*octet)).collect()
    }

    #[test]
    fn a_new_source_begins_where_the_old_one_ended() {
        for (codec, law) in [(Codec::Pcma, Law::A), (Codec::Pcmu, Law::Mu)] {
            let loud = |level: i16| Bytes::from(vec![law.compress(level); 160]);
            let mut seam = Seam::default();
            seam.open();
            let first = samples(law, &seam.close(codec, loud(8_000)));
            assert!(first[0] < 100, "from silence: {}", first[0]);
            assert_eq!(seam.close(codec, loud(8_000)), loud(8_000));
            seam.open();
            let next = samples(law, &seam.close(codec, loud(-8_000)));
            let all: Vec<i16> = first[FADE..].iter().chain(&next).copied().collect();
            let step = all.windows(2).map(|two| (two[1] - two[0]).abs()).max();
            // A cosine of 16,000 over 40 samples falls by 630 at most; its steps are companded.
            assert!(step < Some(1_200), "{codec:?}: {step:?}");
            assert_eq!(next[FADE..], samples(law, &loud(-8_000))[FADE..]);
        }
    }

    #[test]
    fn opus_is_left_alone() {
        let mut seam = Seam::default();
        seam.open();
        let payload = Bytes::from_static(&[0xf8, 0xff, 0xfe]);
        assert_eq!(seam.close(Codec::Opus, payload.clone()), payload);
    }
}
