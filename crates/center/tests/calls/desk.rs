//! An agent's desk: events, line, and one call.

use crate::rig::{Rig, until, within};
use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use seatline_contract::{
    ANSWER_HEADER, ANSWER_TALK,
    contact::{Contact, ContactState, Offer, OfferEnd},
    directory::Colleague,
    event::{Change, ClientFrame, ServerFrame},
    identity::Session,
    presence::{Presence, PresenceChoice, PresenceState, SetPresence},
};
use seatline_media::{Leg, LegEvent, WebRtcConfig, sim::Headset};
use seatline_sip::{
    Call, CallEvent, CallEvents, IncomingCall, Number, Secret, UserAgent, UserAgentConfig,
    UserAgentEvent,
};
use serde_json::Value;
use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_tungstenite::{Connector, connect_async_tls_with_config, tungstenite::Message};
use uuid::Uuid;

pub(crate) struct Desk {
    pub(crate) session: Session,
    pub(crate) line: UserAgent,
    line_events: UnboundedReceiver<UserAgentEvent>,
    changes: UnboundedReceiver<Change>,
    frames: UnboundedSender<ClientFrame>,
}

/// A call as the agent has it.
pub(crate) struct Talk {
    pub(crate) call: Call,
    pub(crate) events: CallEvents,
    pub(crate) leg: Leg,
    /// Kept so that the leg has somebody to tell.
    _leg_events: UnboundedReceiver<LegEvent>,
}

pub(crate) async fn leg() -> (Leg, UnboundedReceiver<LegEvent>) {
    Leg::webrtc(WebRtcConfig {
        bind: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
        port_range: None,
        ice_servers: Vec::new(),
    })
    .await
    .unwrap()
}

impl Desk {
    pub(crate) async fn open(rig: &Rig, login: &str) -> Self {
        Self::open_at(rig, login, rig.centre.address.port()).await
    }

    /// Reaches the centre at this port of the local host.
    pub(crate) async fn open_at(rig: &Rig, login: &str, port: u16) -> Self {
        let session = rig.sign_in(login).await;
        let (changes, frames) = listen(rig, &session, port).await;
        let (line, line_events) = register(rig, &session, port);
        let mut desk = Self {
            session,
            line,
            line_events,
            changes,
            frames,
        };
        until("the line registers", &mut desk.line_events, |event| {
            matches!(event, UserAgentEvent::Registered).then_some(())
        })
        .await;
        desk.be_known(rig).await;
        desk
    }

    /// Waits until calls know of the line: the switch tells them a moment after it has answered the
    /// desk. Whoever is in a call already shows no difference.
    async fn be_known(&self, rig: &Rig) {
        let token = Some(&self.session.token);
        within("the line is known", async {
            loop {
                let all: Vec<Colleague> =
                    rig.ask(token, Method::GET, "/api/v1/directory", &()).await;
                let own = all.iter().find(|seen| seen.person.id == self.session.me.id);
                let own = own.expect("everybody is in the directory");
                if own.callable || matches!(own.presence, Presence::Offered | Presence::Busy) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    }

    /// Cuts the line's connection and waits until it is registered again.
    pub(crate) async fn reconnect(&mut self) {
        self.line.reconnect();
        until("the line registers again", &mut self.line_events, |event| {
            matches!(event, UserAgentEvent::Registered).then_some(())
        })
        .await;
    }

    pub(crate) async fn set_ready(&self, rig: &Rig) {
        let request = SetPresence {
            choice: PresenceChoice::Ready,
        };
        let token = Some(&self.session.token);
        let state: PresenceState = rig
            .ask(token, Method::PUT, "/api/v1/presence", &request)
            .await;
        assert_eq!(state.next, PresenceChoice::Ready);
    }

    /// Says something on the event socket.
    pub(crate) fn say(&self, frame: ClientFrame) {
        self.frames.send(frame).unwrap();
    }

    pub(crate) async fn change<T>(
        &mut self,
        what: &str,
        wanted: impl FnMut(Change) -> Option<T>,
    ) -> T {
        until(what, &mut self.changes, wanted).await
    }

    pub(crate) async fn offer(&mut self) -> Offer {
        self.change("an offer", |change| match change {
            Change::Offered { offer } => Some(offer),
            _ => None,
        })
        .await
    }

    pub(crate) async fn offer_gone(&mut self) -> OfferEnd {
        self.change("the offer's end", |change| match change {
            Change::OfferGone { end, .. } => Some(end),
            _ => None,
        })
        .await
    }

    pub(crate) async fn contact_in(&mut self, state: ContactState) -> Contact {
        self.change(&format!("a contact in {state:?}"), |change| match change {
            Change::Contact { contact } if contact.state == state => Some(contact),
            _ => None,
        })
        .await
    }

    pub(crate) async fn presence(&mut self, wanted: Presence) {
        self.change(&format!("{wanted:?}"), |change| match change {
            Change::Presence { presence } if presence.presence == wanted => Some(()),
            _ => None,
        })
        .await;
    }

    pub(crate) async fn rung(&mut self) -> IncomingCall {
        until(
            "the desk rings",
            &mut self.line_events,
            |event| match event {
                UserAgentEvent::Incoming(call) => Some(call),
                _ => None,
            },
        )
        .await
    }

    pub(crate) async fn answer(&mut self, incoming: IncomingCall) -> Talk {
        let (leg, leg_events) = leg().await;
        let sdp = leg.answer(&incoming.offer.unwrap()).await.unwrap();
        incoming.call.accept(sdp).await.unwrap();
        Talk {
            call: incoming.call,
            events: incoming.events,
            leg,
            _leg_events: leg_events,
        }
    }

    /// Takes what knocks while it is in a call: that call's line ends, and another rings that the
    /// desk answers by itself.
    pub(crate) async fn take_knocking(
        &mut self,
        rig: &Rig,
        offer: &Offer,
        talk: &mut Talk,
    ) -> Talk {
        let path = format!("/api/v1/offers/{}/take", offer.id);
        let _: Value = rig
            .ask(Some(&self.session.token), Method::POST, &path, &())
            .await;
        talk.ended().await;
        let rung = self.rung().await;
        assert_eq!(rung.headers.get(ANSWER_HEADER), Some(ANSWER_TALK));
        self.answer(rung).await
    }

    pub(crate) async fn dial(&self, number: &str) -> Talk {
        let (leg, leg_events) = leg().await;
        let sdp = leg.create_offer().await.unwrap();
        let number = Number::parse(number).unwrap();
        let (call, events) = self.line.call(number, Vec::new(), sdp).await.unwrap();
        Talk {
            call,
            events,
            leg,
            _leg_events: leg_events,
        }
    }
}

impl Talk {
    /// Waits for early media or the answer and takes it.
    pub(crate) async fn media(&mut self) {
        let sdp = until("media", &mut self.events, |event| match event {
            CallEvent::EarlyMedia(sdp) | CallEvent::Answered(sdp) => Some(sdp),
            _ => None,
        })
        .await;
        self.leg.accept_answer(&sdp).await.unwrap();
    }

    pub(crate) async fn answered(&mut self) {
        until("the answer", &mut self.events, |event| {
            matches!(event, CallEvent::Answered(_)).then_some(())
        })
        .await;
    }

    pub(crate) async fn ended(&mut self) -> Option<u16> {
        until("the call ends", &mut self.events, |event| match event {
            CallEvent::Ended { code, .. } => Some(code),
            _ => None,
        })
        .await
    }

    pub(crate) async fn reoffer(&self, sdp: String) {
        let answer = within("the new session", self.call.reoffer(sdp)).await;
        self.leg.accept_answer(&answer.unwrap()).await.unwrap();
    }

    pub(crate) fn headset(&self) -> Headset {
        Headset::new(self.leg.attach().unwrap())
    }
}

fn register(
    rig: &Rig,
    session: &Session,
    port: u16,
) -> (UserAgent, UnboundedReceiver<UserAgentEvent>) {
    let line = &session.line;
    UserAgent::connect(UserAgentConfig {
        url: format!("wss://localhost:{port}{}", line.path),
        tls: rig.trust.clone(),
        proxy: None,
        user: Number::parse(&line.user).unwrap(),
        display_name: None,
        secret: Secret::password(line.secret.expose()),
        realm: line.realm.clone(),
        instance: Uuid::new_v4(),
        user_agent: "Test desk".into(),
        probe_every: Duration::from_secs(5),
    })
    .unwrap()
}

/// Opens the event socket and keeps it alive.
async fn listen(
    rig: &Rig,
    session: &Session,
    port: u16,
) -> (UnboundedReceiver<Change>, UnboundedSender<ClientFrame>) {
    let url = format!("wss://localhost:{port}/api/v1/events");
    let connector = Connector::Rustls(rig.trust.clone());
    let connecting = connect_async_tls_with_config(url, None, false, Some(connector));
    let (mut socket, _) = within("the event socket", connecting).await.unwrap();
    let frame = |frame: &ClientFrame| Message::text(serde_json::to_string(frame).unwrap());
    let hello = ClientFrame::Hello {
        token: session.token.clone(),
    };
    socket.send(frame(&hello)).await.unwrap();
    let (changes, stream) = unbounded_channel();
    let (said, mut to_say) = unbounded_channel();
    let first = within("the snapshot", socket.next())
        .await
        .unwrap()
        .unwrap();
    let first: ServerFrame = serde_json::from_str(first.to_text().unwrap()).unwrap();
    assert!(matches!(first, ServerFrame::Snapshot { .. }), "{first:?}");
    tokio::spawn(async move {
        let mut beat = tokio::time::interval(Duration::from_secs(2));
        loop {
            tokio::select! {
                _ = beat.tick() => {
                    if socket.send(frame(&ClientFrame::Beat)).await.is_err() {
                        return;
                    }
                }
                Some(said) = to_say.recv() => {
                    if socket.send(frame(&said)).await.is_err() {
                        return;
                    }
                }
                received = socket.next() => {
                    let Some(Ok(Message::Text(text))) = received else {
                        return;
                    };
                    if let Ok(ServerFrame::Delta { change, .. }) = serde_json::from_str(&text)
                        && changes.send(*change).is_err()
                    {
                        return;
                    }
                }
            }
        }
    });
    (stream, said)
}
