use super::super::descriptor::parse;
use super::super::samples;
use super::*;

fn decoder(descriptor: &[u8]) -> Decoder {
    Decoder::new(parse(descriptor).unwrap())
}

/// What a report says, in short.
fn said(decoder: &mut Decoder, report: &[u8]) -> Vec<(Key, bool)> {
    let changes = decoder.read(report).into_iter();
    changes.map(|change| (change.key, change.on)).collect()
}

#[test]
fn keys_are_told_when_they_change() {
    let mut jabra = decoder(samples::JABRA);
    assert_eq!(said(&mut jabra, &[2, 0b1, 0]), [(Key::Hook, true)]);
    assert_eq!(said(&mut jabra, &[2, 0b1, 0]), []);
    assert_eq!(said(&mut jabra, &[2, 0b101, 0]), [(Key::Mute, true)]);
    assert_eq!(said(&mut jabra, &[2, 0b1, 0]), [(Key::Mute, false)]);
    let both = [(Key::Hook, false), (Key::Reject, true)];
    assert_eq!(said(&mut jabra, &[2, 0, 0b100]), both);
    // Volume is the system's.
    assert_eq!(said(&mut jabra, &[1, 0b111]), []);
}

#[test]
fn reports_without_a_number_and_reports_that_are_cut_off() {
    let mut small = decoder(samples::SMALL);
    assert_eq!(said(&mut small, &[0b10]), [(Key::Mute, true)]);
    assert_eq!(said(&mut small, &[]), []);
    assert_eq!(said(&mut small, &[0]), [(Key::Mute, false)]);
    let mut jabra = decoder(samples::JABRA);
    assert_eq!(said(&mut jabra, &[]), []);
    assert_eq!(said(&mut jabra, &[2]), []);
    assert_eq!(said(&mut jabra, &[2, 1]), [(Key::Hook, true)]);
}

#[test]
fn keys_told_by_number_go_up_when_another_goes_down() {
    let mut numbers = decoder(samples::NUMBERS);
    assert_eq!(said(&mut numbers, &[3, 1]), [(Key::Hook, true)]);
    let swapped = [(Key::Hook, false), (Key::Mute, true)];
    assert_eq!(said(&mut numbers, &[3, 2]), swapped);
    // Numbers of no key, below the first and past the last.
    assert_eq!(said(&mut numbers, &[3, 0]), [(Key::Mute, false)]);
    assert_eq!(said(&mut numbers, &[3, 200]), []);
}

#[test]
fn lamps_are_written_where_each_maker_has_them() {
    let all = Lamps {
        off_hook: true,
        ring: true,
        mute: true,
        hold: true,
    };
    let lit = |descriptor, lamps| write(&parse(descriptor).unwrap(), lamps);
    // Not the microphone's lamp, for there is one for mute.
    assert_eq!(lit(samples::JABRA, all), [[2, 0b1111, 0]]);
    let ringing = Lamps {
        ring: true,
        ..Lamps::default()
    };
    assert_eq!(lit(samples::JABRA, ringing), [[2, 0b100, 0]]);
    let poly = [[0x09, 0], [0x17, 0], [0x18, 1], [0x20, 0]];
    assert_eq!(lit(samples::POLY, ringing), poly);
    // Only the microphone's lamp says that it is off.
    let muted = Lamps {
        off_hook: true,
        mute: true,
        ..Lamps::default()
    };
    assert_eq!(lit(samples::SMALL, muted), [[0, 0b101]]);
    assert!(lit(samples::NUMBERS, all).is_empty());
}

/// A generator of numbers that anybody can repeat (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % below.max(1) as u64).unwrap()
    }
}

#[test]
fn no_descriptor_and_no_report_breaks_anything() {
    let seed = 0x5EA7_11E5;
    println!("seed {seed:#x}");
    let mut dice = Dice(seed);
    let (mut taken, mut told) = (0, 0);
    for _ in 0..20_000 {
        let mut descriptor = match dice.roll(3) {
            // Noise.
            0 => (0..dice.roll(200)).map(|_| dice.roll(256) as u8).collect(),
            // A real one with some bytes changed.
            _ => samples::ALL[dice.roll(samples::ALL.len())].to_vec(),
        };
        for _ in 0..dice.roll(6) {
            let at = dice.roll(descriptor.len());
            if let Some(byte) = descriptor.get_mut(at) {
                *byte = dice.roll(256) as u8;
            }
        }
        let Ok(layout) = parse(&descriptor) else {
            continue;
        };
        taken += 1;
        let all = Lamps {
            off_hook: true,
            ring: true,
            mute: true,
            hold: true,
        };
        for report in write(&layout, all) {
            assert_eq!(report.len(), 1 + layout.outputs[&report[0]]);
        }
        let mut decoder = Decoder::new(layout);
        for _ in 0..10 {
            let report: Vec<u8> = (0..dice.roll(12)).map(|_| dice.roll(256) as u8).collect();
            told += decoder.read(&report).len();
            let numbered: Vec<u8> = [2].into_iter().chain(report).collect();
            told += decoder.read(&numbered).len();
        }
    }
    assert!(taken > 5_000 && told > 10_000, "{taken} read, {told} told");
}
