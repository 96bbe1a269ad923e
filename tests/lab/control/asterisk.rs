//! The rival: Asterisk 22, which bridges two plain phones.

use super::{phones::Phones, relay::Relay};
use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use seatline_sip::{
    Authenticate, Call, CallEvent, CallEvents, Endpoint, EndpointConfig, EndpointEvent,
    IncomingCall, IpNet, Number, OutgoingCall, Secret, Target,
};
use seatline_tests::{
    asterisk::{Asterisk, Setup},
    prompt,
};
use std::{
    net::{IpAddr, SocketAddr, UdpSocket},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::mpsc::UnboundedReceiver;

/// How long Asterisk may take to do anything.
const PATIENCE: Duration = Duration::from_secs(10);

/// An Asterisk that connects whoever calls with whoever is called.
pub(crate) struct Bridged {
    asterisk: Asterisk,
    phones: Endpoint,
    events: UnboundedReceiver<EndpointEvent>,
    trunk: SocketAddr,
    calls: Vec<(Call, CallEvents)>,
}

/// The bench takes no registrations.
struct Nobody;

#[async_trait]
impl Authenticate for Nobody {
    async fn secret(&self, _user: &str) -> Option<Secret> {
        None
    }
}

impl Bridged {
    pub(crate) async fn start(folder: &Path, address: IpAddr) -> Result<Self> {
        let config = EndpointConfig {
            udp: Some(SocketAddr::new(address, 0)),
            tcp: None,
            advertised: None,
            realm: "bench".to_owned(),
            user_agent: "seatline-lab".to_owned(),
            trunks: vec![IpNet::from(address)],
        };
        let (phones, events) = Endpoint::start(config, Arc::new(Nobody)).await?;
        let at = phones.udp_address().context("a phone without an address")?;
        let trunk = UdpSocket::bind((address, 0))?.local_addr()?;
        let endpoints = format!(
            "[plain]\ntype = transport\nprotocol = udp\nbind = {trunk}\n\
             [phone]\ntype = endpoint\ntransport = plain\ncontext = calls\ndirect_media = no\n\
             disallow = all\nallow = alaw\n\
             [phone]\ntype = identify\nendpoint = phone\nmatch = {address}\n"
        );
        let asterisk = Asterisk::start(&Setup {
            folder,
            address,
            desks: &[],
            phones: &[],
            dialplan: &format!("exten => _X.,1,Dial(PJSIP/phone/sip:${{EXTEN}}@{at})\n"),
            music: &prompt("demo-instruct")?,
            files: &[("pjsip.conf", &endpoints)],
        })?;
        Ok(Self {
            asterisk,
            phones,
            events,
            trunk,
            calls: Vec::new(),
        })
    }

    /// One calls, the other rings.
    async fn ring(&mut self, offer: String) -> Result<(Call, CallEvents, IncomingCall)> {
        let target = Target::Trunk {
            uri: format!("sip:{}", self.trunk),
            credentials: None,
        };
        let call = OutgoingCall {
            to: Number::parse("2000")?,
            from: Number::parse("1000")?,
            display_name: None,
            headers: Vec::new(),
            sdp: offer,
        };
        let (call, events) = self.phones.call(target, call).await?;
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

async fn answer(events: &mut CallEvents) -> Result<String> {
    let answered = async {
        while let Some(event) = events.recv().await {
            match event {
                CallEvent::Answered(answer) => return Ok(answer),
                CallEvent::Ended { code, reason, .. } => {
                    bail!("Asterisk refused: {code:?} {reason}")
                }
                _ => {}
            }
        }
        bail!("the call is gone")
    };
    tokio::time::timeout(PATIENCE, answered)
        .await
        .context("Asterisk never answered")?
}

async fn ended(events: &mut CallEvents) {
    while let Some(event) = events.recv().await {
        if matches!(event, CallEvent::Ended { .. }) {
            return;
        }
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
