//! Parties to calls, and what they hear.

use seatline_media::sim::{Headset, level_at};
use seatline_media::{
    Codec, Direction, Leg, LegEvent, RtpConfig, SAMPLE_RATE, Source, WebRtcConfig,
};
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const TWO_SECONDS: Duration = Duration::from_secs(2);

pub(crate) const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

pub(crate) struct Party {
    pub(crate) leg: Leg,
    pub(crate) events: mpsc::UnboundedReceiver<LegEvent>,
}

impl Party {
    pub(crate) async fn webrtc() -> Self {
        let config = WebRtcConfig {
            bind: vec![LOOPBACK],
            port_range: None,
            ice_servers: Vec::new(),
        };
        let (leg, events) = Leg::webrtc(config).await.unwrap();
        Self { leg, events }
    }

    pub(crate) async fn rtp(codecs: &[Codec]) -> Self {
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
    pub(crate) async fn call(&mut self, other: &mut Self) -> Duration {
        let offer = self.leg.create_offer().await.unwrap();
        let answer = other.leg.answer(&offer).await.unwrap();
        let start = Instant::now();
        self.leg.accept_answer(&answer).await.unwrap();
        self.wait_for(|event| *event == LegEvent::Connected).await;
        other.wait_for(|event| *event == LegEvent::Connected).await;
        start.elapsed()
    }

    /// Renegotiates with `other` in a direction.
    pub(crate) async fn reoffer(&self, other: &Self, direction: Direction) {
        let offer = self.leg.create_offer_with(direction).await.unwrap();
        let answer = other.leg.answer(&offer).await.unwrap();
        self.leg.accept_answer(&answer).await.unwrap();
    }

    pub(crate) async fn wait_for(&mut self, wanted: impl Fn(&LegEvent) -> bool) -> LegEvent {
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

    pub(crate) async fn digits(&mut self, count: usize) -> String {
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

    pub(crate) fn headset(&self) -> Headset {
        Headset::new(self.leg.attach().unwrap())
    }
}

/// Both headsets speak; returns what each heard in the last `keep` of `whole`.
pub(crate) async fn talk(
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

/// The level of a frequency, averaged over tenths of a second: cut and repeated periods shift the
/// phase, which would cancel over a longer time.
pub(crate) fn level_of(sound: &[f32], frequency: f32) -> f32 {
    let tenths = sound.chunks_exact(SAMPLE_RATE as usize / 10);
    let count = tenths.len() as f32;
    tenths
        .map(|tenth| level_at(tenth, frequency, SAMPLE_RATE))
        .sum::<f32>()
        / count
}

pub(crate) fn assert_hears(sound: &[f32], frequency: f32, not: f32, who: &str) {
    let (level, other) = (level_of(sound, frequency), level_of(sound, not));
    println!("{who}: {frequency} Hz at {level:.3}, {not} Hz at {other:.3}");
    assert!(level > 0.25, "{who} does not hear {frequency} Hz: {level}");
    assert!(other < 0.05, "{who} hears {not} Hz: {other}");
}

/// Both headsets speak until each hears the other and not itself. Repeated within bounds, because
/// sound in real time suffers when other tests take the processor.
pub(crate) async fn assert_conversation(
    (at_a, says_a): (&mut Headset, f32),
    (at_b, says_b): (&mut Headset, f32),
) {
    for attempt in 1.. {
        let whole = Duration::from_millis(1_500);
        let (heard_a, heard_b) = talk((at_a, says_a), (at_b, says_b), whole, SECOND).await;
        let hears = |sound: &[f32], wanted, unwanted| {
            level_of(sound, wanted) > 0.25 && level_of(sound, unwanted) < 0.05
        };
        let both = hears(&heard_a, says_b, says_a) && hears(&heard_b, says_a, says_b);
        if both || attempt == 8 {
            assert_hears(&heard_a, says_b, says_a, "a");
            assert_hears(&heard_b, says_a, says_b, "b");
            return;
        }
    }
}

/// An agent's WebRTC phone, the switch's two legs, and a customer's plain RTP phone.
pub(crate) struct Bridge {
    pub(crate) agent: Party,
    pub(crate) to_agent: Party,
    pub(crate) to_customer: Party,
    pub(crate) customer: Party,
}

impl Bridge {
    pub(crate) async fn new(codecs: &[Codec]) -> Self {
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

    pub(crate) fn join(&self) {
        self.to_agent
            .leg
            .hear(Source::Leg(self.to_customer.leg.clone()));
        self.to_customer
            .leg
            .hear(Source::Leg(self.to_agent.leg.clone()));
    }
}
