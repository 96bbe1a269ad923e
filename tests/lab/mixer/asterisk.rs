//! The rival: ConfBridge of Asterisk 22, called over SIP and UDP.

use super::host::Host;
use crate::trunk::{self, Trunk};
use anyhow::{Context, Result};
use seatline_sip::{Call, CallEvents, Number};
use seatline_tests::{
    asterisk::{Asterisk, Setup},
    prompt,
};
use std::{
    net::IpAddr,
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};

/// An Asterisk with a conference behind every number.
pub(crate) struct ConfBridge {
    asterisk: Asterisk,
    trunk: Trunk,
    rooms: AtomicU32,
}

/// One of its conferences.
pub(crate) struct Conference<'a> {
    bridge: &'a ConfBridge,
    number: Number,
    calls: Vec<(Call, CallEvents)>,
}

impl ConfBridge {
    pub(crate) async fn start(folder: &Path, address: IpAddr) -> Result<Self> {
        let (trunk, _) = Trunk::open(address).await?;
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
            files: &[
                ("pjsip.conf", &trunk.pjsip("opus,alaw")),
                ("confbridge.conf", rooms),
            ],
        })?;
        Ok(Self {
            asterisk,
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
        // Ours sends no more either, and more bits take more time.
        let offer = offer.replace("useinbandfec=1", "useinbandfec=1;maxaveragebitrate=28000");
        let (call, mut events) = self.bridge.trunk.call(self.number.clone(), offer).await?;
        let answer = trunk::answer(&mut events).await?;
        self.calls.push((call, events));
        Ok(answer)
    }

    async fn leave(&mut self) -> Result<()> {
        for (call, _) in &self.calls {
            call.hangup(None);
        }
        for (_, events) in &mut self.calls {
            trunk::ended(events).await;
        }
        self.calls.clear();
        Ok(())
    }
}
