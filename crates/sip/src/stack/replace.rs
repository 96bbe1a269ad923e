//! Calls that take the place of others (RFC 3891).

use std::time::Instant;

use super::{Stack, dialog::State, incoming::Refusal};
use crate::{
    call::{CallId, Side},
    message::{Replaces, Request},
};

impl Stack {
    /// The call an INVITE is to take the place of.
    ///
    /// Calls that ring are not replaced: this side keeps no dialog of a call it makes before it is answered, and
    /// RFC 3891 forbids it for calls it is about to answer.
    pub(super) fn find_replaced(&self, request: &Request) -> Result<Option<CallId>, Refusal> {
        let mut values = request.headers.all("Replaces");
        let Some(value) = values.next() else {
            return Ok(None);
        };
        let refuse = |code: u16| Err((code, Vec::new()));
        let (Some(replaces), None) = (Replaces::parse(value), values.next()) else {
            return refuse(400);
        };
        if !self.settings.transfers {
            return refuse(481);
        }
        let call = self
            .index
            .get(&(replaces.call_id, replaces.to_tag))
            .and_then(|id| self.calls.get(id))
            .filter(|call| call.remote_tag.as_ref() == Some(&replaces.from_tag));
        let Some(call) = call else {
            return refuse(481);
        };
        match call.state {
            State::Established | State::Accepted { leaving: None } if replaces.early_only => {
                refuse(486)
            }
            State::Established | State::Accepted { leaving: None } => Ok(Some(call.id)),
            State::Over { .. } | State::Accepted { leaving: Some(_) } => refuse(603),
            State::Calling(_) | State::Cancelling { .. } | State::Offered { .. } => refuse(481),
        }
    }

    /// Ends a call whose place another has taken.
    pub(super) fn give_way(&mut self, id: CallId, now: Instant) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        match &mut call.state {
            State::Established => {
                call.tell_end(Side::Remote, None, String::new());
                self.say_bye(id, None, now);
            }
            State::Accepted {
                leaving: leaving @ None,
            } => {
                *leaving = Some(None);
                call.tell_end(Side::Remote, None, String::new());
            }
            State::Accepted { .. }
            | State::Calling(_)
            | State::Cancelling { .. }
            | State::Offered { .. }
            | State::Over { .. } => {}
        }
        self.reschedule(id);
    }
}
