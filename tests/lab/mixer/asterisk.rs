//! The rival: ConfBridge of Asterisk 22, called over SIP and UDP.

use super::host::Host;
use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use seatline_sip::{
    Authenticate, Call, CallEvent, CallEvents, Endpoint, EndpointConfig, IpNet, Number,
    OutgoingCall, Secret, Target,
};
use seatline_tests::{
    asterisk::{Asterisk, Setup},
    prompt,
};
use std::{
    net::{IpAddr, SocketAddr, UdpSocket},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// An Asterisk with a conference behind every number.
pub(crate) struct ConfBridge {
    asterisk: Asterisk,
    caller: Endpoint,
    trunk: SocketAddr,
    rooms: AtomicU32,
}

/// One of its conferences.
pub(crate) struct Conference<'a> {
    bridge: &'a ConfBridge,
    number: Number,
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

impl ConfBridge {
    pub(crate) async fn start(folder: &Path, address: IpAddr) -> Result<Self> {
        let config = EndpointConfig {
            udp: Some(SocketAddr::new(address, 0)),
            tcp: None,
            advertised: None,
            realm: "bench".to_owned(),
            user_agent: "seatline-lab".to_owned(),
            trunks: vec![IpNet::from(address)],
        };
        let (caller, _) = Endpoint::start(config, Arc::new(Nobody)).await?;
        let trunk = UdpSocket::bind((address, 0))?.local_addr()?;
        let endpoints = format!(
            "[plain]\ntype = transport\nprotocol = udp\nbind = {trunk}\n\
             [caller]\ntype = endpoint\ntransport = plain\ncontext = calls\ndirect_media = no\n\
             disallow = all\nallow = opus,alaw\n\
             [caller]\ntype = identify\nendpoint = caller\nmatch = {address}\n"
        );
        let rooms = "[general]\n[default_user]\ntype = user\nquiet = yes\n\
                     announce_join_leave = no\nmusic_on_hold_when_empty = no\n\
                     [default_bridge]\ntype = bridge\n";
        let asterisk = Asterisk::start(&Setup {
            folder,
            address,
            desks: &[],
            phones: &[],
            dialplan: "exten => _X.,1,Answer()\n same => n,ConfBridge(${EXTEN})\n",
            music: &prompt("demo-instruct")?,
            files: &[("pjsip.conf", &endpoints), ("confbridge.conf", rooms)],
        })?;
        Ok(Self {
            asterisk,
            caller,
            trunk,
            rooms: AtomicU32::new(100),
        })
    }

    /// An empty conference.
    pub(crate) fn room(&self) -> Result<Conference<'_>> {
        let number = self.rooms.fetch_add(1, Ordering::Relaxed).to_string();
        Ok(Conference {
            bridge: self,
            number: Number::parse(&number)?,
            calls: Vec::new(),
        })
    }
}

impl Host for Conference<'_> {
    fn id(&self) -> Result<u32> {
        self.bridge.asterisk.id().context("Asterisk has ended")
    }

    async fn join(&mut self, offer: String) -> Result<String> {
        let target = Target::Trunk {
            uri: format!("sip:{}", self.bridge.trunk),
            credentials: None,
        };
        let call = OutgoingCall {
            to: self.number.clone(),
            from: Number::parse("1000")?,
            display_name: None,
            headers: Vec::new(),
            // Ours sends no more either, and more bits take more time.
            sdp: offer.replace("useinbandfec=1", "useinbandfec=1;maxaveragebitrate=28000"),
        };
        let (call, mut events) = self.bridge.caller.call(target, call).await?;
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
        let answer = tokio::time::timeout(Duration::from_secs(10), answered)
            .await
            .context("Asterisk never answered")??;
        self.calls.push((call, events));
        Ok(answer)
    }

    async fn leave(&mut self) -> Result<()> {
        for (call, _) in &self.calls {
            call.hangup(None);
        }
        for (_, events) in &mut self.calls {
            while let Some(event) = events.recv().await {
                if matches!(event, CallEvent::Ended { .. }) {
                    break;
                }
            }
        }
        self.calls.clear();
        Ok(())
    }
}
