//! Where outbound calls go.

use super::Core;
use seatline_contract::secret::PhoneNumber;
use seatline_sip::{Call, CallEvents, Number, OutgoingCall, Target, TrunkCredentials};
use std::net::{IpAddr, UdpSocket};

/// The port of SIP where none is named.
const SIP_PORT: u16 = 5060;

/// A way to the telephone network.
#[derive(Debug, Clone)]
pub struct Trunk {
    /// Its name in logs.
    pub name: String,
    /// Its URI without user.
    pub uri: String,
    /// What it wants proved, if anything.
    pub credentials: Option<TrunkCredentials>,
    /// The number shown to those called.
    pub caller_id: Option<PhoneNumber>,
}

/// Why no trunk took a call.
pub(super) enum NoTrunk {
    /// The number can not be put into a SIP message.
    Undiallable,
    /// None is set up, or none can be reached.
    Unreachable,
}

/// The address of this machine that a peer can send to, by the routing table.
pub(super) fn own_address(bind: IpAddr, towards: IpAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind((bind, 0)).ok()?;
    // Connecting a UDP socket sends nothing; it only picks the route.
    socket.connect((towards, SIP_PORT)).ok()?;
    let own = socket.local_addr().ok()?.ip();
    Some(own).filter(|own| !own.is_unspecified())
}

/// Host and port of a SIP URI without user.
fn host_of(uri: &str) -> Option<(&str, u16)> {
    let rest = uri.split_once(':')?.1.split([';', '?']).next()?;
    if let Some(rest) = rest.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        let port = port.strip_prefix(':').and_then(|port| port.parse().ok());
        return Some((host, port.unwrap_or(SIP_PORT)));
    }
    match rest.split_once(':') {
        Some((host, port)) => Some((host, port.parse().ok()?)),
        None => Some((rest, SIP_PORT)),
    }
}

impl Core {
    /// Where the first trunk is.
    pub(super) async fn trunk_address(&self) -> Option<IpAddr> {
        let host = host_of(&self.config.trunks.first()?.uri)?;
        let mut found = tokio::net::lookup_host(host).await.ok()?;
        found.next().map(|address| address.ip())
    }

    /// Places a call through the first trunk that takes it.
    pub(super) async fn place(
        &self,
        number: &PhoneNumber,
        sdp: &str,
    ) -> Result<(Call, CallEvents), NoTrunk> {
        let to = Number::parse(number.expose()).map_err(|_| NoTrunk::Undiallable)?;
        for trunk in &self.config.trunks {
            let shown = trunk
                .caller_id
                .as_ref()
                .and_then(|number| Number::parse(number.expose()).ok());
            let from = match shown {
                Some(from) => from,
                None => Number::parse("anonymous").map_err(|_| NoTrunk::Undiallable)?,
            };
            let target = Target::Trunk {
                uri: trunk.uri.clone(),
                credentials: trunk.credentials.clone(),
            };
            let call = OutgoingCall {
                to: to.clone(),
                from,
                display_name: None,
                headers: Vec::new(),
                sdp: sdp.to_owned(),
            };
            match self.endpoint.call(target, call).await {
                Ok(call) => return Ok(call),
                Err(error) => {
                    tracing::warn!(trunk = trunk.name, %error, "a trunk did not take a call");
                }
            }
        }
        Err(NoTrunk::Unreachable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn hosts_are_read_from_trunk_uris() {
        assert_eq!(host_of("sip:10.0.0.5"), Some(("10.0.0.5", 5060)));
        let full = "sip:trunk.example.com:5080;transport=udp";
        assert_eq!(host_of(full), Some(("trunk.example.com", 5080)));
        assert_eq!(host_of("sip:[::1]:7"), Some(("::1", 7)));
        assert_eq!(host_of("sip:host:port"), None);
    }

    #[test]
    fn the_own_address_is_one_the_peer_can_reach() {
        let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        assert_eq!(own_address(any, local), Some(local));
    }
}
