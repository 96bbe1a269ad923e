//! The desk's end of the wire.

mod driver;
mod link;
mod registration;

use std::{fmt, sync::Arc, time::Duration};

use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::{
    call::{Call, CallEvents, IncomingCall, Referral},
    endpoint::{PlaceCallError, is_fit_for_header},
    http_proxy::HttpProxy,
    message::ReferTo,
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
    /// The site's proxy, if the switch is reached through one.
    pub proxy: Option<HttpProxy>,
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
#[expect(
    clippy::large_enum_variant,
    reason = "events are few, and a call is what most of them are made for"
)]
pub enum UserAgentEvent {
    /// The switch knows where to reach this user. Also after every successful reconnect.
    Registered,
    /// The connection is lost or was never made; the next try follows by itself.
    Reconnecting {
        /// Tries since the last success, from 1.
        attempt: u32,
        /// How long until the next try.
        wait: Duration,
        /// What went wrong.
        cause: LinkFailure,
    },
    /// The switch refuses this user. Nothing more is tried until a new [`UserAgent`] is made.
    Rejected(Rejection),
    /// A call came in.
    Incoming(IncomingCall),
}

/// Why there is no connection to the switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LinkFailure {
    /// The host has no address, or nothing listens there, the network is down, or an HTTP proxy in
    /// between does not let us through.
    #[error("the switch can not be reached")]
    Unreachable,
    /// The switch's certificate is out of date, or this machine's clock is wrong.
    #[error("the switch's certificate is not valid at this time")]
    CertificateTime,
    /// The switch's certificate is not trusted, or is for another name.
    #[error("the switch's certificate is not trusted")]
    CertificateUntrusted,
    /// What answers there does not speak TLS, or not a version this side accepts.
    #[error("no secure connection could be agreed with the switch")]
    NoTls,
    /// What answers there is not a switch: it does not take a WebSocket for SIP.
    #[error("what answers there is not a switch")]
    NotASwitch,
    /// The switch closed the connection, or the connection broke.
    #[error("the connection was closed")]
    Closed,
    /// Probes were not answered any more.
    #[error("the switch does not answer any more")]
    Silent,
    /// The switch did not answer the registration, or is overloaded.
    #[error("the switch did not answer the registration")]
    Unanswered,
    /// The user asked for a new connection.
    #[error("a new connection was asked for")]
    Asked,
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
        to: Number,
        headers: Vec<(HeaderName, HeaderValue)>,
        sdp: String,
        done: oneshot::Sender<Result<(Call, CallEvents), PlaceCallError>>,
    },
    Follow {
        to: ReferTo,
        referred_by: Option<String>,
        sdp: String,
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
        let place = link::Place::parse(&config.url).ok_or(ConfigError::Url)?;
        if !is_fit_for_header(&config.realm) || !is_fit_for_header(&config.user_agent) {
            return Err(ConfigError::Name);
        }
        let (commands, events) = driver::start(config, place);
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
        self.place(|done| Command::Call {
            to,
            headers,
            sdp,
            done,
        })
        .await
    }

    /// Starts the call that the far side of another call asked for, in an attended transfer in the place of the one
    /// it has with the target. Accept its [`ReferralReply`](crate::ReferralReply) first, and report to it.
    ///
    /// # Errors
    /// [`PlaceCallError::Disconnected`] while there is no registered connection.
    pub async fn follow(
        &self,
        referral: &Referral,
        sdp: String,
    ) -> Result<(Call, CallEvents), PlaceCallError> {
        let (to, referred_by) = (referral.to.clone(), referral.referred_by.clone());
        self.place(|done| Command::Follow {
            to,
            referred_by,
            sdp,
            done,
        })
        .await
    }

    async fn place(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<(Call, CallEvents), PlaceCallError>>) -> Command,
    ) -> Result<(Call, CallEvents), PlaceCallError> {
        let (done, answer) = oneshot::channel();
        if self.commands.send(command(done)).is_err() {
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
