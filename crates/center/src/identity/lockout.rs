//! Counting sign-in failures. Pure: the time is an argument.
//!
//! ```text
//!   free ──failure × limit──▶ locked ──`minutes` after the last failure──▶ free
//!    ▲                                                                      │
//!    └────────────── success (logins only), or `minutes` of quiet ──────────┘
//! ```
//!
//! Logins are counted whether they exist or not, so that a lock tells nothing.

use crate::config;
use seatline_contract::time::UnixMs;
use std::{collections::HashMap, hash::Hash, net::IpAddr};

/// Entries kept at most; beyond it, those past their time are dropped.
const REMEMBERED: usize = 20_000;

/// Failures of all logins and addresses.
#[derive(Debug)]
pub(crate) struct Lockout {
    limits: config::Lockout,
    logins: HashMap<String, Failures>,
    addresses: HashMap<IpAddr, Failures>,
}

/// What is locked, and for how many seconds more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Locked {
    /// The login.
    Login(u32),
    /// Everything from this address.
    Address(u32),
}

impl Locked {
    /// For how many seconds more.
    pub(crate) fn seconds(self) -> u32 {
        match self {
            Self::Login(seconds) | Self::Address(seconds) => seconds,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: UnixMs,
}

impl Lockout {
    pub(crate) fn new(limits: config::Lockout) -> Self {
        Self {
            limits,
            logins: HashMap::new(),
            addresses: HashMap::new(),
        }
    }

    /// Whether a try is allowed now.
    pub(crate) fn check(&self, login: &str, address: IpAddr, now: UnixMs) -> Result<(), Locked> {
        let left = |found: Option<&Failures>, limit: u32| {
            let failures = found.filter(|failures| failures.count >= limit)?;
            let left = self.window_ms() - now.since(failures.last);
            (left > 0).then(|| u32::try_from((left + 999) / 1000).unwrap_or(u32::MAX))
        };
        if let Some(seconds) = left(
            self.addresses.get(&network(address)),
            self.limits.address_failures,
        ) {
            return Err(Locked::Address(seconds));
        }
        if let Some(seconds) = left(self.logins.get(login), self.limits.account_failures) {
            return Err(Locked::Login(seconds));
        }
        Ok(())
    }

    /// Notes a failure.
    pub(crate) fn failed(&mut self, login: &str, address: IpAddr, now: UnixMs) {
        let window = self.window_ms();
        count(&mut self.logins, login.to_owned(), window, now);
        count(&mut self.addresses, network(address), window, now);
    }

    /// Forgets a login's failures.
    pub(crate) fn succeeded(&mut self, login: &str) {
        self.logins.remove(login);
    }

    fn window_ms(&self) -> i64 {
        i64::from(self.limits.minutes) * 60_000
    }
}

fn count<K: Eq + Hash>(all: &mut HashMap<K, Failures>, key: K, window: i64, now: UnixMs) {
    if all.len() >= REMEMBERED {
        all.retain(|_, failures| now.since(failures.last) < window);
    }
    let failures = all.entry(key).or_insert(Failures {
        count: 0,
        last: now,
    });
    if now.since(failures.last) >= window {
        failures.count = 0;
    }
    failures.count = failures.count.saturating_add(1);
    failures.last = now;
}

/// One household or office: the address itself, or the /64 of an IPv6 address.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::from((u128::from(address) & (u128::MAX << 64)).to_be_bytes())
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    #[test]
    fn five_failures_lock_a_login_for_fifteen_minutes() {
        let mut lockout = Lockout::new(config::Lockout::default());
        let now = UnixMs(1_000_000);
        for _ in 0..4 {
            lockout.failed("a", address(1), now);
        }
        assert_eq!(lockout.check("a", address(1), now), Ok(()));
        lockout.failed("a", address(1), now);
        assert_eq!(
            lockout.check("a", address(2), now.plus(MINUTE)),
            Err(Locked::Login(14 * 60))
        );
        assert_eq!(lockout.check("b", address(1), now), Ok(()));
        assert_eq!(
            lockout.check("a", address(1), now.plus(15 * MINUTE)),
            Ok(())
        );
    }

    #[test]
    fn twenty_failures_lock_an_address_over_all_logins() {
        let mut lockout = Lockout::new(config::Lockout::default());
        let now = UnixMs(0);
        for n in 0..20 {
            lockout.failed(&format!("user{n}"), address(1), now);
        }
        assert!(matches!(
            lockout.check("fresh", address(1), now),
            Err(Locked::Address(_))
        ));
        assert_eq!(lockout.check("fresh", address(2), now), Ok(()));
    }

    #[test]
    fn success_and_quiet_forget() {
        let mut lockout = Lockout::new(config::Lockout::default());
        for _ in 0..4 {
            lockout.failed("a", address(1), UnixMs(0));
        }
        lockout.succeeded("a");
        for _ in 0..4 {
            lockout.failed("a", address(1), UnixMs(0));
        }
        lockout.failed("a", address(1), UnixMs(15 * MINUTE));
        assert_eq!(lockout.check("a", address(1), UnixMs(15 * MINUTE)), Ok(()));
    }

    #[test]
    fn neighbours_in_one_ipv6_network_count_together() {
        let one: IpAddr = "2001:db8::1".parse().unwrap();
        let two: IpAddr = "2001:db8::2".parse().unwrap();
        assert_eq!(network(one), network(two));
        let mapped: IpAddr = "::ffff:10.0.0.1".parse().unwrap();
        assert_eq!(network(mapped), address(1));
    }
}
