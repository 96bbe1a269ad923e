//! Whole calls through the centre's front doors on loopback: a customer's telephone on the UDP
//! trunk, an agent's desk over HTTPS, events and SIP on WebSocket, and sound judged by content.

mod desk;
mod inbound;
mod outbound;
mod rig;
mod telephone;
mod trouble;
