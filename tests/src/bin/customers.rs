//! Simulated customers for the demo: they call in over the trunk with recorded speech, one at a
//! time, and answer when an agent calls them.

use anyhow::{Context, Result};
use async_trait::async_trait;
use clap::Parser;
use rand::seq::IndexedRandom;
use seatline_media::{Clip, Codec, Leg, RtpConfig, Source};
use seatline_sip::{
    Authenticate, CallEvent, CallEvents, Endpoint, EndpointConfig, EndpointEvent, IncomingCall,
    Number, OutgoingCall, Secret, Target,
};
use std::{net::SocketAddr, sync::Arc, time::Duration};

/// What they say.
const SPEECHES: [&[u8]; 4] = [
    include_bytes!("../../speech/zh-filter.wav"),
    include_bytes!("../../speech/en-delivery.wav"),
    include_bytes!("../../speech/zh-invoice.wav"),
    include_bytes!("../../speech/en-warranty.wav"),
];

/// Calls a centre as its customers do.
#[derive(Parser)]
struct Arguments {
    /// Where the centre takes trunk calls (SIP over UDP).
    #[arg(long)]
    trunk: SocketAddr,
    /// Where the customers can be called.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The numbers they dial, one of them each time.
    #[arg(long, value_delimiter = ',', default_value = "4001")]
    dial: Vec<String>,
    /// Their own numbers, one of them each time.
    #[arg(long, value_delimiter = ',', default_value = "13800138001")]
    from: Vec<String>,
    /// Seconds between the end of one call and the next.
    #[arg(long, default_value_t = 15)]
    pause: u64,
    /// Seconds after which a customer gives up or has said all.
    #[arg(long, default_value_t = 180)]
    patience: u64,
}

/// Nobody registers with the customers.
struct Nobody;

#[async_trait]
impl Authenticate for Nobody {
    async fn secret(&self, _user: &str) -> Option<Secret> {
        None
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let config = EndpointConfig {
        udp: Some(arguments.listen),
        tcp: None,
        advertised: None,
        realm: "customers".into(),
        user_agent: "Seatline customers".into(),
        trunks: vec![arguments.trunk.ip().into()],
    };
    let (endpoint, mut events) = Endpoint::start(config, Arc::new(Nobody)).await?;
    let calling = call_again_and_again(&endpoint, &arguments);
    let answering = async {
        while let Some(event) = events.recv().await {
            if let EndpointEvent::Invite(call) = event {
                tokio::spawn(answer(call, arguments.listen));
            }
        }
    };
    tokio::select! {
        result = calling => result,
        () = answering => Ok(()),
        result = tokio::signal::ctrl_c() => {
            endpoint.stop().await;
            Ok(result?)
        }
    }
}

async fn call_again_and_again(endpoint: &Endpoint, arguments: &Arguments) -> Result<()> {
    for turn in 0.. {
        tokio::time::sleep(Duration::from_secs(if turn == 0 {
            5
        } else {
            arguments.pause
        }))
        .await;
        let from = &arguments.from[turn % arguments.from.len()];
        let dial = &arguments.dial[turn % arguments.dial.len()];
        println!("a customer calls {dial}");
        let patience = Duration::from_secs(arguments.patience);
        let call = call_once(
            endpoint,
            arguments,
            from,
            dial,
            SPEECHES[turn % SPEECHES.len()],
        );
        match tokio::time::timeout(patience, call).await {
            Ok(Ok(())) => println!("the call is over"),
            Ok(Err(error)) => println!("the call failed: {error:#}"),
            Err(_) => println!("the customer has hung up"),
        }
    }
    Ok(())
}

async fn call_once(
    endpoint: &Endpoint,
    arguments: &Arguments,
    from: &str,
    dial: &str,
    speech: &[u8],
) -> Result<()> {
    let (leg, _events) = Leg::rtp(rtp(arguments.listen)).await?;
    let call = OutgoingCall {
        to: Number::parse(dial)?,
        from: Number::parse(from)?,
        display_name: None,
        headers: Vec::new(),
        sdp: leg.create_offer().await?,
    };
    let target = Target::Trunk {
        uri: format!("sip:{};transport=udp", arguments.trunk),
        credentials: None,
    };
    let (call, mut events) = endpoint.call(target, call).await?;
    // Dropped when patience ends: the customer hangs up.
    let hangup = HangUp(call);
    let clip = Arc::new(Clip::from_wav(speech)?);
    while let Some(event) = events.recv().await {
        match event {
            CallEvent::Answered(sdp) => {
                leg.accept_answer(&sdp).await?;
                leg.hear(Source::Clip {
                    clip: Arc::clone(&clip),
                    repeat: true,
                });
            }
            CallEvent::Reoffer { sdp, reply } => match sdp {
                Some(sdp) => reply.accept(leg.answer(&sdp).await?),
                None => reply.accept(leg.create_offer().await?),
            },
            CallEvent::Ended { .. } => break,
            CallEvent::Ringing
            | CallEvent::EarlyMedia(_)
            | CallEvent::Confirmed(_)
            | CallEvent::Referred { .. } => {}
        }
    }
    drop(hangup);
    leg.close().await;
    Ok(())
}

/// Hangs up when dropped.
struct HangUp(seatline_sip::Call);

impl Drop for HangUp {
    fn drop(&mut self) {
        self.0.hangup(None);
    }
}

/// A customer picks up after two rings and talks.
async fn answer(incoming: IncomingCall, listen: SocketAddr) -> Result<()> {
    let IncomingCall {
        call,
        events,
        offer,
        ..
    } = incoming;
    call.ring().await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (leg, _events) = Leg::rtp(rtp(listen)).await?;
    let offer = offer.context("the centre always offers")?;
    call.accept(leg.answer(&offer).await?).await?;
    let speech = SPEECHES
        .choose(&mut rand::rng())
        .copied()
        .unwrap_or(SPEECHES[0]);
    leg.hear(Source::Clip {
        clip: Arc::new(Clip::from_wav(speech)?),
        repeat: true,
    });
    wait_for_the_end(events, &leg).await
}

async fn wait_for_the_end(mut events: CallEvents, leg: &Leg) -> Result<()> {
    while let Some(event) = events.recv().await {
        match event {
            CallEvent::Reoffer {
                sdp: Some(sdp),
                reply,
            } => reply.accept(leg.answer(&sdp).await?),
            CallEvent::Ended { .. } => break,
            _ => {}
        }
    }
    leg.close().await;
    Ok(())
}

fn rtp(listen: SocketAddr) -> RtpConfig {
    RtpConfig {
        bind: listen.ip(),
        advertise: None,
        port_range: None,
        codecs: vec![Codec::Pcma, Codec::Pcmu],
        latch: false,
    }
}
