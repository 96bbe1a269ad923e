//! Links to hear a recording: for one person at one address, once, and soon.

use rand::RngCore;
use ring::digest::{SHA256, digest};
use seatline_contract::{
    id::{AgentId, RecordingId},
    time::UnixMs,
};
use std::{collections::HashMap, net::IpAddr};

/// How long a link may wait to be used, in milliseconds.
pub(super) const LIFETIME_MS: i64 = 60_000;

/// Links that may wait at once, so that asking for many does not fill the memory.
const MOST: usize = 10_000;

/// What a link opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) recording: RecordingId,
    pub(super) person: AgentId,
    pub(super) address: IpAddr,
    pub(super) from_ms: u32,
    pub(super) until_ms: u32,
    pub(super) expires: UnixMs,
}

/// Links that were given out and not used. Only hashes of them are kept.
#[derive(Debug, Default)]
pub(super) struct Links(HashMap<[u8; 32], Link>);

impl Links {
    /// A new link's token; `None` if too many wait.
    pub(super) fn make(&mut self, now: UnixMs, link: Link) -> Option<String> {
        self.0.retain(|_, link| link.expires > now);
        if self.0.len() >= MOST {
            return None;
        }
        let mut token = [0; 32];
        rand::rng().fill_bytes(&mut token);
        let token = hex::encode(token);
        self.0.insert(hash(&token), link);
        Some(token)
    }

    /// Uses a link up. A wrong person or address uses it up as well: it has leaked.
    pub(super) fn take(
        &mut self,
        now: UnixMs,
        token: &str,
        person: AgentId,
        address: IpAddr,
    ) -> Option<Link> {
        let link = self.0.remove(&hash(token))?;
        let theirs = link.person == person && link.address == address;
        (theirs && link.expires > now).then_some(link)
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
    fn a_link_works_once_soon_and_for_its_person_at_their_address_only() {
        let home = IpAddr::from(Ipv4Addr::LOCALHOST);
        let away = IpAddr::from(Ipv4Addr::new(10, 0, 0, 1));
        let [person, other] = [1, 2].map(|n| AgentId(Uuid::from_u128(n)));
        let link = Link {
            recording: RecordingId(Uuid::new_v4()),
            person,
            address: home,
            from_ms: 5,
            until_ms: 9,
            expires: UnixMs(LIFETIME_MS),
        };
        let mut links = Links::default();
        let token = links.make(UnixMs(0), link).unwrap();
        let (soon, late) = (UnixMs(LIFETIME_MS - 1), UnixMs(LIFETIME_MS));
        assert_eq!(links.take(soon, &token, person, home), Some(link));
        assert_eq!(links.take(soon, &token, person, home), None);
        for (now, who, at) in [
            (late, person, home),
            (soon, other, home),
            (soon, person, away),
        ] {
            let token = links.make(UnixMs(0), link).unwrap();
            assert_eq!(links.take(now, &token, who, at), None);
            assert_eq!(
                links.take(soon, &token, person, home),
                None,
                "it was used up"
            );
        }
        assert_eq!(links.take(soon, "", person, home), None);
    }

    use uuid::Uuid;
}
