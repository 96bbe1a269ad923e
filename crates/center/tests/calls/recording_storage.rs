//! The recorder's disk is full: calls go on, supervisors know, and the policy decides on new calls.

#![cfg(target_os = "linux")]

use crate::{
    desk::Desk,
    inbound::{assert_talking, connect},
    recording::{hang_up, set_policy},
    rig::{HOTLINE, Rig, within},
};
use reqwest::Method;
use seatline_contract::{
    about::Health,
    contact::ContactState,
    event::{Alarm, Change},
    identity::Role,
    recording::{RecordingMode, RecordingPolicy},
    secret::Secret,
};
use seatline_media::Codec;
use serde_json::Value;
use std::{io::Write, path::Path, process::Command, time::Duration};
use tempfile::TempDir;

async fn alarms(supervisor: &mut Desk) -> Vec<Alarm> {
    supervisor
        .change("an alarm, or its end", |change| match change {
            Change::Alarms { alarms } => Some(alarms),
            _ => None,
        })
        .await
}

async fn let_calls_begin(rig: &Rig, admin: &Secret, calls_without_storage: bool) {
    let policy = RecordingPolicy {
        calls_without_storage,
        ..rig.centre.app.recordings.policy()
    };
    let path = "/api/v1/recordings/policy";
    let _: Value = rig.ask(Some(admin), Method::PUT, path, &policy).await;
}

fn mount_small(folder: &Path) {
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"]);
    let mounted = mount.arg(folder).status().unwrap();
    assert!(mounted.success(), "a small disk cannot be mounted");
}

/// Leaves no byte.
fn fill(file: &Path) {
    let mut file = std::fs::File::create(file).unwrap();
    for size in [4_096, 1] {
        while file.write_all(&vec![1; size]).is_ok() {}
    }
}

#[test]
fn a_full_disk_is_an_alarm_and_no_call_is_lost() {
    const TEST: &str = "recording_storage::a_full_disk_is_an_alarm_and_no_call_is_lost";
    // A namespace of its own, so that the mount is gone with the process.
    const INSIDE: &str = "SEATLINE_TEST_PRIVATE_MOUNTS";
    if std::env::var_os(INSIDE).is_none() {
        let status = Command::new("unshare")
            .args(["--mount", "--map-root-user", "--"])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", TEST])
            .env(INSIDE, "1")
            .status()
            .expect("unshare is missing: apt-get install util-linux");
        assert!(status.success());
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(live_through_a_full_disk());
}

async fn live_through_a_full_disk() {
    let folder = TempDir::new().unwrap();
    mount_small(folder.path());
    let disk = folder.path().to_owned();
    let rig = Rig::start_with(|config| config.recording.folder = Some(disk)).await;
    rig.add_person("he", Role::Supervisor).await;
    let admin = set_policy(&rig, RecordingMode::All, false).await;
    let mut supervisor = rig.desk("he").await;
    let mut desk = rig.ready("zhou").await;
    let (mut line, mut talk, _) = connect(&rig, &mut desk, Codec::Pcma).await;
    let (mut agent, mut customer) = (talk.headset(), line.headset());
    assert_talking(&mut agent, &mut customer).await;

    let filler = folder.path().join("filler");
    fill(&filler);
    let alarm = |refuses_calls| vec![Alarm::RecordingStorage { refuses_calls }];
    while alarms(&mut supervisor).await != alarm(false) {}
    let health: Health = rig.ask(None, Method::GET, "/health", &()).await;
    assert!(health.healthy && health.problems.len() == 1, "{health:?}");
    assert_talking(&mut agent, &mut customer).await;

    // The policy decides about new calls, also while nothing is being recorded.
    let_calls_begin(&rig, &admin, false).await;
    assert_eq!(alarms(&mut supervisor).await, alarm(true));
    hang_up(&mut line, &mut talk, &mut desk).await;
    let (status, text) = rig.try_ask(None, Method::GET, "/health", &()).await;
    assert_eq!(status, 503, "{text}");
    for _ in 0..3 {
        let mut refused = rig.telephone.dial(&rig, HOTLINE, Codec::Pcma).await;
        assert_eq!(refused.ended().await, Some(503));
        tokio::time::sleep(Duration::from_millis(600)).await;
    }
    let_calls_begin(&rig, &admin, true).await;
    assert_eq!(alarms(&mut supervisor).await, alarm(false));
    let mut second = rig.ready("liu").await;
    let (next, mut next_talk, _) = connect(&rig, &mut second, Codec::Pcma).await;

    std::fs::remove_file(&filler).unwrap();
    assert_eq!(alarms(&mut supervisor).await, []);
    let metrics = rig.try_ask(None, Method::GET, "/metrics", &()).await.1;
    let failing = "seatline_recording_storage_failing 0";
    assert!(metrics.contains(failing), "{metrics}");
    next.call.hangup(None);
    next_talk.ended().await;
    second.contact_in(ContactState::WrapUp).await;
    let tally = || rig.centre.app.recordings.tally();
    within("both are kept", async {
        while tally().complete + tally().truncated < 2 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    assert!(
        tally().truncated > 0,
        "the first misses what the disk did not take"
    );
    rig.stop().await;
    drop(folder);
}
