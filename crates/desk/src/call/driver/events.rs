//! What the line, the call, the leg and the steps beside the driver report.

use super::{
    super::{
        current::{Current, Repair},
        machine::{Input, State},
        steps::{self, NewLeg},
    },
    Driver, Instant, REPAIR_EVERY, REPAIR_WITHIN, Report, send, settle,
};
use crate::{
    failure::{DeskCode, Failure},
    view::{self, NoticeCode},
};
use seatline_contract::{
    ANSWER_HEADER, CONTACT_HEADER,
    contact::Direction,
    customer::{NumberKind, NumberView},
    error::{ApiError, Code},
};
use seatline_media::LegEvent;
use seatline_sip::{CallEvent, CallEvents, IncomingCall, ReofferReply, Side, UserAgentEvent};
use tokio::sync::mpsc::UnboundedReceiver;

impl Driver {
    pub(super) async fn reported(&mut self, report: Report) {
        let current = self.current.as_ref().map(|current| current.id);
        match report {
            Report::Line(number, event) => {
                if self.line.as_ref().is_some_and(|line| line.number == number) {
                    self.line_event(event).await;
                }
            }
            Report::Call(id, event) if current == Some(id) => self.call_event(event).await,
            Report::Leg(id, event) if current == Some(id) => self.leg_event(event).await,
            Report::Prepared(id, result) if current == Some(id) => self.prepared(result).await,
            Report::Answered(id, result) if current == Some(id) => self.answered(result).await,
            Report::Placed(id, result) if current == Some(id) => self.placed(result).await,
            Report::Agreed(id, result) if current == Some(id) => self.agreed(result).await,
            Report::Redirected(id, held, result, reply) if current == Some(id) => {
                self.redirected(held, result, reply);
            }
            Report::Repaired(id, result) if current == Some(id) => self.repaired(result),
            Report::Prepared(_, Ok(((leg, _), _))) => leg.close().await,
            Report::Placed(id, Ok(placed)) => {
                placed.call.0.hangup(None);
                self.sound.disconnect(id).await;
                placed.leg.0.close().await;
            }
            Report::Redirected(_, _, _, reply) => {
                settle(reply, Err(Failure::new(DeskCode::NoCall)));
            }
            // They speak of a call that is over.
            Report::Call(..)
            | Report::Leg(..)
            | Report::Prepared(..)
            | Report::Answered(..)
            | Report::Placed(..)
            | Report::Agreed(..)
            | Report::Repaired(..) => {}
        }
    }

    async fn line_event(&mut self, event: UserAgentEvent) {
        let up = matches!(
            event,
            UserAgentEvent::Registered | UserAgentEvent::Incoming(_)
        );
        if let Some(line) = &mut self.line {
            line.up = up;
        }
        match event {
            UserAgentEvent::Registered => self.show_line(view::Line::Up),
            UserAgentEvent::Reconnecting { attempt, cause, .. } => {
                tracing::info!(attempt, ?cause, "the line is being connected again");
                self.show_line(view::Line::Connecting);
            }
            UserAgentEvent::Rejected(rejection) => {
                tracing::warn!(?rejection, "the switch refuses the line");
                let reason = Failure::new(DeskCode::LineRejected).code;
                self.show_line(view::Line::Down {
                    reason: Some(reason),
                });
            }
            UserAgentEvent::Incoming(incoming) => self.incoming(incoming).await,
        }
    }

    async fn incoming(&mut self, incoming: IncomingCall) {
        let Some(route) = self.line.as_ref().map(|line| line.route.clone()) else {
            return;
        };
        if self.current.is_some() {
            // Busy here. A caller who has left meanwhile needs no refusal.
            let _ = incoming.call.reject(486, None).await;
            return;
        }
        self.calls += 1;
        let id = self.calls;
        let number = NumberView {
            display: incoming
                .from
                .number
                .as_ref()
                .map(|number| number.as_str().to_owned())
                .unwrap_or_default(),
            full: None,
            kind: NumberKind::Unknown,
            region: None,
        };
        let name = incoming.from.display_name.clone();
        let now = self.board.centre_now();
        let mut current = Current::new(id, Direction::Inbound, number, name, now);
        let contact = incoming.headers.get(CONTACT_HEADER);
        current.contact = contact.and_then(|id| id.parse().ok());
        current.call = Some(incoming.call.clone());
        current.adopt(&self.board.view());
        if let Some(early) = self.early_answer.take() {
            current.take_early(early);
        }
        if let Some(wanted) = incoming.headers.get(ANSWER_HEADER) {
            current.answer_by_itself(wanted);
        }
        current.show(&self.board);
        let answered = current.waiting.is_some();
        self.current = Some(current);
        self.watch_call(id, incoming.events);
        self.sound.ring(!answered);
        let reports = self.reports.clone();
        tokio::spawn(async move {
            // If the caller has just left, the end of the call is on its way.
            let _ = incoming.call.ring().await;
            let prepared = steps::prepare(route, incoming.offer).await;
            send(&reports, Report::Prepared(id, prepared));
        });
    }

    async fn call_event(&mut self, event: CallEvent) {
        let Some(current) = &mut self.current else {
            return;
        };
        let now = self.board.centre_now();
        match event {
            CallEvent::Ringing => current.answer_waiting(Ok(())),
            CallEvent::EarlyMedia(sdp) => {
                current.answer_waiting(Ok(()));
                self.agree(sdp);
            }
            CallEvent::Answered(sdp) => {
                current.answer_waiting(Ok(()));
                if let Err(error) = current.apply(Input::FarAnswer, now) {
                    tracing::warn!(%error, "an answer out of turn");
                }
                current.show(&self.board);
                self.agree(sdp);
            }
            CallEvent::Confirmed(Some(sdp)) => self.agree(sdp),
            CallEvent::Confirmed(None) => {}
            CallEvent::Reoffer { sdp, reply } => self.reoffered(sdp, reply),
            // Nobody but the agent makes this desk call a number.
            CallEvent::Referred { reply, .. } => reply.refuse(603),
            CallEvent::Ended { by, code, reason } => {
                self.ended(by, code, &reason).await;
            }
        }
    }

    /// Takes the far side's answer, once: a second one repeats the first.
    fn agree(&mut self, sdp: String) {
        let Some(current) = &mut self.current else {
            return;
        };
        if std::mem::replace(&mut current.agreed, true) {
            return;
        }
        let Some(leg) = current.leg.clone() else {
            return;
        };
        let (id, reports) = (current.id, self.reports.clone());
        tokio::spawn(async move {
            let agreed = leg
                .accept_answer(&sdp)
                .await
                .map_err(|error| Failure::new(DeskCode::MediaFailed).detail(error.to_string()));
            send(&reports, Report::Agreed(id, agreed));
        });
    }

    /// The switch changes the session: a new address, or hold from its side.
    fn reoffered(&self, sdp: Option<String>, reply: ReofferReply) {
        let leg = self
            .current
            .as_ref()
            .and_then(|current| current.leg.clone());
        let (Some(leg), Some(sdp)) = (leg, sdp) else {
            return reply.reject(488);
        };
        tokio::spawn(async move {
            match leg.answer(&sdp).await {
                Ok(answer) => reply.accept(answer),
                Err(error) => {
                    tracing::warn!(%error, "the switch's offer cannot be taken");
                    reply.reject(488);
                }
            }
        });
    }

    async fn ended(&mut self, by: Side, code: Option<u16>, reason: &str) {
        let Some(current) = &mut self.current else {
            return;
        };
        let state = current.machine.state();
        tracing::info!(?by, code, reason, ?state, "the call has ended");
        let now = self.board.centre_now();
        if current.apply(Input::End, now).is_err() {
            // The agent hung up first.
        } else if state == State::Dialing && by == Side::Remote {
            let told = current.waiting.is_some();
            match refusal(code) {
                Some(failure) if told => current.answer_waiting(Err(failure)),
                _ => {
                    current.answer_waiting(Ok(()));
                    let detail = code.map(|code| code.to_string());
                    self.board.tell(NoticeCode::CallFailed, detail);
                }
            }
        }
        self.finish().await;
    }

    async fn leg_event(&mut self, event: LegEvent) {
        let Some(current) = &mut self.current else {
            return;
        };
        let now = self.board.centre_now();
        match event {
            LegEvent::Connected => {
                current.repair = None;
                self.media(Input::MediaUp);
            }
            LegEvent::Disconnected => {
                self.media(Input::MediaLost);
                self.begin_repair();
            }
            LegEvent::Failed(failure) => {
                tracing::warn!(%failure, "the media path failed");
                let state = current.machine.state();
                if matches!(state, State::Ringing | State::Dialing | State::Connecting) {
                    self.give_up("media").await;
                } else {
                    self.media(Input::MediaLost);
                    self.begin_repair();
                }
            }
            LegEvent::MediaTimeout { silence_ms } => {
                tracing::info!(silence_ms, "nothing is heard from the switch");
            }
            LegEvent::FirstAudio => {
                tracing::info!(at = now.0, "the first sound has arrived");
            }
            // The centre tells of the customer's keys; clips are not played here.
            LegEvent::Digit { .. } | LegEvent::ClipEnded => {}
        }
    }

    fn media(&mut self, input: Input) {
        let now = self.board.centre_now();
        if let Some(current) = &mut self.current {
            if let Err(error) = current.apply(input, now) {
                tracing::debug!(%error, "media changed after the end");
            }
            current.show(&self.board);
        }
    }

    fn begin_repair(&mut self) {
        let Some(current) = &mut self.current else {
            return;
        };
        if !matches!(current.machine.state(), State::Reconnecting { .. }) {
            return;
        }
        let now = Instant::now();
        current.repair.get_or_insert(Repair {
            since: now,
            next: now,
        });
        self.continue_repair();
    }

    fn continue_repair(&mut self) {
        let Some(current) = &mut self.current else {
            return;
        };
        let now = Instant::now();
        let due = current.repair.is_some_and(|repair| repair.next <= now);
        let (true, false, Some(leg), Some(call)) = (due, current.busy, &current.leg, &current.call)
        else {
            return;
        };
        current.busy = true;
        let (leg, call, id) = (leg.clone(), call.clone(), current.id);
        let reports = self.reports.clone();
        tokio::spawn(async move {
            let repaired = steps::repair(&leg, &call).await;
            send(&reports, Report::Repaired(id, repaired));
        });
    }

    fn repaired(&mut self, result: Result<(), Failure>) {
        let Some(current) = &mut self.current else {
            return;
        };
        current.busy = false;
        if let Err(failure) = result {
            tracing::info!(%failure, "media could not be restored yet");
        }
        if let Some(repair) = &mut current.repair {
            repair.next = Instant::now() + REPAIR_EVERY;
        }
    }

    async fn prepared(&mut self, result: Result<(NewLeg, String), Failure>) {
        match result {
            Ok(((leg, events), sdp)) => {
                let Some(current) = &mut self.current else {
                    return;
                };
                current.leg = Some(leg);
                current.prepared = Some(sdp);
                let id = current.id;
                self.watch_leg(id, events);
                self.continue_answer();
            }
            Err(failure) => {
                tracing::error!(%failure, "no sound path can be set up for a call");
                if let Some(current) = &mut self.current {
                    current.answer_waiting(Err(failure));
                    if let Some(call) = &current.call {
                        // If it has ended, there is nothing left to refuse.
                        let _ = call.reject(488, None).await;
                    }
                }
                self.give_up("media").await;
            }
        }
    }

    async fn answered(&mut self, result: Result<(), Failure>) {
        let now = self.board.centre_now();
        let Some(current) = &mut self.current else {
            return;
        };
        current.busy = false;
        match result {
            Ok(()) => {
                if let Err(error) = current.apply(Input::Answer, now) {
                    tracing::info!(%error, "the call ended while it was answered");
                    return self.finish().await;
                }
                self.sound.set_muted(current.is_muted());
                current.answer_waiting(Ok(()));
                current.show(&self.board);
            }
            Err(failure) => {
                // It rings on: a headset can be plugged in.
                let ringing = current.machine.state() == State::Ringing;
                current.answer_waiting(Err(failure));
                self.sound.ring(ringing);
            }
        }
    }

    async fn placed(&mut self, result: Result<steps::Placed, Failure>) {
        let Some(current) = &mut self.current else {
            return;
        };
        match result {
            Ok(placed) if current.machine.state() == State::Ended => {
                // Hung up before it was even sent.
                placed.call.0.hangup(None);
                current.leg = Some(placed.leg.0);
                self.finish().await;
            }
            Ok(placed) => {
                current.leg = Some(placed.leg.0);
                current.call = Some(placed.call.0);
                let id = current.id;
                self.sound.set_muted(current.is_muted());
                self.watch_leg(id, placed.leg.1);
                self.watch_call(id, placed.call.1);
            }
            Err(failure) => {
                current.answer_waiting(Err(failure));
                self.finish().await;
            }
        }
    }

    async fn agreed(&mut self, result: Result<(), Failure>) {
        if let Err(failure) = result {
            tracing::error!(%failure, "the far side's answer cannot be used");
            self.give_up("media").await;
        }
    }

    fn redirected(&mut self, held: bool, result: Result<(), Failure>, reply: super::Reply) {
        let now = self.board.centre_now();
        if let Some(current) = &mut self.current {
            current.busy = false;
            let input = if held { Input::Hold } else { Input::Resume };
            if result.is_ok()
                && let Err(error) = current.apply(input, now)
            {
                tracing::info!(%error, "hold was agreed after the state had changed");
            }
            let talks = current.machine.state().talks();
            current
                .apart
                .store(!talks, std::sync::atomic::Ordering::Relaxed);
            current.show(&self.board);
        }
        settle(reply, result);
        self.continue_repair();
    }

    /// Ends a call that cannot be saved, and says so.
    async fn give_up(&mut self, why: &str) {
        if let Some(call) = self.current.as_ref().and_then(|it| it.call.as_ref()) {
            call.hangup(None);
        }
        self.board.tell(NoticeCode::CallFailed, Some(why.into()));
        self.finish().await;
    }

    pub(super) async fn ticked(&mut self) {
        let now = Instant::now();
        if let Some(early) = self.early_answer.take_if(|early| early.until <= now) {
            settle(early.reply, Err(Failure::new(DeskCode::NoCall)));
        }
        let Some(current) = &mut self.current else {
            return;
        };
        if current.direction == Direction::Outbound
            && current.waiting.as_ref().is_some_and(|it| it.1 <= now)
        {
            current.answer_waiting(Ok(()));
        }
        if current
            .repair
            .is_some_and(|it| it.since + REPAIR_WITHIN <= now)
        {
            return self.give_up("media").await;
        }
        if let Some(leg) = &current.leg
            && !matches!(current.machine.state(), State::Ringing | State::Ended)
        {
            let quality = current.meter.read(&leg.statistics());
            current.set_quality(quality);
            current.show(&self.board);
        }
        self.continue_repair();
    }

    fn watch_call(&self, id: u64, mut events: CallEvents) {
        let reports = self.reports.clone();
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                send(&reports, Report::Call(id, event));
            }
        });
    }

    fn watch_leg(&self, id: u64, mut events: UnboundedReceiver<LegEvent>) {
        let reports = self.reports.clone();
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                send(&reports, Report::Leg(id, event));
            }
        });
    }
}

/// The refusals that mean the dialled number, not the called party.
fn refusal(code: Option<u16>) -> Option<Failure> {
    let code = match code? {
        404 | 410 | 484 | 604 => Code::UnplayableNumber,
        403 => Code::NumberNotAllowed,
        502 | 503 => Code::NoTrunk,
        _ => return None,
    };
    Some(ApiError::new(code).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::FailureCode;

    #[test]
    fn refusals_of_the_number_are_told_apart_from_those_of_the_person() {
        let code = |status| refusal(Some(status)).map(|failure| failure.code);
        assert_eq!(code(404), Some(FailureCode::Centre(Code::UnplayableNumber)));
        assert_eq!(code(403), Some(FailureCode::Centre(Code::NumberNotAllowed)));
        assert_eq!(code(503), Some(FailureCode::Centre(Code::NoTrunk)));
        assert_eq!(code(486), None);
        assert_eq!(refusal(None), None);
    }
}
