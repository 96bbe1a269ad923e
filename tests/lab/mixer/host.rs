//! What is measured: a process that mixes whoever joins it.

use crate::ours::{self, Ours};
use anyhow::{Result, ensure};
use seatline_media::{
    Codec, Leg, RtpConfig,
    mix::{Room, Row},
};
use std::net::IpAddr;

/// One room in a process of its own.
pub(crate) trait Host {
    /// The process.
    fn id(&self) -> Result<u32>;

    /// Takes a party's offer and returns the answer; from now on it hears and is heard by all.
    async fn join(&mut self, offer: String) -> Result<String>;

    /// Ends all calls.
    async fn leave(&mut self) -> Result<()>;
}

/// Our mixer, as the embedded switch drives it.
impl Host for Ours {
    fn id(&self) -> Result<u32> {
        self.process()
    }

    async fn join(&mut self, offer: String) -> Result<String> {
        self.ask(&offer).await
    }

    async fn leave(&mut self) -> Result<()> {
        self.end().await
    }
}

/// The name under which the lab runs the room's process.
pub(crate) const SERVE: &str = "mixer-room";

/// The room's process: an offer comes in, its answer goes out.
pub(crate) async fn serve() -> Result<()> {
    let room = Room::open();
    let mut legs: Vec<Leg> = Vec::new();
    ours::serve(async |offer: String| {
        let (leg, _) = Leg::rtp(RtpConfig {
            bind: address_of(&offer)?,
            advertise: None,
            port_range: None,
            codecs: vec![Codec::Opus, Codec::Pcma],
            latch: false,
        })
        .await?;
        let answer = leg.answer(&offer).await?;
        legs.push(leg);
        for leg in &legs {
            let row = Row {
                speakers: legs.clone(),
                ..Row::default()
            };
            room.hear(leg, row);
        }
        Ok(answer)
    })
    .await
}

/// Where the party is; all are on one machine.
fn address_of(sdp: &str) -> Result<IpAddr> {
    let line = sdp.lines().find(|line| line.starts_with("c=IN IP"));
    let address = line.and_then(|line| line.split(' ').nth(2));
    ensure!(address.is_some(), "an offer without an address");
    Ok(address.unwrap_or_default().trim().parse()?)
}
