//! Recordings, their rows and the crash between them.

use super::{
    Keyring, Recorder, Recordings, journal::OpenError, playback, retention, store, sweep,
    writer::Outcome,
};
use crate::{
    calls::{Record, add_past},
    clock::Clock,
    store::{Store, setting, text},
    switch::simulated::Simulated,
};
use sea_orm::ConnectionTrait;
use seatline_contract::{
    contact::Direction,
    id::{ContactId, RecordingId},
    party::RecordingState,
    recording::{
        Mark, PauseReason, RecordingMode, RecordingPolicy, RecordingRule, RecordingStatus, Side,
    },
    time::UnixMs,
};
use seatline_media::{
    Codec,
    sim::{Headset, Network, level_at, pair},
};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};
use tempfile::TempDir;
use uuid::Uuid;

const CUSTOMER_TONE: f32 = 440.0;
const AGENT_TONE: f32 = 700.0;

async fn open(folder: &Path) -> (Recordings, super::Driver) {
    open_at(folder, Clock::system()).await
}

async fn open_at(folder: &Path, clock: Clock) -> (Recordings, super::Driver) {
    let store = Store::open(&folder.join("centre.db"), None).await.unwrap();
    let (recordings, driver) = Recordings::open(
        folder.join("recordings"),
        &folder.join("recording.keys"),
        store,
        clock,
    )
    .await
    .unwrap();
    let policy = RecordingPolicy {
        rules: vec![RecordingRule {
            queue: None,
            direction: None,
            mode: RecordingMode::All,
            announce: false,
            class: "standard".into(),
        }],
        ..RecordingPolicy::default()
    };
    recordings.set_policy(policy).await.unwrap();
    (recordings, driver)
}

/// A call whose parties speak.
struct Call {
    contact: ContactId,
    headsets: [Headset; 2],
    /// Kept, so that the legs live.
    _legs: Vec<seatline_media::Leg>,
}

async fn begin(recordings: &Recordings) -> Call {
    let (switch, _) = Simulated::new();
    let contact = ContactId(Uuid::now_v7());
    let record = Record::new(contact, Direction::Inbound, UnixMs(0));
    add_past(recordings.0.store.db(), &record).await.unwrap();
    recordings.arrived(contact, Direction::Inbound, None);
    let mut legs = Vec::new();
    let mut parties = Vec::new();
    let headsets = [Codec::Pcma, Codec::Opus].map(|codec| {
        let ((ours, _), (theirs, _)) = pair(codec, Network::default());
        let party = switch.party();
        switch.give_voice(party, ours.clone());
        parties.push(party);
        legs.push(ours);
        let headset = Headset::new(theirs.attach().unwrap());
        legs.push(theirs);
        headset
    });
    recordings.attach(Arc::new(switch));
    let sides = [Side::Customer, Side::Agent].into_iter();
    let present: Vec<_> = parties
        .into_iter()
        .zip(sides)
        .map(|(party, side)| (party, side, None))
        .collect();
    recordings.present(contact, &present);
    recordings.connected(contact);
    Call {
        contact,
        headsets,
        _legs: legs,
    }
}

impl Call {
    async fn talk(&mut self, time: Duration) {
        let [customer, agent] = &mut self.headsets;
        tokio::join!(
            customer.use_for(time, CUSTOMER_TONE),
            agent.use_for(time, AGENT_TONE)
        );
    }
}

/// Waits until all that ended is closed and drawn.
async fn settle(recordings: &Recordings) {
    recordings.0.tasks.close();
    recordings.0.tasks.wait().await;
    recordings.0.tasks.reopen();
}

async fn only_row(recordings: &Recordings) -> store::Model {
    let filter = Default::default();
    let mut rows = store::search(
        recordings.0.store.db(),
        &filter,
        &store::Scope::default(),
        10,
    )
    .await
    .unwrap();
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

fn status(row: &store::Model) -> RecordingStatus {
    text::from_name(&row.status).unwrap()
}

/// Both sides as decoded sound.
fn hear(recordings: &Recordings, row: &store::Model) -> [Vec<f32>; 2] {
    let path = recordings.0.folder.join(&row.path);
    decode(&path, &recordings.0.keys).unwrap()
}

fn decode(file: &Path, keys: &Keyring) -> Result<[Vec<f32>; 2], OpenError> {
    let mut playback = playback::Playback::open(file, keys, 0)?;
    let mut sides = [Vec::new(), Vec::new()];
    while let Some(piece) = playback.next() {
        for pair in piece.chunks_exact(2) {
            for (side, sample) in sides.iter_mut().zip(pair) {
                side.push(f32::from(*sample) / 32_768.0);
            }
        }
    }
    Ok(sides)
}

fn length(side: &[f32]) -> Duration {
    Duration::from_secs_f64(side.len() as f64 / f64::from(playback::PLAYED))
}

/// How much sound the only recording in a folder holds by now.
fn written(folder: &Path, keys: &Keyring) -> Duration {
    let days = std::fs::read_dir(folder).unwrap();
    let files = days.flat_map(|day| std::fs::read_dir(day.unwrap().path()).unwrap());
    let sides = files.filter_map(|file| decode(&file.unwrap().path(), keys).ok());
    sides
        .map(|[side, _]| length(&side))
        .max()
        .unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_kept_paused_and_deleted_when_its_time_is_up() {
    let folder = TempDir::new().unwrap();
    let hands = Arc::new(AtomicI64::new(1_000_000));
    let time = hands.clone();
    let clock = Clock::from_fn(move || UnixMs(time.load(Ordering::Relaxed)));
    let (recordings, _driver) = open_at(folder.path(), clock).await;
    let mut call = begin(&recordings).await;
    call.talk(Duration::from_secs(2)).await;
    let pause = super::machine::Input::Pause(None, PauseReason::Asked);
    recordings.apply(call.contact, pause).unwrap();
    assert!(recordings.pressed(call.contact, '4'), "keys are hidden");
    assert!(matches!(
        recordings.state(call.contact),
        RecordingState::Paused { .. }
    ));
    call.talk(Duration::from_millis(600)).await;
    let resume = super::machine::Input::Resume(None);
    recordings.apply(call.contact, resume).unwrap();
    call.talk(Duration::from_secs(1)).await;
    recordings.held(call.contact, true);
    recordings.ended(call.contact);
    settle(&recordings).await;
    let row = only_row(&recordings).await;
    assert_eq!(status(&row), RecordingStatus::Complete);
    assert!(row.sound && row.bytes > 0 && row.entries > 4, "{row:?}");
    assert_eq!(recordings.tally().complete, 1);
    let marks: Vec<Mark> = store::markers(&row)
        .unwrap()
        .into_iter()
        .map(|marker| marker.mark)
        .collect();
    assert!(matches!(
        marks[..],
        [Mark::Paused { .. }, Mark::Resumed { .. }, Mark::Held]
    ));
    let sides = hear(&recordings, &row);
    for (side, tone) in sides.iter().zip([CUSTOMER_TONE, AGENT_TONE]) {
        let second = &side[8_000..24_000];
        let level = level_at(second, tone, playback::PLAYED);
        assert!(level > 0.1, "{tone} Hz at {level}");
    }

    let id = RecordingId(row.id);
    let db = recordings.0.store.db();
    let later = UnixMs(row.expires);
    assert!(store::expired(db, later.plus(-1)).await.unwrap().is_empty());
    store::edit(db, id, Some(&["投诉".into()]), Some(true))
        .await
        .unwrap();
    assert!(store::expired(db, later).await.unwrap().is_empty());
    store::edit(db, id, None, Some(false)).await.unwrap();
    assert_eq!(store::expired(db, later).await.unwrap().len(), 1);
    let path = recordings.0.folder.join(&row.path);
    assert_eq!(retention::delete_expired(&recordings).await.unwrap(), 0);
    hands.store(later.0, Ordering::Relaxed);
    assert_eq!(retention::delete_expired(&recordings).await.unwrap(), 1);
    assert!(!path.exists());
    let row = only_row(&recordings).await;
    assert_eq!(status(&row), RecordingStatus::Deleted);
    assert!(row.customer_peaks.is_empty());
    assert_eq!(store::tags(&row), ["投诉"]);
}

/// What a child of the next test does: records until it is killed.
#[tokio::test(flavor = "multi_thread")]
async fn record_until_killed() {
    let Some(folder) = std::env::var_os("SEATLINE_TEST_RECORD_INTO") else {
        return;
    };
    let (recordings, _driver) = open(Path::new(&folder)).await;
    let mut call = begin(&recordings).await;
    println!("talking");
    call.talk(Duration::from_secs(60)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_centre_finds_again_what_it_wrote_during_the_call() {
    let folder = TempDir::new().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--nocapture",
            "recording::tests::record_until_killed",
        ])
        .env("SEATLINE_TEST_RECORD_INTO", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    while !said
        .next()
        .expect("the child ended")
        .unwrap()
        .contains("talking")
    {}
    let begun = Instant::now();
    let keys = Keyring::open(&folder.path().join("recording.keys")).unwrap();
    let mut held = Duration::ZERO;
    while held < Duration::from_secs(3) {
        assert!(begun.elapsed() < Duration::from_secs(40), "only {held:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
        held = written(&folder.path().join("recordings"), &keys);
    }
    child.kill().unwrap();
    println!("{held:?} held after {:?}", begun.elapsed());
    child.wait().unwrap();

    let stray = folder
        .path()
        .join(format!("recordings/1/{}.rec", Uuid::new_v4()));
    std::fs::create_dir_all(stray.parent().unwrap()).unwrap();
    std::fs::write(&stray, b"whose?").unwrap();
    let (recordings, mut driver) = open(folder.path()).await;
    assert_eq!(
        status(&only_row(&recordings).await),
        RecordingStatus::Recording
    );
    let leftovers = std::mem::take(&mut driver.leftovers);
    let swept = sweep::sweep(&recordings, leftovers).await.unwrap();
    assert_eq!((swept.closed, swept.quarantined), (1, 1));
    assert!(!stray.exists());
    settle(&recordings).await;
    let row = only_row(&recordings).await;
    assert_eq!(status(&row), RecordingStatus::Truncated);
    assert!(row.sound && row.peak_ms > 0);
    for side in hear(&recordings, &row) {
        let kept = length(&side);
        assert!(kept >= held, "{kept:?} of {held:?}");
    }
    let path = recordings.0.folder.join(&row.path);
    let verified = super::verify::verify(&path, &recordings.0.keys, &row).unwrap();
    assert!(verified.whole, "{verified:?}");
}

#[tokio::test]
async fn a_row_without_a_file_is_closed_and_no_row_is_without_its_contact() {
    let folder = TempDir::new().unwrap();
    let (recordings, _driver) = open(folder.path()).await;
    let contact = ContactId(Uuid::now_v7());
    let row = |contact| store::Beginning {
        id: RecordingId(Uuid::now_v7()),
        contact,
        started: UnixMs(5),
        class: "standard",
        days: 1,
        path: "0/none.rec",
    };
    let db = recordings.0.store.db();
    assert!(
        store::begin(db, &row(contact)).await.is_err(),
        "no such contact"
    );
    let record = Record::new(contact, Direction::Inbound, UnixMs(0));
    add_past(db, &record).await.unwrap();
    store::begin(db, &row(contact)).await.unwrap();
    let leftovers = store::unfinished(db).await.unwrap();
    sweep::sweep(&recordings, leftovers).await.unwrap();
    let row = only_row(&recordings).await;
    assert_eq!((status(&row), row.bytes), (RecordingStatus::Truncated, 0));
}

#[tokio::test]
async fn a_file_that_cannot_be_destroyed_keeps_no_other_and_is_tried_again() {
    let folder = TempDir::new().unwrap();
    let (recordings, _driver) = open(folder.path()).await;
    let db = recordings.0.store.db();
    let contact = ContactId(Uuid::now_v7());
    let record = Record::new(contact, Direction::Inbound, UnixMs(0));
    add_past(db, &record).await.unwrap();
    for (path, started) in [("0/stuck.rec", UnixMs(5)), ("0/free.rec", UnixMs(6))] {
        let row = store::Beginning {
            id: RecordingId(Uuid::now_v7()),
            contact,
            started,
            class: "standard",
            days: 1,
            path,
        };
        store::begin(db, &row).await.unwrap();
        let outcome = Outcome::default();
        store::close(db, row.id, started, &outcome).await.unwrap();
    }
    let files = recordings.0.folder.join("0");
    let (stuck, free) = (files.join("stuck.rec"), files.join("free.rec"));
    // A folder cannot be overwritten.
    std::fs::create_dir_all(&stuck).unwrap();
    std::fs::write(&free, b"voices").unwrap();
    assert_eq!(retention::delete_expired(&recordings).await.unwrap(), 1);
    assert!(stuck.exists() && !free.exists());

    // A hold comes too late for what is marked.
    let marked = store::expired(db, UnixMs(0)).await.unwrap();
    store::edit(db, RecordingId(marked[0]), None, Some(true))
        .await
        .unwrap();
    std::fs::remove_dir(&stuck).unwrap();
    std::fs::write(&stuck, b"voices").unwrap();
    assert_eq!(retention::delete_expired(&recordings).await.unwrap(), 1);
    assert!(!stuck.exists());
    assert_eq!(retention::delete_expired(&recordings).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_is_closed_once_the_database_lets_it() {
    let folder = TempDir::new().unwrap();
    let (recordings, _driver) = open(folder.path()).await;
    let db = recordings.0.store.db();
    let mut call = begin(&recordings).await;
    call.talk(Duration::from_millis(500)).await;
    // What fails so keeps what it did before.
    db.execute_unprepared(
        "CREATE TRIGGER refused BEFORE UPDATE ON recordings BEGIN \
         INSERT OR IGNORE INTO settings (name, value) VALUES ('refused', ''); \
         SELECT RAISE(FAIL, 'told to fail'); END",
    )
    .await
    .unwrap();
    recordings.ended(call.contact);
    let refused = async {
        while setting::get(db, "refused").await.unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), refused)
        .await
        .expect("it was never tried");
    let row = only_row(&recordings).await;
    assert_eq!(status(&row), RecordingStatus::Recording);
    db.execute_unprepared("DROP TRIGGER refused").await.unwrap();
    settle(&recordings).await;
    let row = only_row(&recordings).await;
    assert_eq!(status(&row), RecordingStatus::Complete);
}
