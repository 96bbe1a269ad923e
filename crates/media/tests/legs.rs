//! Legs over real sockets on the loopback interface, judged by what is heard.

use seatline_media::sim::{Headset, level_at, loudness};
use seatline_media::{
    Clip, Codec, Direction, Leg, LegError, LegEvent, RtpConfig, SAMPLE_RATE, Source, Tone,
    WebRtcConfig,
};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

struct Party {
    leg: Leg,
    events: mpsc::UnboundedReceiver<LegEvent>,
}

impl Party {
    async fn webrtc() -> Self {
        let config = WebRtcConfig {
            bind: vec![LOOPBACK],
            port_range: None,
            ice_servers: Vec::new(),
        };
        let (leg, events) = Leg::webrtc(config).await.unwrap();
        Self { leg, events }
    }

    async fn rtp(codecs: &[Codec]) -> Self {
        let config = RtpConfig {
            bind: LOOPBACK,
            advertise: None,
            port_range: None,
            codecs: codecs.to_vec(),
            latch: false,
        };
        let (leg, events) = Leg::rtp(config).await.unwrap();
        Self { leg, events }
    }

    /// Offers to `other` and waits until both are connected.
    async fn call(&mut self, other: &mut Self) -> Duration {
        let offer = self.leg.create_offer().await.unwrap();
        let answer = other.leg.answer(&offer).await.unwrap();
        let start = Instant::now();
        self.leg.accept_answer(&answer).await.unwrap();
        self.wait_for(|event| *event == LegEvent::Connected).await;
        other.wait_for(|event| *event == LegEvent::Connected).await;
        start.elapsed()
    }

    /// Renegotiates with `other` in a direction.
    async fn reoffer(&self, other: &Self, direction: Direction) {
        let offer = self.leg.create_offer_with(direction).await.unwrap();
        let answer = other.leg.answer(&offer).await.unwrap();
        self.leg.accept_answer(&answer).await.unwrap();
    }

    async fn wait_for(&mut self, wanted: impl Fn(&LegEvent) -> bool) -> LegEvent {
        let wait = async {
            loop {
                let event = self.events.recv().await.expect("the leg ended");
                if wanted(&event) {
                    return event;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), wait)
            .await
            .expect("the event never came")
    }

    async fn digits(&mut self, count: usize) -> String {
        let mut digits = String::new();
        while digits.len() < count {
            let event = self
                .wait_for(|event| matches!(event, LegEvent::Digit { .. }))
                .await;
            if let LegEvent::Digit { digit, .. } = event {
                digits.push(digit);
            }
        }
        digits
    }

    fn headset(&self) -> Headset {
        Headset::new(self.leg.attach().unwrap())
    }
}

/// Both headsets speak; returns what each heard in the last `keep` of `whole`.
async fn talk(
    a: (&mut Headset, f32),
    b: (&mut Headset, f32),
    whole: Duration,
    keep: Duration,
) -> (Vec<f32>, Vec<f32>) {
    let (mut at_a, mut at_b) = tokio::join!(a.0.use_for(whole, a.1), b.0.use_for(whole, b.1));
    let keep = (keep.as_secs_f64() * f64::from(SAMPLE_RATE)) as usize;
    at_a.drain(..at_a.len() - keep);
    at_b.drain(..at_b.len() - keep);
    (at_a, at_b)
}

fn assert_hears(sound: &[f32], frequency: f32, not: f32, who: &str) {
    let (level, other) = (
        level_at(sound, frequency, SAMPLE_RATE),
        level_at(sound, not, SAMPLE_RATE),
    );
    println!("{who}: {frequency} Hz at {level:.3}, {not} Hz at {other:.3}");
    assert!(level > 0.3, "{who} does not hear {frequency} Hz: {level}");
    assert!(other < 0.03, "{who} hears {not} Hz: {other}");
}

const SECOND: Duration = Duration::from_secs(1);
const TWO_SECONDS: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webrtc_to_webrtc_connects_fast_and_carries_voice() {
    let mut fastest = Duration::MAX;
    for _ in 0..5 {
        let (mut a, mut b) = (Party::webrtc().await, Party::webrtc().await);
        let took = a.call(&mut b).await;
        println!("connected in {took:?}");
        fastest = fastest.min(took);
        a.leg.close().await;
        b.leg.close().await;
    }
    // The fastest of five: the bar is about timers, not about a machine shared with other tests.
    assert!(fastest < Duration::from_millis(50), "{fastest:?}");

    let (mut a, mut b) = (Party::webrtc().await, Party::webrtc().await);
    a.call(&mut b).await;
    let (mut at_a, mut at_b) = (a.headset(), b.headset());
    let (heard_a, heard_b) = talk(
        (&mut at_a, 440.0),
        (&mut at_b, 1_000.0),
        TWO_SECONDS,
        SECOND,
    )
    .await;
    println!("{:?}\n{:?}", a.leg.statistics(), b.leg.statistics());
    assert_hears(&heard_a, 1_000.0, 440.0, "a");
    assert_hears(&heard_b, 440.0, 1_000.0, "b");
    a.wait_for(|event| *event == LegEvent::FirstAudio).await;
    let statistics = a.leg.statistics();
    println!("{statistics:?}");
    assert_eq!(statistics.codec, Some(Codec::Opus));
    assert!(statistics.received > 80 && statistics.sent > 80);
    assert_eq!(statistics.bars, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rtp_to_rtp_carries_voice_and_reports() {
    for codec in [Codec::Pcmu, Codec::Pcma, Codec::Opus] {
        let (mut a, mut b) = (Party::rtp(&[codec]).await, Party::rtp(&[codec]).await);
        a.call(&mut b).await;
        let (mut at_a, mut at_b) = (a.headset(), b.headset());
        let (heard_a, heard_b) = talk(
            (&mut at_a, 440.0),
            (&mut at_b, 1_000.0),
            Duration::from_millis(3_200),
            SECOND,
        )
        .await;
        assert_hears(&heard_a, 1_000.0, 440.0, "a");
        assert_hears(&heard_b, 440.0, 1_000.0, "b");
        let statistics = a.leg.statistics();
        println!("{statistics:?}");
        assert_eq!((statistics.codec, statistics.lost), (Some(codec), 0));
        let trip = statistics.round_trip_ms.expect("a round trip by now");
        assert!(trip < 50.0, "{trip}");
    }
}

/// An agent's WebRTC phone, the switch's two legs, and a customer's plain RTP phone.
struct Bridge {
    agent: Party,
    to_agent: Party,
    to_customer: Party,
    customer: Party,
}

impl Bridge {
    async fn new(codecs: &[Codec]) -> Self {
        let mut bridge = Self {
            agent: Party::webrtc().await,
            to_agent: Party::webrtc().await,
            to_customer: Party::rtp(codecs).await,
            customer: Party::rtp(codecs).await,
        };
        bridge.to_agent.call(&mut bridge.agent).await;
        bridge.customer.call(&mut bridge.to_customer).await;
        bridge.join();
        bridge
    }

    fn join(&self) {
        self.to_agent
            .leg
            .hear(Source::Leg(self.to_customer.leg.clone()));
        self.to_customer
            .leg
            .hear(Source::Leg(self.to_agent.leg.clone()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bridge_transcodes_voice_and_relays_keys_both_ways() {
    for codec in [Codec::Pcmu, Codec::Pcma] {
        let mut bridge = Bridge::new(&[codec]).await;
        let (mut agent, mut customer) = (bridge.agent.headset(), bridge.customer.headset());
        let (at_agent, at_customer) = talk(
            (&mut agent, 440.0),
            (&mut customer, 1_000.0),
            Duration::from_millis(2_500),
            SECOND,
        )
        .await;
        assert_hears(&at_agent, 1_000.0, 440.0, "agent");
        assert_hears(&at_customer, 440.0, 1_000.0, "customer");
        assert!(bridge.to_agent.leg.statistics().decoded > 50);

        bridge.customer.leg.send_digits("12#").unwrap();
        bridge.agent.leg.send_digits("*9A").unwrap();
        let (mut while_pressing, mut meanwhile) = (agent, customer);
        let pressing = async {
            tokio::join!(
                while_pressing.use_for(SECOND, 440.0),
                meanwhile.use_for(SECOND, 1_000.0)
            )
        };
        let digits = async {
            (
                bridge.to_customer.digits(3).await,
                bridge.agent.digits(3).await,
                bridge.customer.digits(3).await,
            )
        };
        let (_, (at_switch, at_agent, at_customer)) = tokio::join!(pressing, digits);
        assert_eq!(at_switch, "12#");
        assert_eq!(at_agent, "12#");
        assert_eq!(at_customer, "*9A");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opus_passes_through_without_decoding() {
    let bridge = Bridge::new(&[Codec::Opus]).await;
    let (mut agent, mut customer) = (bridge.agent.headset(), bridge.customer.headset());
    let (at_agent, at_customer) = talk(
        (&mut agent, 440.0),
        (&mut customer, 1_000.0),
        TWO_SECONDS,
        SECOND,
    )
    .await;
    assert_hears(&at_agent, 1_000.0, 440.0, "agent");
    assert_hears(&at_customer, 440.0, 1_000.0, "customer");
    for leg in [&bridge.to_agent.leg, &bridge.to_customer.leg] {
        let statistics = leg.statistics();
        assert_eq!(statistics.decoded, 0, "{statistics:?}");
        assert!(statistics.sent > 80);
    }
    assert_eq!(bridge.agent.leg.statistics().lost, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hold_plays_music_and_resume_brings_the_voice_back() {
    let bridge = Bridge::new(&[Codec::Pcma]).await;
    let (mut agent, mut customer) = (bridge.agent.headset(), bridge.customer.headset());
    talk(
        (&mut agent, 440.0),
        (&mut customer, 1_000.0),
        SECOND,
        SECOND,
    )
    .await;

    // The agent holds: its phone says so, the switch plays music to the customer.
    let offer = bridge
        .agent
        .leg
        .create_offer_with(Direction::Inactive)
        .await
        .unwrap();
    let answer = bridge.to_agent.leg.answer(&offer).await.unwrap();
    assert!(answer.contains("a=inactive"));
    bridge.agent.leg.accept_answer(&answer).await.unwrap();
    assert_eq!(bridge.to_agent.leg.remote_direction(), Direction::Inactive);
    bridge.to_agent.leg.hear(Source::Nothing);
    bridge.to_customer.leg.hear(Source::Clip {
        clip: Arc::new(Clip::synthesised_music()),
        repeat: true,
    });
    let (at_agent, at_customer) = talk(
        (&mut agent, 440.0),
        (&mut customer, 1_000.0),
        TWO_SECONDS,
        SECOND,
    )
    .await;
    assert!(loudness(&at_agent) < 0.001, "{}", loudness(&at_agent));
    assert!(loudness(&at_customer) > 0.01, "{}", loudness(&at_customer));
    let voice = level_at(&at_customer, 440.0, SAMPLE_RATE);
    assert!(voice < 0.05, "{voice}");

    bridge
        .agent
        .reoffer(&bridge.to_agent, Direction::SendRecv)
        .await;
    bridge.join();
    let (at_agent, at_customer) = talk(
        (&mut agent, 440.0),
        (&mut customer, 1_000.0),
        TWO_SECONDS,
        SECOND,
    )
    .await;
    assert_hears(&at_agent, 1_000.0, 440.0, "agent");
    assert_hears(&at_customer, 440.0, 1_000.0, "customer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clip_ends_once_and_a_tone_goes_on() {
    let (mut a, mut b) = (
        Party::rtp(&[Codec::Pcmu]).await,
        Party::rtp(&[Codec::Pcmu]).await,
    );
    a.call(&mut b).await;
    a.leg.hear(Source::Clip {
        clip: Arc::new(Clip::beep()),
        repeat: false,
    });
    a.wait_for(|event| *event == LegEvent::ClipEnded).await;
    a.leg.hear(Source::Tone(Tone::continuous(600.0)));
    let heard = b.headset().use_for(TWO_SECONDS, 0.0).await;
    assert_hears(&heard[48_000..], 600.0, 1_000.0, "b");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ice_restart_keeps_the_voice() {
    let (mut a, mut b) = (Party::webrtc().await, Party::webrtc().await);
    a.call(&mut b).await;
    let (mut at_a, mut at_b) = (a.headset(), b.headset());
    let offer = a.leg.restart_ice().await.unwrap();
    let answer = b.leg.answer(&offer).await.unwrap();
    a.leg.accept_answer(&answer).await.unwrap();
    let (heard_a, heard_b) = talk(
        (&mut at_a, 440.0),
        (&mut at_b, 1_000.0),
        Duration::from_millis(3_000),
        SECOND,
    )
    .await;
    assert_hears(&heard_a, 1_000.0, 440.0, "a");
    assert_hears(&heard_b, 440.0, 1_000.0, "b");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_has_one_place_and_gives_it_back() {
    let leg = Party::rtp(&[Codec::Pcmu]).await.leg;
    let ends = leg.attach().unwrap();
    assert!(matches!(leg.attach(), Err(LegError::Attached)));
    drop(ends);
    leg.attach().unwrap();
    leg.close().await;
    leg.close().await;
    assert!(matches!(leg.attach(), Err(LegError::Closed)));
    assert!(matches!(leg.create_offer().await, Err(LegError::Closed)));
    assert!(matches!(leg.send_digits("1"), Err(LegError::Closed)));
}
