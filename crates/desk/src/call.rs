//! The agent's call: joins the SIP dialog, the voice leg and the headset, and owns the one truth
//! about mute and hold.
//!
//! [`machine`] is the pure part. One task ([`driver`]) owns everything else; whatever takes time
//! (setting up a leg, opening the headset, agreeing on hold) runs beside it and reports back.

mod current;
mod driver;
mod join;
mod machine;
mod quality;
mod steps;

use crate::{
    board::Board,
    failure::{DeskCode, Failure},
    sound::Sound,
};
use driver::Driver;
use seatline_contract::{customer::NumberView, id::ContactId};
use seatline_sip::{Number, UserAgentConfig};
use std::{net::SocketAddr, ops::RangeInclusive, sync::Arc};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

/// The agent's telephone. One call at a time.
pub(crate) struct Phone {
    asks: mpsc::UnboundedSender<Ask>,
    driver: JoinHandle<()>,
}

/// Whom to call.
#[derive(Debug, Clone)]
pub(crate) struct Callee {
    /// The user part of the address.
    pub(crate) number: Number,
    /// What is shown until the centre says more.
    pub(crate) shown: NumberView,
    /// The name shown until the centre says more.
    pub(crate) name: Option<String>,
}

/// How to reach the switch.
pub(crate) struct LineConfig {
    /// The SIP side.
    pub(crate) agent: UserAgentConfig,
    /// Where sound goes.
    pub(crate) route: Route,
}

/// Where sound goes.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// Where the switch is, to find the network that leads there; absent where only a proxy knows
    /// its name.
    pub(crate) switch: Option<SocketAddr>,
    /// UDP ports of this computer to use; any free one if absent.
    pub(crate) ports: Option<RangeInclusive<u16>>,
}

pub(crate) type Reply = oneshot::Sender<Result<(), Failure>>;

/// What the driver is asked.
pub(crate) enum Ask {
    /// Registers the line, in place of the one before.
    Register(Box<LineConfig>),
    /// Ends the call and signs the line off.
    SignOff(Reply),
    /// Calls.
    Dial(Box<Callee>, Reply),
    /// Answers what rings.
    Answer(Reply),
    /// Declines what rings.
    Decline(Reply),
    /// Ends the call.
    HangUp(Reply),
    /// Mutes or unmutes.
    Mute(bool, Reply),
    /// Holds or resumes.
    Hold(bool, Reply),
    /// Presses keys.
    Press(String, Reply),
    /// What the centre says of contacts has changed.
    CentreChanged,
    /// The customer pressed a key.
    CustomerPressed(ContactId, String),
    /// The network changed: do not wait for the line to find out.
    Reconnect,
}

impl Phone {
    /// Starts without a line.
    pub(crate) fn start(board: Arc<Board>, sound: Arc<Sound>) -> Self {
        let (asks, inbox) = mpsc::unbounded_channel();
        let driver = tokio::spawn(Driver::new(board, sound).run(inbox));
        Self { asks, driver }
    }

    /// Asks, and waits for the outcome.
    ///
    /// # Errors
    /// What the driver answers, or [`DeskCode::Internal`] when it has ended.
    pub(crate) async fn ask(&self, ask: impl FnOnce(Reply) -> Ask) -> Result<(), Failure> {
        let (reply, answer) = oneshot::channel();
        self.tell(ask(reply));
        answer
            .await
            .unwrap_or_else(|_| Err(Failure::new(DeskCode::Internal)))
    }

    /// Asks for something that has no outcome.
    pub(crate) fn tell(&self, ask: Ask) {
        // A driver that has ended has no call either.
        let _ = self.asks.send(ask);
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
