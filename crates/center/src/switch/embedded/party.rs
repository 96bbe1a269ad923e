//! One party: the task that owns its dialog and its leg.
//!
//! ```text
//!   came in ──progress──► early ──answer──► in ──────┐
//!      └────────────answer───────────────►  ▲        │ either side,
//!   dialled ──ringing──► early media ──answered──┘   ▼ at any point
//!                                                   gone
//! ```

use super::{
    super::{Answer, Dial, Ending, Event, PartyId},
    Core,
    trunks::NoTrunk,
};
use seatline_contract::{ANSWER_HEADER, ANSWER_LISTEN, ANSWER_TALK, CONTACT_HEADER};
use seatline_media::{Direction, Failure, Leg, LegError, LegEvent};
use seatline_sip::{
    Call, CallEvent, CallEvents, HeaderName, HeaderValue, IncomingCall, Number, Origin,
    OutgoingCall, PlaceCallError, ReofferReply, Side, Target,
};
use std::{net::IpAddr, sync::Arc};
use tokio::sync::mpsc;

/// What a party is told.
pub(super) enum Order {
    Progress,
    Answer,
    Digits(String),
    HangUp(Ending),
}

/// A party before its call is there.
pub(super) struct Party {
    id: PartyId,
    core: Arc<Core>,
    orders: mpsc::UnboundedReceiver<Order>,
}

type LegEvents = mpsc::UnboundedReceiver<LegEvent>;

impl Party {
    pub(super) fn new(
        id: PartyId,
        core: Arc<Core>,
        orders: mpsc::UnboundedReceiver<Order>,
    ) -> Self {
        Self { id, core, orders }
    }

    /// Serves a call that came in. Returns the party's last event.
    pub(super) async fn serve(self, incoming: IncomingCall) -> Event {
        let far_side = match incoming.origin {
            Origin::Agent { .. } => FarSide::Desk,
            Origin::Trunk { peer } => FarSide::Trunk(Some(peer.ip())),
            Origin::Switch => FarSide::Trunk(None),
        };
        let talk = Talk {
            party: self,
            call: incoming.call,
            leg: None,
            entry: Some(Entry {
                far_side,
                offer: incoming.offer,
                answer: None,
            }),
            early_answer: None,
            answered: false,
            needs_path: false,
            connected: false,
            held: false,
            cause: None,
        };
        Box::pin(talk.run(incoming.events)).await
    }

    /// Rings somebody. Returns the party's last event.
    pub(super) async fn dial(self, dial: Dial) -> Event {
        let party = self.id;
        let failed = move |code, reason: &str| Event::Ended {
            party,
            by_far_side: false,
            code: Some(code),
            reason: reason.to_owned(),
        };
        let needs_path = matches!(dial, Dial::Agent { .. });
        let leg = match &dial {
            Dial::Agent { .. } => self.core.desk_leg().await,
            Dial::Trunk { .. } => {
                let towards = self.core.trunk_address().await;
                self.core.trunk_leg(towards).await
            }
        };
        let (leg, leg_events) = match leg {
            Ok(leg) => leg,
            Err(error) => {
                tracing::error!(%error, "no media for a call");
                return failed(503, "no media");
            }
        };
        let placed = match leg.create_offer().await {
            Ok(offer) => self.place(dial, offer).await,
            Err(error) => {
                tracing::error!(%error, "no offer for a call");
                Err((503, "no media"))
            }
        };
        let (call, events) = match placed {
            Ok(placed) => placed,
            Err((code, reason)) => {
                leg.close().await;
                return failed(code, reason);
            }
        };
        self.core.hearings.join(party, leg.clone());
        let talk = Talk {
            party: self,
            call,
            leg: Some((leg, leg_events)),
            entry: None,
            early_answer: None,
            answered: false,
            needs_path,
            connected: false,
            held: false,
            cause: None,
        };
        Box::pin(talk.run(events)).await
    }

    async fn place(
        &self,
        dial: Dial,
        sdp: String,
    ) -> Result<(Call, CallEvents), (u16, &'static str)> {
        match dial {
            Dial::Agent {
                user,
                contact,
                from,
                name,
                answer,
            } => {
                let mut headers = vec![(CONTACT_HEADER, contact.to_string())];
                if let Some(answer) = answer {
                    let how = match answer {
                        Answer::Talk => ANSWER_TALK,
                        Answer::Listen => ANSWER_LISTEN,
                    };
                    headers.push((ANSWER_HEADER, how.to_owned()));
                }
                let header = |(name, value): (&str, String)| {
                    let unfit = |_| (500, "the call holds text that can not be sent");
                    let name = HeaderName::new(name).map_err(unfit)?;
                    Ok((name, HeaderValue::new(&value).map_err(unfit)?))
                };
                let call = OutgoingCall {
                    to: Number::parse(&user).map_err(|_| (500, "no such line"))?,
                    from: Number::parse(&from)
                        .or_else(|_| Number::parse("anonymous"))
                        .map_err(|_| (500, "no caller"))?,
                    display_name: name,
                    headers: headers.into_iter().map(header).collect::<Result<_, _>>()?,
                    sdp,
                };
                let placed = self.core.endpoint.call(Target::Agent(user), call).await;
                placed.map_err(|error| match error {
                    PlaceCallError::NotRegistered => (480, "the line is not registered"),
                    PlaceCallError::BadTrunkUri
                    | PlaceCallError::Unreachable
                    | PlaceCallError::Disconnected => (500, "the line can not be rung"),
                })
            }
            Dial::Trunk { number } => {
                self.core
                    .place(&number, &sdp)
                    .await
                    .map_err(|error| match error {
                        NoTrunk::Undiallable => (484, "the number can not be dialled"),
                        NoTrunk::Unreachable => (503, "no trunk"),
                    })
            }
        }
    }
}

/// Where a call came from, which decides how its sound travels.
enum FarSide {
    Desk,
    Trunk(Option<IpAddr>),
}

/// What is known of a call that came in, until it is answered.
struct Entry {
    far_side: FarSide,
    offer: Option<String>,
    /// Our session description, once made.
    answer: Option<String>,
}

/// A party with its call.
struct Talk {
    party: Party,
    call: Call,
    leg: Option<(Leg, LegEvents)>,
    entry: Option<Entry>,
    early_answer: Option<String>,
    answered: bool,
    /// A dialled desk is in only once sound can reach it: a customer is not given to one it can not.
    needs_path: bool,
    connected: bool,
    held: bool,
    /// Why this side ended it, if it was not told to.
    cause: Option<&'static str>,
}

impl Talk {
    async fn run(mut self, mut events: CallEvents) -> Event {
        let last = loop {
            let heard = async {
                match &mut self.leg {
                    Some((_, events)) => events.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(order) = self.party.orders.recv() => self.obey(order).await,
                event = events.recv() => match event {
                    Some(CallEvent::Ended { by, code, reason }) => {
                        break (by == Side::Remote, code, reason);
                    }
                    Some(event) => self.follow(event).await,
                    None => break (false, None, String::new()),
                },
                Some(event) = heard => self.listen(&event),
            }
        };
        if let Some((leg, _)) = self.leg {
            leg.close().await;
        }
        let (far, code, reason) = last;
        Event::Ended {
            party: self.party.id,
            by_far_side: far && self.cause.is_none(),
            code,
            reason: self.cause.map_or(reason, str::to_owned),
        }
    }

    async fn obey(&mut self, order: Order) {
        match order {
            Order::Progress => self.progress().await,
            Order::Answer => self.answer().await,
            Order::Digits(digits) => {
                if let Some((leg, _)) = &self.leg
                    && let Err(error) = leg.send_digits(&digits)
                {
                    tracing::warn!(%error, "keys were not sent");
                }
            }
            Order::HangUp(ending) => {
                let reason = HeaderValue::new(&ending.text)
                    .ok()
                    .filter(|_| !ending.text.is_empty());
                if self.entry.is_some() && !self.answered {
                    if self.call.reject(ending.code, reason.clone()).await.is_err() {
                        self.call.hangup(reason);
                    }
                } else {
                    self.call.hangup(reason);
                }
            }
        }
    }

    async fn progress(&mut self) {
        // A caller who has just given up is told nothing: its end is on the way.
        let _ = self.call.ring().await;
        if self
            .entry
            .as_ref()
            .is_some_and(|entry| entry.offer.is_none())
        {
            return;
        }
        if let Some(answer) = self.describe().await {
            let _ = self.call.progress(answer).await;
        }
    }

    async fn answer(&mut self) {
        if self.answered {
            return;
        }
        let Some(answer) = self.describe().await else {
            return;
        };
        match self.call.accept(answer).await {
            Ok(()) => {
                self.answered = true;
                self.party.core.raise(Event::Answered(self.party.id));
            }
            Err(error) => tracing::info!(%error, "a call ended while it was answered"),
        }
    }

    /// Our session description for a call that came in; makes the leg the first time. A call
    /// without common ground is refused here.
    async fn describe(&mut self) -> Option<String> {
        let entry = self.entry.as_mut()?;
        if let Some(answer) = &entry.answer {
            return Some(answer.clone());
        }
        let core = &self.party.core;
        let made = match entry.far_side {
            FarSide::Desk => core.desk_leg().await,
            FarSide::Trunk(peer) => core.trunk_leg(peer).await,
        };
        let described = match made {
            Ok((leg, events)) => {
                let described = match &entry.offer {
                    Some(offer) => leg.answer(offer).await,
                    None => leg.create_offer().await,
                };
                self.leg = Some((leg, events));
                described
            }
            Err(error) => Err(error),
        };
        match described {
            Ok(answer) => {
                entry.answer = Some(answer.clone());
                if let Some((leg, _)) = &self.leg {
                    core.hearings.join(self.party.id, leg.clone());
                }
                Some(answer)
            }
            Err(error) => {
                tracing::info!(%error, "a call offered no usable media");
                self.cause = Some("no usable media");
                // Rejecting a call that has ended meanwhile is no loss.
                let _ = self.call.reject(refusal(&error), None).await;
                None
            }
        }
    }

    async fn follow(&mut self, event: CallEvent) {
        let id = self.party.id;
        match event {
            CallEvent::Ringing => self.party.core.raise(Event::Ringing(id)),
            CallEvent::EarlyMedia(sdp) => {
                if self.take_answer(sdp).await {
                    self.party.core.raise(Event::EarlyMedia(id));
                }
            }
            CallEvent::Answered(sdp) => {
                self.answered = self.take_answer(sdp).await;
                if !self.answered {
                    self.give_up("no usable media");
                } else if self.connected || !self.needs_path {
                    self.party.core.raise(Event::Answered(id));
                }
            }
            CallEvent::Confirmed(Some(sdp)) => {
                if !self.take_answer(sdp).await {
                    self.give_up("no usable media");
                }
            }
            CallEvent::Confirmed(None) => {}
            CallEvent::Reoffer { sdp, reply } => self.renew(sdp, reply).await,
            // The endpoint has refused it already: only the centre moves calls.
            CallEvent::Referred { reply, .. } => reply.refuse(603),
            // Taken care of by the loop.
            CallEvent::Ended { .. } => {}
        }
    }

    /// Takes the far side's answer, which may come twice: early and for good.
    async fn take_answer(&mut self, sdp: String) -> bool {
        let Some((leg, _)) = &self.leg else {
            return false;
        };
        if self.early_answer.as_ref() == Some(&sdp) {
            return true;
        }
        match leg.accept_answer(&sdp).await {
            Ok(()) => {
                self.early_answer = Some(sdp);
                true
            }
            Err(LegError::WrongState { .. }) if self.early_answer.is_some() => {
                tracing::warn!("a far side changed its answer; the first one stays");
                true
            }
            Err(error) => {
                tracing::info!(%error, "a far side answered with unusable media");
                false
            }
        }
    }

    /// The far side offers a new session: hold, resume, a new network path.
    async fn renew(&mut self, sdp: Option<String>, reply: ReofferReply) {
        let Some((leg, _)) = &self.leg else {
            reply.reject(488);
            return;
        };
        let described = match &sdp {
            Some(offer) => leg.answer(offer).await,
            None => leg.create_offer().await,
        };
        match described {
            Ok(description) => reply.accept(description),
            Err(error) => {
                tracing::info!(%error, "a new session was refused");
                reply.reject(refusal(&error));
                return;
            }
        }
        let held = matches!(
            leg.remote_direction(),
            Direction::SendOnly | Direction::Inactive
        );
        if held != self.held {
            self.held = held;
            let id = self.party.id;
            self.party.core.raise(if held {
                Event::Held(id)
            } else {
                Event::Resumed(id)
            });
        }
    }

    fn listen(&mut self, event: &LegEvent) {
        let id = self.party.id;
        match event {
            LegEvent::Digit { digit, .. } => self.party.core.raise(Event::Digit(id, *digit)),
            LegEvent::ClipEnded => self.party.core.raise(Event::Played(id)),
            LegEvent::MediaTimeout { silence_ms } => {
                self.party.core.raise(Event::Silent(id, *silence_ms));
            }
            LegEvent::Connected => {
                let first = !self.connected;
                self.connected = true;
                if first && self.needs_path && self.answered {
                    self.party.core.raise(Event::Answered(id));
                }
            }
            LegEvent::Disconnected | LegEvent::FirstAudio => {}
            LegEvent::Failed(failure) => {
                tracing::warn!(party = %id, %failure, "media failed");
                // A path lost in mid-call may be renewed by the far side; silence is watched elsewhere.
                if *failure != Failure::Unreachable || !self.connected {
                    self.give_up("media failed");
                }
            }
        }
    }

    fn give_up(&mut self, cause: &'static str) {
        self.cause = Some(cause);
        self.call.hangup(HeaderValue::new(cause).ok());
    }
}

fn refusal(error: &LegError) -> u16 {
    match error {
        LegError::Malformed(_) => 400,
        LegError::NoCommonCodec | LegError::Insecure | LegError::NotADigit(_) => 488,
        LegError::WrongState { .. } | LegError::Attached => 491,
        LegError::Bind(_) | LegError::Closed | LegError::Peer(_) => 500,
    }
}
