//! Bad luck and bad manners.

use crate::{
    inbound::{assert_talking, connect},
    recording::hang_up,
    rig::{HOTLINE, Rig, until, within},
};
use reqwest::Method;
use sea_orm::ConnectionTrait;
use seatline_contract::{
    contact::{ContactState, EndedBy, OfferEnd},
    presence::Presence,
    queue::Queue,
};
use seatline_media::Codec;
use seatline_sip::CallEvent;
use std::time::{Duration, Instant};
use tokio::net::UdpSocket;

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_gives_up_stops_the_ringing_at_once() {
    let rig = Rig::start().await;
    let mut desk = rig.ready("zhou").await;
    let mut line = rig.telephone.dial(&rig, HOTLINE, Codec::Pcma).await;
    line.answered().await;
    desk.offer().await;
    let mut rung = desk.rung().await;
    let left = Instant::now();
    line.call.hangup(None);
    assert_eq!(desk.offer_gone().await, OfferEnd::CallerGone);
    println!("noticed after {:?}", left.elapsed());
    until("the ringing ends", &mut rung.events, |event| {
        matches!(event, CallEvent::Ended { .. }).then_some(())
    })
    .await;
    desk.presence(Presence::Ready).await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_lost_while_ringing_gives_the_call_to_another() {
    let rig = Rig::start().await;
    let mut zhou = rig.ready("zhou").await;
    let mut line = rig.telephone.dial(&rig, HOTLINE, Codec::Pcma).await;
    line.answered().await;
    let first = zhou.offer().await;
    let _rung = zhou.rung().await;
    let mut liu = rig.ready("liu").await;
    zhou.line.stop().await;
    assert_ne!(zhou.offer_gone().await, OfferEnd::Accepted);
    let second = liu.offer().await;
    assert_eq!(second.contact.id, first.contact.id);
    let rung = liu.rung().await;
    let talk = liu.answer(rung).await;
    assert_talking(&mut talk.headset(), &mut line.headset()).await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_survives_a_cut_connection() {
    let rig = Rig::start().await;
    let mut desk = rig.ready("zhou").await;
    let (mut line, mut talk, _) = connect(&rig, &mut desk, Codec::Pcma).await;
    let (mut agent, mut customer) = (talk.headset(), line.headset());
    desk.line.reconnect();
    assert_talking(&mut agent, &mut customer).await;
    // The dialog lives on over the new connection.
    line.call.hangup(None);
    talk.ended().await;
    let over = desk.contact_in(ContactState::WrapUp).await;
    assert_eq!(over.ended_by, Some(EndedBy::Customer));
    line.ended().await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_on_the_trunk_harms_nobody() {
    let rig = Rig::start().await;
    let mut desk = rig.ready("zhou").await;
    let socket = UdpSocket::bind(("127.0.0.1", 0)).await.unwrap();
    let centre = rig.centre.app.calls.udp_address().unwrap();
    for nonsense in [
        &b"\0\0\0\0"[..],
        b"INVITE sip:x SIP/2.0\r\nContent-Length: -1\r\n\r\n",
        b"INVITE sip:4008001234@x SIP/2.0\r\nVia: x\r\n\r\n",
        b"BYE sip:4008001234@127.0.0.1 SIP/2.0\r\nCall-ID: nobody\r\nCSeq: 2 BYE\r\n\r\n",
    ] {
        socket.send_to(nonsense, centre).await.unwrap();
    }
    for sdp in ["", "v=0", "v=0\r\nm=audio 0 RTP/AVP 999\r\n", "\u{1f525}"] {
        let (_call, mut events) = rig.telephone.invite(&rig, HOTLINE, sdp.to_owned()).await;
        if sdp.is_empty() {
            continue;
        }
        let code = until("a refusal", &mut events, |event| match event {
            CallEvent::Ended { code, .. } => Some(code),
            _ => None,
        })
        .await;
        assert!(matches!(code, Some(400 | 488)), "{sdp:?}: {code:?}");
    }
    let (_call, mut events) = rig.telephone.invite(&rig, "95599", "v=0".to_owned()).await;
    let code = until("a refusal", &mut events, |event| match event {
        CallEvent::Ended { code, .. } => Some(code),
        _ => None,
    })
    .await;
    assert_eq!(code, Some(404));
    let _ = &mut desk;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_centre_says_good_bye() {
    let rig = Rig::start().await;
    let mut desk = rig.ready("zhou").await;
    let (mut line, mut talk, _) = connect(&rig, &mut desk, Codec::Pcma).await;
    let stopping = tokio::spawn(rig.stop());
    line.ended().await;
    talk.ended().await;
    let over = desk.contact_in(ContactState::WrapUp).await;
    assert_eq!(over.ended_by, Some(EndedBy::Centre));
    stopping.await.unwrap();
}

/// SIPp, a telephone of other people's making, calls five times, two at once, and hangs up.
#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_telephone_waits_and_hangs_up() {
    let rig = Rig::start().await;
    let centre = rig.centre.app.calls.udp_address().unwrap();
    let sipp = tokio::process::Command::new("sipp")
        .args(["-sn", "uac", "-s", HOTLINE, "-i", "127.0.0.1"])
        .args([
            "-m", "5", "-l", "2", "-d", "300", "-nostdin", "-timeout", "15",
        ])
        .arg(centre.to_string())
        .current_dir(std::env::temp_dir())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .kill_on_drop(true)
        .status();
    let status = within("SIPp ends", sipp).await;
    let status = status.expect("sipp is installed (Debian: apt install sip-tester)");
    assert!(status.success(), "SIPp's calls failed: {status}");
    // All five were abandoned in the queue, and nobody waits any more.
    let admin = rig.sign_in("admin").await.token;
    within("nobody waits", async {
        let path = "/api/v1/queues";
        loop {
            let queues: Vec<Queue> = rig.ask(Some(&admin), Method::GET, path, &()).await;
            if queues[0].waiting == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_sound_can_not_reach_does_not_get_the_customer() {
    let rig = Rig::start_ringing(10).await;
    let mut zhou = rig.ready("zhou").await;
    let mut line = rig.telephone.dial(&rig, HOTLINE, Codec::Pcma).await;
    line.answered().await;
    let first = zhou.offer().await;
    let rung = zhou.rung().await;
    let (leg, _events) = crate::desk::leg().await;
    let sdp = leg.answer(&rung.offer.unwrap()).await.unwrap();
    let start = sdp.find("a=fingerprint:sha-256 ").unwrap() + 22;
    let other = if sdp[start..].starts_with("00") {
        "11"
    } else {
        "00"
    };
    let forged = format!("{}{other}{}", &sdp[..start], &sdp[start + 2..]);
    rung.call.accept(forged).await.unwrap();
    let end = zhou.offer_gone().await;
    assert!(
        matches!(end, OfferEnd::LineLost | OfferEnd::Missed),
        "{end:?}"
    );
    let mut liu = rig.ready("liu").await;
    let second = liu.offer().await;
    assert_eq!(second.contact.id, first.contact.id);
    let rung = liu.rung().await;
    let talk = liu.answer(rung).await;
    assert_talking(&mut talk.headset(), &mut line.headset()).await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_time_is_up_lives_until_the_call_is_over() {
    async fn expire(rig: &Rig) {
        let db = rig.centre.app.store.db();
        let all = "UPDATE sessions SET expires = 0";
        db.execute_unprepared(all).await.unwrap();
    }
    let rig = Rig::start().await;
    let mut desk = rig.ready("zhou").await;
    let (mut line, mut talk, _) = connect(&rig, &mut desk, Codec::Pcma).await;
    let (token, user) = (desk.session.token.clone(), desk.session.line.user.clone());
    expire(&rig).await;
    within("the session goes on", async {
        let path = "/api/v1/sessions/current";
        while rig.try_ask(Some(&token), Method::GET, path, &()).await.0 != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_talking(&mut talk.headset(), &mut line.headset()).await;
    hang_up(&mut line, &mut talk, &mut desk).await;
    expire(&rig).await;
    within("the session ends", async {
        while rig.centre.app.identity.line_secret(&user).is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    rig.stop().await;
}
