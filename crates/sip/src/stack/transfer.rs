//! Transfers this side asks for: REFER (RFC 3515, RFC 4488) and the NOTIFYs that tell what becomes of it.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::{
    Stack,
    dialog::{Dialog, State},
    wire::{Purpose, ServerKey},
};
use crate::{
    call::{CallId, Transfer, TransferTarget},
    message::{Headers, Method, NameAddr, ReferTo, Replaces, Request, Response, sipfrag_status},
    transaction::LIFETIME,
};

/// How long the far side may say nothing about a transfer that goes on: as long as a target may ring.
const LONGEST_TRANSFER: Duration = Duration::from_secs(180);

/// A transfer this side asked for.
///
/// ```text
///  Asked ──2xx, or a NOTIFY that overtakes it──► Followed ──NOTIFY: final status──► Done, Failed(status)
///    │                                            │  ▲ └──NOTIFY: 1xx──┐
///    │                                            │  └── Trying, Ringing ┘
///    │                                            ├──no NOTIFY in 32 s, or none for 180 s──► Failed(408)
///    │                                            ├──subscription ended without a status──► Failed(480)
///    │                                            └──call over and forgotten──► Failed(408)
///    ├──2xx with Refer-Sub: false──► Done (nobody will tell more)
///    ├──3xx–6xx──► Failed(status)
///    └──no answer in 32 s──► Failed(408)
/// ```
///
/// It outlives the call: a far side may say good-bye before it says how the transfer ended.
#[derive(Debug)]
pub(crate) struct Transferring {
    /// The number of the REFER, which its NOTIFYs may name.
    number: u32,
    progress: mpsc::UnboundedSender<Transfer>,
    last: Option<Transfer>,
    pub(super) gives_up: Instant,
}

impl Transferring {
    /// Whether a NOTIFY's `Event` is about this transfer; else the status that refuses it.
    fn check(&self, headers: &Headers) -> Result<(), u16> {
        let event = headers.get("Event").unwrap_or_default();
        let mut parts = event.split(';').map(str::trim);
        if !parts
            .next()
            .unwrap_or_default()
            .eq_ignore_ascii_case("refer")
        {
            return Err(489);
        }
        let named = parts.find_map(|part| part.strip_prefix("id="));
        match named {
            Some(id) if id != self.number.to_string() => Err(481),
            Some(_) | None => Ok(()),
        }
    }
}

impl Dialog {
    /// Tells how the transfer gets on; the last word ends it.
    fn tell_transfer(&mut self, progress: Transfer, now: Instant) {
        let Some(transfer) = &mut self.transfer else {
            return;
        };
        transfer.gives_up = now + LONGEST_TRANSFER;
        if transfer.last.replace(progress) != Some(progress) {
            // An asker who stopped listening does not want to know.
            let _ = transfer.progress.send(progress);
        }
        if progress.is_final() {
            self.transfer = None;
        }
    }

    /// Gives a transfer up whose time has come, or, with `anyway`, any.
    pub(super) fn give_up_transfer(&mut self, now: Instant, anyway: bool) {
        let due = |transfer: &Transferring| anyway || now >= transfer.gives_up;
        if self.transfer.as_ref().is_some_and(due) {
            self.tell_transfer(Transfer::Failed(408), now);
        }
    }
}

impl Stack {
    /// Asks a call's far side to call somebody else.
    pub(super) fn refer(
        &mut self,
        id: CallId,
        target: &TransferTarget,
        progress: mpsc::UnboundedSender<Transfer>,
        now: Instant,
    ) {
        let refer_to = match self.refer_to(id, target) {
            Ok(refer_to) => refer_to,
            Err(code) => {
                // An asker who stopped listening does not want to know.
                let _ = progress.send(Transfer::Failed(code));
                return;
            }
        };
        let branch = self.wire.branch();
        let token = self.wire.token();
        let (Some(hop), Some(call)) = (self.hop_of(id), self.calls.get_mut(&id)) else {
            return;
        };
        let mut request = call.request(Method::Refer, &branch);
        request.headers.push("Refer-To", refer_to);
        if let Some(local) = NameAddr::parse(&call.local) {
            request
                .headers
                .push("Referred-By", format!("<{}>", local.uri));
        }
        call.prove(&mut request, &token);
        call.transfer = Some(Transferring {
            number: call.local_number,
            progress,
            last: None,
            gives_up: now + LIFETIME,
        });
        self.wire.request(request, &hop, Purpose::Refer(id), now);
    }

    /// The `Refer-To` for a target, or the status of a transfer that can not begin.
    fn refer_to(&self, id: CallId, target: &TransferTarget) -> Result<String, u16> {
        let running = |id: CallId| {
            let call = self.calls.get(&id);
            call.filter(|call| matches!(call.state, State::Established))
        };
        let call = running(id).ok_or(481_u16)?;
        if call.transfer.is_some() || call.referral.is_some() {
            return Err(491);
        }
        match target {
            TransferTarget::Number(number) => ReferTo::number_at(&call.remote, number).ok_or(400),
            TransferTarget::Call(other) => {
                let other = running(*other).filter(|other| other.id != id);
                let other = other.ok_or(481_u16)?;
                let replaces = Replaces {
                    call_id: other.call_id.clone(),
                    to_tag: other.remote_tag.clone().ok_or(481_u16)?,
                    from_tag: other.local_tag.clone(),
                    early_only: false,
                };
                ReferTo::replacing(&other.remote, &replaces).ok_or(400)
            }
        }
    }

    pub(super) fn refer_answered(
        &mut self,
        id: CallId,
        request: &Request,
        response: &Response,
        now: Instant,
    ) {
        match response.code {
            ..200 => {}
            200..300 => {
                let Some(call) = self.calls.get_mut(&id) else {
                    return;
                };
                call.challenges = 0;
                let nobody_tells = response
                    .headers
                    .get("Refer-Sub")
                    .is_some_and(|value| value.trim().eq_ignore_ascii_case("false"));
                if nobody_tells {
                    call.tell_transfer(Transfer::Done, now);
                } else if let Some(transfer) = &mut call.transfer
                    && transfer.last.is_none()
                {
                    transfer.gives_up = now + LIFETIME;
                }
            }
            401 | 407
                if self.try_proof(id, response)
                    && self.send_again(id, request, Purpose::Refer(id), now) =>
            {
                if let Some(call) = self.calls.get_mut(&id)
                    && let Some(transfer) = &mut call.transfer
                {
                    transfer.number = call.local_number;
                }
            }
            code => {
                if let Some(call) = self.calls.get_mut(&id) {
                    call.tell_transfer(Transfer::Failed(code), now);
                    let up = matches!(call.state, State::Established);
                    // RFC 3261 section 12.2.1.2: the far side does not know the call any more.
                    if code == 481 && up {
                        self.far_side_lost(id, code, now);
                    }
                }
            }
        }
        self.reschedule(id);
    }

    pub(super) fn refer_unanswered(&mut self, id: CallId, now: Instant) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.tell_transfer(Transfer::Failed(408), now);
        }
        self.reschedule(id);
    }

    /// Takes a NOTIFY within a call.
    pub(super) fn receive_notify(
        &mut self,
        id: CallId,
        request: &Request,
        key: &ServerKey,
        now: Instant,
    ) {
        let transfer = self.calls.get(&id).and_then(|call| call.transfer.as_ref());
        let checked = transfer.map_or(Err(481), |transfer| transfer.check(&request.headers));
        if let Err(code) = checked {
            self.respond_within(id, request, key, code, now);
            return;
        }
        self.respond_within(id, request, key, 200, now);
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let told = sipfrag_status(request).map(Transfer::of_status);
        if let Some(progress) = told {
            call.tell_transfer(progress, now);
        }
        let state = request
            .headers
            .get("Subscription-State")
            .unwrap_or_default();
        let mut parts = state.split(';').map(str::trim);
        if parts
            .next()
            .unwrap_or_default()
            .eq_ignore_ascii_case("terminated")
        {
            // Nothing if the status was a final one.
            let code = match parts.find_map(|part| part.strip_prefix("reason=")) {
                Some("timeout") => 408,
                Some("rejected") => 603,
                Some(_) | None => 480,
            };
            call.tell_transfer(Transfer::Failed(code), now);
        }
    }
}
