//! Links to hear a recording: for one person at one address, once, and soon.

use rand::RngCore;
use ring::digest::{SHA256, digest};
use seatline_contract::{
    id::{AgentId, RecordingId},
    time::UnixMs,
};
use std::{collections::HashMap, net::IpAddr};

/// How long a link may wait to be used, in milliseconds.
const LIFETIME_MS: i64 = 60_000;

/// Links that may wait at once, so that asking for many does not fill the memory.
const MOST: usize = 10_000;

/// What a link opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) recording: RecordingId,
    pub(super) person: AgentId,
    pub(super) from_ms: u32,
    address: IpAddr,
    expires: UnixMs,
}

/// Links that were given out and not used. Only hashes of them are kept.
#[derive(Debug, Default)]
pub(super) struct Links(HashMap<[u8; 32], Link>);

impl Links {
    /// A new link's token, and when it is of no use any more; `None` if too many wait.
    pub(super) fn make(
        &mut self,
        now: UnixMs,
        recording: RecordingId,
        person: AgentId,
        address: IpAddr,
        from_ms: u32,
    ) -> Option<(String, UnixMs)> {
        self.0.retain(|_, link| link.expires > now);
        if self.0.len() >= MOST {
            return None;
        }
        let mut token = [0; 32];
        rand::rng().fill_bytes(&mut token);
        let token = hex::encode(token);
        let expires = now.plus(LIFETIME_MS);
        let link = Link {
            recording,
            person,
            from_ms,
            address,
            expires,
        };
        self.0.insert(hash(&token), link);
        Some((token, expires))
    }

    /// Uses a link up. A wrong address uses it up as well: it has leaked.
    pub(super) fn take(&mut self, now: UnixMs, token: &str, address: IpAddr) -> Option<Link> {
        let link = self.0.remove(&hash(token))?;
        (link.expires > now && link.address == address).then_some(link)
    }
}

fn hash(token: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn a_link_works_once_soon_and_from_its_address_only() {
        let home = IpAddr::from(Ipv4Addr::LOCALHOST);
        let other = IpAddr::from(Ipv4Addr::new(10, 0, 0, 1));
        let (recording, person) = (RecordingId(Uuid::new_v4()), AgentId(Uuid::new_v4()));
        let mut links = Links::default();
        let make = |links: &mut Links| links.make(UnixMs(0), recording, person, home, 5).unwrap().0;
        let token = make(&mut links);
        let link = links.take(UnixMs(59_999), &token, home).unwrap();
        assert_eq!((link.recording, link.from_ms), (recording, 5));
        assert_eq!(links.take(UnixMs(0), &token, home), None);
        let late = make(&mut links);
        assert_eq!(links.take(UnixMs(60_000), &late, home), None);
        let stolen = make(&mut links);
        assert_eq!(links.take(UnixMs(0), &stolen, other), None);
        assert_eq!(links.take(UnixMs(0), &stolen, home), None);
        assert_eq!(links.take(UnixMs(0), "", home), None);
    }

    use uuid::Uuid;
}
