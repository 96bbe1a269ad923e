//! A hostile trunk: malformed and out-of-order messages, and then a call as if nothing was.

use crate::scene::Scene;
use anyhow::{Context, Result, ensure};
use seatline_tests::centre::AFTER_SALES;
use std::{net::UdpSocket, path::Path, process::Command, time::Duration};

#[tokio::test(flavor = "multi_thread")]
async fn malformed_signalling_does_not_stop_the_next_call() {
    let mut scene = Scene::ready("malformed").await.unwrap();
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("journeys/sipp");
    let mut played = 0;
    for entry in std::fs::read_dir(&scenarios).unwrap() {
        let file = entry.unwrap().path();
        run_sipp(&scene, &file)
            .with_context(|| file.display().to_string())
            .unwrap();
        scene.centre.ensure_running().unwrap();
        played += 1;
    }
    assert!(played >= 4, "the scenarios are in {}", scenarios.display());
    send_garbage(&scene).unwrap();
    scene.centre.ensure_running().unwrap();

    let mut customer = scene.customer("13800138001", false).unwrap();
    customer.dial(AFTER_SALES, &scene.centre.trunk).unwrap();
    scene.window.click("answer").await.unwrap();
    scene.wait_call("active").await.unwrap();
    scene.assert_agent_hears_customer("after").unwrap();
    assert!(!scene.centre.logged().unwrap().contains("panicked"));
}

/// Plays one scenario; its own expectations decide.
fn run_sipp(scene: &Scene, scenario: &Path) -> Result<()> {
    let (host, _) = scene.centre.trunk.split_once(':').context("address:port")?;
    let output = Command::new("sipp")
        .args([&scene.centre.trunk, "-sf"])
        .arg(scenario)
        .args(["-i", host, "-mi", host, "-m", "1", "-l", "1", "-nostdin"])
        .args(["-s", AFTER_SALES, "-timeout", "20s", "-timeout_error"])
        .current_dir(&scene.output)
        .output()
        .context("sipp; `cargo dev setup` installs it")?;
    ensure!(
        output.status.success(),
        "sipp: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout)
    );
    Ok(())
}

/// Datagrams that are no SIP at all, and SIP cut short at every length.
fn send_garbage(scene: &Scene) -> Result<()> {
    let (host, _) = scene.centre.trunk.split_once(':').context("address:port")?;
    let socket = UdpSocket::bind((host, 0))?;
    socket.set_read_timeout(Some(Duration::from_millis(10)))?;
    let whole = format!(
        "INVITE sip:{AFTER_SALES}@{host} SIP/2.0\r\nVia: SIP/2.0/UDP {host};branch=z9hG4bKcut\r\n\
         From: <sip:1@{host}>;tag=1\r\nTo: <sip:2@{host}>\r\nCall-ID: cut\r\nCSeq: 1 INVITE\r\n\
         Content-Length: 9999\r\n\r\nv=0"
    );
    for length in 0..whole.len() {
        socket.send_to(&whole.as_bytes()[..length], &scene.centre.trunk)?;
    }
    for byte in [0_u8, 0x80, 0xff, b'\r'] {
        socket.send_to(&vec![byte; 1_400], &scene.centre.trunk)?;
    }
    Ok(())
}
