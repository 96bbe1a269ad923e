//! The lab's end of a SIP trunk to somebody else's switch on this machine.

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use seatline_sip::{
    Authenticate, Call, CallEvent, CallEvents, Endpoint, EndpointConfig, EndpointEvent, IpNet,
    Number, OutgoingCall, Secret, Target,
};
use std::{
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::Arc,
    time::Duration,
};
use tokio::sync::mpsc::UnboundedReceiver;

/// How long the switch may take to do anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Who calls the switch, and is called by it.
pub(crate) struct Trunk {
    endpoint: Endpoint,
    switch: SocketAddr,
}

/// The bench takes no registrations.
struct Nobody;

#[async_trait]
impl Authenticate for Nobody {
    async fn secret(&self, _user: &str) -> Option<Secret> {
        None
    }
}

impl Trunk {
    /// Opens it, and finds an address for the switch.
    pub(crate) async fn open(address: IpAddr) -> Result<(Self, UnboundedReceiver<EndpointEvent>)> {
        let config = EndpointConfig {
            udp: Some(SocketAddr::new(address, 0)),
            tcp: None,
            advertised: None,
            realm: "bench".to_owned(),
            user_agent: "seatline-lab".to_owned(),
            trunks: vec![IpNet::from(address)],
        };
        let (endpoint, events) = Endpoint::start(config, Arc::new(Nobody)).await?;
        let switch = UdpSocket::bind((address, 0))?.local_addr()?;
        Ok((Self { endpoint, switch }, events))
    }

    /// Where the switch reaches us.
    pub(crate) fn address(&self) -> Result<SocketAddr> {
        let address = self.endpoint.udp_address();
        address.context("a trunk without an address")
    }

    /// Asterisk's `pjsip.conf` for it: we are its endpoint `lab`, in the context `calls`.
    pub(crate) fn pjsip(&self, codecs: &str) -> String {
        let Self { switch, .. } = self;
        format!(
            "[plain]\ntype = transport\nprotocol = udp\nbind = {switch}\n\
             [lab]\ntype = endpoint\ntransport = plain\ncontext = calls\ndirect_media = no\n\
             disallow = all\nallow = {codecs}\n\
             [lab]\ntype = identify\nendpoint = lab\nmatch = {}\n",
            switch.ip()
        )
    }

    /// Calls a number of the switch's.
    pub(crate) async fn call(&self, to: Number, offer: String) -> Result<(Call, CallEvents)> {
        let target = Target::Trunk {
            uri: format!("sip:{}", self.switch),
            credentials: None,
        };
        let call = OutgoingCall {
            to,
            from: Number::parse("1000")?,
            display_name: None,
            headers: Vec::new(),
            sdp: offer,
        };
        Ok(self.endpoint.call(target, call).await?)
    }
}

/// Waits until the switch answers a call.
pub(crate) async fn answer(events: &mut CallEvents) -> Result<String> {
    let answered = async {
        while let Some(event) = events.recv().await {
            match event {
                CallEvent::Answered(answer) => return Ok(answer),
                CallEvent::Ended { code, reason, .. } => {
                    bail!("the switch refused: {code:?} {reason}")
                }
                _ => {}
            }
        }
        bail!("the call is gone")
    };
    tokio::time::timeout(PATIENCE, answered)
        .await
        .context("the switch never answered")?
}

/// Waits until a call is over.
pub(crate) async fn ended(events: &mut CallEvents) {
    while let Some(event) = events.recv().await {
        if matches!(event, CallEvent::Ended { .. }) {
            return;
        }
    }
}
