//! The front door: one HTTPS port for the API, the events and SIP over WebSocket.

pub(crate) mod about;
mod certificate;
mod extract;
mod failure;
pub(crate) mod field;
mod once;
mod openapi;
pub(crate) mod origin;
mod router;
mod server;
mod tls;

pub use certificate::CertificateError;
pub use extract::{Json, Path, Query};
pub use failure::ApiFailure;
pub use openapi::document;

pub(crate) use once::{NotKept, forget_cut_off, forget_old};
pub(crate) use router::router;
pub(crate) use server::{Server, bind};
pub(crate) use tls::acceptor;
