//! SIPp, a foreign implementation, as caller and as callee.

use std::{process::Stdio, time::Duration};

use seatline_sip::{CallEvent, Endpoint, EndpointEvent, Target};
use tokio::{net::UdpSocket, process::Command, time::timeout};

use crate::{
    bridge::{endpoint_config, next, secrets},
    desk::outgoing,
};

const ANSWER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
    m=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";

/// Runs SIPp to its end; it must find every call to have gone as its scenario says.
async fn run(arguments: &[&str]) {
    let child = Command::new("sipp")
        .args(arguments)
        .args([
            "-i",
            "127.0.0.1",
            "-nostdin",
            "-timeout",
            "30s",
            "-timeout_error",
        ])
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("sipp is installed (Debian: apt install sip-tester)");
    let output = timeout(Duration::from_secs(60), child.wait_with_output()).await;
    let output = output.expect("sipp ends").unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "sipp: {:?} {told}", output.status);
}

#[tokio::test]
async fn sipp_calls_and_hangs_up() {
    let (endpoint, mut events) = Endpoint::start(endpoint_config(), secrets()).await.unwrap();
    let answering = tokio::spawn(async move {
        let mut ends = 0;
        while ends < 20 {
            let EndpointEvent::Invite(call) = next(&mut events).await else {
                continue;
            };
            call.call.ring().await.unwrap();
            call.call.accept(ANSWER.to_owned()).await.unwrap();
            let mut call_events = call.events;
            while let Some(event) = call_events.recv().await {
                ends += u32::from(matches!(event, CallEvent::Ended { .. }));
            }
        }
    });
    let to = endpoint.udp_address().unwrap().to_string();
    run(&["-sn", "uac", &to, "-m", "20", "-r", "50", "-l", "1"]).await;
    timeout(Duration::from_secs(20), answering)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn sipp_is_called() {
    let (endpoint, _events) = Endpoint::start(endpoint_config(), secrets()).await.unwrap();
    let free = UdpSocket::bind(("127.0.0.1", 0)).await.unwrap();
    let port = free.local_addr().unwrap().port().to_string();
    drop(free);
    let uri = format!("sip:127.0.0.1:{port}");
    let calling = tokio::spawn(async move {
        for _ in 0..5 {
            let target = Target::Trunk {
                uri: uri.clone(),
                credentials: None,
            };
            // SIPp may not listen yet; the INVITE is repeated until it does.
            let (call, mut events) = endpoint.call(target, outgoing("100")).await.unwrap();
            loop {
                match next(&mut events).await {
                    CallEvent::Answered(sdp) => {
                        assert!(sdp.contains("m=audio"));
                        call.hangup(None);
                    }
                    CallEvent::Ended { code, .. } => break assert_eq!(code, None),
                    _ => {}
                }
            }
        }
        endpoint.stop().await;
    });
    run(&["-sn", "uas", "-p", &port, "-m", "5"]).await;
    calling.await.unwrap();
}
