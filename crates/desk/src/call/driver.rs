//! The one task that owns the line and the call.

mod events;

use super::{
    Ask, Callee, LineConfig, Reply, Route,
    current::{Current, EarlyAnswer},
    machine::{Input, State},
    steps::{self, NewLeg, Placed},
};
use crate::{
    board::Board,
    failure::{DeskCode, Failure},
    sound::Sound,
    view,
};
use seatline_contract::contact::Direction;
use seatline_media::LegEvent;
use seatline_sip::{CallEvent, HeaderValue, UserAgent, UserAgentEvent};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

/// How often quality is renewed and deadlines are looked at.
const TICK: Duration = Duration::from_secs(1);
/// How long a command waits for the first sign of a call we make.
const FIRST_SIGN: Duration = Duration::from_secs(4);
/// How long an answer given before the invitation came waits for it.
const EARLY_ANSWER: Duration = Duration::from_secs(5);
/// Between two tries to restore media.
const REPAIR_EVERY: Duration = Duration::from_secs(2);
/// After this long without media a call is given up.
const REPAIR_WITHIN: Duration = Duration::from_secs(60);

pub(super) struct Driver {
    board: Arc<Board>,
    sound: Arc<Sound>,
    reports: mpsc::UnboundedSender<Report>,
    inbox: Option<mpsc::UnboundedReceiver<Report>>,
    line: Option<Line>,
    current: Option<Current>,
    early_answer: Option<EarlyAnswer>,
    /// A line to register once no call is up.
    next_line: Option<Box<LineConfig>>,
    calls: u64,
}

/// The registered line.
struct Line {
    number: u64,
    agent: UserAgent,
    route: Route,
    up: bool,
    /// Passes the user agent's events on.
    pump: JoinHandle<()>,
}

/// What the tasks beside the driver report, with the number of the call or line they work for.
pub(super) enum Report {
    Line(u64, UserAgentEvent),
    Call(u64, CallEvent),
    Leg(u64, LegEvent),
    Prepared(u64, Result<(NewLeg, String), Failure>),
    Answered(u64, Result<(), Failure>),
    Placed(u64, Result<Placed, Failure>),
    Agreed(u64, Result<(), Failure>),
    Redirected(u64, bool, Result<(), Failure>, Reply),
    Repaired(u64, Result<(), Failure>),
}

impl Driver {
    pub(super) fn new(board: Arc<Board>, sound: Arc<Sound>) -> Self {
        let (reports, inbox) = mpsc::unbounded_channel();
        Self {
            board,
            sound,
            reports,
            inbox: Some(inbox),
            line: None,
            current: None,
            early_answer: None,
            next_line: None,
            calls: 0,
        }
    }

    pub(super) async fn run(mut self, mut asks: mpsc::UnboundedReceiver<Ask>) {
        let Some(mut reports) = self.inbox.take() else {
            return;
        };
        let mut key = self.sound.mute_key();
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                ask = asks.recv() => match ask {
                    Some(ask) => self.asked(ask).await,
                    None => return,
                },
                Some(report) = reports.recv() => self.reported(report).await,
                Ok(()) = key.changed() => {
                    let muted = *key.borrow_and_update();
                    // Pressed without a call, it says nothing of the next one.
                    let _ = self.mute(muted);
                }
                _ = tick.tick() => self.ticked().await,
            }
            if self.current.is_none()
                && let Some(config) = self.next_line.take()
            {
                self.register(*config).await;
            }
        }
    }

    async fn asked(&mut self, ask: Ask) {
        match ask {
            // A session that is renewed in mid-call does not end the call.
            Ask::Register(config) => self.next_line = Some(config),
            Ask::SignOff(reply) => {
                self.sign_off().await;
                settle(reply, Ok(()));
            }
            Ask::Dial(callee, reply) => self.dial(*callee, reply),
            Ask::Answer(reply) => self.answer(reply),
            Ask::Decline(reply) => {
                let result = self.decline().await;
                settle(reply, result);
            }
            Ask::HangUp(reply) => {
                let result = self.hang_up().await;
                settle(reply, result);
            }
            Ask::Mute(muted, reply) => {
                let result = self.mute(muted);
                settle(reply, result);
            }
            Ask::Hold(held, reply) => self.hold(held, reply),
            Ask::Press(keys, reply) => {
                let result = self.press(&keys);
                settle(reply, result);
            }
            Ask::CentreChanged => {
                let view = self.board.view();
                if let Some(current) = &mut self.current {
                    current.adopt(&view);
                    current.show(&self.board);
                }
                self.follow_use(&view);
            }
            Ask::CustomerPressed(contact, key) => {
                if let Some(current) = &mut self.current
                    && current.contact == Some(contact)
                {
                    current.customer_pressed(&key);
                    current.show(&self.board);
                }
            }
            Ask::Reconnect => {
                if let Some(line) = &self.line {
                    line.agent.reconnect();
                }
            }
        }
    }

    async fn register(&mut self, config: LineConfig) {
        self.sign_off().await;
        self.calls += 1;
        let number = self.calls;
        self.show_line(view::Line::Connecting);
        match UserAgent::connect(config.agent) {
            Ok((agent, mut events)) => {
                let reports = self.reports.clone();
                let pump = tokio::spawn(async move {
                    while let Some(event) = events.recv().await {
                        if reports.send(Report::Line(number, event)).is_err() {
                            return;
                        }
                    }
                });
                self.line = Some(Line {
                    number,
                    agent,
                    route: config.route,
                    up: false,
                    pump,
                });
            }
            Err(error) => {
                tracing::error!(%error, "the line cannot be set up");
                let reason = Failure::new(DeskCode::LineDown).code;
                self.show_line(view::Line::Down {
                    reason: Some(reason),
                });
            }
        }
    }

    async fn sign_off(&mut self) {
        self.next_line = None;
        if self.current.is_some() {
            // Its only refusal is that there is no call.
            let _ = self.hang_up().await;
            self.finish().await;
        }
        if let Some(line) = self.line.take() {
            line.agent.stop().await;
            line.pump.abort();
        }
        self.show_line(view::Line::Down { reason: None });
    }

    fn dial(&mut self, callee: Callee, reply: Reply) {
        if self.current.is_some() {
            return settle(reply, Err(Failure::new(DeskCode::AlreadyInCall)));
        }
        let Some(line) = self.line.as_ref().filter(|line| line.up) else {
            return settle(reply, Err(Failure::new(DeskCode::LineDown)));
        };
        self.calls += 1;
        let id = self.calls;
        let mut current = Current::new(
            id,
            Direction::Outbound,
            callee.shown.clone(),
            callee.name.clone(),
            self.board.centre_now(),
        );
        current.waiting = Some((reply, Instant::now() + FIRST_SIGN));
        current.show(&self.board);
        let (sound, reports) = (self.sound.clone(), self.reports.clone());
        let (agent, route) = (line.agent.clone(), line.route.clone());
        let apart = current.apart.clone();
        self.current = Some(current);
        tokio::spawn(async move {
            let placed = steps::place(&sound, id, &agent, route, callee, apart).await;
            send(&reports, Report::Placed(id, placed));
        });
    }

    fn answer(&mut self, reply: Reply) {
        let Some(current) = &mut self.current else {
            match &self.board.view().offer {
                // The offer came over the other connection first; the invitation follows.
                Some(offer) => {
                    self.early_answer = Some(EarlyAnswer {
                        contact: offer.contact.id,
                        reply,
                        until: Instant::now() + EARLY_ANSWER,
                    });
                }
                None => settle(reply, Err(Failure::new(DeskCode::NoCall))),
            }
            return;
        };
        if !current.machine.allows(Input::Answer) || current.busy || current.waiting.is_some() {
            return settle(reply, Err(current.refuse()));
        }
        current.waiting = Some((reply, Instant::now() + FIRST_SIGN));
        self.continue_answer();
    }

    /// Answers as soon as the answer is prepared and someone wants it.
    fn continue_answer(&mut self) {
        let Some(current) = &mut self.current else {
            return;
        };
        if current.busy || current.waiting.is_none() {
            return;
        }
        let (Some(leg), Some(call), Some(sdp)) = (&current.leg, &current.call, &current.prepared)
        else {
            return;
        };
        current.busy = true;
        self.sound.ring(false);
        let (leg, call, sdp) = (leg.clone(), call.clone(), sdp.clone());
        let (sound, reports) = (self.sound.clone(), self.reports.clone());
        let (id, apart) = (current.id, current.apart.clone());
        let use_of = current.use_of;
        tokio::spawn(async move {
            let answered = steps::answer(&sound, id, &leg, &call, sdp, apart, use_of).await;
            send(&reports, Report::Answered(id, answered));
        });
    }

    /// Opens the microphone of a supervisor who was only listening, or closes it again.
    fn follow_use(&mut self, view: &view::DeskView) {
        let Some(current) = &mut self.current else {
            return;
        };
        let needed = current.needed_use(view);
        if current.use_of == needed || !current.machine.state().talks() {
            return;
        }
        current.use_of = needed;
        let sound = self.sound.clone();
        tokio::spawn(async move {
            if let Err(failure) = sound.use_for(needed).await {
                tracing::warn!(%failure, "the microphone can not be opened or closed");
            }
        });
    }

    async fn decline(&mut self) -> Result<(), Failure> {
        let current = self.current.as_ref();
        let current = current.ok_or_else(|| Failure::new(DeskCode::NoCall))?;
        if current.machine.state() != State::Ringing {
            return Err(current.refuse());
        }
        self.hang_up().await
    }

    async fn hang_up(&mut self) -> Result<(), Failure> {
        let Some(current) = &mut self.current else {
            return Err(Failure::new(DeskCode::NoCall));
        };
        let ringing = current.machine.state() == State::Ringing;
        let now = self.board.centre_now();
        if current.apply(Input::End, now).is_err() {
            // It is ending already.
            return Ok(());
        }
        self.sound.ring(false);
        current.answer_waiting(Err(Failure::new(DeskCode::NoCall)));
        match &current.call {
            Some(call) if ringing => {
                let declined = call.reject(603, HeaderValue::new("declined").ok()).await;
                if declined.is_err() {
                    // Its answer is on its way already, or it has just ended by itself.
                    call.hangup(None);
                }
            }
            Some(call) => call.hangup(None),
            // It is being placed: its report finds it ended.
            None => {
                current.show(&self.board);
                return Ok(());
            }
        }
        self.finish().await;
        Ok(())
    }

    fn mute(&mut self, muted: bool) -> Result<(), Failure> {
        let Some(current) = &mut self.current else {
            return Err(Failure::new(DeskCode::NoCall));
        };
        if !muted && self.sound.is_muted_at_headset() {
            return Err(Failure::new(DeskCode::MutedAtHeadset));
        }
        self.sound.set_muted(muted);
        current.set_muted(muted);
        current.show(&self.board);
        Ok(())
    }

    fn hold(&mut self, held: bool, reply: Reply) {
        let Some(current) = &mut self.current else {
            return settle(reply, Err(Failure::new(DeskCode::NoCall)));
        };
        match (held, current.machine.state()) {
            (true, State::Held) | (false, State::Active) => return settle(reply, Ok(())),
            _ => {}
        }
        let input = if held { Input::Hold } else { Input::Resume };
        let (true, false, Some(leg), Some(call)) = (
            current.machine.allows(input),
            current.busy,
            &current.leg,
            &current.call,
        ) else {
            return settle(reply, Err(current.refuse()));
        };
        current.busy = true;
        // The customer must not hear another word from the moment of the click.
        current
            .apart
            .store(true, std::sync::atomic::Ordering::Relaxed);
        let (leg, call, id) = (leg.clone(), call.clone(), current.id);
        let reports = self.reports.clone();
        tokio::spawn(async move {
            let direction = if held {
                seatline_media::Direction::SendOnly
            } else {
                seatline_media::Direction::SendRecv
            };
            let agreed = steps::redirect(&leg, &call, direction).await;
            send(&reports, Report::Redirected(id, held, agreed, reply));
        });
    }

    fn press(&mut self, keys: &str) -> Result<(), Failure> {
        let Some(current) = &mut self.current else {
            return Err(Failure::new(DeskCode::NoCall));
        };
        let Some(leg) = current
            .leg
            .as_ref()
            .filter(|_| current.machine.state() == State::Active)
        else {
            return Err(current.refuse());
        };
        leg.send_digits(keys)
            .map_err(|error| Failure::new(DeskCode::MediaFailed).detail(error.to_string()))?;
        current.press(keys);
        current.show(&self.board);
        Ok(())
    }

    /// Lets go of everything the call held. Whoever still waits is told that it is over.
    async fn finish(&mut self) {
        let Some(mut current) = self.current.take() else {
            return;
        };
        self.sound.ring(false);
        current.answer_waiting(Err(Failure::new(DeskCode::NoCall)));
        self.sound.disconnect(current.id).await;
        self.sound.set_muted(false);
        if let Some(leg) = current.leg.take() {
            tokio::spawn(async move { leg.close().await });
        }
        self.board.change(|view| view.call = None);
    }

    fn show_line(&self, line: view::Line) {
        self.board.change(|view| view.line = line);
    }
}

fn settle(reply: Reply, result: Result<(), Failure>) {
    // Who asked may have gone.
    let _ = reply.send(result);
}

fn send(reports: &mpsc::UnboundedSender<Report>, report: Report) {
    // Without the driver there is no call to report on.
    let _ = reports.send(report);
}
