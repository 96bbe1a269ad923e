//! Signalling: both ends of the wire.
//!
//! [`UserAgent`] is the desk's end: it registers over SIP on WebSocket Secure (RFC 7118), keeps the connection up,
//! and makes and takes calls. [`Endpoint`] is the centre's end: it registers desks, and calls them and trunks over
//! WebSocket, UDP and TCP. Both hand out the same [`Call`].
//!
//! Session descriptions pass through as text; sound, agents and contacts are other rooms' business.
//!
//! ```text
//!   Endpoint / UserAgent     drivers: sockets, timers, tasks; one task owns one stack
//!          │
//!   registrar / registration   who may do what; staying registered            (pure)
//!          │
//!        stack                 transactions (RFC 3261 §17) and calls (§12–15)  (pure)
//!          │
//!       message                reading, checking and writing messages          (pure)
//! ```
//!
//! Everything marked pure takes the time as an argument and returns or queues what is to be sent.
//!
//! A user agent asks for transfers and, if its user agrees, follows those it is asked for; an endpoint, whose owner
//! moves calls by itself, answers REFER with 405.
//!
//! Absent on purpose: a SIP proxy, forking, PRACK, `INFO`, `REFER` outside of a call, and repair of broken messages.

mod agenda;
mod call;
mod digest;
mod endpoint;
mod hop;
mod http_proxy;
mod message;
mod secret;
mod stack;
mod text;
mod transaction;
mod user_agent;

pub use call::{
    Call, CallError, CallEvent, CallEvents, IncomingCall, Origin, OutgoingCall, Party, Referral,
    ReferralProgress, ReferralReply, ReofferError, ReofferReply, Side, Transfer, Transfers,
};
pub use endpoint::{
    Authenticate, Endpoint, EndpointConfig, EndpointEvent, PlaceCallError, StartError, Target,
    TrunkCredentials, Unregistration, WebSocketFrame, WebSocketPipe,
};
pub use http_proxy::{HttpProxy, HttpProxyError};
pub use ipnet::IpNet;
pub use message::Headers;
pub use secret::Secret;
pub use text::{HeaderError, HeaderName, HeaderValue, Number, NumberError};
pub use user_agent::{
    ConfigError, LinkFailure, Rejection, UserAgent, UserAgentConfig, UserAgentEvent,
};
