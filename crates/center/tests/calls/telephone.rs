//! The customer's telephone, behind the UDP trunk.

use crate::rig::{CUSTOMER, Rig, until};
use async_trait::async_trait;
use seatline_media::{Codec, Leg, LegEvent, RtpConfig, sim::Headset};
use seatline_sip::{
    Authenticate, Call, CallEvent, CallEvents, Endpoint, EndpointConfig, EndpointEvent,
    IncomingCall, Number, OutgoingCall, Secret, Target,
};
use std::net::{IpAddr, Ipv4Addr};
use tokio::sync::{Mutex, mpsc::UnboundedReceiver};

struct Nobody;

#[async_trait]
impl Authenticate for Nobody {
    async fn secret(&self, _user: &str) -> Option<Secret> {
        None
    }
}

pub(crate) struct Telephone {
    endpoint: Endpoint,
    events: Mutex<UnboundedReceiver<EndpointEvent>>,
}

/// A call as the customer has it.
pub(crate) struct Line {
    pub(crate) call: Call,
    pub(crate) events: CallEvents,
    pub(crate) leg: Leg,
    pub(crate) leg_events: UnboundedReceiver<LegEvent>,
}

async fn leg(codec: Codec) -> (Leg, UnboundedReceiver<LegEvent>) {
    Leg::rtp(RtpConfig {
        bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
        advertise: None,
        port_range: None,
        codecs: vec![codec],
        latch: false,
    })
    .await
    .unwrap()
}

impl Telephone {
    pub(crate) async fn start() -> Self {
        let config = EndpointConfig {
            udp: Some(([127, 0, 0, 1], 0).into()),
            tcp: None,
            advertised: None,
            realm: "customer".into(),
            user_agent: "Telephone".into(),
            trunks: vec!["127.0.0.0/8".parse().unwrap()],
        };
        let (endpoint, events) = Endpoint::start(config, std::sync::Arc::new(Nobody))
            .await
            .unwrap();
        Self {
            endpoint,
            events: Mutex::new(events),
        }
    }

    pub(crate) fn uri(&self) -> String {
        let address = self.endpoint.udp_address().unwrap();
        format!("sip:{address};transport=udp")
    }

    /// Calls a number of the centre's and returns at once.
    pub(crate) async fn dial(&self, rig: &Rig, number: &str, codec: Codec) -> Line {
        let (leg, leg_events) = leg(codec).await;
        let sdp = leg.create_offer().await.unwrap();
        let (call, events) = self.invite(rig, number, sdp).await;
        Line {
            call,
            events,
            leg,
            leg_events,
        }
    }

    pub(crate) async fn invite(&self, rig: &Rig, number: &str, sdp: String) -> (Call, CallEvents) {
        let centre = rig.centre.app.calls.udp_address().unwrap();
        let target = Target::Trunk {
            uri: format!("sip:{centre};transport=udp"),
            credentials: None,
        };
        let call = OutgoingCall {
            to: Number::parse(number).unwrap(),
            from: Number::parse(CUSTOMER).unwrap(),
            display_name: None,
            headers: Vec::new(),
            sdp,
        };
        self.endpoint.call(target, call).await.unwrap()
    }

    /// The next call that comes in.
    pub(crate) async fn rung(&self) -> IncomingCall {
        let mut events = self.events.lock().await;
        until("the telephone rings", &mut events, |event| match event {
            EndpointEvent::Invite(call) => Some(call),
            _ => None,
        })
        .await
    }

    /// Answers a call.
    pub(crate) async fn answer(&self, incoming: IncomingCall, codec: Codec) -> Line {
        let (leg, leg_events) = leg(codec).await;
        let sdp = leg.answer(&incoming.offer.unwrap()).await.unwrap();
        incoming.call.accept(sdp).await.unwrap();
        Line {
            call: incoming.call,
            events: incoming.events,
            leg,
            leg_events,
        }
    }
}

impl Line {
    /// Waits until the centre has answered.
    pub(crate) async fn answered(&mut self) {
        let sdp = until(
            "the centre answers",
            &mut self.events,
            |event| match event {
                CallEvent::Answered(sdp) => Some(sdp),
                _ => None,
            },
        )
        .await;
        self.leg.accept_answer(&sdp).await.unwrap();
    }

    /// Waits until the call is over; returns the status.
    pub(crate) async fn ended(&mut self) -> Option<u16> {
        until("the call ends", &mut self.events, |event| match event {
            CallEvent::Ended { code, .. } => Some(code),
            _ => None,
        })
        .await
    }

    pub(crate) async fn digit(&mut self) -> char {
        until("a key", &mut self.leg_events, |event| match event {
            LegEvent::Digit { digit, .. } => Some(digit),
            _ => None,
        })
        .await
    }

    pub(crate) fn headset(&self) -> Headset {
        Headset::new(self.leg.attach().unwrap())
    }
}
