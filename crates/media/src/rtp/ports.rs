//! Binding UDP ports from a range.

use rand::Rng;
use std::io;
use std::net::{IpAddr, UdpSocket};
use std::ops::RangeInclusive;

/// Pairs tried when any port will do.
const ANY_TRIES: usize = 64;

/// Binds an even port for RTP and the next one for RTCP (RFC 3550 11).
pub(crate) fn bind_pair(
    address: IpAddr,
    range: Option<&RangeInclusive<u16>>,
) -> io::Result<(UdpSocket, UdpSocket)> {
    let mut last = io::Error::new(io::ErrorKind::AddrInUse, "the port range holds no pair");
    for port in candidates(range) {
        match bind_at(address, port) {
            Ok(pair) => return Ok(pair),
            // Somebody has one of the two; any other error would repeat for every port.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// Even ports to try, from a random one on so that neighbours rarely collide; 0 means any.
fn candidates(range: Option<&RangeInclusive<u16>>) -> Vec<u16> {
    let Some(range) = range else {
        return vec![0; ANY_TRIES];
    };
    let mut even: Vec<u16> = range
        .clone()
        .filter(|port| port % 2 == 0 && *port > 0 && port < range.end())
        .collect();
    if !even.is_empty() {
        let start = rand::rng().random_range(0..even.len());
        even.rotate_left(start);
    }
    even
}

fn bind_at(address: IpAddr, port: u16) -> io::Result<(UdpSocket, UdpSocket)> {
    let rtp = UdpSocket::bind((address, port))?;
    let port = rtp.local_addr()?.port();
    if port % 2 == 1 {
        return Err(io::ErrorKind::AddrInUse.into());
    }
    let rtcp = UdpSocket::bind((address, port + 1))?;
    for socket in [&rtp, &rtcp] {
        socket.set_nonblocking(true)?;
    }
    Ok((rtp, rtcp))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn pairs_are_even_and_a_full_range_is_an_error() {
        let address = Ipv4Addr::LOCALHOST.into();
        let (rtp, rtcp) = bind_pair(address, None).unwrap();
        let port = rtp.local_addr().unwrap().port();
        assert_eq!(port % 2, 0);
        assert_eq!(rtcp.local_addr().unwrap().port(), port + 1);
        let full = port..=port + 1;
        let error = bind_pair(address, Some(&full)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        drop((rtp, rtcp));
        bind_pair(address, Some(&full)).unwrap();
    }
}
