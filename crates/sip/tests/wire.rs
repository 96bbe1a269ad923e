//! Both ends of the wire over real sockets on loopback: TLS, WebSocket, UDP, TCP, and foreign peers.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can not go on says where it stopped"
)]

#[path = "wire/bridge.rs"]
mod bridge;
#[path = "wire/desk.rs"]
mod desk;
#[path = "wire/reconnect.rs"]
mod reconnect;
#[path = "wire/sipp.rs"]
mod sipp;
#[path = "wire/strangers.rs"]
mod strangers;
#[path = "wire/transfer.rs"]
mod transfer;
#[path = "wire/trunk.rs"]
mod trunk;
