//! What recording a call costs beyond the call, beside Asterisk's MixMonitor.
//!
//! Ours: 100 calls, one side G.711 and one Opus, written as the centre does: a track for each
//! side, sealed, chained, on the disk every second. A few voices are heard by many calls, so that
//! making sound does not hide what is measured. Theirs: calls within one Asterisk, mixed into one
//! mono WAV file in the clear.

use crate::{footprint, table::Table};
use anyhow::{Result, ensure};
use seatline_center::{
    Clock,
    calls::{Record, add_past},
    recording::{Recorder, Recordings},
    store::Store,
    switch::simulated::Simulated,
};
use seatline_contract::{
    contact::Direction,
    id::ContactId,
    recording::{RecordingMode, RecordingPolicy, RecordingRule, Side},
    time::UnixMs,
};
use seatline_media::{
    Clip, Codec, Leg, SAMPLE_RATE, Source,
    sim::{Network, pair, sine},
};
use seatline_tests::asterisk::{Asterisk, Setup};
use std::{path::Path, sync::Arc, time::Duration};
use uuid::Uuid;

/// Calls recorded at once.
const CALLS: u32 = 100;

/// Voices for each side.
const VOICES: usize = 2;

/// How long processor time is counted.
const COUNTED: Duration = Duration::from_secs(20);

/// Calls recorded at once by the rival, which makes all its sound itself.
const RIVAL_CALLS: u32 = 20;

/// Runs it and prints what it found.
pub(crate) async fn run() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut table = Table::default();
    let ours = measure_ours(folder.path(), &mut table).await?;
    match measure_asterisk(folder.path()).await {
        Ok(theirs) => table.compare(
            "processor of recording one call, both sides",
            ours,
            "% core",
            ("Asterisk 22 MixMonitor, mono WAV", theirs),
        ),
        Err(missing) => {
            table.note(
                "processor of recording one call, both sides",
                ours,
                "% core",
            );
            println!("no rival was measured: {missing:#}");
        }
    }
    table.print();
    Ok(())
}

/// A leg whose far side speaks for ever.
fn voice(codec: Codec, tone: f32) -> (Leg, Leg) {
    let ((ours, _), (theirs, _)) = pair(codec, Network::default());
    let clip = Clip::from_samples(sine(tone, 0.3, SAMPLE_RATE, SAMPLE_RATE as usize));
    theirs.hear(Source::Clip {
        clip: Arc::new(clip),
        repeat: true,
    });
    (ours, theirs)
}

async fn measure_ours(folder: &Path, table: &mut Table) -> Result<f64> {
    let store = Store::open(&folder.join("centre.db"), None).await?;
    let (recordings, _driver) = Recordings::open(
        folder.join("recordings"),
        &folder.join("recording.keys"),
        store.clone(),
        Clock::system(),
    )
    .await?;
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
    recordings.set_policy(policy).await?;
    let (switch, _events) = Simulated::new();
    let voices: Vec<[(Leg, Leg); 2]> = (0..VOICES)
        .map(|_| [voice(Codec::Pcma, 440.0), voice(Codec::Opus, 700.0)])
        .collect();
    let mut calls = Vec::new();
    for number in 0..CALLS as usize {
        let contact = ContactId(Uuid::now_v7());
        add_past(
            store.db(),
            &Record::new(contact, Direction::Inbound, UnixMs(0)),
        )
        .await?;
        let sides = [Side::Customer, Side::Agent];
        let parties = sides.map(|side| {
            let party = switch.party();
            let (leg, _) = &voices[number % VOICES][side as usize];
            switch.give_voice(party, leg.clone());
            (party, side)
        });
        calls.push((contact, parties));
    }
    recordings.attach(Arc::new(switch));
    tokio::time::sleep(Duration::from_secs(3)).await;
    let me = std::process::id();
    let without = footprint::processor(me, COUNTED).await?;
    for (contact, parties) in &calls {
        recordings.arrived(*contact, Direction::Inbound, None);
        let present = parties.map(|(party, side)| (party, side, None));
        recordings.present(*contact, &present);
        recordings.connected(*contact);
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let with = footprint::processor(me, COUNTED).await?;
    for (contact, _) in &calls {
        recordings.ended(*contact);
    }
    let before = footprint::seconds(me);
    recordings.shutdown().await;
    let closing = footprint::seconds(me) - before;
    let tally = recordings.tally();
    ensure!(
        tally.complete + tally.truncated == u64::from(CALLS),
        "{tally:?}: not every call was recorded"
    );
    let each = (with - without) / f64::from(CALLS);
    let packets = f64::from(CALLS) * 2.0 * 50.0 * (COUNTED.as_secs_f64() + 3.0);
    table.note("calls recorded at once", f64::from(CALLS), "");
    table.note("  of them complete", tally.complete as f64, "");
    table.note("  packets, about", packets, "");
    table.note("  packets lost", tally.lost as f64, "");
    table.note("  packets refused", tally.refused as f64, "");
    let minutes = f64::from(CALLS) * (COUNTED.as_secs_f64() + 3.0) / 60.0;
    table.note(
        "closing and drawing, for each minute recorded",
        closing * 1_000.0 / minutes,
        "ms",
    );
    Ok(each)
}

async fn measure_asterisk(folder: &Path) -> Result<f64> {
    let folder = folder.join("rival");
    std::fs::create_dir_all(&folder)?;
    let music = folder.join("voice.wav");
    write_voice(&music)?;
    let dialplan = "exten => speak,1,Answer()\n same => n,MusicOnHold(default,600)\n\
         exten => plain,1,Answer()\n same => n,MusicOnHold(default,600)\n\
         exten => kept,1,Answer()\n\
          same => n,MixMonitor(/run/seatline/${UNIQUEID}.wav)\n\
          same => n,MusicOnHold(default,600)\n";
    let setup = Setup {
        folder: &folder,
        address: [127, 0, 0, 1].into(),
        desks: &[],
        phones: &[],
        dialplan,
        music: &music,
        files: &[],
    };
    let asterisk = Asterisk::start(&setup)?;
    let mut costs = Vec::new();
    for extension in ["plain", "kept"] {
        for _ in 0..RIVAL_CALLS {
            let command =
                format!("channel originate Local/speak@calls extension {extension}@calls");
            asterisk.command(&command)?;
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
        let id = asterisk.id().unwrap_or_default();
        costs.push(footprint::processor(id, COUNTED).await?);
        asterisk.command("channel request hangup all")?;
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    Ok((costs[1] - costs[0]) / f64::from(RIVAL_CALLS))
}

/// A minute of a tone that is never the same twice in a row: mono, 8 kHz.
fn write_voice(file: &Path) -> Result<()> {
    let format = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(file, format)?;
    for second in 0..60_u8 {
        for sample in sine(200.0 + f32::from(second) * 10.0, 0.3, 8_000, 8_000) {
            writer.write_sample((sample * 32_767.0) as i16)?;
        }
    }
    writer.finalize()?;
    Ok(())
}
