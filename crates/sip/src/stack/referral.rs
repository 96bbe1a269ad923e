//! Transfers the far side asks for: a REFER is taken or refused, and NOTIFYs tell how it gets on.

use std::time::{Duration, Instant};

use super::{
    Stack,
    dialog::State,
    incoming::party,
    wire::{Purpose, ServerKey},
};
use crate::{
    call::{CallEvent, CallId, Referral, ReferralReply, Transfer},
    message::{BadReferTo, Fields as _, Method, NameAddr, ReferTo, Request, phrase},
};

/// How long the user may think: less than the far side waits for any answer (32 s).
const DECISION: Duration = Duration::from_secs(20);
/// How long the far side is promised to be told, in seconds.
const PROMISE: u64 = 180;

/// A transfer the far side asked for.
///
/// ```text
///  REFER ──► Asked ──accept: 202, NOTIFY 100──► Reporting ──report──► NOTIFY ──final──► (none)
///              │                                    └──NOTIFY refused or unanswered──► (none)
///              ├──refuse, dropped: 603──► (none)
///              ├──no word in 20 s: 480──► (none)
///              └──call over: 487──► (none)
/// ```
///
/// With `Refer-Sub: false` (RFC 4488) nothing is told after the 200.
#[derive(Debug)]
pub(crate) struct Referred {
    ticket: u64,
    /// Whether the far side does not want to be told.
    silent: bool,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Asked {
        request: ServerKey,
        gives_up: Instant,
    },
    Reporting {
        /// `Event` of the NOTIFYs.
        event: String,
    },
}

impl Referred {
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.stage {
            Stage::Asked { gives_up, .. } => Some(gives_up),
            Stage::Reporting { .. } => None,
        }
    }
}

impl Stack {
    /// Takes a REFER within a call.
    pub(super) fn receive_refer(
        &mut self,
        id: CallId,
        request: &Request,
        key: &ServerKey,
        now: Instant,
    ) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let up = matches!(
            call.state,
            State::Established | State::Accepted { leaving: None }
        );
        let read = match ReferTo::of(request) {
            _ if !call.transfers => Err(405),
            // Both at once: each would lose its far side.
            _ if !up || call.transfer.is_some() || call.referral.is_some() => Err(491),
            Ok(to) => Ok(to),
            Err(BadReferTo::Malformed) => Err(400),
            Err(BadReferTo::Scheme) => Err(416),
            Err(BadReferTo::Method) => Err(403),
        };
        let to = match read {
            Ok(to) => to,
            Err(code) => {
                self.respond_within(id, request, key, code, now);
                return;
            }
        };
        let wish = request.headers.get("Refer-Sub").unwrap_or_default();
        self.last_ticket += 1;
        call.referral = Some(Referred {
            ticket: self.last_ticket,
            silent: wish.trim().eq_ignore_ascii_case("false"),
            stage: Stage::Asked {
                request: key.clone(),
                gives_up: now + DECISION,
            },
        });
        let by = request.headers.get("Referred-By");
        let read_by = by.and_then(NameAddr::parse);
        call.tell(CallEvent::Referred {
            referral: Referral {
                number: to.number.clone(),
                by: read_by.as_ref().map(|by| party(Some(by))),
                to,
                referred_by: read_by.and(by).map(str::to_owned),
            },
            reply: ReferralReply::new(id, self.last_ticket, self.commands.clone()),
        });
    }

    /// The user has decided.
    pub(super) fn answer_referral(
        &mut self,
        id: CallId,
        ticket: u64,
        answer: Result<(), u16>,
        now: Instant,
    ) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let Some(referral) = call.referral.as_mut().filter(|r| r.ticket == ticket) else {
            return;
        };
        let Stage::Asked { request: key, .. } = &referral.stage else {
            return;
        };
        let key = key.clone();
        if let Err(code) = answer {
            call.referral = None;
            let code = if (300..700).contains(&code) {
                code
            } else {
                603
            };
            self.refuse_open(id, &key, code, now);
            return;
        }
        let Some(request) = self.wire.open_request(&key) else {
            call.referral = None;
            return;
        };
        if referral.silent {
            let mut response = call.response(request, 200);
            response.headers.push("Refer-Sub", "false");
            self.wire.respond(&key, &response, now);
            call.referral = None;
            return;
        }
        call.referrals += 1;
        // RFC 3515 section 2.4.6: only the first may go without a number.
        let event = match call.referrals {
            1 => "refer".to_owned(),
            _ => format!("refer;id={}", request.cseq().0),
        };
        referral.stage = Stage::Reporting { event };
        let response = call.response(request, 202);
        self.wire.respond(&key, &response, now);
        self.report_referral(id, ticket, Transfer::Trying, now);
    }

    /// Tells the far side how its transfer gets on.
    pub(super) fn report_referral(
        &mut self,
        id: CallId,
        ticket: u64,
        progress: Transfer,
        now: Instant,
    ) {
        let branch = self.wire.branch();
        let token = self.wire.token();
        let (Some(hop), Some(call)) = (self.hop_of(id), self.calls.get_mut(&id)) else {
            return;
        };
        let referral = call.referral.as_ref().filter(|r| r.ticket == ticket);
        let Some(Stage::Reporting { event }) = referral.map(|referral| &referral.stage) else {
            return;
        };
        let event = event.clone();
        let mut notify = call.request(Method::Notify, &branch);
        notify.headers.push("Event", event);
        let state = if progress.is_final() {
            "terminated;reason=noresource".to_owned()
        } else {
            format!("active;expires={PROMISE}")
        };
        notify.headers.push("Subscription-State", state);
        notify
            .headers
            .push("Content-Type", "message/sipfrag;version=2.0");
        let code = progress.status();
        notify.body = format!("SIP/2.0 {code} {}\r\n", phrase(code));
        call.prove(&mut notify, &token);
        if progress.is_final() {
            call.referral = None;
        }
        self.wire.request(notify, &hop, Purpose::Notify(id), now);
    }

    /// The far side does not want to be told any more.
    pub(super) fn notify_refused(&mut self, id: CallId) {
        if let Some(call) = self.calls.get_mut(&id)
            && let Some(Stage::Reporting { .. }) = call.referral.as_ref().map(|r| &r.stage)
        {
            call.referral = None;
        }
        self.reschedule(id);
    }

    /// Refuses a REFER that still waits for the user's word: all of them, or those that waited too long.
    pub(super) fn drop_referral(
        &mut self,
        id: CallId,
        code: u16,
        due: Option<Instant>,
        now: Instant,
    ) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let Some(Stage::Asked { request, gives_up }) = call.referral.as_ref().map(|r| &r.stage)
        else {
            return;
        };
        if due.is_some_and(|due| due < *gives_up) {
            return;
        }
        let key = request.clone();
        call.referral = None;
        self.refuse_open(id, &key, code, now);
    }
}
