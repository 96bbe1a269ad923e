//! What is measured: a process that relays calls.

use super::{CALLS, COUNTED};
use crate::{
    footprint,
    mixer::Phone,
    ours::{self, Ours},
};
use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use seatline_media::{Clip, Codec, Leg, LegEvent, RtpConfig, Source, WebRtcConfig, sim::sine};
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::sync::mpsc::UnboundedReceiver;

/// A relay in a process of its own.
#[async_trait]
pub(crate) trait Relay: Send {
    /// The process.
    fn id(&self) -> Result<u32>;

    /// Takes the offers of two phones that shall hear each other, and returns the answers.
    async fn connect(&mut self, offers: [String; 2]) -> Result<[String; 2]>;

    /// Ends all calls.
    async fn clear(&mut self) -> Result<()>;
}

/// Our legs, as the embedded switch joins them.
#[async_trait]
impl Relay for Ours {
    fn id(&self) -> Result<u32> {
        self.process()
    }

    async fn connect(&mut self, offers: [String; 2]) -> Result<[String; 2]> {
        self.ask(&offers).await
    }

    async fn clear(&mut self) -> Result<()> {
        self.end().await
    }
}

/// The name under which the lab runs the relay's process.
pub(crate) const SERVE: &str = "control-relay";

/// The relay's process: two offers come in, two answers go out.
pub(crate) async fn serve() -> Result<()> {
    let mut calls = Vec::new();
    ours::serve(async |[one, other]: [String; 2]| {
        let (one, first) = join(&one).await?;
        let (other, second) = join(&other).await?;
        one.0.hear(Source::Leg(other.0.clone()));
        other.0.hear(Source::Leg(one.0.clone()));
        calls.push((one, other));
        Ok([first, second])
    })
    .await
}

/// A leg towards whoever offers this, and its answer.
async fn join(offer: &str) -> Result<((Leg, UnboundedReceiver<LegEvent>), String)> {
    let line = offer
        .lines()
        .find_map(|line| line.strip_prefix("c=IN IP4 "));
    let leg = if offer.contains("a=fingerprint:") {
        let bind = offer
            .lines()
            .find_map(|line| line.strip_prefix("a=candidate:")?.split(' ').nth(4))
            .context("an offer without a candidate")?;
        Leg::webrtc(WebRtcConfig {
            bind: vec![bind.parse()?],
            port_range: None,
            ice_servers: Vec::new(),
        })
        .await?
    } else {
        let bind = line.context("an offer without an address")?;
        Leg::rtp(RtpConfig {
            bind: bind.trim().parse()?,
            advertise: None,
            port_range: None,
            codecs: vec![Codec::Opus, Codec::Pcma],
            latch: false,
        })
        .await?
    };
    let answer = leg.0.answer(offer).await?;
    Ok((leg, answer))
}

/// Processor time of a relayed call between a desk and a phone that both speak Opus, in
/// thousandths of a core.
pub(crate) async fn desk_cost(address: IpAddr) -> Result<f64> {
    const DESKS: usize = CALLS / 4;
    let mut relay = Ours::start(SERVE)?;
    let idle = footprint::processor(relay.id()?, COUNTED / 4).await?;
    let voice = Arc::new(Clip::from_samples(sine(440.0, 0.3, 48_000, 48_000)));
    let mut calls = Vec::new();
    for _ in 0..DESKS {
        let (desk, events) = Leg::webrtc(WebRtcConfig {
            bind: vec![address],
            port_range: None,
            ice_servers: Vec::new(),
        })
        .await?;
        let mut phone = Phone::new(address, Codec::Opus).await?;
        let offers = [desk.create_offer().await?, phone.leg.create_offer().await?];
        let [to_desk, to_phone] = relay.connect(offers).await?;
        desk.accept_answer(&to_desk).await?;
        phone.leg.accept_answer(&to_phone).await?;
        phone.connected().await?;
        for leg in [&desk, &phone.leg] {
            leg.hear(Source::Clip {
                clip: voice.clone(),
                repeat: true,
            });
        }
        calls.push((desk, events, phone));
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let count = |leg: &Leg| leg.statistics().received;
    let before: Vec<_> = calls
        .iter()
        .map(|(d, _, p)| [count(d), count(&p.leg)])
        .collect();
    let busy = footprint::processor(relay.id()?, COUNTED).await?;
    let expected = COUNTED.as_millis() as u64 / 20;
    for ((desk, _, phone), before) in calls.iter().zip(before) {
        for (now, before) in [count(desk), count(&phone.leg)].into_iter().zip(before) {
            ensure!(
                now - before >= expected * 95 / 100,
                "a party received {} of {expected} packets",
                now - before
            );
        }
    }
    relay.clear().await?;
    Ok((busy - idle).max(0.0) * 10.0 / DESKS as f64)
}
