//! What strangers and broken peers may try.

use crate::party::{LOOPBACK, Party, SECOND, TWO_SECONDS, assert_conversation, level_of, talk};
use rand::{Rng, SeedableRng, rngs::StdRng};
use seatline_media::{Codec, Failure, Leg, LegError, LegEvent, RtpConfig, Source, Tone};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::UdpSocket;

/// The port of the first audio section, or of the first candidate.
fn port_of(sdp: &str) -> u16 {
    let candidate = sdp
        .lines()
        .find_map(|line| line.strip_prefix("a=candidate:"))
        .and_then(|line| line.split(' ').nth(5));
    let section = sdp
        .lines()
        .find_map(|line| line.strip_prefix("m=audio "))
        .and_then(|line| line.split(' ').next());
    candidate.or(section).unwrap().parse().unwrap()
}

/// A valid µ-law packet of a loud tone.
fn rtp_packet(sequence: u16) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    packet.extend(sequence.to_be_bytes());
    packet.extend((u32::from(sequence) * 160).to_be_bytes());
    packet.extend(0xdead_beef_u32.to_be_bytes());
    packet.extend((0..160).map(|n| if n % 8 < 4 { 0x80 } else { 0x00 }));
    packet
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_can_neither_speak_nor_listen_on_a_plain_rtp_leg() {
    let (mut a, mut b) = (
        Party::rtp(&[Codec::Pcmu]).await,
        Party::rtp(&[Codec::Pcmu]).await,
    );
    let offer = a.leg.create_offer().await.unwrap();
    let port = port_of(&offer);
    a.leg.withdraw_offer().await.unwrap();
    let stranger = UdpSocket::bind((LOOPBACK, 0)).await.unwrap();
    let spray = async |from: u16| {
        for sequence in from..from + 500 {
            let packet = rtp_packet(sequence);
            stranger.send_to(&packet, (LOOPBACK, port)).await.unwrap();
            stranger
                .send_to(
                    &packet[..rand::rng().random_range(0..40)],
                    (LOOPBACK, port + 1),
                )
                .await
                .unwrap();
            if sequence % 10 == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    };
    spray(0).await;
    a.call(&mut b).await;
    let (mut at_a, mut at_b) = (a.headset(), b.headset());
    let (sound, ()) = tokio::join!(
        talk(
            (&mut at_a, 440.0),
            (&mut at_b, 1_500.0),
            TWO_SECONDS,
            SECOND
        ),
        spray(1_000)
    );
    assert_conversation((&mut at_a, 440.0), (&mut at_b, 1_500.0)).await;
    // The stranger's square wave.
    assert!(level_of(&sound.0, 1_000.0) < 0.05);
    assert!(a.leg.statistics().refused > 500);
    let mut buffer = [0; 2_048];
    let returned = stranger.try_recv(&mut buffer);
    assert!(returned.is_err(), "{returned:?}");
}

async fn rtp_with_latching(latch: bool) -> Leg {
    let config = RtpConfig {
        bind: LOOPBACK,
        advertise: None,
        port_range: None,
        codecs: vec![Codec::Pcmu],
        latch,
    };
    Leg::rtp(config).await.unwrap().0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn latching_happens_only_if_allowed_and_only_once() {
    for latch in [false, true] {
        let leg = rtp_with_latching(latch).await;
        // The customer's SDP names an address that its NAT does not use.
        let behind_nat = UdpSocket::bind((LOOPBACK, 0)).await.unwrap();
        let nowhere = UdpSocket::bind((LOOPBACK, 0)).await.unwrap();
        let offer = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {} RTP/AVP 0\r\n",
            nowhere.local_addr().unwrap().port()
        );
        let answer = leg.answer(&offer).await.unwrap();
        leg.hear(Source::Tone(Tone::continuous(440.0)));
        let to: SocketAddr = (LOOPBACK, port_of(&answer)).into();
        let mut buffer = [0; 2_048];

        // What must not come is waited for in vain.
        let patience = match latch {
            true => Duration::from_secs(20),
            false => Duration::from_millis(500),
        };
        behind_nat.send_to(b"not rtp", to).await.unwrap();
        behind_nat.send_to(&rtp_packet(1), to).await.unwrap();
        let reply = tokio::time::timeout(patience, behind_nat.recv_from(&mut buffer)).await;
        assert_eq!(reply.is_ok(), latch);

        let stranger = UdpSocket::bind((LOOPBACK, 0)).await.unwrap();
        for sequence in 0..20 {
            stranger.send_to(&rtp_packet(sequence), to).await.unwrap();
        }
        let stolen =
            tokio::time::timeout(Duration::from_millis(200), stranger.recv_from(&mut buffer)).await;
        assert!(stolen.is_err());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_on_a_webrtc_port_does_not_disturb_the_call() {
    let (mut a, mut b) = (Party::webrtc().await, Party::webrtc().await);
    let offer = a.leg.create_offer().await.unwrap();
    let port = port_of(&offer);
    let answer = b.leg.answer(&offer).await.unwrap();
    a.leg.accept_answer(&answer).await.unwrap();
    a.wait_for(|event| *event == LegEvent::Connected).await;
    b.wait_for(|event| *event == LegEvent::Connected).await;
    let stranger = UdpSocket::bind((LOOPBACK, 0)).await.unwrap();
    let seed = 21;
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let spray = async {
        for n in 0..20_000_u32 {
            let mut packet = vec![0; random.random_range(1..200)];
            random.fill(&mut packet[..]);
            // SRTP, SRTCP, DTLS and STUN by turns (RFC 7983).
            packet[0] = match n % 4 {
                0 | 1 => 0x80 | packet[0] & 0x3f,
                2 => 20 + packet[0] % 44,
                _ => packet[0] & 3,
            };
            let _ = stranger.send_to(&packet, (LOOPBACK, port)).await;
            if n % 20 == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    };
    let (mut at_a, mut at_b) = (a.headset(), b.headset());
    let (_, ()) = tokio::join!(
        talk(
            (&mut at_a, 440.0),
            (&mut at_b, 1_000.0),
            Duration::from_secs(4),
            SECOND
        ),
        spray
    );
    assert_conversation((&mut at_a, 440.0), (&mut at_b, 1_000.0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_fingerprint_fails_the_leg_by_name() {
    let (mut a, b) = (Party::webrtc().await, Party::webrtc().await);
    let offer = a.leg.create_offer().await.unwrap();
    let answer = b.leg.answer(&offer).await.unwrap();
    let forged: String = answer
        .lines()
        .map(|line| match line.strip_prefix("a=fingerprint:sha-256 ") {
            Some(hash) => format!(
                "a=fingerprint:sha-256 {}\r\n",
                "00:".repeat(31) + &hash[93..]
            ),
            None => format!("{line}\r\n"),
        })
        .collect();
    assert_ne!(forged, answer);
    a.leg.accept_answer(&forged).await.unwrap();
    let event = a
        .wait_for(|event| matches!(event, LegEvent::Failed(_) | LegEvent::Connected))
        .await;
    assert_eq!(event, LegEvent::Failed(Failure::Untrusted));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webrtc_leg_takes_no_media_that_is_not_keyed_by_dtls() {
    let webrtc = Party::webrtc().await.leg;
    let plain = Party::rtp(&[Codec::Pcmu]).await.leg;
    let offer = plain.create_offer().await.unwrap();
    assert!(matches!(
        webrtc.answer(&offer).await,
        Err(LegError::Insecure)
    ));
    let sdes = offer.replace("RTP/AVP", "RTP/SAVP")
        + "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n";
    assert!(matches!(
        webrtc.answer(&sdes).await,
        Err(LegError::Insecure)
    ));
    let mixed = Party::webrtc().await.leg.create_offer().await.unwrap()
        + "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n";
    assert!(matches!(
        webrtc.answer(&mixed).await,
        Err(LegError::Insecure)
    ));
    // And a plain leg does not take secure media for plain.
    let secure = webrtc.create_offer().await.unwrap();
    let plain = Party::rtp(&[Codec::Pcmu]).await.leg;
    assert!(matches!(
        plain.answer(&secure).await,
        Err(LegError::NoCommonCodec)
    ));
}

/// Breaks a text in one of the ways that software does.
fn mutate(text: &str, random: &mut StdRng) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..random.random_range(1..4) {
        let at = random.random_range(0..lines.len());
        match random.random_range(0..8) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, lines[at].clone()),
            2 => {
                let other = random.random_range(0..lines.len());
                lines.swap(at, other);
            }
            3 => {
                let cut = random.random_range(0..=lines[at].len());
                lines[at] = lines[at].chars().take(cut).collect();
            }
            4 => lines[at] = lines[at].replace(char::is_numeric, "99999999999999999999"),
            5 => lines[at] = lines[at].replace(' ', ""),
            6 => lines[at].push_str(&"\u{1F4A5}= :/".repeat(random.random_range(1..50))),
            _ => {
                let letter = char::from(random.random_range(0x20..0x7f_u8));
                lines[at] = lines[at]
                    .chars()
                    .map(|c| if random.random_bool(0.1) { letter } else { c })
                    .collect();
            }
        }
        if lines.is_empty() {
            lines.push(String::new());
        }
    }
    lines.join("\r\n") + "\r\n"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_descriptions_never_panic_and_leave_the_leg_usable() {
    let seed = 22;
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);

    let (mut a, mut b) = (
        Party::rtp(&[Codec::Opus, Codec::Pcmu, Codec::Pcma]).await,
        Party::rtp(&[Codec::Opus, Codec::Pcmu, Codec::Pcma]).await,
    );
    let good = a.leg.create_offer().await.unwrap();
    let mut refused = 0;
    for _ in 0..5_000 {
        refused += u32::from(b.leg.answer(&mutate(&good, &mut random)).await.is_err());
    }
    println!("{refused} of 5000 refused by a plain leg");
    assert!((100..4_900).contains(&refused));
    a.leg.withdraw_offer().await.unwrap();
    a.call(&mut b).await;

    let offerer = Party::webrtc().await;
    let good = offerer.leg.create_offer().await.unwrap();
    let mut refused = 0;
    for round in 0..30 {
        // A leg of its own for every few, as a good one may come out and start connecting.
        let b = Party::webrtc().await;
        for _ in 0..10 {
            refused += u32::from(b.leg.answer(&mutate(&good, &mut random)).await.is_err());
        }
        b.leg.close().await;
        if round == 0 {
            let (mut a, mut b) = (Party::webrtc().await, Party::webrtc().await);
            let broken = good.replace("a=mid:0", "a=mid:");
            assert!(b.leg.answer(&broken).await.is_err());
            a.call(&mut b).await;
        }
    }
    println!("{refused} of 300 refused by a WebRTC leg");
    assert!((30..295).contains(&refused));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exhausted_port_range_is_told() {
    let taken = std::net::UdpSocket::bind((LOOPBACK, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let config = RtpConfig {
        bind: LOOPBACK,
        advertise: None,
        port_range: Some(port & !1..=port | 1),
        codecs: vec![Codec::Pcmu],
        latch: false,
    };
    assert!(matches!(Leg::rtp(config).await, Err(LegError::Bind(_))));
    let config = seatline_media::WebRtcConfig {
        bind: vec![LOOPBACK],
        port_range: Some(port..=port),
        ice_servers: Vec::new(),
    };
    assert!(matches!(Leg::webrtc(config).await, Err(LegError::Bind(_))));
}
