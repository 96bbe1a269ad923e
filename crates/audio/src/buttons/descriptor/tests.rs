use super::super::samples;
use super::*;

/// Each key with its report, bit and manner.
fn keys(descriptor: &[u8]) -> Vec<(Key, u8, usize, Manner)> {
    let layout = parse(descriptor).unwrap();
    let keys = layout.keys.into_iter().map(|(place, read)| match read {
        Read::Key(key, manner) => (key, place.report, place.bit, manner),
        Read::Selector(..) => panic!("a key told by number"),
    });
    keys.collect()
}

/// Each lamp with its report and bit.
fn lamps(descriptor: &[u8]) -> Vec<(Lamp, u8, usize)> {
    let layout = parse(descriptor).unwrap();
    let lamps = layout.lamps.into_iter();
    lamps
        .map(|(place, lamp)| (lamp, place.report, place.bit))
        .collect()
}

#[test]
fn keys_are_found_where_each_maker_puts_them() {
    use Key::{Flash, Hook, Mute, Reject};
    use Manner::{Pulse, State};
    let jabra = [
        (Hook, 2, 0, State),
        (Mute, 2, 2, Pulse),
        (Flash, 2, 3, Pulse),
        (Reject, 2, 10, Pulse),
    ];
    assert_eq!(keys(samples::JABRA), jabra);
    let poly = [
        (Hook, 8, 0, State),
        (Mute, 8, 4, Pulse),
        (Flash, 8, 5, Pulse),
        (Reject, 8, 7, Pulse),
    ];
    assert_eq!(keys(samples::POLY), poly);
    assert_eq!(keys(samples::CONSTANT), jabra[..3]);
    let dect = [
        (Hook, 2, 0, State),
        (Mute, 2, 3, Pulse),
        (Flash, 2, 4, Pulse),
        (Reject, 2, 7, Pulse),
    ];
    assert_eq!(keys(samples::DECT), dect);
    let small = [(Hook, 0, 0, Pulse), (Mute, 0, 1, Pulse)];
    assert_eq!(keys(samples::SMALL), small);
}

#[test]
fn lamps_are_found_with_the_length_of_their_reports() {
    use Lamp::{Hold, Microphone, Mute, OffHook, Ring};
    let row = [
        (OffHook, 2, 0),
        (Mute, 2, 1),
        (Ring, 2, 2),
        (Hold, 2, 3),
        (Microphone, 2, 4),
    ];
    for descriptor in [samples::JABRA, samples::CONSTANT, samples::DECT] {
        assert_eq!(lamps(descriptor), row);
    }
    let poly = [
        (Mute, 0x09, 0),
        (OffHook, 0x17, 0),
        (Ring, 0x18, 0),
        (Hold, 0x20, 0),
    ];
    assert_eq!(lamps(samples::POLY), poly);
    let lengths = |descriptor| parse(descriptor).unwrap().outputs;
    assert_eq!(lengths(samples::JABRA), BTreeMap::from([(2, 2)]));
    assert_eq!(lengths(samples::CONSTANT), BTreeMap::from([(2, 1)]));
    let single = [(0x09, 1), (0x17, 1), (0x18, 1), (0x20, 1)];
    assert_eq!(lengths(samples::POLY), BTreeMap::from(single));
    assert_eq!(lengths(samples::SMALL), BTreeMap::from([(0, 1)]));
}

#[test]
fn keys_told_by_number_are_counted_from_the_first_value() {
    let layout = parse(samples::NUMBERS).unwrap();
    let choices = vec![Some(Key::Hook), Some(Key::Mute), Some(Key::Drop)];
    assert_eq!(layout.keys.len(), 1);
    assert_eq!(layout.keys[0].1, Read::Selector(1, choices));
    assert!(layout.is_useful());
}

#[test]
fn what_has_no_key_for_calls_is_of_no_use() {
    for descriptor in [samples::GAMES, samples::KEYBOARD, &[]] {
        let layout = parse(descriptor).unwrap();
        assert!(!layout.is_useful(), "{layout:?}");
    }
    assert!(parse(samples::KEYBOARD).unwrap().outputs.is_empty());
}

#[test]
fn a_key_that_leaves_open_whether_it_springs_back_is_said_so() {
    // As SMALL, but absolute: 0x02 springs back by preference, 0x22 stays.
    for (flags, manner) in [(0x02, Manner::Unsaid), (0x22, Manner::State)] {
        let mut descriptor = samples::SMALL.to_vec();
        let at = descriptor.iter().position(|byte| *byte == 0x81).unwrap() + 1;
        descriptor[at] = flags;
        let found = keys(&descriptor);
        assert_eq!(found[0], (Key::Hook, 0, 0, Manner::State));
        assert_eq!(found[1], (Key::Mute, 0, 1, manner));
    }
}

#[test]
fn long_spellings_ranges_and_pushed_states_are_understood() {
    let descriptor = [
        0xFE, 0x03, 0x99, 1, 2, 3, // a long item
        0x05, 0x0B, 0x09, 0x05, 0xA1, 0x01, //
        0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, 0x01, //
        0xA4, // pushed
        0x05, 0x0C, 0x85, 0x07, 0x95, 0x08, 0x81, 0x01, // another page and report
        0xB4, // and back
        0x95, 0x02, 0x19, 0x20, 0x29, 0x21, 0x81, 0x06, // a range: hook, flash
        0x05, 0x0C, 0x95, 0x01, 0x0B, 0x2F, 0x00, 0x0B, 0x00, 0x81,
        0x06, // mute with its page
        0xC0,
    ];
    let found: Vec<(Key, usize)> = keys(&descriptor)
        .into_iter()
        .map(|(key, _, bit, _)| (key, bit))
        .collect();
    assert_eq!(found, [(Key::Hook, 0), (Key::Flash, 1), (Key::Mute, 2)]);
}

#[test]
fn what_is_broken_is_refused_with_its_fault() {
    let mut endless = [0xA1, 0x01].repeat(MOST_DEPTH + 1);
    assert_eq!(parse(&endless), Err(BadDescriptor::TooDeep));
    endless = vec![0xA4; MOST_DEPTH + 1];
    assert_eq!(parse(&endless), Err(BadDescriptor::TooDeep));
    assert_eq!(parse(&[0xC0]), Err(BadDescriptor::Unbalanced));
    assert_eq!(parse(&[0xB4]), Err(BadDescriptor::Unbalanced));
    assert_eq!(parse(&[0x26, 0xFF]), Err(BadDescriptor::CutOff));
    assert_eq!(parse(&[0xFE, 9, 0]), Err(BadDescriptor::CutOff));
    let long = [
        0x77, 0xFF, 0xFF, 0xFF, 0xFF, 0x97, 0xFF, 0xFF, 0xFF, 0xFF, 0x81, 0x02,
    ];
    assert_eq!(parse(&long), Err(BadDescriptor::TooLong));
    for sample in samples::ALL {
        // Each end but a clean one between two items is told; none breaks anything.
        for length in 0..sample.len() {
            let _ = parse(&sample[..length]);
        }
    }
}
