//! What plain RTP parties that are not ours send, and what they see.

use crate::party::{LOOPBACK, Party, SECOND, TWO_SECONDS, assert_hears, level_of};
use seatline_media::{Clip, Codec, LegEvent, Source, Tone};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::UdpSocket;

/// A telephone made of one socket.
struct Telephone {
    socket: UdpSocket,
}

/// What a telephone receives.
#[derive(Debug, Clone, PartialEq)]
struct Received {
    payload_type: u8,
    marker: bool,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
    payload: Vec<u8>,
}

impl Telephone {
    async fn new() -> Self {
        Self {
            socket: UdpSocket::bind((LOOPBACK, 0)).await.unwrap(),
        }
    }

    /// An offer as Asterisk writes it, with these formats.
    fn offer(&self, formats: &str) -> String {
        format!(
            "v=0\r\no=- 1821953105 1821953105 IN IP4 127.0.0.1\r\ns=Asterisk\r\n\
             c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {} RTP/AVP {formats}\r\n\
             a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\n\
             a=maxptime:150\r\na=sendrecv\r\n",
            self.socket.local_addr().unwrap().port()
        )
    }

    async fn connect_to(&self, answer: &str) {
        let port = answer
            .lines()
            .find_map(|line| line.strip_prefix("m=audio "))
            .and_then(|line| line.split(' ').next())
            .unwrap();
        let port: u16 = port.parse().unwrap();
        self.socket.connect((LOOPBACK, port)).await.unwrap();
    }

    async fn send(&self, payload_type: u8, sequence: u16, timestamp: u32, payload: &[u8]) {
        let mut packet = vec![0x80, payload_type];
        packet.extend(sequence.to_be_bytes());
        packet.extend(timestamp.to_be_bytes());
        packet.extend(0x0bad_cafe_u32.to_be_bytes());
        packet.extend(payload);
        self.socket.send(&packet).await.unwrap();
    }

    /// Everything that comes until `other` is done.
    async fn receive_during(&self, other: impl Future<Output = ()>) -> Vec<Received> {
        let mut other = std::pin::pin!(other);
        let mut received = Vec::new();
        let mut buffer = [0; 2_048];
        loop {
            let read = tokio::select! {
                read = self.socket.recv(&mut buffer) => read.unwrap(),
                () = &mut other => return received,
            };
            let packet = &buffer[..read];
            let word = |at: usize| u32::from_be_bytes(packet[at..at + 4].try_into().unwrap());
            received.push(Received {
                payload_type: packet[1] & 0x7f,
                marker: packet[1] & 0x80 != 0,
                sequence: word(0) as u16,
                timestamp: word(4),
                ssrc: word(8),
                payload: packet[12..].to_vec(),
            });
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_is_one_stream_whatever_the_source() {
    let telephone = Telephone::new().await;
    let party = Party::rtp(&[Codec::Pcmu]).await;
    let answer = party.leg.answer(&telephone.offer("0 101")).await.unwrap();
    telephone.connect_to(&answer).await;

    let (mut a, mut b) = (
        Party::rtp(&[Codec::Pcmu]).await,
        Party::rtp(&[Codec::Pcmu]).await,
    );
    a.call(&mut b).await;
    b.leg.hear(Source::Tone(Tone::continuous(700.0)));

    let start = Instant::now();
    let change_sources = async {
        let pause = || tokio::time::sleep(Duration::from_millis(300));
        pause().await;
        party.leg.hear(Source::Tone(Tone::RINGBACK));
        pause().await;
        party.leg.hear(Source::Leg(a.leg.clone()));
        pause().await;
        party.leg.send_digits("42").unwrap();
        pause().await;
        pause().await;
        party.leg.hear(Source::Clip {
            clip: Arc::new(Clip::beep()),
            repeat: true,
        });
        pause().await;
        let device = party.leg.attach().unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        drop(device);
        pause().await;
    };
    let received = telephone.receive_during(change_sources).await;
    let elapsed = start.elapsed();

    let first = &received[0];
    assert!(received.iter().all(|packet| packet.ssrc == first.ssrc));
    for (one, next) in received.iter().zip(&received[1..]) {
        assert_eq!(
            next.sequence,
            one.sequence.wrapping_add(1),
            "{one:?} {next:?}"
        );
    }
    let voice: Vec<_> = received.iter().filter(|p| p.payload_type == 0).collect();
    for (one, next) in voice.iter().zip(&voice[1..]) {
        let step = next.timestamp.wrapping_sub(one.timestamp);
        assert!((80..8_000).contains(&step), "{one:?} {next:?}");
        assert_eq!(next.payload.len(), 160);
    }
    let span = voice[voice.len() - 1]
        .timestamp
        .wrapping_sub(first.timestamp);
    let span = Duration::from_secs_f64(f64::from(span) / 8_000.0);
    let error = span.as_secs_f64() - elapsed.as_secs_f64();
    println!("{} packets, clock off by {error:.3} s", received.len());

    let events: Vec<_> = received.iter().filter(|p| p.payload_type == 101).collect();
    assert_eq!(events.iter().filter(|event| event.marker).count(), 2);
    for (digit, event) in [(4, events[0]), (2, events[events.len() - 1])] {
        assert_eq!(event.payload[0], digit);
    }
    assert_eq!(
        u16::from_be_bytes([events[6].payload[2], events[6].payload[3]]),
        800
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn static_payload_types_long_packets_and_keys_are_understood() {
    let telephone = Telephone::new().await;
    let mut party = Party::rtp(&[Codec::Opus, Codec::Pcma, Codec::Pcmu]).await;
    let answer = party
        .leg
        .answer(&telephone.offer("18 0 8 9 101"))
        .await
        .unwrap();
    assert!(answer.contains("RTP/AVP 8 0 101\r\n"), "{answer}");
    telephone.connect_to(&answer).await;

    // A square wave of 1 kHz in 30 ms packets of µ-law, although A-law is preferred.
    let wave: Vec<u8> = (0..240)
        .map(|n| if n % 8 < 4 { 0x90 } else { 0x10 })
        .collect();
    let speak = async {
        let mut rhythm = tokio::time::interval(Duration::from_millis(30));
        for n in 0..60_u16 {
            rhythm.tick().await;
            telephone.send(0, n, u32::from(n) * 240, &wave).await;
        }
        // 7: the first end packet lost; 8: all ends lost; then 9, whole.
        for (n, payload) in [
            (60_000, [7, 10, 0, 160]),
            (60_000, [7, 0x8a, 3, 32]),
            (60_000, [7, 0x8a, 3, 32]),
            (62_000, [8, 10, 0, 160]),
            (64_000, [9, 10, 0, 160]),
            (64_000, [9, 0x8a, 1, 144]),
            (64_000, [9, 0x8a, 1, 144]),
            (64_000, [9, 0x8a, 1, 144]),
        ]
        .iter()
        .enumerate()
        {
            telephone
                .send(101, 61 + n as u16, payload.0, &payload.1)
                .await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let mut headset = party.headset();
    let (heard, ()) = tokio::join!(headset.use_for(TWO_SECONDS, 0.0), speak);
    assert_hears(&heard[24_000..72_000], 1_000.0, 440.0, "we");
    let mut keys = Vec::new();
    for _ in 0..3 {
        let event = party
            .wait_for(|event| matches!(event, LegEvent::Digit { .. }))
            .await;
        if let LegEvent::Digit { digit, duration_ms } = event {
            keys.push((digit, duration_ms));
        }
    }
    assert_eq!(keys, [('7', 100), ('8', 20), ('9', 50)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_party_without_telephone_events_hears_keys_as_tones() {
    let mut a = Party::rtp(&[Codec::Pcma]).await;
    let mut b = Party::rtp(&[Codec::Pcma]).await;
    let offer = a.leg.create_offer().await.unwrap();
    let offer = offer
        .replace(" 8 101\r\n", " 8\r\n")
        .lines()
        .filter(|line| !line.contains("101"))
        .map(|line| format!("{line}\r\n"))
        .collect::<String>();
    let answer = b.leg.answer(&offer).await.unwrap();
    a.leg.accept_answer(&answer).await.unwrap();
    for party in [&mut a, &mut b] {
        party.wait_for(|event| *event == LegEvent::Connected).await;
    }
    b.leg.send_digits("5555555").unwrap();
    let heard = a.headset().use_for(SECOND, 0.0).await;
    let sound = &heard[9_600..];
    let (row, column, other) = (
        level_of(sound, 770.0),
        level_of(sound, 1_336.0),
        level_of(sound, 1_477.0),
    );
    println!("770 Hz {row}, 1336 Hz {column}, 1477 Hz {other}");
    assert!(row > 0.05 && column > 0.05 && other < row / 3.0);
}
