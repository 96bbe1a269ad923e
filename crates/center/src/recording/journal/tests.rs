//! What an auditor would try.

use super::*;
use seatline_contract::recording::{Mark, Marker};
use std::path::PathBuf;
use tempfile::TempDir;
use uuid::Uuid;

struct Scene {
    _folder: TempDir,
    keys: Keyring,
    path: PathBuf,
}

const VOICE: &[u8] = b"what the customer says";

/// A file of eleven entries: voice, a marker in the midst, and the closing.
fn write(closed: bool) -> Scene {
    let folder = TempDir::new().unwrap();
    let keys = Keyring::open(&folder.path().join("keys")).unwrap();
    let path = folder.path().join("2026/a.rec");
    let (recording, contact) = (RecordingId(Uuid::new_v4()), ContactId(Uuid::new_v4()));
    let mut journal = Journal::create(&path, &keys, recording, contact, UnixMs(1_000)).unwrap();
    for number in 0..10 {
        let at = UnixMs(1_000 + number);
        if number == 5 {
            let marker = Marker {
                at_ms: 5,
                mark: Mark::Held,
            };
            let body = serde_json::to_vec(&marker).unwrap();
            journal.append(Kind::Marker, at, &body).unwrap();
        } else {
            journal
                .append(Kind::Voice(Side::Customer, 0), at, VOICE)
                .unwrap();
        }
    }
    if closed {
        let closing = Closing {
            complete: true,
            duration_ms: 10,
        };
        let body = serde_json::to_vec(&closing).unwrap();
        journal.append(Kind::Closing, UnixMs(1_010), &body).unwrap();
    }
    journal.sync().unwrap();
    Scene {
        _folder: folder,
        keys,
        path,
    }
}

/// Reads all; how many entries are sound, and the first fault.
fn read(scene: &Scene) -> (u32, Option<Fault>) {
    let mut reader = Reader::open(&scene.path, &scene.keys).unwrap();
    loop {
        match reader.next() {
            Ok(Some(_)) => {}
            Ok(None) => return (reader.head().0, None),
            Err(fault) => return (reader.head().0, Some(fault)),
        }
    }
}

/// Where each entry begins.
fn entries(bytes: &[u8]) -> Vec<usize> {
    let length = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let mut at = 12 + length(8);
    let mut found = Vec::new();
    while at < bytes.len() {
        found.push(at);
        at += 4 + length(at);
    }
    found
}

#[test]
fn what_was_written_is_read_and_nothing_of_it_is_in_the_clear() {
    let scene = write(true);
    let bytes = std::fs::read(&scene.path).unwrap();
    assert!(!bytes.windows(VOICE.len()).any(|window| window == VOICE));
    assert!(!bytes.windows(4).any(|window| window == b"held"));
    let mut reader = Reader::open(&scene.path, &scene.keys).unwrap();
    let mut found = Vec::new();
    while let Some(entry) = reader.next().unwrap() {
        found.push(entry);
    }
    assert_eq!(found.len(), 11);
    assert_eq!(found[0].body, VOICE);
    assert_eq!(found[5].marker().unwrap().mark, Mark::Held);
    assert!(found[10].closing().unwrap().complete);
    assert_eq!(reader.length(), bytes.len() as u64);
}

#[test]
fn every_flipped_bit_is_found_at_its_entry() {
    let scene = write(true);
    let whole = std::fs::read(&scene.path).unwrap();
    let begins = entries(&whole);
    for at in (begins[0]..whole.len()).step_by(7) {
        let mut broken = whole.clone();
        broken[at] ^= 1;
        std::fs::write(&scene.path, &broken).unwrap();
        let (sound, fault) = read(&scene);
        let entry = begins.iter().filter(|begin| **begin <= at).count() as u32 - 1;
        let fault = fault.unwrap_or_else(|| panic!("byte {at} is not noticed"));
        assert_eq!((sound, fault.entry), (entry, entry), "byte {at}");
    }
    std::fs::write(&scene.path, &whole).unwrap();
    assert_eq!(read(&scene), (11, None));
}

#[test]
fn taking_out_swapping_and_adding_are_found() {
    let scene = write(true);
    let whole = std::fs::read(&scene.path).unwrap();
    let begins = entries(&whole);
    let part = |number: usize| {
        let end = begins.get(number + 1).copied().unwrap_or(whole.len());
        whole[begins[number]..end].to_vec()
    };
    let rebuild = |order: &[usize]| {
        let mut bytes = whole[..begins[0]].to_vec();
        for number in order {
            bytes.extend(part(*number));
        }
        std::fs::write(&scene.path, bytes).unwrap();
        read(&scene)
    };
    let fault = |entry, kind| Some(Fault { entry, kind });
    let (sound, found) = rebuild(&[0, 1, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert_eq!((sound, found), (2, fault(2, FaultKind::Altered)));
    let (sound, found) = rebuild(&[0, 2, 1, 3]);
    assert_eq!((sound, found), (1, fault(1, FaultKind::Altered)));
    let (sound, found) = rebuild(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0]);
    assert_eq!((sound, found), (11, fault(11, FaultKind::Added)));
}

#[test]
fn a_file_cut_anywhere_keeps_what_was_whole_and_can_be_closed() {
    let scene = write(false);
    let whole = std::fs::read(&scene.path).unwrap();
    let begins = entries(&whole);
    for cut in (begins[0]..whole.len()).step_by(11) {
        let mut bytes = whole[..cut].to_vec();
        // A power failure may also leave the file's length without its data.
        bytes.resize(cut + cut % 50, 0);
        std::fs::write(&scene.path, bytes).unwrap();
        let (sound, _) = read(&scene);
        let kept = begins[1..].iter().filter(|begin| **begin <= cut).count() as u32;
        assert_eq!(sound, kept, "cut at {cut}");
        let mut reader = Reader::open(&scene.path, &scene.keys).unwrap();
        while let Ok(Some(_)) = reader.next() {}
        let mut journal = reader.carry_on(&scene.path).unwrap();
        let closing = Closing {
            complete: false,
            duration_ms: 1,
        };
        let body = serde_json::to_vec(&closing).unwrap();
        journal.append(Kind::Closing, UnixMs(2_000), &body).unwrap();
        drop(journal);
        assert_eq!(read(&scene), (kept + 1, None));
    }
}

#[test]
fn another_centres_key_opens_nothing() {
    let scene = write(true);
    let others = Keyring::open(&scene.path.with_extension("keys")).unwrap();
    assert!(matches!(
        Reader::open(&scene.path, &others),
        Err(OpenError::NotARecording)
    ));
    std::fs::write(&scene.path, b"SEATREC\x01").unwrap();
    assert!(matches!(
        Reader::open(&scene.path, &scene.keys),
        Err(OpenError::NotARecording)
    ));
}
