//! A desk without a window: a user agent, a leg, and recordings in the place of a headset.

use anyhow::{Context, Result, bail, ensure};
use seatline_media::{Direction, FRAME, Leg, LegEvent, WebRtcConfig};
use seatline_sip::{
    Call, CallEvent, CallEvents, IncomingCall, Number, Referral, Secret, Transfer, Transfers,
    UserAgent, UserAgentConfig, UserAgentEvent,
};
use seatline_tests::{
    asterisk::{Asterisk, REALM},
    sound::RATE,
};
use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::timeout,
};

/// How long anything of the network may take.
const PATIENCE: Duration = Duration::from_secs(40);

/// A desk, registered.
pub(crate) struct Desk {
    agent: UserAgent,
    events: UnboundedReceiver<UserAgentEvent>,
    address: IpAddr,
    /// What its user says, at [`RATE`].
    speech: Arc<Vec<f32>>,
}

impl Desk {
    /// Registers.
    pub(crate) async fn sign_in(
        asterisk: &Asterisk,
        (user, secret): (&str, &str),
        address: IpAddr,
        speech: Vec<f32>,
    ) -> Result<Self> {
        let (agent, events) = UserAgent::connect(UserAgentConfig {
            url: asterisk.url(),
            tls: asterisk.trust()?,
            proxy: None,
            user: Number::parse(user)?,
            display_name: None,
            secret: Secret::password(secret),
            realm: REALM.to_owned(),
            instance: uuid::Uuid::new_v4(),
            user_agent: "seatline-interop".to_owned(),
            probe_every: Duration::from_secs(5),
        })?;
        let mut desk = Self {
            agent,
            events,
            address,
            speech: Arc::new(speech),
        };
        desk.expect_registered().await?;
        Ok(desk)
    }

    /// Waits until the switch knows it, again.
    pub(crate) async fn expect_registered(&mut self) -> Result<()> {
        loop {
            match self.next("a registration").await? {
                UserAgentEvent::Registered => return Ok(()),
                UserAgentEvent::Reconnecting { .. } => {}
                event @ (UserAgentEvent::Rejected(_) | UserAgentEvent::Incoming(_)) => {
                    bail!("not registered but {event:?}")
                }
            }
        }
    }

    /// Waits until the line is lost.
    pub(crate) async fn expect_line_lost(&mut self) -> Result<()> {
        match self.next("the loss of the line").await? {
            UserAgentEvent::Reconnecting { .. } => Ok(()),
            event => bail!("the line is not lost but {event:?}"),
        }
    }

    /// Calls a number; returns when it is answered.
    pub(crate) async fn call(&self, number: &str) -> Result<Talk> {
        let (leg, leg_events) = self.leg().await?;
        let offer = leg.create_offer().await?;
        let (call, events) = self
            .agent
            .call(Number::parse(number)?, Vec::new(), offer)
            .await?;
        let mut talk = Talk::begin(call, events, leg, leg_events, self.speech.clone())?;
        talk.expect("an answer", |event| matches!(event, CallEvent::Answered(_)))
            .await?;
        talk.expect_sound().await?;
        Ok(talk)
    }

    /// Calls whom the far side of a call asks it to call; returns when that is answered.
    pub(crate) async fn follow(&self, referral: &Referral) -> Result<Talk> {
        let (leg, leg_events) = self.leg().await?;
        let offer = leg.create_offer().await?;
        let (call, events) = self.agent.follow(referral, offer).await?;
        let mut talk = Talk::begin(call, events, leg, leg_events, self.speech.clone())?;
        talk.expect("an answer", |event| matches!(event, CallEvent::Answered(_)))
            .await?;
        talk.expect_sound().await?;
        Ok(talk)
    }

    /// Waits for a call.
    pub(crate) async fn ring(&mut self) -> Result<IncomingCall> {
        match self.next("a call").await? {
            UserAgentEvent::Incoming(incoming) => {
                incoming.call.ring().await?;
                Ok(incoming)
            }
            event => bail!("no call but {event:?}"),
        }
    }

    /// Answers a call; returns when the answer is confirmed.
    pub(crate) async fn answer(&self, incoming: IncomingCall) -> Result<Talk> {
        let (leg, leg_events) = self.leg().await?;
        let offer = incoming.offer.context("a call without an offer")?;
        let answer = leg.answer(&offer).await?;
        let speech = self.speech.clone();
        let call = incoming.call.clone();
        let mut talk = Talk::begin(call, incoming.events, leg, leg_events, speech)?;
        talk.call.accept(answer).await?;
        talk.expect("a confirmation", |event| {
            matches!(event, CallEvent::Confirmed(_))
        })
        .await?;
        talk.expect_sound().await?;
        Ok(talk)
    }

    async fn leg(&self) -> Result<(Leg, UnboundedReceiver<LegEvent>)> {
        Ok(Leg::webrtc(WebRtcConfig {
            bind: vec![self.address],
            port_range: None,
            ice_servers: Vec::new(),
        })
        .await?)
    }

    async fn next(&mut self, what: &str) -> Result<UserAgentEvent> {
        timeout(PATIENCE, self.events.recv())
            .await
            .with_context(|| format!("{what}: not within {PATIENCE:?}"))?
            .context("the user agent is gone")
    }
}

/// How a transfer ends.
pub(crate) async fn end_of(mut transfers: Transfers) -> Result<Transfer> {
    let waiting = async {
        let mut last = None;
        while let Some(progress) = transfers.recv().await {
            println!("the transfer: {progress:?}");
            last = Some(progress);
            if progress.is_final() {
                break;
            }
        }
        last.context("the transfer tells nothing")
    };
    timeout(PATIENCE, waiting).await.context("the transfer")?
}

/// A call in which the desk speaks and listens.
pub(crate) struct Talk {
    pub(crate) call: Call,
    leg: Leg,
    events: UnboundedReceiver<CallEvent>,
    leg_events: UnboundedReceiver<LegEvent>,
    headset: Headset,
}

impl Talk {
    /// Joins a call and its leg to a headset.
    pub(crate) fn begin(
        call: Call,
        mut events: CallEvents,
        leg: Leg,
        leg_events: UnboundedReceiver<LegEvent>,
        speech: Arc<Vec<f32>>,
    ) -> Result<Self> {
        let headset = Headset::put_on(&leg, speech)?;
        let (told, heard) = unbounded_channel();
        let agreeing = leg.clone();
        tokio::spawn(async move {
            let mut agreed = false;
            while let Some(event) = events.recv().await {
                match event {
                    CallEvent::Reoffer { sdp, reply } => {
                        match agreeing.answer(sdp.as_deref().unwrap_or_default()).await {
                            Ok(answer) => reply.accept(answer),
                            Err(error) => {
                                eprintln!("an offer that cannot be taken: {error}");
                                reply.reject(488);
                            }
                        }
                    }
                    event => {
                        let answer = match &event {
                            CallEvent::EarlyMedia(sdp) | CallEvent::Answered(sdp) => Some(sdp),
                            _ => None,
                        };
                        if let Some(sdp) = answer.filter(|_| !std::mem::replace(&mut agreed, true))
                            && let Err(error) = agreeing.accept_answer(sdp).await
                        {
                            eprintln!("an answer that cannot be taken: {error}");
                        }
                        // A test that is over wants no more of it.
                        let _ = told.send(event);
                    }
                }
            }
        });
        Ok(Self {
            call,
            leg,
            events: heard,
            leg_events,
            headset,
        })
    }

    /// Waits for an event of the call; the end of the call is an error unless it is wanted.
    pub(crate) async fn expect(
        &mut self,
        what: &str,
        wanted: impl Fn(&CallEvent) -> bool,
    ) -> Result<CallEvent> {
        let waiting = async {
            while let Some(event) = self.events.recv().await {
                if wanted(&event) {
                    return Ok(event);
                }
                if let CallEvent::Ended { .. } = event {
                    bail!("{what}: the call ended instead: {event:?}");
                }
            }
            bail!("{what}: the call is gone")
        };
        timeout(PATIENCE, waiting)
            .await
            .with_context(|| format!("{what}: not within {PATIENCE:?}"))?
    }

    /// Waits for the end of the call.
    pub(crate) async fn expect_end(&mut self) -> Result<CallEvent> {
        self.expect("the end of the call", |event| {
            matches!(event, CallEvent::Ended { .. })
        })
        .await
    }

    /// Whether nothing has ended the call so far.
    pub(crate) fn is_up(&mut self) -> bool {
        std::iter::from_fn(|| self.events.try_recv().ok())
            .all(|event| !matches!(event, CallEvent::Ended { .. }))
    }

    /// Holds or resumes, as the desk does it.
    pub(crate) async fn hold(&self, held: bool) -> Result<()> {
        self.headset.apart.store(held, Ordering::Relaxed);
        let direction = if held {
            Direction::SendOnly
        } else {
            Direction::SendRecv
        };
        let offer = self.leg.create_offer_with(direction).await?;
        let answer = self.call.reoffer(offer).await?;
        Ok(self.leg.accept_answer(&answer).await?)
    }

    /// Presses keys.
    pub(crate) fn press(&self, keys: &str) -> Result<()> {
        Ok(self.leg.send_digits(keys)?)
    }

    /// Waits for a key the far side presses.
    pub(crate) async fn expect_key(&mut self, key: char) -> Result<()> {
        let event = self
            .expect_of_leg("a key", |event| matches!(event, LegEvent::Digit { .. }))
            .await?;
        ensure!(
            matches!(event, LegEvent::Digit { digit, .. } if digit == key),
            "not {key} but {event:?}"
        );
        Ok(())
    }

    /// Waits until the far side is heard for the first time.
    async fn expect_sound(&mut self) -> Result<()> {
        self.expect_of_leg("sound", |event| matches!(event, LegEvent::FirstAudio))
            .await
            .map(drop)
    }

    async fn expect_of_leg(
        &mut self,
        what: &str,
        wanted: impl Fn(&LegEvent) -> bool,
    ) -> Result<LegEvent> {
        let waiting = async {
            while let Some(event) = self.leg_events.recv().await {
                if wanted(&event) {
                    return Ok(event);
                }
            }
            bail!("{what}: the leg is gone")
        };
        timeout(PATIENCE, waiting)
            .await
            .with_context(|| format!("{what}: not within {PATIENCE:?}"))?
    }

    /// What is heard within `seconds` from now, at [`RATE`].
    pub(crate) async fn hear(&self, seconds: usize) -> Result<Vec<f32>> {
        let from = self.headset.heard().len();
        let to = from + seconds * RATE as usize;
        let deadline = Instant::now() + Duration::from_secs(seconds as u64) + PATIENCE;
        while self.headset.heard().len() < to {
            ensure!(Instant::now() < deadline, "the headset has stopped");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(self.headset.heard()[from..to].to_vec())
    }

    /// Hangs up.
    pub(crate) fn hang_up(&self) {
        self.call.hangup(None);
    }
}

/// A recording that speaks and one that is made, in the place of a headset.
struct Headset {
    heard: Arc<Mutex<Vec<f32>>>,
    /// On hold: says nothing.
    apart: Arc<AtomicBool>,
    worn: Arc<AtomicBool>,
}

impl Headset {
    fn put_on(leg: &Leg, speech: Arc<Vec<f32>>) -> Result<Self> {
        let (mut talker, mut listener) = leg.attach()?;
        let headset = Self {
            heard: Arc::default(),
            apart: Arc::default(),
            worn: Arc::new(AtomicBool::new(true)),
        };
        let (heard, apart) = (headset.heard.clone(), headset.apart.clone());
        let worn = headset.worn.clone();
        std::thread::spawn(move || {
            let narrow = FRAME / 3;
            let mut at = 0;
            let mut due = Instant::now();
            while worn.load(Ordering::Relaxed) {
                let mut frame = [0.0; FRAME];
                if !apart.load(Ordering::Relaxed) {
                    for (n, sample) in frame.iter_mut().enumerate() {
                        let (index, third) = (at + n / 3, n % 3);
                        let here = speech[index % speech.len()];
                        let next = speech[(index + 1) % speech.len()];
                        *sample = here + (next - here) * third as f32 / 3.0;
                    }
                }
                at = (at + narrow) % speech.len();
                talker.send(&frame);
                listener.receive(&mut frame);
                if let Ok(mut heard) = heard.lock() {
                    heard.extend(frame.chunks_exact(3).map(|c| c.iter().sum::<f32>() / 3.0));
                }
                due += Duration::from_millis(20);
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
            }
        });
        Ok(headset)
    }

    fn heard(&self) -> std::sync::MutexGuard<'_, Vec<f32>> {
        self.heard
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Headset {
    fn drop(&mut self) {
        self.worn.store(false, Ordering::Relaxed);
    }
}
