//! Whole calls through the centre's front doors on loopback: a customer's telephone on the UDP
//! trunk, an agent's desk over HTTPS, events and SIP on WebSocket, and sound judged by content.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]
#![expect(clippy::large_futures, reason = "a test has stack enough")]

mod cable;
mod colleague;
mod control;
mod desk;
mod ears;
mod inbound;
mod outbound;
mod recorded_team;
mod recording;
mod recording_storage;
mod rig;
mod supervision;
mod telephone;
mod third;
mod trouble;
