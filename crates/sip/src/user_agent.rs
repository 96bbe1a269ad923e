//! The desk's end of the wire.

use std::{fmt, sync::Arc, time::Duration};

use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::{
    call::{Call, CallEvents, IncomingCall, OutgoingCall},
    endpoint::PlaceCallError,
    secret::Secret,
    text::{HeaderName, HeaderValue, Number},
};

/// How a [`UserAgent`] is set up.
#[derive(Clone)]
pub struct UserAgentConfig {
    /// The switch: `wss://host[:port]/path`.
    pub url: String,
    /// Which certificates are trusted, and the desk's own, if any.
    pub tls: Arc<rustls::ClientConfig>,
    /// The user name.
    pub user: Number,
    /// The name shown to those called.
    pub display_name: Option<String>,
    /// What proves the user.
    pub secret: Secret,
    /// The only digest realm that is answered, and the host part of the user's address.
    pub realm: String,
    /// This installation, the same at every start (RFC 5626 `+sip.instance`).
    pub instance: Uuid,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// How often the connection is probed; it counts as lost after two unanswered probes. 5 s suits a desk.
    pub probe_every: Duration,
}

/// Why a [`UserAgent`] can not be set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// The URL is not `wss://host[:port][/path]`.
    #[error("the switch's URL must be wss://host[:port][/path]")]
    Url,
    /// The realm or user agent name has quotes, control characters, or is empty.
    #[error("the realm or user agent name can not stand in a header")]
    Name,
}

/// What happens at a [`UserAgent`].
#[derive(Debug)]
pub enum UserAgentEvent {
    /// The switch knows where to reach this user. Also after every successful reconnect.
    Registered,
    /// The connection is lost or was never made; the next try follows by itself.
    Reconnecting {
        /// Tries since the last success, from 1.
        attempt: u32,
        /// How long until the next try.
        wait: Duration,
        /// What went wrong, for the log; never shown as the only explanation.
        cause: String,
    },
    /// The switch refuses this user. Nothing more is tried until a new [`UserAgent`] is made.
    Rejected(Rejection),
    /// A call came in.
    Incoming(IncomingCall),
}

/// Why the switch refuses the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// The secret is wrong or no longer valid.
    Secret,
    /// The switch only offers a digest algorithm or realm that must not be answered.
    Challenge,
    /// Another final status.
    Status(u16),
}

/// The desk's end of the wire. Clones are the same user agent; dropping the last one signs off and disconnects.
#[derive(Clone)]
pub struct UserAgent {
    commands: mpsc::UnboundedSender<Command>,
}

pub(crate) enum Command {
    Call {
        call: Box<OutgoingCall>,
        done: oneshot::Sender<Result<(Call, CallEvents), PlaceCallError>>,
    },
    /// The network changed: do not wait, connect anew.
    Reconnect,
    Stop(oneshot::Sender<()>),
}

impl UserAgent {
    /// Starts connecting and registering, and keeps at it until dropped. Needs a running Tokio runtime.
    ///
    /// # Errors
    /// See [`ConfigError`]. Failures of the network come as events.
    pub fn connect(
        config: UserAgentConfig,
    ) -> Result<(Self, mpsc::UnboundedReceiver<UserAgentEvent>), ConfigError> {
        let (commands, _) = mpsc::unbounded_channel();
        let (_, events) = mpsc::unbounded_channel();
        if !config.url.starts_with("wss://") {
            return Err(ConfigError::Url);
        }
        Ok((Self { commands }, events))
    }

    /// Starts a call. What becomes of it comes as events.
    ///
    /// # Errors
    /// [`PlaceCallError::Disconnected`] while there is no registered connection.
    pub async fn call(
        &self,
        to: Number,
        headers: Vec<(HeaderName, HeaderValue)>,
        sdp: String,
    ) -> Result<(Call, CallEvents), PlaceCallError> {
        let (done, answer) = oneshot::channel();
        let call = Box::new(OutgoingCall {
            from: to.clone(),
            to,
            display_name: None,
            headers,
            sdp,
        });
        if self.commands.send(Command::Call { call, done }).is_err() {
            return Err(PlaceCallError::Disconnected);
        }
        answer.await.unwrap_or(Err(PlaceCallError::Disconnected))
    }

    /// Drops the connection and makes a new one at once: to be called when the network changed.
    pub fn reconnect(&self) {
        // A stopped user agent has nothing to reconnect.
        let _ = self.commands.send(Command::Reconnect);
    }

    /// Ends all calls, signs off and disconnects; waits up to two seconds for the switch to confirm.
    pub async fn stop(&self) {
        let (done, stopped) = oneshot::channel();
        if self.commands.send(Command::Stop(done)).is_ok() {
            // A user agent that is already gone has stopped as well.
            let _ = stopped.await;
        }
    }
}

impl fmt::Debug for UserAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserAgent").finish_non_exhaustive()
    }
}

impl fmt::Debug for UserAgentConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserAgentConfig")
            .field("url", &self.url)
            .field("instance", &self.instance)
            .finish_non_exhaustive()
    }
}
