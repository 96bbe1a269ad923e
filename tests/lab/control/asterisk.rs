//! The rival: Asterisk 22, which bridges two plain phones.

use super::{phones::Phones, relay::Relay};
use crate::trunk::{PATIENCE, Trunk, answer, ended};
use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use seatline_sip::{Call, CallEvents, EndpointEvent, IncomingCall, Number};
use seatline_tests::{
    asterisk::{Asterisk, Setup},
    prompt,
};
use std::{
    net::IpAddr,
    path::Path,
    time::{Duration, Instant},
};
use tokio::sync::mpsc::UnboundedReceiver;

/// An Asterisk that connects whoever calls with whoever is called.
pub(crate) struct Bridged {
    asterisk: Asterisk,
    trunk: Trunk,
    events: UnboundedReceiver<EndpointEvent>,
    calls: Vec<(Call, CallEvents)>,
}

impl Bridged {
    pub(crate) async fn start(folder: &Path, address: IpAddr) -> Result<Self> {
        let (trunk, events) = Trunk::open(address).await?;
        let at = trunk.address()?;
        let asterisk = Asterisk::start(&Setup {
            folder,
            address,
            desks: &[],
            phones: &[],
            dialplan: &format!("exten => _X.,1,Dial(PJSIP/lab/sip:${{EXTEN}}@{at})\n"),
            music: &prompt("demo-instruct")?,
            files: &[("pjsip.conf", &trunk.pjsip("alaw"))],
        })?;
        Ok(Self {
            asterisk,
            trunk,
            events,
            calls: Vec::new(),
        })
    }

    /// One calls, the other rings.
    async fn ring(&mut self, offer: String) -> Result<(Call, CallEvents, IncomingCall)> {
        let (call, events) = self.trunk.call(Number::parse("2000")?, offer).await?;
        let rung = async {
            while let Some(event) = self.events.recv().await {
                if let EndpointEvent::Invite(incoming) = event {
                    return Ok(incoming);
                }
            }
            bail!("the phones have ended")
        };
        let rung = tokio::time::timeout(PATIENCE, rung).await;
        Ok((call, events, rung.context("Asterisk never called")??))
    }

    /// How long after it has answered a phone hears who called it, ms, ten times.
    pub(crate) async fn first_sounds(&mut self, address: IpAddr) -> Result<Vec<f64>> {
        let mut times = Vec::new();
        for _ in 0..super::transfer::TURNS {
            let mut phones = Phones::new(address, 2)?;
            let (call, mut events, incoming) = self.ring(phones.offer(0)?).await?;
            let to_other = incoming.offer.context("a call without an offer")?;
            let answered = Instant::now();
            incoming.call.accept(phones.offer(1)?).await?;
            phones.accept(0, &answer(&mut events).await?)?;
            phones.accept(1, &to_other)?;
            let talking = phones.talk();
            let first = loop {
                if let Some(first) = talking.first(1) {
                    break first;
                }
                anyhow::ensure!(answered.elapsed() < PATIENCE, "the phone hears nobody");
                tokio::time::sleep(Duration::from_millis(1)).await;
            };
            times.push(first.duration_since(answered).as_secs_f64() * 1_000.0);
            call.hangup(None);
            ended(&mut events).await;
        }
        Ok(times)
    }
}

#[async_trait]
impl Relay for Bridged {
    fn id(&self) -> Result<u32> {
        self.asterisk.id().context("Asterisk has ended")
    }

    async fn connect(&mut self, [one, other]: [String; 2]) -> Result<[String; 2]> {
        let (call, mut events, incoming) = self.ring(one).await?;
        let to_other = incoming.offer.context("a call without an offer")?;
        incoming.call.accept(other).await?;
        let to_one = answer(&mut events).await?;
        self.calls.push((call, events));
        self.calls.push((incoming.call, incoming.events));
        Ok([to_one, to_other])
    }

    async fn clear(&mut self) -> Result<()> {
        // One side of each call ends it; Asterisk ends the other.
        for (call, _) in self.calls.iter().step_by(2) {
            call.hangup(None);
        }
        for (_, events) in &mut self.calls {
            ended(events).await;
        }
        self.calls.clear();
        Ok(())
    }
}
